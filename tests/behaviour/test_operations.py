"""What an administrator does: retry, verify, remove (BEHAVIOUR.md A10, B13, C10, D9, D10)."""

from __future__ import annotations

import pytest

from tests.behaviour.company import Company
from tests.services_kit import wait_until

pytestmark = pytest.mark.process


def test_d9_what_was_given_up_is_listed_and_goes_back_to_work_by_retry(company: Company) -> None:
    subject, other = company.name("Refused"), company.name("Other")
    match = {"method": "POST", "path": "/events$"}
    fault = company.sandbox.fault("graph", "status", status=400, code="ErrorInvalidRequest", match=match)
    guid = company.plan(subject, "R001")["appointmentGuid"]
    wait_until(lambda: company.connector.status()["deadLetters"] == 1, why="it is put aside")
    company.sandbox.mend(fault)
    company.plan(other, "R001")
    company.sees_event("ann", other)
    assert company.person("ann").having(subject=subject) == []

    listed = company.connector.command("retry")
    assert listed.code == 0
    assert listed.stdout.startswith(f"R001/{guid}: create event was given up; ")
    unknown = company.connector.command("retry", "R001/nothing")
    assert unknown.code == 1
    assert "R001/nothing" in unknown.stderr

    done = company.connector.command("retry", f"R001/{guid}")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith("back to work: 1 dead letters, 0 deletions held back, 0 resources")
    company.sees_event("ann", subject)
    wait_until(lambda: company.connector.status()["deadLetters"] == 0, why="it is settled")
    assert company.connector.command("retry").stdout == "there is nothing to retry\n"


def test_d9_without_a_process_retry_leaves_the_work_to_the_next_run(fresh: Company) -> None:
    company = fresh
    company.connector.start()
    company.connector.wait_in_step()
    match = {"method": "POST", "path": "^/import"}
    fault = company.sandbox.fault("scheduler", "status", status=400, match=match)
    company.book("ann", "Refused")
    wait_until(lambda: company.connector.status()["deadLetters"] == 1, why="it is put aside")
    company.connector.stop()
    company.sandbox.mend(fault)
    done = company.connector.command("retry", "--all")
    assert done.code == 0
    assert "1 dead letters" in done.stdout
    company.connector.start()
    company.sees_appointment("Refused")
    assert company.connector.status()["deadLetters"] == 0

"""`undo` over sockets: by the process that runs, and by the command itself where none does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.behaviour.company import Company

pytestmark = [pytest.mark.process, pytest.mark.slow]


def outcomes(document: Any) -> list[tuple[str, str]]:
    """What was done about each item, and how that ended."""
    return sorted((item["act"], item["outcome"]) for one in document["resources"] for item in one["items"])


def test_what_was_written_is_put_back_with_and_without_a_process_and_stays_so(company: Company) -> None:
    """Planned first, by a dry run; then undone by the running process; then that is undone without one."""
    planned, own = company.name("Planned"), company.name("Own")
    before = datetime.now(UTC).isoformat()
    company.plan_seen(planned, "ann")
    company.book_seen("ann", own)
    between = datetime.now(UTC).isoformat()

    shown = company.connector.command("undo", "--since", before, "--dry-run", "--json")
    assert shown.code == 0, shown.stderr
    expected = [("delete_event", "planned"), ("remove_appointment", "planned")]
    assert outcomes(shown.json) == expected
    text = company.connector.command("undo", "--since", before, "--resource", "R001", "--dry-run")
    assert f"{planned}: delete the event in Outlook" in text.stdout
    assert text.stdout.endswith("in all: 2 would be put back\n")
    assert company.person("ann").having(subject=planned)
    assert company.board.having(subject=own)

    done = company.connector.command("undo", "--since", before)
    assert (done.code, done.stdout.splitlines()[-1]) == (0, "in all: 2 put back")
    assert not company.person("ann").having(subject=planned)
    assert not company.board.having(subject=own)
    with company.nothing_written():
        again = company.connector.command("undo", "--since", before)
        assert again.code == 0
        assert again.stdout.startswith("nothing to put back")
    assert company.explained(planned)["decisions"][0]["reason"] == "undone"

    company.connector.stop()
    would = company.connector.command("undo", "--since", between, "--dry-run", "--json")
    assert outcomes(would.json) == [("create_appointment", "planned"), ("create_event", "planned")]
    assert not company.person("ann").having(subject=planned)
    back = company.connector.command("undo", "--since", between, "--json")
    assert back.code == 0, back.stderr
    assert back.json["totals"] == {"planned": 0, "put_back": 2, "skipped": 0, "failed": 0}
    company.connector.start()
    company.connector.wait_in_step()
    with company.nothing_written():
        pass
    assert company.person("ann").having(subject=planned)
    assert company.board.having(subject=own)


def test_an_unknown_resource_and_a_time_that_is_none_are_named(company: Company) -> None:
    unknown = company.connector.command("undo", "--since", "1h", "--resource", "NOBODY")
    assert unknown.code == 1
    assert "no such resource" in unknown.stderr
    wrong = company.connector.command("undo", "--since", "yesterday")
    assert wrong.code == 2
    assert '"yesterday" is no time' in wrong.stderr

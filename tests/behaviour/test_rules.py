"""A7: what the rules keep out of Outlook, at the start, when an appointment changes, and when a rule does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.company import Company, company_at_work
from tests.process_kit import Connector
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Json, Requested, wait_until

pytestmark = pytest.mark.process

NOT_THIS = "Cannot send this category to Outlook."
CATEGORY = {
    "Name": "FilterCategory",
    "ErrorMessage": NOT_THIS,
    "Expression": 'appointment.Category <> NULL AND appointment.Category.Name == "SERVICE"',
}
NOT_LOW = {
    "Name": "NotLow",
    "ErrorMessage": "Low ones stay here.",
    "Expression": "appointment.Importance != 2",
}
SECONDS = 20.0
"""Within which a change of the rules has taken effect: it is looked for every three."""


def rules(*given: Json) -> str:
    """A rule file."""
    return json.dumps({"Logging": {}, "Rules": [{"Name": "Filter indicators", "Rules": list(given)}]})


@pytest.fixture(scope="module")
def ruled(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company with a rule, under which nothing of the small company's own plans is kept out."""
    folder = tmp_path_factory.mktemp("ruled")
    file(folder).write_text(rules(NOT_LOW), encoding="utf-8")
    with company_at_work(folder, signing_key, rules={"file": str(file(folder))}) as working:
        yield working


@pytest.fixture(autouse=True)
def as_before(ruled: Company) -> Iterator[None]:
    yield
    put(ruled, rules(NOT_LOW))


def file(folder: Path) -> Path:
    return folder / "appsettings.json"


def put(company: Company, text: str) -> None:
    """An administrator saves the rule file, and it is taken up, or refused."""
    path, seen = file(company.connector.folder), standing(company.connector)
    if path.read_text("utf-8") != text:
        path.write_text(text, encoding="utf-8")
        wait_until(lambda: standing(company.connector) > seen, SECONDS, "the rule file is looked at")
        company.look_around()


def standing(connector: Connector) -> int:
    """How often the process has said something about the rule file."""
    return len(connector.logs("rules in force")) + len(
        connector.logs("rules refused: those that were in force before stay")
    )


def acts(written: list[Requested]) -> list[tuple[str, str]]:
    """What was done to events."""
    return [(one.service, one.method) for one in written]


def events(company: Company) -> list[Json]:
    """Every event of everybody."""
    boxes = company.sandbox.control("GET", "/mailboxes")
    return [event for box in boxes for event in company.person(box["email"]).events()]


def latest(company: Company, subject: str) -> Any:
    return company.explained(subject)["decisions"][0]


def test_a7_an_appointment_that_stops_passing_loses_its_event_and_gets_another_when_it_passes_again(
    ruled: Company,
) -> None:
    subject = ruled.name("Filter")
    planned, (event,) = ruled.plan_seen(subject, "ann", importance=1)
    with ruled.written() as written:
        ruled.board.change(planned["appointmentGuid"], importance=2)
        ruled.sees_no_event("ann", subject)
    assert acts(written) == [("graph", "DELETE")]
    said = latest(ruled, subject)
    assert (said["act"], said["reason"]) == ("delete_event", "rule_failed")
    assert said["detail"] == "NotLow: Low ones stay here."
    assert said["values"]["rule"] == "Filter indicators / NotLow"
    assert said["values"]["appointment.Importance"] == "2"
    with ruled.written() as written:
        ruled.board.change(planned["appointmentGuid"], importance=0)
        again = ruled.sees_event("ann", subject)
    assert again["id"] != event["id"]
    assert again["transactionId"] != event["transactionId"], "another generation"
    assert acts(written) == [("graph", "POST")]
    assert latest(ruled, subject)["reason"] == "rule_passes_again"


def test_a7_what_never_passed_has_no_event_and_says_why(ruled: Company) -> None:
    subject = ruled.name("Low")
    with ruled.written() as written:
        ruled.plan(subject, "R001", "R002", importance=2)
    assert acts(written) == []
    said = ruled.explained(subject)["decisions"]
    assert {(one["resourceNo"], one["act"], one["detail"]) for one in said} == {
        (number, "nothing", "NotLow: Low ones stay here.") for number in ("R001", "R002")
    }
    with ruled.nothing_written():
        pass
    assert len(ruled.explained(subject)["decisions"]) == 2, "it is said once"


def test_a7_a_new_rule_takes_effect_on_what_did_not_change_and_only_there(ruled: Company) -> None:
    kept, lost = ruled.name("Kept"), ruled.name("Lost")
    ruled.plan_seen(kept, "ann", category="SERVICE")
    _, (first,) = ruled.plan_seen(lost, "ann", category="INSTALL")
    ruled.connector.wait_in_step()
    before = {one["id"] for one in ruled.person("ann").events()}
    everybody = len(events(ruled))
    with ruled.written() as written:
        put(ruled, rules(NOT_LOW, CATEGORY))
        ruled.sees_no_event("ann", lost)
    assert first["id"] not in {one["id"] for one in ruled.person("ann").events()} < before
    vanished = everybody - len(events(ruled))
    assert acts(written) == [("graph", "DELETE")] * vanished
    said = latest(ruled, lost)
    assert (said["trigger"], said["detail"]) == ("rules", f"FilterCategory: {NOT_THIS}")
    assert said["values"]["appointment.Category.Name"] == '"INSTALL"'
    assert ruled.person("ann").having(subject=kept)
    with ruled.nothing_written():
        pass
    with ruled.written() as written:
        put(ruled, rules(NOT_LOW))
        again = ruled.sees_event("ann", lost)
    assert again["transactionId"] != first["transactionId"]
    assert acts(written) == [("graph", "POST")] * vanished, (
        "each comes back once, and nothing else is touched"
    )
    assert len(events(ruled)) == everybody
    said = latest(ruled, lost)
    assert (said["trigger"], said["reason"]) == ("rules", "rule_passes_again")
    assert said["values"]["rules that pass"] == "NotLow"


def test_a7_a_rule_that_cannot_be_evaluated_keeps_the_appointment_in_and_says_so(ruled: Company) -> None:
    subject = ruled.name("No marker")
    ruled.plan_seen(subject, "ann")
    marker = {
        "Name": "Marker",
        "ErrorMessage": "",
        "Expression": 'appointment.TimeMarker.Name == "X" OR true',
    }
    put(ruled, rules(marker, NOT_LOW))
    ruled.sees_no_event("ann", subject)
    said = latest(ruled, subject)
    assert said["detail"] == "Marker [could not be evaluated at appointment.TimeMarker]"
    assert said["values"]["could not be evaluated"].startswith("appointment.TimeMarker is NULL")


def test_a7_explain_names_the_rule_that_stands_in_the_way_now(ruled: Company) -> None:
    subject = ruled.name("Both")
    ruled.plan(subject, "R001", importance=2, category="INSTALL")
    wait_until(lambda: ruled.connector.get(f"/api/explain/{subject.replace(' ', '%20')}", authorised=True))
    put(ruled, rules(CATEGORY, NOT_LOW))
    said = ruled.explained(subject)["decisions"]
    assert [one["detail"] for one in said] == [f"FilterCategory: {NOT_THIS}", "NotLow: Low ones stay here."]
    assert said[0]["values"]["rules that do not pass either"] == "NotLow"


def test_a7_a_broken_file_is_refused_and_the_old_rules_stay(ruled: Company) -> None:
    subject = ruled.name("Still low")
    with ruled.written() as written:
        put(ruled, rules(NOT_LOW, {"Name": "Broken", "Expression": "appointment.Category.Nme == 1"}))
        ruled.plan(subject, "R001", importance=2)
    assert acts(written) == []
    assert latest(ruled, subject)["detail"] == "NotLow: Low ones stay here."
    told = ruled.connector.logs("rules refused: those that were in force before stay")[-1]
    assert 'rule "Broken"' in told["problem"][0]
    shown = ruled.connector.ask("status")
    assert shown.code == 0, "a broken file is no reason not to say how everything is"
    assert "the file as it is now is refused, and the rules from before stay:" in shown.stdout
    assert "(line 1, column 22)" in shown.stdout
    standing = ruled.connector.ask("status", "--json").json["rules"]
    assert (standing["file"], standing["rules"]) == (str(file(ruled.connector.folder)), 1)
    assert standing["since"] < standing["refusedAt"]


@pytest.mark.slow
def test_a7_rules_that_changed_while_the_process_was_down_are_applied_at_the_start(ruled: Company) -> None:
    subject = ruled.name("Overnight")
    ruled.plan_seen(subject, "ann", category="INSTALL")
    assert ruled.connector.stop() == 0
    file(ruled.connector.folder).write_text(rules(NOT_LOW, CATEGORY), encoding="utf-8")
    ruled.connector.start()
    ruled.sees_no_event("ann", subject)
    put(ruled, rules(NOT_LOW))
    ruled.sees_event("ann", subject)


def test_a7_an_event_that_is_gone_already_returns_as_another_one(ruled: Company) -> None:
    """The rule stops passing and the person deletes the event while nobody looks."""
    subject = ruled.name("Gone already")
    planned, (event,) = ruled.plan_seen(subject, "ann")
    assert ruled.connector.stop() == 0
    ruled.person("ann").delete(event["id"])
    ruled.board.change(planned["appointmentGuid"], importance=2)
    with ruled.written() as written:
        ruled.connector.start()
    assert {one.status for one in written} <= {404}, "at most a deletion that finds nothing"
    assert latest(ruled, subject)["detail"] == "NotLow: Low ones stay here."
    with ruled.written() as written:
        ruled.board.change(planned["appointmentGuid"], importance=1)
        again = ruled.sees_event("ann", subject)
    assert again["transactionId"] != event["transactionId"]
    assert acts(written) == [("graph", "POST")]


def test_a_process_does_not_start_with_a_broken_rule_file(ruled: Company, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(
        rules({"Name": "A", "Expression": "appointment."}, {"Name": "B", "Expression": "1 +"}),
        encoding="utf-8",
    )
    ruled.connector.environment["EXCHANGE_CONNECTOR__RULES__FILE"] = str(broken)
    try:
        done = ruled.connector.command("run")
    finally:
        del ruled.connector.environment["EXCHANGE_CONNECTOR__RULES__FILE"]
    assert done.code == 2
    lines = done.stderr.splitlines()
    assert sum(line.startswith("rules.file: ") for line in lines) == 2
    assert "    appointment." in lines
    assert [line for line in lines if line.strip() == "^"]

"""What an administrator does: retry, verify, remove (BEHAVIOUR.md A10, B13, C10, D9, D10)."""

from __future__ import annotations

import pytest

from tests.behaviour.company import Company, resources_of, wall
from tests.process_kit import Finished
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


@pytest.mark.slow
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


# remove


def linked_events(company: Company, alias: str) -> set[str]:
    """The subjects of the events in a calendar that carry the link property."""
    return {event["subject"] for event in company.person(alias).events() if company.linked(alias, event)}


@pytest.mark.slow
def test_a10_b13_remove_takes_away_every_event_of_a_resource_and_nothing_else(company: Company) -> None:
    subject, own, meeting = company.name("Planned"), company.name("Own"), company.name("Meeting")
    company.employ("R010", "eva")
    planned = company.plan(subject, "R010")
    event = company.sees_event("eva", subject)
    company.plan(meeting, "R010", hours=40)
    guest = {"emailAddress": {"address": "customer@elsewhere.example"}, "type": "required"}
    company.person("eva").change(company.sees_event("eva", meeting)["id"], attendees=[guest])
    company.book("eva", own)
    company.sees_appointment(own)
    copy = company.person("eva").act(event["id"], "copy")
    company.connector.wait_in_step()

    refused = company.connector.command("remove", "--resource", "R010")
    assert refused.code == 1
    assert "turn Exchange Integration Enabled off" in refused.stderr
    assert company.person("eva").having(subject=subject)

    company.dismiss("R010")
    rehearsed = company.connector.command("remove", "--resource", "R010", "--dry-run", "--json")
    assert rehearsed.code == 0
    assert (rehearsed.json["found"], rehearsed.json["removed"], rehearsed.json["left"]) == (2, 0, 2)
    before = len(company.person("eva").events())
    done = company.connector.command("remove", "--resource", "R010", "--json")
    assert done.code == 1, "something is left"
    assert (done.json["found"], done.json["removed"], done.json["left"]) == (2, 1, 1)
    assert [one["withGuests"] for one in done.json["resources"]] == [1]
    assert company.person("eva").having(subject=meeting), "its guests would be mailed a cancellation"
    assert len(company.person("eva").events()) == before - 1
    assert event["id"] not in {one["id"] for one in company.person("eva").events()}
    assert company.person("eva").having(subject=own)
    assert copy is None or copy["id"] in {one["id"] for one in company.person("eva").events()}

    company.board.change_resource("R010", exchangeIntegrationEnabled=True)
    wait_until(lambda: len(company.person("eva").having(subject=subject)) == 2, why="it comes back")
    assert resources_of(company.board.get(planned["appointmentNo"])) == ["R010"], "nobody was taken off"


def test_remove_finds_every_event_without_a_store_or_a_process(fresh: Company) -> None:
    company = fresh
    company.connector.start()
    company.plan_seen("Planned", "ann", "bert")
    assert "Planned" in linked_events(company, "ann")
    company.connector.stop()
    for file in company.connector.folder.glob("store.db*"):
        file.unlink()
    done = company.connector.command("remove", "--all", "--json")
    found = done.json
    assert found["removed"] == found["found"] > 2
    assert found["left"] == 0
    assert linked_events(company, "ann") == linked_events(company, "bert") == set()
    assert company.board.having(subject="Planned"), "what planners planned stays"
    again = company.connector.command("remove", "--all")
    assert again.stdout.endswith("in all: 0 events removed, 0 left\n")


def test_remove_says_what_it_is_to_remove(company: Company) -> None:
    assert company.connector.command("remove").code == 2
    assert company.connector.command("remove", "--all", "--resource", "R001").code == 2
    unknown = company.connector.command("remove", "--resource", "NOBODY", "--dry-run")
    assert unknown.code == 1
    assert "NOBODY" in unknown.stderr


# verify


def drift_of(finished: Finished, resource: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """What differs of a resource: how, where, and in which fields."""
    found = next(one for one in finished.json["resources"] if one["resourceNo"] == resource)
    assert found["problem"] == ""
    return sorted((one["drift"], one["side"], tuple(one["fields"])) for one in found["drift"])


def test_verify_finds_both_sides_in_step(company: Company) -> None:
    planned, own = company.name("Planned"), company.name("Own")
    company.plan_seen(planned, "chloe", "david")
    company.book_seen("chloe", own, body={"contentType": "html", "content": "<p>Bring the <b>keys</b></p>"})
    company.person("chloe").act(company.sees_event("chloe", planned)["id"], "copy")
    wait_until(
        lambda: len(company.board.having(subject=planned)) == 2, why="the copy is an appointment (B13)"
    )
    company.look_around()
    done = company.connector.command("verify", "--json")
    assert (done.code, done.json["inStep"]) == (0, True), done.stdout
    assert all(one["compared"] for one in done.json["resources"] if one["resourceNo"] in ("R003", "R004"))
    assert "both sides are in step" in company.connector.command("verify", "--resource", "R003").stdout


@pytest.mark.slow
def test_verify_names_everything_that_drifted_while_nobody_looked(fresh: Company) -> None:
    company = fresh
    company.connector.start()
    names = (
        "Deleted in Outlook",
        "Deleted on the board",
        "Moved",
        "Own deleted",
        "Own hidden",
        "Own renamed",
    )
    planned = {name: company.plan_seen(name, "ann", hours=30 + 2 * at) for at, name in enumerate(names[:3])}
    own = {name: company.book_seen("ann", name, hours=50 + 2 * at) for at, name in enumerate(names[3:])}
    company.look_around()
    company.connector.stop()
    ann = company.person("ann")
    ann.delete(planned["Deleted in Outlook"][1][0]["id"])
    company.board.delete(planned["Deleted on the board"][0]["appointmentNo"])
    company.board.change(planned["Moved"][0]["appointmentNo"], start=wall(36), end=wall(37))
    ann.delete(own["Own deleted"][0]["id"])
    ann.change(own["Own hidden"][0]["id"], sensitivity="private")
    ann.change(own["Own renamed"][0]["id"], subject="Renamed")
    company.plan("New on the board", "R001", hours=60)
    company.book("ann", "New in Outlook", hours=62)

    done = company.connector.command("verify", "--json")
    assert done.code == 1
    assert drift_of(done, "R001") == sorted(
        [
            ("missing", "outlook", ()),
            ("extra", "outlook", ()),
            ("different", "board", ("when",)),
            ("extra", "board", ()),
            ("extra", "board", ()),
            ("different", "outlook", ("subject",)),
            ("missing", "outlook", ()),
            ("missing", "board", ()),
        ]
    )
    assert drift_of(done, "R002") == []
    for word in ("Own", "Renamed", "New in Outlook"):
        assert word not in done.stdout, "no word of an item is told"
    text = company.connector.command("verify", "--resource", "R001")
    assert text.code == 1
    assert "8 items of 1 resources differ" in text.stderr
    assert company.connector.command("verify", "--resource", "R002").code == 0

    company.connector.start()
    company.connector.wait_in_step()
    company.look_around()
    assert company.connector.command("verify").code == 0


def test_verify_says_what_cannot_be_verified(company: Company) -> None:
    unknown = company.connector.command("verify", "--resource", "NOBODY")
    assert unknown.code == 1
    assert "NOBODY" in unknown.stderr

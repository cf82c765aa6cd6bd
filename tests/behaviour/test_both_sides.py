"""C: what happens when both sides have something to say (BEHAVIOUR.md C1–C3, C5, C6, C11; D5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.company import Company, company_at_work, instant, of_wall, resources_of, shown, wall
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Json, wait_until

pytestmark = pytest.mark.process


def while_away(company: Company, *happens: Callable[[], object]) -> None:
    """The connector is stopped while all of this happens; afterwards both sides are in step again."""
    assert company.connector.stop() == 0
    for one in happens:
        one()
    company.connector.start()
    company.connector.wait_in_step()


# C1


def test_c1_an_own_write_that_comes_back_is_nothing_new(company: Company) -> None:
    subject, renamed = company.name("Echo"), company.name("Echoed")
    planned, _ = company.plan_seen(subject, "ann", "bert", body="Words.\n\n  And more.", category="SERVICE")
    event, _ = company.book_seen(
        "ann", company.name("Own"), body={"contentType": "text", "content": "a\n\nb "}
    )
    with company.nothing_written():
        company.let_polls_pass()
    with company.written() as written:
        company.board.change(planned["appointmentNo"], subject=renamed)
        company.person("ann").change(event["id"], importance="high")
        company.sees_event("bert", renamed)
        company.let_polls_pass()
        company.let_polls_pass()
    assert sorted(one.service for one in written) == ["graph", "graph", "scheduler"]


# A8: what was asked before a write and answered after it

SLOW = 6.0
"""Seconds of a slow answer; half of them pass after the service has looked."""


def looked(company: Company, since: int, path: str, mailbox: str | None = None) -> None:
    """Wait until a service has looked, for an answer that is still on its way."""
    wait_until(
        lambda: any(
            one.status == 200 and one.mailbox == mailbox for one in company.sandbox.requests(since, path=path)
        ),
        why="the service has looked",
    )


def test_a8_a_reading_of_the_mailbox_from_before_a_write_overwrites_nothing(company: Company) -> None:
    subject, renamed, start = company.name("Slow"), company.name("Slow, renamed"), wall(70)
    planned, _ = company.plan_seen(subject, "ann")
    since = company.sandbox.mark()
    ann = next(box["id"] for box in company.sandbox.described["mailboxes"] if "ann@" in box["email"])
    match = {"path": "calendarView/delta.startDateTime=", "mailbox": ann}
    company.sandbox.fault("graph", "delay", seconds=SLOW, times=1, match=match)
    company.ask_to_look()
    looked(company, since, "calendarView/delta?startDateTime=", ann)
    company.board.change(planned["appointmentNo"], subject=renamed, start=start, end=wall(71))
    company.sees_event("ann", renamed)
    company.connector.wait_in_step()
    company.look_around()
    assert [one.method for one in company.sandbox.writes(since)] == ["PATCH"]
    assert company.sees_appointment(renamed)["start"] == start
    assert instant(company.sees_event("ann", renamed)) == of_wall(start)


@pytest.mark.slow
def test_a8_a_listing_of_the_board_from_before_a_write_overwrites_nothing(company: Company) -> None:
    subject, renamed = company.name("Slow board"), company.name("Slow board, renamed")
    event, _ = company.book_seen("ann", subject)
    since = company.sandbox.mark()
    company.sandbox.fault(
        "scheduler", "delay", seconds=SLOW, times=1, match={"method": "GET", "path": "^/appointment\\?"}
    )
    looked(company, since, "/appointment?")
    company.person("ann").change(event["id"], subject=renamed)
    company.sees_appointment(renamed)
    company.let_polls_pass()
    assert [one.service for one in company.sandbox.writes(since)] == ["scheduler"]
    assert company.person("ann").having(subject=renamed)


# C2, C3


@pytest.mark.slow
def test_c2_changes_of_different_fields_survive_on_both_sides(fresh: Company) -> None:
    company = fresh
    company.connector.start()
    planned, (event, _) = company.plan_seen("Board-born", "ann", "bert")
    own, appointment = company.book_seen("ann", "Outlook-born")
    later = instant(event) + timedelta(hours=3)
    while_away(
        company,
        lambda: company.board.change(planned["appointmentNo"], subject="Renamed by the planner"),
        lambda: company.person("ann").change(event["id"], start=later, end=later + timedelta(hours=1)),
        lambda: company.board.change(appointment["appointmentNo"], importance=1),
        lambda: company.person("ann").change(own["id"], subject="Renamed by the person"),
    )
    for alias in ("ann", "bert"):
        assert instant(company.sees_event(alias, "Renamed by the planner")) == later
    assert of_wall(company.sees_appointment("Renamed by the planner")["start"]) == later
    assert company.sees_event("ann", "Renamed by the person")["importance"] == "high"
    assert company.sees_appointment("Renamed by the person")["importance"] == 1
    with company.nothing_written():
        company.let_polls_pass()


@pytest.mark.parametrize(
    "conflicts",
    [
        "board",
        pytest.param("outlook", marks=pytest.mark.slow),
        pytest.param("latest", marks=pytest.mark.slow),
    ],
)
def test_c3_a_field_that_both_changed_goes_to_the_side_that_the_setting_names(
    signing_key: SigningKey, tmp_path: Path, conflicts: str
) -> None:
    sync: Mapping[str, Any] = {"conflicts": conflicts}
    with company_at_work(tmp_path, signing_key, sync=sync) as company:
        first, (event_1,) = company.plan_seen("Planner first", "ann")
        second, (event_2,) = company.plan_seen("Person first", "ann")
        own, appointment = company.book_seen("bert", "From Outlook")
        on_board, in_outlook = wall(50), instant(event_1) + timedelta(hours=7)

        def plan(planned: Json) -> Callable[[], object]:
            return lambda: company.board.change(planned["appointmentNo"], start=on_board, end=wall(51))

        def move(alias: str, event: Json) -> Callable[[], object]:
            end = in_outlook + timedelta(hours=1)
            return lambda: company.person(alias).change(event["id"], start=in_outlook, end=end)

        while_away(
            company,
            plan(first),
            move("ann", event_1),
            move("ann", event_2),
            plan(second),
            plan(appointment),
            move("bert", own),
        )
        outlook_wins = {
            "board": set(),
            "outlook": {"Planner first", "Person first", "From Outlook"},
            "latest": {"Planner first", "From Outlook"},
        }[conflicts]
        for alias, subject in (("ann", "Planner first"), ("ann", "Person first"), ("bert", "From Outlook")):
            expected = in_outlook if subject in outlook_wins else of_wall(on_board)
            assert instant(company.sees_event(alias, subject)) == expected, subject
            assert of_wall(company.sees_appointment(subject)["start"]) == expected, subject
            (change,) = next(
                decision["changes"]
                for decision in company.explained(subject)["decisions"]
                if decision["reason"] == "conflict"
            )
            assert (change["field"], change["winner"]) == (
                "when",
                "outlook" if subject in outlook_wins else "board",
            )
            assert change["board"] != change["outlook"]


# C5


def links(company: Company) -> set[tuple[str, str, str | None]]:
    """Which appointment of which resource is which event, as the store has it."""
    with company.connector.store() as store:
        found = [link for record in store.resources() for link in store.links_of(record.resource_no)]
    return {(link.resource_no, link.guid, link.event_key) for link in found}


@pytest.mark.slow
def test_c5_what_an_earlier_installation_wrote_is_adopted(fresh: Company) -> None:
    company = fresh
    company.connector.start()
    planned, events = company.plan_seen("Kept", "ann", "bert", body="Words.", category="SERVICE")
    own, appointment = company.book_seen("ann", "Own")
    days = {"isAllDay": True, "start": wall(0)[:10] + "T00:00:00", "end": wall(24)[:10] + "T00:00:00"}
    company.plan_seen("Day", "van1", **days)
    company.connector.stop()
    known = links(company)
    assert len(known) > 5
    for path in company.connector.folder.glob("store.db*"):
        path.unlink()
    with company.nothing_written():
        company.connector.start()
        company.connector.wait_in_step()
    assert links(company) == known
    with company.written() as written:
        company.board.change(planned["appointmentNo"], subject="Kept on")
        company.person("ann").change(own["id"], subject="Own still")
        company.sees_event("ann", "Kept on")
        company.sees_event("bert", "Kept on")
        company.sees_appointment("Own still")
    assert sorted(one.service for one in written) == ["graph", "graph", "scheduler"]
    assert {company.sees_event(alias, "Kept on")["id"] for alias in ("ann", "bert")} == {
        event["id"] for event in events
    }
    assert company.sees_appointment("Own still")["appointmentGuid"] == appointment["appointmentGuid"]


@pytest.mark.slow
def test_c5_what_changed_while_the_store_was_lost_is_caught_up_without_copies(fresh: Company) -> None:
    company = fresh
    company.connector.start()
    planned, _ = company.plan_seen("Before", "ann", "bert")
    company.connector.stop()
    for path in company.connector.folder.glob("store.db*"):
        path.unlink()
    company.board.change(planned["appointmentNo"], subject="Afterwards", resources=["R001", "VAN1"])
    company.plan("New meanwhile", "R001")
    company.connector.start()
    company.sees_event("ann", "Afterwards")
    company.sees_event("van1", "Afterwards")
    company.sees_event("ann", "New meanwhile")
    company.connector.wait_in_step()
    assert company.person("ann").having(subject="Before") == []
    assert resources_of(company.sees_appointment("Afterwards")) == ["R001", "VAN1"]


# C6, D5


def test_c6_d5_a_new_round_after_410_changes_nothing(company: Company) -> None:
    company.plan_seen(company.name("Round"), "ann", "bert")
    company.book_seen("ann", company.name("Round"))
    since = company.sandbox.mark()
    with company.nothing_written():
        company.sandbox.expire_delta_links()
        company.let_polls_pass()
    rounds = company.sandbox.requests(since, path="/calendarView/delta")
    gone = {one.mailbox for one in rounds if one.status == 410}
    new = {one.mailbox for one in rounds if one.status == 200 and "startDateTime=" in one.path}
    assert gone
    assert gone <= new


def test_d5_what_changed_before_the_link_was_lost_is_found(company: Company) -> None:
    subject = company.name("Unheard")
    event, _ = company.book_seen("bert", company.name("Deleted meanwhile"))
    company.sandbox.expire_delta_links("bert@contoso.test")
    company.person("bert").delete(event["id"])
    company.book("bert", subject)
    company.sees_appointment(subject)
    company.sees_no_appointment(event["subject"])


@pytest.mark.parametrize("code", ["SyncStateNotFound", "syncStateInvalid", "ErrorInvalidUrlQuery"])
def test_d5_whatever_a_spent_link_is_called_a_new_round_follows(company: Company, code: str) -> None:
    status = 400 if code == "ErrorInvalidUrlQuery" else 410
    company.sandbox.fault(
        "graph",
        "status",
        status=status,
        code=code,
        times=1,
        match={"path": "deltatoken=", "mailbox": "ann@contoso.test"},
    )
    subject = company.name("After a spent link")
    with company.written() as written:
        company.book("ann", subject)
        company.sees_appointment(subject)
    assert len(written) == 1


# C11

LISTINGS = {
    "appointments": ("scheduler", {"method": "GET", "path": "^/appointment\\?"}),
    "resources": ("scheduler", {"method": "GET", "path": "^/resource"}),
    "events": ("graph", {"method": "GET", "path": "/calendarView/delta"}),
}
ERRORS: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500},
    "malformed": {"kind": "malformed"},
    "truncated": {"kind": "truncate"},
    "reset": {"kind": "reset"},
    "empty": {"kind": "status", "status": 200, "body": ""},
    "null": {"kind": "status", "status": 200, "body": "null"},
    "an error inside 200": {
        "kind": "status",
        "status": 200,
        "body": {"content": None, "contentType": "application/json", "statusCode": 500},
    },
    "no success inside 200": {"kind": "status", "status": 200, "body": {"Success": False, "Message": "No."}},
}


@pytest.mark.parametrize("error", ERRORS)
def test_c11_a_listing_that_fails_is_never_an_empty_list(company: Company, error: str) -> None:
    before = {one["resourceNo"]: one["state"] for one in company.connector.status()["resources"]}
    since = company.sandbox.mark()
    for service, match in LISTINGS.values():
        company.sandbox.fault(service, match=match, **ERRORS[error])

    def struck() -> bool:
        return all(fault["struck"] >= 2 for fault in company.sandbox.control("GET", "/faults"))

    wait_until(struck, why="every listing has failed twice")
    company.sandbox.mend()
    company.let_polls_pass()
    assert [shown(one) for one in company.sandbox.writes(since)] == []
    after = {one["resourceNo"]: one["state"] for one in company.connector.status()["resources"]}
    assert after == before

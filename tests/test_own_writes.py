"""D2, D3: a write whose outcome nobody heard is the connector's own, and in conflict with nobody.

People and planners go on changing an item while the process is down, or while an answer is lost: what they
said last is what both sides hold in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from actors.runtime.errors import ProcessCrash
from tests.office import Office, lasting, office_at_work
from tests.sandbox.faults import Kind

FIRST, SECOND, THIRD = (datetime(2026, 3, day, 10) for day in (5, 6, 9))  # noqa: DTZ001 - wall clocks
HOUR = timedelta(hours=1)


@contextmanager
def killed_after(office: Office, what: str) -> Iterator[None]:
    """The process ends as soon as the service has done what it was asked, and before it hears of that."""
    before = office.crashes.after
    struck: list[str] = []

    def after(done: str) -> None:
        if done == what and not struck:
            struck.append(done)
            raise ProcessCrash

    office.crashes.after = after  # type: ignore[method-assign]  # this one peril, in place of those of a seed
    try:
        yield
    finally:
        office.crashes.after = before  # type: ignore[method-assign]
        assert struck, f"nothing was written: {what}"


@pytest.mark.parametrize("conflicts", ["board", "outlook", "latest"])
def test_d3_a_person_s_later_change_is_not_in_conflict_with_her_earlier_one(conflicts: str) -> None:
    """D3, C3: the board holds what the process wrote before it was killed; nobody else changed it."""
    with office_at_work(future_days=30, conflicts=conflicts) as office:
        person = office.person()
        event = person.create(subject="Visit", **lasting(FIRST))
        office.settle()
        with killed_after(office, "scheduler POST"):
            person.change(event, subject="Visit in Ghent", **lasting(SECOND))
            while office.connector.is_alive:
                office.run(0.5)
            assert office.board()[0].subject == "Visit in Ghent"
            person.change(event, subject="Visit in Bruges", **lasting(THIRD))
        office.settle(2_000.0)
        assert person.shown() == person.shared()
        assert event.content.subject == office.board()[0].subject == "Visit in Bruges"
        assert event.content.start.local == THIRD


@pytest.mark.parametrize("conflicts", ["board", "outlook", "latest"])
@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "answer-lost"])
def test_d2_d3_a_planner_s_later_change_is_not_in_conflict_with_the_earlier_one(
    conflicts: str, is_killed: bool
) -> None:
    """D2, D3, C3: likewise for an appointment's event."""
    with office_at_work(future_days=30, conflicts=conflicts) as office:
        person = office.person()
        guid = office.schedule("Repair", FIRST)
        office.settle()
        (event,) = person.events()
        with unheard(office, "graph", "PATCH", is_killed):
            office.replan(guid, start=SECOND.isoformat(), end=(SECOND + HOUR).isoformat())
        assert event.content.start.local == SECOND - HOUR, "the write was made; it is told in UTC"
        office.replan(guid, start=THIRD.isoformat(), end=(THIRD + HOUR).isoformat())
        office.settle(2_000.0)
        (appointment,) = office.board()
        assert appointment.start == THIRD
        assert event.content.start.instant() == at_instant(THIRD)


@pytest.mark.parametrize("deletes", ["restore", "unassign"])
@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "answer-lost"])
def test_a5_b12_d3_an_event_that_the_connector_deleted_was_not_deleted_by_the_person(
    deletes: str, is_killed: bool
) -> None:
    """A5, B12, D2, D3: planned again before anybody heard of the deletion, the resource keeps its
    appointment and gets another event."""
    with office_at_work(future_days=30, resources=2, outlook_deletes=deletes) as office:
        person, both = office.person(), office.numbers[:2]
        guid = office.schedule("Repair", FIRST, places=(0, 1))
        office.settle()
        with unheard(office, "graph", "DELETE", is_killed):
            office.replan(guid, resources=both[1:])
        assert not person.events()
        office.replan(guid, resources=both)
        office.settle(2_000.0)
        assert [appointment.resources for appointment in office.board()] == [tuple(both)]
        assert [event.content.subject for event in person.events()] == ["Repair"]


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "answer-lost"])
def test_b3_b16_d3_an_appointment_that_the_connector_removed_was_not_deleted_by_a_planner(
    is_killed: bool,
) -> None:
    """B3, B16, D2, D3: shared again before anybody heard of the removal, the event is on the board again."""
    with office_at_work(future_days=30) as office:
        person = office.person()
        event = person.create(subject="Visit", **lasting(FIRST))
        office.settle()
        with unheard(office, "scheduler", "POST", is_killed):
            person.change(event, sensitivity="private")
        assert not office.board()
        person.change(event, sensitivity="normal")
        office.settle(2_000.0)
        assert person.shown() == person.shared()
        assert [appointment.subject for appointment in office.board()] == ["Visit"]


def test_d3_what_a_planner_said_after_an_unheard_creation_is_no_older_than_it() -> None:
    """D3, C2: the appointment was made, the process killed, and a planner went on with it."""
    with office_at_work(future_days=30) as office:
        person = office.person()
        with killed_after(office, "scheduler POST"):
            event = person.create(subject="Visit", **lasting(FIRST))
            while office.connector.is_alive:
                office.run(0.5)
        (appointment,) = office.board()
        office.replan(appointment.guid, start=SECOND.isoformat(), end=(SECOND + HOUR).isoformat())
        person.change(event, subject="Visit in Ghent")
        office.settle(2_000.0)
        (appointment,) = office.board()
        assert (appointment.subject, appointment.start) == ("Visit in Ghent", SECOND)
        assert event.content.start.instant() == at_instant(SECOND)


@pytest.mark.parametrize("is_replanned", [True, False])
def test_d3_what_a_person_said_after_an_unheard_creation_is_no_older_than_it(is_replanned: bool) -> None:
    """D3, B11: likewise for the event of a planner's appointment, whether or not that has changed too."""
    with office_at_work(future_days=30) as office:
        person = office.person()
        with killed_after(office, "graph POST"):
            guid = office.schedule("Repair", FIRST)
            while office.connector.is_alive:
                office.run(0.5)
        (event,) = person.events()
        person.change(event, subject="Mine", **lasting(SECOND))
        if is_replanned:
            office.replan(guid, subject="Repair the pump")
        office.settle(2_000.0)
        (appointment,) = office.board()
        assert appointment.start == SECOND
        assert event.content.start.instant() == at_instant(SECOND)
        assert (
            event.content.subject == appointment.subject == ("Repair the pump" if is_replanned else "Repair")
        )


@pytest.mark.parametrize("down", [False, True], ids=["answer-lost", "down"])
def test_a8_d1_what_a_planner_does_before_a_write_is_tried_again_is_not_overwritten(down: bool) -> None:
    """A8, D1: the board knows no If-Match; what was decided before is decided again."""
    with office_at_work(future_days=30) as office:
        person = office.person()
        event = person.create(subject="Visit", **lasting(FIRST))
        office.settle()
        (appointment,) = office.board()
        office.services.traffic.faults = office.services.faults
        kind, times = (Kind.STATUS, None) if down else (Kind.LOST_ANSWER, 1)
        office.services.faults.add(kind=kind, service="scheduler", method="POST", times=times)
        person.change(event, subject="Visit in Ghent")
        office.run(300.0 if down else 1.5)
        office.replan(appointment.guid, subject="Visit in Bruges")
        office.services.faults.clear()
        office.settle(2_000.0)
        (appointment,) = office.board()
        assert appointment.subject == event.content.subject == "Visit in Bruges"


@contextmanager
def unheard(office: Office, service: str, method: str, is_killed: bool) -> Iterator[None]:
    """What follows is written by the connector, which does not hear of that."""
    if is_killed:
        with killed_after(office, f"{service} {method}"):
            yield
            while office.connector.is_alive:
                office.run(0.5)
        return
    office.services.traffic.faults = office.services.faults
    office.services.faults.add(kind=Kind.LOST_ANSWER, service=service, method=method, times=1)
    yield
    while office.services.faults:
        office.run(0.1)


def at_instant(wall: datetime) -> datetime:
    """The instant of a wall clock of Brussels in winter."""
    return (wall - HOUR).replace(tzinfo=UTC)

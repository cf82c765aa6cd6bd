"""A recurrence on the board: its appointments arrive as appointments of their own, and behave so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.office import Office, Person, lasting, office_at_work
from tests.sandbox.company import SOURCE
from tests.sandbox.scheduler.board import PLANNER_USER
from tests.sandbox.scheduler.recurrence import create_recurring, delete_recurring

START = datetime(2026, 3, 3, 9)  # noqa: DTZ001 - a wall clock


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work(resources=2, future_days=40) as working:
        yield working


def plan_weekly(office: Office, times: int) -> list[str]:
    """A planner plans the same work for every week; the GUIDs, in the order of time."""
    with office.planner():
        made = create_recurring(
            office.services.board,
            {
                **SOURCE,
                "jobNo": "SRV-1001",
                "taskNo": "10",
                "resourceNo": office.numbers[0],
                "subject": "Maintenance",
                "start": START,
                "end": START + timedelta(hours=2),
                "recurrenceRule": f"FREQ=WEEKLY;COUNT={times}",
            },
            PLANNER_USER,
        )
    return [one.guid for one in made]


def days(person: Person) -> list[int]:
    """The days of March and April on which events begin, counted from the first."""
    return sorted((event.content.start.local.date() - START.date()).days for event in person.events())


@pytest.mark.slow
def test_a1_a14_each_appointment_of_a_recurrence_has_an_event_of_its_own(office: Office) -> None:
    """A1, A14: single events, no series; those beyond the window come when it reaches them."""
    person = office.person()
    with office.writes() as written:
        plan_weekly(office, 8)
        office.settle()
    assert days(person) == [0, 7, 14, 21, 28, 35]
    assert not any(event.is_series for event in person.events())
    assert written == {"graph": 6}
    with office.writes() as written:
        office.settle(8 * 86400)
    assert days(person) == [0, 7, 14, 21, 28, 35, 42]
    assert written == {"graph": 1}


def test_a3_a5_a6_each_of_them_is_changed_handed_over_and_deleted_alone(office: Office) -> None:
    """A3, A5, A6, B11: one write for each."""
    person, other = office.person(0), office.person(1)
    guids = plan_weekly(office, 5)
    office.settle()
    before = {event.number: event.change for event in person.events()}
    with office.writes() as written:
        moved = START + timedelta(days=8)
        office.replan(guids[1], start=moved.isoformat(), end=(moved + timedelta(hours=2)).isoformat())
        office.replan(guids[2], subject="Maintenance and repair")
        office.replan(guids[3], resources=[office.numbers[1]])
        office.unplan(guids[4])
        office.settle()
    assert days(person) == [0, 8, 14]
    assert days(other) == [21]
    assert written == {"graph": 5}
    unchanged = [event for event in person.events() if before[event.number] == event.change]
    assert [event.content.subject for event in unchanged] == ["Maintenance"]

    with office.writes() as written:
        first = min(person.events(), key=lambda event: event.content.start.local)
        later = START + timedelta(hours=4)
        person.change(first, **lasting(later, 2))
        office.settle()
    assert written == {"scheduler": 1}
    assert [one.start for one in office.board() if one.guid == guids[0]] == [later]


def test_a6_a_recurrence_that_is_deleted_takes_all_its_events_along(office: Office) -> None:
    """A6, C10: more at once than the budget allows; every one is confirmed, and then goes."""
    guids = plan_weekly(office, 6)
    office.schedule("Other work", START + timedelta(hours=6))
    office.settle()
    assert len(office.person().events()) == 7
    with office.planner():
        delete_recurring(office.services.board, {"appointmentGuid": guids[0]}, PLANNER_USER)
    office.settle(3600)
    assert [event.content.subject for event in office.person().events()] == ["Other work"]

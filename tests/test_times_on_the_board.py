"""Times and strange values through the whole tenant (C7, C8, C9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.office import Office, Person, at, office_at_work
from tests.sandbox.graph.events import Event

BEGIN = datetime(2026, 10, 20, 7, tzinfo=UTC)
CHANGE = datetime(2026, 10, 25)  # noqa: DTZ001 - a wall clock: Brussels repeats the hour from 02:00
ZONES = (
    "Europe/Brussels",
    "Romance Standard Time",
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
)
LENGTHS = (timedelta(0), timedelta(minutes=30), timedelta(hours=2), timedelta(days=3, hours=1))


def test_c7_c8_every_kind_of_time_in_every_zone_is_the_same_on_both_sides() -> None:
    """C7, C8: around the repeated hour, of no length, of days, and all day; and again after each is moved."""
    with office_at_work(begin=BEGIN, past_days=3, future_days=20) as office:
        person, made = office.person(), []
        for zone in ZONES:
            for number, hour in enumerate((0.0, 1.5, 2.0, 2.5, 23.5)):
                start = CHANGE + timedelta(hours=hour)
                made.append(_book(person, start, LENGTHS[number % len(LENGTHS)], zone))
            days = {"start": at(date(2026, 10, 24), zone), "end": at(date(2026, 10, 27), zone)}
            made.append(person.create(subject="Away", isAllDay=True, **days))
        office.settle()
        assert person.shown() == person.shared()
        assert len(person.shown()) == len(made)

        for event in made:
            start, end = (edge.moved(1) for edge in (event.content.start, event.content.end))
            person.change(event, start=at(start.local, start.zone), end=at(end.local, end.zone))
        with office.writes() as written:
            office.settle()
        assert person.shown() == person.shared()
        assert written == {"scheduler": len(made)}


def test_c9_values_that_nobody_knows_are_private_and_hold_up_nothing() -> None:
    """C9: a show-as and a sensitivity of tomorrow leave the board; the others go on."""
    with office_at_work(begin=BEGIN, past_days=3, future_days=20) as office:
        person = office.person()
        strange, odd, plain = (
            _book(person, CHANGE + timedelta(hours=8 + n), LENGTHS[1], "UTC") for n in range(3)
        )
        office.settle()
        assert len(person.shown()) == 3
        _becomes(office, person, strange, show_as="focusTime")
        _becomes(office, person, odd, sensitivity="eyesOnly")
        person.change(plain, subject="Goes on")
        with office.writes() as written:
            office.settle()
        assert [one.subject for one in person.shown().values()] == ["Goes on"]
        assert written == {"scheduler": 3}


def _book(person: Person, start: datetime, length: timedelta, zone: str) -> Event:
    times = {"start": at(start, zone), "end": at(start + length, zone)}
    return person.create(subject=f"Visit {zone} {start:%H:%M}", **times)


def _becomes(office: Office, person: Person, event: Event, **content: Any) -> None:
    """Graph learns a value that this version of the connector does not know."""
    with office.oracle.acting("person"):
        event.put(replace(event.content, **content))
        person.mailbox.announce(event)

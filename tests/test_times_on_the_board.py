"""Times and strange values through the whole tenant (C7, C8, C9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.office import Office, Person, at, office_at_work
from tests.sandbox.graph.events import Event

BEGIN = datetime(2026, 10, 20, 7, tzinfo=UTC)
SPRING = datetime(2027, 3, 22, 7, tzinfo=UTC)
SKIPPED = datetime(2027, 3, 28)  # noqa: DTZ001 - a wall clock: Brussels has no hour from 02:00
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


@pytest.mark.parametrize(
    ("begin", "day", "hour", "instants"),
    [
        (BEGIN, CHANGE, "repeated", ("2026-10-25T00:30", "2026-10-25T00:00", "2026-10-25T01:30")),
        (SPRING, SKIPPED, "skipped", ("2027-03-28T01:30", "2027-03-28T01:00", "2027-03-28T00:30")),
    ],
)
def test_c7_planners_and_people_meet_in_the_hour_that_clocks_repeat_or_skip(
    begin: datetime, day: datetime, hour: str, instants: tuple[str, str, str]
) -> None:
    """C7: half past two and two on the board's wall clock, an instant within the hour in Outlook; none moves
    again by itself, and a planner who looks at the time sees the wall clock that she chose."""
    seldom = {"outlook_poll_seconds": 14400, "board_poll_seconds": 14400}
    with office_at_work(begin=begin, past_days=3, future_days=20, **seldom) as office:
        person = office.person()
        guids = [
            office.schedule(f"{hour} {number}", day + timedelta(hours=hours), hours=0.25)
            for number, hours in enumerate((2.5, 2.0))
        ]
        own = datetime.fromisoformat(instants[2])
        person.create(subject="Own", start=at(own, "UTC"), end=at(own + timedelta(minutes=15), "UTC"))
        office.settle()
        begun = {one.content.subject: one.content.start.instant() for one in person.events()}
        wanted = [datetime.fromisoformat(f"{text}+00:00") for text in instants]
        assert begun == {f"{hour} 0": wanted[0], f"{hour} 1": wanted[1], "Own": wanted[2]}
        assert len(person.shown()) == 1
        assert person.shown().items() <= person.shared().items()
        planned = {one.guid: (one.start, one.end) for one in office.board()}
        with office.writes() as written:
            office.settle(2 * 86400)
        assert written == {}
        assert {one.guid: (one.start, one.end) for one in office.board()} == planned
        with office.writes() as written:
            office.replan(guids[0], subject="Renamed")
            office.settle()
        assert written == {"graph": 1}
        (renamed,) = (one for one in person.events() if one.content.subject == "Renamed")
        assert renamed.content.start.instant() == wanted[0]


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

"""Every pattern and range of a series, anchored in any zone, across daylight saving (B7, C7, C8)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.office import Json, Office, at, differing, occurring, office_at_work, weekly

BEGIN = datetime(2026, 10, 12, 7, tzinfo=UTC)
"""Two weeks before clocks go back in Europe, three before they do in America."""
FIRST = date(2026, 9, 1)
PATTERNS: dict[str, Json] = {
    "daily": {"type": "daily", "interval": 1},
    "every third day": {"type": "daily", "interval": 3},
    "weekly": weekly("tuesday", "friday"),
    "every other week from Sunday": {**weekly("sunday", "wednesday", interval=2), "firstDayOfWeek": "sunday"},
    "monthly": {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
    "monthly by weekday": {
        "type": "relativeMonthly",
        "interval": 1,
        "daysOfWeek": ["sunday"],
        "index": "last",
    },
    "yearly": {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 25, "month": 10},
    "yearly by weekday": {
        "type": "relativeYearly",
        "interval": 1,
        "daysOfWeek": ["thursday"],
        "index": "fourth",
        "month": 10,
    },
}
RANGES: dict[str, Json] = {
    "until": {"until": date(2026, 11, 30)},
    "so many": {"times": 60},
    "for ever": {},
}
ZONES = (
    "Europe/Brussels",
    "W. Europe Standard Time",
    "UTC",
    "Eastern Standard Time",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
)
CLOCKS = (0.0, 0.5, 2.5, 9.0, 23.5)
"""Hours at which occurrences begin: also where the day, or the hour, is another one elsewhere."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A series to make."""

    name: str
    pattern: Json
    scope: Json
    zone: str
    hour: float | None
    """None: all day."""


def shapes() -> list[Shape]:
    """Each pattern in each zone; ranges and hours are dealt out evenly, and some are all day."""
    dice, found = random.Random("shapes"), []
    for pattern in PATTERNS:
        scopes = dice.sample(tuple(RANGES) * 3, len(ZONES))
        for zone, scope in zip(ZONES, scopes, strict=True):
            hour = dice.choice((*CLOCKS, None))
            found.append(Shape(f"{pattern}/{scope}/{zone}", PATTERNS[pattern], RANGES[scope], zone, hour))
    return found


def fields_of(shape: Shape) -> dict[str, Any]:
    """What Outlook sends for it."""
    hour = shape.hour or 0.0
    begins = datetime.combine(FIRST, datetime.min.time()) + timedelta(hours=hour)
    ends = begins + (timedelta(days=1) if shape.hour is None else timedelta(hours=1.5))
    return {
        "subject": shape.name,
        "start": at(begins, shape.zone),
        "end": at(ends, shape.zone),
        "isAllDay": shape.hour is None,
        "recurrence": occurring(shape.pattern, FIRST, **shape.scope),
    }


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work(begin=BEGIN, resources=len(ZONES), past_days=3, future_days=25) as working:
        yield working


def test_b7_c7_c8_every_shape_of_a_series_is_on_the_board_as_it_is_in_the_calendar(office: Office) -> None:
    """B7, C7, C8: 72 series; then one occurrence of each is moved, one renamed and one deleted."""
    people = {zone: office.person(place) for place, zone in enumerate(ZONES)}
    made = [(people[shape.zone], people[shape.zone].create(**fields_of(shape))) for shape in shapes()]
    office.settle(1200)
    assert all(person.shown() == person.shared() for person in people.values())
    assert sum(len(person.shown()) for person in people.values()) > 400

    before = {zone: person.shared() for zone, person in people.items()}
    with office.writes() as written:
        for person, series in made:
            days = person.occurrences(series)
            if len(days) > 2:
                start = days[0].content().start
                shifted = start.local + timedelta(minutes=20)
                if shifted.date() == start.local.date() and not series.content.is_all_day:
                    end = at(shifted + timedelta(minutes=5), start.zone)
                    person.change(days[0], start=at(shifted, start.zone), end=end)
                person.change(days[1], subject="Another")
                person.delete(days[2])
        office.settle(1200)
    for zone, person in people.items():
        assert person.shown() == person.shared(), zone
    assert written == {
        "scheduler": sum(differing(before[zone], person.shared()) for zone, person in people.items())
    }

"""A weekly series of a year, edited in every way that Outlook allows (B7, B8, B9).

After each edit the board equals the calendar, and exactly the occurrences that differ were written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.office import Json, Office, Person, at, differing, lasting, occurring, office_at_work, weekly
from tests.sandbox.graph.events import Event, Item
from tests.sandbox.graph.quirks import Quirks

FIRST = date(2026, 3, 2)
LAST = date(2027, 2, 22)
EXCEPTIONS, DELETED = 10, 5


@dataclass(frozen=True, slots=True)
class Scene:
    """A person with the series, and what she does to it."""

    person: Person
    series: Event

    def at(self, week: int) -> Item:
        """The occurrence of a week, counted from the first."""
        return Item(event=self.series, day=self.occurring(week))

    def occurring(self, week: int) -> date:
        """The original date of a week's occurrence."""
        return FIRST + timedelta(weeks=week)

    def change(self, **fields: Any) -> None:
        """Change the master."""
        self.person.change(self.series, **fields)

    def times(self, day: date, hour: float, length: float = 1.0) -> Json:
        """A start and an end."""
        begins = datetime.combine(day, datetime.min.time()) + timedelta(hours=hour)
        return lasting(begins, length)

    def recur(self, pattern: Json, until: date, start: date = FIRST) -> None:
        """Give the series another pattern or range."""
        self.change(recurrence=occurring(pattern, start, until=until))


def split(scene: Scene) -> None:
    """This and following: the series ends, and another one begins with its own time (facts §9.12)."""
    scene.recur(weekly("monday"), scene.occurring(29))
    start = scene.occurring(30)
    scene.person.create(
        subject="Standup, later",
        recurrence=occurring(weekly("monday"), start, until=LAST),
        **scene.times(start, 15),
    )


def all_day(scene: Scene) -> None:
    """The series becomes one of whole days."""
    scene.change(isAllDay=True, start=at(FIRST), end=at(FIRST + timedelta(days=1)))


EDITS: dict[str, Callable[[Scene], None]] = {
    "the subject of the series": lambda one: one.change(subject="Daily"),
    "its body": lambda one: one.change(body={"contentType": "text", "content": "Bring figures"}),
    "its importance": lambda one: one.change(importance="high"),
    "its place, which is not mapped": lambda one: one.change(location={"displayName": "Room"}),
    "its reminder, which is not mapped": lambda one: one.change(reminderMinutesBeforeStart=5),
    "its time": lambda one: one.change(**one.times(FIRST, 11)),
    "its length": lambda one: one.change(**one.times(FIRST, 11, 2)),
    "one moved within its day": lambda one: one.person.change(one.at(20), **one.times(one.occurring(20), 15)),
    "one moved to another day": lambda one: one.person.change(
        one.at(21), **one.times(one.occurring(21) + timedelta(days=2), 9)
    ),
    "one renamed": lambda one: one.person.change(one.at(22), subject="Retrospective"),
    "one deleted": lambda one: one.person.delete(one.at(23)),
    "one made private": lambda one: one.person.change(one.at(24), sensitivity="private"),
    "one shown as free": lambda one: one.person.change(one.at(25), showAs="free"),
    "the private one shared again": lambda one: one.person.change(one.at(24), sensitivity="normal"),
    "an exception renamed": lambda one: one.person.change(one.at(20), subject="Standup, moved"),
    "an exception deleted": lambda one: one.person.delete(one.at(21)),
    "an exception made private": lambda one: one.person.change(one.at(20), sensitivity="private"),
    "the subject of the series, with exceptions": lambda one: one.change(subject="Standup"),
    "the range shortened": lambda one: one.recur(weekly("monday"), one.occurring(40)),
    "the range lengthened": lambda one: one.recur(weekly("monday"), one.occurring(45)),
    "this and following split off": split,
    "all day": all_day,
    "not all day any more": lambda one: one.change(isAllDay=False, **one.times(FIRST, 10)),
    "the series shown as free": lambda one: one.change(showAs="free"),
    "and as busy again": lambda one: one.change(showAs="busy"),
    "the series made private": lambda one: one.change(sensitivity="private"),
    "and shared again": lambda one: one.change(sensitivity="normal"),
    "every other week": lambda one: one.recur(weekly("monday", interval=2), one.occurring(29)),
    "two days a week": lambda one: one.recur(weekly("monday", "thursday"), one.occurring(29)),
    "the series deleted": lambda one: one.person.delete(one.series),
}


KINDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "masking, polled, exceptions outlive a pattern, a short window": {
        "private": "mask",
        "future_days": 160,
        "notified": False,
        "quirks": Quirks(
            delta_occurrence_zone="prefer",
            pattern_change_drops_exceptions=False,
            numbered_reads_as_end_date=True,
            late_touch=timedelta(seconds=20),
            removed_reason_outside_window="changed",
            delta_page_size=3,
        ),
    },
}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.replace(" ", "-"))
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    with office_at_work(**KINDS[request.param]) as working:
        yield working


def yearly_standup(office: Office) -> Scene:
    """The series, with its exceptions and gaps."""
    person = office.person()
    scene = Scene(person, None)  # type: ignore[arg-type]  # made below, with its help
    series = person.create(
        subject="Standup", recurrence=occurring(weekly("monday"), FIRST, until=LAST), **scene.times(FIRST, 9)
    )
    scene = replace(scene, series=series)
    for week in range(1, 1 + EXCEPTIONS):
        if week % 2:
            person.change(scene.at(week), subject=f"Standup of week {week}")
        else:
            person.change(scene.at(week), **scene.times(scene.occurring(week), 14))
    for week in range(11, 11 + DELETED):
        person.delete(scene.at(week))
    office.settle()
    return scene


def test_b7_b8_b9_a_year_of_edits_writes_exactly_what_differs(office: Office) -> None:
    """B7, B8, B9: and an occurrence keeps its appointment through all of it."""
    scene = yearly_standup(office)
    person = scene.person
    assert len(person.shared()) == (52 if office.plan.sync["future_days"] > 300 else 23) - DELETED
    assert person.shown() == person.shared()
    for name, edit in EDITS.items():
        before, guids = person.shared(), person.guids()
        with office.writes() as written:
            edit(scene)
            office.settle()
        after = person.shared()
        assert person.shown() == after, name
        assert written == ({"scheduler": differing(before, after)} if before != after else {}), name
        kept = before.keys() & after.keys()
        assert {key: person.guids()[key] for key in kept} == {key: guids[key] for key in kept}, name
    assert all(one.subject == "Standup, later" for one in person.shown().values())


def test_b7_b9_an_event_that_becomes_a_series_and_one_again_is_never_there_twice(office: Office) -> None:
    """B7, B9: the event's own appointment gives way to those of its occurrences, and comes back."""
    person, start = office.person(), FIRST + timedelta(days=1)
    scene = Scene(person, person.create(subject="Visit", start=at(_nine(start)), end=at(_nine(start, 1))))
    office.settle()
    assert person.shown() == person.shared()
    assert len(person.shown()) == 1

    scene.change(recurrence=occurring(weekly("tuesday"), start, times=4))
    office.settle()
    assert len(person.shared()) == 4
    assert person.shown() == person.shared()

    scene.change(recurrence=None)
    office.settle()
    assert len(person.shared()) == 1
    assert person.shown() == person.shared()


def _nine(day: date, hours: int = 0) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(hours=9 + hours)

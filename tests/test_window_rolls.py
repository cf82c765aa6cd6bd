"""The window moves on, day by day (B7, A14, C6): what enters it appears, what leaves it stays."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from tests.office import BEGIN, Office, Person, at, lasting, occurring, office_at_work, weekly
from tests.sandbox.graph.events import Item
from tests.simulation.reading import of_appointment

DAY = 86400.0
SELDOM = {"outlook_poll_seconds": 3600, "board_poll_seconds": 14400}


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work(past_days=3, future_days=10, **SELDOM) as working:
        yield working


def book(person: Person, day: date, subject: str, hour: float = 9.0) -> None:
    """An hour of that day."""
    begins = datetime.combine(day, datetime.min.time()) + timedelta(hours=hour)
    person.create(subject=subject, **lasting(begins))


def delta_rounds(office: Office, since: int) -> list[str]:
    """The mailboxes that were read in full since a moment: a first page names its window."""
    return [
        one.path.split("/")[3]
        for one in office.asked[since:]
        if one.path.endswith("/calendarView/delta") and "startDateTime" in one.query
    ]


def test_b7_a14_what_enters_the_window_appears_and_what_leaves_it_stays_unwritten(office: Office) -> None:
    """B7, A14: a daily series without end, an event and an appointment beyond the window; then two weeks."""
    person, today = office.person(), BEGIN.date()
    series = person.create(
        subject="Stand-up",
        start=at(datetime.combine(today, datetime.min.time()) + timedelta(hours=9)),
        end=at(datetime.combine(today, datetime.min.time()) + timedelta(hours=9.5)),
        recurrence=occurring({"type": "daily", "interval": 1}, today),
    )
    book(person, today + timedelta(days=15), "Later")
    office.settle()
    assert person.shown() == person.shared()
    first = person.shown()

    for passed in range(1, 15):
        known = person.shown()
        with office.writes() as written:
            office.settle(DAY)
        shown, due = person.shown(), person.shared()
        assert known.items() <= shown.items(), "what was there stays as it was"
        assert written.total() == len(shown) - len(known) <= 2 + (passed == 1)
        # each mailbox moves on at its own moment of the day
        a_day_ago = BEGIN.date() + timedelta(days=passed + 9)
        assert all(key in shown for key, one in due.items() if one.when[1].date() <= a_day_ago)
    assert first.items() <= person.shown().items()
    assert any(one.subject == "Later" for one in person.shown().values())

    with office.writes() as written:
        person.change(series, subject="Meeting")
        office.settle()
    recent = [one for one in person.shared().values() if one.subject == "Meeting"]
    assert len(recent) - 1 <= written.total() <= len(recent) + 2
    assert any(one.subject == "Stand-up" for one in person.shown().values()), "what has left is not touched"


def test_b8_what_was_deleted_beyond_the_window_is_no_longer_there_when_it_would_enter(office: Office) -> None:
    """B8, B7: an occurrence that was taken out of the series before the window reached it never appears."""
    person, today = office.person(), BEGIN.date()
    begins = datetime.combine(today, datetime.min.time()) + timedelta(hours=9)
    series = person.create(
        subject="Weekly",
        **lasting(begins),
        recurrence=occurring(weekly("monday"), today),
    )
    office.settle()
    beyond = today + timedelta(weeks=3)
    person.delete(Item(event=series, day=beyond))
    office.settle(14 * DAY)
    assert beyond not in {one.when[1].date() for one in person.shown().values()}
    assert person.shown().keys() >= person.shared().keys()


@pytest.mark.slow
def test_c6_every_mailbox_is_read_in_full_once_a_day_and_never_all_at_once() -> None:
    """C6: twenty mailboxes over a day: twenty rounds, spread, and nothing written."""
    with office_at_work(past_days=3, future_days=10, resources=20, notified=False, **SELDOM) as office:
        for place in range(20):
            book(office.person(place), BEGIN.date() + timedelta(days=2), f"Visit {place}")
        office.settle(DAY)  # within which each of them has begun a day of its own
        since = len(office.asked)
        hours: list[int] = []
        with office.writes() as written:
            for _ in range(24):
                before = len(office.asked)
                office.run(DAY / 24)
                hours.append(len(delta_rounds(office, before)))
        rounds = delta_rounds(office, since)
        assert written == {}
        assert abs(len(rounds) - 20) <= 1
        assert abs(len(set(rounds)) - 20) <= 1
        assert max(hours) <= 5
        assert sum(1 for one in hours if one) >= 8


MAILBOXES, ITEMS = 1000, 200
IN_A_NIGHT = [pytest.mark.nightly, pytest.mark.timeout(2 * 3600)]


@pytest.mark.parametrize(("mailboxes", "items"), [(5, 40), pytest.param(MAILBOXES, ITEMS, marks=IN_A_NIGHT)])
def test_c6_a_day_s_roll_writes_nothing_that_did_not_change(mailboxes: int, items: int) -> None:
    """C6: half of the items are occurrences of series, some leave the window and none enters it.

    With MEASURE=1 it says what a day costs; of 1,000 mailboxes it takes half an hour and 3 GB.
    """
    window = {"past_days": 10, "future_days": 60, "outlook_poll_seconds": 14400, "board_poll_seconds": 14400}
    with office_at_work(resources=mailboxes, notified=False, judged=False, **window) as office:
        today = BEGIN.date()
        for place in range(mailboxes):
            _fill(office.person(place), today, items)
        _told("filled")
        office.settle(DAY + 4 * 3600)
        shown = _digests(office)
        assert len(shown) >= mailboxes * items * 0.9
        _told("in step")
        since = len(office.asked)
        with office.writes() as written:
            office.settle(DAY)
        _told("a day later")
        assert written == {}
        assert shown == _digests(office)
        rounds = delta_rounds(office, since)
        assert len(set(rounds)) == mailboxes, "every mailbox was read in full"
        assert len(rounds) <= mailboxes * 1.1


def _digests(office: Office) -> dict[str, int]:
    """What the board shows, in little memory."""
    return {one.guid: hash(repr(of_appointment(one))) for one in office.board()}


def _told(what: str) -> None:
    if os.environ.get("MEASURE"):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{what}: {time.process_time():.0f} s of CPU, at most {peak} MB", flush=True)


def _fill(person: Person, today: date, items: int) -> None:
    """Half of them single events, the other half occurrences of daily series."""
    for number in range(items // 2):
        book(person, today + timedelta(days=number % 50 - 9), f"Visit {number}", 7 + number % 11)
    for series in range(items // 2 // 20):
        start = today - timedelta(days=9) + timedelta(days=series * 3)
        begins = datetime.combine(start, datetime.min.time()) + timedelta(hours=18 + series % 5)
        person.create(
            subject=f"Series {series}",
            start=at(begins),
            end=at(begins + timedelta(minutes=30)),
            recurrence=occurring({"type": "daily", "interval": 1}, start, times=20),
        )

"""Links of items that are long past (A14, B7, C5): forgotten in time, and recognised should one return."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.ids import EventKey, ResourceNo, appointment_guid
from models.link import Agreed, Link, LinkState, Origin
from models.retention import KEPT, has_outlived
from models.when import AllDay, Timed, Window
from tests.office import Office, Person, lasting, office_at_work
from tests.sandbox.graph.events import Event
from tests.storage_kit import content, link

DAY = 86400.0
YEAR = 400 * DAY
SELDOM = {"outlook_poll_seconds": 4 * 86400, "board_poll_seconds": 4 * 86400}
START = datetime(2026, 3, 4, 10)  # noqa: DTZ001 - a wall clock
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
WINDOW = Window(start=NOW - timedelta(days=14), end=NOW + timedelta(days=180))
LONG_AGO = WINDOW.start - KEPT - timedelta(days=2)


def past(**changed: Any) -> Link:
    """A link of an item that ended, and was touched last, longer ago than links are kept."""
    when = Timed(start=LONG_AGO - timedelta(hours=1), end=LONG_AGO)
    held = content(when=when)
    full = {"generation": 0, "event_modified_at": LONG_AGO, "board_modified_at": LONG_AGO}
    return link(**{**full, "agreed": Agreed(board=held, outlook=held), **changed})


OUTLOOK_BORN: dict[str, Any] = {
    "origin": Origin.OUTLOOK,
    "guid": appointment_guid(link().mailbox, EventKey("e")),
    "event_key": EventKey("e"),
}
NO_EVENT: dict[str, Any] = {"event_id": None, "event_key": None, "event_modified_at": None, "etag": None}


@pytest.mark.parametrize(
    ("changed", "goes"),
    [
        ({}, True),
        (OUTLOOK_BORN, True),
        ({**OUTLOOK_BORN, "state": LinkState.SUPPRESSED}, True),
        ({**NO_EVENT, "state": LinkState.WITHHELD}, True),
        ({**NO_EVENT, "state": LinkState.UNASSIGNED, "agreed": None, "generation": 3}, True),
        ({"board_modified_at": None}, True),
        ({"event_modified_at": NOW - timedelta(days=300)}, False),
        ({"board_modified_at": NOW - timedelta(days=300)}, False),
        ({"event_modified_at": None}, False),
        ({"generation": 1}, False),
        ({**OUTLOOK_BORN, "guid": "of-an-earlier-installation"}, False),
        ({**NO_EVENT, "state": LinkState.UNASSIGNED, "agreed": None, "board_modified_at": None}, False),
        ({"agreed": None}, False),
    ],
)
def test_a_link_is_forgotten_only_where_its_item_is_untouched_and_would_be_recognised(
    changed: dict[str, Any], goes: bool
) -> None:
    assert has_outlived(past(**changed), WINDOW, NOW) is goes


def test_a_link_is_kept_for_a_year_after_its_item_has_left_the_window() -> None:
    for days, goes in ((KEPT.days - 1, False), (KEPT.days + 2, True)):
        until = (WINDOW.start - timedelta(days=days)).date()
        held = content(when=AllDay(first=until - timedelta(days=1), until=until))
        assert has_outlived(past(agreed=Agreed(board=held, outlook=held)), WINDOW, NOW) is goes


# Through the whole tenant


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work(past_days=3, future_days=30, **SELDOM) as working:
        yield working


def links(office: Office) -> tuple[Link, ...]:
    return office.disk.store.links_of(ResourceNo(office.numbers[0]))


def booked(person: Person, subject: str) -> Event:
    return person.create(subject=subject, **lasting(START))


@pytest.mark.slow
def test_c6_links_of_long_ago_are_forgotten_and_nothing_is_written(office: Office) -> None:
    """C6: after a year and a month nothing is remembered of an item of each side."""
    person = office.person()
    office.schedule("Repair", START)
    booked(person, "Dentist")
    office.settle()
    assert len(links(office)) == 2
    office.settle(100 * DAY)
    assert len(links(office)) == 2, "somebody may still come back to them"
    with office.writes() as written:
        office.settle(YEAR - 100 * DAY)
    assert links(office) == ()
    assert written == {}
    assert len(person.events()) == 2
    assert len(office.board()) == 2
    office.kill(down=60.0)
    with office.writes() as written:
        office.settle(2 * DAY)
    assert links(office) == (), "nor does a start take them up again"
    assert written == {}


def soon(office: Office) -> datetime:
    """The day after tomorrow, on the board's wall clock."""
    return datetime.combine(office.clock.now().date() + timedelta(days=2), START.time())


def test_a3_a_planner_who_plans_a_forgotten_appointment_anew_moves_its_event(office: Office) -> None:
    """A3, C5: the event is found by its link property; there is never a second one."""
    guid = office.schedule("Repair", START)
    office.settle()
    (event,) = office.person().events()
    office.settle(YEAR)
    assert links(office) == ()
    begins = soon(office)
    with office.writes() as written:
        office.replan(guid, start=begins.isoformat(), end=(begins + timedelta(hours=1)).isoformat())
        office.settle()
    assert written == {"graph": 1}
    assert office.person().events() == [event]
    assert event.content.start.instant().date() == begins.date()
    assert [one.event_id for one in links(office)] == [event.immutable_id]


@pytest.mark.parametrize("by_guid", [True, False])
def test_b11_a_person_who_moves_a_forgotten_event_into_the_window_moves_its_appointment(
    office: Office, by_guid: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B11, B5: of an event from the board, and of one of her own; also where a board does not find an
    appointment by its GUID, and would seem not to have it."""
    if not by_guid:
        shelf = office.services.board.appointments

        def by_id(key: str) -> Any:
            return shelf.with_id(int(key)) if key.isdecimal() else None

        monkeypatch.setattr(office.services.board, "find_appointment", by_id)
    person = office.person()
    office.schedule("Repair", START)
    booked(person, "Dentist")
    office.settle()
    office.settle(YEAR)
    assert links(office) == ()
    begins = soon(office)
    with office.writes() as written:
        for number, event in enumerate(person.events()):
            starts = begins + timedelta(hours=2 * number)
            person.change(event, **lasting(starts))
        office.settle()
    assert {one.start.date() for one in office.board()} == {begins.date()}
    assert sorted(one.subject for one in office.board()) == ["Dentist", "Repair"]
    assert written == {"scheduler": 2}
    assert len(links(office)) == 2


def test_a1_what_is_planned_for_the_first_time_is_not_looked_for(office: Office) -> None:
    """A1: only an appointment that is old enough to have been forgotten costs a look."""
    office.schedule("Repair", START)
    office.settle()
    office.settle(YEAR)
    since = len(office.asked)
    office.schedule("Another", soon(office))
    office.settle()
    made = [one for one in office.asked[since:] if one.service == "graph" and one.path.endswith("/events")]
    assert [one.method for one in made] == ["POST"]

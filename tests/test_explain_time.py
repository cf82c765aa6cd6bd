"""`explain` by resource and time: what takes place then, what was decided around then, and what else may be
the reason that something is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from actors.explain import Explanation
from actors.inquiry import Circumstances, inquire, place_asked
from models.decision import Act
from models.when import Window, window_around
from tests.office import Office, lasting, office_at_work

BRUSSELS = ZoneInfo("Europe/Brussels")
TUESDAY = datetime(2026, 3, 3, 9)  # noqa: DTZ001 - the board's wall clock


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work() as working:
        yield working


def ask(office: Office, when: str, **more: bool) -> Explanation:
    window = window_around(office.clock.now(), past_days=14, future_days=365)
    circumstances = Circumstances(zone=BRUSSELS, window=window, **more)
    return inquire(office.disk.store, f"{office.person().number}@{when}", 20, circumstances)


@pytest.mark.parametrize(
    ("asked", "start", "minutes"),
    [
        ("R1@2026-03-03T09:00", datetime(2026, 3, 3, 8, tzinfo=UTC), 1),
        ("R1@2026-07-03 09:00", datetime(2026, 7, 3, 7, tzinfo=UTC), 1),
        ("R1@2026-03-03T09:00Z", datetime(2026, 3, 3, 9, tzinfo=UTC), 1),
        ("R1@2026-03-03T09:00+05:30", datetime(2026, 3, 3, 3, 30, tzinfo=UTC), 1),
        ("ann@contoso.test@2026-03-03", datetime(2026, 3, 2, 23, tzinfo=UTC), 24 * 60),
        ("Ann De Smet @ 2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), 23 * 60),
    ],
)
def test_a_time_is_the_boards_wall_clock_unless_it_says_otherwise(
    asked: str, start: datetime, minutes: int
) -> None:
    place = place_asked(asked, BRUSSELS)
    assert place is not None
    assert place.time == Window(start=start, end=start + timedelta(minutes=minutes))
    assert place.resource in ("R1", "ann@contoso.test", "Ann De Smet")


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "R1",
            "ann@contoso.test",
            "@2026-03-03",
            "R1@soon",
            "R1@2026-13-03",
            "R1@2026-03-03T25:00",
            "R1@9999",
        ),
        *("R1@0001-01-01", "R1@0001-01-01T00:00+05:00", "R1@9999-12-31", "R1@9999-12-31T23:58-05:00"),
    ],
)
def test_whatever_names_no_resource_and_time_is_the_name_of_an_item(asked: str) -> None:
    assert place_asked(asked, BRUSSELS) is None


def test_what_takes_place_then_is_told_item_by_item(office: Office) -> None:
    office.schedule("Boiler", TUESDAY, hours=2.0)
    office.schedule("Later", TUESDAY + timedelta(hours=5))
    office.settle()
    told = ask(office, "2026-03-03T10:30")
    assert [(one.act, one.subject) for one in told.decisions] == [(Act.CREATE_EVENT, "Boiler")]
    assert told.headline.endswith(
        "2026-03-03 10:30 (Europe/Brussels): 1 item that is known takes place then; no decisions were made "
        "around that time"
    )
    lines = told.as_text().splitlines()
    assert lines[1].startswith('"Boiler"')
    assert "  takes place: 2026-03-03 08:00 to 2026-03-03 10:00 UTC" in lines
    (as_json,) = told.as_json()["decisions"]
    assert (as_json["start"], as_json["end"]) == ("2026-03-03T08:00:00Z", "2026-03-03T10:00:00Z")
    assert told.notes == ()


def test_what_has_left_that_time_is_told_too(office: Office) -> None:
    """A6: the question is asked because something is gone."""
    guid = office.schedule("Boiler", TUESDAY)
    office.settle()
    office.unplan(guid)
    office.settle()
    told = ask(office, "2026-03-03T09:30")
    assert [one.act for one in told.decisions] == [Act.DELETE_EVENT, Act.CREATE_EVENT]
    assert "the appointment was deleted on the board" in told.as_text()


def test_decisions_that_were_made_around_that_time_are_told(office: Office) -> None:
    office.schedule("Boiler", TUESDAY + timedelta(days=9))
    office.run(5.0)
    here = office.clock.now().astimezone(BRUSSELS)
    told = ask(office, here.strftime("%Y-%m-%dT%H:%M"))
    assert [one.subject for one in told.decisions] == ["Boiler"]
    assert "no items that are known take place then; 1 decision was made around that time" in told.headline


def test_e_what_is_not_shared_is_counted_and_no_more(office: Office) -> None:
    person = office.person()
    person.create(
        subject="Secret",
        sensitivity="private",
        **lasting(TUESDAY),
    )
    office.settle()
    told = ask(office, "2026-03-03T09:30")
    assert told.decisions == ()
    assert told.is_known
    assert told.notes == (
        "1 event is not shared by this resource, and kept without their times: ask by the id of the event",
    )


def test_a14_the_window_and_the_settings_that_are_off_are_named(office: Office) -> None:
    told = ask(office, "2030-01-01", to_board=False, to_outlook=False)
    assert [note.partition(":")[0] for note in told.notes] == [
        "that is outside the window that is synchronised (2026-02-16 to 2027-03-02); sync.past_days and "
        "sync.future_days widen it",
        "sync.to_outlook is off",
        "sync.to_board is off",
    ]
    assert told.as_json()["notes"] == list(told.notes)

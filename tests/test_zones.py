"""Zone names and wall clocks: C7 as a table of zones, kinds of times and directions."""

# ruff: noqa: DTZ001  # walls are naive

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil import tz
from hypothesis import given
from hypothesis import strategies as st
from tzlocal import windows_tz

from models.when import AllDay, Timed
from models.zones import (
    EARLIEST,
    LATEST,
    board_times,
    board_when,
    find_zone,
    graph_times,
    graph_when,
    parse_wall,
    read_zone,
    to_utc,
    to_wall,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
ZONES = {
    "Romance Standard Time": "Europe/Paris",
    "W. Europe Standard Time": "Europe/Berlin",
    "GMT Standard Time": "Europe/London",
    "Greenwich Standard Time": "Atlantic/Reykjavik",
    "Pacific Standard Time": "America/Los_Angeles",
    "Newfoundland Standard Time": "America/St_Johns",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Lord Howe Standard Time": "Australia/Lord_Howe",
    "New Zealand Standard Time": "Pacific/Auckland",
    "Nepal Standard Time": "Asia/Kathmandu",
    "Line Islands Standard Time": "Pacific/Kiritimati",
    "UTC-11": "Etc/GMT+11",
    "Tokyo Standard Time": "Asia/Tokyo",
    "UTC": "UTC",
}
FORMATS = ("{:%Y-%m-%dT%H:%M}", "{:%Y-%m-%dT%H:%M:%S}", "{:%Y-%m-%d %H:%M:%S}", "{:%Y-%m-%d %H:%M:%SZ}")


def around_changes(zone: tzinfo | None) -> Iterator[datetime]:
    """Every half hour of the days on which a zone changes its offset."""
    for day in range(365):
        midnight = datetime(2026, 1, 1, 0, 15, tzinfo=zone) + timedelta(days=day)
        if midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset():
            for step in range(48):
                yield midnight.replace(tzinfo=None) + timedelta(minutes=30 * step)


@cache
def special_walls(key: str) -> dict[str, datetime]:
    """Walls of 2026 worth testing in a zone, told by a library that the connector does not use."""
    zone = tz.gettz(key)
    walls = {"winter": datetime(2026, 1, 15, 9), "summer": datetime(2026, 7, 15, 16, 45)}
    walls |= {"first minute": datetime(2026, 1, 1), "last minute": datetime(2026, 12, 31, 23, 59)}
    for wall in around_changes(zone):
        if not tz.datetime_exists(wall, zone):
            walls.setdefault("skipped", wall)
        elif tz.datetime_ambiguous(wall, zone):
            walls.setdefault("repeated", wall)
    return walls


def oracle(wall: datetime, key: str) -> datetime:
    """The instant of a wall clock, as python-dateutil has it."""
    moment = tz.resolve_imaginary(wall.replace(tzinfo=tz.gettz(key)))
    return moment.astimezone(tz.UTC).replace(tzinfo=UTC)


def cases() -> Iterator[tuple[str, str, str, datetime]]:
    for windows, key in ZONES.items():
        for kind, wall in special_walls(key).items():
            for name in (windows, key, key.upper()):
                yield name, key, kind, wall


CASES = list(cases())


def test_the_table_of_zones_is_large_enough_and_has_both_kinds_of_special_hours() -> None:
    kinds = {kind for _, _, kind, _ in CASES}
    assert len(CASES) * 2 >= 200
    assert {"skipped", "repeated"} <= kinds


@pytest.mark.parametrize(("name", "key", "kind", "wall"), CASES)
def test_c7_graph_times_of_any_zone_are_the_same_instant(
    name: str, key: str, kind: str, wall: datetime
) -> None:
    text = f"{wall.isoformat()}.0000000"
    when = graph_when((text, name), (text, name), False, BRUSSELS)
    assert when == Timed(start=oracle(wall, key), end=oracle(wall, key)), kind
    assert graph_when(*graph_times(when), BRUSSELS) == when
    if kind != "repeated":
        assert graph_when(*graph_times(when, ZoneInfo(key)), BRUSSELS) == when


@pytest.mark.parametrize(("key", "kind", "wall"), sorted({(key, kind, wall) for _, key, kind, wall in CASES}))
@pytest.mark.parametrize("style", FORMATS)
def test_c7_board_times_of_any_zone_and_format_are_the_same_instant(
    key: str, kind: str, wall: datetime, style: str
) -> None:
    zone, end = ZoneInfo(key), wall + timedelta(hours=3)
    when = board_when(style.format(wall), style.format(end), False, zone)
    assert when == Timed(start=oracle(wall, key), end=oracle(end, key)), kind
    assert board_when(*board_times(when, zone), zone) == when


@pytest.mark.parametrize(
    ("wall", "second", "instant"),
    [
        ("2026-03-29T02:30:00", False, "2026-03-29T01:30:00+00:00"),
        ("2026-03-29T02:30:00", True, "2026-03-29T01:30:00+00:00"),
        ("2026-10-25T02:30:00", False, "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T02:30:00", True, "2026-10-25T01:30:00+00:00"),
        ("2026-10-25T03:00:00", True, "2026-10-25T02:00:00+00:00"),
    ],
)
def test_c7_the_repeated_hour_reads_first_unless_told_and_the_skipped_one_moves_forward(
    wall: str, second: bool, instant: str
) -> None:
    assert to_utc(parse_wall(wall), BRUSSELS, second_reading=second) == datetime.fromisoformat(instant)


def test_c7_an_appointment_in_the_skipped_hour_keeps_its_length() -> None:
    when = board_when("2026-03-29T02:30", "2026-03-29T03:00", False, BRUSSELS)
    assert when == Timed(
        start=datetime(2026, 3, 29, 1, 30, tzinfo=UTC), end=datetime(2026, 3, 29, 2, tzinfo=UTC)
    )


def test_c7_an_event_across_the_repeated_hour_never_ends_on_the_board_before_it_starts() -> None:
    when = Timed(
        start=datetime(2026, 10, 25, 0, 30, tzinfo=UTC), end=datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    )
    assert board_times(when, BRUSSELS) == ("2026-10-25T02:30:00", "2026-10-25T03:15:00", False)


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.integers(0, 100_000),
    st.sampled_from(sorted(ZONES.values())),
)
def test_c7_there_and_back_is_the_identity_on_instants(start: datetime, minutes: int, key: str) -> None:
    zone, begin = ZoneInfo(key), start.replace(tzinfo=UTC)
    when = Timed(start=begin, end=begin + timedelta(minutes=minutes))
    assert graph_when(*graph_times(when), zone) == when
    exact = board_when(*board_times(when, zone, with_offset=True), zone, honour_offset=True)
    assert isinstance(exact, AllDay) or exact == when
    told = board_when(*board_times(when, zone), zone)
    assert board_when(*board_times(told, zone), zone) == told
    if isinstance(told, Timed):
        assert to_wall(told.start, zone) == to_wall(when.start, zone)


@pytest.mark.parametrize("name", sorted(set(windows_tz.win_tz) - {"", "UTC"}))
def test_every_windows_zone_is_known_in_any_letter_case(name: str) -> None:
    assert find_zone(name.upper()) == find_zone(name) == ZoneInfo(windows_tz.win_tz[name])


@pytest.mark.parametrize(
    "name", ["Europe/Kiev", "Europe/Kyiv", "Asia/Calcutta", "Asia/Kolkata", "Etc/GMT+3", "US/Pacific"]
)
def test_renamed_and_fixed_zones_are_known(name: str) -> None:
    assert name in available_timezones()
    assert find_zone(name.swapcase()) is not None


@pytest.mark.parametrize("name", ["tzone://Microsoft/Utc", "UTC", "Etc/UTC", "coordinated universal time"])
def test_every_name_of_utc_has_no_offset(name: str) -> None:
    zone = find_zone(name)
    assert zone is not None
    assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == timedelta()


@pytest.mark.parametrize(
    "name", ["", "  ", "tzone://Microsoft/Custom", "localtime", "Nowhere/Else", "../../etc/passwd"]
)
def test_c9_a_zone_that_nobody_knows_is_the_fallback(name: str) -> None:
    assert find_zone(name) is None
    assert read_zone(name, BRUSSELS) == BRUSSELS


@given(st.text(max_size=40))
def test_c9_no_name_of_a_zone_is_an_error(name: str) -> None:
    assert read_zone(name, BRUSSELS).key


@pytest.mark.parametrize(
    ("text", "wall"),
    [
        ("2026-08-04T14:00:00.0000000", datetime(2026, 8, 4, 14)),
        ("2026-08-04T14:00:00.9999999Z", datetime(2026, 8, 4, 14)),
        (" 2026-08-04T14:00:00Z ", datetime(2026, 8, 4, 14)),
        ("0001-01-01T00:00:00.0000000Z", EARLIEST),
        ("9999-12-31T23:59:59.9999999", LATEST),
    ],
)
def test_times_are_read_to_the_second_and_held_within_the_calendar(text: str, wall: datetime) -> None:
    assert parse_wall(text) == wall


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00", "0000-00-00T00:00:00"])
def test_what_is_not_a_time_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_wall(text)


@pytest.mark.parametrize("key", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Brussels", "America/Juneau"])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00.0000000", "9999-12-31T23:59:59.9999999"])
def test_the_ends_of_the_calendar_overflow_in_no_zone(key: str, text: str) -> None:
    zone = ZoneInfo(key)
    for all_day in (False, True):
        when = graph_when((text, key), (text, key), all_day, zone)
        again = graph_when(*graph_times(when), zone)
        assert graph_when(*graph_times(again), zone) == again
        for offset in (False, True):
            start, end, flag = board_times(when, zone, with_offset=offset)
            assert board_when(start, end, flag, zone, honour_offset=offset) is not None

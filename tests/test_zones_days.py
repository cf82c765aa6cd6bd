"""Whole days: C8 as a table of zones, kinds of days and directions; and the board's formats of times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.when import AllDay, Timed, When
from models.zones import board_reading, board_times, board_when, graph_times, graph_when

BRUSSELS = ZoneInfo("Europe/Brussels")
KEYS = [
    *("Europe/Brussels", "UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago"),
    *("Asia/Kathmandu", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe"),
]
DAYS = {
    "one day": (date(2026, 8, 10), date(2026, 8, 11)),
    "a week": (date(2026, 8, 10), date(2026, 8, 17)),
    "the day clocks go forward": (date(2026, 3, 29), date(2026, 3, 30)),
    "the day clocks go back": (date(2026, 10, 25), date(2026, 10, 26)),
    "across both": (date(2026, 3, 1), date(2026, 11, 30)),
    "a leap day": (date(2028, 2, 29), date(2028, 3, 1)),
    "new year": (date(2026, 12, 31), date(2027, 1, 2)),
}


def timed(start: str, end: str) -> Timed:
    return Timed(
        start=datetime.fromisoformat(start).astimezone(UTC), end=datetime.fromisoformat(end).astimezone(UTC)
    )


@pytest.mark.parametrize("kind", DAYS)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("board", KEYS[:3])
def test_c8_an_all_day_event_has_the_same_dates_on_both_sides_whatever_the_zones(
    kind: str, key: str, board: str
) -> None:
    first, until = DAYS[kind]
    texts = tuple((f"{day}T00:00:00.0000000", key) for day in (first, until))
    when = graph_when(texts[0], texts[1], True, ZoneInfo(board))
    assert when == AllDay(first=first, until=until)
    assert board_times(when, ZoneInfo(board)) == (f"{first}T00:00:00", f"{until}T00:00:00", True)
    assert board_when(*board_times(when, ZoneInfo(board)), ZoneInfo(board)) == when
    assert graph_times(when, ZoneInfo(key)) == (
        (f"{first}T00:00:00", key),
        (f"{until}T00:00:00", key),
        True,
    )


@pytest.mark.parametrize("kind", DAYS)
@pytest.mark.parametrize("flagged", [True, False])
def test_c8_a_whole_day_appointment_is_all_day_with_or_without_the_flag(kind: str, flagged: bool) -> None:
    first, until = DAYS[kind]
    when = board_when(f"{first}T00:00", f"{until} 00:00:00", flagged, BRUSSELS)
    assert when == AllDay(first=first, until=until)


@pytest.mark.parametrize(
    ("start", "end", "first", "until"),
    [
        ("2026-08-10", "2026-08-10", "2026-08-10", "2026-08-11"),
        ("2026-08-10T00:00:00", "2026-08-10T23:59:59", "2026-08-10", "2026-08-11"),
        ("2026-08-10T08:00:00", "2026-08-11T17:00:00", "2026-08-10", "2026-08-12"),
        ("2026-08-10T00:00:00", "2026-08-09T00:00:00", "2026-08-10", "2026-08-11"),
    ],
)
def test_c8_a_flagged_appointment_covers_every_day_it_touches(
    start: str, end: str, first: str, until: str
) -> None:
    when = board_when(start, end, True, BRUSSELS)
    assert when == AllDay(first=date.fromisoformat(first), until=date.fromisoformat(until))


@pytest.mark.parametrize(
    "texts",
    [("2026-08-10T00:00:00Z", "2026-08-11T00:00:00Z"), ("2026-08-09T22:00:00Z", "2026-08-10T22:00:00Z")],
)
def test_c8_an_all_day_appointment_told_in_utc_keeps_its_date(texts: tuple[str, str]) -> None:
    when = board_when(*texts, True, BRUSSELS, honour_offset=True)
    assert when == AllDay(first=date(2026, 8, 10), until=date(2026, 8, 11))


def test_c8_an_all_day_event_that_ends_where_it_starts_is_one_day() -> None:
    text = ("2026-08-10T00:00:00.0000000", "UTC")
    assert graph_when(text, text, True, BRUSSELS) == AllDay(first=date(2026, 8, 10), until=date(2026, 8, 11))


@given(st.dates(date(1950, 1, 1), date(2200, 1, 1)), st.integers(1, 400), st.sampled_from(KEYS))
def test_c8_there_and_back_is_the_identity_on_dates(first: date, length: int, key: str) -> None:
    when = AllDay(first=first, until=first + timedelta(days=length))
    zone = ZoneInfo(key)
    assert graph_when(*graph_times(when, zone), BRUSSELS) == when
    assert board_when(*board_times(when, zone), zone) == when
    start, end, _ = board_times(when, zone)
    assert board_when(start, end, False, zone) == when


@pytest.mark.parametrize(
    ("start", "end", "honour", "expected"),
    [
        (
            "2023-11-16T10:09:21Z",
            "2023-11-16T11:09:21Z",
            False,
            ("2023-11-16T09:09:21Z", "2023-11-16T10:09:21Z"),
        ),
        (
            "2023-11-16T10:09:21Z",
            "2023-11-16T11:09:21Z",
            True,
            ("2023-11-16T10:09:21Z", "2023-11-16T11:09:21Z"),
        ),
        (
            "2022-10-01 15:00:00Z",
            "2022-10-01 16:00:00Z",
            False,
            ("2022-10-01T13:00:00Z", "2022-10-01T14:00:00Z"),
        ),
        (
            "2022-10-01T15:00:00.000Z",
            "2022-10-01T16:00:00.000Z",
            True,
            ("2022-10-01T15:00:00Z", "2022-10-01T16:00:00Z"),
        ),
        (
            "2025-10-02T09:00:00",
            "2025-10-02 17:00:00",
            True,
            ("2025-10-02T07:00:00Z", "2025-10-02T15:00:00Z"),
        ),
        ("2025-10-02T09:00", "2025-10-02T09:00", False, ("2025-10-02T07:00:00Z", "2025-10-02T07:00:00Z")),
        (
            "2025-10-02T09:00+05:00",
            "2025-10-02T10:00+05:00",
            True,
            ("2025-10-02T04:00:00Z", "2025-10-02T05:00:00Z"),
        ),
        ("2025-10-02T09:00", "2025-10-01T09:00", False, ("2025-10-02T07:00:00Z", "2025-10-02T07:00:00Z")),
        ("2025-10-02T00:00", "2025-10-02T00:00", False, ("2025-10-01T22:00:00Z", "2025-10-01T22:00:00Z")),
    ],
)
def test_c7_each_of_the_boards_formats_is_read(
    start: str, end: str, honour: bool, expected: tuple[str, str]
) -> None:
    assert board_when(start, end, False, BRUSSELS, honour_offset=honour) == timed(*expected)


def test_c7_an_end_before_its_start_is_no_length_in_graph_either() -> None:
    when = graph_when(("2026-08-04T14:00:00", "UTC"), ("2026-08-04T13:00:00", ""), False, BRUSSELS)
    assert when == timed("2026-08-04T14:00:00Z", "2026-08-04T14:00:00Z")


@pytest.mark.parametrize(
    ("when", "reading"),
    [
        (
            timed("2026-08-09T22:00Z", "2026-08-10T22:00Z"),
            AllDay(first=date(2026, 8, 10), until=date(2026, 8, 11)),
        ),
        (timed("2026-08-10T00:00Z", "2026-08-11T00:00Z"), timed("2026-08-10T00:00Z", "2026-08-11T00:00Z")),
        (timed("2026-10-25T01:30Z", "2026-10-25T02:30Z"), timed("2026-10-25T00:30Z", "2026-10-25T02:30Z")),
    ],
)
def test_c7_c8_what_the_board_gives_back_is_known_beforehand(when: Timed, reading: When) -> None:
    assert board_reading(when, BRUSSELS) == reading
    assert board_reading(reading, BRUSSELS) == reading

"""The local Graph: series, their dates, their exceptions (facts §1.7, §1.8, §2.7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calendar_harness import AMSTERDAM, Harness, event, moment, series, weekly
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.graph.recurrence import WEEK, Recurrence, read_recurrence


@pytest.fixture
def graph() -> Harness:
    return Harness()


def dates(pattern: dict[str, Any], start: str, scope: dict[str, Any], until: str) -> list[str]:
    """The dates of a recurrence from its start to `until`."""
    day = date.fromisoformat(start)
    payload = {"pattern": pattern, "range": {"startDate": start, **scope}}
    recurrence = read_recurrence(payload, starts=day, zone=AMSTERDAM)
    return [found.isoformat() for found in recurrence.dates(date.min, date.fromisoformat(until))]


NO_END = {"type": "noEnd"}


@pytest.mark.parametrize(
    ("pattern", "start", "scope", "expected"),
    [
        (
            {"type": "daily", "interval": 3},
            "2026-08-03",
            NO_END,
            ["2026-08-03", "2026-08-06", "2026-08-09", "2026-08-12"],
        ),
        (
            {"type": "weekly", "interval": 1, "daysOfWeek": ["wednesday", "monday"]},
            "2026-08-03",
            {"type": "numbered", "numberOfOccurrences": 3},
            ["2026-08-03", "2026-08-05", "2026-08-10"],
        ),
        # Every second week, Sunday and Monday: what a week is decides.
        (
            {
                "type": "weekly",
                "interval": 2,
                "daysOfWeek": ["sunday", "monday"],
                "firstDayOfWeek": "sunday",
            },
            "2026-08-03",
            NO_END,
            ["2026-08-03", "2026-08-16", "2026-08-17", "2026-08-30", "2026-08-31"],
        ),
        (
            {
                "type": "weekly",
                "interval": 2,
                "daysOfWeek": ["sunday", "monday"],
                "firstDayOfWeek": "monday",
            },
            "2026-08-03",
            NO_END,
            ["2026-08-03", "2026-08-09", "2026-08-17", "2026-08-23", "2026-08-31"],
        ),
        # A month that is too short has its last day instead.
        (
            {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
            "2026-08-31",
            {"type": "endDate", "endDate": "2027-03-01"},
            [
                "2026-08-31",
                "2026-09-30",
                "2026-10-31",
                "2026-11-30",
                "2026-12-31",
                "2027-01-31",
                "2027-02-28",
            ],
        ),
        (
            {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["friday"], "index": "last"},
            "2026-08-28",
            NO_END,
            ["2026-08-28", "2026-09-25", "2026-10-30", "2026-11-27"],
        ),
        (
            {"type": "relativeMonthly", "interval": 2, "daysOfWeek": ["tuesday"]},
            "2026-08-04",
            NO_END,
            ["2026-08-04", "2026-10-06", "2026-12-01"],
        ),
        # The last weekday of the month.
        (
            {
                "type": "relativeMonthly",
                "interval": 1,
                "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                "index": "last",
            },
            "2026-08-31",
            {"type": "numbered", "numberOfOccurrences": 3},
            ["2026-08-31", "2026-09-30", "2026-10-30"],
        ),
        (
            {"type": "absoluteYearly", "interval": 1, "month": 2, "dayOfMonth": 29},
            "2028-02-29",
            {"type": "endDate", "endDate": "2032-12-31"},
            ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"],
        ),
        (
            {
                "type": "relativeYearly",
                "interval": 1,
                "month": 11,
                "daysOfWeek": ["thursday"],
                "index": "fourth",
            },
            "2026-11-26",
            {"type": "endDate", "endDate": "2028-12-31"},
            ["2026-11-26", "2027-11-25", "2028-11-23"],
        ),
    ],
)
def test_the_dates_of_a_pattern(
    pattern: dict[str, Any], start: str, scope: dict[str, Any], expected: list[str]
) -> None:
    until = expected[-1] if scope == NO_END else "2040-01-01"
    assert dates(pattern, start, scope, until) == expected


DAYS = st.sets(st.sampled_from(WEEK), min_size=1).map(lambda names: tuple(d for d in WEEK if d in names))
RRULE_DAYS = dict(
    zip(WEEK, [rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA], strict=True)
)


@given(
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    interval=st.integers(1, 5),
    days=DAYS,
    first_day=st.sampled_from(WEEK),
    skip=st.integers(0, 900),
)
@settings(max_examples=150, deadline=None)
def test_weekly_dates_agree_with_rrule(
    start: date, interval: int, days: tuple[str, ...], first_day: str, skip: int
) -> None:
    ours = Recurrence(
        pattern="weekly",
        interval=interval,
        days=days,
        first_day=first_day,
        range="noEnd",
        start=start,
        zone="UTC",
    )
    first, last = start + timedelta(days=skip), start + timedelta(days=skip + 120)
    theirs = rrule.rrule(
        rrule.WEEKLY,
        dtstart=_midnight(start),
        interval=interval,
        byweekday=[RRULE_DAYS[day] for day in days],
        wkst=RRULE_DAYS[first_day],
        until=_midnight(last),
    )
    assert ours.dates(first, last) == [found.date() for found in theirs if found.date() >= first]


@given(
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    interval=st.integers(1, 5),
    days=DAYS,
    index=st.sampled_from(["first", "second", "third", "fourth", "last"]),
    yearly=st.booleans(),
    skip=st.integers(0, 900),
)
@settings(max_examples=150, deadline=None)
def test_relative_dates_agree_with_rrule(
    start: date, interval: int, days: tuple[str, ...], index: str, yearly: bool, skip: int
) -> None:
    ours = Recurrence(
        pattern="relativeYearly" if yearly else "relativeMonthly",
        interval=interval,
        days=days,
        index=index,
        month=start.month if yearly else 0,
        range="noEnd",
        start=start,
        zone="UTC",
    )
    first, last = start + timedelta(days=skip), start + timedelta(days=skip + 2000)
    theirs = rrule.rrule(
        rrule.YEARLY if yearly else rrule.MONTHLY,
        dtstart=_midnight(start),
        interval=interval,
        bymonth=start.month if yearly else None,
        byweekday=[RRULE_DAYS[day] for day in days],
        bysetpos=-1 if index == "last" else ["first", "second", "third", "fourth"].index(index) + 1,
        until=_midnight(last),
    )
    assert ours.dates(first, last) == [found.date() for found in theirs if found.date() >= first]


def _midnight(day: date) -> Any:
    from tests.sandbox.graph.times import midnight

    return midnight(day)


@pytest.mark.parametrize(
    ("recurrence", "status", "code"),
    [
        ({"pattern": {"type": "daily"}}, 500, "ErrorInternalServerError"),
        ({"pattern": {"type": "daily", "interval": 0}}, 400, "ErrorPropertyValidationFailure"),
        ({"pattern": {"type": "weekly", "interval": 1}}, 400, "ErrorPropertyValidationFailure"),
        ({"pattern": {"type": "weekly", "daysOfWeek": ["monday"]}}, 400, "ErrorPropertyValidationFailure"),
        ({"pattern": {"type": "absoluteMonthly", "interval": 1}}, 400, "ErrorPropertyValidationFailure"),
        ({"pattern": {"type": "relativeMonthly", "interval": 1}}, 400, "ErrorPropertyValidationFailure"),
        (
            {"pattern": {"type": "absoluteYearly", "interval": 1, "dayOfMonth": 3}},
            400,
            "ErrorPropertyValidationFailure",
        ),
        ({"pattern": {"type": "hourly", "interval": 1}}, 400, "BadRequest"),
        ({"pattern": {"type": "daily", "interval": "1"}}, 400, "BadRequest"),
        ({"pattern": {"type": "daily", "interval": 1, "index": "fifth"}}, 400, "BadRequest"),
        ({"range": {"type": "endDate"}}, 400, "BadRequest"),
        ({"range": {"type": "endDate", "endDate": "2026-08-01"}}, 400, "ErrorPropertyValidationFailure"),
        ({"range": {"type": "endDate", "endDate": "4501-01-01"}}, 400, "ErrorRecurrenceEndDateTooBig"),
        ({"range": {"type": "numbered"}}, 400, "ErrorPropertyValidationFailure"),
        ({"range": {"type": "noEnd", "startDate": "2026-08-04"}}, 400, "ErrorPropertyValidationFailure"),
        (
            {"range": {"type": "noEnd", "recurrenceTimeZone": "Pacific Standard Time"}},
            400,
            "ErrorPropertyValidationFailure",
        ),
        ({"pattern": None}, 400, "ErrorPropertyValidationFailure"),
    ],
)
def test_recurrences_that_are_refused(
    graph: Harness, recurrence: dict[str, Any], status: int, code: str
) -> None:
    payload = series({"type": "daily", "interval": 1})
    base = payload["recurrence"]
    payload["recurrence"] = {
        "pattern": recurrence.get("pattern", base["pattern"]),
        "range": {**base["range"], **recurrence.get("range", {})},
    }
    reply = graph.call("POST", "events", event(**payload))
    assert (reply.status, reply.code) == (status, code)


def test_a_series_reads_back_with_every_member_filled_in(graph: Harness) -> None:
    created = graph.create(**weekly())
    assert created["type"] == "seriesMaster"
    assert created["recurrence"] == {
        "pattern": {
            "type": "weekly",
            "interval": 1,
            "month": 0,
            "dayOfMonth": 0,
            "daysOfWeek": ["monday"],
            "firstDayOfWeek": "sunday",
            "index": "first",
        },
        "range": {
            "type": "endDate",
            "startDate": "2026-08-03",
            "endDate": "2026-10-05",
            "recurrenceTimeZone": AMSTERDAM,
            "numberOfOccurrences": 0,
        },
    }
    daily = graph.create(**series({"type": "daily", "interval": 2}))["recurrence"]
    assert "daysOfWeek" not in daily["pattern"]
    assert (daily["range"]["endDate"], daily["range"]["type"]) == ("0001-01-01", "noEnd")


def test_a_numbered_range_may_read_back_as_an_end_date() -> None:
    scope = {"type": "numbered", "numberOfOccurrences": 3}
    for reads_as_end, shown in ((False, ("numbered", "0001-01-01", 3)), (True, ("endDate", "2026-08-05", 0))):
        graph = Harness(Quirks(numbered_reads_as_end_date=reads_as_end))
        span = graph.create(**series({"type": "daily", "interval": 1}, scope))["recurrence"]["range"]
        assert (span["type"], span["endDate"], span["numberOfOccurrences"]) == shown


def test_a_start_outside_the_pattern_moves_to_its_first_date(graph: Harness) -> None:
    created = graph.create(**weekly("wednesday"))
    assert created["start"]["dateTime"] == "2026-08-05T07:00:00.0000000"
    assert created["recurrence"]["range"]["startDate"] == "2026-08-05"


def test_events_lists_the_master_and_views_its_occurrences(graph: Harness) -> None:
    master = graph.create(**weekly())
    listed = graph.call("GET", "events").value
    assert [row["type"] for row in listed] == ["seriesMaster"]
    rows = graph.view("2026-08-01", "2026-08-20")
    assert [row["type"] for row in rows] == ["occurrence"] * 3
    for row, day in zip(rows, ("2026-08-03", "2026-08-10", "2026-08-17"), strict=True):
        assert row["seriesMasterId"] == master["id"]
        assert row["occurrenceId"] == f"OID.{master['id']}.{day}"
        assert row["recurrence"] is None
        assert row["@odata.etag"].startswith('W/"DwAAABYAAAC')
        assert row["iCalUId"] == row["uid"] == master["uid"]
        assert graph.read(row["id"])["start"] == row["start"]


def test_an_occurrence_may_carry_its_date_in_the_ical_uid() -> None:
    graph = Harness(Quirks(occurrence_ical_uid="own"))
    master = graph.create(**weekly())
    row = graph.view("2026-08-10", "2026-08-11")[0]
    assert row["iCalUId"][32:40] == "07EA080A"
    assert row["uid"] == master["uid"]


def test_a_series_keeps_its_local_hour_across_daylight_saving(graph: Harness) -> None:
    graph.create(**weekly("monday", subject="local") | {"recurrence": weekly()["recurrence"]})
    graph.patch(
        graph.call("GET", "events").value[0]["id"],
        recurrence={
            **weekly()["recurrence"],
            "range": {"type": "endDate", "startDate": "2026-08-03", "endDate": "2026-11-09"},
        },
    )
    rows = graph.view("2026-10-18", "2026-11-03")
    assert [row["start"]["dateTime"][:16] for row in rows] == [
        "2026-10-19T07:00",
        "2026-10-26T08:00",
        "2026-11-02T08:00",
    ]


@pytest.mark.parametrize(
    ("zone", "hours"), [(None, ("01", "02")), (AMSTERDAM, ("02", "04"))], ids=["utc", "local"]
)
def test_an_occurrence_that_begins_in_the_skipped_hour_keeps_its_length(
    graph: Harness, zone: str | None, hours: tuple[str, str]
) -> None:
    start, end = moment("2027-03-27T02:40:00", AMSTERDAM), moment("2027-03-27T03:22:00", AMSTERDAM)
    scope = {"type": "numbered", "startDate": "2027-03-27", "numberOfOccurrences": 3}
    pattern = {"type": "daily", "interval": 1}
    graph.create(start=start, end=end, recurrence={"pattern": pattern, "range": scope})
    rows = graph.view("2027-03-27", "2027-03-31", prefer=f'outlook.timezone="{zone}"' if zone else "")
    begins, ends = ([row[side]["dateTime"][8:16] for row in rows] for side in ("start", "end"))
    assert begins[1] == f"28T{hours[0]}:40"
    assert ends[1] == f"28T{hours[1]}:22"
    assert begins[::2] == (["27T02:40", "29T02:40"] if zone else ["27T01:40", "29T00:40"])
    assert ends[::2] == (["27T03:22", "29T03:22"] if zone else ["27T02:22", "29T01:22"])


def test_a_series_anchored_in_utc_drifts_in_local_time(graph: Harness) -> None:
    start, end = moment("2026-10-19T07:00:00", "UTC"), moment("2026-10-19T08:00:00", "UTC")
    scope = {"type": "numbered", "startDate": "2026-10-19", "numberOfOccurrences": 2}
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}
    graph.create(start=start, end=end, recurrence={"pattern": pattern, "range": scope})
    rows = graph.view("2026-10-18", "2026-11-03", prefer=f'outlook.timezone="{AMSTERDAM}"')
    assert [row["start"]["dateTime"][11:16] for row in rows] == ["09:00", "08:00"]


def test_an_all_day_series_floats(graph: Harness) -> None:
    graph.create(
        isAllDay=True,
        start=moment("2026-08-03T00:00:00"),
        end=moment("2026-08-04T00:00:00"),
        recurrence=weekly()["recurrence"],
    )
    rows = graph.view("2026-08-10", "2026-08-11", prefer='outlook.timezone="Pacific Standard Time"')
    assert [row["start"]["dateTime"] for row in rows] == ["2026-08-10T00:00:00.0000000"]


# Exceptions


def moved(graph: Harness) -> tuple[dict[str, Any], dict[str, Any]]:
    """A series whose second occurrence was moved from 9:00 to 11:00: its master and the exception."""
    master = graph.create(**weekly(), body={"contentType": "text", "content": "Agenda"})
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    reply = graph.patch(
        occurrence["id"],
        subject="Moved",
        start=moment("2026-08-10T11:00:00"),
        end=moment("2026-08-10T11:45:00"),
    )
    assert reply.status == 200, reply
    return graph.read(master["id"]), reply.json


def test_a_changed_occurrence_becomes_an_exception_with_the_same_id(graph: Harness) -> None:
    master, exception = moved(graph)
    assert exception["type"] == "exception"
    assert exception["occurrenceId"] == f"OID.{master['id']}.2026-08-10"
    assert exception["changeKey"] == master["changeKey"]
    assert exception["iCalUId"] == f"{master['uid'][:32]}07EA080A{master['uid'][40:]}"
    assert (exception["uid"], exception["recurrence"]) == (master["uid"], None)
    assert exception["bodyPreview"] == "Agenda"
    rows = graph.view("2026-08-01", "2026-08-20")
    assert [(row["type"], row["subject"]) for row in rows] == [
        ("occurrence", "Visit"),
        ("exception", "Moved"),
        ("occurrence", "Visit"),
    ]
    assert rows[1]["id"] == exception["id"]


def test_what_an_exception_does_not_override_follows_the_master(graph: Harness) -> None:
    master, exception = moved(graph)
    graph.patch(master["id"], location={"displayName": "Room B"}, subject="Renamed")
    shown = graph.read(exception["id"])
    assert (shown["subject"], shown["location"]["displayName"]) == ("Moved", "Room B")


def test_the_original_start_has_to_be_selected(graph: Harness) -> None:
    master, exception = moved(graph)
    shown = graph.read(exception["id"], select="originalStart,subject")
    assert shown["originalStart"] == "2026-08-10T07:00:00Z"
    assert graph.read(master["id"], select="originalStart")["originalStart"] is None


@pytest.mark.parametrize(
    ("start", "end", "fine"),
    [
        ("2026-08-04T09:00:00", "2026-08-04T10:00:00", True),
        ("2026-08-16T22:00:00", "2026-08-16T23:00:00", True),
        ("2026-08-16T23:00:00", "2026-08-17T00:00:00", True),
        ("2026-08-03T18:00:00", "2026-08-03T19:00:00", False),
        ("2026-08-02T09:00:00", "2026-08-02T10:00:00", False),
        ("2026-08-17T06:00:00", "2026-08-17T07:00:00", False),
        ("2026-08-16T23:00:00", "2026-08-17T01:00:00", False),
        ("2026-08-24T09:00:00", "2026-08-24T10:00:00", False),
    ],
)
def test_an_occurrence_stays_between_its_neighbours(graph: Harness, start: str, end: str, fine: bool) -> None:
    graph.create(**weekly())
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    reply = graph.patch(occurrence["id"], start=moment(start), end=moment(end))
    assert reply.status == (200 if fine else 400)
    if not fine:
        assert reply.code == "ErrorOccurrenceCrossingBoundary"
        assert "crossing or overlapping adjacent occurrence" in reply.message
        assert graph.read(occurrence["id"])["type"] == "occurrence"


def test_an_exception_is_seen_where_it_was_moved_to(graph: Harness) -> None:
    graph.create(**weekly())
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    graph.patch(occurrence["id"], start=moment("2026-08-14T09:00:00"), end=moment("2026-08-14T10:00:00"))
    assert graph.view("2026-08-10", "2026-08-11") == []
    assert [row["id"] for row in graph.view("2026-08-14", "2026-08-15")] == [occurrence["id"]]


def test_a_deleted_occurrence_is_listed_only_on_request(graph: Harness) -> None:
    master = graph.create(**weekly())
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    assert graph.call("DELETE", f"events/{occurrence['id']}").status == 204
    assert graph.call("GET", f"events/{occurrence['id']}").code == "ErrorItemNotFound"
    assert [row["start"]["dateTime"][:10] for row in graph.view("2026-08-01", "2026-08-20")] == [
        "2026-08-03",
        "2026-08-17",
    ]
    shown = graph.read(master["id"], select="cancelledOccurrences")
    assert shown["cancelledOccurrences"] == [f"OID.{master['id']}.2026-08-10"]
    assert "cancelledOccurrences" not in graph.read(master["id"])
    assert [change.change_type for change in graph.changes] == ["created", "updated"]


def test_a_series_in_one_call(graph: Harness) -> None:
    master, exception = moved(graph)
    shown = graph.read(
        master["id"],
        select="subject,recurrence,cancelledOccurrences,exceptionOccurrences,originalStart",
        expand="exceptionOccurrences",
    )
    assert [one["id"] for one in shown["exceptionOccurrences"]] == [exception["id"]]
    assert shown["exceptionOccurrences"][0]["originalStart"] == "2026-08-10T07:00:00Z"
    listed = graph.call("GET", f"events/{master['id']}/exceptionOccurrences").value
    assert [one["id"] for one in listed] == [exception["id"]]


def test_instances_need_a_window_and_a_master(graph: Harness) -> None:
    master, exception = moved(graph)
    window: dict[str, Any] = {"startDateTime": "2026-08-01", "endDateTime": "2026-08-20"}
    path = f"events/{master['id']}/instances"
    rows = graph.call("GET", path, **window).value
    assert [row["type"] for row in rows] == ["occurrence", "exception", "occurrence"]
    assert graph.call("GET", path).code == "ErrorInvalidRequest"
    assert graph.call("GET", f"events/{exception['id']}/instances", **window).status == 400


DAILY = {"type": "daily", "interval": 1}


@pytest.mark.parametrize(("drops", "kept"), [(True, []), (False, ["Moved"])])
def test_another_pattern_drops_exceptions_and_deletions(drops: bool, kept: list[str]) -> None:
    graph = Harness(Quirks(pattern_change_drops_exceptions=drops))
    master, _ = moved(graph)
    graph.call("DELETE", f"events/{graph.view('2026-08-17', '2026-08-18')[0]['id']}")
    scope = {"type": "endDate", "startDate": "2026-08-03", "endDate": "2026-08-31"}
    graph.patch(master["id"], recurrence={"pattern": DAILY, "range": scope})
    rows = graph.view("2026-08-10", "2026-08-18")
    assert [row["subject"] for row in rows if row["type"] == "exception"] == kept
    assert len(rows) == (8 if drops else 7)


def test_another_end_keeps_the_exceptions_within_it(graph: Harness) -> None:
    master, exception = moved(graph)
    recurrence = master["recurrence"]
    recurrence["range"]["endDate"] = "2026-08-12"
    graph.patch(master["id"], recurrence=recurrence)
    assert [row["type"] for row in graph.view("2026-08-01", "2026-09-20")] == ["occurrence", "exception"]
    recurrence["range"]["endDate"] = "2026-08-05"
    graph.patch(master["id"], recurrence=recurrence)
    assert graph.call("GET", f"events/{exception['id']}").status == 404


def test_a_new_zone_of_a_master_needs_the_recurrence_again(graph: Harness) -> None:
    master = graph.create(**weekly())
    start, end = moment("2026-08-03T09:00:00", "UTC"), moment("2026-08-03T09:30:00", "UTC")
    refused = graph.patch(master["id"], start=start, end=end)
    assert (refused.status, refused.code) == (400, "ErrorPropertyValidationFailure")
    recurrence = weekly()["recurrence"]
    assert graph.patch(master["id"], start=start, end=end, recurrence=recurrence).status == 200
    assert graph.view("2026-08-10", "2026-08-11")[0]["start"]["dateTime"][11:16] == "09:00"


def test_a_new_time_of_a_master_moves_its_plain_occurrences(graph: Harness) -> None:
    master, _ = moved(graph)
    graph.patch(master["id"], start=moment("2026-08-03T08:00:00"), end=moment("2026-08-03T08:30:00"))
    rows = graph.view("2026-08-01", "2026-08-20", prefer=f'outlook.timezone="{AMSTERDAM}"')
    assert [row["start"]["dateTime"][11:16] for row in rows] == ["08:00", "11:00", "08:00"]


def test_a_series_can_be_made_and_unmade(graph: Harness) -> None:
    created = graph.create(**{k: v for k, v in weekly().items() if k != "recurrence"})
    made = graph.patch(created["id"], recurrence=weekly()["recurrence"]).json
    assert (made["type"], made["id"]) == ("seriesMaster", created["id"])
    unmade = graph.patch(created["id"], recurrence=None).json
    assert (unmade["type"], unmade["recurrence"]) == ("singleInstance", None)
    assert len(graph.view("2026-08-01", "2026-10-01")) == 1


def test_an_occurrence_has_no_recurrence_of_its_own(graph: Harness) -> None:
    graph.create(**weekly())
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    reply = graph.patch(occurrence["id"], recurrence=weekly()["recurrence"])
    assert (reply.status, reply.code) == (400, "ErrorPropertyValidationFailure")


def test_the_etag_of_an_occurrence_guards_it(graph: Harness) -> None:
    master = graph.create(**weekly())
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    graph.patch(master["id"], subject="x")
    path = f"events/{occurrence['id']}"
    assert graph.call("PATCH", path, {"subject": "y"}, if_match=occurrence["@odata.etag"]).status == 412
    fresh = graph.read(occurrence["id"])["@odata.etag"]
    assert graph.call("PATCH", path, {"subject": "y"}, if_match=fresh).status == 200


def test_a_date_that_is_none_of_the_series_names_nothing(graph: Harness) -> None:
    graph.create(**weekly())
    mailbox = graph.tenant.mailbox(graph.ann.id)
    [master] = mailbox.events(mailbox.default_calendar)
    for day in (date(2026, 8, 11), date(2026, 10, 12)):
        for text in (
            mailbox.store.event_id(master.number, day),
            mailbox.store.immutable_id(master.number, day),
        ):
            assert graph.call("GET", f"events/{text}").code == "ErrorItemNotFound"
    immutable = mailbox.store.immutable_id(master.number, date(2026, 8, 10))
    assert graph.read(immutable)["start"]["dateTime"].startswith("2026-08-10")


def test_changes_of_an_occurrence_are_told_for_it_and_its_master(graph: Harness) -> None:
    master, exception = moved(graph)
    told = [(change.change_type, change.event_id) for change in graph.changes]
    assert told == [("created", master["id"]), ("updated", master["id"]), ("updated", exception["id"])]

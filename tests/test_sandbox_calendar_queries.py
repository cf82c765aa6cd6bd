"""The local Graph: query options on events and calendar views, taken and refused (facts §1.9, §2.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.calendar_harness import Harness, moment, weekly

LINK = "String {66F5A359-4659-4830-9070-00047EC6AC6E} Name Link"
OTHER = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Other"


@pytest.fixture
def graph() -> Harness:
    return Harness()


def subjects(graph: Harness, path: str = "events", **query: Any) -> list[str]:
    """The subjects that a listing brings."""
    reply = graph.call("GET", path, **{"top": "100", **query})
    assert reply.status == 200, reply
    return [str(row["subject"]) for row in reply.value]


@pytest.fixture
def filled(graph: Harness) -> Harness:
    graph.create(
        subject="Alpha",
        categories=["Blue Team"],
        singleValueExtendedProperties=[{"id": LINK, "value": "Appointment-1"}],
    )
    graph.advance(hours=1)
    graph.create(
        subject="Beta's",
        showAs="oof",
        sensitivity="private",
        importance="high",
        start=moment("2026-08-05T10:00:00", "UTC"),
        end=moment("2026-08-05T11:00:00", "UTC"),
        singleValueExtendedProperties=[{"id": LINK, "value": "Appointment-2"}, {"id": OTHER, "value": "x"}],
    )
    graph.advance(hours=1)
    graph.create(
        subject="Gamma",
        isAllDay=True,
        start=moment("2026-08-06T00:00:00"),
        end=moment("2026-08-07T00:00:00"),
    )
    return graph


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("subject eq 'alpha'", ["Alpha"]),
        ("subject eq 'Beta''s'", ["Beta's"]),
        ("startswith(subject,'Ga')", ["Gamma"]),
        ("contains(subject, 'et')", ["Beta's"]),
        ("lastModifiedDateTime gt 2026-08-01T08:30:00Z", ["Beta's", "Gamma"]),
        ("lastModifiedDateTime ge 2026-08-01T10:00:00Z", ["Gamma"]),
        ("lastModifiedDateTime lt 2026-08-01T08:30:00Z", ["Alpha"]),
        ("start/dateTime ge '2026-08-05T10:00'", ["Beta's", "Gamma"]),
        ("start/dateTime ge '2026-08-04T12:00:00Z' and end/dateTime le '2026-08-04T13:00:00'", ["Alpha"]),
        ("start/dateTime eq '2026-08-06T00:00:00'", ["Gamma"]),
        ("categories/any(c:c eq 'Blue Team')", ["Alpha"]),
        ("not categories/any(c:c eq 'Blue Team')", ["Beta's", "Gamma"]),
        ("showAs eq 'oof' or isAllDay eq true", ["Beta's", "Gamma"]),
        ("(showAs eq 'oof' or isAllDay eq true) and importance eq 'high'", ["Beta's"]),
        ("showAs eq 'busy' and not (subject eq 'Gamma')", ["Alpha"]),
        ("sensitivity ne 'normal'", ["Beta's"]),
        ("type eq 'singleInstance'", ["Alpha", "Beta's", "Gamma"]),
        (
            f"singleValueExtendedProperties/Any(ep: ep/id eq '{LINK}' and ep/value eq 'appointment-1')",
            ["Alpha"],
        ),
        (
            f"singleValueExtendedProperties/any(p:p/id eq '{LINK}' and p/value ne 'Appointment-1')",
            ["Beta's"],
        ),
        (
            f"singleValueExtendedProperties/Any(ep: ep/id eq '{LINK}' and contains(ep/value,'ment-2'))",
            ["Beta's"],
        ),
        (
            f"singleValueExtendedProperties/Any(ep: ep/id eq '{LINK}' and startswith(ep/value,'App'))",
            ["Alpha", "Beta's"],
        ),
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{LINK.replace('Link', 'link')}')", []),
        (
            f"singleValueExtendedProperties/Any(ep: ep/id eq '{LINK.lower().replace('link', 'Link')}')",
            ["Alpha", "Beta's"],
        ),
    ],
)
def test_filters_that_work(filled: Harness, text: str, found: list[str]) -> None:
    assert subjects(filled, filter=text) == found


def test_events_are_found_by_ical_uid(filled: Harness) -> None:
    uid = filled.call("GET", "events").value[1]["iCalUId"]
    assert subjects(filled, filter=f"iCalUId eq '{uid}'") == ["Beta's"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("isOnlineMeeting eq true", "ErrorInvalidProperty"),
        ("transactionId eq 'x'", "ErrorInvalidProperty"),
        ("attendees/any(a:a eq 'x')", "ErrorInvalidProperty"),
        ("colour eq 'red'", "BadRequest"),
        ("start/dateTime ge 2026-08-05T10:00:00Z", "BadRequest"),
        ("lastModifiedDateTime gt '2026-08-01T08:30:00Z'", "BadRequest"),
        ("subject eq", "BadRequest"),
        ("subject eq 'a' and", "BadRequest"),
        ("(subject eq 'a'", "BadRequest"),
        ("subject like 'a'", "BadRequest"),
        ("subject eq 'a' subject eq 'b'", "BadRequest"),
        ("isAllDay eq 'true'", "BadRequest"),
        ("singleValueExtendedProperties/Any(ep: ep/value eq 'x')", "BadRequest"),
        ("singleValueExtendedProperties/Any(ep: ep/id eq 'Nonsense')", "ErrorInvalidProperty"),
        ("?!", "BadRequest"),
    ],
)
def test_filters_that_are_refused(filled: Harness, text: str, code: str) -> None:
    reply = filled.call("GET", "events", filter=text)
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("start/dateTime desc", ["Gamma", "Beta's", "Alpha"]),
        ("createdDateTime", ["Alpha", "Beta's", "Gamma"]),
        ("showAs desc,subject desc", ["Beta's", "Gamma", "Alpha"]),
    ],
)
def test_sorting(filled: Harness, order: str, found: list[str]) -> None:
    assert subjects(filled, orderby=order) == found


@pytest.mark.parametrize(
    ("text", "order", "fine"),
    [
        ("subject ge 'a'", "subject", True),
        ("subject ge 'a' and start/dateTime ge '2026-01-01'", "subject,start/dateTime", True),
        ("start/dateTime ge '2026-01-01' and subject ge 'a'", "subject", False),
        ("subject ge 'a'", "start/dateTime", False),
        ("subject ge 'a'", "subject,start/dateTime", False),
    ],
)
def test_sorting_has_to_follow_the_filter(filled: Harness, text: str, order: str, fine: bool) -> None:
    reply = filled.call("GET", "events", filter=text, orderby=order)
    assert reply.status == (200 if fine else 400)
    if not fine:
        assert reply.code == "InefficientFilter"


@pytest.mark.parametrize("order", ["colour", "subject upwards"])
def test_sorting_that_is_refused(filled: Harness, order: str) -> None:
    assert filled.call("GET", "events", orderby=order).code == "BadRequest"


def test_pages_of_ten_unless_told_otherwise(graph: Harness) -> None:
    for number in range(25):
        graph.create(subject=f"{number:02}")
    seen, links = [], 0
    reply = graph.call("GET", "events", select="subject", filter="startswith(subject,'') and subject ne '+&'")
    while True:
        seen += [row["subject"] for row in reply.value]
        if "@odata.nextLink" not in reply.json:
            break
        links += 1
        assert reply.json["@odata.nextLink"].startswith("https://graph.test/v1.0/users/")
        reply = graph.follow(reply.json["@odata.nextLink"])
    assert (seen, links) == ([f"{number:02}" for number in range(25)], 2)
    assert len(graph.call("GET", "events", top="20").value) == 20
    assert len(graph.call("GET", "events", prefer="odata.maxpagesize=7").value) == 7
    assert len(graph.call("GET", "events", top="1000", skip="5").value) == 20
    assert graph.call("GET", "events", top="1", count="true").json["@odata.count"] == 25


@pytest.mark.parametrize(
    ("name", "value"), [("top", "0"), ("top", "1001"), ("top", "x"), ("skip", "-1"), ("search", "x")]
)
def test_paging_and_search_that_are_refused(graph: Harness, name: str, value: str) -> None:
    query: dict[str, Any] = {name: value}
    reply = graph.call("GET", "events", **query)
    assert (reply.status, reply.code) == (400, "BadRequest")


def test_select_brings_what_it_names_and_the_etag(graph: Harness) -> None:
    created = graph.create()
    shown = graph.read(created["id"], select="subject,start")
    assert list(shown) == ["@odata.context", "@odata.etag", "id", "subject", "start"]
    assert shown["@odata.context"].endswith("/events(subject,start)/$entity")


def test_an_unknown_property_in_select(graph: Harness) -> None:
    created = graph.create()
    for path in ("events", f"events/{created['id']}"):
        reply = graph.call("GET", path, select="subject,wellKnownName")
        assert (reply.status, reply.code) == (400, "BadRequest")
        assert reply.message == (
            "Parsing OData Select and Expand failed: Could not find a property named 'wellKnownName' on type "
            "'microsoft.graph.event'."
        )


def test_selecting_the_online_meeting_alone_gives_null(graph: Harness) -> None:
    created = graph.create(isOnlineMeeting=True)
    assert graph.read(created["id"], select="onlineMeeting")["onlineMeeting"] is None
    assert graph.read(created["id"], select="onlineMeeting,isOnlineMeeting")["onlineMeeting"] is not None


@pytest.mark.parametrize(
    "text",
    [
        "instances",
        "calendar",
        "colour",
        "singleValueExtendedProperties",
        "singleValueExtendedProperties($filter=id eq 'x'",
    ],
)
def test_what_cannot_be_expanded(graph: Harness, text: str) -> None:
    assert graph.call("GET", "events", expand=text).status == 400


def test_only_the_default_set_comes_without_select(graph: Harness) -> None:
    created = graph.create(**weekly())
    first = graph.view("2026-08-03", "2026-08-04")[0]
    for shown in (graph.read(created["id"]), first):
        assert not {"originalStart", "cancelledOccurrences", "instances"} & shown.keys()


def test_a_read_by_id_links_to_its_calendar_and_nothing_else_does(graph: Harness) -> None:
    created = graph.create()
    calendar = graph.call("GET", "calendar").json["id"]
    read = graph.read(created["id"])
    assert read["calendar@odata.navigationLink"].endswith(f"/calendars('{calendar}')")
    assert read["calendar@odata.associationLink"].endswith(f"/calendars('{calendar}')/$ref")
    items: list[dict[str, Any]] = [created, graph.call("GET", "events").value[0], graph.round()[0][0]]
    assert all("calendar@odata.navigationLink" not in item for item in items)


# Calendar views


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-08-04T12:00:00Z", "2026-08-04T13:00:00Z", True),
        ("2026-08-04T12:59:00Z", "2026-08-04T18:00:00Z", True),
        ("2026-08-04T13:00:00Z", "2026-08-04T18:00:00Z", False),
        ("2026-08-04T08:00:00Z", "2026-08-04T12:00:00Z", False),
        ("2026-08-04T08:00:00Z", "2026-08-04T12:00:01Z", True),
        ("2026-08-04T14:59:00+02:00", "2026-08-04T16:00:00+02:00", True),
        ("2026-08-04T15:00:00+02:00", "2026-08-04T16:00:00+02:00", False),
        ("2026-08-04T12:30:00", "2026-08-04T12:31:00", True),
        ("2026-08-04", "2026-08-05", True),
    ],
)
def test_a_view_holds_what_overlaps_its_window(graph: Harness, start: str, end: str, found: bool) -> None:
    """An offset in the window is honoured, no offset means UTC, and Prefer has no say in it."""
    graph.create()
    assert bool(graph.view(start, end, prefer='outlook.timezone="Pacific Standard Time"')) is found


def test_all_day_events_are_matched_as_utc_midnight_to_midnight(graph: Harness) -> None:
    day = moment("2026-08-10T00:00:00", "Pacific Standard Time")
    end = moment("2026-08-11T00:00:00", "Pacific Standard Time")
    graph.create(isAllDay=True, start=day, end=end)
    assert graph.view("2026-08-10T00:00:00Z", "2026-08-10T00:01:00Z")
    assert graph.view("2026-08-10T23:59:00Z", "2026-08-11T12:00:00Z")
    assert not graph.view("2026-08-11T00:00:00Z", "2026-08-12T00:00:00Z")
    assert not graph.view("2026-08-09T00:00:00Z", "2026-08-10T00:00:00Z")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "ErrorInvalidRequest"),
        ({"startDateTime": "2026-08-01"}, "ErrorInvalidRequest"),
        ({"startDateTime": "2026-08-01", "endDateTime": "soon"}, "BadRequest"),
        ({"startDateTime": "2026-08-01T00:00:00 02:00", "endDateTime": "2026-09-01"}, "BadRequest"),
        ({"startDateTime": "2026-08-02", "endDateTime": "2026-08-01"}, "ErrorInvalidParameter"),
        ({"startDateTime": "2026-08-01", "endDateTime": "2031-08-01"}, "ErrorInvalidRequest"),
    ],
)
def test_windows_that_are_refused(graph: Harness, query: dict[str, Any], code: str) -> None:
    for path in ("calendarView", "calendarView/delta"):
        reply = graph.call("GET", path, **query)
        assert (reply.status, reply.code) == (400, code)


def test_the_longest_window_is_1825_days(graph: Harness) -> None:
    assert graph.view("2026-08-01", "2031-07-31") == []
    reply = graph.call("GET", "calendarView", startDateTime="2026-08-01", endDateTime="2031-08-01")
    assert "Maximum number of days: 1825" in reply.message


def test_a_view_pages_and_sorts_by_start(graph: Harness) -> None:
    graph.create(subject="single", start=moment("2026-08-03T08:00:00"), end=moment("2026-08-03T08:30:00"))
    graph.create(**weekly("monday", "tuesday", "wednesday", "thursday", "friday"))
    query: dict[str, Any] = {
        "startDateTime": "2026-08-01",
        "endDateTime": "2026-08-22",
        "select": "start,lastModifiedDateTime",
    }
    reply = graph.call("GET", "calendarView", **query)
    rows = reply.value
    assert len(rows) == 10
    rows += graph.follow(reply.json["@odata.nextLink"]).value
    starts = [row["start"]["dateTime"] for row in rows]
    assert len(starts) == 16
    assert starts == sorted(starts)
    assert starts[0].startswith("2026-08-03T06:00")
    assert "lastModifiedDateTime" not in rows[0]

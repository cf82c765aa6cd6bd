"""The local Graph: delta rounds over a frozen window (facts §3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.calendar_harness import AMSTERDAM, Harness, moment, weekly
from tests.sandbox.graph.changelog import ChangeLog
from tests.sandbox.graph.quirks import Quirks

STUB = {"@odata.type", "@odata.etag", "id", "seriesMasterId", "type", "start", "end"}


@pytest.fixture
def graph() -> Harness:
    return Harness()


def kinds(items: list[dict[str, Any]]) -> list[str]:
    """What the items of a round are."""
    return ["removed" if "@removed" in item else str(item["type"]) for item in items]


def test_the_first_round_brings_everything_in_the_window(graph: Harness) -> None:
    single = graph.create()
    graph.create(start=moment("2026-09-04T14:00:00"), end=moment("2026-09-04T15:00:00"))
    master = graph.create(**weekly())
    items, link = graph.round()
    assert kinds(items) == ["singleInstance", "seriesMaster", *["occurrence"] * 5]
    assert {k: v for k, v in items[0].items() if k != "@odata.type"} == {
        k: v for k, v in single.items() if k != "@odata.context"
    }
    assert next(iter(items[0])) == "@odata.type"
    assert items[1]["id"] == master["id"]
    assert all(item.keys() == STUB for item in items[2:])
    assert "deltatoken=" in link


def test_a_master_comes_although_its_first_occurrence_lies_before_the_window(graph: Harness) -> None:
    graph.create(**weekly())
    items, _ = graph.round(start="2026-08-20", end="2026-09-01")
    assert kinds(items) == ["seriesMaster", "occurrence", "occurrence"]
    assert items[0]["start"]["dateTime"].startswith("2026-08-03")


@pytest.mark.parametrize(("told", "found"), [(False, []), (True, ["removed"])])
def test_deleted_events_in_a_first_round(told: bool, found: list[str]) -> None:
    graph = Harness(Quirks(removed_in_first_round=told))
    graph.call("DELETE", f"events/{graph.create()['id']}")
    assert kinds(graph.round()[0]) == found


def test_a_round_without_changes_is_empty_and_ends_in_a_new_link(graph: Harness) -> None:
    graph.create()
    _, first = graph.round()
    items, second = graph.round(first)
    assert (items, second != first) == ([], True)


def test_created_changed_and_deleted_events_come_once(graph: Harness) -> None:
    kept, gone = graph.create(subject="kept"), graph.create(subject="gone")
    _, link = graph.round()
    graph.patch(kept["id"], subject="1")
    graph.patch(kept["id"], subject="2")
    graph.call("DELETE", f"events/{gone['id']}")
    graph.create(subject="new")
    items, link = graph.round(link)
    assert [item.get("subject") for item in items] == ["2", None, "new"]
    assert items[1] == {
        "@odata.type": "#microsoft.graph.event",
        "id": gone["id"],
        "@removed": {"reason": "deleted"},
    }
    assert graph.round(link)[0] == []


@pytest.mark.parametrize("reason", ["deleted", "changed"])
def test_changes_outside_the_window_come_as_removed(reason: Any) -> None:
    graph = Harness(Quirks(removed_reason_outside_window=reason))
    inside = graph.create()
    _, link = graph.round()
    outside = graph.create(start=moment("2026-09-04T14:00:00"), end=moment("2026-09-04T15:00:00"))
    graph.patch(inside["id"], start=moment("2026-09-04T14:00:00"), end=moment("2026-09-04T15:00:00"))
    items, _ = graph.round(link)
    assert [(item["id"], item["@removed"]["reason"]) for item in items] == [
        (outside["id"], reason),
        (inside["id"], reason),
    ]


def test_the_window_is_frozen_in_the_link(graph: Harness) -> None:
    _, link = graph.round()
    graph.advance(days=60)
    created = graph.create()
    graph.create(start=moment("2026-10-04T14:00:00"), end=moment("2026-10-04T15:00:00"))
    items, _ = graph.round(link)
    assert [item["id"] for item in items if "@removed" not in item] == [created["id"]]


def test_any_change_to_a_series_sends_it_whole(graph: Harness) -> None:
    master = graph.create(**weekly())
    first, link = graph.round()
    graph.patch(master["id"], subject="x")
    second, _ = graph.round(link)
    assert kinds(second) == kinds(first)
    for before, after in zip(first, second, strict=True):
        assert before["id"] == after["id"]
        assert before["@odata.etag"] != after["@odata.etag"]


def test_a_deleted_occurrence_is_simply_missing(graph: Harness) -> None:
    """B8: no tombstone is sent for it."""
    graph.create(**weekly())
    _, link = graph.round()
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    graph.call("DELETE", f"events/{occurrence['id']}")
    items, _ = graph.round(link)
    assert kinds(items) == ["seriesMaster", *["occurrence"] * 4]
    assert occurrence["id"] not in [item["id"] for item in items]


def test_an_exception_comes_in_full_with_the_id_of_its_occurrence(graph: Harness) -> None:
    master = graph.create(**weekly())
    first, link = graph.round()
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    graph.patch(occurrence["id"], subject="Moved")
    items, _ = graph.round(link)
    assert kinds(items) == ["seriesMaster", "occurrence", "exception", *["occurrence"] * 3]
    exception = items[2]
    assert [item["id"] for item in items] == [item["id"] for item in first]
    assert exception["occurrenceId"] == f"OID.{master['id']}.2026-08-10"
    assert "originalStart" not in exception
    assert (exception["subject"], exception["recurrence"]) == ("Moved", None)


def test_a_deleted_series_is_one_tombstone_without_a_type(graph: Harness) -> None:
    master = graph.create(**weekly())
    _, link = graph.round()
    graph.call("DELETE", f"events/{master['id']}")
    items, _ = graph.round(link)
    assert kinds(items) == ["removed"]
    assert items[0]["id"] == master["id"]


def test_a_series_that_leaves_the_window_is_removed(graph: Harness) -> None:
    master = graph.create(**weekly())
    _, link = graph.round(start="2026-09-01", end="2026-10-01")
    recurrence = master["recurrence"]
    recurrence["range"]["endDate"] = "2026-08-20"
    graph.patch(master["id"], recurrence=recurrence)
    assert kinds(graph.round(link)[0]) == ["removed"]


@pytest.mark.parametrize(("size", "pages"), [(1, 7), (3, 3), (7, 1), (100, 1)])
def test_pages_have_the_preferred_size(graph: Harness, size: int, pages: int) -> None:
    for number in range(7):
        graph.create(subject=str(number))
    prefer = f"odata.maxpagesize={size}"
    seen, count = [], 1
    reply = graph.call(
        "GET", "calendarView/delta", prefer=prefer, startDateTime="2026-08-01", endDateTime="2026-09-01"
    )
    assert reply.headers["preference-applied"] == f"odata.maxpagesize={size}, odata.track-changes"
    while "@odata.nextLink" in reply.json:
        assert "@odata.deltaLink" not in reply.json
        seen += reply.value
        reply = graph.follow(reply.json["@odata.nextLink"], prefer=prefer)
        count += 1
    seen += reply.value
    assert ([item["subject"] for item in seen], count) == (list("0123456"), pages)


def test_pages_of_fifty_without_a_preference(graph: Harness) -> None:
    for _ in range(51):
        graph.create()
    reply = graph.call("GET", "calendarView/delta", startDateTime="2026-08-01", endDateTime="2026-09-01")
    assert len(reply.value) == 50


def test_a_series_is_not_split_over_pages(graph: Harness) -> None:
    graph.create(**weekly())
    graph.create()
    reply = graph.call(
        "GET",
        "calendarView/delta",
        prefer="odata.maxpagesize=2",
        startDateTime="2026-08-01",
        endDateTime="2026-09-01",
    )
    assert len(reply.value) == 6
    assert "@odata.nextLink" in reply.json


def test_a_page_may_be_empty_and_still_have_a_next_link() -> None:
    graph = Harness(Quirks(delta_scan=2))
    for _ in range(4):
        graph.create(start=moment("2026-12-04T14:00:00"), end=moment("2026-12-04T15:00:00"))
    graph.create()
    reply = graph.call("GET", "calendarView/delta", startDateTime="2026-08-01", endDateTime="2026-09-01")
    assert (reply.value, "@odata.nextLink" in reply.json) == ([], True)
    assert kinds(graph.round()[0]) == ["singleInstance"]


def test_what_changes_between_two_pages_is_not_lost(graph: Harness) -> None:
    events = [graph.create(subject=str(number)) for number in range(4)]
    prefer = "odata.maxpagesize=2"
    reply = graph.call(
        "GET", "calendarView/delta", prefer=prefer, startDateTime="2026-08-01", endDateTime="2026-09-01"
    )
    graph.patch(events[0]["id"], subject="changed")
    graph.patch(events[3]["id"], subject="also")
    graph.call("DELETE", f"events/{events[2]['id']}")
    items = reply.value
    rest, link = graph.round(reply.json["@odata.nextLink"], prefer=prefer)
    items += rest + graph.round(link)[0]
    state: dict[str, Any] = {}
    for item in items:
        state[item["id"]] = None if "@removed" in item else item["subject"]
    assert sorted(filter(None, state.values())) == ["1", "also", "changed"]


def test_preferences_hold_for_one_request_only(graph: Harness) -> None:
    created = graph.create(body={"contentType": "text", "content": "Hi"})
    prefer = f'outlook.timezone="{AMSTERDAM}", outlook.body-content-type="text", IdType="ImmutableId"'
    items, link = graph.round(prefer=prefer)
    assert items[0]["body"] == {"contentType": "text", "content": "Hi"}
    assert items[0]["start"] == {"dateTime": "2026-08-04T14:00:00.0000000", "timeZone": AMSTERDAM}
    assert items[0]["id"].startswith("AAkALg")
    graph.patch(created["id"], subject="x")
    items, link = graph.round(link)
    assert (items[0]["id"], items[0]["start"]["timeZone"]) == (created["id"], "UTC")
    assert items[0]["body"]["contentType"] == "html"
    graph.call("DELETE", f"events/{created['id']}")
    assert graph.round(link, prefer='IdType="ImmutableId"')[0][0]["id"].startswith("AAkALg")


@pytest.mark.parametrize(("quirk", "zone"), [("series", AMSTERDAM), ("prefer", "UTC")])
def test_the_zone_of_bare_occurrences_under_prefer(quirk: Any, zone: str) -> None:
    graph = Harness(Quirks(delta_occurrence_zone=quirk))
    graph.create(**weekly())
    preferred = graph.round(prefer='outlook.timezone="UTC"')[0]
    assert preferred[0]["start"]["timeZone"] == "UTC"
    assert preferred[1]["start"]["timeZone"] == zone
    assert graph.round()[0][1]["start"]["timeZone"] == "UTC"


@pytest.mark.parametrize("option", ["select", "expand", "filter", "orderby", "search", "top"])
def test_query_options_are_refused(graph: Harness, option: str) -> None:
    query: dict[str, Any] = {"startDateTime": "2026-08-01", "endDateTime": "2026-09-01", option: "subject"}
    reply = graph.call("GET", "calendarView/delta", **query)
    assert (reply.status, reply.code) == (400, "ErrorInvalidUrlQuery")


@pytest.mark.parametrize("token", ["x", "abc.def", "", "a.b.c", "AAAA" * 10 + "." + "BBBB" * 6, "ü.ü"])
def test_an_invented_token_is_badly_formed(graph: Harness, token: str) -> None:
    for name in ("deltatoken", "skiptoken"):
        query: dict[str, Any] = {name: token}
        reply = graph.call("GET", "calendarView/delta", **query)
        assert (reply.status, reply.code, reply.message) == (400, "BadRequest", "Badly formed token.")


def test_a_token_of_another_mailbox_is_badly_formed(graph: Harness) -> None:
    _, link = graph.round()
    other = link.replace(graph.ann.id, graph.bob.id)
    assert graph.follow(other).message == "Badly formed token."


def test_an_old_link_is_gone_after_many_newer_rounds() -> None:
    graph = Harness(Quirks(delta_generations=3))
    _, old = graph.round()
    link = old
    for _ in range(2):
        link = graph.round(link)[1]
    assert graph.follow(old).status == 200
    reply = graph.follow(old)
    assert (reply.status, reply.code) == (410, "SyncStateNotFound")
    assert reply.message == "The sync state generation is not found; generation=1;[highest=4][4][3][2]."
    assert graph.follow(link).status == 200


def test_expired_links_are_gone_and_a_new_round_works(graph: Harness) -> None:
    graph.create()
    _, link = graph.round()
    graph.tenant.expire_delta_links(graph.bob.id)
    assert graph.follow(link).status == 200
    graph.tenant.expire_delta_links()
    assert (graph.follow(link).status, graph.follow(link).code) == (410, "SyncStateNotFound")
    assert kinds(graph.round()[0]) == ["singleInstance"]


def test_each_calendar_is_tracked_by_itself(graph: Harness) -> None:
    extra = graph.call("POST", "calendars", {"name": "Extra"}).json["id"]
    window: dict[str, Any] = {"startDateTime": "2026-08-01", "endDateTime": "2026-09-01"}
    reply = graph.call("GET", f"calendars/{extra}/calendarView/delta", **window)
    link = reply.json["@odata.deltaLink"]
    graph.create()
    assert graph.round(link)[0] == []
    payload = {"subject": "x", "start": moment("2026-08-05T14:00:00"), "end": moment("2026-08-05T15:00:00")}
    graph.call("POST", f"calendars/{extra}/events", payload)
    assert kinds(graph.round(link)[0]) == ["singleInstance"]
    assert graph.call("GET", "calendar/calendarView/delta", **window).value[0]["subject"] == "Visit"


def test_young_changes_may_lag() -> None:
    graph = Harness(Quirks(delta_lag=timedelta(seconds=10)))
    graph.create()
    items, link = graph.round()
    assert items == []
    graph.advance(seconds=11)
    assert kinds(graph.round(link)[0]) == ["singleInstance"]


def test_items_may_be_replayed() -> None:
    graph = Harness(Quirks(delta_replay_probability=1.0))
    graph.create()
    assert kinds(graph.round()[0]) == ["singleInstance"] * 2


def test_the_delta_of_events_is_not_to_be_used(graph: Harness) -> None:
    assert graph.call("GET", "events/delta").code == "UnknownError"
    assert graph.call("GET", "events/delta", top="5").code == "ErrorInvalidUrlQuery"
    assert graph.call("POST", "calendarView/delta").status == 405


def test_a_round_looks_only_at_what_changed() -> None:
    log, now = ChangeLog(), Harness().now
    for number in range(1000):
        log.note(number, now)
    seen = log.newest
    for number in (5, 7, 5):
        log.note(number, now)
    log.note(9, now, gone=True)
    assert [(entry.number, entry.gone) for entry in log.between(seen, log.newest)] == [
        (7, False),
        (5, False),
        (9, True),
    ]
    for _ in range(10_000):
        log.note(5, now)
    assert len(list(log.between(0, log.newest))) == 1000
    assert [entry.number for entry in log.between(log.newest - 1, log.newest)] == [5]

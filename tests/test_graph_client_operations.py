"""What each operation of Graph asks for, and what it makes of the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests_mock

from actors.clients.errors import Conflict, DuplicateTransaction, Malformed, NotFound, Rejected, Unavailable
from actors.clients.graph.directory import DirectoryUser, FindUser
from actors.clients.graph.operations import (
    CreateEvent,
    FindLinked,
    PatchEvent,
    ReadDelta,
    ReadSeries,
    ReadWindow,
    RemoveEvent,
)
from actors.clients.graph.subscriptions import (
    CreateSubscription,
    ListSubscriptions,
    ReauthorizeSubscription,
    RemoveSubscription,
    RenewSubscription,
)
from models.content import Importance, ShowAs
from models.event import EventDetail
from models.ids import LINK_PROPERTY_ID, Etag
from models.when import AllDay, Timed
from models.writes import EventPatch
from tests.clients_kit import (
    ANNA,
    BUSY_AND_NORMAL,
    EVERYTHING,
    GRAPH,
    MONDAY,
    WINDOW,
    draft,
    drive,
    event_json,
    graph_wire,
    id_of,
)

EVENTS_URL = f"{GRAPH}/users/anna/events"
EVENT_URL = f"{EVENTS_URL}/E1"
GONE = {"error": {"code": "ErrorItemNotFound", "message": "x"}}
REFUSED = {"error": {"code": "ErrorInvalidRequest", "message": "x"}}


@pytest.fixture
def http() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def sent(http: requests_mock.Mocker, number: int = 0) -> Any:
    return json.loads(http.request_history[number].text)


def patch(http: requests_mock.Mocker, change: EventPatch) -> Any:
    """The body that a change sends."""
    http.patch(EVENT_URL, json=event_json())
    drive(
        PatchEvent(mailbox=ANNA, event_id=id_of("E1"), judge=EVERYTHING, patch=change).steps(), graph_wire()
    )
    return sent(http)


def test_a1_a_new_event_mails_nobody_and_can_be_found_again(http: requests_mock.Mocker) -> None:
    http.post(EVENTS_URL, status_code=201, json=event_json())
    new = replace(draft(), location="Site 4", reminder_minutes=30, categories=("SERVICE",))
    drive(CreateEvent(mailbox=ANNA, draft=new, judge=EVERYTHING).steps(), graph_wire())
    assert sent(http) == {
        "subject": "Install boiler",
        "body": {"contentType": "html", "content": "<p>bring the ladder</p>"},
        "start": {"dateTime": "2026-11-24T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-24T10:00:00", "timeZone": "UTC"},
        "isAllDay": False,
        "importance": "normal",
        "categories": ["SERVICE"],
        "showAs": "busy",
        "location": {"displayName": "Site 4"},
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 30,
        "transactionId": new.transaction_id,
        "singleValueExtendedProperties": [{"id": LINK_PROPERTY_ID, "value": "g/R"}],
    }


NOON = "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("made", "headers", "is_read"),
    [
        ("2026-11-23T11:59:59.7Z", {"Date": NOON}, False),
        ("2026-11-23T12:00:07Z", {"Date": NOON}, False),
        ("2026-11-23T11:59:40Z", {"Date": NOON}, True),
        ("2026-01-01T00:00:00Z", {"Date": NOON}, True),
        ("2026-01-01T00:00:00Z", {}, False),
        ("2026-01-01T00:00:00Z", {"Date": "yesterday"}, False),
        ("soon", {"Date": NOON}, False),
        (None, {"Date": NOON}, False),
    ],
)
def test_d2_an_event_that_is_older_than_its_creation_is_read_before_it_is_believed(
    http: requests_mock.Mocker, made: str | None, headers: dict[str, str], is_read: bool
) -> None:
    """D2: Graph answers a transaction id that it knows with what that once made, which may have changed."""
    answered = event_json(createdDateTime=made, subject="As it was made")
    http.post(EVENTS_URL, status_code=201, json=answered, headers=headers)
    http.get(EVENT_URL, json=event_json(subject="As it is"))
    event = drive(CreateEvent(mailbox=ANNA, draft=draft(), judge=EVERYTHING).steps(), graph_wire())
    assert event.detail.subject == ("As it is" if is_read else "As it was made")
    assert len(http.request_history) == 1 + is_read


def test_d2_an_event_that_is_remembered_and_gone_was_not_created(http: requests_mock.Mocker) -> None:
    """D2: whether Graph forgets the ids of deleted events is unknown (facts, Graph §12)."""
    answered = event_json(createdDateTime="2026-11-22T12:00:00Z")
    http.post(EVENTS_URL, status_code=201, json=answered, headers={"Date": NOON})
    http.get(EVENT_URL, status_code=404, json={"error": {"code": "ErrorItemNotFound", "message": "gone"}})
    with pytest.raises(DuplicateTransaction):
        drive(CreateEvent(mailbox=ANNA, draft=draft(), judge=EVERYTHING).steps(), graph_wire())


def test_a_new_event_without_a_reminder_or_place_leaves_both_to_outlook(http: requests_mock.Mocker) -> None:
    http.post(EVENTS_URL, status_code=201, json=event_json())
    drive(CreateEvent(mailbox=ANNA, draft=draft(), judge=EVERYTHING).steps(), graph_wire())
    assert not {"location", "isReminderOn", "reminderMinutesBeforeStart", "attendees"} & set(sent(http))


def test_a_new_all_day_event_is_midnights(http: requests_mock.Mocker) -> None:
    http.post(EVENTS_URL, status_code=201, json=event_json())
    new = replace(draft(), when=AllDay(first=date(2026, 11, 24), until=date(2026, 11, 26)))
    drive(CreateEvent(mailbox=ANNA, draft=new, judge=EVERYTHING).steps(), graph_wire())
    assert sent(http)["isAllDay"] is True
    assert sent(http)["start"] == {"dateTime": "2026-11-24T00:00:00", "timeZone": "UTC"}
    assert sent(http)["end"] == {"dateTime": "2026-11-26T00:00:00", "timeZone": "UTC"}


def test_the_words_of_an_event_that_was_just_created_are_the_board_s(http: requests_mock.Mocker) -> None:
    http.post(EVENTS_URL, status_code=201, json=event_json(showAs="free"))
    event = drive(CreateEvent(mailbox=ANNA, draft=draft(), judge=BUSY_AND_NORMAL).steps(), graph_wire())
    assert event.detail is not None


@pytest.mark.parametrize(
    ("change", "body"),
    [
        (EventPatch(subject="New"), {"subject": "New"}),
        (EventPatch(subject=""), {"subject": ""}),
        (EventPatch(body_html="<p>x</p>"), {"body": {"contentType": "html", "content": "<p>x</p>"}}),
        (EventPatch(importance=Importance.HIGH), {"importance": "high"}),
        (EventPatch(categories=()), {"categories": []}),
        (EventPatch(location="Here"), {"location": {"displayName": "Here"}}),
        (EventPatch(show_as=ShowAs.WORKING_ELSEWHERE), {"showAs": "workingElsewhere"}),
        (
            EventPatch(link_value="g/R"),
            {"singleValueExtendedProperties": [{"id": LINK_PROPERTY_ID, "value": "g/R"}]},
        ),
    ],
)
def test_a3_a_change_sends_only_the_members_that_changed(
    http: requests_mock.Mocker, change: EventPatch, body: dict[str, Any]
) -> None:
    assert patch(http, change) == body


def test_a3_a_new_end_does_not_send_the_start(http: requests_mock.Mocker) -> None:
    when = Timed(start=MONDAY, end=MONDAY + timedelta(hours=2))
    change = EventPatch(when=when, start_changed=False, all_day_changed=False)
    assert patch(http, change) == {"end": {"dateTime": "2026-11-23T11:00:00", "timeZone": "UTC"}}


def change(etag: str | None = 'W/"1"', **members: Any) -> PatchEvent:
    return PatchEvent(
        mailbox=ANNA,
        event_id=id_of("E1"),
        judge=BUSY_AND_NORMAL,
        etag=None if etag is None else Etag(etag),
        patch=EventPatch(subject="New"),
        **members,
    )


def test_a3_a_change_is_made_under_the_version_it_was_decided_for(http: requests_mock.Mocker) -> None:
    http.patch(EVENT_URL, json=event_json(**{"@odata.etag": 'W/"2"'}))
    event = drive(change().steps(), graph_wire())
    assert http.request_history[0].headers["If-Match"] == 'W/"1"'
    assert event.head.etag == 'W/"2"'


def test_a4_a_change_of_another_version_is_a_conflict(http: requests_mock.Mocker) -> None:
    http.patch(EVENT_URL, status_code=412, json={"error": {"code": "ErrorIrresolvableConflict"}})
    with pytest.raises(Conflict):
        drive(change().steps(), graph_wire())


def louder(detail: EventDetail) -> EventPatch:
    """A rewrite that needs the words."""
    return EventPatch(body_html=detail.body_html.upper())


def test_a_rewrite_sees_the_words_of_an_event_and_its_change_goes_with_the_rest(
    http: requests_mock.Mocker,
) -> None:
    http.get(EVENT_URL, json=event_json(sensitivity="private"))
    http.patch(EVENT_URL, json=event_json(sensitivity="private"))
    event = drive(change(rewrite=louder).steps(), graph_wire())
    assert sent(http, 1) == {"subject": "New", "body": {"contentType": "html", "content": "<P>FLOOR 3</P>"}}
    assert http.request_history[1].headers["If-Match"] == 'W/"1"'
    assert event.detail is None, "the words of a private event do not leave the client"


def test_a_rewrite_without_a_version_is_made_under_the_version_that_was_read(
    http: requests_mock.Mocker,
) -> None:
    http.get(EVENT_URL, json=event_json(**{"@odata.etag": 'W/"9"'}))
    http.patch(EVENT_URL, json=event_json())
    drive(change(None, rewrite=louder).steps(), graph_wire())
    assert http.request_history[1].headers["If-Match"] == 'W/"9"'


def test_a4_a_rewrite_of_another_version_is_a_conflict_and_writes_nothing(http: requests_mock.Mocker) -> None:
    http.get(EVENT_URL, json=event_json(**{"@odata.etag": 'W/"2"'}))
    with pytest.raises(Conflict):
        drive(change(rewrite=louder).steps(), graph_wire())
    assert [request.method for request in http.request_history] == ["GET"]


def test_a_rewrite_that_comes_to_nothing_writes_nothing(http: requests_mock.Mocker) -> None:
    http.get(EVENT_URL, json=event_json())
    operation = replace(change(rewrite=lambda _: EventPatch()), patch=EventPatch())
    event = drive(operation.steps(), graph_wire())
    assert [request.method for request in http.request_history] == ["GET"]
    assert event.head.id == "E1"


@pytest.mark.parametrize("status", [404, 410])
def test_an_event_that_is_gone_already_has_been_removed(http: requests_mock.Mocker, status: int) -> None:
    http.delete(EVENT_URL, status_code=status, json=GONE)
    assert drive(RemoveEvent(mailbox=ANNA, event_id=id_of("E1")).steps(), graph_wire()) is None


def test_a_refused_deletion_of_an_event_that_is_gone_is_success(http: requests_mock.Mocker) -> None:
    http.delete(EVENT_URL, status_code=400, json=REFUSED)
    http.get(EVENT_URL, status_code=404, json=GONE)
    assert drive(RemoveEvent(mailbox=ANNA, event_id=id_of("E1")).steps(), graph_wire()) is None


def test_a_refused_deletion_of_an_event_that_is_there_is_refused(http: requests_mock.Mocker) -> None:
    http.delete(EVENT_URL, status_code=400, json=REFUSED)
    http.get(EVENT_URL, json={"id": "E1"})
    with pytest.raises(Rejected):
        drive(RemoveEvent(mailbox=ANNA, event_id=id_of("E1")).steps(), graph_wire())


def test_a_deletion_of_another_version_is_a_conflict(http: requests_mock.Mocker) -> None:
    http.delete(EVENT_URL, status_code=412, json={"error": {"code": "ErrorIrresolvableConflict"}})
    with pytest.raises(Conflict):
        drive(RemoveEvent(mailbox=ANNA, event_id=id_of("E1"), etag=Etag('W/"1"')).steps(), graph_wire())


def test_a_window_is_read_page_by_page_with_the_same_preferences(http: requests_mock.Mocker) -> None:
    http.get(
        f"{GRAPH}/users/anna/calendarView",
        [
            {
                "json": {
                    "value": [event_json("E1")],
                    "@odata.nextLink": f"{GRAPH}/users/anna/calendarView?$skip=1",
                }
            },
            {"json": {"value": [event_json("E2"), event_json("E1")]}},
        ],
    )
    listing = drive(ReadWindow(mailbox=ANNA, window=WINDOW, judge=EVERYTHING).steps(), graph_wire())
    assert [event.head.id for event in listing.events] == ["E1", "E2"]
    first, second = http.request_history
    assert first.qs["startdatetime"] == ["2026-11-08t00:00:00z"], "a day wider than the window"
    assert first.headers["Prefer"] == second.headers["Prefer"]


@pytest.mark.parametrize("failure", [{"status_code": 503}, {"json": {}}, {"json": {"value": [None]}}])
def test_c11_a_window_one_of_whose_pages_fails_is_an_error_and_no_short_listing(
    http: requests_mock.Mocker, failure: dict[str, Any]
) -> None:
    first = {"value": [event_json("E1")], "@odata.nextLink": f"{GRAPH}/users/anna/calendarView?$skip=1"}
    http.get(f"{GRAPH}/users/anna/calendarView", [{"json": first}, failure])
    with pytest.raises((Malformed, Unavailable)):
        drive(ReadWindow(mailbox=ANNA, window=WINDOW, judge=EVERYTHING).steps(), graph_wire())


def test_pages_that_lead_in_a_circle_end(http: requests_mock.Mocker) -> None:
    circle = {"value": [], "@odata.nextLink": f"{GRAPH}/users/anna/calendarView?$skip=1"}
    http.get(f"{GRAPH}/users/anna/calendarView", json=circle)
    with pytest.raises(Malformed):
        drive(ReadWindow(mailbox=ANNA, window=WINDOW, judge=EVERYTHING).steps(), graph_wire())


def test_a_delta_round_goes_on_along_its_links(http: requests_mock.Mocker) -> None:
    next_link = f"{GRAPH}/users/anna/calendarView/delta?$skiptoken=s"
    delta_link = f"{GRAPH}/users/anna/calendarView/delta?$deltatoken=d"
    http.get(
        f"{GRAPH}/users/anna/calendarView/delta",
        [
            {"json": {"value": [event_json("E1")], "@odata.nextLink": next_link}},
            {"json": {"value": [], "@odata.deltaLink": delta_link}},
        ],
    )
    first = drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, window=WINDOW).steps(), graph_wire())
    assert (first.next_link, first.delta_link) == (next_link, "")
    second = drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, link=first.next_link).steps(), graph_wire())
    assert (second.next_link, second.delta_link) == ("", delta_link)
    assert "$select" not in http.request_history[0].url
    for request in http.request_history:
        assert "odata.maxpagesize=" in request.headers["Prefer"]
        assert 'IdType="ImmutableId"' in request.headers["Prefer"]


def test_a_series_is_read_with_its_occurrences(http: requests_mock.Mocker) -> None:
    master = event_json("M1", type="seriesMaster")
    part = event_json("O1", type="occurrence", seriesMasterId="M1")
    http.get(f"{EVENTS_URL}/M1", json=master)
    http.get(f"{EVENTS_URL}/M1/instances", json={"value": [part]})
    series = drive(
        ReadSeries(mailbox=ANNA, master_id=id_of("M1"), window=WINDOW, judge=EVERYTHING).steps(), graph_wire()
    )
    assert [one.head.key for one in series.occurrences] == ["M1/2026-11-24"]


def test_d5_a_series_whose_master_is_gone_is_not_found(http: requests_mock.Mocker) -> None:
    http.get(f"{EVENTS_URL}/M1", status_code=404, json=GONE)
    with pytest.raises(NotFound):
        drive(
            ReadSeries(mailbox=ANNA, master_id=id_of("M1"), window=WINDOW, judge=EVERYTHING).steps(),
            graph_wire(),
        )


def linked(id_: str, value: str, **members: Any) -> dict[str, Any]:
    properties = [{"id": LINK_PROPERTY_ID.replace("5b0c2a36", "5B0C2A36"), "value": value}]
    return event_json(id_, singleValueExtendedProperties=properties, **members)


def test_events_are_found_by_their_link_property(http: requests_mock.Mocker) -> None:
    found = [linked("E1", "g/R'1", createdDateTime="2026-11-01T08:00:00.1234567Z"), linked("E2", "G/R'1")]
    http.get(EVENTS_URL, json={"value": [*found, event_json("E3")]})
    [event] = drive(FindLinked(mailbox=ANNA, judge=EVERYTHING, value="g/R'1").steps(), graph_wire())
    assert (event.id, event.etag, event.link_value) == ("E1", 'W/"1"', "g/R'1")
    assert event.created_at == datetime(2026, 11, 1, 8, 0, 0, 123456, tzinfo=UTC)
    query = http.request_history[0].qs
    assert f"ep/id eq '{LINK_PROPERTY_ID.lower()}' and ep/value eq 'g/r''1'" in query["$filter"][0]
    assert LINK_PROPERTY_ID.lower() in query["$expand"][0]


def test_every_event_with_a_link_property_is_found_on_all_pages(http: requests_mock.Mocker) -> None:
    http.get(
        EVENTS_URL,
        [
            {"json": {"value": [linked("E1", "a/R")], "@odata.nextLink": f"{EVENTS_URL}?$skip=1"}},
            {"json": {"value": [linked("E2", "b/R", sensitivity="private")]}},
        ],
    )
    events = drive(FindLinked(mailbox=ANNA, judge=BUSY_AND_NORMAL).steps(), graph_wire())
    assert [(event.id, event.event.detail is None) for event in events] == [("E1", False), ("E2", True)]


def test_a_user_is_found_by_its_other_addresses_as_well(http: requests_mock.Mocker) -> None:
    user = {"id": "u1", "mail": "ann@x.test", "userPrincipalName": "a.smith@x.test"}
    http.get(
        f"{GRAPH}/users", [{"json": {"value": []}}, {"json": {"value": []}}, {"json": {"value": [user]}}]
    )
    found = drive(FindUser(email="o'neil@x.test").steps(), graph_wire())
    assert found == DirectoryUser(id=found.id, email="ann@x.test")
    filters = [request.qs["$filter"][0] for request in http.request_history]
    assert filters == [
        "mail eq 'o''neil@x.test'",
        "userprincipalname eq 'o''neil@x.test'",
        "proxyaddresses/any(p:p eq 'smtp:o''neil@x.test')",
    ]


@pytest.mark.parametrize("users", [[], [{"id": "u1", "mail": "a@x"}, {"id": "u2", "mail": "a@x"}]])
def test_a9_an_address_that_nobody_has_or_two_share_is_nobody_s(
    http: requests_mock.Mocker, users: list[dict[str, str]]
) -> None:
    http.get(f"{GRAPH}/users", json={"value": users})
    assert drive(FindUser(email="a@x").steps(), graph_wire()) is None


def test_c11_a_directory_that_answers_nonsense_does_not_say_that_nobody_is_there(
    http: requests_mock.Mocker,
) -> None:
    http.get(f"{GRAPH}/users", json={"users": []})
    with pytest.raises(Malformed):
        drive(FindUser(email="a@x").steps(), graph_wire())


SUBSCRIPTION = {
    "id": "s1",
    "resource": "users/anna/events",
    "notificationUrl": "https://h/notify",
    "expirationDateTime": "2026-11-29T00:00:00.0000000Z",
    "clientState": None,
}


def test_d6_a_subscription_is_made_renewed_reauthorised_and_removed(http: requests_mock.Mocker) -> None:
    url = f"{GRAPH}/subscriptions"
    http.post(url, status_code=201, json=SUBSCRIPTION)
    http.patch(f"{url}/s1", json=SUBSCRIPTION)
    http.post(f"{url}/s1/reauthorize", status_code=204)
    http.delete(f"{url}/s1", status_code=404, json=GONE)
    wire = graph_wire()
    create = CreateSubscription(
        user=ANNA,
        notification_url="https://h/notify",
        lifecycle_url="https://h/life",
        client_state="secret-1",
        expires_at=MONDAY + timedelta(days=6),
    )
    made = drive(create.steps(), wire)
    assert (made.id, made.expires_at) == ("s1", datetime(2026, 11, 29, tzinfo=UTC))
    assert sent(http) == {
        "changeType": "created,updated,deleted",
        "notificationUrl": "https://h/notify",
        "lifecycleNotificationUrl": "https://h/life",
        "resource": "users/anna/events",
        "expirationDateTime": "2026-11-29T09:00:00Z",
        "clientState": "secret-1",
        "latestSupportedTlsVersion": "v1_2",
    }
    assert "secret-1" not in repr(create)
    drive(RenewSubscription(subscription_id="s1", expires_at=MONDAY).steps(), wire)
    drive(ReauthorizeSubscription(subscription_id="s1").steps(), wire)
    assert http.request_history[-1].headers["Content-Length"] == "0", "without it Graph answers 411"
    drive(RemoveSubscription(subscription_id="s1").steps(), wire)
    assert all('IdType="ImmutableId"' in request.headers["Prefer"] for request in http.request_history)


def test_all_subscriptions_are_listed(http: requests_mock.Mocker) -> None:
    url = f"{GRAPH}/subscriptions"
    pages: list[dict[str, Any]] = [
        {"json": {"value": [SUBSCRIPTION], "@odata.nextLink": f"{url}?$skiptoken=1"}},
        {"json": {"value": [SUBSCRIPTION | {"id": "s2", "expirationDateTime": None}]}},
    ]
    http.get(url, pages)
    first, second = drive(ListSubscriptions().steps(), graph_wire())
    assert (first.id, second.id, second.expires_at) == ("s1", "s2", None)

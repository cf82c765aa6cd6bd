"""Subscriptions of the local Graph: the handshake, lifetimes, notifications, lifecycle events."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.faults import Kind
from tests.sandbox.wire import Delivery, Response
from tests.sandbox_kit import START, Kit, answer_calls

NOTIFY = "https://connector.test/hooks/graph"
LIFECYCLE = "https://connector.test/hooks/graph/lifecycle"
ACCEPTED = Response(status=202)


@pytest.fixture
def kit() -> Kit:
    """A tenant with two people whose notifications go out at once."""
    kit = Kit.open()
    kit.services.graph.subscriptions.notifier.collect_seconds = 0
    return kit


def echo(delivery: Delivery) -> Response | None:
    """An endpoint that answers the handshake as it should."""
    token = parse_qs(urlsplit(delivery.url).query)["validationToken"][0]
    return Response(status=200, headers={"content-type": "text/plain"}, body=token.encode())


def in_minutes(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def content(kit: Kit, **changes: Any) -> dict[str, Any]:
    wanted = {
        "changeType": "created,updated,deleted",
        "notificationUrl": NOTIFY,
        "resource": f"users/{kit.anna.id}/events",
        "expirationDateTime": in_minutes(4000),
        "clientState": "secret",
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def subscribe(
    kit: Kit,
    answer: Callable[[Delivery], Response | None] = echo,
    headers: dict[str, str] | None = None,
    **changes: Any,
) -> Response:
    request = kit.request("POST", "/subscriptions", content(kit, **changes), headers)
    return answer_calls(kit.services.handle("graph", request), answer)


def items(kit: Kit) -> list[dict[str, Any]]:
    """Every notification sent so far."""
    return [item for delivery in kit.sent for item in json.loads(delivery.body)["value"]]


def expiry(response: Response) -> datetime:
    return datetime.fromisoformat(response.json()["expirationDateTime"])


# Creation.


def test_a_subscription_is_created_after_both_addresses_proved_themselves(kit: Kit) -> None:
    asked: list[Delivery] = []

    def answer(delivery: Delivery) -> Response | None:
        asked.append(delivery)
        return echo(delivery)

    response = subscribe(kit, answer, lifecycleNotificationUrl=LIFECYCLE)
    assert response.status == 201
    assert [one.url.partition("?")[0] for one in asked] == [NOTIFY, LIFECYCLE]
    assert all(one.headers["content-type"] == "text/plain; charset=utf-8" for one in asked)
    assert all(one.timeout == 10.0 and one.body == b"" for one in asked)
    assert "Validation%3a+Testing+client+application" in asked[0].url
    created = response.json()
    assert created["@odata.context"].endswith("/$metadata#subscriptions/$entity")
    assert created["applicationId"] == kit.services.authority.application.client_id
    assert created["clientState"] == "secret"
    assert kit.ask("GET", f"/subscriptions/{created['id']}").json()["resource"] == content(kit)["resource"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (None, "timed out"),
        (Response(status=403), "must respond with 200 OK"),
        (Response(status=202), "must respond with 200 OK"),
        (Response(status=200, headers={"content-type": "text/plain"}, body=b"no"), "must exactly match"),
    ],
)
def test_an_address_that_fails_the_handshake_gets_no_subscription(
    kit: Kit, reply: Response | None, message: str
) -> None:
    response = subscribe(kit, lambda _: reply)
    assert response.status == 400
    assert response.json()["error"]["code"] == "ValidationError"
    assert message in response.json()["error"]["message"]
    assert kit.ask("GET", "/subscriptions").json()["value"] == []


def test_the_token_must_come_back_as_plain_text(kit: Kit) -> None:
    def as_html(delivery: Delivery) -> Response | None:
        right = echo(delivery)
        assert right is not None
        return Response(status=200, headers={"content-type": "text/html"}, body=right.body)

    assert subscribe(kit, as_html).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"changeType": None},
        {"changeType": "moved"},
        {"resource": None},
        {"resource": "users/x/messages"},
        {"resource": "me/events"},
        {"notificationUrl": "http://connector.test/hooks"},
        {"notificationUrl": "ftp://connector.test/hooks"},
        {"lifecycleNotificationUrl": "http://connector.test/hooks"},
        {"expirationDateTime": "soon"},
        {"expirationDateTime": in_minutes(-1)},
        {"expirationDateTime": in_minutes(10_081)},
        {"clientState": "x" * 129},
        {"latestSupportedTlsVersion": "v9"},
    ],
)
def test_a_wrong_request_is_refused_before_anybody_is_called(kit: Kit, changes: dict[str, Any]) -> None:
    def never(delivery: Delivery) -> Response | None:
        raise AssertionError(f"called {delivery.url}")

    assert subscribe(kit, never, **changes).status == 400


def test_plain_http_is_let_through_to_this_machine_only(kit: Kit) -> None:
    assert subscribe(kit, notificationUrl="http://127.0.0.1:8420/hooks/graph").status == 201


def test_a_lifetime_is_at_most_seven_days_and_at_least_45_minutes(kit: Kit) -> None:
    longest = subscribe(kit, expirationDateTime=in_minutes(10_080))
    assert expiry(longest) == START + timedelta(minutes=10_080)
    shortest = subscribe(kit, resource=f"users/{kit.bram.id}/events", expirationDateTime=in_minutes(1))
    assert expiry(shortest) == START + timedelta(minutes=45)
    too_long = subscribe(kit, expirationDateTime=in_minutes(10_081))
    assert "can only be 10080 minutes in the future" in too_long.json()["error"]["message"]


def test_a_second_subscription_to_the_same_changes_is_a_conflict_unless_configured(kit: Kit) -> None:
    first = subscribe(kit).json()["id"]
    again = subscribe(kit, changeType="deleted,updated,created", resource="/users/anna@contoso.test/events")
    assert again.status == 409
    assert again.json()["error"]["message"] == (
        f"Subscription Id {first} already exists for the requested combination"
    )
    assert subscribe(kit, changeType="created").status == 201
    kit.services.graph.subscriptions.duplicates = 201
    assert subscribe(kit).status == 201


@pytest.mark.parametrize(
    ("problem", "status"),
    [("OnPremises", 403), ("ErrorAccessDenied", 403), ("MailboxNotEnabledForRESTAPI", 404)],
)
def test_a_mailbox_that_cannot_notify_refuses_the_subscription(kit: Kit, problem: str, status: int) -> None:
    kit.anna.mailbox_problem = problem
    response = subscribe(kit)
    assert (response.status, response.json()["error"]["code"]) == (status, "ExtensionError")
    assert response.json()["error"]["message"].startswith("Operation: Create; Exception: [Status Code: ")


def test_a_calendar_that_is_gone_cannot_be_watched(kit: Kit) -> None:
    response = subscribe(kit, resource=f"users/{kit.anna.id}/calendars/gone/events")
    assert "The value of parameter 'Resource' is invalid." in response.json()["error"]["message"]


# Life and death.


def test_a_subscription_is_renewed_and_deleted(kit: Kit) -> None:
    path = f"/subscriptions/{subscribe(kit).json()['id']}"
    renewed = kit.ask("PATCH", path, {"expirationDateTime": in_minutes(9000)})
    assert expiry(renewed) == START + timedelta(minutes=9000)
    assert kit.ask("DELETE", path).status == 204
    for method, body in (
        ("GET", None),
        ("PATCH", {"expirationDateTime": in_minutes(9000)}),
        ("DELETE", None),
    ):
        assert kit.ask(method, path, body).status == 404


def test_a_lifecycle_address_cannot_be_added_later(kit: Kit) -> None:
    path = f"/subscriptions/{subscribe(kit).json()['id']}"
    assert kit.ask("PATCH", path, {"lifecycleNotificationUrl": LIFECYCLE}).status == 400


def test_a_new_address_has_to_prove_itself(kit: Kit) -> None:
    path = f"/subscriptions/{subscribe(kit).json()['id']}"
    request = kit.request("PATCH", path, {"notificationUrl": "https://other.test/hook"})
    assert answer_calls(kit.services.handle("graph", request), lambda _: None).status == 400
    assert kit.ask("GET", path).json()["notificationUrl"] == NOTIFY
    assert answer_calls(kit.services.handle("graph", request), echo).status == 200
    assert kit.ask("GET", path).json()["notificationUrl"] == "https://other.test/hook"


def test_an_expired_subscription_is_gone_and_silent(kit: Kit) -> None:
    path = f"/subscriptions/{subscribe(kit, expirationDateTime=in_minutes(45)).json()['id']}"
    kit.advance(46 * 60)
    kit.token = kit.services.authority.application_token()
    kit.event(kit.anna)
    assert kit.ask("GET", path).status == 404
    assert items(kit) == []


def test_the_list_comes_in_pages_and_takes_no_options(kit: Kit) -> None:
    kit.services.graph.throttle.limits.subscription_writes = 10_000
    for number in range(105):
        user = kit.services.tenant.add_user(f"P {number}", f"p{number}@contoso.test")
        assert subscribe(kit, resource=f"users/{user.id}/events").status == 201
    first = kit.ask("GET", "/subscriptions").json()
    link = urlsplit(first["@odata.nextLink"])
    second = kit.ask("GET", f"/subscriptions?{link.query}").json()
    assert [len(page["value"]) for page in (first, second)] == [100, 5]
    assert "@odata.nextLink" not in second
    assert kit.ask("GET", "/subscriptions?$top=5").status == 400


def test_calls_on_subscriptions_are_limited_per_application(kit: Kit) -> None:
    kit.services.graph.throttle.limits.subscription_reads = 2
    answers = [kit.ask("GET", "/subscriptions") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"]["code"] == "TooManyRequests"


# Notifications.


def test_a_change_is_notified_with_everything_that_a_client_checks(kit: Kit) -> None:
    subscription = subscribe(kit).json()
    event = kit.event(kit.anna)
    [item] = items(kit)
    path = f"Users/{kit.anna.id}/Events/{event['id']}"
    assert item == {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": "2026-11-26T03:40:00.0000000Z",
        "changeType": "created",
        "resource": path,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": path,
            "@odata.etag": event["@odata.etag"],
            "id": event["id"],
        },
        "clientState": "secret",
        "tenantId": kit.services.authority.tenant_id,
    }
    assert kit.sent[0].url == NOTIFY
    assert kit.sent[0].timeout == 3.0


def test_immutable_ids_come_when_the_subscription_was_made_with_them(kit: Kit) -> None:
    subscribe(kit, headers={"prefer": 'IdType="ImmutableId"'})
    event = kit.event(kit.anna)
    [item] = items(kit)
    assert item["resourceData"]["id"] != event["id"]
    immutable = kit.ask("GET", f"/users/{kit.anna.id}/events/{event['id']}", prefer='IdType="ImmutableId"')
    assert item["resourceData"]["id"] == immutable.json()["id"]


def test_only_the_wanted_kinds_of_changes_of_that_mailbox_are_notified(kit: Kit) -> None:
    subscribe(kit, changeType="deleted")
    event = kit.event(kit.anna)["id"]
    kit.event(kit.bram)
    kit.ask("PATCH", f"/users/{kit.anna.id}/events/{event}", {"subject": "Moved"})
    assert items(kit) == []
    kit.ask("DELETE", f"/users/{kit.anna.id}/events/{event}")
    assert [item["changeType"] for item in items(kit)] == ["deleted"]


def test_a_subscription_to_one_calendar_is_silent_about_the_others(kit: Kit) -> None:
    mailbox = kit.services.tenant.mailbox(kit.anna.id)
    other = mailbox.add_calendar("Projects")
    subscribe(kit, resource=f"users/{kit.anna.id}/calendars/{other.id}/events")
    kit.event(kit.anna)
    assert items(kit) == []


def test_changes_that_come_close_together_travel_together(kit: Kit) -> None:
    notifier = kit.services.graph.subscriptions.notifier
    notifier.collect_seconds = 0.5
    subscribe(kit)
    subscribe(kit, resource=f"users/{kit.bram.id}/events")
    kit.event(kit.anna)
    kit.event(kit.bram)
    assert kit.sent == []
    assert kit.services.due() == START + timedelta(seconds=0.5)
    kit.advance(0.5)
    [delivery] = kit.sent
    assert len(json.loads(delivery.body)["value"]) == 2
    assert kit.services.due() is None


def test_a_notification_is_repeated_with_growing_pauses_until_it_is_taken(kit: Kit) -> None:
    subscribe(kit)
    kit.event(kit.anna)
    pauses: list[float] = []
    for status in (500, 503, None):
        kit.services.settled(kit.sent[-1], None if status is None else Response(status=status))
        due = kit.services.due()
        assert due is not None
        pauses.append((due - kit.services.clock.now()).total_seconds())
        kit.advance(pauses[-1])
    assert 7.5 <= pauses[0] < pauses[1] < pauses[2] <= 50
    assert len(kit.sent) == 4
    assert len({delivery.body for delivery in kit.sent}) == 1
    kit.services.settled(kit.sent[-1], ACCEPTED)
    assert kit.services.due() is None
    assert kit.services.graph.subscriptions.notifier.waiting == 0


def test_a_notification_is_given_up_after_four_hours(kit: Kit) -> None:
    subscribe(kit)
    kit.event(kit.anna)
    tries = 0
    while (due := kit.services.due()) is not None or tries == 0:
        if due is not None:
            kit.advance((due - kit.services.clock.now()).total_seconds())
        kit.services.settled(kit.sent[-1], None)
        tries += 1
        assert tries < 200
    assert timedelta(hours=4) <= kit.services.clock.now() - START < timedelta(hours=4, minutes=15)


def test_one_edit_may_be_told_twice_where_so_configured(kit: Kit) -> None:
    kit.services.graph.subscriptions.echo_probability = 1.0
    subscribe(kit)
    kit.event(kit.anna)
    assert len(items(kit)) == 2


# Faults on the way.


def test_notifications_can_be_dropped_doubled_and_delayed(kit: Kit) -> None:
    subscribe(kit)
    faults = kit.services.faults
    faults.add(kind=Kind.DROP_NOTIFICATION, service="graph", times=1)
    kit.event(kit.anna)
    assert kit.sent == []
    assert kit.services.graph.subscriptions.notifier.waiting == 0
    faults.add(kind=Kind.DUPLICATE_NOTIFICATION, mailbox=kit.anna.id, times=1)
    kit.event(kit.anna)
    assert len(kit.sent) == 2
    assert kit.sent[0].body == kit.sent[1].body
    faults.add(kind=Kind.DELAY_NOTIFICATION, seconds=30, times=1)
    kit.event(kit.anna)
    assert len(kit.sent) == 2
    kit.advance(30)
    assert len(kit.sent) == 3


def test_a_fault_for_another_mailbox_leaves_a_notification_alone(kit: Kit) -> None:
    subscribe(kit)
    kit.services.faults.add(kind=Kind.DROP_NOTIFICATION, mailbox=kit.bram.id)
    kit.event(kit.anna)
    assert len(kit.sent) == 1


# Lifecycle.


def test_a_removed_subscription_says_so_once_and_is_gone(kit: Kit) -> None:
    subscription = subscribe(kit, lifecycleNotificationUrl=LIFECYCLE).json()["id"]
    assert kit.services.graph.subscriptions.lifecycle(subscription, "subscriptionRemoved")
    [delivery] = kit.sent
    [item] = json.loads(delivery.body)["value"]
    assert delivery.url == LIFECYCLE
    assert set(item) == {
        "subscriptionId",
        "subscriptionExpirationDateTime",
        "tenantId",
        "clientState",
        "lifecycleEvent",
    }
    assert item["lifecycleEvent"] == "subscriptionRemoved"
    assert kit.ask("GET", f"/subscriptions/{subscription}").status == 404


def test_missed_and_unknown_events_change_nothing(kit: Kit) -> None:
    subscription = subscribe(kit, lifecycleNotificationUrl=LIFECYCLE).json()["id"]
    for event in ("missed", "somethingNew"):
        assert kit.services.graph.subscriptions.lifecycle(subscription, event)
    assert [item["lifecycleEvent"] for item in items(kit)] == ["missed", "somethingNew"]
    assert kit.ask("GET", f"/subscriptions/{subscription}").status == 200


def test_without_reauthorisation_notifications_pause_until_it_is_done(kit: Kit) -> None:
    subscription = subscribe(kit).json()["id"]
    assert kit.services.graph.subscriptions.lifecycle(subscription, "reauthorizationRequired")
    kit.event(kit.anna)
    assert len(items(kit)) == 1
    kit.advance(31 * 60)
    kit.event(kit.anna)
    assert len(items(kit)) == 1
    assert kit.ask("POST", f"/subscriptions/{subscription}/reauthorize").status == 204
    kit.event(kit.anna)
    assert len(items(kit)) == 2

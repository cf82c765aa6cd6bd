"""Graph's hooks and the journal: proven, on disk, acknowledged, then a hint (BEHAVIOUR.md D4, D6, D13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from actors.committing import StoreDesk
from actors.intake import Intake, Lifecycle
from actors.resource.messages import Hint
from models.ids import ResourceNo
from models.storage.records import JournalSource, Trigger
from tests.web_kit import ANNA, BRAM, SECRET_STATE, Office, client, mailbox_of, office

PRIVATE = "Dinner with the lawyer"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.employ(ANNA, BRAM)
        opened.subscribe(ANNA, SECRET_STATE)
        opened.subscribe(BRAM, "state-of-bram")
        opened.intake.replay()
        yield opened


@pytest.fixture
def web(place: Office) -> FlaskClient:
    return client(place)


def item(number: ResourceNo = ANNA, state: str | None = SECRET_STATE, **more: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "subscriptionId": f"sub-{number}",
        "changeType": "updated",
        "resource": "Users/x/Events/e",
        "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "id": "e1"},
    }
    return known | ({} if state is None else {"clientState": state}) | more


def post(web: FlaskClient, *items: dict[str, Any], path: str = "/hooks/graph") -> TestResponse:
    return web.post(path, json={"value": list(items)})


# The handshake


@pytest.mark.parametrize("path", ["/hooks/graph", "/hooks/graph/lifecycle"])
def test_the_validation_token_comes_back_as_plain_text(web: FlaskClient, path: str) -> None:
    token = "Validation: Testing client application reachability for subscription Request-Id: 6f0e"
    answer = web.post(path, query_string={"validationToken": token}, content_type="text/plain; charset=utf-8")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert answer.text == token


def test_a_token_that_is_a_page_comes_back_harmless(web: FlaskClient) -> None:
    answer = web.post("/hooks/graph", query_string={"validationToken": "<script>alert(1)</script>"})
    assert "<" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("token", ["x" * 2_001, "a\r\nSet-Cookie: b=c", "\x00"])
def test_a_token_that_is_none_is_refused(web: FlaskClient, token: str) -> None:
    assert web.post("/hooks/graph", query_string={"validationToken": token}).status_code == 400


# Notifications


def test_a_notification_is_on_disk_before_it_is_acknowledged(place: Office, web: FlaskClient) -> None:
    assert post(web, item()).status_code == 202
    (entry,) = place.store.pending_journal()
    assert (entry.source, entry.kind, entry.mailbox) == (JournalSource.GRAPH, "updated", mailbox_of(ANNA))
    assert entry.received_at == place.runtime.clock.now()
    assert place.hint_of(ANNA) == Hint(outlook=True, trigger=Trigger.NOTIFICATION, journal=(entry.id,))
    assert place.hint_of(BRAM) is None


def test_a_store_that_refuses_is_not_acknowledged_and_wakes_nobody(place: Office, web: FlaskClient) -> None:
    """Graph repeats what is answered 503 for four hours (facts §4.3)."""
    place.store.full = True
    with capture_logs() as logs:
        answer = post(web, item())
    assert answer.status_code == 503
    assert place.hint_of(ANNA) is None
    assert any(line["event"].startswith("hook not acknowledged") for line in logs)
    place.store.full = False
    place.runtime.run_until(place.runtime.clock.now() + timedelta(seconds=2))
    assert post(web, item()).status_code == 202
    assert place.hint_of(ANNA) is not None


def test_a_store_that_has_stopped_is_not_acknowledged(place: Office, web: FlaskClient) -> None:
    place.store_ref.stop()
    assert post(web, item()).status_code == 503


def test_d4_repeated_items_of_a_delivery_are_one_entry_for_each_mailbox(
    place: Office, web: FlaskClient
) -> None:
    """D4: duplicated notifications."""
    items = [item(), item(changeType="created"), item(), item(BRAM, "state-of-bram")]
    assert post(web, *items).status_code == 202
    entries = {entry.mailbox: entry for entry in place.store.pending_journal()}
    assert entries.keys() == {mailbox_of(ANNA), mailbox_of(BRAM)}
    assert entries[mailbox_of(ANNA)].kind == "updated,created"
    assert entries[mailbox_of(ANNA)].event_ids == ("e1",)


def test_d4_repeated_deliveries_are_one_hint(place: Office, web: FlaskClient) -> None:
    """D4: duplicated and reordered notifications end in one look at the mailbox, which finishes them all."""
    for _ in range(3):
        assert post(web, item()).status_code == 202
    hint = place.hint_of(ANNA)
    assert hint is not None
    assert set(hint.journal) == {entry.id for entry in place.store.pending_journal()}
    assert len(hint.journal) == 3
    assert place.hint_of(ANNA) is None


def test_what_no_resource_synchronises_is_done_with(place: Office, web: FlaskClient) -> None:
    gone = ResourceNo("GONE")
    place.subscribe(gone, "state-of-gone")
    assert post(web, item(gone, "state-of-gone")).status_code == 202
    place.runtime.settle()
    assert place.store.pending_journal() == ()


# D13: what is refused


@pytest.mark.parametrize(
    "wrong",
    [
        item(state="guess"),
        item(state=None),
        item(state=""),
        item(subscriptionId="nobody"),
        item(clientState=7),
    ],
)
def test_d13_a_wrong_or_missing_client_state_is_refused(
    place: Office, web: FlaskClient, wrong: dict[str, Any]
) -> None:
    """D13: a notification with a wrong or missing clientState."""
    wrong["resourceData"]["subject"] = PRIVATE
    with capture_logs() as logs:
        answer = post(web, wrong)
    assert answer.status_code == 401
    assert answer.is_json
    assert place.store.pending_journal() == ()
    assert place.hint_of(ANNA) is None
    said = repr(logs) + answer.text
    assert "hook refused" in said
    for content in (PRIVATE, "guess", SECRET_STATE, "nobody", "e1"):
        assert content not in said


def test_a_subscription_without_a_state_accepts_nobody(place: Office, web: FlaskClient) -> None:
    place.subscribe(ANNA, "", id="stateless")
    assert post(web, item(state="", subscriptionId="stateless")).status_code == 401


def test_one_stale_item_does_not_keep_the_others_of_its_delivery_away(
    place: Office, web: FlaskClient
) -> None:
    """Graph repeats a refused delivery as it is: it would never arrive."""
    answer = post(web, item(state="guess"), item(BRAM, "state-of-bram"))
    assert answer.status_code == 202
    assert place.hint_of(ANNA) is None
    assert place.hint_of(BRAM) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"value":[]}',
        b'{"value":{}}',
        b'{"value":["x"]}',
        b'{"value":[{"clientState":"state-of-anna"}]}',
        b'{"value":[{"subscriptionId":7}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_d13_a_malformed_body_is_refused(place: Office, web: FlaskClient, body: bytes) -> None:
    """D13: a malformed body."""
    answer = web.post("/hooks/graph", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.is_json
    assert place.store.pending_journal() == ()


@pytest.mark.parametrize("path", ["/hooks/graph", "/hooks/graph/lifecycle", "/hooks/scheduler/updated"])
def test_d13_an_oversized_body_is_refused(place: Office, web: FlaskClient, path: str) -> None:
    """D13: an oversized body."""
    body = json.dumps({"value": [item(note=PRIVATE * 50_000)]}).encode()
    assert len(body) > 1_000_000
    with capture_logs() as logs:
        answer = web.post(path, data=body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.is_json
    assert PRIVATE not in repr(logs)
    assert place.store.pending_journal() == ()


def test_a_large_delivery_within_the_limit_is_taken(place: Office, web: FlaskClient) -> None:
    items = [item(note="x" * 9_000) for _ in range(100)]
    assert len(json.dumps({"value": items})) > 900_000
    assert post(web, *items).status_code == 202
    assert len(place.store.pending_journal()) == 1


def test_a_hook_is_posted_to(web: FlaskClient) -> None:
    answer = web.get("/hooks/graph")
    assert answer.status_code == 405
    assert answer.is_json


# Lifecycle


@pytest.mark.parametrize(
    "event", ["missed", "subscriptionRemoved", "reauthorizationRequired", "somethingNew"]
)
def test_d6_a_lifecycle_event_is_journalled_told_and_followed_by_a_look(
    place: Office, web: FlaskClient, event: str
) -> None:
    """D6: `missed`, removed, `reauthorizationRequired`, and what Graph has not thought of yet."""
    life = {"subscriptionId": "sub-ANNA", "clientState": SECRET_STATE, "lifecycleEvent": event}
    assert post(web, life, path="/hooks/graph/lifecycle").status_code == 202
    (entry,) = place.store.pending_journal()
    assert (entry.source, entry.kind) == (JournalSource.LIFECYCLE, event)
    hint = place.hint_of(ANNA)
    assert hint is not None
    assert hint.outlook
    assert hint.journal == (entry.id,)
    assert place.told(place.subscriptions) == [Lifecycle(subscription_id="sub-ANNA", event=event)]


def test_d13_a_lifecycle_event_with_a_wrong_state_is_refused(place: Office, web: FlaskClient) -> None:
    """D13: otherwise anybody could have subscriptions made again and again."""
    life = {"subscriptionId": "sub-ANNA", "clientState": "guess", "lifecycleEvent": "subscriptionRemoved"}
    assert post(web, life, path="/hooks/graph/lifecycle").status_code == 401
    assert place.told(place.subscriptions) == []


def test_what_is_no_word_is_not_written_down(place: Office, web: FlaskClient) -> None:
    life = {"subscriptionId": "sub-ANNA", "clientState": SECRET_STATE, "lifecycleEvent": f"<{PRIVATE}>"}
    assert post(web, life, path="/hooks/graph/lifecycle").status_code == 202
    (entry,) = place.store.pending_journal()
    assert entry.kind == "unknown"


# The next life


def test_d4_what_was_acknowledged_and_not_handled_is_hinted_at_again(place: Office, web: FlaskClient) -> None:
    """D4, D3: the process dies between the acknowledgement and the work."""
    post(web, item())
    (entry,) = place.store.pending_journal()
    place.hint_of(ANNA)  # taken by an actor that does not live to deal with it
    place.hints.forget(ANNA)
    next_life(place).replay()
    assert place.hint_of(ANNA) == Hint(outlook=True, trigger=Trigger.NOTIFICATION, journal=(entry.id,))
    assert place.store.pending_journal()[0].attempts == 1


def test_entries_of_resources_that_no_longer_synchronise_are_finished_at_the_start(
    place: Office, web: FlaskClient
) -> None:
    post(web, item(), item(BRAM, "state-of-bram"))
    place.employ(BRAM)
    next_life(place).replay()
    place.runtime.settle()
    assert [entry.mailbox for entry in place.store.pending_journal()] == [mailbox_of(BRAM)]


def test_what_comes_in_before_the_roster_is_known_waits_in_the_journal(place: Office) -> None:
    place.employ()
    place.intake = next_life(place)
    assert post(client(place), item()).status_code == 202
    place.runtime.settle()
    assert len(place.store.pending_journal()) == 1
    place.employ(ANNA)
    place.intake.replay()
    assert place.hint_of(ANNA) is not None


def next_life(place: Office) -> Intake:
    """The intake of a process that was started anew on the same store."""
    desk = StoreDesk(store=place.store_ref, dispatcher=place.runtime.pinned["store"])
    return Intake(
        desk=desk, router=place.router, clock=place.runtime.clock, subscriptions=place.subscriptions
    )

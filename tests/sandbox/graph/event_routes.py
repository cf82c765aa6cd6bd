"""The routes of one event: read, changed, deleted, answered (facts §2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from tests.sandbox.graph import errors, times
from tests.sandbox.graph.desk import Desk
from tests.sandbox.graph.events import Item
from tests.sandbox.graph.extensions import extension_route
from tests.sandbox.graph.odata import read_options
from tests.sandbox.graph.views import instances, read_window
from tests.sandbox.wire import Response

ETAG = re.compile(r'\s*(?:\*|(?:W/)?"([^"]*)")\s*')
ANSWERS: Final[Mapping[str, str]] = {
    "accept": "accepted",
    "decline": "declined",
    "tentativelyAccept": "tentativelyAccepted",
}


def event_route(desk: Desk, event_id: str, rest: tuple[str, ...]) -> Response:
    """Answers a call on …/events/{id} and what lies below it."""
    match desk.call.method, rest:
        case "GET", ():
            return _read(desk, event_id)
        case "PATCH", ():
            item = desk.find(event_id)
            _check_version(desk, item)
            return desk.event(200, desk.writer.change(item, desk.call.body))
        case "DELETE", ():
            return _delete(desk, event_id)
        case "GET", ("instances",):
            return _instances(desk, desk.find(event_id), event_id)
        case "GET", ("exceptionOccurrences",):
            item = desk.find(event_id)
            days = sorted(item.event.exceptions) if item.day is None else []
            rows = [Item(event=item.event, day=day) for day in days]
            name = f"events('{event_id}')/exceptionOccurrences"
            return desk.collection(name, rows, read_options(desk.call))
        case "GET", ("attachments",):
            desk.find(event_id)
            return desk.rows(f"events('{event_id}')/attachments", [])
        case _, ("extensions", *names):
            return extension_route(desk, desk.find(event_id), tuple(names))
        case "POST", ("permanentDelete",):
            return _delete_for_good(desk, event_id)
        case "POST", (action,) if action in ACTIONS:
            return ACTIONS[action](desk, desk.find(event_id))
        case "POST", (answer,) if answer in ANSWERS:
            return _answer(desk, desk.find(event_id), ANSWERS[answer])
        case _, (segment, *_) if segment not in (*ACTIONS, *ANSWERS, "permanentDelete"):
            raise errors.segment_not_found(segment)
        case _:
            raise errors.method_not_allowed()


def _read(desk: Desk, event_id: str) -> Response:
    try:
        item = desk.find(event_id)
    except errors.GraphError as refusal:
        grave = desk.mailbox.grave(event_id)
        patience = desk.quirks.deleted_readable_for
        if refusal.status == 404 and grave is not None and desk.mailbox.now() - grave.at < patience:
            return desk.event(200, Item(event=grave.event), linked=True)
        raise
    return desk.event(200, item, linked=True)


def _delete(desk: Desk, event_id: str) -> Response:
    try:
        item = desk.find(event_id)
    except errors.GraphError as refusal:
        if refusal.status == 404 and desk.quirks.second_delete == 400 and desk.mailbox.grave(event_id):
            raise errors.invalid_request("Your request can't be completed.") from None
        raise
    _check_version(desk, item)
    desk.writer.delete(item)
    return desk.done(204)


def _check_version(desk: Desk, item: Item) -> None:
    """If-Match on a write (facts §2.3). Without it, a race with a server-side write may be lost."""
    header = desk.call.if_match
    if header is None:
        chance = desk.quirks.racing_write_probability
        if chance and desk.call.actor == "app" and desk.mailbox.random.random() < chance:
            desk.mailbox.announce(item.event, day=item.day)
            raise errors.stale_change_key(desk.quirks.racing_write_status)
        return
    if header.strip() == "*":
        return
    tags = ETAG.findall(header)
    if not tags:
        raise errors.bad_request("The etag value in the If-Match header is not valid.")
    if desk.mailbox.change_key(item) not in tags:
        raise errors.stale_change_key()


def _instances(desk: Desk, item: Item, event_id: str) -> Response:
    window = read_window(desk.call)
    if item.kind != "seriesMaster":
        raise errors.invalid_request("Your request can't be completed. The event is not a series master.")
    found = sorted(instances(item.event, window), key=lambda one: one.span()[0])
    return desk.collection(f"events('{event_id}')/instances", found, read_options(desk.call))


def _answer(desk: Desk, item: Item, response: str) -> Response:
    header = desk.call.if_match
    if header is not None and not ETAG.fullmatch(header):
        raise errors.GraphError(500, "ErrorInternalServerError", "An internal server error occurred.")
    desk.writer.answer(item, response, desk.call.body)
    return desk.done(202)


def _cancel(desk: Desk, item: Item) -> Response:
    if not item.event.is_organizer:
        raise errors.invalid_request(
            "Your request can't be completed. You need to be an organizer to cancel a meeting."
        )
    desk.writer.delete(item)
    return desk.done(202)


def _forward(desk: Desk, item: Item) -> Response:
    desk.writer.forward(item, desk.call.body)
    return desk.done(202)


def _dismiss_reminder(desk: Desk, item: Item) -> Response:
    desk.mailbox.announce(item.event, day=item.day if item.exception else None)
    return desk.done(200)


def _snooze_reminder(desk: Desk, item: Item) -> Response:
    body = desk.call.body
    new_time = body.get("newReminderTime") if isinstance(body, Mapping) else None
    if not isinstance(new_time, Mapping):
        raise errors.validation_failure()
    times.parse_local(new_time.get("dateTime"))
    times.zone(str(new_time.get("timeZone") or "UTC"))
    return _dismiss_reminder(desk, item)


def _delete_for_good(desk: Desk, event_id: str) -> Response:
    try:
        item = desk.find(event_id)
    except errors.GraphError as refusal:
        if refusal.status == 404 and desk.mailbox.grave(event_id):
            raise errors.GraphError(403, "ErrorCannotDeleteObject", "The object cannot be deleted.") from None
        raise
    desk.writer.delete(item)
    return desk.done(204)


def _copy(desk: Desk, item: Item) -> Response:
    if desk.call.actor != "user":
        raise errors.segment_not_found("copy")
    return desk.event(201, desk.writer.copy(item))


ACTIONS: Final[Mapping[str, Callable[[Desk, Item], Response]]] = {
    "cancel": _cancel,
    "forward": _forward,
    "dismissReminder": _dismiss_reminder,
    "snoozeReminder": _snooze_reminder,
    "copy": _copy,
}

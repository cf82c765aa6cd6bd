"""How the board tells others: connectors, subscriptions, three attempts each (facts §2.8).

The shell that delivers reports back through `delivered`, which says when to try again.
"""

from __future__ import annotations

import base64
import random as randomness
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.casing import Field, Schema, require
from tests.sandbox.scheduler.errors import InvalidField, NotFound, Refusal
from tests.sandbox.scheduler.ledger import Action, BoardChange, Ledger
from tests.sandbox.scheduler.payloads import published
from tests.sandbox.scheduler.records import Record
from tests.sandbox.scheduler.rendering import dump
from tests.sandbox.scheduler.values import ValueType
from tests.sandbox.wire import Delivery

ATTEMPTS = 3
FIRST_DELAY = 2.0
"""Seconds before the second attempt; the third waits twice as long (the vendor gives no numbers)."""
TIMEOUT = 10.0
ABOUT = "scheduler-webhook"
WEBHOOK_TYPES = frozenset(("3", "4", "webhook"))
"""Type Webhook is 3 in NetSDK and 4 in JsSDK."""
EVENTS: Mapping[str, Action] = {
    "appointmentcreated": "created",
    "appointmentupdated": "updated",
    "appointmentdeleted": "deleted",
}
CRUD: Mapping[Action, str] = {"created": "create", "updated": "update", "deleted": "delete"}
LETTERS: Mapping[Action, str] = {"created": "i", "updated": "u", "deleted": "d"}
"""Descriptions of the connector's CrudTypes."""
KEPT_TRANSACTIONS = 1000

SUBSCRIPTION = Schema(
    name="webhook",
    fields=(
        Field("sourceApp", ValueType.TEXT, 30),
        Field("notificationURL", ValueType.TEXT, 2000),
        Field("resource", ValueType.TEXT),
        Field("changeType", ValueType.LIST),
        Field("name", ValueType.TEXT),
    ),
)


class TooManyWebhooks(Refusal):
    """The limit of subscriptions is reached (HTTP 429)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One subscription to one kind of event."""

    id: str
    action: Action
    source_app: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One line of the transaction log (facts §1.10)."""

    at: datetime
    url: str
    appointment: str
    status: str
    """"Success", "Failed", or why nothing was sent."""
    code: str = ""


@dataclass(slots=True)
class _Attempt:
    delivery: Delivery
    appointment: str
    made: int = 1


class Webhooks:
    """Who is told of what, and how often it was tried."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        now: Callable[[], datetime],
        random: randomness.Random,
        send: Callable[[Delivery], None],
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._random = random
        self._send = send
        self._hooks: dict[str, Hook] = {}
        self._pending: dict[str, _Attempt] = {}
        self._failed: list[_Attempt] = []
        self._sent = 0
        self.transactions: deque[Transaction] = deque(maxlen=KEPT_TRANSACTIONS)

    def subscribe(self, event: str, given: Mapping[str, Any]) -> Hook:
        """A new subscription under a path like `AppointmentCreated`. Raises NotFound, InvalidField,
        TooManyWebhooks. The same URL twice is two subscriptions: nothing documented says otherwise."""
        action = EVENTS.get(event.lower())
        if action is None:
            raise NotFound(f"There is no webhook '{event}'.")
        values = SUBSCRIPTION.read(given, self._ledger.wall)
        require(values, ("notificationURL", "resource", "sourceApp"))
        if not values.get("changeType"):
            raise InvalidField("changeType", "The changeType field is required.")
        strange = {each.lower() for each in values["changeType"]} - set(CRUD.values())
        if strange:
            raise InvalidField(
                "changeType", f"changeType is Create, Update or Delete, not {sorted(strange)}."
            )
        if values["resource"].lower() != "appointments":
            raise InvalidField("resource", "Only appointments are published: resource is 'Appointments'.")
        _check_url(values["notificationURL"])
        if len(self._hooks) >= self._ledger.quirks.webhook_limit:
            raise TooManyWebhooks("More than expected number of webhooks have been created")
        hook = Hook(
            id=self._ledger.new_guid(),
            action=action,
            source_app=values["sourceApp"],
            url=values["notificationURL"],
        )
        self._hooks[hook.id] = hook
        return hook

    def unsubscribe(self, event: str, hook_id: str) -> None:
        """Raises NotFound."""
        hook = self._hooks.get(hook_id.lower())
        if hook is None or hook.action != EVENTS.get(event.lower()):
            raise NotFound(f"There is no webhook '{hook_id}' for {event}.")
        del self._hooks[hook.id]

    def hooks(self) -> list[Hook]:
        """Every subscription, for the control interface."""
        return list(self._hooks.values())

    def publish(self, change: BoardChange) -> None:
        """Sends a change to the connector and the subscriptions of the appointment's source app.

        A back office's own write is not sent back to it (inferred, see Quirks.quiet_back_office).
        """
        app = change.appointment.source_app.lower()
        writer = change.writer
        own = (writer.source_app or change.appointment.source_app).lower()
        if self._ledger.quirks.quiet_back_office and writer.from_back_office and own == app:
            return
        connector = self._connector(change)
        if connector is not None:
            self._offer(str(connector["uri"]), change.appointment, connector)
        hooks = [each for each in self._hooks.values() if each.action == change.action]
        for hook in hooks:
            if hook.source_app.lower() == app:
                self._offer(hook.url, change.appointment, self._credentials(app))

    def delivered(self, delivery: Delivery, status: int | None) -> float | None:
        """The outcome of an attempt (None: no answer in time). Only 200 is success.

        Returns the seconds after which the shell is to send the same delivery again, or None when it is done
        with, for good or ill.
        """
        attempt = self._pending.get(delivery.about)
        if attempt is None:
            return None
        if status == 200:
            del self._pending[delivery.about]
            self._note(delivery.url, attempt.appointment, "Success", "")
            return None
        if attempt.made >= ATTEMPTS:
            del self._pending[delivery.about]
            self._failed.append(attempt)
            code = "DSWBHK010" if status is None else "DSWBHK020"
            self._note(delivery.url, attempt.appointment, "Failed", code)
            return None
        delay = FIRST_DELAY * 2.0 ** (attempt.made - 1)
        attempt.made += 1
        return delay * self._random.uniform(0.5, 1.5)

    def retry_failed(self) -> int:
        """The timer job: whatever failed for good is offered three more times. How many deliveries."""
        failed, self._failed = self._failed, []
        for attempt in failed:
            attempt.made = 1
            self._pending[attempt.delivery.about] = attempt
            self._send(attempt.delivery)
        return len(failed)

    def _connector(self, change: BoardChange) -> Record | None:
        """The webhook connector that takes this appointment: by source app, then by source type."""
        candidates = [
            each for each in self._of_app(change.appointment.source_app.lower()) if _is_webhook(each)
        ]
        kind = change.appointment.source_type.lower()
        exact = [each for each in candidates if str(each.get("sourceType") or "").lower() == kind]
        general = [each for each in candidates if not each.get("sourceType")]
        for connector in (*exact, *general):
            wanted = {each.lower() for each in connector.get("crudTypes") or ()}
            takes = not wanted or bool(wanted & {CRUD[change.action], LETTERS[change.action]})
            return connector if takes else None
        return None

    def _of_app(self, app: str) -> list[Record]:
        drawer = self._ledger.records["connector"]
        return [each for each in drawer if str(each.get("sourceApp", "")).lower() == app]

    def _credentials(self, app: str) -> Record | None:
        """A subscription names no credentials: those of the source app's connector are used (inferred)."""
        return next((each for each in self._of_app(app) if each.get("login")), None)

    def _offer(self, url: str, appointment: Appointment, credentials: Record | None) -> None:
        try:
            _check_url(url)
        except InvalidField:
            self._note(url, appointment.guid, "Invalid MBOC URI", "DSWBHK002")
            return
        headers = {"content-type": "application/json; charset=utf-8"}
        if credentials is not None and credentials.get("login"):
            pair = f"{credentials['login']}:{credentials.get('password') or ''}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        for content in published(self._ledger, appointment):
            self._sent += 1
            delivery = Delivery(
                url=url,
                headers=headers,
                body=dump(content),
                timeout=TIMEOUT,
                about=f"{ABOUT} {self._sent}",
            )
            self._pending[delivery.about] = _Attempt(delivery, appointment.guid)
            self._send(delivery)

    def _note(self, url: str, appointment: str, status: str, code: str) -> None:
        self.transactions.append(
            Transaction(at=self._now(), url=url, appointment=appointment, status=status, code=code)
        )


def _is_webhook(connector: Record) -> bool:
    return (
        connector["enabled"]
        and connector["sendAppointmentToWebService"]
        and str(connector["type"]).lower() in WEBHOOK_TYPES
    )


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InvalidField("notificationURL", f"'{url}' is not an absolute http or https address.")

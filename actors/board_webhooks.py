"""The board's webhooks, for the source apps that are configured (facts §2.8 b).

Dime.Scheduler has no list of them, so that they are verified by being made anew once a day: the new one
first, then away with the old one. A subscription carries no credentials: Dime.Scheduler sends those of the
connector that is registered for the source app, and that registration is the administrator's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from actors.clients.errors import Problem
from actors.clients.scheduler.webhooks import Change, SubscribeWebhook, UnsubscribeWebhook
from actors.clients.steps import Failed, Outcome
from actors.subscription_ports import Addresses, SubscriptionPorts, retry_after
from models.storage.changes import DropSubscription, PutSubscription
from models.storage.records import Service, Subscription

log = structlog.get_logger(__name__)

VERIFIED_EVERY: Final = timedelta(hours=24)
NAMELESS: Final = "nameless:"
"""Begins the id under which a webhook is kept whose own id the board did not say."""


@dataclass(slots=True, kw_only=True, eq=False)
class Hook:
    """One webhook that there should be."""

    source_app: str
    change: Change
    held: Subscription | None = None
    due: datetime | None
    """When it is made, or made anew; None for never."""
    failures: int = 0
    busy: bool = False

    @property
    def kind(self) -> str:
        """Its word in the address and in the store."""
        return self.change.value.lower()


class BoardWebhooks:
    """Keeps them. Part of the actor `Subscriptions`: whatever is called is called in its turns."""

    def __init__(self, *, ports: SubscriptionPorts, addresses: Addresses, source_apps: Iterable[str]) -> None:
        self._ports, self._addresses = ports, addresses
        self._hooks = [
            Hook(source_app=app, change=change, due=ports.now())
            for app in dict.fromkeys(source_apps)
            for change in Change
        ]

    def load(self, stored: Iterable[Subscription]) -> None:
        """What an earlier life of the process had: what is wanted is kept, the rest ended."""
        mine = sorted(
            (one for one in stored if one.service is Service.SCHEDULER), key=lambda one: one.created_at
        )
        for old in mine:
            hook = next((one for one in self._hooks if self._is_for(one, old)), None)
            if hook is None:
                self._end(old)
                continue
            if hook.held is not None:
                self._end(hook.held)
            hook.held = old
            hook.due = self._verified_next(old)

    def tick(self) -> None:
        """Do what is due."""
        now = self._ports.now()
        for hook in self._hooks:
            if not hook.busy and hook.due is not None and now >= hook.due:
                self._subscribe(hook)

    def _is_for(self, hook: Hook, stored: Subscription) -> bool:
        url = self._addresses.appointments(hook.kind)
        return (stored.source_app, stored.kind, stored.url) == (hook.source_app, hook.kind, url)

    def _subscribe(self, hook: Hook) -> None:
        hook.busy = True
        url = self._addresses.appointments(hook.kind)
        operation = SubscribeWebhook(change=hook.change, source_app=hook.source_app, url=url)
        self._ports.board(operation, lambda outcome: self._subscribed(hook, url, outcome))

    def _subscribed(self, hook: Hook, url: str, outcome: Outcome) -> None:
        hook.busy = False
        if isinstance(outcome, Failed):
            self._failed(hook, outcome.problem)
            return
        id_: str = outcome.value
        old, now = hook.held, self._ports.now()
        hook.held = Subscription(
            id=id_ or f"{NAMELESS}{hook.source_app}/{hook.kind}",
            service=Service.SCHEDULER,
            source_app=hook.source_app,
            kind=hook.kind,
            url=url,
            created_at=now,
        )
        hook.failures = 0
        hook.due = self._verified_next(hook.held)
        self._ports.commit(PutSubscription(subscription=hook.held))
        if old is not None and old.id != hook.held.id:
            self._end(old)

    def _verified_next(self, held: Subscription) -> datetime | None:
        if not _has_name(held):
            return None  # it cannot be ended, and a second one would have everything told twice
        return held.created_at + VERIFIED_EVERY * self._ports.random.uniform(0.9, 1.0)

    def _failed(self, hook: Hook, problem: Problem) -> None:
        hook.failures += 1
        if hook.failures == 1:
            log.warning(
                "board webhook refused; polling covers it",
                source_app=hook.source_app,
                kind=hook.kind,
                problem=str(problem),
            )
        if hook.held is not None:
            hook.due = self._ports.now() + VERIFIED_EVERY
        else:
            hook.due = self._ports.now() + retry_after(hook.failures, self._ports.random)

    def _end(self, old: Subscription) -> None:
        end_webhook(self._ports, old, lambda ended: None)


def end_webhook(ports: SubscriptionPorts, old: Subscription, then: Callable[[bool], None]) -> None:
    """Have the board forget a webhook, and forget it too; `then` is told whether that went well."""

    def answered(outcome: Outcome) -> None:
        ended = not isinstance(outcome, Failed)
        if ended:  # else it stays in the store, and the next start tries again
            ports.commit(DropSubscription(id=old.id))
        then(ended)

    change = next((one for one in Change if one.value.lower() == old.kind), None)
    if change is None or not _has_name(old):
        ports.commit(DropSubscription(id=old.id))
        then(False)
        return
    ports.board(UnsubscribeWebhook(change=change, id=old.id), answered)


def _has_name(held: Subscription) -> bool:
    return not held.id.startswith(NAMELESS)

"""The one that keeps the subscriptions with both services, where they can reach this process at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

import structlog
from pykka import ActorDeadError, ActorRef

from actors.board_webhooks import BoardWebhooks, end_webhook
from actors.clients.graph.operations import GraphOperation
from actors.clients.graph.subscriptions import ListSubscriptions, RemoveSubscription
from actors.clients.scheduler.operations import SchedulerOperation
from actors.clients.steps import Done, Failed, Outcome, Priority, Submit
from actors.intake import Lifecycle
from actors.mailbox_subscriptions import MailboxSubscriptions
from actors.resource.messages import Hint, Run
from actors.router import Router
from actors.runtime.clock import Clock
from actors.runtime.pooled import PooledActor
from actors.runtime.timers import Timers
from actors.store_actor import Commit, Query
from actors.subscription_ports import Addresses, Polled
from models.ids import MailboxId
from models.storage.changes import Change, DropSubscription
from models.storage.records import Service, Subscription, Trigger
from models.storage.store import Store

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Look:
    """Do what is due. Sent by the clock, and by whoever knows that the roster is loaded."""


@dataclass(frozen=True, slots=True)
class UnsubscribeAll:
    """End every subscription that this process has or calls its own, and make none again.

    `done` is called with how many were ended and how many could not be; it tells somebody.
    """

    done: Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionNeighbours:
    """Whom the subscriptions talk to."""

    graph: ActorRef[Any]
    scheduler: ActorRef[Any]
    store: ActorRef[Any]
    router: Router
    clock: Clock
    timers: Timers
    random: Random
    new_secret: Callable[[], str]
    """For a `clientState`; of at most 128 characters."""
    is_roster_loaded: Callable[[], bool]
    """Until then nobody knows which mailboxes are wanted."""


class Subscriptions(PooledActor):
    """Keeps one subscription for each active mailbox, and the board's webhooks.

    Started after the listener: a subscription is made only when its address answers. Without `public_url`
    there is nothing to do; polling finds everything.
    """

    def __init__(
        self,
        *,
        neighbours: SubscriptionNeighbours,
        public_url: str,
        webhook_source_apps: Iterable[str] = (),
        polled: Polled | None = None,
    ) -> None:
        """`polled` is where it is written down which mailboxes are only polled, and why."""
        super().__init__()
        self._to = neighbours
        self.random = neighbours.random
        self._addresses = Addresses(public_url=public_url.rstrip("/"))
        self._mailboxes = MailboxSubscriptions(
            ports=self, router=neighbours.router, addresses=self._addresses, polled=polled or Polled()
        )
        self._webhooks = BoardWebhooks(ports=self, addresses=self._addresses, source_apps=webhook_source_apps)
        self._is_open = False

    def on_start(self) -> None:
        if self._addresses.public_url:
            self._load(self._begin)

    def on_receive(self, message: object) -> object:
        match message:
            case Run():
                message.then()
            case Look():
                self._look()
            case Lifecycle() if self._is_open:
                self._mailboxes.lifecycle(message.subscription_id, message.event)
            case Lifecycle():
                log.info("lifecycle event before the subscriptions are known; listing them shows it")
            case UnsubscribeAll():
                self._is_open = False
                self._mailboxes.close()
                self._load(lambda stored: _Farewell(self, self._addresses, stored, message.done).begin())
            case _:
                return super().on_receive(message)
        return None

    def _begin(self, stored: tuple[Subscription, ...]) -> None:
        self._is_open = True
        self._mailboxes.load(stored)
        self._webhooks.load(stored)
        self._tick()

    def _tick(self) -> None:
        if self._is_open:
            self._look()
            self._to.timers.after(TICK_SECONDS, lambda: self._run(self._tick))

    def _look(self) -> None:
        if not self._is_open:
            return
        self._webhooks.tick()
        if self._to.is_roster_loaded():
            self._mailboxes.tick()

    def _load(self, then: Callable[[tuple[Subscription, ...]], None]) -> None:
        def read(store: Store) -> tuple[Subscription, ...]:
            return store.subscriptions()

        self._to.store.tell(Query(read=read, then=lambda stored: self._run(lambda: then(stored))))

    # The ports

    def now(self) -> datetime:
        return self._to.clock.now()

    def new_secret(self) -> str:
        return self._to.new_secret()

    def graph(self, operation: GraphOperation[Any], then: Callable[[Outcome], None]) -> None:
        self._to.graph.tell(self._submit(operation, then))

    def board(self, operation: SchedulerOperation[Any], then: Callable[[Outcome], None]) -> None:
        self._to.scheduler.tell(self._submit(operation, then))

    def commit(self, *changes: Change) -> None:
        self._to.store.tell(Commit(changes=changes))

    def look_at(self, mailbox: MailboxId) -> None:
        self._to.router.hint_mailbox(mailbox, Hint(outlook=True, trigger=Trigger.NOTIFICATION))

    def _submit(self, operation: Any, then: Callable[[Outcome], None]) -> Submit:  # noqa: ANN401 - of either service
        return Submit(
            operation=operation,
            reply=lambda outcome: self._run(lambda: then(outcome)),
            priority=Priority.BACKGROUND,
        )

    def _run(self, then: Callable[[], None]) -> None:
        try:
            self.actor_ref.tell(Run(then))
        except ActorDeadError:
            return


class _Farewell:
    """Ends everything, and counts."""

    def __init__(
        self,
        ports: Subscriptions,
        addresses: Addresses,
        stored: tuple[Subscription, ...],
        done: Callable[[int, int], None],
    ) -> None:
        self._ports, self._addresses, self._stored, self._done = ports, addresses, stored, done
        self._left = 0
        self._ended = 0
        self._failed = 0

    def begin(self) -> None:
        """List what Graph has of ours; then end that, and what the store knows."""
        self._ports.graph(ListSubscriptions(), self._listed)

    def _listed(self, outcome: Outcome) -> None:
        ids = dict.fromkeys(one.id for one in self._stored if one.service is Service.GRAPH)
        if isinstance(outcome, Done) and self._addresses.public_url:
            listed = outcome.value
            ids |= dict.fromkeys(one.id for one in listed if one.notification_url == self._addresses.changes)
        webhooks = [one for one in self._stored if one.service is Service.SCHEDULER]
        self._left = len(ids) + len(webhooks)
        for id_ in ids:
            self._remove(id_)
        for webhook in webhooks:
            end_webhook(self._ports, webhook, self._count)
        if not self._left:
            self._done(0, 0)

    def _remove(self, id_: str) -> None:
        def answered(outcome: Outcome) -> None:
            ended = not isinstance(outcome, Failed)
            if ended:
                self._ports.commit(DropSubscription(id=id_))
            self._count(ended)

        self._ports.graph(RemoveSubscription(subscription_id=id_), answered)

    def _count(self, ended: bool) -> None:
        self._ended += ended
        self._failed += not ended
        if self._ended + self._failed == self._left:
            self._done(self._ended, self._failed)

"""One subscription of Graph's for each mailbox that synchronises (facts §4.1, §4.4; BEHAVIOUR.md D6).

The server's list is the truth about what exists, the router's directory about what should. Whenever
something may have been missed the mailbox is looked at; one that cannot have a subscription is polled, and
says so.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from actors.clients.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    OutcomeUnknown,
    Problem,
    Refused,
    Rejected,
)
from actors.clients.graph.subscriptions import (
    CreateSubscription,
    ListSubscriptions,
    ReauthorizeSubscription,
    RemoveSubscription,
    RenewSubscription,
)
from actors.clients.graph.subscriptions import Subscription as Listed
from actors.clients.steps import Failed, Outcome
from actors.router import Directory, Router
from actors.subscription_ports import AT_ONCE, Addresses, Polled, SubscriptionPorts, retry_after
from models.ids import MailboxId
from models.storage.changes import DropSubscription, PutSubscription
from models.storage.records import Service, Subscription

log = structlog.get_logger(__name__)

LIFETIME: Final = timedelta(days=6, hours=23)
"""Asked for; Graph grants events under seven days, and may grant less (facts §4.1)."""
UNSAID: Final = timedelta(minutes=45)
"""Taken for granted where Graph does not say: the shortest that it grants."""
RENEWED_AT: Final = (0.4, 0.7)
"""The part of a lifetime after which it is renewed, drawn anew each time: never all on one day."""
APART: Final = timedelta(minutes=10)
"""Graph wants so much between a reauthorisation and a renewal (facts §4.4)."""
LISTED_EVERY: Final = timedelta(hours=24)


@dataclass(slots=True, kw_only=True, eq=False)
class Watched:
    """One mailbox, and how it is listened to."""

    mailbox: MailboxId
    held: Subscription | None = None
    renew_at: datetime
    due: datetime
    """When it is seen to next."""
    failures: int = 0
    busy: bool = False
    must_reauthorize: bool = False
    problem: str = ""
    """Why it is polled; empty while it is listened to, or about to be."""


class MailboxSubscriptions:
    """Keeps them. Part of the actor `Subscriptions`: whatever is called is called in its turns."""

    def __init__(
        self, *, ports: SubscriptionPorts, router: Router, addresses: Addresses, polled: Polled
    ) -> None:
        self._ports, self._router, self._addresses, self._polled = ports, router, addresses, polled
        self._watched: dict[MailboxId, Watched] = {}
        self._followed: Directory | None = None
        self._agenda: list[tuple[datetime, int, Watched]] = []
        self._numbers = itertools.count()
        self._stored: dict[str, Subscription] = {}
        self._under_way = 0
        self._listing = False
        self._list_at = ports.now()
        self._list_failures = 0
        self._has_listed = False
        self._is_closed = False

    def load(self, stored: Iterable[Subscription]) -> None:
        """What an earlier life of the process had."""
        self._stored = {one.id: one for one in stored if one.service is Service.GRAPH}

    def close(self) -> None:
        """Make none any more."""
        self._is_closed = True

    def tick(self) -> None:
        """Do what is due."""
        now = self._ports.now()
        if self._is_closed:
            return
        if not self._listing and now >= self._list_at:
            if not self._under_way:  # a list that is as old as a creation does not know of it
                self._list()
            return
        if self._listing or not self._has_listed:
            return
        self._follow_directory()
        now = self._ports.now()  # what has just been planned is due already
        while self._under_way < AT_ONCE and self._agenda and self._agenda[0][0] <= now:
            due, _, watched = heapq.heappop(self._agenda)
            is_current = watched.due == due and self._watched.get(watched.mailbox) is watched
            if is_current and not watched.busy:
                self._see_to(watched, now)

    def _plan(self, watched: Watched, due: datetime) -> None:
        """Have a mailbox seen to at some time, and not at another that was planned before."""
        watched.due = due
        heapq.heappush(self._agenda, (due, next(self._numbers), watched))

    def lifecycle(self, subscription_id: str, event: str) -> None:
        """Graph said something about a subscription."""
        watched = self._holder(subscription_id)
        if watched is None:
            return
        log.info("subscription", lifecycle=event, mailbox=watched.mailbox)
        if event == "reauthorizationRequired":
            watched.must_reauthorize = True
            self._plan(watched, self._ports.now())
        elif event == "subscriptionRemoved":
            self._lost(watched)
        self.tick()

    # What there is, and what there should be

    def _list(self) -> None:
        self._listing = True
        self._ports.graph(ListSubscriptions(), self._listed)

    def _listed(self, outcome: Outcome) -> None:
        self._listing = False
        if isinstance(outcome, Failed):
            self._list_failures += 1
            wait = retry_after(self._list_failures, self._ports.random)
            self._list_at = self._ports.now() + wait
            self._has_listed = self._has_listed or isinstance(outcome.problem, Refused)
            return
        self._list_failures = 0
        self._list_at = self._ports.now() + LISTED_EVERY * self._ports.random.uniform(0.9, 1.0)
        self._has_listed = True
        self._compare(outcome.value)
        self.tick()

    def _compare(self, listed: tuple[Listed, ...]) -> None:
        """Keep what is stored, alive and wanted, one for each mailbox; end what else calls this process."""
        alive = {one.id: one for one in listed}
        kept: dict[MailboxId, Subscription] = {}
        for stored in tuple(self._stored.values()):
            found, mailbox = alive.get(stored.id), stored.mailbox
            if found is None:
                self._forget(stored.id)
            elif mailbox is not None and stored.url == self._addresses.changes and mailbox not in kept:
                kept[mailbox] = stored
        wanted = self._router.directory.by_mailbox
        for mailbox, stored in kept.items():
            if mailbox in wanted:
                self._hold(self._watch(mailbox), stored, alive[stored.id].expires_at)
        held = {one.held.id for one in self._watched.values() if one.held is not None}
        for watched in self._watched.values():
            if watched.held is not None and watched.held.id not in alive:
                self._lost(watched)
        for one in listed:
            is_ours = one.notification_url == self._addresses.changes or one.id in self._stored
            if is_ours and one.id not in held:
                self._remove(one.id)

    def _follow_directory(self) -> None:
        """Watch the mailboxes that synchronise now, and leave those that no longer do."""
        directory = self._router.directory
        if directory is self._followed:
            return
        self._followed = directory
        for mailbox in directory.by_mailbox:
            self._watch(mailbox)
        for mailbox in [one for one in self._watched if one not in directory.by_mailbox]:
            watched = self._watched[mailbox]
            if watched.busy:
                self._followed = None  # once its answer is there
                continue
            del self._watched[mailbox]
            if watched.held is not None:
                self._remove(watched.held.id)
            if watched.problem:
                self._publish()

    def _watch(self, mailbox: MailboxId) -> Watched:
        known = self._watched.get(mailbox)
        if known is None:
            now = self._ports.now()
            known = self._watched[mailbox] = Watched(mailbox=mailbox, renew_at=now, due=now)
            self._plan(known, now)
        return known

    # One mailbox

    def _see_to(self, watched: Watched, now: datetime) -> None:
        held = watched.held
        if held is not None and held.expires_at is not None and held.expires_at <= now:
            self._lost(watched)
            held = None
        if held is None:
            self._create(watched, now)
        elif watched.must_reauthorize:
            operation = ReauthorizeSubscription(subscription_id=held.id)
            self._ask(watched, operation, lambda outcome: self._reauthorized(watched, outcome))
        else:
            renewal = RenewSubscription(subscription_id=held.id, expires_at=now + LIFETIME)
            self._ask(watched, renewal, lambda outcome: self._renewed(watched, outcome))

    def _create(self, watched: Watched, now: datetime) -> None:
        secret = self._ports.new_secret()
        operation = CreateSubscription(
            user=watched.mailbox,
            notification_url=self._addresses.changes,
            lifecycle_url=self._addresses.lifecycle,
            client_state=secret,
            expires_at=now + LIFETIME,
        )
        self._ask(watched, operation, lambda outcome: self._created(watched, secret, outcome))

    def _created(self, watched: Watched, secret: str, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            if isinstance(outcome.problem, (Conflict, OutcomeUnknown)):
                self._list_at = self._ports.now()  # there is one that we do not know: find and remove it
            self._failed(watched, outcome.problem)
            return
        granted: Listed = outcome.value
        if self._is_closed:
            self._remove(granted.id)
            return
        subscription = Subscription(
            id=granted.id,
            service=Service.GRAPH,
            mailbox=watched.mailbox,
            url=self._addresses.changes,
            client_state=secret,
            created_at=self._ports.now(),
        )
        watched.must_reauthorize = False
        self._hold(watched, subscription, granted.expires_at)
        self._ports.look_at(watched.mailbox)

    def _renewed(self, watched: Watched, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._not_kept(watched, outcome.problem)
        elif watched.held is None:  # it was removed meanwhile
            self._plan(watched, self._ports.now())
        else:
            renewed: Listed = outcome.value
            watched.must_reauthorize = False
            self._hold(watched, watched.held, renewed.expires_at)

    def _reauthorized(self, watched: Watched, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._not_kept(watched, outcome.problem)
            return
        watched.must_reauthorize, watched.failures = False, 0
        self._plan(watched, max(watched.renew_at, self._ports.now() + APART))
        self._ports.look_at(watched.mailbox)

    def _not_kept(self, watched: Watched, problem: Problem) -> None:
        if isinstance(problem, NotFound):
            self._lost(watched)
        else:
            self._failed(watched, problem)

    def _hold(self, watched: Watched, subscription: Subscription, expires_at: datetime | None) -> None:
        """A subscription is alive until `expires_at`."""
        now, ports = self._ports.now(), self._ports
        held = replace(subscription, expires_at=now + UNSAID if expires_at is None else expires_at)
        if watched.held != held and held.expires_at is not None:
            watched.renew_at = now + (held.expires_at - now) * ports.random.uniform(*RENEWED_AT)
            self._plan(watched, watched.renew_at)
        watched.held, watched.failures = held, 0
        if self._stored.get(held.id) != held:
            self._stored[held.id] = held
            ports.commit(PutSubscription(subscription=held))
        self._explain(watched, "")

    def _lost(self, watched: Watched) -> None:
        """The subscription is no more: another one, and then a look at what was missed."""
        held, watched.held = watched.held, None
        watched.must_reauthorize = False
        self._plan(watched, self._ports.now())
        if held is not None:
            log.warning("subscription lost", mailbox=watched.mailbox)
            self._forget(held.id)

    def _failed(self, watched: Watched, problem: Problem) -> None:
        watched.failures += 1
        again = self._ports.now() + retry_after(watched.failures, self._ports.random)
        end = None if watched.held is None else watched.held.expires_at
        self._plan(watched, again if end is None else min(again, end))
        if watched.held is None:
            self._explain(watched, f"found by polling only: {problem}{_remedy(problem, self._addresses)}")

    # Asking

    def _ask(
        self,
        watched: Watched,
        operation: CreateSubscription | RenewSubscription | ReauthorizeSubscription,
        then: Callable[[Outcome], None],
    ) -> None:
        def answered(outcome: Outcome) -> None:
            watched.busy = False
            self._under_way -= 1
            if self._watched.get(watched.mailbox) is watched:
                then(outcome)
            self.tick()

        watched.busy = True
        self._under_way += 1
        self._ports.graph(operation, answered)

    def _remove(self, subscription_id: str) -> None:
        def answered(outcome: Outcome) -> None:
            self._under_way -= 1
            if not isinstance(outcome, Failed):
                self._forget(subscription_id)  # else the next listing finds it again
            self.tick()

        self._under_way += 1
        self._ports.graph(RemoveSubscription(subscription_id=subscription_id), answered)

    def _forget(self, subscription_id: str) -> None:
        if self._stored.pop(subscription_id, None) is not None:
            self._ports.commit(DropSubscription(id=subscription_id))

    def _holder(self, subscription_id: str) -> Watched | None:
        stored = self._stored.get(subscription_id)
        watched = None if stored is None or stored.mailbox is None else self._watched.get(stored.mailbox)
        is_held = watched is not None and watched.held is not None and watched.held.id == subscription_id
        return watched if is_held else None

    # What is said about it

    def _explain(self, watched: Watched, problem: str) -> None:
        if watched.problem == problem:
            return
        if problem and not watched.problem:
            log.warning("mailbox is polled", mailbox=watched.mailbox, why=problem)
        watched.problem = problem
        self._publish()

    def _publish(self) -> None:
        self._polled.reasons = {one.mailbox: one.problem for one in self._watched.values() if one.problem}


def _remedy(problem: Problem, addresses: Addresses) -> str:
    """What to do where Graph refuses a subscription; nothing where it will be tried again anyway."""
    if isinstance(problem, Rejected):
        return f"; see that Graph reaches {addresses.changes} from the internet, with a certificate it trusts"
    if isinstance(problem, AccessDenied):
        return "; a mailbox outside of Exchange Online, or with too many subscriptions, cannot have one"
    return ""

"""Who synchronises: resources from the board, their mailboxes from the directory.

A resource that cannot synchronise says why and what to do, is looked at again, and holds up nobody (A9).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass, replace
from typing import Any

import structlog
from pykka import ActorRef

from actors.clients.errors import AccessDenied, MailboxMissing, Problem
from actors.clients.graph.directory import DirectoryUser, FindUser
from actors.clients.scheduler.operations import ListResources
from actors.clients.steps import Failed, Outcome, Priority, Submit
from actors.resource.messages import Hint
from actors.router import Active, Directory, Router
from actors.runtime.clock import Clock
from actors.runtime.pooled import PooledActor
from actors.runtime.timers import Timers
from actors.store_actor import Commit, Query
from actors.supervision_messages import Ensure, Retire
from models.ids import MailboxId, ResourceNo
from models.resource import Mailbox, Resource
from models.storage.changes import Change, DropDeltaState, PutResource
from models.storage.records import ResourceRecord, ResourceState, Trigger

log = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 300.0
"""How long a resource without a usable mailbox waits before it is looked up again, at first."""
LOOK_AGAIN_LONGEST_SECONDS = 3600.0
STRAGGLER_SECONDS = 5.0
"""How long, at the start, those who are known wait once the directory answers about nobody else."""
LEFT_ALONE = frozenset(
    (
        ResourceState.OFF,
        ResourceState.NO_EMAIL,
        ResourceState.NO_MAILBOX,
        ResourceState.ACCESS_DENIED,
        ResourceState.GONE,
    )
)
SHORTEST_SECONDS = 0.05
"""A timer for less may be due at the very moment at which it is set."""
RETRY_SECONDS = 60.0
"""How soon a reading that failed is tried again, where the board is polled less often."""
ENDED_ON_BOARD = (ResourceState.OFF, ResourceState.NO_EMAIL, ResourceState.GONE)
"""The states that a planner ends, so that the mailbox is worth a look at once."""
NOT_LOOKED_UP = (ResourceState.WAITING, *ENDED_ON_BOARD)
"""The states in which nothing is known of the mailbox."""


@dataclass(frozen=True, slots=True)
class Look:
    """Read the resources of the board."""


@dataclass(frozen=True, slots=True)
class _Listed:
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Found:
    resource: Resource
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Claimed:
    asked: frozenset[ResourceNo]
    ours: frozenset[ResourceNo]


@dataclass(frozen=True, slots=True)
class _Patience:
    """Look whether the start waits for stragglers only."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A resource's mailbox as a whole cannot be worked with."""

    resource_no: ResourceNo
    problem: Exception


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A resource's actor failed too often, or has recovered (`reason` is empty then)."""

    resource_no: ResourceNo
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterNeighbours:
    """Whom the roster talks to."""

    graph: ActorRef[Any]
    scheduler: ActorRef[Any]
    store: ActorRef[Any]
    supervisor: ActorRef[Any]
    router: Router
    clock: Clock
    timers: Timers


class Roster(PooledActor):
    """Keeps the list of resources, and of those that synchronise."""

    def __init__(
        self,
        *,
        neighbours: RosterNeighbours,
        every_seconds: float,
        known: tuple[ResourceRecord, ...],
        only: Container[ResourceNo] | None = None,
        shares: bool = False,
        on_loaded: Callable[[], None] = lambda: None,
    ) -> None:
        """`known` is what the store remembers; `only` restricts a command to some resources.

        `shares`: other processes may work with the store, and only for what this one has claimed does it
        work (D12).
        """
        super().__init__()
        self._to = neighbours
        self._every = every_seconds
        self._only = only
        self._shares = shares
        self._ours: frozenset[ResourceNo] = frozenset()
        """What this process has claimed."""
        self._others: frozenset[ResourceNo] = frozenset()
        """What was claimed by other processes when it was last asked for."""
        self._claiming = False
        self._on_loaded = on_loaded
        self.records = {record.resource_no: record for record in known}
        self._looked_at: dict[ResourceNo, float] = {}
        self._patience: dict[ResourceNo, float] = {}
        self._looking = False
        self._loaded = False
        self._found_at: float | None = None
        """When somebody was last found to synchronise, on the monotonic clock."""

    def on_start(self) -> None:
        self._look()

    def on_receive(self, message: object) -> object:
        match message:
            case Look():
                self._look()
            case _Listed():
                self._listed(message.outcome)
            case _Found():
                self._found(message.resource, message.outcome)
            case _Patience():
                self._await_stragglers()
            case _Claimed():
                self._claimed(message)
            case Trouble():
                self._trouble(message.resource_no, message.problem)
            case Quarantined():
                self._quarantined(message.resource_no, message.reason)
            case _:
                return super().on_receive(message)
        return None

    # The board's resources

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self._submit(self._to.scheduler, ListResources(), lambda outcome: _Listed(outcome))

    def _listed(self, outcome: Outcome) -> None:
        self._looking = False
        again = min(self._every, RETRY_SECONDS) if isinstance(outcome, Failed) else self._every
        self._to.timers.after(again, lambda: self.actor_ref.tell(Look()))
        if isinstance(outcome, Failed):
            return  # an error is never an empty list (C11)
        resources: tuple[Resource, ...] = outcome.value
        wanted = [one for one in resources if self._is_asked_about(one.resource_no)]
        for resource in wanted:
            self._judge(resource)
        listed = {resource.resource_no for resource in wanted}
        for record in tuple(self.records.values()):
            if record.resource_no not in listed and self._is_asked_about(record.resource_no):
                self._put(record, ResourceState.GONE, "the board does not list this resource any more")
        self._claim(self._others)  # whoever had them may have ended
        self._settle()

    def _judge(self, resource: Resource) -> None:
        """What becomes of one resource as the board describes it now."""
        record = self._record(resource)
        if not resource.exchange_enabled:
            self._put(record, ResourceState.OFF, "Exchange Integration Enabled is off on the board")
        elif not resource.email:
            self._put(record, ResourceState.NO_EMAIL, "give the resource an e-mail address on the board")
        elif self._is_known(resource, record):
            self.records[resource.resource_no] = record
        elif self._is_due(resource, record):
            self._looked_at[resource.resource_no] = self._to.clock.monotonic()
            if record.state in NOT_LOOKED_UP or record.email != resource.email:
                self._patience.pop(resource.resource_no, None)
                waiting = replace(record, email=resource.email, mailbox=None, state=ResourceState.WAITING)
                self._put(waiting, ResourceState.WAITING, "its mailbox is being looked up")
            self._submit(
                self._to.graph, FindUser(email=resource.email), lambda outcome: _Found(resource, outcome)
            )

    def _record(self, resource: Resource) -> ResourceRecord:
        """What is known of a resource, with what the board says of it now."""
        known = self.records.get(resource.resource_no)
        record = known or ResourceRecord(
            resource_no=resource.resource_no, email=resource.email, updated_at=self._to.clock.now()
        )
        return replace(record, display_name=resource.display_name, enabled=resource.exchange_enabled)

    def _is_known(self, resource: Resource, record: ResourceRecord) -> bool:
        """Whether the mailbox is known already, and still the one that the board names."""
        working = record.state in (ResourceState.ACTIVE, ResourceState.QUARANTINED)
        return working and record.mailbox is not None and record.email == resource.email

    def _is_due(self, resource: Resource, record: ResourceRecord) -> bool:
        looked_at = self._looked_at.get(resource.resource_no)
        if looked_at is None or record.email != resource.email or record.state in ENDED_ON_BOARD:
            return True
        patience = self._patience.get(resource.resource_no, LOOK_AGAIN_SECONDS)
        return self._to.clock.monotonic() - looked_at >= patience

    # Their mailboxes

    def _found(self, resource: Resource, outcome: Outcome) -> None:
        record = self._record(resource)
        if record.email != resource.email or record.state in ENDED_ON_BOARD:
            return  # the look-up took so long that the board says something else by now
        if isinstance(outcome, Failed):
            self._looked_at.pop(resource.resource_no, None)
            self._not_found(record, outcome.problem)
        else:
            user: DirectoryUser | None = outcome.value
            if user is None:
                self._put(record, ResourceState.NO_MAILBOX, _no_user(resource.email), code="DSEX012")
            else:
                self._has_mailbox(record, resource, user)
        self._settle()

    def _await_stragglers(self) -> None:
        """Begin without those whose look-up does not come to an end: they join when it does (A9, D1)."""
        if self._loaded or self._found_at is None:
            return
        waited = self._to.clock.monotonic() - self._found_at
        if waited >= STRAGGLER_SECONDS:
            self._begin_all()
        else:
            self._remind(max(SHORTEST_SECONDS, STRAGGLER_SECONDS - waited))

    def _remind(self, seconds: float) -> None:
        self._to.timers.after(seconds, lambda: self.actor_ref.tell(_Patience()))

    def _not_found(self, record: ResourceRecord, problem: Problem) -> None:
        if isinstance(problem, AccessDenied):
            reason = f"Graph denies access to its mailbox ({problem.about.code}); {problem.remedy}"
            self._put(record, ResourceState.ACCESS_DENIED, reason, code=problem.product_code)
        elif isinstance(problem, MailboxMissing):
            reason = f"Graph cannot open a mailbox of this address ({problem.about.code}); {problem.remedy}"
            self._put(record, ResourceState.NO_MAILBOX, reason, code=problem.product_code)
        elif record.state is ResourceState.WAITING:
            reason = f"its mailbox could not be looked up yet, and is looked up again: {problem}"
            self._put(record, ResourceState.WAITING, reason)

    def _has_mailbox(self, record: ResourceRecord, resource: Resource, user: DirectoryUser) -> None:
        mailbox = MailboxId(user.id)
        other = next(
            (
                one.resource_no
                for one in self.records.values()
                if one.mailbox == mailbox
                and one.resource_no != resource.resource_no
                and one.state is ResourceState.ACTIVE
            ),
            None,
        )
        if other is not None:
            reason = (
                f"its mailbox belongs to resource {other} already; give one of them another e-mail address"
            )
            self._put(record, ResourceState.NO_MAILBOX, reason, code="DSEX012")
            return
        self._put(replace(record, email=resource.email, mailbox=mailbox), ResourceState.ACTIVE, "")
        if self._found_at is not None:
            self._found_at = self._to.clock.monotonic()

    def _trouble(self, resource_no: ResourceNo, problem: Exception) -> None:
        record = self.records.get(resource_no)
        if record is None or not isinstance(problem, (AccessDenied, MailboxMissing)):
            return
        self._looked_at[resource_no] = self._to.clock.monotonic()
        patience = self._patience.get(resource_no, LOOK_AGAIN_SECONDS / 2)
        self._patience[resource_no] = min(2 * patience, LOOK_AGAIN_LONGEST_SECONDS)
        self._not_found(record, problem)
        self._settle()

    def _quarantined(self, resource_no: ResourceNo, reason: str) -> None:
        record = self.records.get(resource_no)
        if record is not None:
            state = ResourceState.QUARANTINED if reason else ResourceState.ACTIVE
            self._put(record, state, reason)
            self._settle()

    # What follows

    def _put(self, record: ResourceRecord, state: ResourceState, reason: str, *, code: str = "") -> None:
        known = self.records.get(record.resource_no)
        now = replace(record, state=state, reason=reason, code=code)
        if known is not None and replace(known, updated_at=now.updated_at) == now:
            return
        now = replace(now, updated_at=self._to.clock.now())
        self.records[now.resource_no] = now
        self._commit(PutResource(resource=now), *_unread(known, state))
        if known is None or known.state is not state:
            say = log.info if state in (ResourceState.ACTIVE, ResourceState.OFF) else log.warning
            if state is not ResourceState.WAITING:
                say("resource", resource=now.resource_no, state=state.value, reason=reason)

    def _is_asked_about(self, resource_no: ResourceNo) -> bool:
        return self._only is None or resource_no in self._only

    def _settle(self) -> None:
        """Publish who synchronises, start those who are new to it and stop those who no longer do."""
        before = self._to.router.directory.resources
        able = {
            record.resource_no: active_of(record, record.mailbox)
            for record in self.records.values()
            if record.state in (ResourceState.ACTIVE, ResourceState.QUARANTINED)
            and record.mailbox is not None
            and self._is_asked_about(record.resource_no)
            and record.enabled
        }
        self._claim(able.keys() - self._ours - self._others)
        active = {number: one for number, one in able.items() if not self._shares or number in self._ours}
        self._to.router.directory = Directory(
            resources=active,
            by_mailbox={one.mailbox.id: number for number, one in active.items()},
            records=tuple(self.records.values()),
            elsewhere=self._others & able.keys(),
        )
        for number in before.keys() - active.keys():
            self._leave(number)
        for number, one in active.items():
            if number not in before:
                self._begin(number)
            elif before[number].mailbox.id != one.mailbox.id:
                self._leave(number)
                self._begin(number)
        if not self._loaded and not self._claiming:
            self._count_those_found(len(active))

    # What other processes do

    def _claim(self, numbers: Collection[ResourceNo]) -> None:
        """Have resources that are nobody's yet, as far as is known, or learn whose they are."""
        if not self._shares or self._claiming or not numbers:
            return
        self._claiming = True
        asked = frozenset(numbers)
        self._to.store.tell(
            Query(
                read=lambda store: store.claim(asked),
                then=lambda ours: self.actor_ref.tell(_Claimed(asked, ours)),
            )
        )

    def _claimed(self, message: _Claimed) -> None:
        self._claiming = False
        self._ours |= message.ours
        others = (self._others | message.asked) - self._ours
        if others != self._others:
            log.info("resources are left to another process", resources=len(others))
        self._others = others
        self._settle()

    def _count_those_found(self, active: int) -> None:
        """Begin when everybody has been looked up, or with those who have, when the rest takes too long."""
        if not any(record.state is ResourceState.WAITING for record in self.records.values()):
            self._begin_all()
        elif active and self._found_at is None:
            self._found_at = self._to.clock.monotonic()
            self._remind(STRAGGLER_SECONDS)

    def _begin_all(self) -> None:
        """It is known who synchronises: both sides may be watched."""
        self._loaded = True
        self._on_loaded()

    def _begin(self, resource_no: ResourceNo) -> None:
        self._to.supervisor.tell(Ensure(key=resource_no))
        # at start the board's watch tells everybody; one who comes later is not told before its next reading,
        # and knows nothing of what has changed for all others in between
        late = self._loaded
        self._to.router.hint(resource_no, Hint(board=late, outlook=True, full=late, trigger=Trigger.START))

    def _leave(self, resource_no: ResourceNo) -> None:
        self._to.supervisor.tell(Retire(key=resource_no))
        self._to.router.forget(resource_no)

    def _commit(self, *changes: Change) -> None:
        self._to.store.tell(Commit(changes=changes))

    def _submit(self, gateway: ActorRef[Any], operation: Any, wrap: Callable[[Outcome], object]) -> None:  # noqa: ANN401 - of either service
        gateway.tell(
            Submit(
                operation=operation,
                reply=lambda outcome: self.actor_ref.tell(wrap(outcome)),
                priority=Priority.CATCH_UP,
            )
        )


def _unread(known: ResourceRecord | None, state: ResourceState) -> tuple[DropDeltaState, ...]:
    """A mailbox that is left has to be read in full should its resource come back."""
    if known is None or known.mailbox is None or known.state in LEFT_ALONE or state not in LEFT_ALONE:
        return ()
    return (DropDeltaState(mailbox=known.mailbox),)


def active_of(record: ResourceRecord, mailbox: MailboxId) -> Active:
    """A resource with its mailbox, as its actor is given them."""
    resource = Resource(
        resource_no=record.resource_no,
        display_name=record.display_name,
        email=record.email,
        exchange_enabled=True,
    )
    return Active(resource=resource, mailbox=Mailbox(id=mailbox, email=record.email))


def _no_user(email: str) -> str:
    return (
        f"nobody in the directory has the address {email}; correct the resource's e-mail on the board, "
        "or give that person a mailbox"
    )

"""The audit: once in a period both sides of every resource are compared in full, by a reading of its own.

It is what `verify` does, resource by resource, each at its own moment of the period. Before each reading the
resource looks around in the ordinary way, so that what was only on its way is no drift; what differs twice is
mended by an ordinary full round, and looked at a third time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from pykka import ActorRef

from actors.clients.graph.operations import FindLinked, GraphOperation, LinkedEvent, Listing, ReadWindow
from actors.clients.scheduler.operations import AppointmentListing, ListAppointments, SchedulerOperation
from actors.clients.steps import Failed, Outcome, Priority, Submit
from actors.resource.messages import Hint
from actors.resource.sides import Lens
from actors.resource.surroundings import Configuration
from actors.router import Router
from actors.runtime.clock import Clock
from actors.runtime.pooled import PooledActor
from actors.runtime.timers import Timers
from actors.store_actor import Commit, Query
from actors.verification import Comparison, Difference, Readings, judge_of_view, own
from models.ids import MailboxId, ResourceNo
from models.judging import Judge, effective_preferences
from models.link import Link
from models.storage.changes import PutAudit
from models.storage.records import Audit, ResourcePreferences, ResourceRecord, ResourceState, Trigger
from models.storage.store import Store
from models.when import next_period, period_of

log = structlog.get_logger(__name__)

AT_ONCE: Final = 2
"""How many resources are audited together: whoever waits for a change comes first."""
PATIENCE_SECONDS: Final = 1_800.0
"""How long an audit may take; one that takes longer is begun anew later."""
AGAIN_SECONDS: Final = 3_600.0
"""How long after an audit that failed the next one is tried."""
LOOK_SECONDS: Final = 3_600.0
"""How often it is looked who is new, where nobody's turn comes earlier."""
UNSETTLED: Final = "it was never through with its work for half an hour; its state says what is in the way"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditNeighbours:
    """Whom the auditor talks to."""

    graph: ActorRef[Any]
    scheduler: ActorRef[Any]
    store: ActorRef[Any]
    router: Router
    clock: Clock
    timers: Timers


@dataclass(frozen=True, slots=True)
class _Turn:
    """An answer came in, or a time is over: this is what was to be done then."""

    then: Callable[[], None]


@dataclass(slots=True, kw_only=True)
class _Run:
    """The audit of one resource."""

    number: ResourceNo
    mailbox: MailboxId
    readings: int = 0
    compared: int = 0
    drift: tuple[Difference, ...] = field(default=())
    """What has differed in every reading so far."""
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the store knows of a resource."""

    links: tuple[Link, ...]
    preferences: ResourcePreferences | None


class Auditor(PooledActor):
    """Audits every resource that synchronises, and has what drifted mended."""

    def __init__(
        self,
        *,
        neighbours: AuditNeighbours,
        configuration: Callable[[], Configuration],
        every: timedelta,
    ) -> None:
        super().__init__()
        self._to, self._configuration, self._every = neighbours, configuration, every
        self._last: dict[ResourceNo, datetime] = {}
        self._not_before: dict[ResourceNo, datetime] = {}
        self._running: dict[ResourceNo, _Run] = {}
        self._next_look = 0.0

    def on_start(self) -> None:
        def known(audits: dict[ResourceNo, Audit]) -> None:
            self._last = {number: audit.at for number, audit in audits.items()}
            self._look()

        self._load(lambda store: store.audits(), known)

    def on_receive(self, message: object) -> object:
        if not isinstance(message, _Turn):
            return super().on_receive(message)
        message.then()
        return None

    # Whose turn it is

    def _look(self) -> None:
        """Begin the audits that are due, the one that waits longest first, and look again for the next."""
        now = self._to.clock.now()
        due = sorted((since, number) for number, since in self._waiting(now).items())
        for _, number in due[: AT_ONCE - len(self._running)]:
            self._begin(number)
        if self._running:
            return  # the end of one looks again
        first = min((self._due(record) for record in self._active().values()), default=None)
        seconds = LOOK_SECONDS if first is None else (first - now).total_seconds()
        self._next_look = at = self._to.clock.monotonic() + min(max(seconds, 1.0), LOOK_SECONDS)
        self._after(at - self._to.clock.monotonic(), lambda: self._look() if at == self._next_look else None)

    def _waiting(self, now: datetime) -> dict[ResourceNo, datetime]:
        """The resources that are due, by when they were audited last."""
        found = {}
        for number, record in self._active().items():
            since = self._since(record)
            is_due = period_of(number, since, self._every) != period_of(number, now, self._every)
            if is_due and number not in self._running and self._not_before.get(number, now) <= now:
                found[number] = since
        return found

    def _due(self, record: ResourceRecord) -> datetime:
        due = next_period(record.resource_no, self._since(record), self._every)
        return max(due, self._not_before.get(record.resource_no, due))

    def _since(self, record: ResourceRecord) -> datetime:
        """When it was audited last; of one that never was, since when it is as it is."""
        return self._last.get(record.resource_no, record.updated_at)

    def _active(self) -> dict[ResourceNo, ResourceRecord]:
        directory = self._to.router.directory
        return {
            record.resource_no: record
            for record in directory.records
            if record.state is ResourceState.ACTIVE and record.resource_no in directory.resources
        }

    # One audit

    def _begin(self, number: ResourceNo) -> None:
        mailbox = self._to.router.directory.resources[number].mailbox.id
        run = self._running[number] = _Run(number=number, mailbox=mailbox)
        self._after(PATIENCE_SECONDS, lambda: self._end(run, UNSETTLED))
        self._look_around(run, full=False)

    def _look_around(self, run: _Run, *, full: bool) -> None:
        """Have the resource look at both sides itself; what follows is read when it is through."""
        hint = Hint(board=True, outlook=True, full=full, trigger=Trigger.AUDIT)
        self._to.router.hint(run.number, hint)
        self._to.router.when_settled(run.number, lambda: self._tell(lambda: self._read(run)))

    def _read(self, run: _Run) -> None:
        if run.is_over:
            return
        if run.number not in self._to.router.directory.resources:
            self._over(run)
            return

        def known(found: _Known) -> None:
            self._read_board(run, found.links, self._lens(run.number, found.preferences))

        self._load(
            lambda store: _Known(
                links=store.links_of(run.number), preferences=store.preferences_of(run.number)
            ),
            known,
        )

    def _lens(self, number: ResourceNo, own: ResourcePreferences | None) -> Lens:
        held = self._configuration()
        return Lens(
            resource_no=number,
            preferences=effective_preferences(
                own.stored if own is not None else None,
                held.defaults,
                resources_decide=held.resources_decide,
            ),
            mapper=held.mapper,
            window=held.window(self._to.clock.now()),
        )

    def _read_board(self, run: _Run, links: tuple[Link, ...], lens: Lens) -> None:
        def read(listing: AppointmentListing) -> None:
            judge = Judge.of_linked(lens.preferences)
            self._ask(
                run,
                self._to.graph,
                FindLinked(mailbox=run.mailbox, judge=judge),
                lambda linked: self._read_mailbox(run, links, lens, listing, linked),
            )

        operation = ListAppointments(window=lens.window, resources=(run.number,))
        self._ask(run, self._to.scheduler, operation, read)

    def _read_mailbox(
        self,
        run: _Run,
        links: tuple[Link, ...],
        lens: Lens,
        listing: AppointmentListing,
        linked: tuple[LinkedEvent, ...],
    ) -> None:
        held = self._configuration()

        def read(view: Listing) -> None:
            readings = Readings.of(
                run.number,
                run.mailbox,
                links=links,
                listing=listing,
                linked=linked,
                view=view,
                own_stamp=(held.source_app, held.source_type),
            )
            run.compared = readings.items
            self._compared(run, Comparison(lens, held.policy, readings).differences())

        judge = judge_of_view(lens, linked)
        self._ask(run, self._to.graph, ReadWindow(mailbox=run.mailbox, window=lens.window, judge=judge), read)

    def _compared(self, run: _Run, found: tuple[Difference, ...]) -> None:
        """What was put aside waits for whoever reads the status: looking at it every night mends nothing."""

        def own_of(store: Store) -> tuple[Difference, ...]:
            mine = own(
                found,
                run.number,
                links_of=lambda guid: store.links_of_appointment(guid=guid),
                letters=store.dead_letters(run.number) if found else (),
            )
            return tuple(one for one in mine if not one.is_put_aside)

        self._load(own_of, lambda differences: self._judged(run, differences))

    def _judged(self, run: _Run, found: tuple[Difference, ...]) -> None:
        if run.is_over:
            return
        run.readings += 1
        if run.readings == 3:
            left = [one for one in run.drift if one in found]
            self._end(run, repaired=len(run.drift) - len(left))
            return
        run.drift = found if run.readings == 1 else tuple(one for one in run.drift if one in found)
        if run.drift:
            self._look_around(run, full=run.readings == 2)
        else:
            self._end(run)

    # Its end

    def _end(self, run: _Run, problem: str = "", *, repaired: int = 0) -> None:
        if run.is_over:
            return
        now = self._to.clock.now()
        audit = Audit(
            resource_no=run.number,
            at=now,
            compared=run.compared,
            found=0 if problem else len(run.drift),
            repaired=repaired,
            problem=problem,
        )
        self._to.store.tell(Commit((PutAudit(audit=audit),)))
        if problem:
            self._not_before[run.number] = now + timedelta(seconds=AGAIN_SECONDS)
            log.warning("audit failed", resource=run.number, problem=problem)
        else:
            self._last[run.number] = now
            self._not_before.pop(run.number, None)
        if audit.found:
            log.warning("drift", resource=run.number, items=audit.found, repaired=audit.repaired)
        self._over(run)

    def _over(self, run: _Run) -> None:
        run.is_over = True
        self._running.pop(run.number, None)
        self._look()

    # What it asks

    def _ask(
        self,
        run: _Run,
        gateway: ActorRef[Any],
        operation: GraphOperation[Any] | SchedulerOperation[Any],
        then: Callable[[Any], None],
    ) -> None:
        def answered(outcome: Outcome) -> None:
            if run.is_over:
                return
            if isinstance(outcome, Failed):
                self._end(run, outcome.problem.sentence)
            else:
                then(outcome.value)

        gateway.tell(
            Submit(
                operation=operation,
                reply=lambda outcome: self._tell(lambda: answered(outcome)),
                priority=Priority.BACKGROUND,
            )
        )

    def _load(self, read: Callable[[Store], Any], then: Callable[[Any], None]) -> None:
        self._to.store.tell(Query(read=read, then=lambda answer: self._tell(lambda: then(answer))))

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._to.timers.after(seconds, lambda: self._tell(then))

    def _tell(self, then: Callable[[], None]) -> None:
        self.actor_ref.tell(_Turn(then))

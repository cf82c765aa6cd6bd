"""Notifications on their way in: on disk first, then acknowledged, then hints for the resources concerned.

An entry of the journal concerns one resource, which finishes it once it has looked. It holds references,
never content, and a start replays it as the same hint.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pykka import ActorDeadError, ActorRef

from actors.clients.scheduler.codec import Notice
from actors.committing import Receipt, StoreDesk
from actors.resource.messages import AppointmentRef, Hint
from actors.router import Router
from actors.runtime.clock import Clock
from actors.store_actor import Commit, Query
from models.ids import AppointmentGuid, AppointmentId, EventId, MailboxId, ResourceNo
from models.storage.changes import AddJournal, CountJournal, FinishJournal
from models.storage.errors import StoreError
from models.storage.records import JournalEntry, JournalSource, Subscription, Trigger
from models.storage.store import Store

log = structlog.get_logger(__name__)

REPLAYED_AT_ONCE: Final = 100_000
"""Entries read at a start. More are not lost: their resources are read in full at a start anyway."""
EVENTS_KEPT: Final = 50
"""Ids of events kept with an entry: for whoever reads the journal, since a notification only wakes up."""

TRIGGERS: Final[Mapping[JournalSource, Trigger]] = {
    JournalSource.GRAPH: Trigger.NOTIFICATION,
    JournalSource.LIFECYCLE: Trigger.NOTIFICATION,
    JournalSource.SCHEDULER: Trigger.WEBHOOK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """Graph said something about a subscription (facts §4.4). Told to whoever keeps the subscriptions."""

    subscription_id: str
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """One item of a delivery of Graph's whose sender has proven who it is."""

    subscription: Subscription
    kind: str
    """The change, or the lifecycle event."""
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """One appointment that a payload names, as far as it and the links say which."""

    resource_no: ResourceNo
    id: AppointmentId | None
    guid: AppointmentGuid | None


class Intake:
    """Takes notifications in. Any thread may use it; it waits for the disk and for nothing else."""

    def __init__(
        self,
        *,
        desk: StoreDesk,
        router: Router,
        clock: Clock,
        subscriptions: ActorRef[Any] | None = None,
    ) -> None:
        """`subscriptions` is told what Graph says about subscriptions."""
        self._desk, self._router, self._clock = desk, router, clock
        self._subscriptions = subscriptions
        self._numbers = itertools.count()
        self._roster_known = False

    # What came in

    def from_graph(self, items: Sequence[Notified], source: JournalSource) -> None:
        """Journal what Graph said, and wake the mailboxes. Raises `NotStored`: then nothing has happened.

        A delivery becomes one entry for each mailbox, however many of its items concern it.
        """
        grouped: dict[MailboxId, list[Notified]] = {}
        for item in items:
            if item.subscription.mailbox is not None:
                grouped.setdefault(item.subscription.mailbox, []).append(item)
        entries = tuple(self._graph_entry(mailbox, some, source) for mailbox, some in grouped.items())
        if entries:
            self._desk.ask(lambda receipt: self._journal(entries, receipt))
        if source is JournalSource.LIFECYCLE:
            for item in items:
                self._tell_subscriptions(Lifecycle(subscription_id=item.subscription.id, event=item.kind))

    def from_scheduler(self, notices: Sequence[Notice], kind: str) -> None:
        """Journal which appointments changed, and wake their resources: those that the payload names and
        those that have a link with one of them. Raises `NotStored`: then nothing has happened.
        """

        def ask(receipt: Receipt) -> Query:
            def resolved(references: tuple[_Reference, ...]) -> None:
                entries = tuple(self._scheduler_entry(reference, kind) for reference in references)
                if entries:
                    self._desk.tell(self._journal(entries, receipt))
                else:
                    receipt.stored()  # it concerns nobody who has ever synchronised

            return Query(read=lambda store: _resolve(store, notices), then=resolved)

        self._desk.ask(ask)

    # What an earlier life left behind

    def replay(self) -> None:
        """Hint at everything that was acknowledged and is not handled. To be called when it is known which
        resources synchronise; until then what comes in waits in the journal."""
        self._roster_known = True

        def read(store: Store) -> tuple[JournalEntry, ...]:
            try:
                return store.pending_journal(REPLAYED_AT_ONCE)
            except StoreError as error:
                log.warning("journal not replayed", problem=str(error))
                return ()

        def found(entries: tuple[JournalEntry, ...]) -> None:
            if entries:
                log.info("journal replayed", entries=len(entries))
                ids = tuple(entry.id for entry in entries)
                self._desk.tell(Commit(changes=(CountJournal(ids=ids),), then=lambda: self._route(entries)))

        self._desk.tell(Query(read=read, then=found))

    # From the journal to the resources

    def _journal(self, entries: tuple[JournalEntry, ...], receipt: Receipt) -> Commit:
        def written() -> None:
            receipt.stored()
            self._route(entries)

        return Commit(
            changes=tuple(AddJournal(entry=entry) for entry in entries),
            then=written,
            refused=receipt.refused,
        )

    def _route(self, entries: Iterable[JournalEntry]) -> None:
        """Leave a hint for every entry; those of resources that do not synchronise are done with."""
        moot: list[str] = []
        for entry in entries:
            resource_no = self._resource_of(entry)
            if resource_no is not None:
                self._leave(resource_no, _hint(entry))
            elif self._roster_known:
                moot.append(entry.id)
        if moot:
            self._desk.tell(Commit(changes=(FinishJournal(ids=tuple(moot)),)))

    def _leave(self, resource_no: ResourceNo, hint: Hint) -> None:
        try:
            self._router.hint(resource_no, hint)
        except ActorDeadError:
            log.info(
                "no actor is left to wake; the next start goes on from the journal", resource=resource_no
            )

    def _resource_of(self, entry: JournalEntry) -> ResourceNo | None:
        directory = self._router.directory
        if entry.mailbox is not None:
            return directory.by_mailbox.get(entry.mailbox)
        return next((one for one in entry.resource_nos if one in directory.resources), None)

    # Entries

    def _graph_entry(
        self, mailbox: MailboxId, items: Sequence[Notified], source: JournalSource
    ) -> JournalEntry:
        events = dict.fromkeys(item.event_id for item in items if item.event_id is not None)
        return JournalEntry(
            id=self._new_id(),
            received_at=self._clock.now(),
            source=source,
            kind=",".join(dict.fromkeys(item.kind for item in items)),
            mailbox=mailbox,
            subscription_id=items[0].subscription.id,
            event_ids=tuple(events)[:EVENTS_KEPT],
        )

    def _scheduler_entry(self, reference: _Reference, kind: str) -> JournalEntry:
        return JournalEntry(
            id=self._new_id(),
            received_at=self._clock.now(),
            source=JournalSource.SCHEDULER,
            kind=kind,
            resource_nos=(reference.resource_no,),
            appointment_ids=() if reference.id is None else (reference.id,),
            guids=() if reference.guid is None else (reference.guid,),
        )

    def _new_id(self) -> str:
        """Ids sort in the order in which they were given, within one life of the process and across lives."""
        return f"{int(self._clock.now().timestamp() * 1_000_000):016x}-{next(self._numbers):08x}"

    def _tell_subscriptions(self, message: Lifecycle) -> None:
        if self._subscriptions is None:
            return
        try:
            self._subscriptions.tell(message)
        except ActorDeadError:
            log.info("intake: the subscriptions have stopped; the next start lists them")


def _resolve(store: Store, notices: Sequence[Notice]) -> tuple[_Reference, ...]:
    """Which appointments of which resources are meant, each once. Links add what a payload leaves out."""
    found: dict[_Reference, None] = {}
    for notice in notices:
        try:
            links = store.links_of_appointment(guid=notice.guid, appointment_id=notice.id)
        except StoreError as error:
            log.warning("links not read", problem=str(error))
            links = ()
        guid = notice.guid or next((link.guid for link in links), None)
        id_ = notice.id or next((link.appointment_id for link in links if link.appointment_id), None)
        for resource_no in dict.fromkeys((*notice.resources, *(link.resource_no for link in links))):
            found[_Reference(resource_no=resource_no, id=id_, guid=guid)] = None
    return tuple(found)


def _hint(entry: JournalEntry) -> Hint:
    trigger, journal = TRIGGERS[entry.source], (entry.id,)
    if entry.source is not JournalSource.SCHEDULER:
        return Hint(outlook=True, trigger=trigger, journal=journal)
    if not entry.guids:  # the board is asked which appointment it is
        return Hint(board=True, trigger=trigger, journal=journal)
    id_ = entry.appointment_ids[0] if entry.appointment_ids else None
    references = frozenset({AppointmentRef(guid=entry.guids[0], id=id_)})
    return Hint(appointments=references, trigger=trigger, journal=journal)

"""The store as the rest of the program sees it: changes go in together, values come out."""

from __future__ import annotations

import threading
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from models.decision import Reason
from models.ids import AppointmentGuid, AppointmentId, MailboxId, ResourceNo
from models.link import Link, Unshared
from models.storage import audits, counting, decisions, images, links, progress, resources, work
from models.storage.backend import Backend, translated
from models.storage.changes import Change, ForgetWords
from models.storage.errors import StoreUnavailable
from models.storage.migrations import STEPS, Step, migrate, require_current
from models.storage.postgres import PostgresBackend
from models.storage.records import (
    Audit,
    BeforeImage,
    Counts,
    DeadLetter,
    DecisionRecord,
    DeltaState,
    HeldBack,
    Intent,
    JournalEntry,
    ResourcePreferences,
    ResourceRecord,
    Subscription,
)
from models.storage.session import Session
from models.storage.sqlite import SqliteBackend
from models.storage.writing import Writers, batches
from models.supervision import ChildState
from models.when import Window

KEEP_DECISIONS_DAYS = 90
KEEP_DECISIONS = 1_000_000
KEEP_IMAGES = 200_000
"""Before-images: they hold what an item said twice, so that fewer of them are kept than of decisions."""
PRUNE_AT_ONCE = 500
"""How many records of a kind one call of `Store.prune` drops: a writer that waits for it waits some 50 ms."""

_WRITERS: Writers = {
    **links.WRITERS,
    **resources.WRITERS,
    **work.WRITERS,
    **images.WRITERS,
    **audits.WRITERS,
    **decisions.WRITERS,
    **progress.WRITERS,
}


class Store:
    """What survives a crash.

    Any thread may read, each on a connection of its own; writes come one after the other. Every method raises
    `StoreError` for what an administrator has to mend.
    """

    def __init__(self, backend: Backend) -> None:
        """For `open`; use that."""
        self._backend = backend
        self._writing = threading.Lock()
        self._closed = False
        self._to_erase = False

    @classmethod
    def open(cls, url: str, *, read_only: bool = False, steps: Sequence[Step] = STEPS) -> Store:
        """Opens a store, and unless for reading, takes it for this process and brings its schema up to date.

        `url` is `sqlite:///relative/path`, `sqlite:////absolute/path`, `sqlite:///:memory:` (gone with the
        object) or `postgresql://user:password@host/database`. `steps` are the schema's history.
        """
        backend = _backend(url, read_only=read_only)
        try:
            with translated(backend):
                if read_only:
                    require_current(backend.reader, backend.label, steps)
                else:
                    with backend.writer.transaction():
                        backend.lock_schema()
                        migrate(backend.writer, backend.label, steps)
        except BaseException:
            backend.close()
            raise
        return cls(backend)

    @property
    def label(self) -> str:
        """Names the store in messages, without a password."""
        return self._backend.label

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work with it too, so that resources have to be claimed (D12)."""
        return self._backend.is_shared

    def close(self) -> None:
        """Closes all connections and lets other processes have the store.

        No other thread may be reading at that moment; one that comes later gets `StoreUnavailable`.
        """
        with self._writing:
            self._closed = True
            self._backend.close()

    def close_reader(self) -> None:
        """Closes the calling thread's own connection: for a thread that ends before the store does."""
        self._backend.reader.close_of_thread()

    # Writing

    def apply(self, changes: Iterable[Change]) -> None:
        """Writes all changes, or none. They are on the disk when this returns.

        What was erased has left the files by then; or, if somebody was reading, with a later change.
        """
        with self._writing, self._usable():
            self._backend.check_present()
            writer = self._backend.writer
            ordered = batches(changes, _WRITERS)
            with writer.transaction():
                for batch in ordered:
                    batch.writer.write(writer, batch.changes)
            self._to_erase = self._to_erase or any(batch.kind is ForgetWords for batch in ordered)
            if self._to_erase:
                self._to_erase = not self._backend.erase()

    def write_again(self) -> None:
        """After `StoreRemoved`: puts a file in place of the one that was removed, with all that was in it.

        A file that is there by now stays as it is.
        """
        with self._writing, self._usable():
            self._backend.write_again()

    def prune(
        self,
        now: datetime,
        *,
        keep_days: int = KEEP_DECISIONS_DAYS,
        keep: int = KEEP_DECISIONS,
        keep_images: int = KEEP_IMAGES,
    ) -> int:
        """Drops decisions and before-images that are too old or too many.

        Returns how many went: call again until it is 0, and let others write in between.
        """
        before = now - timedelta(days=keep_days)
        with self._writing, self._usable():
            writer = self._backend.writer
            with writer.transaction():
                dropped = images.drop_oldest(writer, before, keep_images, PRUNE_AT_ONCE)
                return dropped + decisions.drop_oldest(writer, before, keep, PRUNE_AT_ONCE)

    # Sharing the work between processes (D12)

    def claim(self, resource_nos: Collection[ResourceNo]) -> frozenset[ResourceNo]:
        """Which of these resources are this process's to work for, as no other living process has them.

        An SQLite store is one process's alone, so all are. Ask again from time to time for the others.
        """
        with self._writing, self._usable():
            return self._backend.claim(resource_nos)

    # Links

    def links_of(self, resource_no: ResourceNo) -> tuple[Link, ...]:
        """All links of a resource."""
        with self._reading() as reader:
            return links.links_of(reader, resource_no)

    def links(self, only: Container[ResourceNo] | None = None) -> tuple[Link, ...]:
        """All links, or those of some resources, resource by resource."""
        with self._reading() as reader:
            return links.links(reader, only)

    def links_of_appointment(
        self, *, guid: AppointmentGuid | None = None, appointment_id: AppointmentId | None = None
    ) -> tuple[Link, ...]:
        """The links of an appointment, by either of its ids: one for each of its resources."""
        with self._reading() as reader:
            if guid is not None:
                return links.links_of_guid(reader, guid)
            if appointment_id is not None:
                return links.links_of_id(reader, appointment_id)
            return ()

    def unshared_of(self, resource_no: ResourceNo) -> tuple[Unshared, ...]:
        """The events of a resource that are not shared."""
        with self._reading() as reader:
            return links.unshared_of(reader, resource_no)

    # Resources

    def resources(self) -> tuple[ResourceRecord, ...]:
        """All resources, by number."""
        with self._reading() as reader:
            return resources.resources(reader)

    def resource_of(self, resource_no: ResourceNo) -> ResourceRecord | None:
        """One resource."""
        with self._reading() as reader:
            return resources.resource_of(reader, resource_no)

    def preferences_of(self, resource_no: ResourceNo) -> ResourcePreferences | None:
        """A resource's own preferences; None if it has not chosen."""
        with self._reading() as reader:
            return resources.preferences_of(reader, resource_no)

    def all_preferences(self) -> dict[ResourceNo, ResourcePreferences]:
        """The preferences of every resource that has chosen."""
        with self._reading() as reader:
            return resources.all_preferences(reader)

    def all_supervision(self) -> dict[ResourceNo, ChildState]:
        """How those actors fare that ever failed."""
        with self._reading() as reader:
            return resources.all_supervision(reader)

    # Work not done yet

    def pending_journal(self, limit: int = 1_000) -> tuple[JournalEntry, ...]:
        """The oldest notifications that are not handled."""
        with self._reading() as reader:
            return work.pending_journal(reader, limit)

    def pending_intents(self, resource_no: ResourceNo | None = None) -> tuple[Intent, ...]:
        """Intents whose outcome is not known, of one resource or all, the oldest first."""
        with self._reading() as reader:
            return work.pending_intents(reader, resource_no)

    def dead_letters(self, resource_no: ResourceNo | None = None) -> tuple[DeadLetter, ...]:
        """What was put aside, the latest first."""
        with self._reading() as reader:
            return work.dead_letters(reader, resource_no)

    def held_back(self, resource_no: ResourceNo | None = None) -> tuple[HeldBack, ...]:
        """The deletions that wait for evidence, the oldest first."""
        with self._reading() as reader:
            return work.held_back(reader, resource_no)

    def counts(self) -> Counts:
        """The figures of `status`, of one moment."""
        with self._reading() as reader:
            return counting.counts(reader)

    # What was decided and done

    def decisions(self, item: str, limit: int = 100) -> tuple[DecisionRecord, ...]:
        """What was decided about an item, the latest first.

        `item` is an appointment's number, id or GUID, an event's id, key or iCalUId, or a subject; failing
        these, a resource; failing that, a part of a subject, in any letter case.
        """
        with self._reading() as reader:
            return decisions.decisions(reader, item, limit)

    def decisions_of(
        self,
        resource_no: ResourceNo,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> tuple[DecisionRecord, ...]:
        """What was decided for a resource within a stretch of time, the latest first."""
        with self._reading() as reader:
            return decisions.decisions_of(reader, resource_no, since, until, limit)

    def decisions_about_time(
        self, resource_no: ResourceNo, asked: Window, *, limit: int = 100
    ) -> tuple[DecisionRecord, ...]:
        """What was decided about items of a resource that take place within a stretch of time, the latest
        first."""
        with self._reading() as reader:
            return decisions.decisions_about_time(reader, resource_no, asked, limit)

    def last_reason(self, resource_no: ResourceNo, guid: AppointmentGuid) -> Reason | None:
        """Why the latest decision about an appointment of a resource was as it was; None if there is none."""
        with self._reading() as reader:
            return decisions.last_reason(reader, resource_no, guid)

    def before_images(
        self, since: datetime, *, resource_no: ResourceNo | None = None
    ) -> tuple[BeforeImage, ...]:
        """What was changed since a moment, the latest first."""
        with self._reading() as reader:
            return images.before_images(reader, since, resource_no)

    def images_of_intents(self, intent_ids: Iterable[str]) -> dict[str, BeforeImage]:
        """The latest image of each of these intents that has one."""
        with self._reading() as reader:
            return images.images_of_intents(reader, intent_ids)

    def changed_since(self, since: datetime) -> tuple[ResourceNo, ...]:
        """The resources of which something was changed since a moment."""
        with self._reading() as reader:
            return images.changed_since(reader, since)

    # How far we have read

    def audits(self) -> dict[ResourceNo, Audit]:
        """The last audit of every resource that has had one."""
        with self._reading() as reader:
            return audits.audits(reader)

    def delta_state(self, mailbox: MailboxId) -> DeltaState | None:
        """How far a mailbox has been read; None if it never was, or must be read anew."""
        with self._reading() as reader:
            return progress.delta_state(reader, mailbox)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, those first that expire first."""
        with self._reading() as reader:
            return progress.subscriptions(reader)

    def subscription(self, subscription_id: str) -> Subscription | None:
        """One subscription."""
        with self._reading() as reader:
            return progress.subscription(reader, subscription_id)

    def meta(self, key: str) -> str | None:
        """A named fact of the whole installation."""
        with self._reading() as reader:
            return progress.meta(reader, key)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._usable():
            yield self._backend.reader

    @contextmanager
    def _usable(self) -> Iterator[None]:
        if self._closed:
            raise StoreUnavailable(f"the store {self.label} is closed", "open it again")
        with translated(self._backend):
            yield


def _backend(url: str, *, read_only: bool) -> Backend:
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        return PostgresBackend(url, read_only=read_only)
    path = unquote(rest.removeprefix("/"))
    if scheme != "sqlite" or not rest.startswith("/") or not path:
        raise StoreUnavailable(
            "storage.url names no store this program knows",
            "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE",
        )
    if path == ":memory:":
        return SqliteBackend(None, read_only=False)
    return SqliteBackend(Path(path).absolute(), read_only=read_only)

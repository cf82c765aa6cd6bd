"""A run that changes nothing: everything is read and decided as ever, and what would be done is noted.

Three things make sure of it: resource actors note what they would do and do not do it, what they would have
stored is dropped here, and a transport that only reads stands before both services.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Container, Iterable, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from actors.clients.transport import Answer, Call, Transport
from actors.runtime.pooled import PooledActor
from actors.store_actor import Commit, Query
from models.decision import Act
from models.ids import AppointmentGuid, ResourceNo
from models.link import Link
from models.preferences import Preferences
from models.storage.changes import AddDecision, AddIntent, Change, PutLink
from models.storage.records import DecisionRecord, Intent, ResourcePreferences
from models.storage.store import Store

READS: Final = ("GET", "HEAD")


class WouldWrite(Exception):  # noqa: N818 - named for what happened
    """Something tried to write during a rehearsal. A defect: nothing was sent."""


class Rehearsal:
    """What a run would do, as far as it was decided."""

    def __init__(
        self,
        in_force: Callable[[ResourceNo], Preferences | None] = lambda number: None,
        *,
        judges_anew: bool = False,
    ) -> None:
        """`in_force` says what a resource shares now, where other preferences are tried out.

        With `judges_anew` every mailbox is read in full, as settings that judge events are others than those
        by which it was read.
        """
        self.in_force = in_force
        self.judges_anew = judges_anew
        self._lock = threading.Lock()
        self._decided: dict[tuple[ResourceNo, str, Act], DecisionRecord] = {}
        self._left_behind: list[Intent] = []
        self._links: dict[tuple[ResourceNo, AppointmentGuid], Link] = {}

    def note(self, changes: Iterable[Change]) -> None:
        """What would have been written to the store."""
        with self._lock:
            for change in changes:
                if isinstance(change, AddDecision):
                    decision = change.decision
                    self._decided[decision.resource_no, decision.item, decision.act] = decision
                elif isinstance(change, AddIntent):
                    self._left_behind.append(change.intent)
                elif isinstance(change, PutLink):
                    self._links[change.link.resource_no, change.link.guid] = change.link

    @property
    def size(self) -> int:
        """How much has been decided: it grows while there is progress."""
        with self._lock:
            return len(self._decided) + len(self._left_behind)

    @property
    def decisions(self) -> tuple[DecisionRecord, ...]:
        """Every decision, in the order in which they were made."""
        with self._lock:
            return tuple(self._decided.values())

    def link_of(self, decision: DecisionRecord) -> Link | None:
        """What was learned of a decision's item, if that was anything new."""
        with self._lock:
            return None if decision.guid is None else self._links.get((decision.resource_no, decision.guid))

    @property
    def left_behind(self) -> tuple[Intent, ...]:
        """Events that would be deleted in mailboxes which their resources do not have any more (A11)."""
        with self._lock:
            return tuple(self._left_behind)


class RehearsalStore(Store):
    """The store of an installation, for reading."""

    proposed: Mapping[ResourceNo, ResourcePreferences] = MappingProxyType({})
    """Choices that are tried out in the place of those that are kept."""
    _ahead: Mapping[ResourceNo, tuple[Link, ...]] | None = None

    def read_ahead(self, only: Container[ResourceNo] | None) -> None:
        """Read the links of many resources at once: one after the other takes several times as long."""
        grouped = groupby(self.links(only), key=lambda link: link.resource_no)
        self._ahead = {resource_no: tuple(links) for resource_no, links in grouped}

    def links_of(self, resource_no: ResourceNo) -> tuple[Link, ...]:
        """All links of a resource."""
        return super().links_of(resource_no) if self._ahead is None else self._ahead.get(resource_no, ())

    def preferences_of(self, resource_no: ResourceNo) -> ResourcePreferences | None:
        """A resource's choice, as it is proposed."""
        return self.proposed.get(resource_no) or super().preferences_of(resource_no)


class RehearsalStoreActor(PooledActor):
    """In the place of the one that writes: answers questions, and notes what it is given to write."""

    def __init__(self, store: Store, rehearsal: Rehearsal) -> None:
        super().__init__()
        self._store, self._rehearsal = store, rehearsal

    def on_receive(self, message: object) -> object:
        match message:
            case Commit():
                self._rehearsal.note(message.changes)
                if message.then is not None:
                    message.then()
            case Query():
                message.then(message.read(self._store))
            case _:
                return super().on_receive(message)
        return None


class ReadingOnly:
    """A transport that lets nothing through which could change something."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, call: Call) -> Answer:
        """Carry a call out. Raises `WouldWrite` in the place of sending one that is no reading."""
        if call.method not in READS and not _only_reads_together(call):
            raise WouldWrite(call.method)
        return self._transport.send(call)


def _only_reads_together(call: Call) -> bool:
    """Whether a call is a batch of nothing but readings."""
    if call.method != "POST" or not urlsplit(call.url).path.endswith("/$batch"):
        return False
    return all(request.get("method") in READS for request in json.loads(call.body)["requests"])

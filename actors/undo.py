"""One undo: what was asked for, and what has come of it so far. Any thread may look."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from actors.explain import ACTS
from models.decision import Act, Side
from models.ids import AppointmentGuid, EventId, ResourceNo
from models.storage.records import ResourceRecord
from models.storage.store import Store


class Ending(Enum):
    """What became of one item. The values are shown."""

    PLANNED = "planned"
    """It would be put back; nothing was written."""
    PUT_BACK = "put_back"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """One side of one item."""

    resource_no: ResourceNo
    side: Side
    act: Act
    """What puts it back."""
    ending: Ending
    guid: AppointmentGuid
    number: str = ""
    event_id: EventId | None = None
    subject: str = ""
    """As far as it may be told."""
    fields: tuple[str, ...] = ()
    reason: str = ""
    """Why it was skipped, or has failed."""

    @property
    def sentence(self) -> str:
        """For people."""
        name = " ".join(part for part in (self.number or self.guid, self.subject) if part)
        fields = f" ({', '.join(self.fields)})" if self.fields else ""
        said = f"{name}: {ACTS[self.act]}{fields}"
        match self.ending:
            case Ending.SKIPPED:
                return f"{said} is left out, because {self.reason}"
            case Ending.FAILED:
                return f"{said} has failed: {self.reason}"
            case _:
                return said

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "side": self.side.value,
            "act": self.act.value,
            "outcome": self.ending.value,
            "appointmentNo": self.number,
            "appointmentGuid": self.guid,
            "eventId": self.event_id,
            "subject": self.subject,
            "fields": list(self.fields),
            "reason": self.reason,
        }


@dataclass(slots=True)
class _Share:
    """What one resource has to do with it."""

    record: ResourceRecord
    items: dict[tuple[AppointmentGuid, Side], Undone]
    ended: bool = False
    problem: str = ""


class Undo:
    """Everything that was written since a moment, up to another, is to be put back."""

    def __init__(
        self, *, since: datetime, until: datetime, dry_run: bool, records: Collection[ResourceRecord]
    ) -> None:
        """`until` is when it was asked for: what is written later is not its business."""
        self.since, self.until, self.dry_run = since, until, dry_run
        self._shares = {record.resource_no: _Share(record, {}) for record in records}
        self._changed = threading.Condition()

    # For those who carry it out

    def note(self, undone: Undone) -> None:
        """An item is settled. What is found settled later on stays what it was."""
        with self._changed:
            items = self._shares[undone.resource_no].items
            known = items.get((undone.guid, undone.side))
            if known is None or known.ending is not Ending.PUT_BACK:
                items[undone.guid, undone.side] = undone
            self._changed.notify_all()

    def end(self, resource_no: ResourceNo, problem: str = "") -> None:
        """A resource is through, or cannot go on; the first word about that counts."""
        with self._changed:
            share = self._shares.get(resource_no)
            if share is not None and not share.ended:
                share.ended, share.problem = True, problem
            self._changed.notify_all()

    # For those who wait for it

    @property
    def waiting_for(self) -> tuple[ResourceNo, ...]:
        """The resources that are not through."""
        with self._changed:
            return tuple(number for number, share in self._shares.items() if not share.ended)

    @property
    def settled(self) -> int:
        """How many items are settled: it grows while there is progress."""
        with self._changed:
            return sum(len(share.items) for share in self._shares.values())

    def wait(self, seconds: float) -> None:
        """Wait until something is settled, at most so long. On a thread that is no actor's."""
        with self._changed:
            self._changed.wait(seconds)

    def record_of(self, resource_no: ResourceNo) -> ResourceRecord | None:
        """A resource that takes part, as it was when this was asked for."""
        share = self._shares.get(resource_no)
        return None if share is None else share.record

    def waits_for(self, resource_no: ResourceNo) -> bool:
        """Whether a resource takes part and is not through."""
        with self._changed:
            share = self._shares.get(resource_no)
            return share is not None and not share.ended

    def as_json(self) -> dict[str, Any]:
        """How it stands, for tools."""
        with self._changed:
            shares = list(self._shares.values())
            endings = Counter(one.ending for share in shares for one in share.items.values())
            waiting = [share.record.resource_no for share in shares if not share.ended]
            return {
                "since": self.since.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "dryRun": self.dry_run,
                "totals": {ending.value: endings[ending] for ending in Ending},
                "waitingFor": waiting,
                "resources": [_as_json(share) for share in shares],
            }


def undo_of(
    store: Store, *, since: datetime, until: datetime, resource: ResourceNo | None, dry_run: bool
) -> Undo:
    """An undo of one resource, or of everyone of whom something was written since a moment."""
    changed = {number for number in store.changed_since(since) if resource in (None, number)}
    records = [record for record in store.resources() if record.resource_no in changed]
    return Undo(since=since, until=until, dry_run=dry_run, records=records)


def _as_json(share: _Share) -> Mapping[str, Any]:
    return {
        "resourceNo": share.record.resource_no,
        "mailbox": share.record.email,
        "problem": share.problem,
        "items": [{**one.as_json(), "sentence": one.sentence} for one in share.items.values()],
    }

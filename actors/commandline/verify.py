"""`verify`: both sides compared in full, by a reading of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from actors.asking import Asking, NotAnswered, asking
from actors.clients.graph.operations import FindLinked, ReadWindow
from actors.clients.scheduler.operations import AppointmentListing, ListAppointments
from actors.commandline.application import mapper_asked
from actors.commandline.options import store_url
from actors.commandline.progress import Display
from actors.commandline.telling import Failure, tell, tell_json, unknown_resource
from actors.resource.sides import Lens
from actors.runtime.clock import SystemClock
from actors.verification import Comparison, Difference, Readings, judge_of_view, own
from models.ids import MailboxId, ResourceNo
from models.judging import Judge, effective_preferences
from models.mapper import Mapper
from models.preferences import Preferences
from models.settings.sections import Settings
from models.storage.records import ResourceRecord, ResourceState
from models.storage.store import Store

SETTLE_SECONDS: Final = 3.0
"""How long what differs gets, in case it was just on its way: only what differs twice is drift."""


@dataclass(slots=True, kw_only=True)
class Verified:
    """What was found of one resource."""

    record: ResourceRecord
    differences: tuple[Difference, ...] = ()
    problem: str = ""
    compared: int = 0
    """Items that were looked at."""

    @property
    def is_good(self) -> bool:
        """Whether both sides are in step, and were read to see it."""
        return not self.differences and not self.problem

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "resourceNo": self.record.resource_no,
            "mailbox": self.record.email,
            "compared": self.compared,
            "drift": [one.as_json() for one in self.differences],
            "problem": self.problem,
        }


def verify(settings: Settings, *, resource: str | None, as_json: bool) -> None:
    """Compare everything, or one resource. Raises `Failure` if anything differs or cannot be read."""
    store = Store.open(store_url(settings), read_only=True)
    clock = SystemClock()
    try:
        records = _active(store, resource)
        with asking(settings) as services, Display("verifying", clock) as display:
            verifier = Verifier(settings, mapper_asked(settings, services), services, store, clock.now)
            found = verifier.all(records, display.say)
            doubtful = [one.record for one in found if one.differences]
            if doubtful:
                threading.Event().wait(SETTLE_SECONDS)
                again = {one.record.resource_no: one for one in verifier.all(doubtful, display.say)}
                found = [_in_both(one, again.get(one.record.resource_no, one)) for one in found]
    finally:
        store.close()
    _tell(found, as_json=as_json)


class Verifier:
    """Reads both sides, resource by resource, and compares them."""

    def __init__(
        self, settings: Settings, mapper: Mapper, services: Asking, store: Store, now: Callable[[], datetime]
    ) -> None:
        self._settings, self._mapper, self._services, self._store = settings, mapper, services, store
        self._now = now

    def all(self, records: Iterable[ResourceRecord], on_progress: Callable[[str], None]) -> list[Verified]:
        """Every one of these resources."""
        wanted = list(records)
        window = self._settings.sync.window(self._now())
        numbers = tuple(record.resource_no for record in wanted) if len(wanted) == 1 else None
        try:
            listing = self._services.board(ListAppointments(window=window, resources=numbers)).get()
        except NotAnswered as problem:
            raise Failure(f"the board cannot be read: {problem}") from None
        found = []
        for count, record in enumerate(wanted):
            on_progress(f"verifying: {count} of {len(wanted)} resources done")
            lens = Lens(
                resource_no=record.resource_no,
                preferences=self._preferences(record.resource_no),
                mapper=self._mapper,
                window=window,
            )
            found.append(self._one(record, lens, listing))
        return found

    def _one(self, record: ResourceRecord, lens: Lens, listing: AppointmentListing) -> Verified:
        done = Verified(record=record)
        if record.mailbox is None:
            return done
        try:
            readings = self._read(record.resource_no, record.mailbox, lens, listing)
        except NotAnswered as problem:
            done.problem = str(problem)
            return done
        done.compared = readings.items
        differences = Comparison(lens, self._settings.sync.policy(), readings).differences()
        done.differences = own(
            differences,
            record.resource_no,
            links_of=lambda guid: self._store.links_of_appointment(guid=guid),
            letters=self._store.dead_letters(record.resource_no) if differences else (),
        )
        return done

    def _read(
        self, number: ResourceNo, mailbox: MailboxId, lens: Lens, listing: AppointmentListing
    ) -> Readings:
        judge = Judge.of_linked(lens.preferences)
        linked = self._services.graph(FindLinked(mailbox=mailbox, judge=judge)).get()
        judge = judge_of_view(lens, linked)
        view = self._services.graph(ReadWindow(mailbox=mailbox, window=lens.window, judge=judge)).get()
        scheduler = self._settings.scheduler
        return Readings.of(
            number,
            mailbox,
            links=self._store.links_of(number),
            listing=listing,
            linked=linked,
            view=view,
            own_stamp=(scheduler.source_app, scheduler.source_type),
        )

    def _preferences(self, number: ResourceNo) -> Preferences:
        own = self._store.preferences_of(number)
        return effective_preferences(
            None if own is None else own.stored,
            self._settings.default_preferences(),
            resources_decide=self._settings.defaults.resources_decide,
        )


def _active(store: Store, resource: str | None) -> list[ResourceRecord]:
    """The resources that synchronise. Raises `Failure` for one that does not."""
    records = store.resources()
    if resource is not None:
        record = next((one for one in records if one.resource_no == resource), None)
        if record is None:
            raise unknown_resource(resource)
        if record.state is not ResourceState.ACTIVE:
            state = record.state.value.replace("_", " ")
            raise Failure(f"resource {resource} does not synchronise ({state}): {record.reason}")
        return [record]
    return [record for record in records if record.state is ResourceState.ACTIVE]


def _in_both(first: Verified, second: Verified) -> Verified:
    """What differs twice; a problem of either reading stays one."""
    second.differences = tuple(one for one in second.differences if one in first.differences)
    return second


def _tell(found: list[Verified], *, as_json: bool) -> None:
    drifted = [one for one in found if one.differences]
    unread = [one for one in found if one.problem]
    if as_json:
        tell_json({"inStep": not drifted and not unread, "resources": [one.as_json() for one in found]})
    else:
        for one in found:
            if not one.is_good:
                tell(f"{one.record.resource_no} <{one.record.email}>")
                tell(*(f"  {difference.sentence}" for difference in one.differences))
                tell(*([f"  cannot be read: {one.problem}"] if one.problem else []))
        if not drifted and not unread:
            tell(f"{len(found)} resources compared in full: both sides are in step")
    if drifted or unread:
        count = sum(len(one.differences) for one in drifted)
        raise Failure(
            f"{count} items of {len(drifted)} resources differ, {len(unread)} resources could not be read; "
            "`resync` mends what differs, `explain` says why something is as it is"
        )

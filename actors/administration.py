"""What an administrator may ask of the running process: how it is, why it is so, and to do things again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from pykka import ActorDeadError, ActorRef, Timeout

from actors.clients.gateway import TakeSnapshot
from actors.clients.metrics import Snapshot
from actors.committing import StoreDesk
from actors.explain import Explanation
from actors.inquiry import Circumstances, inquire
from actors.resource.messages import Hint
from actors.router import Router
from actors.rules_watch import RulesStanding
from actors.runtime.clock import Clock
from actors.status import ELSEWHERE, Live, StatusReport, build_status
from actors.supervision_messages import Release
from actors.undo import undo_of
from actors.undos import UnderWay, Undos
from actors.web.facade import Figures, NoSuchResource, NotNow, PreferencesView, Readiness
from models.ids import MailboxId, ResourceNo
from models.link import Origin
from models.preferences import Preferences, StoredPreferences
from models.preferences_table import ADMINISTRATOR, imported, read_table
from models.storage.changes import DropDeadLetter, DropLink, PutPreferences
from models.storage.records import (
    Counts,
    DeadLetter,
    HeldBack,
    ResourcePreferences,
    ResourceRecord,
    ResourceState,
    Trigger,
)
from models.storage.store import Store

log = structlog.get_logger(__name__)

ANSWER_SECONDS: Final = 1.0
"""How long a gateway is waited for; it never blocks, so it answers at once or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What holds for preferences beside a resource's own choice."""

    defaults: Preferences
    resources_decide: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Everybody whom an administrator's question may concern."""

    store: Store
    """For reading, on the thread that asks."""
    desk: StoreDesk
    """For writing."""
    router: Router
    supervisor: ActorRef[Any]
    graph: ActorRef[Any]
    scheduler: ActorRef[Any]
    clock: Clock
    undos: Undos
    sharing: Callable[[], Sharing]
    store_problem: Callable[[], str]
    """What is wrong with the store as its actor knows it; empty while it is well."""
    roster_loaded: Callable[[], bool]
    polled: Callable[[], Mapping[MailboxId, str]] = field(default=dict)
    """Why mailboxes are polled and not listened to."""
    rules: Callable[[], RulesStanding] = field(default=RulesStanding)
    circumstances: Callable[[], Circumstances] = field(default=Circumstances)
    decided: Callable[[], Mapping[str, int]] = field(default=dict)
    """Decisions since the start by act."""


class Administration:
    """The process as its administrator's tools see it: `actors.web.facade.Facade`."""

    def __init__(self, company: Company) -> None:
        self._to = company

    # How it is

    def readiness(self) -> Readiness:
        if problem := self._to.store_problem():
            return Readiness(ready=False, reason=problem)
        if not self._to.roster_loaded():
            return Readiness(ready=False, reason="the resources are being read from Dime.Scheduler")
        return Readiness(ready=True)

    def status(self) -> StatusReport:
        return self._status(self._to.store.counts(), self._snapshots())

    def figures(self) -> Figures:
        counts, snapshots = self._to.store.counts(), self._snapshots()
        return Figures(
            status=self._status(counts, snapshots),
            snapshots=tuple(one for one in snapshots if one is not None),
            decisions=self._to.decided(),
            links=counts.links,
            busy=len(self._to.router.busy()),
        )

    def explain(self, item: str, limit: int) -> Explanation:
        return inquire(self._to.store, item, limit, self._to.circumstances())

    def _status(self, counts: Counts, snapshots: tuple[Snapshot | None, Snapshot | None]) -> StatusReport:
        router, (graph, scheduler) = self._to.router, snapshots
        live = Live(
            lags={number: router.lag(number) for number in router.busy()},
            polled=self._to.polled(),
            elsewhere=router.directory.elsewhere,
            graph=graph,
            scheduler=scheduler,
        )
        return build_status(
            counts=counts,
            resources=self._to.store.resources(),
            now=self._to.clock.now(),
            live=live,
            held=self._to.store.held_back() if counts.held_back else (),
            letters=self._to.store.dead_letters() if counts.dead_letters else (),
            audits=self._to.store.audits(),
            rules=self._to.rules(),
        )

    def _snapshots(self) -> tuple[Snapshot | None, Snapshot | None]:
        return _snapshot(self._to.graph), _snapshot(self._to.scheduler)

    # Preferences

    def preferences(self, resource_no: ResourceNo) -> PreferencesView:
        self._record(resource_no)
        return self._view(resource_no, self._to.store.preferences_of(resource_no))

    def set_preferences(
        self, resource_no: ResourceNo, chosen: Preferences, *, set_by: str, locked: bool | None = None
    ) -> PreferencesView:
        self._record(resource_no)
        present = self._to.store.preferences_of(resource_no)
        was_locked = present is not None and present.locked
        if set_by != ADMINISTRATOR and (was_locked or locked is not None):
            raise NotNow("an administrator has locked these preferences; ask one to change them")
        stored = StoredPreferences(preferences=chosen, set_by=set_by, set_at=self._to.clock.now())
        change = PutPreferences(
            resource_no=resource_no, stored=stored, locked=was_locked if locked is None else locked
        )
        self._store_preferences([change])
        view = ResourcePreferences(resource_no=resource_no, stored=stored, locked=change.locked)
        return self._view(resource_no, view)

    def import_preferences(self, table: str) -> int:
        store, sharing = self._to.store, self._to.sharing()
        choices = read_table(table, {record.resource_no for record in store.resources()})
        changes = imported(choices, store.all_preferences(), sharing.defaults, self._to.clock.now())
        self._store_preferences(changes)
        return len(choices)

    def _store_preferences(self, changes: Sequence[PutPreferences]) -> None:
        """All or none; whoever is concerned judges its events anew."""
        if changes:
            self._to.desk.commit(*changes)
        for change in changes:
            number = change.resource_no
            log.info("preferences set", resource=number, by=change.stored.set_by)
            self._to.router.hint(number, Hint(preferences=True, trigger=Trigger.PREFERENCES))

    def _view(self, resource_no: ResourceNo, own: ResourcePreferences | None) -> PreferencesView:
        sharing = self._to.sharing()
        return PreferencesView.of(
            resource_no, own, sharing.defaults, resources_decide=sharing.resources_decide
        )

    # Again

    def resync(self, resource_no: ResourceNo | None) -> int:
        router = self._to.router
        if resource_no is not None:
            record = self._record(resource_no)
            if resource_no in router.directory.elsewhere:
                raise NotNow(f"resource {resource_no}: {ELSEWHERE}; ask that one")
            if resource_no not in router.directory.resources:
                state = record.state.value.replace("_", " ")
                raise NotNow(f"resource {resource_no} does not synchronise ({state}): {record.reason}")
        wanted = tuple(router.directory.resources) if resource_no is None else (resource_no,)
        for number in wanted:
            router.hint(number, Hint.everything(Trigger.COMMAND))
        log.info("resynchronisation asked for", resources=len(wanted))
        return len(wanted)

    def retry(
        self, *, dead_letter: str = "", resource_no: ResourceNo | None = None, everything: bool = False
    ) -> Mapping[str, Any]:
        if resource_no is not None:
            self._record(resource_no)
        of_resource = None if everything else resource_no
        letters = tuple(
            letter
            for letter in self._to.store.dead_letters(of_resource)
            if not dead_letter or letter.id == dead_letter
        )
        held = tuple(
            one for one in self._to.store.held_back(of_resource) if not dead_letter or one.id == dead_letter
        )
        if dead_letter and not letters and not held:
            raise NotNow("there is no such dead letter (any more)")
        quarantined = () if dead_letter else tuple(self._quarantined(of_resource))
        if letters:
            self._to.desk.commit(*(DropDeadLetter(id=letter.id) for letter in letters))
        self._back_to_work((*letters, *held), quarantined)
        log.info("retry asked for", dead_letters=len(letters), resources=len(quarantined))
        return {"deadLetters": len(letters), "heldBack": len(held), "resources": len(quarantined)}

    def forget(self, resource_no: ResourceNo) -> int:
        self._record(resource_no)
        if resource_no in self._to.router.directory.resources:
            raise NotNow(f"resource {resource_no} synchronises: its events are not forgotten")
        links = [link for link in self._to.store.links_of(resource_no) if link.origin is Origin.BOARD]
        if links:
            self._to.desk.commit(*(DropLink(resource_no=resource_no, guid=link.guid) for link in links))
        log.info("events forgotten", resource=resource_no, links=len(links))
        return len(links)

    # Back

    def put_back(
        self, since: datetime, resource_no: ResourceNo | None, *, dry_run: bool
    ) -> Mapping[str, Any]:
        if resource_no is not None:
            self._record(resource_no)
        store, now = self._to.store, self._to.clock.now()
        undo = undo_of(store, since=since, until=now, resource=resource_no, dry_run=dry_run)
        try:
            self._to.undos.put_back(undo)
        except UnderWay as error:
            raise NotNow(str(error)) from None
        log.info("undo asked for", resources=len(undo.waiting_for), since=since.isoformat(), dry_run=dry_run)
        return undo.as_json()

    def undoing(self) -> Mapping[str, Any]:
        undo = self._to.undos.last
        if undo is None:
            raise NotNow("nothing was asked to be undone since the process started")
        return undo.as_json()

    def _quarantined(self, resource_no: ResourceNo | None) -> Iterable[ResourceNo]:
        for record in self._to.store.resources():
            wanted = resource_no is None or record.resource_no == resource_no
            if wanted and record.state is ResourceState.QUARANTINED:
                yield record.resource_no

    def _back_to_work(
        self, items: Iterable[DeadLetter | HeldBack], quarantined: Iterable[ResourceNo]
    ) -> None:
        for number in quarantined:
            self._to.supervisor.tell(Release(key=number))
        for number in dict.fromkeys((*(item.resource_no for item in items), *quarantined)):
            self._to.router.hint(number, Hint.everything(Trigger.RETRY))

    def _record(self, resource_no: ResourceNo) -> ResourceRecord:
        record = self._to.store.resource_of(resource_no)
        if record is None:
            raise NoSuchResource("the board lists no such resource, as far as the connector has read it")
        return record


def _snapshot(gateway: ActorRef[Any]) -> Snapshot | None:
    try:
        answer = gateway.ask(TakeSnapshot(), timeout=ANSWER_SECONDS)
    except (ActorDeadError, Timeout):
        return None
    return answer if isinstance(answer, Snapshot) else None

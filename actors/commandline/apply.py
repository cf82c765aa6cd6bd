"""`apply`: does exactly what a plan says that was saved, unless the world has moved since then."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from actors.assembly import remember_judging
from actors.commandline.application import application_for, one_or_all, settle
from actors.commandline.enforcing import Enforcement
from actors.commandline.files import text_of
from actors.commandline.options import store_url
from actors.commandline.progress import Display
from actors.commandline.reach import RunningProcess, running_process
from actors.commandline.rehearsing import nothing_collected, obstacles, rehearse
from actors.commandline.telling import Code, Failure, tell, tell_json
from actors.explain import ACTS
from actors.logs import configure_logging
from actors.runtime.clock import SystemClock
from actors.settling import Standstill
from models.decision import Act
from models.ids import ResourceNo
from models.plans import WRITING, PlannedAct, PlanUnreadable, Proposed, SavedPlan, differences, read_plan
from models.settings.sections import Settings
from models.storage.records import Outcome
from models.storage.store import Store

LOOK_SECONDS: Final = 0.5
DECISIONS_READ: Final = 100_000


def apply(settings: Settings, config: Path | None, file: Path, *, as_json: bool) -> None:
    """Do what a plan says. Raises `Failure`, and changes nothing, if anything has moved since it was made."""
    saved = _read(file)
    process = running_process(settings)
    with _as_files(saved.proposed) as (rules, preferences), nothing_collected():
        rehearsed = rehearse(settings, resource=saved.resource_no, rules=rules, preferences=preferences)
        enforcement = Enforcement(settings, config, saved.proposed, rehearsed.proposals)
    if process is not None and enforcement.needs_rest:
        raise Failure(
            "the plan changes the configuration, which a process reads when it starts: stop the process, "
            "apply the plan, and start it again"
        )
    if not rehearsed.findings.settled.is_complete:
        raise Failure(*obstacles(rehearsed.findings.settled), "nothing was changed")
    clock = SystemClock()
    now = rehearsed.saved(settings, saved.proposed, resource=saved.resource_no, now=clock.now())
    if moved := differences(saved, now):
        raise Failure(
            "the world has moved since the plan was made, and nothing was changed:",
            *(f"  {line}" for line in moved),
            "make a new plan",
        )
    work = Work(saved.writes, began=clock.now())
    if process is not None:
        _through(process, settings, enforcement, saved, work)
    else:
        _here(settings, enforcement, saved, work)
    _tell(work, enforcement, as_json=as_json)


@dataclass(slots=True)
class Work:
    """What is planned, and how much of it is done."""

    planned: tuple[PlannedAct, ...]
    began: datetime
    left: dict[tuple[str, str, Act], PlannedAct] = field(init=False)
    done: list[PlannedAct] = field(default_factory=list)
    beyond: int = 0
    """Writes beside the plan: of changes that were made while it was applied."""

    def __post_init__(self) -> None:
        self.left = {(one.resource_no, one.item, one.act): one for one in self.planned}

    def look(self, store: Store) -> None:
        """See in the store what has been done since the beginning."""
        for number in sorted({ResourceNo(number) for number, _, _ in self.left}):
            clearing = {intent.event_id for intent in store.pending_intents(number)}
            for one in store.decisions_of(number, since=self.began, limit=DECISIONS_READ):
                if one.outcome is Outcome.DONE:
                    self._finish((number, one.item, one.act))
            for key, planned in list(self.left.items()):
                if key[0] == number and planned.item == planned.event_id and planned.item not in clearing:
                    self._finish(key)

    def count_beyond(self, store: Store) -> None:
        """How much was written beside the plan."""
        own = {(one.resource_no, one.item, one.act) for one in self.planned}
        for record in store.resources():
            for one in store.decisions_of(record.resource_no, since=self.began, limit=DECISIONS_READ):
                is_write = one.act in WRITING and one.outcome is Outcome.DONE
                self.beyond += is_write and (one.resource_no, one.item, one.act) not in own

    def _finish(self, key: tuple[str, str, Act]) -> None:
        if (one := self.left.pop(key, None)) is not None:
            self.done.append(one)

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "done": len(self.done),
            "totals": dict(sorted(Counter(one.act.value for one in self.done).items())),
            "notDone": [one.name for one in self.left.values()],
            "beyond": self.beyond,
        }


def _here(settings: Settings, enforcement: Enforcement, saved: SavedPlan, work: Work) -> None:
    """Without a process: whoever holds the store does it."""
    configure_logging(level=logging.INFO)
    store = Store.open(store_url(settings))
    try:
        settings = enforcement.here(store, settings)
        remember_judging(store, settings)
        with (
            application_for(settings, store, only=one_or_all(saved.resource_no)) as application,
            Display("applying", SystemClock()) as display,
        ):
            settled = settle(application, display.show, resource=saved.resource_no)
        work.look(store)
        work.count_beyond(store)
    finally:
        store.close()
    if not settled.is_complete:
        raise Failure(f"the plan is in force, and not all of it is done yet: {settled.problem}", *_left(work))


def _through(
    process: RunningProcess, settings: Settings, enforcement: Enforcement, saved: SavedPlan, work: Work
) -> None:
    """The process does it, as it does everything; this command looks on until it is done."""
    enforcement.through(process)
    if saved.proposed.is_empty:
        process.ask("POST", "/api/resync", {"resource": saved.resource_no}).required()
    store = Store.open(store_url(settings), read_only=True)
    try:
        _wait(store, work)
        work.count_beyond(store)
    finally:
        store.close()


def _wait(store: Store, work: Work) -> None:
    clock, pause = SystemClock(), threading.Event()
    standstill = Standstill(clock)
    with Display("applying", clock) as display:
        while True:
            work.look(store)
            display.say(f"applying: {len(work.done)} of {len(work.planned)} changes made")
            if not work.left or standstill.lasts(len(work.left)):
                return
            pause.wait(LOOK_SECONDS)


def _read(file: Path) -> SavedPlan:
    try:
        return read_plan(text_of(file))
    except PlanUnreadable as error:
        raise Failure(f"{file}: {error}; make it with `plan --out {file}`", code=Code.MISUSED) from None


@contextmanager
def _as_files(proposed: Proposed) -> Iterator[tuple[Path | None, Path | None]]:
    """The files from which was proposed, as they were then."""
    with tempfile.TemporaryDirectory(prefix="plan-") as folder:
        rules = preferences = None
        if proposed.rules is not None:
            rules = Path(folder) / "rules.json"
            rules.write_text(proposed.rules, encoding="utf-8")
        if proposed.preferences is not None:
            preferences = Path(folder) / f"preferences{proposed.preferences_suffix}"
            preferences.write_text(proposed.preferences, encoding="utf-8")
        yield rules, preferences


def _tell(work: Work, enforcement: Enforcement, *, as_json: bool) -> None:
    if as_json:
        tell_json({**work.as_json(), "inForce": enforcement.told})
    else:
        counted = Counter(one.act for one in work.done)
        told = ", ".join(f"{count} × {ACTS[act]}" for act, count in counted.items())
        tell(*enforcement.told, f"done as planned: {told}" if told else "there was nothing to be written")
        if work.beyond:
            tell(f"beside the plan, {work.beyond} changes that were made meanwhile were followed")
    if work.left:
        raise Failure(f"{len(work.left)} of {len(work.planned)} changes are not made (yet):", *_left(work))


def _left(work: Work) -> list[str]:
    names = [f"  {one.name}: {one.what}; `explain` says why" for one in work.left.values()]
    return [*names[:20], *([f"  and {len(names) - 20} more"] if len(names) > 20 else [])]

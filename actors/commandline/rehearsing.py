"""A rehearsal for one command: everything is read and decided as if what is proposed held already."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from actors.commandline.application import application_for, one_or_all, settle
from actors.commandline.findings import Findings
from actors.commandline.options import store_url
from actors.commandline.progress import Display
from actors.commandline.shares import Say, Share, Team, shares_of
from actors.commandline.telling import Code, Failure
from actors.proposals import Proposals, propose
from actors.rehearsal import RehearsalStore
from actors.runtime.clock import SystemClock
from actors.settling import Settled
from models.decision import Reason
from models.ids import ResourceNo
from models.plans import RULES, Proposed, SavedPlan, planned, planned_clearing
from models.preferences_table import TableError
from models.rules import load_rules
from models.settings.fingerprint import deciding_digests
from models.settings.sections import Settings
from models.storage.errors import StoreMissing
from models.storage.records import ResourcePreferences

IN_MEMORY: Final = "sqlite:///:memory:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a run would do."""

    findings: Findings
    proposals: Proposals

    def saved(
        self, settings: Settings, proposed: Proposed, *, resource: str | None, now: datetime
    ) -> SavedPlan:
        """As a plan that can be kept. `settings` are those in force."""
        found = self.findings
        rules = load_rules(settings.rules.file, settings.scheduler.time_zone)
        acts = [planned(one, found.link_of(one)) for one in found.decisions]
        acts += [planned_clearing(one, Reason.MOVED_MAILBOX.value) for one in found.left_behind]
        return SavedPlan(
            made_at=now,
            resource_no=resource,
            proposed=proposed,
            settings={**deciding_digests(settings), RULES: rules.digest},
            choices=_in_words(self.proposals.chosen),
            acts=tuple(sorted(acts, key=lambda one: (one.resource_no, one.item, one.act.value))),
        )


@contextmanager
def nothing_collected() -> Iterator[None]:
    """The garbage collector rests: what a rehearsal makes it keeps to the end of its command, and looking
    through all of it again and again takes as long as a third of the rehearsal."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # nor is it looked through at the end
        gc.enable()


@contextmanager
def on_one_core(number: int | None = None) -> Iterator[None]:
    """The threads that are started here share a core: as only one of them runs Python at a time, each then
    finds in the core's cache what the one before it has just read. A rehearsal is a tenth faster by it.

    Of several processes that one has started, each has a `number` of its own.
    """
    if sys.platform != "linux":
        yield
        return
    cores = os.sched_getaffinity(0)
    which = os.getpid() if number is None else os.getppid() + number
    with suppress(OSError):  # a container may forbid it: then the rehearsal takes that tenth longer
        os.sched_setaffinity(0, {sorted(cores)[which % len(cores)]})
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, cores)


def rehearse(
    settings: Settings, *, resource: str | None, rules: Path | None = None, preferences: Path | None = None
) -> Rehearsed:
    """Decide about everything, and write nothing anywhere. `rules` and `preferences` are proposed.

    Raises `Failure`, and `SettingError` for a proposal that cannot be used.
    """
    store = _store(settings)
    try:
        proposals = propose(settings, store, SystemClock().now(), rules=rules, preferences=preferences)
        shares = shares_of(len(store.resources())) if resource is None else ()
    except TableError as error:
        raise Failure(*error.problems, code=Code.MISUSED) from None
    finally:
        store.close()  # before the process is copied: a connection is not to be used by two

    def find(share: Share, say: Say) -> Findings:
        with on_one_core(share.number):
            return _find(settings, proposals, share, None, say)

    if len(shares) > 1:
        with Team(shares, find) as team, Display("comparing", SystemClock()) as display:
            findings = Findings.of_all(team.found(display.show))
    else:
        with on_one_core(), Display("comparing", SystemClock()) as display:
            findings = _find(settings, proposals, one_or_all(resource), resource, display.show)
    return Rehearsed(findings=findings, proposals=proposals)


def _find(
    settings: Settings,
    proposals: Proposals,
    only: Container[ResourceNo] | None,
    resource: str | None,
    say: Say,
) -> Findings:
    store = _store(settings)
    try:
        rehearsal = proposals.rehearsal(store)
        if resource is None:
            store.read_ahead(only)
        with application_for(proposals.settings, store, only=only, rehearsal=rehearsal) as application:
            settled = settle(application, say, resource=resource, rehearsal=rehearsal)
            looked_at = [one for one in application.records if only is None or one.resource_no in only]
            return Findings.of(rehearsal, looked_at, settled)
    finally:
        store.close()


def obstacles(settled: Settled) -> list[str]:
    """Why a rehearsal did not come to its end."""
    lines = [f"the plan is not complete: {settled.problem}"]
    if settled.unsettled:
        lines.append(f"not decided: {', '.join(settled.unsettled)}")
    return lines


def _store(settings: Settings) -> RehearsalStore:
    """The store for reading, or an empty one in memory if nothing has run yet."""
    try:
        store = RehearsalStore.open(store_url(settings), read_only=True)
    except StoreMissing:
        store = RehearsalStore.open(IN_MEMORY)
    if not isinstance(store, RehearsalStore):
        raise TypeError("a store is opened as the kind that was asked for")
    return store


def _in_words(chosen: Mapping[ResourceNo, ResourcePreferences]) -> dict[str, str]:
    """What resources would share, so that two plans can be compared."""
    words: dict[str, str] = {}
    for number, own in chosen.items():
        said = own.stored.preferences
        shown = " ".join(sorted(one.value for one in said.show_as))
        shared = " ".join(sorted(one.value for one in said.sensitivity))
        parts = ("shares" if said.share else "shares nothing", shown, shared, said.private.value)
        words[number] = "; ".join((*parts, "locked" if own.locked else "not locked"))
    return words

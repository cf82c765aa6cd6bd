"""`plan`: what a run would do now, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from actors.application import Application
from actors.assembly import judges_anew
from actors.commandline.application import application_for, settle
from actors.commandline.options import store_url
from actors.commandline.progress import Display
from actors.commandline.telling import Failure, tell, tell_json
from actors.explain import ACTS, sentence
from actors.rehearsal import Rehearsal, RehearsalStore
from actors.runtime.clock import SystemClock
from actors.settling import Settled
from models.decision import REASONS, Act, Reason
from models.settings.sections import Settings
from models.storage.errors import StoreMissing
from models.storage.records import DecisionRecord, Intent, ResourceRecord, ResourceState

IN_MEMORY: Final = "sqlite:///:memory:"


def plan(settings: Settings, *, resource: str | None, as_json: bool) -> None:
    """Decide about everything, carry out nothing, and say what that would have been."""
    store, rehearsal = _store(settings), Rehearsal()
    try:
        with (
            application_for(settings, store, resource=resource, rehearsal=rehearsal) as application,
            Display("comparing", SystemClock()) as display,
        ):
            settled = settle(application, display, resource=resource, rehearsal=rehearsal)
            report = Plan(rehearsal, _looked_at(application, resource), settled)
    finally:
        store.close()
    if as_json:
        tell_json(report.as_json())
    else:
        tell(*report.as_text())
    if not settled.is_complete:
        raise Failure(*report.obstacles())


class Plan:
    """What would be done, by resource."""

    def __init__(self, rehearsal: Rehearsal, records: Iterable[ResourceRecord], settled: Settled) -> None:
        self._records = sorted(records, key=lambda record: record.resource_no)
        self._decisions = [one for one in rehearsal.decisions if one.act is not Act.NOTHING]
        self._left_behind = rehearsal.left_behind
        self._settled = settled

    @property
    def totals(self) -> dict[str, int]:
        """How often each act would be done."""
        acts = [one.act for one in self._decisions] + [intent.act for intent in self._left_behind]
        return {
            act.value: count for act, count in sorted(Counter(acts).items(), key=lambda one: one[0].value)
        }

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "inStep": self._settled.is_complete and not self.totals,
            "totals": self.totals,
            "resources": [
                {
                    "resourceNo": record.resource_no,
                    "mailbox": record.email,
                    "state": record.state.value,
                    "reason": record.reason,
                    "acts": [
                        *(_decision_json(one) for one in self._of(record)),
                        *(_intent_json(intent) for intent in self._left_by(record)),
                    ],
                }
                for record in self._records
            ],
            "unsettled": list(self._settled.unsettled),
            "problem": self._settled.problem,
        }

    def as_text(self) -> list[str]:
        """For people."""
        lines: list[str] = []
        for record in self._records:
            acts = [sentence(one) for one in self._of(record)]
            acts += [_intent_sentence(intent) for intent in self._left_by(record)]
            if acts or record.state is not ResourceState.ACTIVE:
                lines.append(_heading(record))
                lines += [f"  {act}" for act in acts]
        if self.totals:
            counted = [f"{count} × {ACTS[Act(act)]}" for act, count in self.totals.items()]
            lines.append("in all: " + ", ".join(counted))
        elif self._settled.is_complete:
            lines.append("nothing to do: both sides are in step")
        return lines

    def obstacles(self) -> list[str]:
        """Why the plan is not complete."""
        lines = [f"the plan is not complete: {self._settled.problem}"]
        if self._settled.unsettled:
            lines.append(f"not decided: {', '.join(self._settled.unsettled)}")
        return lines

    def _of(self, record: ResourceRecord) -> list[DecisionRecord]:
        return [one for one in self._decisions if one.resource_no == record.resource_no]

    def _left_by(self, record: ResourceRecord) -> list[Intent]:
        return [intent for intent in self._left_behind if intent.resource_no == record.resource_no]


def _store(settings: Settings) -> RehearsalStore:
    """The store for reading, or an empty one in memory if nothing has run yet."""
    try:
        store = RehearsalStore.open(store_url(settings), read_only=True)
    except StoreMissing:
        store = RehearsalStore.open(IN_MEMORY)
    if not isinstance(store, RehearsalStore):
        raise TypeError("a store is opened as the kind that was asked for")
    store.judged_anew = judges_anew(store, settings)
    return store


def _looked_at(application: Application, resource: str | None) -> list[ResourceRecord]:
    return [record for record in application.records if resource is None or record.resource_no == resource]


def _heading(record: ResourceRecord) -> str:
    name = f" {record.display_name}" if record.display_name else ""
    if record.state is ResourceState.ACTIVE:
        return f"{record.resource_no}{name} <{record.email}>"
    return f"{record.resource_no}{name}: {record.state.value.replace('_', ' ')}; {record.reason}"


def _decision_json(one: DecisionRecord) -> dict[str, Any]:
    return {
        "act": one.act.value,
        "reason": one.reason.value,
        "detail": one.detail,
        "sentence": sentence(one),
        "appointmentNo": one.number,
        "appointmentGuid": one.guid,
        "eventId": one.event_id,
        "subject": one.subject,
        "fields": [change.field.value for change in one.changes],
    }


def _intent_json(intent: Intent) -> dict[str, Any]:
    return {
        "act": intent.act.value,
        "reason": Reason.MOVED_MAILBOX.value,
        "detail": "",
        "sentence": _intent_sentence(intent),
        "appointmentNo": "",
        "appointmentGuid": intent.guid,
        "eventId": intent.event_id,
        "subject": "",
        "fields": [],
    }


def _intent_sentence(intent: Intent) -> str:
    return f"event {intent.event_id}: {ACTS[intent.act]}, because {REASONS[Reason.MOVED_MAILBOX]}"

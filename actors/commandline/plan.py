"""`plan`: what a run would do now, and why."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from actors.commandline.files import text_of, write_privately
from actors.commandline.rehearsing import Rehearsed, nothing_collected, obstacles, rehearse
from actors.commandline.telling import Code, Failure, tell, tell_aside, tell_json
from actors.explain import ACTS, sentence
from actors.runtime.clock import SystemClock
from models.decision import REASONS, Act, Reason
from models.ids import ResourceNo
from models.plans import Proposed
from models.rules import rules_text
from models.settings.sections import Settings
from models.storage.records import DecisionRecord, Intent, ResourceRecord, ResourceState

LOSSES: Final = frozenset({Act.DELETE_EVENT, Act.REMOVE_APPOINTMENT})
GAINS: Final = frozenset({Act.CREATE_EVENT, Act.CREATE_APPOINTMENT})
CHANGES: Final = frozenset({Act.UPDATE_EVENT, Act.UPDATE_APPOINTMENT, Act.UPDATE_BOTH})


def plan(
    settings: Settings,
    *,
    resource: str | None,
    as_json: bool,
    rules: Path | None = None,
    preferences: Path | None = None,
    out: Path | None = None,
) -> None:
    """Decide about everything, carry out nothing, and say what that would have been.

    `rules` and `preferences` are files with what is proposed: it is decided as if they held already. The plan
    is saved to `out`, for `apply`. Raises `Failure`.
    """
    proposed = Proposed(
        rules=None if rules is None else rules_text(str(rules)),
        preferences=None if preferences is None else text_of(preferences),
        preferences_suffix="" if preferences is None else preferences.suffix.lower(),
    )
    if out is not None and resource is not None and not proposed.is_empty:
        raise Failure(
            "rules and preferences hold for everybody: a plan that is to be applied looks at every resource; "
            "leave out --resource",
            code=Code.MISUSED,
        )
    with nothing_collected():
        rehearsed = rehearse(settings, resource=resource, rules=rules, preferences=preferences)
        report = Plan(rehearsed)
        if as_json:
            tell_json(report.as_json())
        else:
            tell(*report.as_text())
    if not rehearsed.findings.settled.is_complete:
        raise Failure(*obstacles(rehearsed.findings.settled))
    if out is not None:
        saved = rehearsed.saved(settings, proposed, resource=resource, now=SystemClock().now())
        write_privately(out, json.dumps(saved.as_json(), ensure_ascii=False, indent=1))
        tell_aside(f"{out}: the plan is saved; `exchange-connector apply {out}` does it")


class Plan:
    """What would be done, by resource: the largest losses first."""

    def __init__(self, rehearsed: Rehearsed) -> None:
        found = rehearsed.findings
        self._decisions: dict[ResourceNo, list[DecisionRecord]] = {}
        for one in found.decisions:
            self._decisions.setdefault(one.resource_no, []).append(one)
        self._left_behind: dict[ResourceNo, list[Intent]] = {}
        for intent in found.left_behind:
            self._left_behind.setdefault(intent.resource_no, []).append(intent)
        self._settled = found.settled
        self._records = sorted(found.records, key=lambda record: (-self._losses(record), record.resource_no))

    @property
    def totals(self) -> dict[str, int]:
        """How often each act would be done."""
        acts = [one.act for some in self._decisions.values() for one in some]
        acts += [intent.act for some in self._left_behind.values() for intent in some]
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
                    **self._tally(record),
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
                tally = ", ".join(f"{count} {what}" for what, count in self._tally(record).items() if count)
                lines.append(f"{_heading(record)}: {tally}" if tally else _heading(record))
                lines += [f"  {act}" for act in acts]
        if self.totals:
            counted = [f"{count} × {ACTS[Act(act)]}" for act, count in self.totals.items()]
            lines.append("in all: " + ", ".join(counted))
        elif self._settled.is_complete:
            lines.append("nothing to do: both sides are in step")
        return lines

    def _of(self, record: ResourceRecord) -> list[DecisionRecord]:
        return self._decisions.get(record.resource_no, [])

    def _losses(self, record: ResourceRecord) -> int:
        return self._tally(record)["vanish"]

    def _tally(self, record: ResourceRecord) -> dict[str, int]:
        """How many items would appear, change and vanish for a resource."""
        acts = [one.act for one in self._of(record)] + [intent.act for intent in self._left_by(record)]
        return {
            "appear": sum(act in GAINS for act in acts),
            "change": sum(act in CHANGES for act in acts),
            "vanish": sum(act in LOSSES for act in acts),
        }

    def _left_by(self, record: ResourceRecord) -> list[Intent]:
        return self._left_behind.get(record.resource_no, [])


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

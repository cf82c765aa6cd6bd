"""The answer to "why?": decisions as sentences for people, and as JSON for tools.

Nothing is known here that is not in a decision: what is not shared has no words there, and so has none here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from models.decision import REASONS, Act, Reason, Side
from models.ids import ResourceNo
from models.storage.records import (
    ChangeRecord,
    DecisionRecord,
    Outcome,
    ResourceRecord,
    ResourceState,
    Trigger,
)
from models.when import AllDay, When

ACTS: Final[Mapping[Act, str]] = {
    Act.NOTHING: "nothing was done",
    Act.CREATE_EVENT: "create the event in Outlook",
    Act.UPDATE_EVENT: "change the event in Outlook",
    Act.DELETE_EVENT: "delete the event in Outlook",
    Act.CREATE_APPOINTMENT: "create the appointment on the board",
    Act.UPDATE_APPOINTMENT: "change the appointment on the board",
    Act.REMOVE_APPOINTMENT: "take the appointment off the board",
    Act.UPDATE_BOTH: "change both the event and the appointment",
    Act.ADOPT: "recognise the event and the appointment as one",
    Act.FORGET: "forget the item: nothing is left to keep in step",
    Act.SUPPRESS: "leave the event alone until it changes",
    Act.HOLD: "leave it as it is for now",
}

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.PENDING: "not carried out yet",
    Outcome.DONE: "done",
    Outcome.FAILED: "not carried out; it is decided again",
    Outcome.PARKED: "put aside until either side changes; `retry` tries it again",
    Outcome.SUPERSEDED: "decided anew before it was carried out, or before that was heard of",
    Outcome.HELD_BACK: "held back until there is evidence that the item is really gone",
    Outcome.NONE: "",
}

TRIGGERS: Final[Mapping[Trigger, str]] = {
    Trigger.START: "at the start",
    Trigger.WEBHOOK: "after a webhook of the board",
    Trigger.NOTIFICATION: "after a notification of Outlook",
    Trigger.POLL: "at a poll",
    Trigger.AUDIT: "at the audit",
    Trigger.PREFERENCES: "after the preferences changed",
    Trigger.RULES: "after the rules changed",
    Trigger.SIBLING: "after another resource's event of the same appointment changed",
    Trigger.RETRY: "at a retry",
    Trigger.RECOVERY: "when an interrupted effect was taken up again",
    Trigger.COMMAND: "when it was asked for",
}

REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.RULE_FAILED: "change the appointment so that the rule passes, or the rule in rules.file",
    Reason.OUTSIDE_WINDOW: (
        "it is picked up when the window reaches it; sync.past_days and sync.future_days widen the window"
    ),
    Reason.TO_OUTLOOK_OFF: "set sync.to_outlook = true",
    Reason.TO_BOARD_OFF: "set sync.to_board = true",
    Reason.SHARING_OFF: "let the resource share: `preferences set RESOURCE --share`",
    Reason.SHOW_AS_NOT_SHARED: (
        "share this show-as (`preferences set RESOURCE --show-as …`), or show the event as one that is shared"
    ),
    Reason.SENSITIVITY_NOT_SHARED: (
        "share this sensitivity (`preferences set RESOURCE --sensitivity …`), show private events masked "
        "(`--private mask`), or give the event a sensitivity that is shared"
    ),
    Reason.CANCELLED: "nothing: the organiser cancelled the meeting",
    Reason.DECLINED: "the person accepts the invitation after all",
    Reason.LOCKED: "unlock the appointment on the board",
    Reason.ONLY_ATTENDEE: "the organiser of the meeting changes it",
    Reason.HAS_GUESTS: "the person changes or deletes the meeting in Outlook, or takes its guests off",
    Reason.RESTORED: 'delete the appointment on the board, or set sync.outlook_deletes = "unassign"',
    Reason.PUT_BACK_IN_OUTLOOK: 'change it on the board, or set sync.outlook_edits = "accept"',
    Reason.PUT_BACK_ON_BOARD: 'change it in Outlook, or set sync.board_edits = "accept"',
    Reason.CONFLICT: "sync.conflicts says which side counts",
    Reason.DELETED_ON_BOARD_KEPT_IN_OUTLOOK: "change the event in Outlook: then it comes back to the board",
    Reason.UNDONE: "change the item on either side: from then on both follow each other again",
}
"""What would change the outcome. A reason without a remedy is no obstacle."""

NOTHING_KNOWN: Final = (
    "nothing was decided about it: it is not planned on a resource that synchronises, it lies outside the "
    "window, it is older than the decisions that are kept, or it goes by another name; an appointment is "
    "found by its number, id, GUID or subject, an event by its id, its iCalUId or, if shared, its subject"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is known about why something is as it is."""

    asked: str
    decisions: tuple[DecisionRecord, ...]
    """The latest first."""
    resources: tuple[ResourceRecord, ...] = ()
    """Those of the item, or the one that was asked for, as far as they do not synchronise."""
    found_at: str = ""
    """Of a question for a resource and a time: what was found there, in a sentence."""
    notes: tuple[str, ...] = ()
    """What else may be the reason that something is not there."""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.decisions or self.resources or self.found_at)

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "item": self.asked,
            "found": self.is_known,
            "explanation": self.headline,
            "notes": list(self.notes),
            "resources": [_resource_json(record) for record in self.resources],
            "decisions": [_decision_json(decision) for decision in self.decisions],
        }

    def as_text(self) -> str:
        """For people: the latest decision in full, those before it in a line each.

        Where a time was asked for, the latest of each item.
        """
        parts = [self.headline, *self.notes]
        told: set[str] = set()
        for position, decision in enumerate(self.decisions):
            if self.found_at and decision.item not in told:
                parts += [sentence(decision), _in_full(decision)]
            else:
                parts.append(_in_full(decision) if position == 0 else _in_a_line(decision))
            told.add(decision.item)
        return "\n".join(parts)

    @property
    def headline(self) -> str:
        """One sentence: how it stands now."""
        off = [_resource_sentence(record) for record in self.resources]
        if self.found_at:
            return "; ".join([self.found_at, *off])
        if not self.decisions:
            return "; ".join(off) if off else f"{self.asked}: {NOTHING_KNOWN}"
        latest = sentence(self.decisions[0])
        return "; ".join([latest, *off])


def explain(
    asked: str,
    decisions: Sequence[DecisionRecord],
    resources: Iterable[ResourceRecord],
    *,
    found_at: str = "",
    notes: tuple[str, ...] = (),
) -> Explanation:
    """The explanation of an item from its decisions, and from the resources that there are.

    Resources that do not synchronise are named where they are the item's, or what was asked for: by number,
    by name or by address. `found_at` and `notes` are for a question that names a resource and a time.
    """
    concerned = {decision.resource_no for decision in decisions}
    named = tuple(
        record
        for record in resources
        if record.state is not ResourceState.ACTIVE
        and (record.resource_no in concerned or bool(found_at) or record.is_called(asked))
    )
    return Explanation(
        asked=asked,
        decisions=tuple(_as_they_stand(decisions)),
        resources=named if asked.strip() or concerned else (),
        found_at=found_at,
        notes=notes,
    )


def _as_they_stand(decisions: Iterable[DecisionRecord]) -> Iterator[DecisionRecord]:
    """The decisions, the latest first. What was pending when a later one about its item was made is so no
    more: its call failed, it was overtaken, or the process ended."""
    later: set[tuple[ResourceNo, str]] = set()
    for one in decisions:
        names = {(one.resource_no, name) for name in (one.guid, one.event_key) if name}
        is_over = one.outcome is Outcome.PENDING and not names.isdisjoint(later)
        yield replace(one, outcome=Outcome.SUPERSEDED) if is_over else one
        later |= names


def sentence(decision: DecisionRecord) -> str:
    """One decision as a person reads it: what, for whom, why, and how it ended."""
    why = REASONS[decision.reason]
    because = f"{why} ({decision.detail})" if decision.detail else why
    said = f"{_name(decision)} of resource {decision.resource_no}: {ACTS[decision.act]}, because {because}"
    ended = OUTCOMES[decision.outcome]
    return f"{said}; {ended}" if ended else said


def remedy(decision: DecisionRecord) -> str:
    """What would change the outcome; empty where nothing stands in the way."""
    if decision.outcome is Outcome.PARKED and decision.act is not Act.HOLD:
        return "change the item on either side, or `retry` it after the cause is mended"
    return REMEDIES.get(decision.reason, "")


def _in_full(decision: DecisionRecord) -> str:
    lines = [f"  when: {_moment(decision.at)}, {TRIGGERS[decision.trigger]}"]
    if decision.when is not None:
        lines.append(f"  takes place: {_interval(decision.when)}")
    lines += [f"  {name}: {value}" for name, value in decision.basis]
    is_new = decision.act in (Act.CREATE_EVENT, Act.CREATE_APPOINTMENT)
    lines += [f"  {_change_sentence(change, is_new=is_new)}" for change in decision.changes]
    if decision.request_ids:
        lines.append(f"  request ids: {', '.join(decision.request_ids)}")
    if decision.attempts > 1:
        lines.append(f"  attempts: {decision.attempts}")
    if would := remedy(decision):
        lines.append(f"  to change this: {would}")
    return "\n".join(lines)


def _in_a_line(decision: DecisionRecord) -> str:
    return f"{_moment(decision.at)}, {TRIGGERS[decision.trigger]}: {sentence(decision)}"


def _name(decision: DecisionRecord) -> str:
    """The item by what people call it; an event that is not shared has no other name than its id."""
    if decision.subject:
        number = f" ({decision.number})" if decision.number else ""
        return f'"{decision.subject}"{number}'
    if decision.number:
        return f"appointment {decision.number}"
    if decision.appointment_id:
        return f"appointment {decision.appointment_id}"
    return f"event {decision.event_id}" if decision.event_id else "an item"


def _change_sentence(change: ChangeRecord, *, is_new: bool) -> str:
    winner = "the board" if change.winner is Side.BOARD else "Outlook"
    field = change.field.value.replace("_", " ")
    if is_new:
        return f'{field}: "{change.board or change.outlook}"'
    return (
        f'{field}: agreed "{change.agreed}", board "{change.board}", Outlook "{change.outlook}"; '
        f"{winner} counts"
    )


def _resource_sentence(record: ResourceRecord) -> str:
    state = record.state.value.replace("_", " ")
    code = f" [{record.code}]" if record.code else ""
    reason = f": {record.reason}" if record.reason else ""
    return f"resource {record.resource_no} does not synchronise ({state}){code}{reason}"


def _resource_json(record: ResourceRecord) -> dict[str, Any]:
    return {
        "resourceNo": record.resource_no,
        "state": record.state.value,
        "reason": record.reason,
        "code": record.code,
    }


def _decision_json(decision: DecisionRecord) -> dict[str, Any]:
    return {
        "id": decision.id,
        "at": _iso(decision.at),
        "sentence": sentence(decision),
        "resourceNo": decision.resource_no,
        "appointmentNo": decision.number,
        "appointmentId": decision.appointment_id,
        "appointmentGuid": decision.guid,
        "eventId": decision.event_id,
        "iCalUId": decision.ical_uid or None,
        "subject": decision.subject,
        **_interval_json(decision.when),
        "side": None if decision.side is None else decision.side.value,
        "trigger": decision.trigger.value,
        "act": decision.act.value,
        "reason": decision.reason.value,
        "detail": decision.detail,
        "values": dict(decision.basis),
        "changes": [_change_json(change) for change in decision.changes],
        "outcome": decision.outcome.value,
        "requestIds": list(decision.request_ids),
        "attempts": decision.attempts,
        "remedy": remedy(decision),
    }


def _change_json(change: ChangeRecord) -> dict[str, Any]:
    return {
        "field": change.field.value,
        "agreed": change.agreed,
        "board": change.board,
        "outlook": change.outlook,
        "winner": change.winner.value,
    }


def _interval(when: When) -> str:
    if isinstance(when, AllDay):
        last = when.until - timedelta(days=1)
        return f"{when.first}, all day" if last <= when.first else f"{when.first} to {last}, all day"
    return f"{when.start.strftime('%Y-%m-%d %H:%M')} to {when.end.strftime('%Y-%m-%d %H:%M')} UTC"


def _interval_json(when: When | None) -> dict[str, str | None]:
    if when is None:
        return {"start": None, "end": None}
    if isinstance(when, AllDay):
        return {"start": when.first.isoformat(), "end": when.until.isoformat()}
    return {"start": _iso(when.start), "end": _iso(when.end)}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

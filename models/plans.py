"""A plan that was saved: what was proposed, what would be done, and upon which state of every item.

It names items by their ids and versions and holds no word of any of them: a person reads what `plan` prints.
What would be written stands there as a digest, so that the same plan is recognised.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from models.decision import Act
from models.link import Link
from models.storage.records import DecisionRecord, Intent

FORMAT: Final = "exchange-connector plan"
VERSION: Final = 1
WRITING: Final = frozenset(
    {
        Act.CREATE_EVENT,
        Act.UPDATE_EVENT,
        Act.DELETE_EVENT,
        Act.CREATE_APPOINTMENT,
        Act.UPDATE_APPOINTMENT,
        Act.REMOVE_APPOINTMENT,
        Act.UPDATE_BOTH,
    }
)
"""What changes something that people see."""
RULES: Final = "rules"
"""Names, among the digests of the settings, that of the rules in force."""
EVENT_VERSION: Final = "version of the event"
APPOINTMENT_VERSION: Final = "appointment last changed"
"""How decisions name the states of both sides that they were made upon."""


class PlanUnreadable(Exception):  # noqa: N818 - named for what is wrong
    """A file that is no plan, or that this program does not understand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAct:
    """One thing that would be done about one item."""

    resource_no: str
    item: str
    """The appointment's GUID; of an event without one, its key or its id."""
    act: Act
    reason: str
    number: str = ""
    event_id: str = ""
    event_version: str = ""
    """The etag of the event as it was seen; empty where it was not looked at."""
    appointment_version: str = ""
    """When the appointment last changed, as the board said; likewise."""
    digest: str = ""
    """Of what would be written."""

    @property
    def what(self) -> str:
        """What is done."""
        return self.act.value.replace("_", " ")

    @property
    def name(self) -> str:
        """What people can look for."""
        called = f"appointment {self.number}" if self.number else f"item {self.item}"
        return f"resource {self.resource_no}, {called}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What was proposed, as it was written."""

    rules: str | None = None
    """The text of a rule file."""
    preferences: str | None = None
    """The text of a table (CSV) or of defaults (TOML)."""
    preferences_suffix: str = ""
    """".csv" or ".toml"."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was: the plan is what a run would do anyway."""
        return self.rules is None and self.preferences is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What `apply` does, if nothing has moved."""

    made_at: datetime
    resource_no: str | None = None
    """The only resource that was looked at; None: all."""
    proposed: Proposed = field(default_factory=Proposed)
    settings: Mapping[str, str] = field(default_factory=dict)
    """Digests of the sections that decide, and of the rules in force, before anything is changed."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """What each resource would share whose choice is to change, in words."""
    acts: tuple[PlannedAct, ...] = ()

    @property
    def writes(self) -> tuple[PlannedAct, ...]:
        """What would change something that people see."""
        return tuple(one for one in self.acts if one.act in WRITING)

    def as_json(self) -> dict[str, Any]:
        """As it is saved."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "madeAt": self.made_at.isoformat(),
            "resource": self.resource_no,
            "proposed": {
                "rules": self.proposed.rules,
                "preferences": self.proposed.preferences,
                "preferencesSuffix": self.proposed.preferences_suffix,
            },
            "settings": dict(self.settings),
            "choices": dict(self.choices),
            "acts": [_act_json(one) for one in self.acts],
        }


def version_of_board(changed: datetime) -> str:
    """How the state of an appointment is called."""
    wall = changed.astimezone(UTC).replace(tzinfo=None)
    return f"{wall.isoformat(sep=' ', timespec='microseconds')} UTC"


def planned(decision: DecisionRecord, link: Link | None = None) -> PlannedAct:
    """What a decision of a rehearsal would have done. `link` is what was learned of its item besides."""
    seen = dict(decision.basis)
    if link is not None and link.etag is not None:
        seen[EVENT_VERSION] = link.etag
    if link is not None and link.board_modified_at is not None:
        seen[APPOINTMENT_VERSION] = version_of_board(link.board_modified_at)
    # an event that may not be told by its subject is told by its version alone: a digest tells its time (E)
    is_told = bool(decision.subject)
    written = [
        (one.field.value, one.agreed, one.board, one.outlook if is_told else "") for one in decision.changes
    ]
    return PlannedAct(
        resource_no=decision.resource_no,
        item=decision.item,
        act=decision.act,
        reason=decision.reason.value,
        number=decision.number,
        event_id=decision.event_id or "",
        event_version=seen.get(EVENT_VERSION, ""),
        appointment_version=seen.get(APPOINTMENT_VERSION, ""),
        digest=digest_of(written) if written else "",
    )


def planned_clearing(intent: Intent, reason: str) -> PlannedAct:
    """An event that would be deleted in a mailbox that its resource does not have any more (A11)."""
    event_id = intent.event_id or ""
    return PlannedAct(
        resource_no=intent.resource_no, item=event_id, act=intent.act, reason=reason, event_id=event_id
    )


def digest_of(value: object) -> str:
    """A digest of plain data: another one where anything of it differs."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read_plan(text: str) -> SavedPlan:
    """A plan as it was saved. Raises `PlanUnreadable`."""
    try:
        said = json.loads(text)
    except ValueError:
        raise PlanUnreadable("it is no JSON") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise PlanUnreadable("it is no plan of this program")
    if said.get("version") != VERSION:
        raise PlanUnreadable(
            f"it is of version {said.get('version')!r:.20}, and this program reads {VERSION}"
        )
    try:
        return SavedPlan(
            made_at=datetime.fromisoformat(said["madeAt"]),
            resource_no=said["resource"],
            proposed=Proposed(
                rules=said["proposed"]["rules"],
                preferences=said["proposed"]["preferences"],
                preferences_suffix=said["proposed"]["preferencesSuffix"],
            ),
            settings=dict(said["settings"]),
            choices=dict(said["choices"]),
            acts=tuple(_act(one) for one in said["acts"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanUnreadable(f"something in it is missing or wrong ({type(error).__name__})") from None


def differences(saved: SavedPlan, now: SavedPlan) -> list[str]:
    """What has moved since a plan was made, a sentence each: the plan that would be made now tells."""
    found = [
        f"the section [{name}] of the configuration is another one now"
        if name != RULES
        else "the rules in force are others now"
        for name in sorted({*saved.settings, *now.settings})
        if saved.settings.get(name) != now.settings.get(name)
    ]
    found += [
        f"resource {number} has chosen something else about what it shares"
        for number in sorted({*saved.choices, *now.choices})
        if saved.choices.get(number) != now.choices.get(number)
    ]
    before, after = _by_item(saved), _by_item(now)
    for item in before | after:
        found += _moved(before.get(item, {}), after.get(item, {}))
    return found


def _by_item(plan: SavedPlan) -> dict[tuple[str, str], dict[Act, PlannedAct]]:
    """What is to be done about each item: seldom more than one thing."""
    items: dict[tuple[str, str], dict[Act, PlannedAct]] = {}
    for one in plan.acts:
        items.setdefault((one.resource_no, one.item), {})[one.act] = one
    return items


def _moved(before: Mapping[Act, PlannedAct], after: Mapping[Act, PlannedAct]) -> Iterator[str]:
    """How the plan for one item has changed."""
    gone = [one for act, one in before.items() if act not in after]
    new = [one for act, one in after.items() if act not in before]
    if len(gone) == len(new) == 1:
        yield f"{new[0].name}: to {gone[0].what} was planned, and now it is to {new[0].what}"
    else:
        yield from (f"{one.name}: there is nothing to {one.what} any more" for one in gone)
        yield from (f"{one.name}: it is to {one.what} now" for one in new)
    for act in before.keys() & after.keys():
        if changed := _changed(before[act], after[act]):
            yield f"{after[act].name}: {changed}"


def _changed(before: PlannedAct, after: PlannedAct) -> str:
    """In what the same act differs; empty if in nothing."""
    if before.event_version != after.event_version:
        return f"the event {after.event_id or before.event_id} has changed"
    if before.appointment_version != after.appointment_version:
        return "the appointment has changed"
    if before.reason != after.reason:
        return f"to {after.what} has another reason now: {after.reason.replace('_', ' ')}"
    return "" if before.digest == after.digest else "something else would be written"


def _act_json(one: PlannedAct) -> dict[str, str]:
    return {
        "resourceNo": one.resource_no,
        "item": one.item,
        "act": one.act.value,
        "reason": one.reason,
        "appointmentNo": one.number,
        "eventId": one.event_id,
        "eventVersion": one.event_version,
        "appointmentVersion": one.appointment_version,
        "digest": one.digest,
    }


def _act(said: Mapping[str, str]) -> PlannedAct:
    return PlannedAct(
        resource_no=said["resourceNo"],
        item=said["item"],
        act=Act(said["act"]),
        reason=said["reason"],
        number=said["appointmentNo"],
        event_id=said["eventId"],
        event_version=said["eventVersion"],
        appointment_version=said["appointmentVersion"],
        digest=said["digest"],
    )

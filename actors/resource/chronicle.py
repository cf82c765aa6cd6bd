"""Decisions as they are kept: enough to explain each of them, and no word of what is not shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any, Protocol

from actors.clients.steps import Done
from actors.resource.case import Case
from actors.resource.quoting import changes, ical_uid, versions
from models.content import Sensitivity, ShowAs
from models.decision import REASONS, Act, Decision, Reason, Side
from models.event import Event, EventHead
from models.ids import MailboxId, ResourceNo
from models.judging import judge
from models.link import Link, Origin
from models.mapper import Mapper
from models.preferences import Preferences, Verdict
from models.rules import basis_of_failure, basis_of_passing
from models.storage.changes import SettleDecision
from models.storage.records import DecisionRecord, Outcome, Trigger


class Now(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """This instant, in UTC."""
        ...


@dataclass(slots=True, kw_only=True)
class Chronicle:
    """Writes down the decisions of one resource. Ids sort in the order in which they were given."""

    resource_no: ResourceNo
    mailbox: MailboxId
    preferences: Callable[[], Preferences]
    """What the resource shares at this moment."""
    mapper: Callable[[], Mapper]
    """The mapping, rules included, that is in force at this moment."""
    clock: Now
    random: Random
    names_values: bool = True
    """Whether it is written down what rules and templates looked at: a rehearsal is not asked for that."""
    _last: int = 0

    def new_id(self) -> str:
        """An id for a decision or an intent."""
        return self._id_at(self.clock.now())

    def _id_at(self, now: datetime) -> str:
        self._last = max(self._last + 1, int(now.timestamp() * 1_000_000))
        return f"{self._last:016x}-{self.random.getrandbits(32):08x}"

    def record(self, case: Case, outcome: Outcome) -> DecisionRecord:
        """A decision about an item."""
        link, head, appointment, decision = case.link, case.head, case.appointment, case.decision
        now = self.clock.now()
        return DecisionRecord(
            id=self._id_at(now),
            at=now,
            resource_no=self.resource_no,
            mailbox=self.mailbox,
            guid=case.item.guid,
            appointment_id=appointment.id if appointment else link.appointment_id if link else None,
            number=case.number,
            event_id=head.id if head else link.event_id if link else None,
            event_key=head.key if head else link.event_key if link else None,
            ical_uid=ical_uid(case),
            subject=case.subject,
            when=case.when,
            side=_side(decision),
            trigger=case.item.trigger,
            act=decision.act,
            reason=decision.reason,
            detail=decision.detail,
            basis=(
                *self._rule_basis(case),
                *self._template_basis(case),
                *self._basis(head),
                *versions(case),
            ),
            changes=changes(case),
            outcome=outcome,
            attempts=case.item.tries,
        )

    def unshared(self, head: EventHead, decision: Decision, trigger: Trigger) -> DecisionRecord:
        """That an event is not shared: which one, and what decided, without a word of it."""
        return DecisionRecord(
            id=self.new_id(),
            at=self.clock.now(),
            resource_no=self.resource_no,
            mailbox=self.mailbox,
            event_id=head.id,
            event_key=head.key,
            side=Side.OUTLOOK,
            trigger=trigger,
            act=decision.act,
            reason=decision.reason,
            basis=self._basis(head),
        )

    def adopted(self, link: Link, event: Event) -> DecisionRecord:
        """That an item of an earlier installation was recognised."""
        return DecisionRecord(
            id=self.new_id(),
            at=self.clock.now(),
            resource_no=self.resource_no,
            mailbox=self.mailbox,
            guid=link.guid,
            appointment_id=link.appointment_id,
            number=link.number,
            event_id=event.head.id,
            event_key=event.head.key,
            trigger=Trigger.START,
            act=Act.ADOPT,
            reason=Reason.ADOPTED,
            basis=self._basis(event.head),
            outcome=Outcome.DONE,
        )

    def left_behind(self, mailbox: MailboxId, head: EventHead) -> DecisionRecord:
        """That an event stays in a mailbox that the resource does not have any more (A11)."""
        return DecisionRecord(
            id=self.new_id(),
            at=self.clock.now(),
            resource_no=self.resource_no,
            mailbox=mailbox,
            event_id=head.id,
            event_key=head.key,
            side=Side.OUTLOOK,
            trigger=Trigger.START,
            act=Act.HOLD,
            reason=Reason.HAS_GUESTS,
            detail=REASONS[Reason.MOVED_MAILBOX],
        )

    def _rule_basis(self, case: Case) -> tuple[tuple[str, str], ...]:
        """What the rules saw where they decided: which keeps the appointment out, or why it may go."""
        appointment, decision = case.appointment, case.decision
        if case.origin is not Origin.BOARD or appointment is None or not self.names_values:
            return ()
        if decision.reason is Reason.RULE_FAILED:
            outcome = self.mapper().check(appointment)
            return () if outcome.passed else basis_of_failure(outcome.failed)
        if decision.act is Act.CREATE_EVENT:
            return basis_of_passing(self.mapper().rules.verdicts(appointment.record))
        return ()

    def _template_basis(self, case: Case) -> Iterator[tuple[str, str]]:
        """Which templates fail for the appointment whose event is written: its plain fields stand in."""
        appointment = case.appointment
        is_written = case.decision.act in (Act.CREATE_EVENT, Act.UPDATE_EVENT, Act.UPDATE_BOTH)
        if case.origin is Origin.BOARD and appointment is not None and is_written and self.names_values:
            for failure in self.mapper().template_failures(appointment):
                yield failure.key, f"cannot be filled in ({failure.message}); the plain field is written"

    def _basis(self, head: EventHead | None) -> tuple[tuple[str, str], ...]:
        """What the judgement of an event looked at. Of one that is masked, only that it is (E)."""
        if head is None:
            return ()
        preferences = self.preferences()
        show_as = ("show-as that are shared", _listed(preferences.show_as))
        sensitivity = ("sensitivities that are shared", _listed(preferences.sensitivity))
        own_show_as = ("show-as of the event", head.show_as.value)
        own_sensitivity = ("sensitivity of the event", head.sensitivity.value)
        match judge(head, preferences):
            case Verdict.SHARING_OFF:
                nothing = "none: sharing is off"
                return ((show_as[0], nothing), (sensitivity[0], nothing))
            case Verdict.CANCELLED | Verdict.DECLINED:
                return ()
            case Verdict.SHOW_AS_NOT_SHARED:
                return (own_show_as, show_as)
            case Verdict.SENSITIVITY_NOT_SHARED:
                return (own_sensitivity, sensitivity)
            case Verdict.MASKED:
                return ((own_sensitivity[0], "one that is not shared: only its time shows"), sensitivity)
            case Verdict.SHARED:
                return (own_show_as, show_as, own_sensitivity, sensitivity)


def settled(decision_id: str, done: Done[Any], attempts: int, made: Link | None) -> SettleDecision:
    """That a decision was carried out. `made`: the link of an item that got its names by it."""
    outcome = SettleDecision(
        id=decision_id, outcome=Outcome.DONE, request_ids=(done.request_id,), attempts=attempts
    )
    if made is None:
        return outcome
    detail = done.value.detail if isinstance(done.value, Event) else None
    return replace(
        outcome,
        appointment_id=made.appointment_id,
        number=made.number,
        event_id=made.event_id,
        event_key=made.event_key,
        ical_uid="" if detail is None else detail.ical_uid,
    )


def _listed(values: Iterable[ShowAs | Sensitivity]) -> str:
    return ", ".join(sorted(one.value for one in values))


def _side(decision: Decision) -> Side | None:
    """The side whose change was looked at."""
    if decision.act in (Act.CREATE_APPOINTMENT, Act.UPDATE_APPOINTMENT, Act.REMOVE_APPOINTMENT):
        return Side.OUTLOOK
    if decision.act in (Act.CREATE_EVENT, Act.UPDATE_EVENT, Act.DELETE_EVENT):
        return Side.BOARD
    return None

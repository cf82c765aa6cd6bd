"""Carrying decisions out: the intent on disk, the call, the outcome on disk, and what is agreed since then.

A crash between any two of these leaves an intent or a link without an agreed state, and the next start looks
at both sides again before it does anything (`Writer.recover`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import structlog

from actors.clients.errors import (
    AccessDenied,
    Conflict,
    DuplicateTransaction,
    MailboxMissing,
    NotFound,
    Problem,
    Rejected,
)
from actors.clients.graph.operations import CreateEvent, FindLinked, LinkedEvent, PatchEvent, RemoveEvent
from actors.clients.scheduler.operations import ReadAppointment, RemoveAppointment, WriteAppointment, Written
from actors.clients.steps import Done, Failed, Outcome
from actors.resource.case import Case
from actors.resource.chronicle import Chronicle, fingerprint
from actors.resource.desk import Desk, is_being_created
from actors.resource.facts import BoardFact, Item, OutlookFact
from actors.resource.messages import AppointmentRef, Hint
from actors.resource.sides import settled
from models.appointment import Appointment
from models.content import Content, Field
from models.decision import Act, Decision, Reason
from models.event import Event
from models.ids import AppointmentId, link_value
from models.judging import Judge
from models.link import Agreed, Link, LinkState, Origin, Unshared
from models.reconcile import GONE, BoardSide, OutlookSide
from models.storage.changes import (
    AddDeadLetter,
    AddDecision,
    AddIntent,
    Change,
    DropDeadLetter,
    DropLink,
    DropUnshared,
    FinishIntent,
    ForgetWords,
    PutLink,
    PutUnshared,
    SettleDecision,
)
from models.storage.records import DeadLetter, Intent, Trigger
from models.storage.records import Outcome as Ending
from models.writes import AppointmentRemoval

log = structlog.get_logger(__name__)

RETRY_SECONDS = 30.0
CREATIONS = (Act.CREATE_EVENT, Act.CREATE_APPOINTMENT)


class Writer:
    """Does what was decided about the items of one resource."""

    def __init__(self, desk: Desk, chronicle: Chronicle, parked: Iterable[DeadLetter]) -> None:
        self.desk = desk
        self.chronicle = chronicle
        self.parked = {letter.guid: letter for letter in parked if letter.guid is not None}
        self._acts: dict[Act, Callable[[Case], None]] = {
            Act.NOTHING: self._nothing,
            Act.HOLD: self._nothing,
            Act.ADOPT: self._adopt,
            Act.FORGET: self._forget,
            Act.SUPPRESS: self._suppress,
            Act.CREATE_EVENT: self._create_event,
            Act.UPDATE_EVENT: self._update_event,
            Act.UPDATE_BOTH: self._update_event,
            Act.DELETE_EVENT: self._delete_event,
            Act.CREATE_APPOINTMENT: self._create_appointment,
            Act.UPDATE_APPOINTMENT: self._update_appointment,
            Act.REMOVE_APPOINTMENT: self._remove_appointment,
        }

    def carry_out(self, case: Case) -> None:
        """Do what was decided, unless the other side has rejected exactly this before (D9)."""
        letter = self.parked.get(case.item.guid)
        if letter is not None and case.decision.act is not Act.NOTHING:
            if letter.seen == fingerprint(case):
                self._finish(case.item)
                return
            del self.parked[case.item.guid]
            self.desk.ports.commit(DropDeadLetter(id=letter.id))
        self._acts[case.decision.act](case)

    # Without a call

    def _nothing(self, case: Case) -> None:
        link = case.link
        if link is not None and is_being_created(link) and case.board is GONE:
            self._forget(case)
            return
        changes: list[Change] = []
        if link is None and case.decision.reason is Reason.RULE_FAILED and case.appointment is not None:
            changes = [PutLink(link=self._withheld(case, case.appointment)), self._kept(case, Ending.NONE)]
            self._tell(case)
        elif link is not None and link.agreed is not None:
            moved = self._moved_on(link, link.agreed, case)
            changes = [PutLink(link=moved)] if moved != link else []
        self._commit(*changes, *self._intent_done(case.item))
        self._finish(case.item)

    def _adopt(self, case: Case) -> None:
        """Both sides exist without a link (C5): what the origin says is written where the other differs."""
        if case.event is None or case.appointment is None:
            raise LookupError("only an item that exists on both sides is adopted")
        agreed = Agreed(board=case.board_content, outlook=case.board_content)
        link = replace(_told(self._link_to(case.event, case), case.appointment), agreed=agreed)
        self._tell(case)
        self._commit(PutLink(link=link), self._kept(case, Ending.DONE))
        self.desk.consider(case.item)

    def _forget(self, case: Case) -> None:
        changes: list[Change] = [self._kept(case, Ending.DONE)]
        if case.link is not None:
            changes.append(DropLink(resource_no=case.link.resource_no, guid=case.link.guid))
        self._tell(case)
        self._commit(*changes, *self._no_longer_shared(case), *self._intent_done(case.item))
        self._finish(case.item)

    def _suppress(self, case: Case) -> None:
        link = replace(self._link(case.item), state=LinkState.SUPPRESSED)
        self._tell(case)
        self._commit(PutLink(link=link), self._kept(case, Ending.DONE), *self._intent_done(case.item))
        self._finish(case.item)

    # Events

    def _create_event(self, case: Case) -> None:
        desk, appointment = self.desk, case.appointment
        if appointment is None:
            raise LookupError("an event is created for an appointment that was read")
        link = self._fresh_link(case, appointment)
        wanted = case.board_content
        draft = desk.lens.mapper.event_draft(
            appointment,
            wanted,
            resource_no=link.resource_no,
            mailbox=link.mailbox,
            generation=link.generation,
        )
        operation = CreateEvent(mailbox=link.mailbox, draft=draft, judge=desk.judge())
        self._perform(
            case,
            lambda then: desk.ports.graph(operation, then),
            lambda done: self._event_created(case.item, wanted, done),
            PutLink(link=link),
        )

    def _event_created(self, item: Item, wanted: Content, done: Done[Event]) -> None:
        seen = self.desk.lens.mapper.seen_event(done.value, wanted, times_readable=True)
        agreed = Agreed(board=wanted, outlook=wanted.merged_with(seen))
        link = replace(_at(self._link(item), done.value), agreed=agreed)
        self._written(item, done, PutLink(link=link))

    def _update_event(self, case: Case) -> None:
        desk, link, event = self.desk, self._link(case.item), case.event
        wanted, fields = case.board_content, case.decision.to_outlook
        if link.event_id is None:
            raise LookupError("only an event that exists is changed")
        if link.origin is Origin.BOARD:
            agreed = link.agreed.outlook if link.agreed is not None else None
            seen_when = event.head.when if event is not None else agreed.when if agreed is not None else None
            patch, rewrite = desk.lens.mapper.board_patch(fields, wanted, agreed, seen_when)
        elif event is not None:
            patch, rewrite = desk.lens.mapper.person_patch(fields, wanted, event)
        else:
            raise LookupError("a person's event is changed only after it was read")
        operation = PatchEvent(
            mailbox=link.mailbox,
            event_id=link.event_id,
            etag=event.head.etag if event is not None else link.etag,
            patch=patch,
            rewrite=rewrite,
            judge=desk.judge(),
        )
        self._perform(
            case,
            lambda then: desk.ports.graph(operation, then),
            lambda done: self._event_updated(case.item, fields, wanted, done),
        )

    def _event_updated(
        self, item: Item, fields: tuple[Field, ...], wanted: Content, done: Done[Event]
    ) -> None:
        event, link = done.value, self._link(item)
        side = self.desk.lens.outlook_side(event, link.origin, link)
        seen = side.content if isinstance(side, OutlookSide) else Content()
        agreed = _agreed_now(link, fields, board=wanted, outlook=wanted.merged_with(seen))
        fact = OutlookFact(event=event, asked_at=self.desk.ports.monotonic())
        self._written(item, done, PutLink(link=replace(_at(link, event), agreed=agreed)), fact=fact)

    def _delete_event(self, case: Case) -> None:
        desk, link = self.desk, self._link(case.item)
        if link.event_id is None:
            raise LookupError("only an event that exists is deleted")
        operation = RemoveEvent(mailbox=link.mailbox, event_id=link.event_id)
        desk.departed.add(link.event_id)
        change: Change = DropLink(resource_no=link.resource_no, guid=link.guid)
        if case.decision.reason is Reason.RULE_FAILED and case.appointment is not None:
            change = PutLink(link=self._withheld(case, case.appointment))
        self._perform(
            case,
            lambda then: desk.ports.graph(operation, then),
            lambda done: self._written(case.item, done, change),
        )

    # Appointments

    def _create_appointment(self, case: Case) -> None:
        desk, event, content = self.desk, case.event, case.outlook_content
        if event is None:
            raise LookupError("an appointment is created for an event that was read")
        if desk.book.unshared(event.head.key) is not None:
            case = replace(case, decision=replace(case.decision, reason=Reason.SHARED_NOW))
        link = replace(self._link_to(event, case), state=LinkState.ACTIVE, agreed=None)
        write = desk.lens.mapper.appointment_write_new(
            event, content, resource=desk.resource, guid=case.item.guid
        )
        self._perform(
            case,
            lambda then: desk.ports.board(WriteAppointment(write=write), then),
            lambda done: self._read_back(case.item, tuple(Field), content, done),
            PutLink(link=link),
            *self._shared_again(event),
        )

    def _update_appointment(self, case: Case) -> None:
        desk, item, link, appointment = self.desk, case.item, self._link(case.item), case.appointment
        if appointment is None:
            raise LookupError("an appointment is changed only after it was read")
        content, fields = case.outlook_content, case.decision.to_board
        write = desk.lens.mapper.appointment_write_change(
            appointment, fields, content, resource=desk.resource, origin=link.origin, event_id=link.event_id
        )
        siblings = [other for other in appointment.resources if other != desk.resource.resource_no]
        ref = AppointmentRef(guid=item.guid, id=appointment.id)
        hint = Hint(appointments=frozenset({ref}), trigger=Trigger.SIBLING)

        def on_done(done: Done[Written]) -> None:
            self._read_back(item, fields, content, done)
            for sibling in siblings:
                desk.ports.hint(sibling, hint)

        self._perform(case, lambda then: desk.ports.board(WriteAppointment(write=write), then), on_done)

    def _read_back(
        self, item: Item, fields: tuple[Field, ...], written: Content, done: Done[Written]
    ) -> None:
        """The board may keep less than it was sent, and its answer does not say: read what it has."""
        item.waiting_for = "read-back"
        key = done.value.id or AppointmentId(item.guid)
        self.desk.ports.board(
            ReadAppointment(id=key),
            lambda outcome: self._appointment_written(item, fields, written, done, outcome),
        )

    def _appointment_written(
        self,
        item: Item,
        fields: tuple[Field, ...],
        written: Content,
        done: Done[Written],
        outcome: Outcome,
    ) -> None:
        link = self._link(item)
        appointment = outcome.value if isinstance(outcome, Done) else None
        if not isinstance(appointment, Appointment) or appointment.guid != item.guid:
            link = replace(link, appointment_id=done.value.id or link.appointment_id)
            seen = Content()
        else:
            link = _told(link, appointment)
            side = self.desk.lens.board_side(appointment, link.origin)
            seen = side.content if isinstance(side, BoardSide) else Content()
        agreed = _agreed_now(link, fields, board=written.merged_with(seen), outlook=written)
        self._written(item, done, PutLink(link=replace(link, agreed=agreed)))

    def _remove_appointment(self, case: Case) -> None:
        desk, link, appointment = self.desk, self._link(case.item), case.appointment
        removal = AppointmentRemoval(
            guid=link.guid,
            id=appointment.id if appointment is not None else link.appointment_id,
            resource_no=link.resource_no,
            resource_email=desk.resource.email,
            outlook_born=link.origin is Origin.OUTLOOK,
            source_app=appointment.source_app if appointment is not None else "",
            source_type=appointment.source_type if appointment is not None else "",
        )
        changes = (
            DropLink(resource_no=link.resource_no, guid=link.guid),
            *self._no_longer_shared(case),
        )
        self._perform(
            case,
            lambda then: desk.ports.board(RemoveAppointment(removal=removal), then),
            lambda done: self._written(case.item, done, *changes),
        )

    # The course of every call

    def _perform(
        self,
        case: Case,
        call: Callable[[Callable[[Outcome], None]], None],
        on_done: Callable[[Done[Any]], None],
        *changes: Change,
    ) -> None:
        """Intent on disk, then the call, then `on_done` or what its failure asks for."""
        item = case.item
        item.intent = item.intent or self.chronicle.new_id()
        kept = self._kept(case, Ending.PENDING)
        item.decision = kept.decision.id
        item.waiting_for = "commit"
        item.board = item.outlook = None
        intent = self._intent(case)
        self._tell(case)

        def answered(outcome: Outcome) -> None:
            if isinstance(outcome, Done):
                on_done(outcome)
            else:
                self._failed(case, outcome)

        def send() -> None:
            item.waiting_for = "write"
            call(answered)

        self._remember(changes)
        self.desk.ports.commit(*changes, AddIntent(intent=intent), kept, then=send)
        self.desk.on_decided(item.guid)

    def _written(
        self, item: Item, done: Done[Any], *changes: Change, fact: OutlookFact | None = None
    ) -> None:
        """A call succeeded: put its outcome on disk and look at what has come in since.

        What was read while the call was under way may be older than its effect, so that it is read again.
        """
        settle = SettleDecision(
            id=item.decision, outcome=Ending.DONE, request_ids=(done.request_id,), attempts=item.tries
        )
        item.fence = self.desk.ports.monotonic()
        item.tries = 0
        self._commit(*changes, *self._intent_done(item), settle)
        item.reread_board = item.reread_board or item.board is not None
        item.reread_outlook = item.reread_outlook or self._is_news(item)
        item.board, item.outlook = None, fact
        self.desk.resume(item)

    def _is_news(self, item: Item) -> bool:
        """Whether an event that was read during a write is in another version than the write left behind."""
        if item.outlook is None:
            return False
        event, link = item.outlook.event, self.desk.book.get(item.guid)
        return not (isinstance(event, Event) and link is not None and event.head.etag == link.etag)

    def _failed(self, case: Case, outcome: Failed) -> None:
        """A call failed: each kind of problem has its own way on."""
        item, problem = case.item, outcome.problem
        log.info("call failed", resource=self.desk.resource.resource_no, problem=str(problem))
        if isinstance(problem, Rejected):
            self._park(case, problem)
        elif isinstance(problem, NotFound) and case.decision.act not in CREATIONS:
            self._other_side_is_gone(case)
        elif isinstance(problem, Conflict):
            item.waiting_for = ""
            self.recover(item)
        elif isinstance(problem, DuplicateTransaction):
            item.event_id = problem.existing_event_id
            item.waiting_for = ""
            self.recover(item)
        else:
            if isinstance(problem, (AccessDenied, MailboxMissing)):
                self.desk.ports.trouble(problem)
            self._pause(item)

    def _pause(self, item: Item) -> None:
        self.desk.pause(item, then=self.recover)

    def _other_side_is_gone(self, case: Case) -> None:
        """What was to be written or deleted does not exist any more."""
        item, act = case.item, case.decision.act
        item.waiting_for = ""
        if act in (Act.DELETE_EVENT, Act.UPDATE_EVENT, Act.UPDATE_BOTH):
            item.outlook = OutlookFact(event=GONE, asked_at=self.desk.ports.monotonic())
        else:
            item.board = BoardFact(appointment=GONE, asked_at=self.desk.ports.monotonic())
        self.desk.consider(item)

    def _park(self, case: Case, problem: Rejected) -> None:
        """The other side rejects this for good: put it aside until either side changes (D9)."""
        item, now = case.item, self.desk.ports.now()
        letter = DeadLetter(
            id=f"{self.desk.resource.resource_no}/{item.guid}",
            resource_no=self.desk.resource.resource_no,
            guid=item.guid,
            event_key=case.link.event_key if case.link is not None else None,
            act=case.decision.act,
            reason=f"{problem}; {problem.remedy}",
            code=problem.about.code,
            seen=fingerprint(case),
            attempts=item.tries + 1,
            first_at=now,
            last_at=now,
        )
        self.parked[item.guid] = letter
        settle = SettleDecision(id=item.decision, outcome=Ending.PARKED, attempts=item.tries + 1)
        self._commit(AddDeadLetter(letter=letter), FinishIntent(id=item.intent, outcome=Ending.PARKED), settle)
        item.intent = ""
        self.desk.resume(item)

    # Recovery

    def recover(self, item: Item) -> None:
        """Nobody knows how a call ended: look at both sides, then decide again (D2, D3)."""
        link = self.desk.book.get(item.guid)
        if link is not None and link.origin is Origin.BOARD and is_being_created(link):
            item.waiting_for = "lookup"
            value = link_value(link.guid, link.resource_no)
            self.desk.ports.graph(
                FindLinked(mailbox=link.mailbox, value=value, judge=Judge.of_linked(self.desk.lens.preferences)),
                lambda outcome: self._looked_up(item, outcome),
            )
            return
        item.board = item.outlook = None
        item.reread_board = True
        item.reread_outlook = link is not None and link.event_id is not None
        self.desk.resume(item)

    def _looked_up(self, item: Item, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._pause(item)
            return
        link = self._link(item)
        found: tuple[LinkedEvent, ...] = outcome.value
        ours = self.desk.book.transaction_of(link)
        match = next((linked for linked in found if linked.transaction_id == ours), None)
        if match is not None:
            seen = self.desk.lens.mapper.seen_event(match.event, None, times_readable=True)
            adopted = replace(_at(link, match.event), agreed=Agreed(board=seen, outlook=seen))
            self._commit(PutLink(link=adopted), *self._intent_done(item))
        item.board = None
        item.reread_board = True
        self.desk.resume(item)

    def drop_intents(self, intents: Iterable[Intent]) -> None:
        """Intents about links that are gone: what they were for has ended."""
        self._commit(*(FinishIntent(id=intent.id, outcome=Ending.DONE) for intent in intents))

    # Another mailbox (A11)

    def move_link(self, link: Link) -> None:
        """A board-born event is created in the new mailbox and deleted in the old one; what was the old
        mailbox's own leaves the board."""
        desk = self.desk
        if link.origin is Origin.OUTLOOK:
            desk.learn_outlook(link.guid, OutlookFact(event=GONE, asked_at=desk.ports.monotonic()), Trigger.START)
            return
        changes: list[Change] = []
        if link.event_id is not None:
            clearing = Intent(
                id=self.chronicle.new_id(),
                resource_no=link.resource_no,
                act=Act.DELETE_EVENT,
                mailbox=link.mailbox,
                event_id=link.event_id,
                at=desk.ports.now(),
            )
            changes.append(AddIntent(intent=clearing))
            self.clear_old_mailbox(clearing)
        moved = replace(
            link, mailbox=desk.mailbox.id, event_id=None, event_key=None, etag=None, agreed=None
        )
        self._commit(*changes, PutLink(link=moved))

    def clear_old_mailbox(self, intent: Intent) -> None:
        """Delete an event that the resource left behind in the mailbox that it had before."""
        if intent.mailbox is None or intent.event_id is None:
            return

        def cleared(outcome: Outcome) -> None:
            gone_for_good = isinstance(outcome, Failed) and isinstance(
                outcome.problem, (MailboxMissing, AccessDenied)
            )
            if isinstance(outcome, Done) or gone_for_good:
                self._commit(FinishIntent(id=intent.id, outcome=Ending.DONE))
            else:
                self.desk.ports.later(RETRY_SECONDS, lambda: self.clear_old_mailbox(intent))

        operation = RemoveEvent(mailbox=intent.mailbox, event_id=intent.event_id)
        self.desk.ports.graph(operation, cleared)

    # Links

    def _link(self, item: Item) -> Link:
        link = self.desk.book.get(item.guid)
        assert link is not None, "a call is only made for an item that has a link"
        return link

    def _fresh_link(self, case: Case, appointment: Appointment) -> Link:
        """The link of an event about to be created; another event of the same link is a new generation."""
        link = case.link
        if link is None:
            link = Link(
                resource_no=self.desk.resource.resource_no,
                guid=case.item.guid,
                origin=Origin.BOARD,
                mailbox=self.desk.mailbox.id,
            )
        elif link.event_id is not None:
            link = replace(link, generation=link.generation + 1)
        return replace(
            _told(link, appointment),
            state=LinkState.ACTIVE,
            mailbox=self.desk.mailbox.id,
            event_id=None,
            event_key=None,
            etag=None,
            agreed=None,
        )

    def _withheld(self, case: Case, appointment: Appointment) -> Link:
        """The link of an appointment that a rule keeps out of Outlook."""
        link = self._fresh_link(case, appointment)
        return replace(
            link, state=LinkState.WITHHELD, agreed=Agreed(board=case.board_content, outlook=Content())
        )

    def _link_to(self, event: Event, case: Case) -> Link:
        link = case.link or Link(
            resource_no=self.desk.resource.resource_no,
            guid=case.item.guid,
            origin=case.origin,
            mailbox=self.desk.mailbox.id,
        )
        return _at(link, event)

    def _moved_on(self, link: Link, agreed: Agreed, case: Case) -> Link:
        """A link after both sides were looked at and nothing was to be written."""
        board = case.board.content if isinstance(case.board, BoardSide) else None
        outlook = case.outlook.content if isinstance(case.outlook, OutlookSide) else None
        link = replace(link, agreed=settled(agreed, board, outlook))
        if case.event is not None:
            link = _at(link, case.event)
        return link if case.appointment is None else _told(link, case.appointment)

    def _shared_again(self, event: Event) -> tuple[Change, ...]:
        if self.desk.book.unshared(event.head.key) is None:
            return ()
        return (DropUnshared(resource_no=self.desk.resource.resource_no, event_key=event.head.key),)

    def _no_longer_shared(self, case: Case) -> tuple[Change, ...]:
        """What was kept of an event's words goes when it is not shared any more (BEHAVIOUR.md E)."""
        side, item = case.outlook, case.item
        if case.origin is Origin.BOARD or not isinstance(side, OutlookSide) or side.verdict.reaches_board:
            return ()
        head = case.head
        if head is None:
            return ()
        unshared = Unshared(
            resource_no=self.desk.resource.resource_no,
            mailbox=self.desk.mailbox.id,
            event_id=head.id,
            event_key=head.key,
            etag=head.etag,
            verdict=side.verdict,
        )
        return (
            PutUnshared(unshared=unshared),
            ForgetWords(resource_no=unshared.resource_no, guid=item.guid, event_key=head.key),
        )

    # Book-keeping

    def _commit(self, *changes: Change) -> None:
        if changes:
            self._remember(changes)
            self.desk.ports.commit(*changes)

    def _remember(self, changes: Iterable[Change]) -> None:
        """What goes to the store goes into the book of this resource first."""
        for change in changes:
            if isinstance(change, PutLink):
                self.desk.book.put(change.link)
            elif isinstance(change, DropLink):
                self.desk.book.drop(change.guid)
            elif isinstance(change, PutUnshared):
                self.desk.book.put_unshared(change.unshared)
            elif isinstance(change, DropUnshared):
                self.desk.book.drop_unshared(change.event_key)

    def _finish(self, item: Item) -> None:
        item.board = item.outlook = None
        self.desk.consider(item)

    def _intent(self, case: Case) -> Intent:
        link = case.link
        return Intent(
            id=case.item.intent,
            resource_no=self.desk.resource.resource_no,
            act=case.decision.act,
            mailbox=link.mailbox if link is not None else self.desk.mailbox.id,
            guid=case.item.guid,
            event_key=link.event_key if link is not None else None,
            event_id=link.event_id if link is not None else None,
            generation=link.generation if link is not None else 0,
            at=self.desk.ports.now(),
            attempts=case.item.tries,
        )

    def _intent_done(self, item: Item) -> tuple[Change, ...]:
        if not item.intent:
            return ()
        intent, item.intent = item.intent, ""
        return (FinishIntent(id=intent, outcome=Ending.DONE),)

    def _kept(self, case: Case, outcome: Ending) -> AddDecision:
        return AddDecision(decision=self.chronicle.record(case, outcome))

    def _tell(self, case: Case) -> None:
        decision: Decision = case.decision
        log.info(
            "decision",
            resource=self.desk.resource.resource_no,
            appointment=case.number or case.item.guid,
            act=decision.act.value,
            why=decision.sentence,
        )


def _at(link: Link, event: Event) -> Link:
    """A link to an event in the version in which it was just seen."""
    return replace(
        link,
        event_id=event.head.id,
        event_key=event.head.key,
        etag=event.head.etag,
        event_modified_at=event.head.modified_at,
    )


def _told(link: Link, appointment: Appointment) -> Link:
    """A link to an appointment in the version in which it was just read."""
    return replace(
        link,
        appointment_id=appointment.id,
        number=appointment.number,
        board_modified_at=appointment.modified_at,
    )


def _agreed_now(link: Link, fields: tuple[Field, ...], *, board: Content, outlook: Content) -> Agreed:
    """What is agreed after these fields were written."""
    agreed = link.agreed or Agreed(board=Content(), outlook=Content())
    on_board, in_outlook = agreed.board, agreed.outlook
    for field in fields:
        on_board = on_board.with_field(field, board.get(field))
        in_outlook = in_outlook.with_field(field, outlook.get(field))
    return Agreed(board=on_board, outlook=in_outlook)

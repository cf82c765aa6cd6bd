"""The course of every call: the intent on disk, the call, the outcome on disk, and what is agreed since then.

A crash between any two of these leaves an intent or a link without an agreed state, and the next start looks
at both sides again before it does anything (`Course.recover`).
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
    Overtaken,
    Rejected,
)
from actors.clients.graph.operations import FindLinked, LinkedEvent
from actors.clients.steps import Done, Failed, Outcome
from actors.resource.case import Case
from actors.resource.chronicle import Chronicle, settled
from actors.resource.desk import Desk, is_being_created
from actors.resource.facts import BoardFact, Item, OutlookFact, Reversal
from actors.resource.imaging import Write, completed, image_of
from actors.resource.links import as_created, as_seen
from actors.resource.parking import Parking
from actors.resource.standing import standing
from models.content import Content
from models.decision import Act, Side
from models.event import Event
from models.ids import MailboxId, ResourceNo, link_value
from models.judging import Judge
from models.link import Agreed, Link, Origin, Unshared
from models.sides import GONE, OutlookSide
from models.storage.changes import (
    AddBeforeImage,
    AddDecision,
    AddIntent,
    Change,
    DropLink,
    DropUnshared,
    FinishIntent,
    PutLink,
    PutUnshared,
    SettleDecision,
)
from models.storage.records import BeforeImage, Intent
from models.storage.records import Outcome as Ending

log = structlog.get_logger(__name__)

STALE_SECONDS = 10.0
"""How long an intent may take to be on disk. One that took longer, as the disk was full, is decided about
anew: either side may have changed, or an event be shared no longer (D11, E)."""
CREATIONS = (Act.CREATE_EVENT, Act.CREATE_APPOINTMENT)


class Course:
    """Takes a decision through its call, and everything that can happen on the way."""

    def __init__(self, desk: Desk, chronicle: Chronicle, parking: Parking) -> None:
        self.desk = desk
        self.chronicle = chronicle
        self.parking = parking

    @property
    def who(self) -> tuple[ResourceNo, MailboxId]:
        """Whose links these are."""
        return self.desk.resource.resource_no, self.desk.mailbox.id

    def link(self, item: Item) -> Link:
        link = self.desk.book.get(item.guid)
        if link is None:
            raise LookupError("a call is only made for an item that has a link")
        return link

    # The course of every call

    def perform(
        self,
        case: Case,
        write: Write,
        operation: Any,  # noqa: ANN401 - of the service of the side that is written to
        on_done: Callable[[Done[Any]], None],
        *changes: Change,
    ) -> None:
        """Intent and before-image on disk, then the call, then `on_done` or what its failure asks for.

        What does not stand any more once its intent is on disk, or what is on disk too late, is decided anew.
        """
        item = case.item
        if self.desk.ports.rehearses:
            self.rehearse(case)
            return
        item.intent = item.intent or self.chronicle.new_id()
        kept = self.kept(case, Ending.PENDING)
        item.decision = kept.decision.id
        item.waiting_for = "commit"
        item.board = item.outlook = None
        intent = self._intent(case)
        item.image = self._image(item, image_of(case, write, intent, self.chronicle.new_id()))
        image = AddBeforeImage(image=item.image)
        self.tell(case)

        def answered(outcome: Outcome) -> None:
            self.desk.ports.wrote()
            if isinstance(outcome, Done):
                on_done(outcome)
            else:
                self._failed(case, outcome)

        decided_at, stands = self.desk.ports.monotonic(), standing(case, self.desk)

        def send() -> None:
            if self.desk.ports.monotonic() - decided_at > STALE_SECONDS or not stands():
                self.recover(item)
                return
            item.waiting_for = "write"
            self.desk.ports.wrote()
            ports = self.desk.ports
            perform = ports.graph if write.side is Side.OUTLOOK else ports.board
            perform(operation, answered, stands)

        self._remember(changes)
        self.desk.ports.commit(*changes, AddIntent(intent=intent), image, kept, then=send)
        self.desk.on_decided(item.guid)

    def rehearse(self, case: Case) -> None:
        """Note what would be done, and do nothing of it."""
        self.commit(self.kept(case, Ending.NONE))
        self.finish(case.item)

    def event_written(
        self, item: Item, done: Done[Any], *changes: Change, fact: OutlookFact | None = None
    ) -> None:
        """Outlook was written to: put the outcome on disk and look at what has come in since.

        An event that was read while the call was under way may be older than its effect: it is read again.
        """
        self._settle(item, done, changes)
        item.fences.outlook_written = self.desk.ports.monotonic()
        item.reread_outlook = item.reread_outlook or self._is_news(item)
        item.outlook = fact
        self.desk.resume(item)

    def appointment_written(self, item: Item, done: Done[Any], *changes: Change) -> None:
        """The board was written to: likewise."""
        self._settle(item, done, changes)
        item.fences.board_written = self.desk.ports.monotonic()
        item.reread_board = item.reread_board or item.board is not None
        item.board = None
        self.desk.resume(item)

    def _settle(self, item: Item, done: Done[Any], changes: Iterable[Change]) -> None:
        self._remember(changes)
        is_new = item.image is not None and item.image.act in CREATIONS
        made = self.desk.book.get(item.guid) if is_new else None
        settle = settled(item.decision, done, item.tries, made)
        item.tries = 0
        self.desk.ports.commit(*changes, *self._written(item), *self.intent_done(item), settle)

    @staticmethod
    def _image(item: Item, image: BeforeImage) -> BeforeImage:
        """The image of a write; of one that is only tried again the one that it has."""
        former = item.image
        if former is None or replace(image, id=former.id, at=former.at) != former:
            return image
        return former

    def _written(self, item: Item) -> tuple[Change, ...]:
        """The image of the write that has just been made, completed by what it left behind."""
        if item.image is None:
            return ()
        image, item.image = completed(item.image, self.desk.book.get(item.guid)), None
        return (AddBeforeImage(image=image),)

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
        if isinstance(problem, Rejected) and item.reversal is not None:
            self._refuse(item, item.reversal, problem)
        elif isinstance(problem, Rejected):
            self._park(case, problem)
        elif isinstance(problem, NotFound) and case.decision.act not in CREATIONS:
            self._other_side_is_gone(case)
        elif isinstance(problem, (Conflict, Overtaken)):
            self.recover(item)
        elif isinstance(problem, DuplicateTransaction):
            self.transaction_used(item)
        else:
            if isinstance(problem, (AccessDenied, MailboxMissing)):
                self.desk.ports.trouble(problem)
            self._pause(item)

    def transaction_used(self, item: Item) -> None:
        """The transaction id has made an event before: the one that is wanted, or one that is gone."""
        item.transaction_used = True
        self.recover(item)

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
        item = case.item
        code, tries = problem.about.code, item.tries + 1
        letter = self.parking.put_aside(case, problem.sentence, code=code, attempts=tries)
        settle = SettleDecision(id=item.decision, outcome=Ending.PARKED, attempts=tries)
        self.commit(letter, FinishIntent(id=item.intent, outcome=Ending.PARKED), settle)
        item.intent, item.image = "", None
        # what Outlook refuses of a change of both sides does not keep the other part from the board
        item.reread_board = item.reread_outlook = case.decision.act is Act.UPDATE_BOTH
        self.desk.resume(item)

    def _refuse(self, item: Item, reversal: Reversal, problem: Rejected) -> None:
        """The other side does not let it be put back: whoever undoes is told."""
        reversal.refused = problem.sentence
        self.end_undone(item, Ending.FAILED)
        self.desk.resume(item)

    def end_undone(self, item: Item, outcome: Ending, *changes: Change) -> None:
        """A write of an undo has ended otherwise than by an answer that says so."""
        settle = SettleDecision(id=item.decision, outcome=outcome, attempts=item.tries)
        self._remember(changes)
        image = self._written(item) if outcome is Ending.DONE else ()
        self.desk.ports.commit(*changes, *image, FinishIntent(id=item.intent, outcome=outcome), settle)
        item.intent, item.image, item.tries = "", None, 0

    # Recovery

    def recover(self, item: Item) -> None:
        """Nobody knows how a call ended: look at both sides, then decide again (D2, D3)."""
        link = self.desk.book.get(item.guid)
        if link is not None and link.origin is Origin.BOARD and is_being_created(link):
            item.waiting_for = "lookup"
            value = link_value(link.guid, link.resource_no)
            self.desk.ports.graph(
                FindLinked(mailbox=link.mailbox, value=value, judge=Judge.of_linked(self.desk.lens.readable)),
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
        link = self.link(item)
        found: tuple[LinkedEvent, ...] = outcome.value
        ours = self.desk.book.transaction_of(link)
        match = next((linked for linked in found if linked.transaction_id == ours), None)
        if match is not None:
            seen = self.desk.lens.mapper.seen_event(match.event, None, times_readable=True)
            agreed = _agreed_by_creation(item, seen)
            item.reread_outlook = any(agreed.outlook.differences(seen))
            adopted = as_seen(link, match.event, agreed, seen)
            self._remember((PutLink(link=adopted),))
            ended = () if item.reversal is not None else (*self._written(item), *self.intent_done(item))
            self.desk.ports.commit(PutLink(link=adopted), *ended)
        elif item.transaction_used:
            # whether Graph forgets the ids of events that are gone is unknown (facts §12): take another
            self.commit(PutLink(link=replace(link, generation=link.generation + 1)))
        item.transaction_used = False
        item.board = None
        item.reread_board = True
        self.desk.resume(item)

    def drop_intents(self, intents: Iterable[Intent]) -> None:
        """Intents about links that are gone: what they were for has ended."""
        self.commit(*(FinishIntent(id=intent.id, outcome=Ending.DONE) for intent in intents))

    def shared_again(self, event: Event) -> tuple[Change, ...]:
        if self.desk.book.unshared(event.head.key) is None:
            return ()
        return (DropUnshared(resource_no=self.desk.resource.resource_no, event_key=event.head.key),)

    def no_longer_shared(self, case: Case) -> tuple[Change, ...]:
        """What is kept in the place of a link when its event is not shared any more (B2, B3)."""
        side = case.outlook
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
        return (PutUnshared(unshared=unshared),)

    # Book-keeping

    def commit(self, *changes: Change, then: Callable[[], None] | None = None) -> None:
        """Have changes hold from now on; `then` runs once they are on disk."""
        if changes:
            self._remember(changes)
            self.desk.ports.commit(*changes, then=then)

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

    def finish(self, item: Item) -> None:
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

    def intent_done(self, item: Item) -> tuple[Change, ...]:
        if not item.intent:
            return ()
        intent, item.intent, item.image = item.intent, "", None
        return (FinishIntent(id=intent, outcome=Ending.DONE),)

    def kept(self, case: Case, outcome: Ending) -> AddDecision:
        return AddDecision(decision=self.chronicle.record(case, outcome))

    def tell(self, case: Case) -> None:
        decision = case.decision
        log.info(
            "decision",
            resource=self.desk.resource.resource_no,
            appointment=case.number or case.item.guid,
            act=decision.act.value,
            why=decision.sentence,
        )


def _agreed_by_creation(item: Item, seen: Content) -> Agreed:
    """What was agreed by a creation whose answer nobody heard."""
    image = item.image
    if image is None or image.act is not Act.CREATE_EVENT or image.after is None or item.reversal is not None:
        return Agreed(board=seen, outlook=seen)
    return Agreed(board=image.after, outlook=as_created(image.after, seen))

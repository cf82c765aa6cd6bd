"""Deletions that are held back until a second full reading agrees with the first (C10).

Every deletion has been confirmed by reading the item itself before it comes here. What a pass takes away
beyond the budget, or after an empty reading, waits for one more reading of the whole side, by another way
than the first: a listing for this resource alone, a view in the place of a delta round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import structlog

from actors.clients.graph.operations import Listing, ReadWindow
from actors.clients.scheduler.operations import AppointmentListing, ListAppointments
from actors.clients.steps import Failed, Outcome
from actors.resource.case import Case
from actors.resource.course import Course
from models.decision import Act, Side
from models.delete_budget import DOUBTS, DeleteBudget, Doubt, Pass, absent_side, follows_from_absence
from models.ids import AppointmentGuid
from models.link import Link
from models.storage.changes import DropHeldBack, PutHeldBack
from models.storage.records import HeldBack, Trigger
from models.storage.records import Outcome as Ending

log = structlog.get_logger(__name__)

RETRY_SECONDS = 30.0
ENOUGH = 2
"""Confirmations with which a deletion is released."""
LOOK_AGAIN_SECONDS = 300.0
"""How long evidence that contradicts itself is left before it is gathered again."""
REMEDY = "it is read again; if the deletions are right, `exchange-connector retry --all` lets them pass"


class Holding:
    """The deletions of one resource that wait for evidence."""

    def __init__(
        self,
        course: Course,
        *,
        budget: DeleteBudget,
        confirm_seconds: float,
        held: Iterable[HeldBack],
    ) -> None:
        """`held` are those of an earlier life."""
        self.course = course
        self.desk = course.desk
        self._budget = budget
        self._confirm_seconds = confirm_seconds
        self._held = {one.guid: one for one in held}
        self._released: set[AppointmentGuid] = set()
        self._one_by_one = Pass(links=len(self.desk.book))
        """What goes away without a reading of everything: told of by webhooks and notifications."""
        self._confirming: set[Side] = set()

    @property
    def is_idle(self) -> bool:
        """Whether no second reading is due."""
        return not self._confirming

    def holds(self, guid: AppointmentGuid) -> bool:
        """Whether a deletion of this item waits."""
        return guid in self._held

    def take_up(self) -> None:
        """Go on where an earlier life ended."""
        for guid, held in tuple(self._held.items()):
            if self.desk.book.get(guid) is None:
                self._drop(guid)
            elif held.confirmations >= ENOUGH and not self.desk.ports.rehearses:
                self._release(held)
            else:
                self._confirm_later(absent_side(held.act))

    def rest(self) -> None:
        """Nothing is left to do: what comes next is another pass."""
        self._one_by_one = Pass(links=len(self.desk.book))
        self.desk.missing.clear()

    def insist(self) -> None:
        """An administrator wants every deletion carried out that is still founded."""
        for held in tuple(self._held.values()):
            self._release(held)

    # What was decided

    def lets_pass(self, case: Case) -> bool:
        """Whether a decision may be carried out now; if not, it is noted here."""
        guid, link = case.item.guid, case.link
        if not follows_from_absence(case.decision):
            self._exists(case)
            return True
        if guid in self._released or link is None or link.mailbox != self.desk.mailbox.id:
            return True  # what an old mailbox held is not missing: it was left behind (A11)
        if guid in self._held:
            self.course.commit(*self.course.intent_done(case.item))
            return False
        reading = self.desk.missing.get(guid, self._one_by_one)
        reading.missing.add(guid)
        doubt = reading.doubt(self._budget)
        if doubt is None:
            return True
        self._hold(case, link, doubt)
        return False

    def carried_out(self, case: Case) -> None:
        """A decision that was let pass is on its way."""
        if case.item.guid in self._held and case.item.guid in self._released:
            self._drop(case.item.guid)

    def _exists(self, case: Case) -> None:
        """A decision that no absence led to: if the item was read, nothing of it is missing."""
        guid = case.item.guid
        self._released.discard(guid)
        reading = self.desk.missing.pop(guid, self._one_by_one)
        reading.missing.discard(guid)
        held = self._held.get(guid)
        if held is None:
            return
        from_board = absent_side(held.act) is Side.BOARD
        if (case.read_appointment if from_board else case.read_event) is not None:
            self._drop(guid)

    def _hold(self, case: Case, link: Link, doubt: Doubt) -> None:
        act = case.decision.act
        held = HeldBack(
            resource_no=link.resource_no,
            guid=link.guid,
            act=act,
            event_key=link.event_key,
            reason=f"{DOUBTS[doubt]}; {REMEDY}",
            since=self.desk.ports.now(),
            confirmations=1,
        )
        self._held[link.guid] = held
        case = replace(case, decision=replace(case.decision, act=Act.HOLD, detail=DOUBTS[doubt]))
        self.course.tell(case)
        self.course.commit(
            PutHeldBack(held=held),
            self.course.kept(case, Ending.HELD_BACK),
            *self.course.intent_done(case.item),
        )
        self._confirm_later(absent_side(act))

    def _drop(self, guid: AppointmentGuid) -> None:
        del self._held[guid]
        self.course.commit(DropHeldBack(resource_no=self.desk.resource.resource_no, guid=guid))

    # The second reading

    def _confirm_later(self, side: Side) -> None:
        if side not in self._confirming and not self.desk.ports.rehearses:
            self._confirming.add(side)
            self.desk.ports.later(self._confirm_seconds, lambda: self._read(side))

    def _read(self, side: Side) -> None:
        asked = self._waiting(side)
        if not asked:
            self._confirming.discard(side)
            return
        desk, window = self.desk, self.desk.lens.window

        def read(outcome: Outcome) -> None:
            self._was_read(side, asked, outcome)

        if side is Side.BOARD:
            desk.ports.board(ListAppointments(window=window, resources=(desk.resource.resource_no,)), read)
        else:
            desk.ports.graph(ReadWindow(mailbox=desk.mailbox.id, window=window, judge=desk.judge()), read)

    def _was_read(self, side: Side, asked: tuple[HeldBack, ...], outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            # an error is never an empty list (C11)
            self.desk.ports.later(RETRY_SECONDS, lambda: self._read(side))
            return
        self._confirming.discard(side)
        may_exist = _on_board(outcome.value) if side is Side.BOARD else _in_outlook(outcome.value)
        for held in asked:
            link = self.desk.book.get(held.guid)
            if held.guid not in self._held:
                continue
            if link is None:
                self._drop(held.guid)
            elif may_exist(link):
                self._read_item(held)
            else:
                self._release(held)
        if any(one not in asked for one in self._waiting(side)):
            self._confirm_later(side)
        elif self._waiting(side):
            self.desk.ports.later(LOOK_AGAIN_SECONDS, lambda: self._confirm_later(side))

    def _waiting(self, side: Side) -> tuple[HeldBack, ...]:
        return tuple(
            held
            for guid, held in self._held.items()
            if absent_side(held.act) is side and guid not in self._released
        )

    def _release(self, held: HeldBack) -> None:
        """The evidence agrees: look once more at the item itself, and let the deletion pass."""
        self._released.add(held.guid)
        agreed = replace(held, confirmations=max(held.confirmations, ENOUGH))
        self._held[held.guid] = agreed
        self.course.commit(PutHeldBack(held=agreed))
        self._read_item(held)

    def _read_item(self, held: HeldBack) -> None:
        item = self.desk.item(held.guid, Trigger.AUDIT)
        if absent_side(held.act) is Side.BOARD:
            item.reread_board = True
        else:
            item.reread_outlook = True
        self.desk.consider(item)


def _on_board(listing: AppointmentListing) -> Callable[[Link], bool]:
    """Tells of a link whether its appointment is, or may be, in a listing."""
    listed = {appointment.guid for appointment in listing.appointments}
    return lambda link: link.guid in listed or bool(listing.unreadable)


def _in_outlook(listing: Listing) -> Callable[[Link], bool]:
    """Tells of a link whether its event is, or may be, in a view."""
    listed = {event.head.key for event in listing.events}
    return lambda link: link.event_key in listed or link.event_id in listing.unreadable

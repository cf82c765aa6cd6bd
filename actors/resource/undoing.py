"""Puts items of one resource back as they were, from the before-images of what was written since.

Each item is read on both sides first, and put back through the same course as every other write: intent and
image on disk, call, outcome. What is agreed afterwards is what both sides hold then, so that nothing is
written again until either of them changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import Final

from actors.resource.appointment_writer import AppointmentWriter
from actors.resource.case import Case
from actors.resource.course import Course
from actors.resource.event_writer import EventWriter
from actors.resource.facts import Item, Reversal
from actors.resource.putting_back import agreed_by, hidden, now_on
from actors.resource.putting_back import obstacle as in_the_way
from actors.undo import Ending, Undo, Undone
from models.content import Content, Field
from models.decision import Act, Decision, Reason, Side
from models.ids import AppointmentGuid
from models.link import Origin
from models.storage.changes import DropLink, PutLink
from models.storage.records import BeforeImage, Trigger, Work
from models.storage.records import Outcome as Settled
from models.undoing import OBSTACLES, Rollback, Way, rollbacks, way_back, why_left

AT_ONCE: Final = 20
"""How many items are in hand together; the gateways see to each mailbox's own limits."""
STOPPED: Final = "it was stopped before all of it was put back; undo it again for what is left"
ACTS: Final = {
    (Side.OUTLOOK, Way.CREATE): Act.CREATE_EVENT,
    (Side.OUTLOOK, Way.UPDATE): Act.UPDATE_EVENT,
    (Side.OUTLOOK, Way.REMOVE): Act.DELETE_EVENT,
    (Side.BOARD, Way.CREATE): Act.CREATE_APPOINTMENT,
    (Side.BOARD, Way.UPDATE): Act.UPDATE_APPOINTMENT,
    (Side.BOARD, Way.REMOVE): Act.REMOVE_APPOINTMENT,
}


class Undoing:
    """Carries out its resource's share of an undo."""

    def __init__(self, course: Course, *, at_rest: bool, on_end: Callable[[], None]) -> None:
        """`at_rest`: nothing but this is done for the resource. `on_end` is called when it is through."""
        self.course = course
        self.desk = course.desk
        self._events, self._appointments = EventWriter(course), AppointmentWriter(course)
        self._at_rest, self._on_end = at_rest, on_end
        self._undo: Undo | None = None
        self._waiting: deque[tuple[AppointmentGuid, list[Rollback]]] = deque()
        self._open: set[AppointmentGuid] = set()
        self.desk.undo = self._go_on

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being put back."""
        return self._undo is None

    def take(self, undo: Undo) -> None:
        """Begin, unless it has begun."""
        if self._undo is not None:
            return
        self._undo = undo
        number = self.desk.resource.resource_no
        self.desk.ports.load(
            lambda store: store.before_images(undo.since, resource_no=number),
            lambda images: self._begin(undo, images),
        )

    def stop(self) -> None:
        """The resource is left alone from now on: whoever waits for this is told."""
        if self._undo is not None:
            self._undo.end(self.desk.resource.resource_no, STOPPED)

    def _begin(self, undo: Undo, images: tuple[BeforeImage, ...]) -> None:
        by_item: dict[AppointmentGuid, list[Rollback]] = {}
        for rollback in rollbacks(image for image in images if image.at <= undo.until):
            by_item.setdefault(rollback.guid, []).append(rollback)
        self._waiting.extend(by_item.items())
        self._next(undo)

    def _next(self, undo: Undo) -> None:
        while self._waiting and len(self._open) < AT_ONCE:
            guid, todo = self._waiting.popleft()
            self._open.add(guid)
            item = self.desk.item(guid, Trigger.COMMAND)
            item.reversal = Reversal(rollbacks=todo)
            item.appointment_id = item.appointment_id or next(
                (one.appointment_id for one in todo if one.appointment_id), None
            )
            item.event_id = item.event_id or next((one.event_id for one in todo if one.event_id), None)
            self._look(item)
        if not self._open and not self._waiting:
            self._undo = None
            undo.end(self.desk.resource.resource_no)
            self._on_end()

    # One item

    def _look(self, item: Item) -> None:
        """Read both sides anew: an undo goes by what is there now."""
        item.board = item.outlook = None
        item.reread_board, item.reread_outlook = True, self._has_event(item)
        self.desk.consider(item)

    def _has_event(self, item: Item) -> bool:
        """Whether it is known which event to look for."""
        link = self.desk.book.get(item.guid)
        return item.event_id is not None or (link is not None and link.event_id is not None)

    def _go_on(self, item: Item) -> None:
        """Nothing is under way for this item: go on with what is to be put back of it."""
        reversal, undo = item.reversal, self._undo
        if reversal is None or undo is None:
            return
        if reversal.refused:
            self._restore_link(item, reversal)
            self._end_side(undo, item, reversal, Ending.FAILED, reversal.refused)
        elif reversal.begun and not item.intent:
            self._end_side(undo, item, reversal, Ending.PUT_BACK)
        elif item.board is None or (item.outlook is None and self._has_event(item)):
            self._look(item)
        else:
            item.trigger = Trigger.COMMAND
            self._put_back(undo, item, reversal)

    def _put_back(self, undo: Undo, item: Item, reversal: Reversal) -> None:
        rollback = reversal.rollbacks[0]
        case = self.desk.case(item, born=rollback.origin)
        now = now_on(rollback.side, case)
        way, fields = way_back(rollback, now)
        obstacle = hidden(rollback, case)
        if obstacle is None and way is Way.LEAVE:
            obstacle = why_left(rollback, now)
        elif obstacle is None and way is not Way.NOTHING:
            obstacle = in_the_way(rollback, way, case, self.desk.mailbox.id)
        if obstacle is not None or way is not Way.NOTHING:
            reversal.told = self._told(rollback, fields, case)
        if obstacle is not None:
            self._give_up(item, reversal)
            self._end_side(undo, item, reversal, Ending.SKIPPED, OBSTACLES[obstacle])
        elif way is Way.NOTHING:
            self._was_put_back(undo, item, reversal, case)
        elif undo.dry_run:
            self._end_side(undo, item, reversal, Ending.PLANNED)
        else:
            self._write(undo, reversal, way, fields, case)

    def _write(self, undo: Undo, reversal: Reversal, way: Way, fields: tuple[Field, ...], case: Case) -> None:
        rollback, side = reversal.rollbacks[0], reversal.rollbacks[0].side
        if reversal.told is not None:
            undo.note(reversal.told)
        if not reversal.begun:
            reversal.begun, reversal.link = True, case.link
        decision = Decision(
            act=ACTS[side, way],
            reason=Reason.UNDONE,
            to_outlook=fields if side is Side.OUTLOOK else (),
            to_board=fields if side is Side.BOARD else (),
            detail=f"back to {undo.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        )
        case = replace(case, decision=decision)
        target = rollback.target or Content()
        match side, way:
            case Side.OUTLOOK, Way.CREATE:
                self._events.create(case, back=target)
            case Side.OUTLOOK, Way.UPDATE:
                self._events.update(case, back=target.only(fields))
            case Side.OUTLOOK, _:
                self._events.delete(case)
            case Side.BOARD, Way.UPDATE:
                self._appointments.update(case, back=target.only(fields))
            case Side.BOARD, Way.REMOVE:
                self._appointments.remove(case)
            case _:
                self._bring_to_board(rollback, case)

    def _bring_to_board(self, rollback: Rollback, case: Case) -> None:
        if case.origin is Origin.OUTLOOK:
            self._appointments.create(case)
        else:
            planned, work = rollback.planned or Content(), rollback.work or Work()
            self._appointments.assign(case, planned=planned, work=work)

    # How it ends

    def _was_put_back(self, undo: Undo, item: Item, reversal: Reversal, case: Case) -> None:
        """It is as it was: by a write of ours whose answer was lost, or by somebody else."""
        if not reversal.begun:
            self._next_side(undo, item, reversal)
            return
        agreed = agreed_by(reversal.rollbacks[0], case, self.course.who)
        self.course.end_undone(item, Settled.DONE, *agreed)
        self._end_side(undo, item, reversal, Ending.PUT_BACK)

    def _give_up(self, item: Item, reversal: Reversal) -> None:
        """A write that was begun has not been made, and will not be."""
        if reversal.begun:
            self._restore_link(item, reversal)
            self.course.end_undone(item, Settled.FAILED)

    def _restore_link(self, item: Item, reversal: Reversal) -> None:
        """What is agreed is what it was before the write that was not made."""
        if reversal.link is not None:
            self.course.commit(PutLink(link=reversal.link))
        elif self.desk.book.get(item.guid) is not None:
            self.course.commit(DropLink(resource_no=self.desk.resource.resource_no, guid=item.guid))

    def _end_side(self, undo: Undo, item: Item, reversal: Reversal, ending: Ending, reason: str = "") -> None:
        if reversal.told is not None:
            undo.note(replace(reversal.told, ending=ending, reason=reason))
        self._next_side(undo, item, reversal)

    def _next_side(self, undo: Undo, item: Item, reversal: Reversal) -> None:
        left = reversal.rollbacks[1:]
        if left:
            item.reversal = Reversal(rollbacks=left)
            self._look(item)
            return
        item.reversal = None
        self._open.discard(item.guid)
        if self._at_rest:
            self.desk.close(item)
        else:
            self.desk.consider(item)
        self._next(undo)

    def _told(self, rollback: Rollback, fields: tuple[Field, ...], case: Case) -> Undone:
        """What is to be said of an item that is not as it was."""
        way = Way.UPDATE
        if rollback.target is None or rollback.brings_back:
            way = Way.REMOVE if rollback.target is None else Way.CREATE
        return Undone(
            resource_no=self.desk.resource.resource_no,
            side=rollback.side,
            act=ACTS[rollback.side, way],
            ending=Ending.PLANNED,
            guid=rollback.guid,
            number=case.number,
            event_id=case.head.id if case.head is not None else rollback.event_id,
            subject=case.subject,
            fields=tuple(field.value for field in fields) if way is Way.UPDATE else (),
        )

"""Does what was decided about the items of one resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from actors.resource.appointment_writer import AppointmentWriter
from actors.resource.case import Case
from actors.resource.course import Course
from actors.resource.desk import is_being_created
from actors.resource.event_writer import EventWriter
from actors.resource.forgetting import Forgetting, without_words
from actors.resource.guests import Guests
from actors.resource.holding import Holding
from actors.resource.keeping_out import KeepingOut
from actors.resource.landed import landed
from actors.resource.links import at, moved_on, new_link, told
from actors.resource.withholding import Withholding
from models.decision import Act, Reason
from models.link import Agreed, LinkState
from models.sides import GONE, OutlookSide
from models.storage.changes import Change, DropLink, PutLink
from models.storage.records import Outcome as Ending

EVENT_WRITES: Final = frozenset({Act.CREATE_EVENT, Act.UPDATE_EVENT, Act.UPDATE_BOTH, Act.DELETE_EVENT})


class Writer:
    """Carries decisions out."""

    def __init__(self, course: Course, holding: Holding) -> None:
        self.course = course
        self.desk = course.desk
        self._holding = holding
        self._withholding = Withholding(course)
        self._keeping_out = KeepingOut(course)
        self._forgetting = Forgetting(self.desk.resource.resource_no)
        events, appointments = EventWriter(course), AppointmentWriter(course)
        self._acts: dict[Act, Callable[[Case], None]] = {
            Act.NOTHING: self._nothing,
            Act.HOLD: Guests(course).leave,
            Act.ADOPT: self._adopt,
            Act.FORGET: self._forget,
            Act.SUPPRESS: self._suppress,
            Act.CREATE_EVENT: events.create,
            Act.UPDATE_EVENT: events.update,
            Act.UPDATE_BOTH: events.update,
            Act.DELETE_EVENT: events.delete,
            Act.CREATE_APPOINTMENT: appointments.create,
            Act.UPDATE_APPOINTMENT: appointments.update,
            Act.REMOVE_APPOINTMENT: appointments.remove,
        }

    def carry_out(self, case: Case) -> None:
        """Do what was decided, unless the other side has rejected exactly this before (D9), or it is a
        deletion that waits for evidence (C10)."""
        if erased := self._forgetting.before(case):
            self.course.commit(*erased)
            case = replace(case, link=self.desk.book.get(case.item.guid))
        if (link := landed(case)) is not None:
            self.course.commit(PutLink(link=link))
            self.desk.consider(case.item)
            return
        if self.course.parking.looks_at_both(case):
            return
        if self.course.parking.keeps(case):
            if case.decision.act is not Act.UPDATE_BOTH:
                self.course.finish(case.item)
                return
            case = replace(case, decision=case.decision.board_half)
        if not self._holding.lets_pass(case):
            self.course.finish(case.item)
        else:
            self._withholding.hear(case)
            self._keeping_out.hear(case)
            if self.desk.ports.rehearses and case.decision.act in EVENT_WRITES:
                self.course.rehearse(case)  # nobody needs to know how it would be written
            else:
                self._acts[case.decision.act](case)
            self._holding.carried_out(case)

    # Without a call

    def _nothing(self, case: Case) -> None:
        link = case.link
        if link is not None and is_being_created(link) and case.board is GONE:
            self._forget(case)
            return
        changes: list[Change] = []
        if case.decision.reason is Reason.RULE_FAILED:
            changes += self._withholding.keep(case)
        elif link is not None and link.agreed is not None:
            moved = moved_on(link, link.agreed, case)
            changes = [PutLink(link=moved)] if moved != link else []
        self.course.commit(*changes, *self.course.intent_done(case.item))
        self.course.finish(case.item)

    def _adopt(self, case: Case) -> None:
        """Both sides exist without a link (C5): what the origin says is written where the other differs."""
        if case.event is None or case.appointment is None:
            raise LookupError("only an item that exists on both sides is adopted")
        agreed = Agreed(board=case.board_content, outlook=case.board_content)
        if not case.is_shared and isinstance(case.outlook, OutlookSide):
            agreed = without_words(agreed, case.outlook.content)
        link = replace(
            told(at(new_link(case, *self.course.who), case.event), case.appointment),
            state=LinkState.ACTIVE,
            agreed=agreed,
        )
        self.course.tell(case)
        self.course.commit(PutLink(link=link), self.course.kept(case, Ending.DONE))
        self.desk.consider(case.item)

    def _forget(self, case: Case) -> None:
        changes: list[Change] = [self.course.kept(case, Ending.DONE)]
        if case.link is not None:
            changes.append(DropLink(resource_no=case.link.resource_no, guid=case.link.guid))
        self.course.tell(case)
        self.course.commit(*changes, *self.course.no_longer_shared(case), *self.course.intent_done(case.item))
        self.course.finish(case.item)

    def _suppress(self, case: Case) -> None:
        link = replace(self.course.link(case.item), state=LinkState.SUPPRESSED)
        self.course.tell(case)
        self.course.commit(
            PutLink(link=link), self.course.kept(case, Ending.DONE), *self.course.intent_done(case.item)
        )
        self.course.finish(case.item)

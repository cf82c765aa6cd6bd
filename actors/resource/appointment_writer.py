"""What is written to the board: appointments created, changed and removed."""

from __future__ import annotations

from dataclasses import replace

from actors.clients.scheduler.operations import ReadAppointment, RemoveAppointment, WriteAppointment, Written
from actors.clients.steps import Done, Outcome
from actors.resource.case import Case
from actors.resource.course import Course
from actors.resource.facts import Item
from actors.resource.imaging import Write, as_planned
from actors.resource.links import agreed_besides, agreed_now, at, kept, new_link, told
from actors.resource.messages import AppointmentRef, Hint
from models.appointment import Appointment
from models.content import Content, Field
from models.decision import Act, Reason, Side
from models.ids import AppointmentId
from models.link import LinkState, Origin
from models.mapper import job_and_task
from models.reconcile import BoardSide, OutlookSide
from models.storage.changes import DropLink, PutLink
from models.storage.records import Trigger, Work
from models.writes import AppointmentRemoval


class AppointmentWriter:
    """Writes the appointments of one resource."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.desk = course.desk

    def create(self, case: Case) -> None:
        """Create the appointment of an event that its owner shares (B1, B4)."""
        desk, event, content = self.desk, case.event, case.outlook_content
        if event is None:
            raise LookupError("an appointment is created for an event that was read")
        if desk.book.unshared(event.head.key) is not None:
            case = replace(case, decision=replace(case.decision, reason=Reason.SHARED_NOW))
        link = replace(at(new_link(case, *self.course.who), event), state=LinkState.ACTIVE, agreed=None)
        write = desk.lens.mapper.appointment_write_new(
            event, content, resource=desk.resource, guid=case.item.guid
        )
        self.course.perform(
            case,
            Write(side=Side.BOARD, act=Act.CREATE_APPOINTMENT, before=None, after=content),
            lambda then: desk.ports.board(WriteAppointment(write=write), then),
            lambda done: self._read_back(case.item, tuple(Field), content, Content(), done),
            PutLink(link=link),
            *self.course.shared_again(event),
        )

    def update(self, case: Case) -> None:
        """Change the fields that differ; the appointment\'s other resources follow (B5, B11)."""
        desk, item, link, appointment = self.desk, case.item, self.course.link(case.item), case.appointment
        if appointment is None:
            raise LookupError("an appointment is changed only after it was read")
        content, fields = case.outlook_content, case.decision.to_board
        write = desk.lens.mapper.appointment_write_change(
            appointment, fields, content, resource=desk.resource, origin=link.origin, event_id=link.event_id
        )
        if link.origin is Origin.BOARD and isinstance(case.outlook, OutlookSide) and case.outlook.has_guests:
            item.reread_outlook = True  # what cannot be written to the event is said afterwards
        siblings = [other for other in appointment.resources if other != desk.resource.resource_no]
        ref = AppointmentRef(guid=item.guid, id=appointment.id)
        hint = Hint(appointments=frozenset({ref}), trigger=Trigger.SIBLING)

        def on_done(done: Done[Written]) -> None:
            self._read_back(item, fields, content, case.board_content, done)
            for sibling in siblings:
                desk.ports.hint(sibling, hint)

        self.course.perform(
            case,
            Write(
                side=Side.BOARD,
                act=Act.UPDATE_APPOINTMENT,
                before=case.board_content.only(fields),
                after=content.only(fields),
            ),
            lambda then: desk.ports.board(WriteAppointment(write=write), then),
            on_done,
            *agreed_besides(case),
        )

    def _read_back(
        self, item: Item, fields: tuple[Field, ...], written: Content, before: Content, done: Done[Written]
    ) -> None:
        """The board may keep less than it was sent, and its answer does not say: read what it has."""
        item.waiting_for = "read-back"
        key = done.value.id or AppointmentId(item.guid)
        self.desk.ports.board(
            ReadAppointment(id=key),
            lambda outcome: self._appointment_written(item, fields, written, before, done, outcome),
        )

    def _appointment_written(
        self,
        item: Item,
        fields: tuple[Field, ...],
        written: Content,
        before: Content,
        done: Done[Written],
        outcome: Outcome,
    ) -> None:
        link = self.course.link(item)
        appointment = outcome.value if isinstance(outcome, Done) else None
        if not isinstance(appointment, Appointment) or appointment.guid != item.guid:
            link = replace(link, appointment_id=done.value.id or link.appointment_id)
            seen = Content()
        else:
            link = told(link, appointment)
            side = self.desk.lens.board_side(appointment, link.origin)
            seen = side.content if isinstance(side, BoardSide) else Content()
        on_board = kept(fields, written=written, seen=seen, before=before)
        item.reread_board = item.reread_board or any(on_board.only(fields).differences(seen))
        agreed = agreed_now(link, fields, board=on_board, outlook=written)
        self.course.appointment_written(item, done, PutLink(link=replace(link, agreed=agreed)))

    def remove(self, case: Case) -> None:
        """Take the resource off the appointment, which goes with its last one (B3, B6, B12)."""
        desk, link, appointment = self.desk, self.course.link(case.item), case.appointment
        desk.depart(link.guid)
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
            *self.course.no_longer_shared(case),
        )
        self.course.perform(
            case,
            self._loss(case),
            lambda then: desk.ports.board(RemoveAppointment(removal=removal), then),
            lambda done: self.course.appointment_written(case.item, done, *changes),
        )

    def _loss(self, case: Case) -> Write:
        """What the board loses; a planner's appointment may go altogether with its last resource."""
        appointment = case.appointment
        if case.origin is Origin.OUTLOOK or appointment is None:
            return Write(side=Side.BOARD, act=Act.REMOVE_APPOINTMENT, before=case.board_content, after=None)
        job_no, task_no = job_and_task(appointment.record)
        work = Work(
            source_app=appointment.source_app,
            source_type=appointment.source_type,
            job_no=job_no,
            task_no=task_no,
        )
        return Write(
            side=Side.BOARD,
            act=Act.REMOVE_APPOINTMENT,
            before=as_planned(appointment),
            after=None,
            work=work,
        )

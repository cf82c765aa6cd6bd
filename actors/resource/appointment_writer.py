"""What is written to the board: appointments created, changed and removed."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from models.sides import BoardSide, OutlookSide
from models.storage.changes import Change, DropLink, PutLink
from models.storage.records import Trigger, Work
from models.writes import AppointmentRemoval, AppointmentWrite


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent to the board, and what is agreed by it if the board kept it so."""

    fields: tuple[Field, ...]
    board: Content
    before: Content
    """What the board had."""
    outlook: Content


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
        is_ordinary = case.decision.reason is not Reason.UNDONE
        if is_ordinary and desk.book.unshared(event.head.key) is not None:
            case = replace(case, decision=replace(case.decision, reason=Reason.SHARED_NOW))
        link = replace(at(new_link(case, *self.course.who), event), state=LinkState.ACTIVE, agreed=None)
        write = desk.lens.mapper.appointment_write_new(
            event, content, resource=desk.resource, guid=case.item.guid
        )
        sent = Sent(fields=tuple(Field), board=content, before=Content(), outlook=content)
        self.course.perform(
            case,
            Write(side=Side.BOARD, act=Act.CREATE_APPOINTMENT, before=None, after=content),
            WriteAppointment(write=write),
            lambda done: self._read_back(case.item, sent, done),
            PutLink(link=link),
            *self.course.shared_again(event),
        )

    def update(self, case: Case, *, back: Content | None = None) -> None:
        """Change the fields that differ; the appointment's other resources follow (B5, B11).

        An undo puts them `back` as they were: what Outlook says stays agreed, so that it is not written
        again.
        """
        desk, item, link, appointment = self.desk, case.item, self.course.link(case.item), case.appointment
        if appointment is None:
            raise LookupError("an appointment is changed only after it was read")
        content, fields = case.outlook_content, case.decision.to_board
        outlook, changes = content, agreed_besides(case)
        if back is not None and link.agreed is not None:
            content, outlook = content.merged_with(back), link.agreed.outlook
            agreed_then = agreed_now(link, fields, board=content, outlook=outlook)
            changes = (PutLink(link=replace(link, agreed=agreed_then)),)
        sent = Sent(fields=fields, board=content, before=case.board_content, outlook=outlook)
        write = desk.lens.mapper.appointment_write_change(
            appointment, fields, content, resource=desk.resource, origin=link.origin, event_id=link.event_id
        )
        if link.origin is Origin.BOARD and isinstance(case.outlook, OutlookSide) and case.outlook.has_guests:
            item.reread_outlook = True  # what cannot be written to the event is said afterwards
        siblings = [other for other in appointment.resources if other != desk.resource.resource_no]
        ref = AppointmentRef(guid=item.guid, id=appointment.id)
        hint = Hint(appointments=frozenset({ref}), trigger=Trigger.SIBLING)

        def on_done(done: Done[Written]) -> None:
            self._read_back(item, sent, done)
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
            WriteAppointment(write=write),
            on_done,
            *changes,
        )

    def _read_back(self, item: Item, sent: Sent, done: Done[Written]) -> None:
        """The board may keep less than it was sent, and its answer does not say: read what it has."""
        item.waiting_for = "read-back"
        key = done.value.id or AppointmentId(item.guid)
        self.desk.ports.board(
            ReadAppointment(id=key),
            lambda outcome: self._appointment_written(item, sent, done, outcome),
        )

    def _appointment_written(self, item: Item, sent: Sent, done: Done[Written], outcome: Outcome) -> None:
        link = self.course.link(item)
        appointment = outcome.value if isinstance(outcome, Done) else None
        if not isinstance(appointment, Appointment) or appointment.guid != item.guid:
            link = replace(link, appointment_id=done.value.id or link.appointment_id)
            seen = Content()
        else:
            link = told(link, appointment)
            side = self.desk.lens.board_side(appointment, link.origin)
            seen = side.content if isinstance(side, BoardSide) else Content()
        on_board = kept(sent.fields, written=sent.board, seen=seen, before=sent.before)
        item.reread_board = item.reread_board or any(on_board.only(sent.fields).differences(seen))
        agreed = agreed_now(link, sent.fields, board=on_board, outlook=sent.outlook)
        self.course.appointment_written(item, done, PutLink(link=replace(link, agreed=agreed)))

    def remove(self, case: Case) -> None:
        """Take the resource off the appointment, which goes with its last one (B3, B6, B12)."""
        desk, link, appointment = self.desk, new_link(case, *self.course.who), case.appointment
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
        changes: tuple[Change, ...] = (
            DropLink(resource_no=link.resource_no, guid=link.guid),
            *self.course.no_longer_shared(case),
        )
        first: tuple[Change, ...] = ()
        if case.decision.reason is Reason.UNDONE:
            changes = ()
            if link.origin is Origin.OUTLOOK:
                first = (PutLink(link=replace(link, state=LinkState.SUPPRESSED)),)
        self.course.perform(
            case,
            self._loss(case),
            RemoveAppointment(removal=removal),
            lambda done: self.course.appointment_written(case.item, done, *changes),
            *first,
        )

    def assign(self, case: Case, *, planned: Content, work: Work) -> None:
        """Put the resource back on a planner's appointment; on a new one, where it went with its last."""
        desk, item, appointment = self.desk, case.item, case.appointment
        said = planned if appointment is None else Content()
        write = AppointmentWrite(
            guid=item.guid,
            id=appointment.id if appointment is not None else None,
            resource_no=desk.resource.resource_no,
            resource_email=desk.resource.email,
            outlook_born=False,
            assigns=True,
            source_app=work.source_app,
            source_type=work.source_type,
            job_no=work.job_no,
            task_no=work.task_no,
            subject=said.subject,
            body=said.body,
            when=said.when,
            importance=said.importance,
            category=said.category,
        )
        self.course.perform(
            case,
            Write(side=Side.BOARD, act=Act.CREATE_APPOINTMENT, before=None, after=Content(), work=work),
            WriteAppointment(write=write),
            lambda done: self.course.appointment_written(item, done),
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

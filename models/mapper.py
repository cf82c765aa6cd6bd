"""The field mapping of DESIGN.md "Mapping", both ways, as one frozen value.

A board-born item is compared in the event's space: `wanted_event` is what the board would have, `seen_event`
what the mailbox has. An Outlook-born one is compared in the board's space: `wanted_appointment` and
`seen_appointment`. Both sides of a comparison are in one common form, in which what a service cannot hold is
already gone: a difference is then always somebody's change.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from models.appointment import Appointment
from models.bodies import read_block, text_of, with_block
from models.categories import CategoryMap
from models.content import Content, Field, Importance, Sensitivity, ShowAs
from models.event import Event
from models.ids import AppointmentGuid, EventId, MailboxId, ResourceNo, link_value, transaction_id
from models.link import Origin
from models.preferences import Verdict
from models.record import Record
from models.resource import Resource
from models.rewrites import BlockRewrite, PersonRewrite
from models.rules import RuleOutcome, Rules
from models.templates import TemplateFailure, Templates
from models.texts import normal_body, normal_location, normal_subject
from models.when import Timed, When
from models.writes import AppointmentWrite, EventDraft, EventPatch, Rewrite
from models.zones import board_reading

LINE_FOR_THE_PERSON: Final = "<div><br></div>"
"""Under the block of a new event, so that there is a place to type that is not the board's."""

MASK_SHOW_AS: Final = ShowAs.BUSY
MASK_SENSITIVITY: Final = Sensitivity.PRIVATE
"""Of every masked event, whatever it is itself: its time is all that it shows (B3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapper:
    """A snapshot of everything that decides how fields are mapped. Its methods are pure."""

    zone: ZoneInfo
    """The board's wall clock, `scheduler.time_zone`."""
    templates: Templates
    rules: Rules = field(default_factory=Rules)
    categories: CategoryMap = field(default_factory=CategoryMap)
    show_as: ShowAs = ShowAs.BUSY
    """Of board-born events, `mapping.show_as`."""
    reminder_minutes: int | None = None
    mask_subject: str = "Unavailable"
    carries_show_as: bool = True
    """Whether the write route carries show-as and sensitivity to the board."""
    honour_offset: bool = False
    """Whether the board's times keep a `Z` or offset."""

    def check(self, appointment: Appointment) -> RuleOutcome:
        """Whether the rules let an appointment go to Outlook."""
        return self.rules.check(appointment)

    # Board-born, in the event's space

    def wanted_event(self, appointment: Appointment) -> Content:
        """What the event of a board-born appointment should be; show-as and sensitivity are the person's."""
        rendered = self.templates.render(appointment, self.zone)
        return Content(
            subject=normal_subject(rendered.subject),
            body=normal_body(rendered.body),
            location=None if rendered.location is None else normal_location(rendered.location),
            when=self.as_board_holds(appointment.when),
            importance=appointment.importance,
            category=self.categories.outlook_name(appointment.category),
        )

    def template_failures(self, appointment: Appointment) -> tuple[TemplateFailure, ...]:
        """The templates that fail for this appointment; `wanted_event` has the plain fields instead."""
        return self.templates.render(appointment, self.zone).failures

    def seen_event(self, event: Event, agreed: Content | None, *, times_readable: bool = False) -> Content:
        """What a board-born event is, as far as the board owns it and the person shows it.

        Where the event may not be read (B14) it says nothing, except its times where `times_readable`.
        """
        if event.detail is None:
            return Content(when=self.as_board_holds(event.head.when) if times_readable else None)
        detail = event.detail
        block = read_block(detail.body_html)
        if block is None and agreed is not None and agreed.body == "":
            block = ""  # of an empty text there is no block to be missed
        return Content(
            subject=normal_subject(detail.subject),
            body=None if block is None else normal_body(block),
            location=None if self.templates.location is None else normal_location(detail.location),
            when=self.as_board_holds(event.head.when),
            importance=detail.importance,
            category=self.categories.own_entry(detail.categories, agreed.category if agreed else None),
        )

    def event_draft(
        self,
        appointment: Appointment,
        wanted: Content,
        *,
        resource_no: ResourceNo,
        mailbox: MailboxId,
        generation: int,
    ) -> EventDraft:
        """The event to create for one resource of a board-born appointment (A1, A2)."""
        block = with_block("", wanted.body or "")
        return EventDraft(
            subject=wanted.subject or "",
            body_html=block + LINE_FOR_THE_PERSON if block else "",
            when=wanted.when or self.as_board_holds(appointment.when),
            importance=wanted.importance or Importance.NORMAL,
            categories=(wanted.category,) if wanted.category else (),
            show_as=self.show_as,
            location=wanted.location or "",
            reminder_minutes=self.reminder_minutes,
            transaction_id=transaction_id(appointment.guid, resource_no, mailbox, generation),
            link_value=link_value(appointment.guid, resource_no),
        )

    def board_patch(
        self,
        fields: Collection[Field],
        wanted: Content,
        agreed_outlook: Content | None,
        seen_when: When | None,
    ) -> tuple[EventPatch, Rewrite | None]:
        """The change of a board-born event: what can be sent as it is, and what needs its current words.

        `seen_when` is what the event has now, as it was read; None where that is not known (A3).
        """
        direct = self._direct(fields, wanted, seen_when)
        body = wanted.body if Field.BODY in fields else None
        category = wanted.category if Field.CATEGORY in fields else None
        if body is None and category is None:
            return direct, None
        agreed = agreed_outlook.category if agreed_outlook is not None else None
        return direct, BlockRewrite(
            body=body, category=category, agreed_category=agreed, categories=self.categories
        )

    # Outlook-born, in the board's space

    def wanted_appointment(self, event: Event, verdict: Verdict) -> Content:
        """What the appointment of an Outlook-born event should be (B1, B3).

        Whatever is not shared in full, or could not be read, is its time under a subject that says nothing.
        """
        head, detail = event.head, event.detail
        when = self.as_board_holds(head.when)
        if verdict is not Verdict.SHARED or detail is None:
            return Content(
                subject=normal_subject(self.mask_subject),
                body="",
                when=when,
                importance=Importance.NORMAL,
                category="",
                show_as=MASK_SHOW_AS if self.carries_show_as else None,
                sensitivity=MASK_SENSITIVITY if self.carries_show_as else None,
            )
        return Content(
            subject=normal_subject(detail.subject),
            body=normal_body(text_of(detail.body_html)),
            when=when,
            importance=detail.importance,
            category=self._board_category(event),
            show_as=head.show_as if self.carries_show_as else None,
            sensitivity=head.sensitivity if self.carries_show_as else None,
        )

    def _board_category(self, event: Event) -> str | None:
        """None: which of its entries are the board's can only be told when the board has told its own."""
        entries = event.detail.categories if event.detail is not None else ()
        found = self.categories.source(entries, event.head.show_as).board
        return None if entries and not found and not self.categories.known else found

    def seen_appointment(self, appointment: Appointment) -> Content:
        """What the appointment of an Outlook-born event is."""
        return Content(
            subject=normal_subject(appointment.subject),
            body=normal_body(appointment.body),
            when=self.as_board_holds(appointment.when),
            importance=appointment.importance,
            category=appointment.category,
            show_as=appointment.show_as if self.carries_show_as else None,
            sensitivity=appointment.sensitivity if self.carries_show_as else None,
        )

    def person_patch(
        self, fields: Collection[Field], board: Content, event: Event
    ) -> tuple[EventPatch, Rewrite | None]:
        """The change of a person's event that a planner made on the board (B15).

        Of an event whose words may not be read only the time can change: its appointment shows nothing else.
        Show-as and sensitivity are the person's and never change directly.
        """
        if event.detail is None:
            return self._direct({Field.WHEN} & set(fields), board, event.head.when), None
        wanted = {Field.SUBJECT, Field.WHEN, Field.IMPORTANCE} & set(fields)
        direct = self._direct(wanted, board, event.head.when)
        body = board.body if Field.BODY in fields else None
        category = board.category if Field.CATEGORY in fields else None
        if body is None and category is None:
            return direct, None
        return direct, PersonRewrite(
            body=body, category=category, show_as=event.head.show_as, categories=self.categories
        )

    # What the board is told

    def appointment_write_new(
        self, event: Event, content: Content, *, resource: Resource, guid: AppointmentGuid
    ) -> AppointmentWrite:
        """The appointment to create for an Outlook-born event."""
        return AppointmentWrite(
            guid=guid,
            resource_no=resource.resource_no,
            resource_email=resource.email,
            outlook_born=True,
            subject=content.subject,
            body=content.body,
            when=content.when,
            importance=content.importance,
            category=content.category,
            show_as=content.show_as,
            sensitivity=content.sensitivity,
            exchange_id=event.head.id,
        )

    def appointment_write_change(
        self,
        appointment: Appointment,
        fields: Collection[Field],
        content: Content,
        *,
        resource: Resource,
        origin: Origin,
        event_id: EventId | None = None,
    ) -> AppointmentWrite:
        """The change of an appointment, in place; fields that did not change are not written (B5, B11).

        `content` is in the space in which items of this origin are compared.
        """
        board_born = origin is Origin.BOARD
        said = content.only(fields)
        category = said.category
        if board_born and category:
            category = self.categories.board_name(category, like=appointment.category)
        job_no, task_no = job_and_task(appointment.record) if board_born else ("", "")
        return AppointmentWrite(
            guid=appointment.guid,
            id=appointment.id,
            resource_no=resource.resource_no,
            resource_email=resource.email,
            outlook_born=not board_born,
            source_app=appointment.source_app if board_born else "",
            source_type=appointment.source_type if board_born else "",
            job_no=job_no,
            task_no=task_no,
            number=appointment.number,
            subject=said.subject,
            body=said.body,
            when=said.when,
            clears_all_day=isinstance(said.when, Timed) and _is_flagged_all_day(appointment.record),
            importance=said.importance,
            category=category,
            show_as=said.show_as,
            sensitivity=said.sensitivity,
            exchange_id=event_id,
        )

    # What both have in common

    def as_board_holds(self, when: When) -> When:
        """`when` as the board would give it back: whole days as dates, the rest on its wall clock."""
        return board_reading(when, self.zone, honour_offset=self.honour_offset)

    def _direct(self, fields: Collection[Field], content: Content, seen_when: When | None) -> EventPatch:
        """The members that can be sent without knowing the event's words.

        Dates are sent whole: what is known of the event may be a midnight to midnight that counts as days.
        """
        said = content.only(fields)
        start_changed = end_changed = all_day_changed = True
        if said.when is not None and said.when == seen_when:
            said = said.with_field(Field.WHEN, None)
        elif isinstance(said.when, Timed) and isinstance(seen_when, Timed):
            held = self.as_board_holds(seen_when)
            held = held if isinstance(held, Timed) else seen_when
            start_changed, end_changed = said.when.start != held.start, said.when.end != held.end
            all_day_changed = False
            if not start_changed and not end_changed:
                said = said.with_field(Field.WHEN, None)
        return EventPatch(
            subject=said.subject,
            when=said.when,
            start_changed=start_changed,
            end_changed=end_changed,
            all_day_changed=all_day_changed,
            importance=said.importance,
            location=said.location,
        )


def _is_flagged_all_day(record: Record) -> bool:
    return any(record.get(name) is True for name in ("isAllDay", "isAllDayEvent"))


def job_and_task(record: Record) -> tuple[str, str]:
    """The numbers of an appointment's job and task, nested or flat (facts, Dime.Scheduler §2.8)."""
    task = record.get("task")
    job = task.get("job") if isinstance(task, Record) else None
    job_no = record.get("jobNo") or (job.get("jobNo") if isinstance(job, Record) else None)
    task_no = record.get("taskNo") or (task.get("taskNo") if isinstance(task, Record) else None)
    return str(job_no or ""), str(task_no or "")

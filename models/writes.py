"""What is written to the other side, as values: the clients turn these into requests and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

from models.content import Importance, Sensitivity, ShowAs
from models.event import EventDetail
from models.ids import AppointmentGuid, AppointmentId, EventId, ResourceNo
from models.when import When


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """A new event for a board-born appointment. It has no attendees: nobody is mailed (A1)."""

    subject: str
    body_html: str
    when: When
    importance: Importance
    categories: tuple[str, ...]
    show_as: ShowAs
    location: str = ""
    reminder_minutes: int | None = None
    """None: the person's own default."""
    transaction_id: str
    link_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPatch:
    """The members of an event to change; None leaves a member alone."""

    subject: str | None = None
    body_html: str | None = None
    when: When | None = None
    start_changed: bool = True
    """False: the start of `when` is what the event has already and is not sent (A3)."""
    end_changed: bool = True
    all_day_changed: bool = True
    importance: Importance | None = None
    categories: tuple[str, ...] | None = None
    location: str | None = None
    show_as: ShowAs | None = None
    link_value: str | None = None
    """Set to put a missing link property back."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        flags = ("start_changed", "end_changed", "all_day_changed")
        return all(getattr(self, item.name) is None for item in fields(self) if item.name not in flags)


class Rewrite(Protocol):
    """The part of a patch that depends on what the event says now, between a GET and its PATCH (facts §1.6).

    A value that the client applies, so that the person's words never leave the client.
    """

    def __call__(self, detail: EventDetail) -> EventPatch:
        """The members to change; an empty patch where the event says already what it should."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentWrite:
    """An upsert on the board. None leaves a member alone; `id` is None for one that is to be created."""

    guid: AppointmentGuid
    id: AppointmentId | None = None
    resource_no: ResourceNo
    resource_email: str
    """The Exchange procedures address a resource by its e-mail (facts, Dime.Scheduler §1.13)."""
    outlook_born: bool
    """Outlook-born appointments go through `scheduler.write_route`; a board-born one is changed in place,
    through the procedures and parts that leave its job, task and other assignments alone."""
    assigns: bool = False
    """Whether a board-born appointment is planned on the resource by this; otherwise none is named."""
    source_app: str = ""
    """Of a board-born appointment: its own, so that the write does not move it to another back office."""
    source_type: str = ""
    job_no: str = ""
    task_no: str = ""
    number: str = ""
    subject: str | None = None
    body: str | None = None
    when: When | None = None
    """Sent whole: the board has no partial update of start or end (facts, Dime.Scheduler §3.3)."""
    clears_all_day: bool = False
    """The board has it flagged as all day, and it is not any more. The Exchange procedures cannot say so."""
    importance: Importance | None = None
    category: str | None = None
    show_as: ShowAs | None = None
    sensitivity: Sensitivity | None = None
    exchange_id: EventId | None = None
    ical_uid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRemoval:
    """Takes a resource off an appointment; the board deletes the appointment with its last resource."""

    guid: AppointmentGuid
    id: AppointmentId | None
    resource_no: ResourceNo
    resource_email: str
    outlook_born: bool
    source_app: str = ""
    source_type: str = ""

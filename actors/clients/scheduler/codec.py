"""Appointments and resources as Dime.Scheduler writes them, in every shape that was seen (facts §2.8, §3).

Names come in any letter case, collections under two names or flat, numbers as numbers or text. What is not
understood is read as the most private thing it could be (C9), and nothing here raises because of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

from actors.clients.scheduler.dialect import Dialect
from models.appointment import Appointment
from models.content import Importance, Sensitivity, ShowAs
from models.ids import AppointmentGuid, AppointmentId, ResourceNo
from models.json_text import digest_of
from models.record import Record
from models.resource import Resource
from models.when import When, begins_never
from models.zones import board_when, read_instant

E = TypeVar("E", bound=Enum)

IMPORTANCE: Final = {Importance.NORMAL: 0, Importance.HIGH: 1, Importance.LOW: 2}
SHOW_AS: Final = {
    ShowAs.FREE: 1,
    ShowAs.TENTATIVE: 2,
    ShowAs.BUSY: 3,
    ShowAs.OOF: 4,
    ShowAs.WORKING_ELSEWHERE: 5,
    ShowAs.UNKNOWN: 6,
}
SENSITIVITY: Final = {
    Sensitivity.NORMAL: 1,
    Sensitivity.PERSONAL: 2,
    Sensitivity.PRIVATE: 3,
    Sensitivity.CONFIDENTIAL: 4,
}


def _spellings(known: Mapping[E, int]) -> Mapping[str, E]:
    """Every way in which a member is spelled: as its number, and by Graph's name."""
    named = {member.value.lower(): member for member in known}
    return {str(number): member for member, number in known.items()} | named


SPELLED_IMPORTANCE: Final = _spellings(IMPORTANCE)
SPELLED_SHOW_AS: Final = _spellings(SHOW_AS)
SPELLED_SENSITIVITY: Final = _spellings(SENSITIVITY)
OTHER_NAMES: Final = {"medium": "normal", "office": "busy", "outofoffice": "oof"}
"""Dime.Scheduler's names where they are not Graph's (facts §1.13, §3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a webhook's payload is about: enough to know where to look, whatever its shape."""

    id: AppointmentId | None
    guid: AppointmentGuid | None
    resources: tuple[ResourceNo, ...]


def read_appointment(row: Mapping[str, Any], dialect: Dialect) -> Appointment | None:
    """One appointment; None where it has no id, no GUID or no time that can be read."""
    return _appointment(Record(row), dialect)


class ListedRow(Record):
    """A row of a listing, as it is kept until its appointment is read."""

    __slots__ = ("digest",)
    digest: int

    @classmethod
    def of(cls, row: dict[str, Any]) -> ListedRow:
        """What is kept of a row."""
        listed = cls.of_json(row)
        listed.digest = digest_of(row)
        return listed


def read_listed(row: Mapping[str, Any], dialect: Dialect) -> tuple[AppointmentId | None, Appointment | None]:
    """The id of a row, if it has one, and its appointment, if the rest of it can be read."""
    listed = row if isinstance(row, ListedRow) else ListedRow.of(dict(row))
    appointment = _appointment(listed, dialect, said=listed.digest)
    return _id(listed) if appointment is None else appointment.id, appointment


def _appointment(record: Record, dialect: Dialect, said: int = 0) -> Appointment | None:
    id_, guid, when = _id(record), _guid(record), _when(record, dialect)
    if id_ is None or guid is None or when is None:
        return None
    return Appointment(
        id=id_,
        number=record.first_text("appointmentno"),
        guid=guid,
        subject=record.first_text("subject"),
        body=record.first_text("body").replace("\r\n", "\n"),
        when=when,
        importance=_enum(SPELLED_IMPORTANCE, _first(record, "importance"), Importance.NORMAL)
        or Importance.NORMAL,
        category=_category(record),
        locked=_flag(_first(record, "locked", "islocked")),
        resources=_resources(record),
        source_app=_source(record, "sourceapp"),
        source_type=_source(record, "sourcetype"),
        show_as=_enum(SPELLED_SHOW_AS, _first(record, "showas"), ShowAs.UNKNOWN),
        sensitivity=_enum(SPELLED_SENSITIVITY, _first(record, "sensitivity"), Sensitivity.PRIVATE),
        exchange_id=record.first_text("exchangeid"),
        created_at=read_instant(record.first_text("createddate", "createdat")),
        modified_at=read_instant(record.first_text("lastmodifieddate", "updatedat", "modifieddate")),
        record=record,
        said=said,
    )


def read_notices(payload: object) -> tuple[Notice, ...]:
    """What a webhook's body, one appointment or several, is about. What is no object says nothing."""
    rows = payload if isinstance(payload, list) else [payload]
    return tuple(_notice(Record(row)) for row in rows if isinstance(row, Mapping))


def read_resource(row: Mapping[str, Any]) -> Resource | None:
    """One resource; None where it has no number."""
    record = Record(row)
    number = record.first_text("resourceno")
    if not number:
        return None
    return Resource(
        resource_no=ResourceNo(number),
        display_name=record.first_text("displayname", "resourcename"),
        email=record.first_text("email").strip(),
        exchange_enabled=_flag(_first(record, "exchangeintegrationenabled")),
    )


def _notice(record: Record) -> Notice:
    return Notice(id=_id(record), guid=_guid(record), resources=_resources(record))


def _id(record: Record) -> AppointmentId | None:
    value = record.first_text("id", "appointmentid")
    return AppointmentId(value) if value else None


def _guid(record: Record) -> AppointmentGuid | None:
    value = record.first_text("appointmentguid", "guid").strip("{} ").lower()
    return AppointmentGuid(value) if value else None


def _when(record: Record, dialect: Dialect) -> When | None:
    start, end = record.first_text("start", "startdate"), record.first_text("end", "enddate")
    is_all_day = _flag(_first(record, "isallday", "isalldayevent"))
    try:
        when = board_when(start, end, is_all_day, dialect.zone, dialect.honour_offset)
    except (ValueError, OverflowError):
        return None
    return None if begins_never(when) else when


def _resources(record: Record) -> tuple[ResourceNo, ...]:
    """Assignments or Resources, objects that hold a resource or are one, or a flat number; each once."""
    found: dict[ResourceNo, None] = {}
    for name in ("assignments", "resources", "resource"):
        for one in _several(record.lookup(name)):
            number = _resource_no(one)
            if number:
                found[ResourceNo(number)] = None
    flat = record.first_text("resourceno")
    if flat:
        found[ResourceNo(flat)] = None
    return tuple(found)


def _resource_no(one: object) -> str:
    if isinstance(one, str):
        return one
    if not isinstance(one, Record):
        return ""
    within = one.lookup("resource")
    nested = within.first_text("resourceno") if isinstance(within, Record) else ""
    return nested or one.first_text("resourceno") or (within if isinstance(within, str) else "")


def _category(record: Record) -> str:
    """The appointment's own category; that of its task is another thing."""
    category = _first(record, "category", "categories")
    first = next(iter(_several(category)), "")
    if isinstance(first, Record):
        return first.first_text("name", "displayname")
    return first if isinstance(first, str) else ""


def _source(record: Record, name: str) -> str:
    """The back office of an appointment, which its job names where it does not itself."""
    if own := record.first_text(name):
        return own
    task = record.lookup("task")
    job = task.lookup("job") if isinstance(task, Record) else None
    return job.first_text(name) if isinstance(job, Record) else ""


def _enum(spellings: Mapping[str, E], value: object, unknown: E) -> E | None:
    """The member that a number, a number as text or a name stands for; None where there is nothing."""
    if value is None or value == "":
        return None
    name = str(value).strip().lower()
    return spellings.get(OTHER_NAMES.get(name, name), unknown)


def _several(value: object) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _first(record: Record, *names: str) -> object:
    """The first of the members that is there. Names are in lower case: they are looked up very often."""
    for name in names:
        if (value := record.lookup(name)) is not None:
            return value
    return None


def _flag(value: object) -> bool:
    return value is True or str(value).strip().lower() in ("true", "1")

"""What is sent to Dime.Scheduler: rows of /import with every value as text, and JSON bodies.

The import procedures update what they are given and leave alone what they are not, so a change names no
member that did not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from actors.clients.scheduler.codec import IMPORTANCE, SENSITIVITY, SHOW_AS
from actors.clients.scheduler.dialect import Dialect
from models.when import When
from models.writes import AppointmentRemoval, AppointmentWrite
from models.zones import board_times

UPSERT_EXCHANGE = "mboc_upsertExchangeAppointment"
DELETE_EXCHANGE = "mboc_deleteExchangeAppointment"
UPSERT = "mboc_upsertAppointment"
DELETE = "mboc_deleteAppointment"


def import_row(procedure: str, parameters: Mapping[str, object]) -> dict[str, Any]:
    """A call of one procedure. Unset parameters are left out (facts §2.3)."""
    given = {name: import_value(value) for name, value in parameters.items() if value is not None}
    return {
        "StoredProcedureName": procedure,
        "ParameterNames": list(given),
        "ParameterValues": list(given.values()),
    }


def import_value(value: object) -> str:
    """A value as the vendor's .NET client writes it: True and False, numbers as digits, lists joined."""
    if isinstance(value, (list, tuple)):
        return ";".join(import_value(one) for one in value)
    return str(value)


def exchange_upsert(write: AppointmentWrite, dialect: Dialect) -> dict[str, Any]:
    """An Outlook-born appointment: no job, no task, the resource by its e-mail (facts §1.13)."""
    start, end, _ = _stamps(write.when, dialect)
    parameters = {
        "AppointmentId": write.id,
        "AppointmentGuid": write.guid,
        "ExchangeId": write.exchange_id,
        "ICalUId": write.ical_uid,
        "Start": start,
        "End": end,
        "Subject": write.subject,
        "Body": write.body,
        "Importance": None if write.importance is None else IMPORTANCE[write.importance],
        "ResourceEmail": write.resource_email,
        "ShowAs": None if write.show_as is None else SHOW_AS[write.show_as],
        "Sensitivity": None if write.sensitivity is None else SENSITIVITY[write.sensitivity],
        "Categories": None if write.category is None else _listed(write.category),
        "CreatedByExchange": True if write.id is None else None,
    }
    return import_row(UPSERT_EXCHANGE, parameters)


def board_upsert(write: AppointmentWrite, dialect: Dialect) -> dict[str, Any]:
    """A change of a board-born appointment under its own back office, job and task.

    It names no resource unless it is to be assigned.
    """
    start, end, is_all_day = _stamps(write.when, dialect)
    parameters = {
        "SourceApp": write.source_app or None,
        "SourceType": write.source_type or None,
        "JobNo": write.job_no or None,
        "TaskNo": write.task_no or None,
        "AppointmentId": write.id,
        "AppointmentGuid": write.guid,
        "ResourceNo": write.resource_no if write.assigns else None,
        "Subject": write.subject,
        "Body": write.body,
        "Start": start,
        "End": end,
        "IsAllDayEvent": is_all_day,
        "Importance": None if write.importance is None else IMPORTANCE[write.importance],
        "Category": write.category,
        "SentFromBackOffice": True,
    }
    return import_row(UPSERT, parameters)


def plain_times(write: AppointmentWrite, dialect: Dialect) -> dict[str, Any]:
    """The times of an appointment that is all day no more, with the flag that only this procedure has."""
    start, end, is_all_day = _stamps(write.when, dialect)
    parameters = {
        "AppointmentId": write.id,
        "AppointmentGuid": write.guid,
        "Start": start,
        "End": end,
        "IsAllDayEvent": is_all_day,
        "SentFromBackOffice": True,
    }
    return import_row(UPSERT, parameters)


def task_appointment(write: AppointmentWrite, dialect: Dialect) -> dict[str, Any]:
    """An Outlook-born appointment as an ordinary one under the configured job and task."""
    start, end, is_all_day = _times(write.when, dialect)
    members = {
        "sourceApp": dialect.source_app,
        "sourceType": dialect.source_type,
        "jobNo": dialect.job_no,
        "taskNo": dialect.task_no,
        "appointmentId": _number(write.id),
        "appointmentGuid": write.guid,
        "resourceNo": write.resource_no,
        "subject": write.subject,
        "body": write.body,
        "start": start,
        "end": end,
        "isAllDay": is_all_day,
        "importance": None if write.importance is None else IMPORTANCE[write.importance],
        "category": write.category,
        "sentFromBackOffice": True,
    }
    return {name: value for name, value in members.items() if value is not None}


def exchange_delete(removal: AppointmentRemoval) -> dict[str, Any]:
    """The removal of an Outlook-born appointment from the resource with this e-mail."""
    parameters = {
        "AppointmentId": removal.id,
        "AppointmentGuid": removal.guid,
        "ResourceEmail": removal.resource_email,
    }
    return import_row(DELETE_EXCHANGE, parameters)


def board_delete(removal: AppointmentRemoval, *, source_app: str, source_type: str) -> dict[str, Any]:
    """The removal of one resource; the appointment goes with its last one (facts §2.6)."""
    parameters = {
        "AppointmentId": removal.id,
        "AppointmentGuid": removal.guid,
        "SourceApp": source_app or None,
        "SourceType": source_type or None,
        "ResourceNo": removal.resource_no,
        "SentFromBackOffice": True,
    }
    return import_row(DELETE, parameters)


def _stamps(when: When | None, dialect: Dialect) -> tuple[str | None, str | None, bool | None]:
    """Start, end and all-day in .NET's "u" format, in which a `Z` stands whatever it means (facts §2.3)."""
    start, end, is_all_day = _times(when, dialect)
    return _universal(start), _universal(end), is_all_day


def _times(when: When | None, dialect: Dialect) -> tuple[str | None, str | None, bool | None]:
    if when is None:
        return None, None, None
    return board_times(when, dialect.zone, with_offset=dialect.honour_offset)


def _universal(text: str | None) -> str | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    shown = moment if moment.tzinfo is None else moment.astimezone(UTC)
    return shown.strftime("%Y-%m-%d %H:%M:%SZ")


def _listed(category: str) -> list[str]:
    return [category] if category else []


def _number(value: str | None) -> int | str | None:
    return int(value) if value is not None and value.isdecimal() else value

"""What a client reads: appointments with their task, job, labels and assignments, as JSON."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.ledger import Ledger
from tests.sandbox.scheduler.records import Drawer, Record
from tests.sandbox.scheduler.values import Wall, stamp

RESOURCE_SUMMARY = (
    "id",
    "resourceNo",
    "displayName",
    "resourceName",
    "email",
    "department",
    "sourceApp",
    "sourceType",
)


def dump(content: Any) -> bytes:
    """Compact JSON, as ASP.NET writes it."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def show(record: Record, wall: Wall, hidden: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A record as the API lists it."""
    shown: dict[str, Any] = {}
    for name, value in record.items():
        if name in hidden:
            continue
        shown[name] = wall.write(value) if hasattr(value, "isoformat") else value
    return shown


def show_all(drawer: Drawer, wall: Wall) -> list[dict[str, Any]]:
    """All records of a kind."""
    return [show(record, wall, drawer.kind.hidden) for record in drawer]


def appointment_json(ledger: Ledger, appointment: Appointment) -> bytes:
    """`document` as JSON, kept until the appointment or anything that it shows changes."""
    basis = (appointment.version, ledger.records.shown_generation())
    if appointment.rendered is not None and appointment.rendered[0] == basis:
        return appointment.rendered[1]
    content = dump(document(ledger, appointment))
    appointment.rendered = (basis, content)
    return content


def document(ledger: Ledger, appointment: Appointment) -> dict[str, Any]:
    """An appointment as `GET /appointment` shows it (facts §3.1: camelCase; exact schema unknown)."""
    quirks = ledger.quirks
    start, end = ("start", "end") if quirks.time_names == "start" else ("startDate", "endDate")
    shown: dict[str, Any] = {
        "id": appointment.id,
        "appointmentNo": appointment.number,
        "appointmentGuid": appointment.guid,
        "sourceApp": appointment.source_app,
        "sourceType": appointment.source_type,
        "subject": appointment.subject,
        "body": appointment.body,
        start: ledger.wall.write(appointment.start),
        end: ledger.wall.write(appointment.end),
        "isAllDay": appointment.is_all_day,
        "importance": appointment.importance,
        "locked": appointment.locked,
        "isManualAppointment": appointment.is_manual,
        "backOfficeId": appointment.back_office_id,
        "backOfficeParentId": appointment.back_office_parent_id,
        "planningUom": appointment.planning_uom,
        "planningUomConversion": appointment.planning_uom_conversion,
        "planningQty": appointment.planning_quantity,
        "useFixPlanningQty": appointment.use_fix_planning_quantity,
        "roundToUom": appointment.round_to_uom,
        "isRecurrenceException": False,
        "category": _label(ledger, "category", appointment.category),
        "timeMarker": _label(ledger, "timeMarker", appointment.time_marker),
        "task": task_document(ledger, appointment),
        quirks.assignment_list: [
            {
                "resourceId": resource["id"],
                "resource": {name: resource.get(name) for name in RESOURCE_SUMMARY},
            }
            for resource in assigned(ledger, appointment)
        ],
        "appointmentFieldValues": [
            {"fieldCode": code, "fieldValue": value} for code, value in appointment.field_values
        ],
        "appointmentUrls": [
            {"url": uri, "description": description} for uri, description in appointment.uris
        ],
        "createdDate": stamp(appointment.created_at),
        "createdUser": appointment.created_by,
        "lastModifiedDate": stamp(appointment.modified_at),
        "lastModifiedUser": appointment.modified_by,
    }
    if appointment.exchange is not None:
        shown |= {
            "exchangeId": appointment.exchange.exchange_id,
            "iCalUId": appointment.exchange.ical_uid,
            "showAs": appointment.exchange.show_as,
            "sensitivity": appointment.exchange.sensitivity,
            "categories": ";".join(appointment.exchange.categories),
            "createdByExchange": appointment.exchange.created_by_exchange,
        }
    if appointment.recurrence is not None:
        shown["recurrenceId"] = appointment.recurrence
    return shown


def assigned(ledger: Ledger, appointment: Appointment) -> list[Record]:
    """The resources of an appointment that still exist."""
    drawer = ledger.records["resource"]
    found = (drawer.find(number) for number in appointment.resources)
    return [resource for resource in found if resource is not None]


def task_document(ledger: Ledger, appointment: Appointment) -> dict[str, Any] | None:
    """The task with its job: every column that was ever set, free fields always (rules ask for them)."""
    task = ledger.task_of(appointment)
    if task is None:
        return None
    shown: dict[str, Any] = dict.fromkeys((f"freeText{n}" for n in range(1, 21)), "")
    shown |= dict.fromkeys((f"freeBit{n}" for n in range(1, 6)), False)
    shown |= dict.fromkeys((f"freeDecimal{n}" for n in range(1, 6)), 0)
    shown |= dict.fromkeys((f"freeDate{n}" for n in range(1, 6)), None)
    shown |= show(task, ledger.wall)
    job = ledger.records["job"].find(task["sourceApp"], task["sourceType"], task["jobNo"])
    shown["job"] = show(job, ledger.wall) if job is not None else None
    for name, kind in (("category", "category"), ("timeMarker", "timeMarker")):
        shown[name] = _label(ledger, kind, task.get(name))
    return shown


def _label(ledger: Ledger, kind: str, name: str | None) -> dict[str, Any] | None:
    """A category or time marker as it is shown inside another document."""
    if not name:
        return None
    record = ledger.records[kind].find(name) or {}
    label = {"id": record.get("id"), "name": name, "color": record.get("color")}
    if kind == "category":
        label["displayName"] = record.get("displayName") or name
    return label

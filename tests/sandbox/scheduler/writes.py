"""What may be done to appointments, whoever does it (facts §2.6, §3.1–3.3).

Every function takes values read by a schema (JSON names, typed, unset ones absent) and either does all of it
or raises a Refusal and does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.casing import require
from tests.sandbox.scheduler.errors import InvalidField, RuleBroken
from tests.sandbox.scheduler.ledger import Ledger, Writer
from tests.sandbox.scheduler.records import Record

Values = Mapping[str, Any]

ATTRIBUTES: Mapping[str, str] = {
    "subject": "subject",
    "body": "body",
    "start": "start",
    "end": "end",
    "isAllDay": "is_all_day",
    "importance": "importance",
    "locked": "locked",
    "backOfficeId": "back_office_id",
    "backOfficeParentId": "back_office_parent_id",
    "unitOfMeasure": "planning_uom",
    "unitOfMeasureConversion": "planning_uom_conversion",
    "planningQuantity": "planning_quantity",
    "useFixedPlanningQuantity": "use_fix_planning_quantity",
    "roundToUnitOfMeasure": "round_to_uom",
    "isManualAppointment": "is_manual",
}
"""JSON names that are taken over as they are."""


def find(ledger: Ledger, values: Values) -> Appointment | None:
    """The appointment that the id, guid or number names; zero and empty stand for "none" (NetSDK sends 0).

    Raises RuleBroken for an id that does not exist, and when id and guid name different appointments. An
    unknown guid or number is not an error: an upsert inserts with it.
    """
    shelf = ledger.appointments
    guid: str | None = values.get("appointmentGuid")
    by_guid = shelf.with_guid(guid) if guid else None
    if values.get("appointmentId"):
        found = shelf.with_id(values["appointmentId"])
        if found is None:
            raise RuleBroken(f"The appointment with id {values['appointmentId']} does not exist.")
        if by_guid is not None and by_guid is not found:
            raise RuleBroken(f"The id {found.id} and the guid {guid} name different appointments.")
        return found
    if by_guid is not None or guid:
        return by_guid
    number: str | None = values.get("appointmentNo")
    return shelf.with_number(number) if number else None


def existing(ledger: Ledger, values: Values) -> Appointment:
    """As `find`, for writes that need the appointment. Raises RuleBroken, InvalidField."""
    if not any(values.get(name) for name in ("appointmentId", "appointmentGuid", "appointmentNo")):
        raise InvalidField("appointmentNo", "An appointmentNo, appointmentId or appointmentGuid is required.")
    found = find(ledger, values)
    if found is None:
        wanted = values.get("appointmentGuid") or values.get("appointmentNo")
        raise RuleBroken(f"The appointment '{wanted}' does not exist.")
    return found


def upsert(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    """Changes the appointment that is named, or inserts one (facts §2.6).

    A resource is added to those assigned, or takes their place with ReplaceResource.
    """
    appointment = find(ledger, values)
    if appointment is None and ledger.quirks.insert_matches == "content":
        appointment = _alike(ledger, values)
    if appointment is None:
        return _insert(ledger, values, writer)
    changes = scalars(ledger, values, appointment)
    if {"jobNo", "taskNo", "sourceApp", "sourceType"} & values.keys():
        changes |= _work(ledger, values, appointment)
    if values.get("resourceNo") or "resources" in values:
        changes["resources"] = _assigned(ledger, values, appointment.resources)
    refuse_move_of_locked(ledger, appointment, changes, writer)
    return apply(ledger, appointment, changes, writer)


def _insert(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    required = ("start", "end") if writer.planner else ("start", "end", "resourceNo")
    require(values, ("sourceApp", "sourceType", "jobNo", "taskNo", *required))
    task = _task(ledger, values["sourceApp"], values["sourceType"], values["jobNo"], values["taskNo"])
    fields: dict[str, Any] = {
        "subject": task.get("subject") or task.get("shortDescription", ""),
        "body": task.get("body", ""),
        "importance": task.get("importance", 0),
        "category": task.get("category"),
        "time_marker": task.get("timeMarker"),
    }
    fields |= scalars(ledger, values, None)
    fields |= {
        "source_app": task["sourceApp"],
        "source_type": task["sourceType"],
        "job_no": task["jobNo"],
        "task_no": task["taskNo"],
        "resources": _assigned(ledger, values, ()),
        "recurrence": values.get("recurrenceId"),
    }
    return add(ledger, values, fields, writer)


def add(ledger: Ledger, values: Values, fields: dict[str, Any], writer: Writer) -> Appointment:
    """Puts a new appointment on the board, under the guid and number that the client chose, if it did."""
    now = ledger.now()
    appointment = Appointment(
        id=ledger.appointments.next_id(),
        guid=values.get("appointmentGuid") or ledger.new_guid(),
        number=values.get("appointmentNo") or ledger.new_number(),
        created_at=now,
        created_by=writer.user,
        modified_at=now,
        modified_by=writer.user,
        **fields,
    )
    ledger.appointments.add(appointment)
    ledger.tell("created", appointment, writer)
    return appointment


def apply(
    ledger: Ledger, appointment: Appointment, changes: Mapping[str, Any], writer: Writer
) -> Appointment:
    """Writes attributes. A back office's write counts as a change even when every value stays the same;
    a planner who changes nothing has done nothing."""
    different = {name: value for name, value in changes.items() if getattr(appointment, name) != value}
    if not different and writer.planner:
        return appointment
    refile = bool(different.keys() & {"start", "end", "resources"})
    if refile:
        ledger.appointments.unfile(appointment)
    for name, value in different.items():
        setattr(appointment, name, value)
    if refile:
        ledger.appointments.file(appointment)
    appointment.modified_at = ledger.now()
    appointment.modified_by = writer.user
    appointment.version += 1
    ledger.tell("updated", appointment, writer)
    return appointment


def delete(ledger: Ledger, values: Values, writer: Writer) -> Appointment | None:
    """Deletes an appointment; with a resource only that assignment, and the appointment if it was the last
    (facts §2.6). None when there is nothing to delete and the board does not mind.
    """
    try:
        appointment = existing(ledger, values)
    except RuleBroken:
        if ledger.quirks.delete_missing == "fail":
            raise
        return None
    number = values.get("resourceNo")
    if not number:
        return remove(ledger, appointment, writer)
    return unassign(ledger, appointment, number, writer)


def remove(ledger: Ledger, appointment: Appointment, writer: Writer) -> Appointment:
    """Deletes an appointment with all its assignments."""
    ledger.appointments.remove(appointment)
    ledger.tell("deleted", appointment, writer)
    return appointment


def assign(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    """Adds a resource to an appointment; a second time changes nothing."""
    require(values, ("resourceNo",))
    appointment = existing(ledger, values)
    number = ledger.resource(values["resourceNo"])["resourceNo"]
    return apply(ledger, appointment, {"resources": with_resource(appointment.resources, number)}, writer)


def unassign(ledger: Ledger, appointment: Appointment, number: str, writer: Writer) -> Appointment:
    """Takes a resource off an appointment, which goes with its last one. Not assigned: nothing happens."""
    kept = tuple(each for each in appointment.resources if each.lower() != number.lower())
    if kept == appointment.resources:
        return appointment
    if not kept:
        return remove(ledger, appointment, writer)
    return apply(ledger, appointment, {"resources": kept}, writer)


def scalars(ledger: Ledger, values: Values, current: Appointment | None) -> dict[str, Any]:
    """The attributes that `values` set, checked against each other and against what exists."""
    changes = {attribute: values[name] for name, attribute in ATTRIBUTES.items() if name in values}
    importance = changes.get("importance", 0)
    if importance not in (0, 1, 2):
        raise InvalidField("importance", f"Importance is 0, 1 or 2, not {importance}.")
    start = changes.get("start", current.start if current else None)
    end = changes.get("end", current.end if current else None)
    if start is not None and end is not None and end < start:
        raise RuleBroken(f"The end {end.isoformat()} lies before the start {start.isoformat()}.")
    for kind, name, number, attribute in (
        ("category", "category", "categoryId", "category"),
        ("timeMarker", "timeMarker", "timeMarkerId", "time_marker"),
    ):
        if name in values or number in values:
            changes[attribute] = _label(ledger, kind, values.get(name), values.get(number))
    return changes


def _assigned(ledger: Ledger, values: Values, before: tuple[str, ...]) -> tuple[str, ...]:
    """The resources after a write: one more, that one alone, or the set that a planner chose."""
    numbers = before
    if "resources" in values:
        numbers = tuple(dict.fromkeys(ledger.resource(each)["resourceNo"] for each in values["resources"]))
    if values.get("resourceNo"):
        number = ledger.resource(values["resourceNo"])["resourceNo"]
        numbers = with_resource(() if values.get("replaceResource") else numbers, number)
    return numbers


def _label(ledger: Ledger, kind: str, name: str | None, number: int | None) -> str | None:
    """The name of a category or time marker given by name or id; empty means none."""
    drawer = ledger.records[kind]
    if name == "" or (name is None and not number):
        return None
    record = drawer.find(name) if name is not None else drawer.by("id", str(number))
    if record is None:
        if ledger.quirks.unknown_label == "ignore":
            return None
        raise RuleBroken(f"The {kind} '{name if name is not None else number}' does not exist.")
    return str(record["name"])


def _work(ledger: Ledger, values: Values, current: Appointment) -> dict[str, Any]:
    """The attributes of another task. An Outlook-born appointment without task stays without one."""
    app = values.get("sourceApp") or current.source_app
    kind = values.get("sourceType") or current.source_type
    job_no = values.get("jobNo") or current.job_no
    task_no = values.get("taskNo") or current.task_no
    if job_no is None or task_no is None:
        return {}
    same = (current.source_app, current.source_type, current.job_no, current.task_no)
    if (app, kind, job_no, task_no) == same:
        return {}
    task = _task(ledger, app, kind, job_no, task_no)
    return {
        "source_app": task["sourceApp"],
        "source_type": task["sourceType"],
        "job_no": task["jobNo"],
        "task_no": task["taskNo"],
    }


def _task(ledger: Ledger, app: str, kind: str, job_no: str, task_no: str) -> Record:
    if ledger.records["job"].find(app, kind, job_no) is None:
        raise RuleBroken(f"The specified job '{job_no}' ({app}, {kind}) does not exist.")
    task = ledger.records["task"].find(app, kind, job_no, task_no)
    if task is None:
        raise RuleBroken(f"The specified task '{task_no}' of job '{job_no}' ({app}, {kind}) does not exist.")
    return task


def _alike(ledger: Ledger, values: Values) -> Appointment | None:
    """The appointment of the same task and resource at the same time."""
    if any(values.get(name) is None for name in ("start", "end", "resourceNo", "jobNo", "taskNo")):
        return None
    for each in ledger.appointments.overlapping(values["start"], values["end"], (values["resourceNo"],)):
        if (each.start, each.end) == (values["start"], values["end"]) and (each.job_no, each.task_no) == (
            values["jobNo"],
            values["taskNo"],
        ):
            return each
    return None


def refuse_move_of_locked(
    ledger: Ledger, appointment: Appointment, changes: Mapping[str, Any], writer: Writer
) -> None:
    """Raises RuleBroken where the board guards its locked appointments itself."""
    if writer.planner or not (appointment.locked and ledger.quirks.locked_refuses_times):
        return
    before = (appointment.start, appointment.end)
    if (changes.get("start", appointment.start), changes.get("end", appointment.end)) != before:
        raise RuleBroken(f"The appointment {appointment.number} is locked.")


def with_resource(numbers: tuple[str, ...], number: str) -> tuple[str, ...]:
    """The resources and this one, once."""
    return numbers if number in numbers else (*numbers, number)

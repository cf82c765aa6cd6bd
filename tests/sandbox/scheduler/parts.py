"""Changes of one part of an appointment (facts §3.3), and of records that check against appointments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.casing import require
from tests.sandbox.scheduler.errors import RuleBroken
from tests.sandbox.scheduler.ledger import Ledger, Writer
from tests.sandbox.scheduler.writes import apply, existing, upsert

Values = Mapping[str, Any]
Part = Callable[[Ledger, Values, Writer], Appointment]


def change_part(*needed: str) -> Part:
    """A partial update that needs these values, one at least of those that are separated by `|`."""

    def change(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
        for names in needed:
            choices = names.split("|")
            if not any(choice in values for choice in choices):
                require(values, (choices[0],))
        appointment = existing(ledger, values)
        named = [name for choices in needed for name in choices.split("|") if name in values]
        kept = {name: values[name] for name in named}
        return upsert(ledger, {**kept, "appointmentId": appointment.id}, writer)

    return change


def reset_part(**plain: Any) -> Part:
    """Deleting a part that every appointment has puts it back to these values."""

    def reset(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
        return upsert(ledger, {**plain, "appointmentId": existing(ledger, values).id}, writer)

    return reset


def clear_label(name: str) -> Part:
    """Deleting the category or time marker of an appointment leaves it without one."""

    def clear(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
        return apply(ledger, existing(ledger, values), {name: None}, writer)

    return clear


def set_field_value(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    """A value under a code of the client's own."""
    require(values, ("fieldCode", "fieldValue"))
    appointment = existing(ledger, values)
    fields = dict(appointment.field_values) | {values["fieldCode"]: values["fieldValue"]}
    return apply(ledger, appointment, {"field_values": tuple(fields.items())}, writer)


def clear_field_value(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    """Takes a field value away."""
    require(values, ("fieldCode",))
    appointment = existing(ledger, values)
    kept = tuple(pair for pair in appointment.field_values if pair[0] != values["fieldCode"])
    return apply(ledger, appointment, {"field_values": kept}, writer)


def set_uri(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    """A link on an appointment."""
    require(values, ("uri", "description"))
    appointment = existing(ledger, values)
    uris = dict(appointment.uris) | {values["uri"]: values["description"]}
    return apply(ledger, appointment, {"uris": tuple(uris.items())}, writer)


def clear_uri(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    """Takes a link away."""
    require(values, ("uri",))
    appointment = existing(ledger, values)
    kept = tuple(pair for pair in appointment.uris if pair[0] != values["uri"])
    return apply(ledger, appointment, {"uris": kept}, writer)


def lock_task(ledger: Ledger, values: Values) -> None:
    """Locks a task or unlocks it."""
    require(values, ("sourceApp", "sourceType", "jobNo", "taskNo", "locked"))
    key = [values[name] for name in ("sourceApp", "sourceType", "jobNo", "taskNo")]
    tasks = ledger.records["task"]
    if tasks.find(*key) is None:
        raise RuleBroken(f"The specified task '{values['taskNo']}' does not exist.")
    tasks.upsert({name: value for name, value in values.items() if name != "sentFromBackOffice"})


def upsert_record(ledger: Ledger, kind: str, values: Values) -> None:
    """A record; a task needs its job unless `createJob` is set."""
    stored = {name: value for name, value in values.items() if name not in ("checkAppointments", "createJob")}
    if kind == "taskLocked":
        lock_task(ledger, values)
        return
    if kind == "task":
        require(values, ledger.records["task"].kind.key)
        key = [values[name] for name in ("sourceApp", "sourceType", "jobNo")]
        if ledger.records["job"].find(*key) is None:
            if not values.get("createJob"):
                raise RuleBroken(f"The specified job '{values['jobNo']}' does not exist.")
            job = {name: values[name] for name in ("sourceApp", "sourceType", "jobNo")}
            ledger.records["job"].upsert(job | {"shortDescription": values.get("shortDescription", key[2])})
    ledger.records[kind].upsert(stored)


def delete_record(ledger: Ledger, kind: str, values: Values, *, some: bool = False) -> None:
    """Takes a record away; a job, task or resource with appointments stays (facts §2.6)."""
    drawer = ledger.records[kind]
    if kind in ("job", "task", "resource"):
        require(values, drawer.kind.key)
        if _is_planned(ledger, kind, values):
            number = values[drawer.kind.key[-1]]
            raise RuleBroken(
                f"The specified {kind} '{number}' cannot be deleted because it is associated with"
                " existing appointments"
            )
    found = drawer.delete(values, some=some)
    if not found and ledger.quirks.delete_missing == "fail":
        raise RuleBroken(f"The specified {kind} does not exist.")


def _is_planned(ledger: Ledger, kind: str, values: Values) -> bool:
    if kind == "resource":
        number = values["resourceNo"].lower()
        return any(number in (each.lower() for each in one.resources) for one in ledger.appointments)
    columns = {"sourceApp": "source_app", "sourceType": "source_type", "jobNo": "job_no"}
    if kind == "task":
        columns["taskNo"] = "task_no"
    if values.get("checkAppointments") is False:
        return False
    wanted = [values[name].lower() for name in columns]
    return any(
        [(getattr(one, attribute) or "").lower() for attribute in columns.values()] == wanted
        for one in ledger.appointments
    )

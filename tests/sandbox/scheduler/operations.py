"""Every write that the API knows, under its route and under its procedure names: the same rules for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.sandbox.scheduler import schemas
from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.casing import Field, Schema, texts
from tests.sandbox.scheduler.exchange import delete_exchange, upsert_exchange
from tests.sandbox.scheduler.kind import Kind
from tests.sandbox.scheduler.kinds import KINDS, READ_ONLY
from tests.sandbox.scheduler.ledger import Ledger, Writer
from tests.sandbox.scheduler.parts import (
    Part,
    change_part,
    clear_field_value,
    clear_label,
    clear_uri,
    delete_record,
    reset_part,
    set_field_value,
    set_uri,
    upsert_record,
)
from tests.sandbox.scheduler.recurrence import create_recurring, delete_recurring
from tests.sandbox.scheduler.values import ValueType
from tests.sandbox.scheduler.writes import assign, delete, existing, unassign, upsert

Values = Mapping[str, Any]
Run = Callable[[Ledger, Values, Writer], list[Appointment]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One write: how its values are read, and what it does. `run` returns the appointments it touched."""

    schema: Schema
    run: Run
    exchange: bool = False
    """Writes of the Exchange procedures carry no source: they are the Exchange connector's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What POST or PUT, and DELETE, do under one path segment."""

    upsert: Operation
    delete: Operation


@cache
def routes() -> Mapping[str, Route]:
    """Path segments in lower case."""
    table: dict[str, Route] = {}
    for kind in KINDS:
        if kind.name in READ_ONLY:
            continue
        for name in kind.routes:
            table[name.lower()] = Route(upsert=_keep(kind, name), delete=_drop(kind, name))
    for path, fields, put, take in _appointment_table():
        schema = Schema(name=path, fields=fields)
        table[path.lower()] = Route(
            upsert=Operation(schema=schema, run=put), delete=Operation(schema=schema, run=take)
        )
    return table


@cache
def procedures() -> Mapping[str, Operation]:
    """Stored procedures by name in lower case (facts §2.3), both names where the SDKs disagree."""
    table: dict[str, Operation] = {}
    for kind in KINDS:
        for name in kind.upsert:
            table[name.lower()] = _keep(kind, name)
        for name in kind.delete:
            table[name.lower()] = _drop(kind, name)
    by_name = {kind.name: kind for kind in KINDS}
    table["mboc_updatetasklocked"] = _keep(by_name["taskLocked"], "mboc_updateTaskLocked")
    table["mboc_cleartaskfiltervalue"] = _drop(
        by_name["taskFilterValue"], "mboc_ClearTaskFilterValue", some=True
    )
    paths = {path: (fields, put, take) for path, fields, put, take in _appointment_table()}
    for path, upserts, deletes in (
        ("appointment", ("mboc_upsertAppointment",), ("mboc_deleteAppointment",)),
        (
            "assignment",
            ("mboc_addAppointmentResource", "mboc_upsertAppointmentResource"),
            ("mboc_deleteAppointmentResource",),
        ),
        ("appointmentCategory", ("mboc_updateAppointmentCategory",), ()),
        ("appointmentTimeMarker", ("mboc_updateAppointmentTimeMarker",), ()),
        ("appointmentContent", ("mboc_updateAppointmentContent",), ()),
        ("appointmentImportance", ("mboc_updateAppointmentImportance",), ()),
        ("appointmentLocked", ("mboc_updateAppointmentLocked",), ()),
        ("appointmentPlanningQuantity", ("mboc_updateAppointmentPlanningQty",), ()),
        ("appointmentFieldValue", ("mboc_updateAppointmentFieldValues",), ()),
        ("appointmentUri", ("mboc_upsertAppointmentUrl",), ("mboc_deleteAppointmentUrl",)),
    ):
        fields, put, take = paths[path]
        for names, run in ((upserts, put), (deletes, take)):
            for name in names:
                table[name.lower()] = Operation(schema=Schema(name=name, fields=fields), run=run)
    for name, run in (
        ("mboc_upsertExchangeAppointment", _one(upsert_exchange)),
        ("mboc_deleteExchangeAppointment", _one(delete_exchange)),
    ):
        schema = Schema(name=name, fields=schemas.EXCHANGE)
        table[name.lower()] = Operation(schema=schema, run=run, exchange=True)
    return table


def _appointment_table() -> tuple[tuple[str, tuple[Field, ...], Run, Run], ...]:
    """Routes that are about appointments: path, columns, what POST and PUT do, what DELETE does."""
    part = schemas.part
    bit, whole, number, text = ValueType.BIT, ValueType.INT, ValueType.DECIMAL, ValueType.TEXT
    content = part(*texts(None, "subject", "body"))
    category = part(Field("category", text, 100), Field("categoryId", whole))
    marker = part(Field("timeMarker", text, 100), Field("timeMarkerId", whole))
    quantity = part(Field("planningQuantity", number, None, ("quantity", "PlanningQty")))
    field_value = part(Field("fieldCode", text, 100), Field("fieldValue", text))
    uri = part(
        Field("uri", text, 1000, ("url", "pUrl")), Field("description", text, 255, ("urlDesc", "pUrlDesc"))
    )
    unlock = _one(reset_part(locked=False))
    plain = _one(reset_part(importance=0))
    blank = _one(reset_part(subject="", body=""))
    none = _one(reset_part(planningQuantity=0))
    return (
        ("appointment", schemas.APPOINTMENT, _one(upsert), _one(delete)),
        ("assignment", part(*texts(50, "resourceNo")), _one(assign), _one(_unassign)),
        (
            "appointmentCategory",
            category,
            _one(change_part("category|categoryId")),
            _one(clear_label("category")),
        ),
        (
            "appointmentTimeMarker",
            marker,
            _one(change_part("timeMarker|timeMarkerId")),
            _one(clear_label("time_marker")),
        ),
        ("appointmentContent", content, _one(change_part("subject|body")), blank),
        ("appointmentImportance", part(Field("importance", whole)), _one(change_part("importance")), plain),
        ("appointmentLocked", part(Field("locked", bit)), _one(change_part("locked")), unlock),
        ("appointmentPlanningQuantity", quantity, _one(change_part("planningQuantity")), none),
        ("appointmentFieldValue", field_value, _one(set_field_value), _one(clear_field_value)),
        ("appointmentUri", uri, _one(set_uri), _one(clear_uri)),
        ("appointmentRecurring", schemas.RECURRING, create_recurring, delete_recurring),
    )


def _unassign(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    number = values.get("resourceNo")
    appointment = existing(ledger, values)
    return unassign(ledger, appointment, number, writer) if number else appointment


def _one(write: Callable[[Ledger, Values, Writer], Appointment | None] | Part) -> Run:
    """A write of at most one appointment as one that returns a list."""

    def run(ledger: Ledger, values: Values, writer: Writer) -> list[Appointment]:
        touched = write(ledger, values, writer)
        return [] if touched is None else [touched]

    return run


def _keep(kind: Kind, name: str) -> Operation:
    def run(ledger: Ledger, values: Values, _writer: Writer) -> list[Appointment]:
        upsert_record(ledger, kind.name, values)
        return []

    return Operation(schema=Schema(name=name, fields=kind.schema.fields), run=run)


def _drop(kind: Kind, name: str, *, some: bool = False) -> Operation:
    def run(ledger: Ledger, values: Values, _writer: Writer) -> list[Appointment]:
        delete_record(ledger, kind.name, values, some=some)
        return []

    return Operation(schema=Schema(name=name, fields=kind.schema.fields), run=run)

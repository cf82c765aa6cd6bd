"""The columns of appointments and of the records that change a part of one (facts §1.13, §3.1–3.3)."""

from __future__ import annotations

from tests.sandbox.scheduler.casing import Field, Schema, columns, texts
from tests.sandbox.scheduler.values import ValueType

INT, DECIMAL, BIT = ValueType.INT, ValueType.DECIMAL, ValueType.BIT
MOMENT, GUID, TEXT, LIST = ValueType.MOMENT, ValueType.GUID, ValueType.TEXT, ValueType.LIST

SOURCE = (Field("sourceApp", TEXT, 30, ("pSourceApp",)), Field("sourceType", TEXT, 10, ("pSourceType",)))
IDENTITY = (
    Field("appointmentId", INT, None, ("id", "pAppointmentId")),
    Field("appointmentGuid", GUID, None, ("pAppointmentGuid",)),
    Field("appointmentNo", TEXT, None, ("pAppointmentNo",)),
)
FROM_BACK_OFFICE = (Field("sentFromBackOffice", BIT, None, ("SentFromBackOfice",)),)

APPOINTMENT = (
    *SOURCE,
    *IDENTITY,
    *FROM_BACK_OFFICE,
    *texts(50, "jobNo", "taskNo", "resourceNo"),
    *texts(None, "subject", "body"),
    Field("start", MOMENT, None, ("startDate",)),
    Field("end", MOMENT, None, ("endDate",)),
    Field("isAllDay", BIT, None, ("IsAllDayEvent",)),
    *texts(100, "category", "timeMarker"),
    *columns(INT, "categoryId", "timeMarkerId", "importance"),
    *columns(BIT, "locked", "replaceResource", "isManualAppointment"),
    *texts(100, "backOfficeId", "backOfficeParentId"),
    Field("unitOfMeasure", TEXT, 20, ("PlanningUOM",)),
    Field("unitOfMeasureConversion", DECIMAL, None, ("PlanningUOMConversion",)),
    Field("planningQuantity", DECIMAL, None, ("PlanningQty", "quantity")),
    Field("useFixedPlanningQuantity", BIT, None, ("UseFixPlanningQty",)),
    Field("roundToUnitOfMeasure", BIT, None, ("RoundToUOM",)),
)

EXCHANGE = (
    Field("appointmentId", INT),
    Field("appointmentGuid", GUID),
    *texts(None, "exchangeId", "iCalUId", "subject", "body"),
    *columns(MOMENT, "start", "end"),
    *columns(INT, "importance", "showAs", "sensitivity"),
    *texts(100, "resourceEmail"),
    Field("categories", LIST),
    Field("createdByExchange", BIT),
)


def part(*fields: Field) -> tuple[Field, ...]:
    """The columns of a partial update: which appointment, and what."""
    return (*SOURCE, *IDENTITY, *FROM_BACK_OFFICE, *fields)


RECURRING = (
    *SOURCE,
    *IDENTITY,
    *FROM_BACK_OFFICE,
    *texts(50, "jobNo", "taskNo"),
    Field("resourceNo", TEXT, 50, ("resource",)),
    Field("start", MOMENT, None, ("startDate",)),
    Field("end", MOMENT, None, ("endDate",)),
    Field("category", TEXT, 100, ("categoryName",)),
    Field("timeMarker", TEXT, 100, ("timeMarkerName",)),
    *texts(None, "recurrenceRule", "subject", "body", "recurrenceId"),
)

PLANNER = Schema(
    name="planner",
    fields=(*APPOINTMENT, Field("resources", LIST, None, ("resourceNos",))),
)
"""What a planner may set: everything, and the set of resources at once."""

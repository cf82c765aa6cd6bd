"""The appointment as rules see it: every property that the board is known to deliver (facts §2.8, §3).

Objects are open where the board may deliver more than is known: an unknown name is NULL there, and a warning.
A property that the board writes differently in its several answers is found under each of its names.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from models.expressions.schema import (
    BOOL,
    DATETIME,
    GUID,
    INT,
    NUMBER,
    TEXT,
    Property,
    Schema,
    enumeration,
    has,
    have,
    list_of,
    object_of,
)

FREE_TEXTS: Final = 20
FREE_FIELDS: Final = 5
"""Free decimals, dates and bits of a task, a job and a resource, each (facts §3.4, §3.5)."""

PARTY: Final = (
    "No Name SourceApp SourceType Phone MobilePhone Email Address AddressStreet AddressStreetNo "
    "AddressPostcode AddressCity AddressCounty AddressState AddressCountry AddressRegion"
)
"""What a job says of a customer, contact, site or bill-to, each after that word."""


@lru_cache(maxsize=1)
def appointment_schema() -> Schema:
    """The type of the root `appointment`."""
    category = _label("Category", "CategoryHexColor")
    marker = _label("TimeMarker", "HexColor")
    task = _task(category, marker, _job())
    resource = _resource()
    assignment = object_of(
        "Assignment",
        has("Resource", resource, "", nullable=False),
        *have("ResourceId Id AppointmentId", INT),
        has("ResourceNo", TEXT, "Resource.ResourceNo", nullable=False),
    )
    assigned = _resource(prefix="Resource.")
    return object_of(
        "Appointment",
        has("Id", INT, "AppointmentId", nullable=False),
        has("AppointmentId", INT, "Id", nullable=False),
        has("AppointmentGuid", GUID, "Guid", nullable=False),
        has("Guid", GUID, "AppointmentGuid", nullable=False),
        has("Start", DATETIME, "StartDate", nullable=False),
        has("StartDate", DATETIME, "Start", nullable=False),
        has("End", DATETIME, "EndDate", nullable=False),
        has("EndDate", DATETIME, "End", nullable=False),
        has("IsAllDay", BOOL, "IsAllDayEvent", nullable=False),
        has("IsAllDayEvent", BOOL, "IsAllDay", nullable=False),
        has("Importance", enumeration("Importance", Normal=0, Medium=0, High=1, Low=2), nullable=False),
        *have("Locked IsManualAppointment IsRecurrenceException", BOOL, nullable=False),
        has("UseFixPlanningQty", BOOL, "UseFixedPlanningQuantity"),
        has("UseFixedPlanningQuantity", BOOL, "UseFixPlanningQty"),
        has("RoundToUOM", BOOL, "RoundToUnitOfMeasure"),
        has("RoundToUnitOfMeasure", BOOL, "RoundToUOM"),
        has("PlanningQty", NUMBER, "PlanningQuantity"),
        has("PlanningQuantity", NUMBER, "PlanningQty"),
        has("PlanningUOM", TEXT, "UnitOfMeasure"),
        has("UnitOfMeasure", TEXT, "PlanningUOM"),
        has("PlanningUOMConversion", NUMBER, "UnitOfMeasureConversion"),
        has("UnitOfMeasureConversion", NUMBER, "PlanningUOMConversion"),
        has("CreatedDate", DATETIME, "CreatedAt"),
        has("CreatedAt", DATETIME, "CreatedDate"),
        has("LastModifiedDate", DATETIME, "UpdatedAt"),
        has("UpdatedAt", DATETIME, "LastModifiedDate"),
        *have("AppointmentNo Subject Body SourceApp SourceType CreatedUser LastModifiedUser", TEXT),
        *have("BackOfficeId BackOfficeParentId ExchangeId ICalUId RecurrenceRule", TEXT),
        has("ExternalId", INT),
        has("CapacityIndicator", TEXT),
        *have("SentFromBackOffice CreatedByExchange", BOOL),
        has("ShowAs", enumeration(
            "ShowAs", Free=1, Tentative=2, Office=3, OutOfOffice=4, WorkingElsewhere=5, Unknown=6)),
        has("Sensitivity", enumeration("Sensitivity", Normal=1, Personal=2, Private=3, Confidential=4)),
        has("JobNo", TEXT, "Task.Job.JobNo"),
        has("TaskNo", TEXT, "Task.TaskNo"),
        has("ResourceNo", TEXT),
        has("Category", category),
        has("TimeMarker", marker),
        has("Task", task),
        has("Job", _job(), "Task.Job"),
        has("Resources", list_of(assigned), "Assignments", nullable=False),
        has("Assignments", list_of(assignment), "Resources", nullable=False),
        _parts("AppointmentFieldValues", "FieldValue", "FieldCode FieldValue"),
        _parts("AppointmentUrls", "Url", "Url Uri Description"),
        _parts("AppointmentContainers", "Container", "Container Name"),
        has("Notifications", list_of(_notification()), nullable=False),
    )  # fmt: skip


def _label(name: str, color: str) -> Schema:
    """A category or a time marker: a name and a colour. Some answers give the name only, as a plain text."""
    return object_of(
        name,
        has("Id", INT),
        has("Name", TEXT, "DisplayName", name),
        has("DisplayName", TEXT, "Name", name),
        has("Color", TEXT, color),
        has(color, TEXT, "Color"),
        closed=True,
        text_is="Name",
    )


def _parts(name: str, item: str, texts: str) -> Property:
    """A list of things that are texts only."""
    return has(name, list_of(object_of(item, *have(texts, TEXT))), nullable=False)


def _notification() -> Schema:
    kinds = enumeration("NotificationType", Info=0, Warning=1, Error=2)
    return object_of(
        "Notification", has("Type", kinds), *have("Code Text JobNo TaskNo", TEXT), has("Date", DATETIME)
    )


def _free_fields() -> tuple[Property, ...]:
    groups = (
        ("FreeText", FREE_TEXTS, TEXT),
        ("FreeDecimal", FREE_FIELDS, NUMBER),
        ("FreeDate", FREE_FIELDS, DATETIME),
        ("FreeBit", FREE_FIELDS, BOOL),
    )
    return tuple(has(f"{name}{n}", schema) for name, count, schema in groups for n in range(1, count + 1))


def _job() -> Schema:
    parties = ("Customer", "Contact", "Site", "Bill")
    return object_of(
        "Job",
        *have("JobNo SourceApp SourceType ShortDescription Description Type CreationDateTime", TEXT),
        *have("Responsible ProjectManager Language Creator CustomerReference", TEXT),
        *have("Name Status Category TimeMarker Pin Comments LocationDescription", TEXT),
        *have("StartDate EndDate CreatedDate", DATETIME),
        has("Id", INT, nullable=False),
        has("Importance", INT),
        *(known for party in parties for known in _party(party)),
        *_free_fields(),
    )


def _party(party: str) -> tuple[Property, ...]:
    """The block of a customer, contact, site or bill-to: name, address, place on the map, phone, e-mail."""
    return (
        *(has(f"{party}{name}", TEXT) for name in PARTY.split()),
        *(has(f"{party}Address{name}", NUMBER) for name in ("GeoLong", "GeoLat")),
    )


def _task(category: Schema, marker: Schema, job: Schema) -> Schema:
    return object_of(
        "Task",
        *have("TaskNo SourceApp SourceType JobNo Description ShortDescription Subject Body Type", TEXT),
        *have(
            "Pin Status LocationDescription ServiceNo ServiceGroup ServiceClass ServiceSerialNo ServiceName",
            TEXT,
        ),
        *have("ContractNo ContractType ContractDescription PartWarranty LaborWarranty PlanningUOM", TEXT),
        *have(
            "RequestedStartDate RequestedEndDate ConfirmedStartDate ConfirmedEndDate ActualStartDate",
            DATETIME,
        ),
        *have("ActualEndDate TaskOpenAsOf TaskOpenTill CreatedDate", DATETIME),
        *have("RequestedStartTime RequestedEndTime ConfirmedStartTime ConfirmedEndTime", TEXT),
        *have(
            "IsComplete InfiniteTask IsManualAppointment IsOpen Locked DoNotCountAppointmentResource", BOOL
        ),
        *have("PlanningQty PlanningUOMConversion DurationInSeconds", NUMBER),
        has("Id", INT, nullable=False),
        has("Importance", enumeration("Importance", Normal=0, Medium=0, High=1, Low=2)),
        has("Category", category),
        has("TimeMarker", marker),
        has("Job", job),
        *_free_fields(),
    )


def _resource(prefix: str = "") -> Schema:
    """A resource; with a prefix, an assignment that reads as the resource it assigns."""

    def each(names: str, schema: Schema) -> tuple[Property, ...]:
        return tuple(has(name, schema, *([prefix + name] if prefix else [])) for name in names.split())

    kinds = object_of("ResourceType", has("Id", INT), has("Name", TEXT, "DisplayName"),
                      has("DisplayName", TEXT, "Name"), text_is="DisplayName")  # fmt: skip
    free = tuple(name for known in _free_fields() for name in each(known.name, known.schema))
    return object_of(
        "Resource",
        *(has(name, TEXT, *([prefix + name] if prefix else []), nullable=False) for name in ["ResourceNo"]),
        *each("SourceApp SourceType ResourceName DisplayName Department Email Phone MobilePhone", TEXT),
        *each(
            "ReplacementResource FieldServiceEmail PersonalEmail GpsTrackingResourceNo HomeEmail Pin", TEXT
        ),
        *each("HomeAddress HomeAddressStreet HomeAddressPostcode HomeAddressCity HomeAddressCountry", TEXT),
        *each("HomePhone TeamCode TeamName TeamType TeamMemberType", TEXT),
        *each("Url1 Url2 Url3 UrlDescription1 UrlDescription2 UrlDescription3", TEXT),
        *each("TeamSort TeamMemberSort ResourceTypeId", INT),
        *each(
            "DoNotShow ExchangeIntegrationEnabled ResourceGpsTrackingEnabled BulkPlanning BulkCapacity", BOOL
        ),
        *each("InServiceFrom InServiceTill", DATETIME),
        *each("ResourceType", kinds),
        has("Id", INT, nullable=False),
        *([has("Resource", _resource(), "", nullable=False), has("ResourceId", INT)] if prefix else []),
        *free,
    )

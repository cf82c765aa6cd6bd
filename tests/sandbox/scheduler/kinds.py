"""Every kind of record but appointments: columns, key, routes and procedures (facts §2.2, §2.3)."""

from __future__ import annotations

from tests.sandbox.scheduler.casing import Field, Schema, columns, texts
from tests.sandbox.scheduler.kind import LINK, SOURCE, WORK, Kind, kind
from tests.sandbox.scheduler.values import ValueType
from tests.sandbox.scheduler.work_kinds import JOB, RESOURCE, TASK

INT, DECIMAL, BIT = ValueType.INT, ValueType.DECIMAL, ValueType.BIT
MOMENT, GUID, TEXT = ValueType.MOMENT, ValueType.GUID, ValueType.TEXT

CATEGORY = kind(
    "category",
    (
        Field("name", TEXT, 100, ("CategoryName", "Category")),
        Field("displayName", TEXT, 100),
        Field("color", TEXT, 10, ("CategoryHexColor", "HexColor")),
        Field("description", TEXT, 255),
    ),
    key="name",
    routes="category categories",
    noun="Category",
)

TIME_MARKER = kind(
    "timeMarker",
    (Field("name", TEXT, 100, ("TimeMarker",)), Field("color", TEXT, 10, ("HexColor",))),
    key="name",
    routes="timeMarker timeMarkers",
    noun="TimeMarker",
)

CONNECTOR = Kind(
    schema=Schema(
        name="connector",
        fields=(
            *texts(100, "name", "login"),
            *texts(255, "description"),
            *SOURCE,
            Field("enabled", BIT),
            Field("sendAppointmentToWebService", BIT),
            Field("uri", TEXT, 1000, ("WebServiceAddress",)),
            Field("type", TEXT, 30, ("BackOfficeSystem",)),
            Field("authType", TEXT, 40),
            Field("apiType", TEXT, 10),
            *texts(100, "password"),
            Field("crudTypes", ValueType.LIST),
        ),
    ),
    key=("sourceApp", "sourceType"),
    required=("sourceApp",),
    routes=("connector", "connectors"),
    upsert=("mboc_upsertConnector", "mboc_addConnector"),
    delete=("mboc_deleteConnector",),
    defaults={"enabled": True, "sendAppointmentToWebService": True, "type": "3"},
    hidden=frozenset({"password"}),
)

TASK_LINK = (*SOURCE, *WORK)
TASK_KEY = "sourceApp sourceType jobNo taskNo"
FILTER = (
    Field("filterGroup", TEXT, 50, ("group",)),
    Field("filterValue", TEXT, 100, ("value",)),
    Field("transferToTemp", BIT),
)
ADDRESSED = (  # an appointment named in a record that hangs off it
    Field("appointmentId", INT),
    Field("appointmentGuid", GUID),
    Field("appointmentNo", TEXT),
)

KINDS: tuple[Kind, ...] = (
    RESOURCE,
    JOB,
    TASK,
    CATEGORY,
    TIME_MARKER,
    CONNECTOR,
    kind("pin", (Field("name", TEXT, 100), Field("color", TEXT, 10, ("HexColor",))), key="name", noun="Pin"),
    kind("tag", (*texts(100, "name", "displayName"), *texts(10, "color")), key="name"),
    kind(
        "notification",
        (
            *SOURCE,
            *WORK,
            *ADDRESSED,
            Field("connectorId", TEXT, 50, ("mboc_id",)),
            Field("type", INT, None, ("NotificationType",)),
            Field("code", TEXT, 20, ("NotificationCode",)),
            Field("text", TEXT, None, ("NotificationText",)),
            Field("date", MOMENT, None, ("NotificationDate",)),
            Field("sentFromBackOffice", BIT),
            Field("id", INT),
        ),
        key="id",
        noun="Notification",
    ),
    kind(
        "caption",
        (
            *columns(INT, "context"),
            *texts(255, "sourceTable", "fieldName"),
            *texts(10, "language"),
            Field("text", TEXT, 100, ("Caption",)),
        ),
        key="context sourceTable fieldName language",
        required="text",
        noun="Caption",
    ),
    kind(
        "container",
        (*texts(100, "name"), *columns(MOMENT, "handleDate"), *columns(BIT, "handleLocked")),
        key="name",
        noun="Container",
    ),
    kind(
        "filterGroup",
        (
            Field("name", TEXT, 50, ("GroupName",)),
            *columns(INT, "id", "columnNo"),
            *columns(BIT, "dataFilter"),
        ),
        key="name",
        noun="FilterGroup",
    ),
    kind(
        "filterValue",
        (
            Field("group", TEXT, 50, ("FilterGroupName", "FilterGroup")),
            Field("value", TEXT, 100, ("FilterValue",)),
        ),
        key="group value",
        noun="FilterValue",
    ),
    kind(
        "taskContainer",
        (*TASK_LINK, Field("name", TEXT, 255, ("ContainerName", "container")), Field("index", INT)),
        key=f"{TASK_KEY} name",
        noun="TaskContainer",
    ),
    kind(
        "appointmentContainer",
        (*texts(100, "container", "appointment"), *SOURCE, *ADDRESSED),
        key="appointment container",
        noun="AppointmentContainer",
    ),
    kind(
        "taskFilterValue",
        (*TASK_LINK, *FILTER),
        key=f"{TASK_KEY} filterGroup filterValue",
        noun="TaskFilterValue",
    ),
    kind(
        "resourceFilterValue",
        (*SOURCE, *texts(50, "resourceNo"), *FILTER),
        key="resourceNo filterGroup filterValue",
        noun="ResourceFilterValue",
    ),
    kind("taskUri", (*TASK_LINK, *LINK), key=f"{TASK_KEY} uri", noun="TaskUrl"),
    kind("resourceUri", (*texts(50, "resourceNo"), *LINK), key="resourceNo uri", noun="ResourceUrl"),
    kind(
        "actionUri",
        (
            *SOURCE,
            Field("uriType", INT, None, ("UrlType",)),
            *LINK,
            Field("default", BIT, None, ("DefaultUrl",)),
        ),
        key="uri",
        noun="ActionUrl",
    ),
    kind(
        "resourceCalendar",
        (
            Field("code", TEXT, 50, ("ResourceCalendarCode",)),
            *texts(50, "resourceNo", "calendarCode"),
            *columns(MOMENT, "startDate", "endDate"),
        ),
        key="code",
        noun="ResourceCalendar",
    ),
    kind(
        "resourceCapacity",
        (
            *texts(50, "resourceNo"),
            Field("date", MOMENT, None, ("CapacityDate",)),
            Field("capacityInSeconds", INT),
            Field("quantity", DECIMAL, None, ("CapacityQty",)),
            Field("unitOfMeasure", TEXT, 20, ("CapacityUOM",)),
            Field("unitOfMeasureConversion", DECIMAL, None, ("CapacityUOMConversion",)),
        ),
        key="resourceNo date",
        noun="ResourceCapacity",
    ),
    kind(
        "resourceGpsTracking",
        (
            *texts(50, "resourceNo", "gpsTrackingResourceNo", "rowId", "power"),
            *columns(DECIMAL, "latitude", "longitude"),
            *columns(INT, "speed"),
            *columns(MOMENT, "date"),
        ),
        key="resourceNo",
        required="latitude longitude",
        noun="ResourceGpsTracking",
    ),
    kind(
        "resourceCertificate",
        (
            *texts(50, "resourceNo", "score"),
            Field("no", TEXT, 50, ("CertificateNo",)),
            *columns(MOMENT, "lastScoreDate", "validUntil"),
        ),
        key="resourceNo no",
        noun="ResourceCertificate",
    ),
    kind(
        "taskLocked",
        (*TASK_LINK, *columns(BIT, "locked", "sentFromBackOffice")),
        key=TASK_KEY,
        required="locked",
    ),
    kind(
        "taskDependency",
        (*TASK_LINK, *texts(50, "predecessorJobNo", "predecessorTaskNo"), *columns(INT, "type", "lag")),
        key=f"{TASK_KEY} predecessorTaskNo",
    ),
    kind("projectMember", (*SOURCE, *texts(50, "jobNo", "resourceNo", "role")), key="jobNo resourceNo"),
    kind("taskAssignment", (*TASK_LINK, *texts(50, "resourceNo")), key="jobNo taskNo resourceNo"),
    kind(
        "taskBudgetEntry",
        (
            *TASK_LINK,
            *columns(INT, "id"),
            *columns(DECIMAL, "quantity"),
            *columns(MOMENT, "date"),
            *texts(255, "description"),
        ),
        key="id",
    ),
    kind(
        "timeEntry",
        (
            *TASK_LINK,
            *columns(INT, "id"),
            *texts(50, "resourceNo"),
            *columns(MOMENT, "date"),
            *columns(DECIMAL, "quantity"),
            *texts(255, "description"),
        ),
        key="id",
    ),
    kind(
        "timeSession",
        (
            *TASK_LINK,
            *columns(INT, "id"),
            *texts(50, "resourceNo"),
            *columns(MOMENT, "start", "end"),
            *texts(255, "description"),
        ),
        key="id",
    ),
    kind(
        "user",
        (
            *texts(100, "name", "email", "password"),
            *columns(INT, "type"),
            *texts(10, "language"),
            *texts(100, "timeZone"),
        ),
        key="name",
        hidden="password",
    ),
    kind(
        "message",
        (*texts(None, "text"), *texts(100, "user"), *texts(20, "severity"), *columns(INT, "id")),
        key="id",
        required="text",
    ),
    kind("resourceType", (*columns(INT, "id"), *texts(100, "displayName")), key="displayName", routes=""),
    kind("calendar", (*texts(50, "code"), *texts(100, "description")), key="code", routes=""),
    kind("appointmentField", (*texts(100, "code", "displayName"), *texts(20, "type")), key="code", routes=""),
    kind(
        "appointmentDependency",
        (*texts(50, "predecessor", "successor"), *columns(INT, "type")),
        key="predecessor successor",
        routes="",
    ),
)

NUMBERED = frozenset(each.name for each in KINDS if each.key == ("id",))
"""Kinds whose records are told apart by a number that the board gives."""

READ_ONLY = frozenset(("resourceType", "calendar", "appointmentField", "appointmentDependency"))
"""Kinds that the API lists and a planner maintains."""

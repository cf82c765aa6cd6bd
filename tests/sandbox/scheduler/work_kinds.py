"""Resources, jobs and tasks: the wide records that back offices fill (facts §3.4, §3.5)."""

from __future__ import annotations

from tests.sandbox.scheduler.casing import Field, columns, free_fields, texts
from tests.sandbox.scheduler.kind import LINKS, SOURCE, WORK, kind
from tests.sandbox.scheduler.values import ValueType

INT, DECIMAL, BIT = ValueType.INT, ValueType.DECIMAL, ValueType.BIT
MOMENT, SPAN = ValueType.MOMENT, ValueType.SPAN


def party(prefix: str) -> tuple[Field, ...]:
    """The block of a customer, contact, site or bill-to on a job."""
    return (
        *texts(20, f"{prefix}No"),
        *texts(50, f"{prefix}Name"),
        *texts(None, f"{prefix}Address"),
        *columns(DECIMAL, f"{prefix}AddressGeoLong", f"{prefix}AddressGeoLat"),
        *texts(50, f"{prefix}Phone", f"{prefix}Email"),
    )


def address(prefix: str) -> tuple[Field, ...]:
    """The parts of an address."""
    return (
        *texts(255, f"{prefix}Street"),
        *texts(20, f"{prefix}StreetNo", f"{prefix}Postcode"),
        *texts(50, f"{prefix}City", f"{prefix}County", f"{prefix}State", f"{prefix}Country"),
        *texts(10, f"{prefix}Region"),
    )


RESOURCE = kind(
    "resource",
    (
        *texts(50, "resourceNo"),
        *SOURCE,
        *texts(100, "resourceType", "resourceName", "displayName"),
        *columns(INT, "resourceTypeId"),
        *texts(50, "department", "phone", "mobilePhone", "gpsTrackingResourceNo"),
        *texts(100, "email", "fieldServiceEmail", "personalEmail", "pin"),
        *texts(None, "homeAddress"),
        *columns(DECIMAL, "homeAddressGeoLong", "homeAddressGeoLat", "bulkCapacity"),
        *texts(50, "homePhone", "homeEmail"),
        *address("home"),
        *texts(20, "teamCode", "teamType", "teamMemberType"),
        *texts(100, "teamName"),
        *columns(INT, "teamSort", "teamMemberSort"),
        *columns(
            BIT,
            "replacementResource",
            "doNotShow",
            "bulkPlanning",
            "exchangeIntegrationEnabled",
            "resourceGpsTrackingEnabled",
        ),
        *columns(MOMENT, "inServiceFrom", "inServiceTill"),
        *LINKS,
        *free_fields(),
    ),
    key="resourceNo",
    noun="Resource",
)

JOB = kind(
    "job",
    (
        *SOURCE,
        *texts(50, "jobNo", "shortDescription", "type"),
        *texts(None, "description"),
        *texts(255, "name"),
        *texts(100, "category", "timeMarker", "pin"),
        *party("customer"),
        *party("contact"),
        *party("site"),
        *address("site"),
        *party("siteFrom"),
        *address("siteFrom"),
        *party("bill"),
        *address("bill"),
        *texts(50, "customerReference", "responsible", "projectManager"),
        *columns(INT, "importance"),
        *columns(MOMENT, "creationDateTime", "startDate", "endDate"),
        *columns(
            BIT, "allowDependencies", "enableManualSelection", "overruleGpsCoordinates", "checkAppointments"
        ),
        *LINKS,
        *free_fields(),
    ),
    key="sourceApp sourceType jobNo",
    required="shortDescription",
    noun="Job",
)

TASK = kind(
    "task",
    (
        *SOURCE,
        *WORK,
        *texts(50, "shortDescription", "description", "serviceNo", "serviceSerialNo", "serviceName"),
        *texts(255, "name"),
        *texts(20, "type", "status", "serviceGroup", "serviceClass", "contractNo", "planningUom"),
        *texts(30, "contractType"),
        *texts(10, "irisFault", "irisSymptom", "irisArea", "irisReason", "irisResolution"),
        *texts(10, "skill1", "skill2", "skill3"),
        *texts(100, "category", "timeMarker", "pin", "container"),
        *texts(None, "contractDescription", "locationDescription", "subject", "body", "predecessor"),
        *columns(
            INT,
            "taskType",
            "importance",
            "durationInSeconds",
            "requiredNoResources",
            "index",
            "schedulingMode",
        ),
        *columns(
            MOMENT,
            *("contractStartDate", "contractEndDate", "partsWarrantyStartDate", "partsWarrantyEndDate"),
            *("laborWarrantyStartDate", "laborWarrantyEndDate", "expectedResponseDateTime"),
            *("actualResponseDateTime", "requestedStartDate", "requestedEndDate", "confirmedStartDate"),
            *("confirmedEndDate", "actualStartDate", "actualEndDate", "taskOpenAsOf", "taskOpenTill"),
            *("appointmentEarliestAllowed", "appointmentLatestAllowed", "certificateStartDate"),
        ),
        *columns(SPAN, "requestedStartTime", "requestedEndTime", "duration", "requiredTotalDuration"),
        *columns(DECIMAL, "planningUomConversion", "planningQuantity", "bulkPlanningQuantity"),
        *columns(
            BIT,
            *("infiniteTask", "isComplete", "locked", "createJob", "isManualAppointment", "isOpen"),
            *("useFixPlanningQty", "roundToUom", "doNotCountAppointmentResource", "manualAppointment"),
            *("overRuleGpsCoordinates", "checkAppointments", "sentFromBackOffice"),
        ),
        *LINKS,
        *free_fields(),
    ),
    key="sourceApp sourceType jobNo taskNo",
    required="shortDescription",
    noun="Task",
)

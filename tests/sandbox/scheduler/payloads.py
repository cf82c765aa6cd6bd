"""The documents that webhooks carry, in the three shapes that sources show (facts §2.8)."""

from __future__ import annotations

from typing import Any

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.ledger import Ledger
from tests.sandbox.scheduler.records import Record
from tests.sandbox.scheduler.rendering import assigned
from tests.sandbox.scheduler.values import stamp


def published(ledger: Ledger, appointment: Appointment) -> list[dict[str, Any]]:
    """The documents of one event: one, or one per assignment in the flat shape, which shows one resource."""
    match ledger.quirks.webhook_shape:
        case "swagger":
            return [_swagger(ledger, appointment)]
        case "sample":
            return [_sample(ledger, appointment)]
        case "flat":
            return [_flat(ledger, appointment, number) for number in appointment.resources or (None,)]


def _swagger(ledger: Ledger, appointment: Appointment) -> dict[str, Any]:
    """PP-swagger's `appointment-incoming`; the mixed casing is verbatim."""
    task = ledger.task_of(appointment)
    category = _record(ledger, "category", appointment.category)
    marker = _record(ledger, "timeMarker", appointment.time_marker)
    return {
        "appointmentNo": appointment.number,
        "id": appointment.id,
        "ExternalId": 0,
        "Subject": appointment.subject,
        "Body": appointment.body,
        "StartDate": ledger.wall.write(appointment.start),
        "EndDate": ledger.wall.write(appointment.end),
        "Importance": appointment.importance,
        "AppointmentGuid": appointment.guid,
        "Locked": appointment.locked,
        "PlanningUOM": appointment.planning_uom,
        "PlanningQty": appointment.planning_quantity,
        "UseFixPlanningQty": appointment.use_fix_planning_quantity,
        "RoundToUOM": appointment.round_to_uom,
        "LastModifiedDate": stamp(appointment.modified_at),
        "LastModifiedUser": appointment.modified_by,
        "IsRecurrenceException": False,
        "CapacityIndicator": None,
        "AppointmentFieldValues": [
            {"FieldCode": code, "FieldValue": value} for code, value in appointment.field_values
        ],
        "AppointmentUrls": [
            {"Url": uri, "Description": description} for uri, description in appointment.uris
        ],
        "AppointmentContainers": [],
        "Notifications": [],
        "CreatedDate": stamp(appointment.created_at),
        "CreatedUser": appointment.created_by,
        "Task": {
            "TaskNo": appointment.task_no,
            "Job": {
                "SourceApp": appointment.source_app,
                "SourceType": appointment.source_type,
                "JobNo": appointment.job_no,
            },
        }
        if task is not None
        else None,
        "Category": category
        and {"DisplayName": category.get("displayName") or category["name"], "Color": category.get("color")},
        "TimeMarker": marker and {"Name": marker["name"], "Color": marker.get("color")},
        "Assignments": [
            {
                "ResourceId": resource["id"],
                "Resource": {
                    "ResourceType": {"DisplayName": resource.get("resourceType", "")},
                    "SourceApp": resource.get("sourceApp", ""),
                    "SourceType": resource.get("sourceType", ""),
                    "DisplayName": resource.get("displayName", ""),
                    "Department": resource.get("department", ""),
                    "ResourceNo": resource["resourceNo"],
                    "Email": resource.get("email", ""),
                },
            }
            for resource in assigned(ledger, appointment)
        ],
    }


def _sample(ledger: Ledger, appointment: Appointment) -> dict[str, Any]:
    """The sample of October 2025: `Id`, `Resources`, `Category.Name`, and no guid."""
    task = ledger.task_of(appointment)
    job = task and ledger.records["job"].find(task["sourceApp"], task["sourceType"], task["jobNo"])
    return {
        "Id": appointment.id,
        "AppointmentNo": appointment.number,
        "StartDate": ledger.wall.write(appointment.start),
        "EndDate": ledger.wall.write(appointment.end),
        "Subject": appointment.subject,
        "Body": appointment.body,
        "CreatedUser": appointment.created_by,
        "Resources": [
            {
                "ResourceNo": resource["resourceNo"],
                "DisplayName": resource.get("displayName", ""),
                "Email": resource.get("email", ""),
            }
            for resource in assigned(ledger, appointment)
        ],
        "Task": {
            "Description": task.get("description") or task.get("shortDescription"),
            "Job": {"JobNo": task["jobNo"], "Description": job and job.get("description")},
            "Category": _named(_record(ledger, "category", task.get("category"))),
        }
        if task is not None
        else None,
        "Category": _named(_record(ledger, "category", appointment.category)),
    }


def _flat(ledger: Ledger, appointment: Appointment, number: str | None) -> dict[str, Any]:
    """Zapier's shape."""
    return {
        "id": appointment.id,
        "appointmentNo": appointment.number,
        "appointmentGuid": appointment.guid,
        "jobNo": appointment.job_no,
        "taskNo": appointment.task_no,
        "resourceNo": number,
        "subject": appointment.subject,
        "body": appointment.body,
        "start": ledger.wall.write(appointment.start),
        "end": ledger.wall.write(appointment.end),
        "importance": appointment.importance,
        "locked": appointment.locked,
        "planningQuantity": appointment.planning_quantity,
        "unitOfMeasure": appointment.planning_uom,
        "createdAt": stamp(appointment.created_at),
        "updatedAt": stamp(appointment.modified_at),
    }


def _record(ledger: Ledger, kind: str, name: str | None) -> Record | None:
    return ledger.records[kind].find(name) if name else None


def _named(record: Record | None) -> dict[str, Any] | None:
    return record and {"Name": record["name"], "Color": record.get("color")}

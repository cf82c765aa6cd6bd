"""The official `dimescheduler` client from PyPI, unchanged, works against the local Dime.Scheduler.

Skips when it is not installed (extra `official-clients`). What is configured is what its documentation lets
every user configure: an environment with another base address, an API key, the pace of retries.
"""

# The client is an extra that type checks do without:
# mypy: disable-error-code="import-not-found,import-untyped,unused-ignore"

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any

import pytest

from tests.official_clients.local_services import LocalServices, running_services

pytestmark = pytest.mark.official_clients

MISSING = "dimescheduler is not installed: pip install '.[official-clients]'"
WORK = {"sourceApp": "BC", "sourceType": "SERVICE", "jobNo": "SRV-1001", "taskNo": "10"}
RANGE = (datetime(2031, 5, 1), datetime(2031, 6, 1))  # noqa: DTZ001 - the board's wall clock has no zone


@pytest.fixture(scope="module")
def services() -> Iterator[LocalServices]:
    with running_services() as running:
        yield running


@pytest.fixture
def client(services: LocalServices) -> Iterator[Any]:
    """The client with its own retries, made quick."""
    yield from opened(services, services.api_key)


def opened(services: LocalServices, api_key: str) -> Iterator[Any]:
    sdk = pytest.importorskip("dimescheduler", reason=MISSING)
    retry = pytest.importorskip("dimescheduler.retry")
    environment = Enum("environment", {"Local": services.scheduler_url})
    pace = retry.RetryConfig(initial_delay_s=0.01)
    with sdk.DimeSchedulerClient(api_key, environment.Local, retry=pace) as made:
        yield made


def content(result: Any) -> dict[str, Any]:
    """The inside of the envelope: this client leaves it closed (facts §2.4)."""
    result.raise_for_error()
    assert result.data["statusCode"] == 200, result.data
    inside: dict[str, Any] = json.loads(result.data["content"])
    assert inside["Success"] is True
    return inside


def listed(client: Any, *resources: str) -> list[dict[str, Any]]:
    """The appointments of May 2031."""
    result = client.appointments.get(*RANGE, resources=list(resources) or None)
    result.raise_for_error()
    found: list[dict[str, Any]] = result.data
    return found


def planned(client: Any, **fields: Any) -> str:
    """A new appointment on the 5th of May; its guid."""
    entity = {**WORK, "resourceNo": "R001", "start": "2031-05-05T09:00", "end": "2031-05-05T10:00", **fields}
    guid: str = content(client.appointments.create(entity))["Appointments"][0]["Guid"]
    return guid


def test_resources_are_listed_created_changed_and_deleted(client: Any) -> None:
    before = client.resources.get_all()
    assert {"R001", "VAN1"} <= {each["resourceNo"] for each in before.data}
    assert before.data[0]["exchangeIntegrationEnabled"] is True
    content(client.resources.create({"resourceNo": "NEW", "displayName": "New", "email": "new@contoso.test"}))
    content(client.resources.update({"resourceNo": "NEW", "exchangeIntegrationEnabled": True}))
    (made,) = [each for each in client.resources.get_all().data if each["resourceNo"] == "NEW"]
    assert (made["displayName"], made["exchangeIntegrationEnabled"]) == ("New", True)
    content(client.resources.delete({"resourceNo": "NEW"}))
    assert client.resources.get_all().data == before.data


def test_appointments_are_created_listed_read_moved_and_deleted(client: Any) -> None:
    guid = planned(client, subject="From the client")
    (shown,) = listed(client, "R001")
    assert (shown["appointmentGuid"], shown["subject"]) == (guid, "From the client")
    assert listed(client, "R002") == []
    for key in (guid, str(shown["id"]), shown["appointmentNo"]):
        assert client.appointments.get_by_id(key).data == shown
    content(client.appointments.update({"appointmentId": shown["id"], "start": "2031-05-05T08:00:00Z"}))
    assert listed(client)[0]["start"] == "2031-05-05T08:00:00"
    content(client.appointments.delete([{"appointmentGuid": guid}]))
    assert listed(client) == []


def test_parts_of_an_appointment_change_through_their_own_endpoints(client: Any) -> None:
    guid = planned(client)
    identity = {"appointmentGuid": guid}
    content(client.appointment_categories.update({**identity, "category": "TRAINING"}))
    content(client.appointment_contents.update({**identity, "subject": "S", "body": "B"}))
    content(client.appointment_importances.update({**identity, "importance": 1}))
    content(client.appointment_locked.update({**identity, "locked": True}))
    content(client.appointment_time_markers.create({**identity, "timeMarker": "DONE"}))
    content(client.appointment_planning_quantities.create({**identity, "quantity": 3}))
    content(client.appointment_field_values.create({**identity, "fieldCode": "C", "fieldValue": "V"}))
    content(client.appointment_uris.create({**identity, "uri": "http://u", "description": "d"}))
    (shown,) = listed(client)
    assert (shown["category"]["name"], shown["timeMarker"]["name"]) == ("TRAINING", "DONE")
    assert [shown[name] for name in ("subject", "body", "importance", "locked", "planningQty")] == [
        "S",
        "B",
        1,
        True,
        3,
    ]
    content(client.appointments.delete(identity))


def test_assignments_come_and_go(client: Any) -> None:
    guid = planned(client)
    number = client.appointments.get_by_id(guid).data["appointmentNo"]
    second = {"sourceApp": "BC", "sourceType": "SERVICE", "appointmentNo": number, "resourceNo": "R002"}
    content(client.assignments.create(second))
    assert len(listed(client, "R002")) == 1
    content(client.assignments.delete(second))
    assert listed(client, "R002") == []
    content(client.appointments.delete({"appointmentGuid": guid}))


def test_labels_work_and_other_records_read_back(client: Any) -> None:
    content(client.categories.create([{"name": "NEW", "displayName": "New", "color": "#ffffff"}]))
    assert "NEW" in [each["name"] for each in client.categories.get_all().data]
    content(client.categories.delete({"name": "NEW"}))
    content(client.time_markers.create({"name": "NEW", "color": "#ffffff"}))
    content(client.pins.create({"name": "NEW", "color": "#ffffff"}))
    assert client.jobs.get("SRV-1001").data["customerName"] == "Brouwerij De Linde"
    assert len(client.tasks.get(is_open=True, page=1, page_size=2).data) == 2
    content(client.notifications.create({"text": "late", "type": 1}))
    assert client.notifications.get(1, 10, sort="createdAt:desc").data[0]["text"] == "late"
    content(client.messages.send({"text": "hello", "user": "ann", "severity": "Info"}))
    content(client.users.create({"name": "zoe", "type": 2, "email": "zoe@contoso.test"}))
    assert client.resource_types.get_all().data
    assert client.calendars.get_all().ok


def test_recurring_appointments_are_made_and_taken_away(client: Any) -> None:
    made = content(
        client.recurring_appointments.create(
            {
                "startDate": "2031-05-06T09:00:00",
                "endDate": "2031-05-06T10:00:00",
                "resource": "VAN1",
                "jobNo": "SRV-1001",
                "taskNo": "10",
                "recurrenceRule": "FREQ=WEEKLY;COUNT=3",
            }
        )
    )
    assert len(listed(client, "VAN1")) == 3
    content(client.recurring_appointments.delete({"appointmentId": made["Appointments"][0]["Id"]}))
    assert listed(client, "VAN1") == []


def test_an_import_runs_and_a_repeat_with_the_same_guid_is_an_update(client: Any) -> None:
    guid = str(uuid.uuid4())
    parameters = {
        "AppointmentGuid": guid,
        "Start": "2031-05-07 09:00:00Z",
        "End": "2031-05-07 10:00:00Z",
        "Subject": "Dentist",
        "ResourceEmail": "ann@contoso.test",
        "ShowAs": "4",
        "Sensitivity": "1",
        "Categories": "Absence",
    }
    row = {
        "StoredProcedureName": "mboc_upsertExchangeAppointment",
        "ParameterNames": list(parameters),
        "ParameterValues": list(parameters.values()),
    }
    first, again = content(client.imports.run([row])), content(client.imports.run([row]))
    assert first["Appointments"] == again["Appointments"]
    (shown,) = listed(client, "R001")
    assert (shown["appointmentGuid"], shown["showAs"], shown["category"]["name"]) == (guid, 4, "ABSENCE")
    content(client.imports.run([{**row, "StoredProcedureName": "mboc_deleteExchangeAppointment"}]))
    assert listed(client) == []


def test_a_failure_inside_200_looks_like_success_to_this_client(client: Any) -> None:
    result = client.imports.run(
        [{"StoredProcedureName": "mboc_no", "ParameterNames": [], "ParameterValues": []}]
    )
    assert result.ok
    assert result.data["statusCode"] == 400
    assert "mboc_no" in json.loads(result.data["content"])["Description"]


def test_errors_arrive_as_the_clients_own_types(services: LocalServices, client: Any) -> None:
    errors = pytest.importorskip("dimescheduler.errors")
    for result, kind in (
        (client.appointments.get_by_id("nothing"), errors.NotFoundError),
        (client.resources.create({"resourceNo": "x" * 51}), errors.ValidationError),
        (client.geocoding.geocode({"city": "Gent"}), errors.AuthorizationError),
    ):
        error = result.to_error()
        assert type(error) is kind
        assert str(error) != f"HTTP {error.status_code}", "the message of the answer is understood"
    for stranger in opened(services, "wrong key"):
        assert type(stranger.resources.get_all().to_error()) is errors.AuthenticationError


@pytest.mark.parametrize(("status", "kind"), [(429, "RateLimitError"), (503, "ServerError")])
def test_the_client_retries_what_passes_and_reports_what_stays(
    services: LocalServices, client: Any, status: int, kind: str
) -> None:
    errors = pytest.importorskip("dimescheduler.errors")
    fault = {"service": "scheduler", "kind": "status", "status": status, "retryAfter": 0}
    services.control("POST", "/faults", {**fault, "times": 2})
    assert client.resources.get_all().ok
    services.control("POST", "/faults", fault)
    try:
        error = client.resources.get_all().to_error()
    finally:
        services.control("DELETE", "/faults")
    assert type(error) is getattr(errors, kind)
    assert (error.retry_after if status == 429 else 0) == 0

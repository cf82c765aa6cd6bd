"""What Dime.Scheduler's answers mean, through `requests` as in production: HTTP 200 may be a failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import requests_mock

from actors.clients.access import Grant
from actors.clients.errors import (
    AccessDenied,
    Conflict,
    Malformed,
    NotAuthenticated,
    NotFound,
    OutcomeUnknown,
    Problem,
    Rejected,
    Throttled,
    Unavailable,
)
from actors.clients.scheduler.operations import (
    ListAppointments,
    ListCategories,
    ListResources,
    ReadAppointment,
    RemoveAppointment,
    WriteAppointment,
)
from actors.clients.scheduler.webhooks import Change, SubscribeWebhook, UnsubscribeWebhook
from actors.clients.scheduler.wire import SchedulerWire
from actors.clients.transport import RequestsTransport
from models.ids import AppointmentGuid, AppointmentId, ResourceNo
from models.writes import AppointmentRemoval, AppointmentWrite
from tests.clients_kit import BOARD, DIALECT, WINDOW, drive

GUID = "fedd47e1-ef1b-4d6c-86db-0b586d5e149c"
WORDS = "Dentist on floor 3"
ROW = {
    "id": 7,
    "appointmentGuid": GUID,
    "subject": "Boiler",
    "start": "2026-11-24T09:00:00",
    "end": "2026-11-24T10:00:00",
    "assignments": [{"resource": {"resourceNo": "R001"}}],
}
IMPORT_URL = f"{BOARD}/import"
APPOINTMENT_URL = f"{BOARD}/appointment/7"
WRITE = WriteAppointment(
    write=AppointmentWrite(
        guid=AppointmentGuid(GUID),
        resource_no=ResourceNo("R001"),
        resource_email="a@x",
        outlook_born=True,
        subject=WORDS,
    )
)
REMOVE = RemoveAppointment(
    removal=AppointmentRemoval(
        guid=AppointmentGuid(GUID),
        id=AppointmentId("7"),
        resource_no=ResourceNo("R001"),
        resource_email="a@x",
        outlook_born=True,
    )
)


@pytest.fixture
def http() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def wire() -> SchedulerWire:
    return SchedulerWire(RequestsTransport(), scheduler_url=BOARD)


def envelope(content: Any, status: int = 200) -> dict[str, Any]:
    """The wrapper of the vendor's SDKs: JSON in a text in JSON."""
    return {"content": json.dumps(content), "contentType": "application/json", "statusCode": status}


WRITTEN = {
    "Success": True,
    "Message": "",
    "Status": 200,
    "Phrase": "OK",
    "Appointments": [{"Id": 7, "Guid": GUID.upper()}],
}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Rejected),
        (401, NotAuthenticated),
        (403, AccessDenied),
        (404, NotFound),
        (409, Conflict),
        (422, Rejected),
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
        (302, Malformed),
    ],
)
def test_a_status_means(http: requests_mock.Mocker, status: int, expected: type[Problem]) -> None:
    http.get(APPOINTMENT_URL, status_code=status, json={"message": WORDS, "error": WORDS})
    with pytest.raises(expected) as raised:
        drive(ReadAppointment(id=AppointmentId("7")).steps(DIALECT), wire())
    assert raised.value.about.status == status
    assert WORDS not in f"{raised.value!s} {raised.value!r} {raised.value.remedy}"


def test_the_reason_of_a_refusal_is_kept_beside_its_text(http: requests_mock.Mocker) -> None:
    http.post(IMPORT_URL, status_code=400, json={"message": "category is unknown"})
    with pytest.raises(Rejected) as raised:
        drive(WRITE.steps(DIALECT), wire())
    assert raised.value.explanation == "category is unknown"
    assert "category" not in str(raised.value)


FAILURES = [
    envelope({"Error": "ValidationError", "Description": WORDS}, 400),
    envelope({"error": WORDS, "description": WORDS}, 500),
    envelope({"Success": False, "Message": WORDS, "Status": 400, "Phrase": "Bad"}),
    envelope({"Error": "ValidationError", "Description": WORDS}),
    {"Content": json.dumps({"Error": "x"}), "StatusCode": "400"},
    {"content": WORDS, "contentType": "text/plain", "statusCode": 400},
    {"content": {"Success": "false"}, "statusCode": 200},
    {"success": False, "message": WORDS, "status": 400, "phrase": "Bad Request"},
    {"Success": "False", "Message": WORDS},
    {"Error": "ValidationError", "Description": WORDS},
]


@pytest.mark.parametrize("body", FAILURES)
def test_d8_a_success_of_http_that_says_failure_inside_is_a_failure(
    http: requests_mock.Mocker, body: dict[str, Any]
) -> None:
    http.post(IMPORT_URL, json=body)
    with pytest.raises((Rejected, OutcomeUnknown)) as raised:
        drive(WRITE.steps(DIALECT), wire())
    assert WORDS not in f"{raised.value!s} {raised.value!r}"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [(401, NotAuthenticated), (404, NotFound), (409, Conflict), (429, Throttled), (503, OutcomeUnknown)],
)
def test_d8_the_status_inside_counts_as_one_of_http(
    http: requests_mock.Mocker, inner: int, expected: type[Problem]
) -> None:
    http.post(IMPORT_URL, json=envelope({"Error": "x"}, inner))
    with pytest.raises(expected):
        drive(WRITE.steps(DIALECT), wire())


@pytest.mark.parametrize(
    "body",
    [
        envelope(WRITTEN),
        {"content": WRITTEN, "statusCode": 200},
        {"CONTENT": json.dumps(WRITTEN), "STATUSCODE": "200"},
        WRITTEN,
        {"success": True, "appointments": [{"id": "7", "guid": f"{{{GUID}}}"}]},
        [{"Id": 7, "Guid": GUID}],
        {"id": 7, "appointmentGuid": GUID},
    ],
)
def test_a_write_tells_the_id_in_every_shape_of_answer(http: requests_mock.Mocker, body: object) -> None:
    http.post(IMPORT_URL, json=body)
    written = drive(WRITE.steps(DIALECT), wire())
    assert (written.guid, written.id) == (GUID, "7")


@pytest.mark.parametrize("body", [envelope({"Success": True}), envelope(None), {"success": True}])
def test_a_write_whose_answer_does_not_tell_the_id_has_happened_all_the_same(
    http: requests_mock.Mocker, body: object
) -> None:
    http.post(IMPORT_URL, json=body)
    assert drive(WRITE.steps(DIALECT), wire()).id is None


def test_a_write_is_one_row_with_the_key_in_the_header(http: requests_mock.Mocker) -> None:
    http.post(IMPORT_URL, json=envelope(WRITTEN))
    drive(WRITE.steps(DIALECT), wire())
    [sent] = http.request_history
    assert sent.headers["X-API-KEY"] == "the-token"
    assert [row["StoredProcedureName"] for row in sent.json()] == ["mboc_upsertExchangeAppointment"]


@pytest.mark.parametrize("body", ["<html>", "", "{", "null", "{}", '"x"', "7", '{"value": 3}', "[1]"])
def test_c11_a_listing_that_is_no_list_is_an_error_and_never_an_empty_one(
    http: requests_mock.Mocker, body: str
) -> None:
    http.get(f"{BOARD}/appointment", text=body)
    with pytest.raises(Malformed):
        drive(ListAppointments(window=WINDOW).steps(DIALECT), wire())
    http.get(f"{BOARD}/resource", text=body)
    with pytest.raises(Malformed):
        drive(ListResources().steps(DIALECT), wire())


@pytest.mark.parametrize("body", FAILURES)
def test_c11_a_listing_that_says_failure_inside_is_an_error(
    http: requests_mock.Mocker, body: dict[str, Any]
) -> None:
    http.get(f"{BOARD}/appointment", json=body)
    with pytest.raises((Rejected, Unavailable)):
        drive(ListAppointments(window=WINDOW).steps(DIALECT), wire())


def test_an_empty_list_is_one(http: requests_mock.Mocker) -> None:
    http.get(f"{BOARD}/appointment", json=[])
    assert drive(ListAppointments(window=WINDOW).steps(DIALECT), wire()).appointments == ()


@pytest.mark.parametrize("wrap", [lambda rows: rows, envelope, lambda rows: {"Value": rows}])
def test_a_listing_is_read_in_every_wrapper_and_asked_for_in_the_board_s_clock(
    http: requests_mock.Mocker, wrap: Any
) -> None:
    http.get(f"{BOARD}/appointment", json=wrap([ROW, ROW | {"id": 8, "appointmentGuid": None}]))
    operation = ListAppointments(window=WINDOW, resources=(ResourceNo("R 1"), ResourceNo("R2")))
    listing = drive(operation.steps(DIALECT), wire())
    assert [appointment.id for appointment in listing.appointments] == ["7"]
    assert listing.unreadable == ("8",)
    query = http.request_history[0].qs
    assert query["startdate"] == ["2026-11-08t01:00:00"], "a day wider, in Brussels"
    assert query["resources"] == ["r 1", "r2"]


def test_many_resources_are_asked_for_in_several_requests(http: requests_mock.Mocker) -> None:
    http.get(f"{BOARD}/appointment", json=[ROW])
    numbers = tuple(ResourceNo(f"R{number}") for number in range(120))
    listing = drive(ListAppointments(window=WINDOW, resources=numbers).steps(DIALECT), wire())
    assert len(http.request_history) == 3
    assert len(listing.appointments) == 1


@pytest.mark.parametrize("answer", [{"status_code": 404}, {"text": "null"}, {"json": []}, {"text": ""}])
def test_an_appointment_that_does_not_exist_is_not_found(
    http: requests_mock.Mocker, answer: dict[str, Any]
) -> None:
    http.get(APPOINTMENT_URL, **answer)
    with pytest.raises(NotFound):
        drive(ReadAppointment(id=AppointmentId("7")).steps(DIALECT), wire())


def test_an_appointment_that_is_gone_already_has_been_removed(http: requests_mock.Mocker) -> None:
    http.post(IMPORT_URL, json=envelope({"Error": "x"}, 404))
    assert drive(REMOVE.steps(DIALECT), wire()) is None


@pytest.mark.parametrize("found", [{"status_code": 404}, {"json": ROW | {"assignments": []}}])
def test_a_refused_removal_of_what_is_not_planned_any_more_is_success(
    http: requests_mock.Mocker, found: dict[str, Any]
) -> None:
    http.post(IMPORT_URL, json=envelope({"Error": "x", "Description": "does not exist"}, 400))
    http.get(APPOINTMENT_URL, **found)
    assert drive(REMOVE.steps(DIALECT), wire()) is None


def test_a_refused_removal_of_what_is_still_planned_is_refused(http: requests_mock.Mocker) -> None:
    http.post(IMPORT_URL, json=envelope({"Error": "x"}, 400))
    http.get(APPOINTMENT_URL, json=ROW)
    with pytest.raises(Rejected):
        drive(REMOVE.steps(DIALECT), wire())


def test_categories_are_read_from_the_older_route_as_well(http: requests_mock.Mocker) -> None:
    http.get(f"{BOARD}/category", status_code=404)
    http.get(f"{BOARD}/categories", json=[{"Name": "SERVICE", "DisplayName": "Service", "Color": "#fff"}, {}])
    [category] = drive(ListCategories().steps(DIALECT), wire())
    assert (category.name, category.display_name, category.color) == ("SERVICE", "Service", "#fff")


@pytest.mark.parametrize(
    ("answer", "hook"),
    [
        ({"headers": {"Location": f"{BOARD}/webhooks/AppointmentCreated/h-1"}, "status_code": 201}, "h-1"),
        ({"json": {"Id": 12}, "status_code": 201}, "12"),
        ({"status_code": 201}, ""),
    ],
)
def test_a_webhook_is_subscribed_to(http: requests_mock.Mocker, answer: dict[str, Any], hook: str) -> None:
    http.post(f"{BOARD}/webhooks/AppointmentCreated", **answer)
    operation = SubscribeWebhook(change=Change.CREATED, source_app="BC", url="https://h/hooks")
    assert drive(operation.steps(DIALECT), wire()) == hook
    assert http.request_history[0].json() == {
        "sourceApp": "BC",
        "notificationURL": "https://h/hooks",
        "resource": "Appointments",
        "changeType": ["Create"],
        "name": "Exchange connector",
    }


def test_a_webhook_is_unsubscribed_from_and_gone_is_success(http: requests_mock.Mocker) -> None:
    http.delete(f"{BOARD}/webhooks/AppointmentDeleted/h%2F1", status_code=404)
    assert drive(UnsubscribeWebhook(change=Change.DELETED, id="h/1").steps(DIALECT), wire()) is None


@pytest.mark.parametrize(
    "failure",
    [
        {"status_code": 503},
        {"exc": requests.exceptions.ReadTimeout},
        {"text": "<html>"},
        {"json": envelope({"Error": "x"}, 500)},
    ],
)
def test_d2_a_webhook_that_may_have_been_made_is_not_made_again(
    http: requests_mock.Mocker, failure: dict[str, Any]
) -> None:
    http.post(f"{BOARD}/webhooks/AppointmentCreated", **failure)
    operation = SubscribeWebhook(change=Change.CREATED, source_app="BC", url="https://h/hooks")
    with pytest.raises(OutcomeUnknown):
        drive(operation.steps(DIALECT), wire())


def test_a_connection_that_never_came_about_is_no_unknown_outcome(http: requests_mock.Mocker) -> None:
    http.post(f"{BOARD}/webhooks/AppointmentCreated", exc=requests.exceptions.ConnectTimeout)
    operation = SubscribeWebhook(change=Change.CREATED, source_app="BC", url="https://h/hooks")
    with pytest.raises(Unavailable) as raised:
        drive(operation.steps(DIALECT), wire())
    assert not raised.value.reached


def test_the_key_is_in_no_representation_of_what_is_sent() -> None:
    assert "the-key" not in repr(Grant(secret="the-key"))

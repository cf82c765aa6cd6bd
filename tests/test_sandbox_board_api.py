"""The HTTP API of the local Dime.Scheduler: who may come in, appointments in every notation, lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.board_kit import API_KEY, GUID, SOURCE, TIMES, WORK, Kit, inner, numbers

INSTALL = {"id": 2, "name": "INSTALL", "displayName": "Install", "color": "#00ff00"}
IN_PROCESS = {"id": 1, "name": "IN PROCESS", "color": "#ff0000"}
FIELD_VALUE = {"fieldCode": "C", "fieldValue": "V"}
URL = {"url": "http://u", "description": "D"}
CREATE = {**WORK, **TIMES, "resourceNo": "R1"}


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"authorization": "Bearer wrong"}])
def test_a_stranger_is_refused_with_a_problem_that_the_sdk_can_read(headers: dict[str, str]) -> None:
    response = Kit.open().call("GET", "/resource", headers=headers)
    assert response.status == 401
    assert response.headers["content-type"].startswith("application/problem+json")
    assert response.json()["detail"]
    assert response.json()["title"] == "Unauthorized"


def test_a_forms_user_gets_a_token_and_comes_in_with_it() -> None:
    kit = Kit.open()
    kit.write("POST", "/user", {"name": "zoe", "password": "pw", "type": 1})
    kit.write("POST", "/user", {"name": "entra", "password": "pw", "type": 2})
    given = kit.call("POST", "/token", {"username": "zoe", "password": "pw"}, headers={})
    bearer = {"authorization": f"Bearer {given.json()['token']}"}
    assert kit.call("POST", "/appointment", CREATE, headers=bearer).status == 200
    assert kit.only()["createdUser"] == "zoe"
    for name, password in (("zoe", "no"), ("entra", "pw"), ("nobody", "pw")):
        answer = kit.call("POST", "/token", {"username": name, "password": password}, headers={})
        assert answer.status == 401, name


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("GET", "/", None, 404),
        ("POST", "/nothing", {}, 404),
        ("PATCH", "/appointment", {}, 405),
        ("POST", "/appointment", b"", 400),
        ("POST", "/appointment", b"{", 400),
        ("POST", "/appointment", b"\xff", 400),
        ("POST", "/appointment", "text", 400),
        ("POST", "/appointment/5", {}, 404),
        ("GET", "/appointment", None, 400),
        ("GET", "/appointment?startDate=2026-03-01", None, 400),
        ("GET", "/appointment?startDate=soon&endDate=later", None, 400),
        ("GET", "/appointment/unknown", None, 404),
        ("POST", "/geocode", {}, 403),
        ("POST", "/optimization/fieldService", {}, 403),
    ],
)
def test_what_cannot_be_answered_is_a_problem(method: str, path: str, body: Any, status: int) -> None:
    response = Kit.open().call(method, path, body)
    assert response.status == status
    assert response.json()["status"] == status


def test_a_body_that_is_not_json_by_its_own_word_is_refused() -> None:
    headers = {"x-api-key": API_KEY, "content-type": "text/plain"}
    assert Kit.open().call("POST", "/pin", {"name": "X"}, headers=headers).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize("pascal", [True, False])
def test_one_object_or_an_array_in_any_letter_case_by_post_or_put(
    method: str, *, as_list: bool, pascal: bool
) -> None:
    kit = Kit.open()
    entity = {**CREATE, "appointmentGuid": GUID, "isAllDay": True, "planningQuantity": "1.5", "importance": 1}
    if pascal:
        entity = {name[0].upper() + name[1:]: value for name, value in entity.items()}
    answer = kit.write(method, "/appointment", [entity] if as_list else entity)
    assert answer.ok
    shown = kit.only()
    assert answer.content["Appointments"] == [{"Id": shown["id"], "Guid": GUID}]
    assert (shown["isAllDay"], shown["planningQty"], shown["importance"]) == (True, 1.5, 1)


def test_the_names_of_the_import_parameters_are_understood_too() -> None:
    kit = Kit.open()
    assert kit.write("POST", "/appointment", {**CREATE, "IsAllDayEvent": "True", "PlanningUOM": "H"}).ok
    assert (kit.only()["isAllDay"], kit.only()["planningUom"]) == (True, "H")


def test_category_and_time_marker_are_taken_by_name_or_by_id() -> None:
    kit = Kit.open()
    assert kit.write("POST", "/appointment", {**CREATE, "category": "install", "timeMarkerId": 1}).ok
    shown = kit.only()
    assert shown["category"] == INSTALL
    assert shown["timeMarker"] == IN_PROCESS


def test_an_appointment_is_found_by_id_guid_or_number() -> None:
    kit = Kit.open()
    made = kit.plan()
    for key in (made["id"], made["appointmentGuid"].upper(), made["appointmentNo"]):
        assert kit.get(f"/appointment/{key}")["id"] == made["id"]
        assert kit.write(
            "PUT", "/appointment", {"appointmentNo": made["appointmentNo"], "subject": f"{key}"}
        ).ok
        assert kit.only()["subject"] == str(key)
    assert kit.write("PUT", "/appointment", {"id": made["id"], "subject": "as JsSDK names it"}).ok


def test_an_unknown_number_that_the_client_chose_is_kept() -> None:
    kit = Kit.open()
    for _ in range(2):
        assert kit.write("POST", "/appointment", {**CREATE, "appointmentNo": "mine-1"}).ok
    assert kit.only()["appointmentNo"] == "mine-1"


def test_an_id_and_a_guid_of_different_appointments_are_refused() -> None:
    kit = Kit.open()
    first, second = kit.plan(), kit.plan()
    mixed = {"appointmentId": first["id"], "appointmentGuid": second["appointmentGuid"]}
    assert "different appointments" in kit.write("PUT", "/appointment", mixed).problem


def test_what_the_database_refuses_is_told_inside_200_and_what_the_schema_refuses_is_not() -> None:
    kit = Kit.open()
    assert kit.write("POST", "/appointment", {**CREATE, "resourceNo": "R9"}).status == 400
    assert kit.call("POST", "/appointment", {**CREATE, "sourceApp": "x" * 31}).status == 400
    missing = kit.call("POST", "/appointment", {name: CREATE[name] for name in CREATE if name != "jobNo"})
    assert missing.status == 400
    assert missing.json()["errors"] == {"jobNo": ["The jobNo field is required."]}


def test_an_array_stops_at_the_object_that_the_database_refuses() -> None:
    kit = Kit.open()
    answer = kit.write("POST", "/appointment", [CREATE, {**CREATE, "jobNo": "J9"}, CREATE])
    assert not answer.ok
    assert len(kit.appointments()) == 1


def test_a_delete_carries_its_identity_in_the_body() -> None:
    kit = Kit.open()
    made = kit.plan(resources=["R1", "R2"])
    assert kit.write(
        "DELETE", "/appointment", {"appointmentGuid": made["appointmentGuid"], "resourceNo": "R2"}
    ).ok
    assert numbers(kit.only()) == ["R1"]
    assert kit.write("DELETE", "/appointment", [{"appointmentId": made["id"]}]).ok
    assert kit.appointments() == []


def test_assignments_are_added_and_removed() -> None:
    kit = Kit.open()
    made = kit.plan()
    assignment = {**SOURCE, "appointmentNo": made["appointmentNo"], "resourceNo": "R2"}
    assert kit.write("POST", "/assignment", assignment).ok
    assert numbers(kit.only()) == ["R1", "R2"]
    assert [numbers(each) for each in kit.appointments("R2")] == [["R1", "R2"]]
    assert kit.write("DELETE", "/assignment", assignment).ok
    assert kit.appointments("R2") == []
    assert "R9" in kit.write("POST", "/assignment", {**assignment, "resourceNo": "R9"}).problem


@pytest.mark.parametrize(
    ("path", "values", "shown", "after_delete"),
    [
        ("/appointmentCategory", {"category": "INSTALL"}, ("category", INSTALL), None),
        ("/appointmentTimeMarker", {"timeMarker": "IN PROCESS"}, ("timeMarker", IN_PROCESS), None),
        ("/appointmentcontent", {"subject": "S", "body": "B"}, ("body", "B"), ""),
        ("/appointmentContent", {"body": "B"}, ("body", "B"), ""),
        ("/appointmentImportance", {"importance": 2}, ("importance", 2), 0),
        ("/appointmentLocked", {"locked": True}, ("locked", True), False),
        ("/appointmentPlanningQuantity", {"quantity": 4}, ("planningQty", 4), 0),
        ("/appointmentFieldValue", FIELD_VALUE, ("appointmentFieldValues", [FIELD_VALUE]), []),
        ("/appointmentUri", {"uri": "http://u", "description": "D"}, ("appointmentUrls", [URL]), []),
    ],
)
def test_every_part_of_an_appointment_has_a_route(
    path: str, values: dict[str, Any], shown: tuple[str, Any], after_delete: Any
) -> None:
    kit = Kit.open()
    identity = {"appointmentNo": kit.plan()["appointmentNo"]}
    name, expected = shown
    assert kit.write("PUT", path, {**identity, **values}).ok
    assert kit.only()[name] == expected
    assert kit.write("DELETE", path, {**identity, **values}).ok
    assert kit.only()[name] == after_delete


def test_the_range_is_half_open_and_an_appointment_counts_when_it_shares_time_with_it() -> None:
    kit = Kit.open()
    for start, end in (
        ("2026-03-01T22:00", "2026-03-02T02:00"),
        ("2026-03-02T00:00", "2026-03-02T00:00"),
        ("2026-03-02T23:00", "2026-03-03T00:00"),
        ("2026-03-03T00:00", "2026-03-03T01:00"),
        ("2025-01-01T00:00", "2027-01-01T00:00"),
        ("2026-03-01T23:00", "2026-03-02T00:00"),
    ):
        kit.plan(start=start, end=end)
    found = kit.appointments(start="2026-03-02", end="2026-03-03")
    assert [each["start"] for each in found] == [
        "2025-01-01T00:00:00",
        "2026-03-01T22:00:00",
        "2026-03-02T00:00:00",
        "2026-03-02T23:00:00",
    ]
    assert kit.appointments(start="2026-03-03", end="2026-03-02T12:00") == [found[0]]


def test_resources_are_named_by_repeating_the_parameter_in_any_letter_case() -> None:
    kit = Kit.open()
    kit.board.resource_create({"resourceNo": "R3"})
    for number in ("R1", "R2", "R3"):
        kit.plan(resources=[number])
    assert [numbers(each)[0] for each in kit.appointments("r1", "R3")] == ["R1", "R3"]
    assert kit.appointments("R9") == []
    assert len(kit.appointments()) == 3


def test_a_moved_appointment_is_listed_where_it_went() -> None:
    kit = Kit.open()
    made = kit.plan()
    kit.board.planner_change(made["appointmentNo"], {"start": "2026-04-01T09:00", "end": "2026-08-01T10:00"})
    assert kit.appointments() == []
    assert len(kit.appointments("R1", start="2026-06-01", end="2026-06-02")) == 1
    kit.board.planner_change(made["appointmentNo"], {"end": "2026-04-01T10:00"})
    assert kit.appointments("R1", start="2026-06-01", end="2026-06-02") == []


def test_an_appointment_shows_what_a_rule_may_ask_for() -> None:
    kit = Kit.open()
    kit.plan(category="SERVICE", body="b", locked=True)
    shown = kit.only()
    assert shown["task"]["freeBit1"] is True
    assert shown["task"]["freeText20"] == ""
    assert shown["task"]["job"]["customerName"] == "De Linde"
    assert shown["assignments"][0]["resource"]["email"] == "ann@contoso.test"
    assert shown["createdDate"] == shown["lastModifiedDate"] == "2026-03-02T09:00:00.000", (
        "UTC without a suffix"
    )
    assert {
        "subject",
        "isManualAppointment",
        "planningQty",
        "createdUser",
        "lastModifiedUser",
    } <= shown.keys()


def test_a_listing_follows_changes_of_what_it_shows() -> None:
    kit = Kit.open()
    kit.plan(category="SERVICE")
    kit.only()
    kit.write("PUT", "/category", {"name": "SERVICE", "displayName": "Renamed"})
    kit.write("PUT", "/job", {**SOURCE, "jobNo": "J1", "customerName": "Someone else"})
    kit.write("PUT", "/resource", {"resourceNo": "R1", "email": "new@contoso.test"})
    shown = kit.only()
    assert shown["category"]["displayName"] == "Renamed"
    assert shown["task"]["job"]["customerName"] == "Someone else"
    assert shown["assignments"][0]["resource"]["email"] == "new@contoso.test"


@pytest.mark.parametrize(
    ("quirks", "start", "value"),
    [
        ({}, "start", "2026-03-03T09:00:00"),
        ({"time_names": "startDate"}, "startDate", "2026-03-03T09:00:00"),
        ({"time_style": "wall_z"}, "start", "2026-03-03T09:00:00Z"),
        ({"time_style": "utc_z"}, "start", "2026-03-03T08:00:00Z"),
    ],
)
def test_what_the_sources_leave_open_is_a_switch(quirks: dict[str, Any], start: str, value: str) -> None:
    kit = Kit.open(**quirks, assignment_list="resources")
    kit.plan()
    assert kit.only()[start] == value
    assert kit.only()["resources"][0]["resource"]["resourceNo"] == "R1"


def test_a_recurring_request_becomes_appointments_of_their_own() -> None:
    kit = Kit.open()
    request = {
        "startDate": "2026-03-02T09:00:00",
        "endDate": "2026-03-02T10:30:00",
        "resource": "R1",
        "taskNo": "T1",
        "jobNo": "J1",
        "categoryName": "SERVICE",
        "timeMarkerName": "IN PROCESS",
        "recurrenceRule": "FREQ=DAILY;INTERVAL=2;COUNT=3",
        "subject": "Round",
    }
    answer = kit.write("POST", "/appointmentRecurring", request)
    shown = kit.appointments()
    assert [each["start"] for each in shown] == [f"2026-03-0{day}T09:00:00" for day in (2, 4, 6)]
    assert {(each["subject"], each["category"]["name"], each["end"][11:]) for each in shown} == {
        ("Round", "SERVICE", "10:30:00")
    }
    assert [each["Id"] for each in answer.content["Appointments"]] == [each["id"] for each in shown]
    kit.board.planner_delete(shown[0]["appointmentNo"])
    assert len(kit.appointments()) == 2, "each is an appointment of its own"
    assert kit.write("DELETE", "/appointmentRecurring", {"appointmentId": shown[1]["id"]}).ok
    assert kit.appointments() == []


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY", "every day", "FREQ=DAILY;COUNT=9999", "FREQ=DAILY;UNTIL=20250101"]
)
def test_a_recurrence_without_an_end_or_an_occurrence_is_refused(rule: str) -> None:
    kit = Kit.open()
    request = {**CREATE, "recurrenceRule": rule}
    answer = kit.call("POST", "/appointmentRecurring", request)
    assert answer.status == 400 or not inner(answer).ok
    assert kit.appointments() == []


def test_a_run_replays_from_its_seed() -> None:
    first, second = Kit.open(), Kit.open()
    for kit in (first, second):
        kit.plan()
        kit.run("mboc_upsertAppointment", **{**CREATE, "Subject": "x"})
    assert first.appointments() == second.appointments()

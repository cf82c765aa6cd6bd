"""POST /import of the local Dime.Scheduler: every procedure, every format, failures inside HTTP 200."""

from __future__ import annotations

from typing import Any

import pytest

from tests.board_kit import GUID, SOURCE, TIMES, WORK, Kit, numbers
from tests.sandbox.scheduler.operations import procedures

CREATE = {**WORK, **TIMES, "ResourceNo": "R1", "Subject": "Compressor"}
EXCHANGE = {**TIMES, "Subject": "Dentist", "ResourceEmail": "ann@contoso.test", "ShowAs": 4, "Sensitivity": 1}

DATES = {
    "2026-03-03T09:00": "2026-03-03T09:00:00",
    "2026-03-03T09:00:21Z": "2026-03-03T09:00:21",
    "2026-03-03 09:00:00Z": "2026-03-03T09:00:00",
    "2026-03-03T09:00:00.123Z": "2026-03-03T09:00:00.123",
    "2026-03-03 09:00:00": "2026-03-03T09:00:00",
    "2026-03-03T09:00:00": "2026-03-03T09:00:00",
    "2026-03-03T09:00:00.0000000": "2026-03-03T09:00:00",
    "2026-03-03": "2026-03-03T00:00:00",
    "2026-03-03T09:00:00+05:00": "2026-03-03T09:00:00",
}


@pytest.mark.parametrize("sent", DATES)
def test_every_date_format_of_the_sdks_is_read_as_the_wall_clock_it_shows(sent: str) -> None:
    kit = Kit.open()
    assert kit.run("mboc_upsertAppointment", **{**CREATE, "Start": sent, "End": "2026-03-03T12:00"}).ok
    assert kit.only()["start"] == DATES[sent]


@pytest.mark.parametrize("sent", ["03/03/2026", "2026-13-01", "2026-03-03T25:00", "tomorrow", "20260303"])
def test_other_dates_are_refused_inside_200(sent: str) -> None:
    kit = Kit.open()
    refused = kit.run("mboc_upsertAppointment", **{**CREATE, "Start": sent})
    assert refused.status == 400
    assert sent in refused.problem
    assert kit.appointments() == []


def test_an_offset_counts_only_where_the_board_is_told_to_honour_it() -> None:
    kit = Kit.open(offset_reading="convert", time_style="utc_z")
    assert kit.run("mboc_upsertAppointment", **{**CREATE, "Start": "2026-03-03T08:00:00Z"}).ok
    assert kit.only()["start"] == "2026-03-03T08:00:00Z"
    assert kit.board.planner_list()[0]["end"] == "2026-03-03T09:00:00Z", "10:00 in Brussels"


@pytest.mark.parametrize(
    ("sent", "read"),
    [("True", True), ("true", True), ("1", True), ("False", False), ("false", False), ("0", False)],
)
def test_booleans_come_in_three_spellings(sent: str, *, read: bool) -> None:
    kit = Kit.open()
    assert kit.run("mboc_upsertAppointment", **{**CREATE, "Locked": sent}).ok
    assert kit.only()["locked"] is read


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"Locked": "yes"}, "Locked"),
        ({"Importance": "High"}, "importance"),
        ({"Importance": "3"}, "Importance"),
        ({"AppointmentGuid": "not-a-guid"}, "appointmentGuid"),
        ({"AppointmentId": "99999999999999999999"}, "appointmentId"),
        ({"PlanningQty": "1,5"}, "planningQuantity"),
        ({"SourceApp": "x" * 31}, "maximum length of 30"),
        ({"SourceType": "x" * 11}, "maximum length of 10"),
        ({"JobNo": "x" * 51}, "maximum length of 50"),
        ({"BackofficeID": "x" * 101}, "maximum length of 100"),
        ({"PlanningUOM": "x" * 21}, "maximum length of 20"),
        ({"JobNo": "J9"}, "job 'J9'"),
        ({"TaskNo": "T9"}, "task 'T9'"),
        ({"ResourceNo": "R9"}, "resource 'R9'"),
        ({"Category": "NOPE"}, "category 'NOPE'"),
        ({"TimeMarker": "NOPE"}, "timeMarker 'NOPE'"),
        ({"AppointmentId": "77"}, "id 77"),
        ({"End": "2026-03-03T08:59"}, "before the start"),
        ({"Color": "red"}, "@Color is not a parameter for procedure mboc_upsertAppointment"),
        ({"Start": None}, "start field is required"),
        ({"SourceApp": ""}, "sourceApp field is required"),
        ({"TaskNo": None}, "taskNo field is required"),
        ({"ResourceNo": None}, "resourceNo field is required"),
    ],
)
def test_what_the_procedure_refuses_is_a_failure_inside_200(parameters: dict[str, Any], told: str) -> None:
    kit = Kit.open()
    merged = {name.lower(): value for name, value in CREATE.items()}
    merged |= {
        name if name.lower() not in merged else name.lower(): value for name, value in parameters.items()
    }
    refused = kit.run("mboc_upsertAppointment", **merged)
    assert refused.status == 400
    assert set(refused.content) == {"Error", "Description"}
    assert told.lower() in refused.problem.lower()
    assert kit.appointments() == []


def test_parameter_names_come_in_any_letter_case_with_or_without_an_at_sign() -> None:
    kit = Kit.open()
    parameters = {f"@{name.upper()}": value for name, value in CREATE.items()}
    assert kit.run("MBOC_UPSERTAPPOINTMENT", **parameters).ok
    assert kit.only()["subject"] == "Compressor"


def test_an_unknown_procedure_is_a_failure_inside_200() -> None:
    assert "mboc_upsertNothing" in Kit.open().run("mboc_upsertNothing").problem


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"StoredProcedureName": "mboc_upsertPin", "ParameterNames": ["Name"], "ParameterValues": []},
        {"StoredProcedureName": "mboc_upsertPin", "ParameterNames": "Name", "ParameterValues": "X"},
        {"StoredProcedureName": "mboc_upsertPin", "ParameterNames": [1], "ParameterValues": ["X"]},
        "mboc_upsertPin",
    ],
)
def test_a_malformed_row_is_a_failure_inside_200(row: Any) -> None:
    assert not Kit.open().write("POST", "/import", [row]).ok


def test_success_names_the_appointment_by_id_and_guid() -> None:
    kit = Kit.open()
    answer = kit.run("mboc_upsertAppointment", **CREATE)
    shown = kit.only()
    assert answer.content == {
        "Success": True,
        "Message": "",
        "Status": 200,
        "Phrase": "OK",
        "Appointments": [{"Id": shown["id"], "Guid": shown["appointmentGuid"]}],
    }


def test_a_failure_may_also_wear_the_dress_of_a_success() -> None:
    refused = Kit.open(failure_content="success_false").run("mboc_nothing")
    assert refused.status == 200
    assert refused.content["Success"] is False


def test_the_flat_answer_has_no_envelope() -> None:
    kit = Kit.open(write_answer="flat")
    good = kit.call(
        "POST",
        "/import",
        [{"StoredProcedureName": "mboc_upsertPin", "ParameterNames": ["Name"], "ParameterValues": ["X"]}],
    )
    assert good.json() == {"success": True, "message": "", "status": 200, "phrase": "OK", "appointments": []}
    bad = kit.call("POST", "/import", [{"StoredProcedureName": "mboc_nothing"}])
    assert bad.status == 200
    assert bad.json()["success"] is False


def test_a_failing_row_does_not_undo_the_others_and_is_named() -> None:
    kit = Kit.open()
    answer = kit.rows(
        ("mboc_upsertAppointment", CREATE),
        ("mboc_upsertAppointment", {**CREATE, "ResourceNo": "R9"}),
        ("mboc_upsertAppointment", {**CREATE, "ResourceNo": "R2"}),
    )
    assert "row 2" in answer.problem
    assert [numbers(each) for each in kit.appointments()] == [["R1"], ["R2"]]


def test_a_client_chosen_guid_makes_a_repeated_create_an_update() -> None:
    kit = Kit.open()
    first = kit.run("mboc_upsertAppointment", **CREATE, AppointmentGuid=GUID.upper())
    again = kit.run(
        "mboc_upsertAppointment", **{**CREATE, "Subject": "Moved", "AppointmentGuid": f"{{{GUID}}}"}
    )
    assert first.content["Appointments"] == again.content["Appointments"]
    assert (kit.only()["appointmentGuid"], kit.only()["subject"]) == (GUID, "Moved")


def test_without_an_identity_every_upsert_is_a_new_appointment() -> None:
    kit = Kit.open()
    for _ in range(2):
        assert kit.run("mboc_upsertAppointment", **CREATE).ok
    assert len(kit.appointments()) == 2


def test_the_other_reading_recognises_the_same_task_resource_and_times() -> None:
    kit = Kit.open(insert_matches="content")
    for _ in range(2):
        assert kit.run("mboc_upsertAppointment", **CREATE).ok
    assert len(kit.appointments()) == 1


def test_parameters_that_are_not_set_leave_values_alone() -> None:
    kit = Kit.open()
    kit.run(
        "mboc_upsertAppointment", **CREATE, AppointmentGuid=GUID, Category="SERVICE", Body="b", Locked="1"
    )
    before = kit.only()
    assert kit.run("mboc_upsertAppointment", AppointmentGuid=GUID, Subject="New", Category=None, Start="").ok
    changed = {name for name, value in kit.only().items() if value != before[name]}
    assert changed == {"subject"}


def test_an_empty_text_empties_and_an_empty_category_takes_it_away() -> None:
    kit = Kit.open()
    kit.run("mboc_upsertAppointment", **CREATE, AppointmentGuid=GUID, Category="service", Body="b")
    assert kit.only()["category"]["name"] == "SERVICE"
    assert kit.run("mboc_upsertAppointment", AppointmentGuid=GUID, Category="", Body="").ok
    assert (kit.only()["category"], kit.only()["body"]) == (None, "")


def test_an_upsert_adds_its_resource_or_puts_it_in_the_place_of_all_others() -> None:
    kit = Kit.open()
    kit.run("mboc_upsertAppointment", **CREATE, AppointmentGuid=GUID)
    kit.run("mboc_upsertAppointment", AppointmentGuid=GUID, ResourceNo="r2")
    assert numbers(kit.only()) == ["R1", "R2"]
    kit.run("mboc_upsertAppointment", AppointmentGuid=GUID, ResourceNo="R2", ReplaceResource="True")
    assert numbers(kit.only()) == ["R2"]
    assert kit.appointments("R1") == []


def test_deleting_with_a_resource_takes_that_assignment_and_the_appointment_with_the_last() -> None:
    kit = Kit.open()
    made = kit.plan(resources=["R1", "R2"])
    identity = {"AppointmentId": made["id"]}
    assert kit.run("mboc_deleteAppointment", **identity, ResourceNo="R1").ok
    assert numbers(kit.only()) == ["R2"]
    assert kit.run("mboc_deleteAppointment", **identity, ResourceNo="R1").ok, "not assigned: nothing happens"
    assert kit.run("mboc_deleteAppointment", **identity, ResourceNo="R2").ok
    assert kit.appointments() == []


def test_deleting_without_a_resource_takes_the_appointment_with_all_assignments() -> None:
    kit = Kit.open()
    made = kit.plan(resources=["R1", "R2"])
    assert kit.run("mboc_deleteAppointment", **WORK, AppointmentGuid=made["appointmentGuid"]).ok
    assert kit.appointments() == []


def test_deleting_what_is_gone_succeeds_unless_the_board_minds() -> None:
    assert Kit.open().run("mboc_deleteAppointment", AppointmentGuid=GUID).ok
    assert (
        "does not exist"
        in Kit.open(delete_missing="fail").run("mboc_deleteAppointment", AppointmentGuid=GUID).problem
    )
    assert "is required" in Kit.open().run("mboc_deleteAppointment", **SOURCE).problem


@pytest.mark.parametrize("procedure", ["mboc_addAppointmentResource", "mboc_upsertAppointmentResource"])
def test_assignments_come_under_both_names(procedure: str) -> None:
    kit = Kit.open()
    made = kit.plan()
    for _ in range(2):
        assert kit.run(procedure, **SOURCE, AppointmentId=made["id"], ResourceNo="R2").ok
    assert numbers(kit.only()) == ["R1", "R2"]
    assert kit.run("mboc_deleteAppointmentResource", **SOURCE, AppointmentId=made["id"], ResourceNo="R1").ok
    assert numbers(kit.only()) == ["R2"]


@pytest.mark.parametrize(
    ("procedure", "parameters", "reads"),
    [
        ("mboc_updateAppointmentCategory", {"Category": "INSTALL"}, ("category", "name", "INSTALL")),
        (
            "mboc_updateAppointmentTimeMarker",
            {"TimeMarker": "IN PROCESS"},
            ("timeMarker", "name", "IN PROCESS"),
        ),
        ("mboc_updateAppointmentContent", {"Subject": "S", "Body": "B"}, ("body", None, "B")),
        ("mboc_updateAppointmentImportance", {"Importance": 1}, ("importance", None, 1)),
        ("mboc_updateAppointmentLocked", {"Locked": "True"}, ("locked", None, True)),
        ("mboc_updateAppointmentPlanningQty", {"Quantity": "2.5"}, ("planningQty", None, 2.5)),
        (
            "mboc_updateAppointmentFieldValues",
            {"FieldCode": "C", "FieldValue": "V"},
            ("appointmentFieldValues", 0, {"fieldCode": "C", "fieldValue": "V"}),
        ),
        (
            "mboc_upsertAppointmentUrl",
            {"pUrl": "http://u", "pUrlDesc": "D"},
            ("appointmentUrls", 0, {"url": "http://u", "description": "D"}),
        ),
    ],
)
def test_one_part_of_an_appointment_changes_alone(
    procedure: str, parameters: dict[str, Any], reads: tuple[str, Any, Any]
) -> None:
    kit = Kit.open()
    made = kit.plan()
    before = kit.only()
    assert kit.run(procedure, **SOURCE, AppointmentGuid=made["appointmentGuid"], **parameters).ok
    name, inside, value = reads
    after = kit.only()
    assert (after[name] if inside is None else after[name][inside]) == value
    touched = {key for key in after if after[key] != before[key]}
    assert touched - {"subject"} == {name, "lastModifiedUser"}


def test_a_part_needs_its_value_and_its_appointment() -> None:
    kit = Kit.open()
    assert "required" in kit.run("mboc_updateAppointmentLocked", AppointmentId=1).problem
    assert "required" in kit.run("mboc_updateAppointmentLocked", Locked="1").problem
    assert "id 5" in kit.run("mboc_updateAppointmentLocked", Locked="1", AppointmentId=5).problem


def test_a_locked_appointment_moves_unless_the_board_guards_it() -> None:
    for guarded in (False, True):
        kit = Kit.open(locked_refuses_times=guarded)
        made = kit.plan(locked=True)
        answer = kit.run("mboc_upsertAppointment", AppointmentId=made["id"], Start="2026-03-03T08:00")
        assert answer.ok is not guarded
        assert kit.run("mboc_upsertAppointment", AppointmentId=made["id"], Subject="may change").ok


def test_unknown_parameters_pass_where_the_board_ignores_them() -> None:
    kit = Kit.open(unknown_parameters="ignore")
    assert kit.run("mboc_upsertExchangeAppointment", **EXCHANGE, IsAllDayEvent="True").ok


def test_setup_fills_a_board_with_lists_under_the_names_of_their_routes() -> None:
    kit = Kit.open()
    payload = {"categories": [{"name": "NEW"}], "resources": [{"resourceNo": "R3"}], "planets": []}
    refused = kit.write("POST", "/import/setup", payload)
    assert "planets" in refused.problem
    assert "R3" in [each["resourceNo"] for each in kit.get("/resource")]


def test_every_documented_procedure_exists() -> None:
    pairs = (
        "Appointment Task Job Resource Category TimeMarker Pin Notification Caption Container FilterGroup"
        " FilterValue"
        " TaskContainer AppointmentContainer TaskFilterValue ResourceFilterValue TaskUrl AppointmentUrl"
        " ResourceCalendar ResourceCapacity ResourceGpsTracking ResourceCertificate ExchangeAppointment"
    )
    wanted = [f"mboc_{verb}{noun}" for noun in pairs.split() for verb in ("upsert", "delete")]
    parts = "Importance Locked PlanningQty Category TimeMarker Content FieldValues"
    wanted += [f"mboc_updateAppointment{part}" for part in parts.split()]
    wanted += [
        "mboc_upsertResourceUrl",
        "mboc_upsertActionUrl",
        "mboc_updateTaskLocked",
        "mboc_ClearTaskFilterValue",
    ]
    wanted += [
        "mboc_addAppointmentResource",
        "mboc_upsertAppointmentResource",
        "mboc_deleteAppointmentResource",
    ]
    wanted += ["mboc_addConnector", "mboc_upsertConnector"]
    assert [name for name in wanted if name.lower() not in procedures()] == []

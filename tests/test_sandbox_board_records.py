"""Records of the local Dime.Scheduler: what is upserted reads back, by import and over every route."""

from __future__ import annotations

from typing import Any

import pytest

from tests.board_kit import SOURCE, WORK, Kit

RECORDS: tuple[tuple[str, str, str, dict[str, Any], dict[str, Any]], ...] = (
    (
        "Category",
        "/category",
        "name",
        {"CategoryName": "X", "DisplayName": "x", "CategoryHexColor": "#fff"},
        {"color": "#fff"},
    ),
    ("TimeMarker", "/timeMarker", "name", {"TimeMarker": "X", "HexColor": "#fff"}, {"color": "#fff"}),
    ("Pin", "/pin", "name", {"Name": "X", "HexColor": "#fff"}, {"color": "#fff"}),
    ("Container", "/container", "name", {"Name": "X", "HandleLocked": "True"}, {"handleLocked": True}),
    (
        "FilterGroup",
        "/filterGroup",
        "name",
        {"Id": 7, "GroupName": "X", "ColumnNo": 2, "DataFilter": "1"},
        {"columnNo": 2},
    ),
    ("FilterValue", "/filterValue", "value", {"FilterGroupName": "G", "FilterValue": "X"}, {"group": "G"}),
    (
        "Resource",
        "/resource",
        "resourceNo",
        {"ResourceNo": "X", "url1": "u", "urldesc1": "d"},
        {"urlDescription1": "d"},
    ),
    (
        "Job",
        "/job",
        "jobNo",
        {**SOURCE, "JobNo": "X", "ShortDescription": "s", "SiteCity": "Gent"},
        {"siteCity": "Gent"},
    ),
    (
        "Task",
        "/task",
        "taskNo",
        {**WORK, "TaskNo": "X", "ShortDescription": "s", "FreeBit1": "1"},
        {"freeBit1": True},
    ),
    ("TaskContainer", "/taskContainer", "name", {**WORK, "ContainerName": "X", "Index": 1}, {"index": 1}),
    (
        "AppointmentContainer",
        "/appointmentContainer",
        "container",
        {"appointment": "a", "container": "X"},
        {},
    ),
    (
        "TaskFilterValue",
        "/taskFilterValue",
        "filterValue",
        {**WORK, "FilterGroup": "G", "FilterValue": "X"},
        {},
    ),
    (
        "ResourceFilterValue",
        "/resourceFilterValue",
        "filterValue",
        {"ResourceNo": "R1", "FilterGroup": "G", "FilterValue": "X"},
        {},
    ),
    ("TaskUrl", "/taskUri", "uri", {**WORK, "url": "X", "urldesc": "d"}, {"description": "d"}),
    (
        "ResourceUrl",
        "/resourceUri",
        "uri",
        {"ResourceNo": "R1", "Url": "X", "UrlDesc": "d"},
        {"description": "d"},
    ),
    (
        "ActionUrl",
        "/actionUri",
        "uri",
        {"UrlType": 1, "Url": "X", "DefaultUrl": "0"},
        {"uriType": 1, "default": False},
    ),
    (
        "ResourceCalendar",
        "/resourceCalendar",
        "code",
        {"ResourceCalendarCode": "X", "StartDate": "2026-01-01"},
        {},
    ),
    (
        "ResourceCapacity",
        "/resourceCapacity",
        "unitOfMeasure",
        {"ResourceNo": "R1", "CapacityDate": "2026-03-03", "CapacityUOM": "X"},
        {},
    ),
    ("ResourceCertificate", "/resourceCertificate", "no", {"ResourceNo": "R1", "CertificateNo": "X"}, {}),
    (
        "ResourceGpsTracking",
        "/resourceGpsTracking",
        "resourceNo",
        {"ResourceNo": "X", "Latitude": "51.05", "Longitude": "3.7"},
        {"latitude": 51.05},
    ),
    (
        "Caption",
        "/caption",
        "fieldName",
        {"Context": 1, "SourceTable": "t", "FieldName": "X", "Language": "nl", "Caption": "c"},
        {"text": "c"},
    ),
    (
        "Connector",
        "/connector",
        "sourceApp",
        {"SourceApp": "X", "WebServiceAddress": "http://x", "BackOfficeSystem": "4"},
        {"uri": "http://x"},
    ),
)


@pytest.mark.parametrize(
    ("noun", "path", "key", "parameters", "reads"), RECORDS, ids=[row[0] for row in RECORDS]
)
def test_a_record_that_is_upserted_reads_back_and_one_that_is_deleted_is_gone(
    noun: str, path: str, key: str, parameters: dict[str, Any], reads: dict[str, Any]
) -> None:
    kit = Kit.open()
    before = len(kit.get(path))
    for _ in range(2):
        assert kit.run(f"mboc_upsert{noun}", **parameters).ok
    (record,) = [each for each in kit.get(path) if each[key] == "X"]
    assert {name: record[name] for name in reads} == reads
    assert kit.run(f"mboc_delete{noun}", **parameters).ok
    assert len(kit.get(path)) == before


def test_the_other_name_of_the_connector_procedure_works_too() -> None:
    kit = Kit.open()
    assert kit.run("mboc_addConnector", Name="n", SourceApp="X", WebServiceAddress="http://x", Type=3).ok
    assert [each["sourceApp"] for each in kit.get("/connector")] == ["X"]


def test_the_password_of_a_connector_never_reads_back() -> None:
    kit = Kit.open()
    kit.run("mboc_addConnector", SourceApp="X", Login="l", Password="secret")
    assert b"secret" not in kit.call("GET", "/connector").body


def test_clearing_filter_values_takes_all_of_a_task() -> None:
    kit = Kit.open()
    for value in ("a", "b"):
        kit.run("mboc_upsertTaskFilterValue", **WORK, FilterGroup="G", FilterValue=value)
    kit.run("mboc_upsertTaskFilterValue", **{**WORK, "taskNo": "T2"}, FilterGroup="G", FilterValue="a")
    assert kit.run("mboc_ClearTaskFilterValue", **WORK).ok
    assert [each["taskNo"] for each in kit.get("/taskFilterValue")] == ["T2"]


def test_locking_a_task() -> None:
    kit = Kit.open()
    assert kit.run("mboc_updateTaskLocked", **WORK, Locked="1", SentFromBackOffice="1").ok
    assert kit.board.records["task"].get("BC", "JOB", "J1", "T1")["locked"] is True
    assert (
        "does not exist" in kit.run("mboc_updateTaskLocked", **{**WORK, "taskNo": "T9"}, Locked="1").problem
    )


def test_a_notification_is_one_more_every_time() -> None:
    kit = Kit.open()
    for _ in range(2):
        assert kit.run("mboc_upsertNotification", NotificationType=2, NotificationText="late", mboc_id="c").ok
    assert [each["text"] for each in kit.get("/notification")] == ["late", "late"]


@pytest.mark.parametrize("noun", ["Job", "Task"])
def test_work_with_appointments_cannot_be_deleted(noun: str) -> None:
    kit = Kit.open()
    made = kit.plan()
    told = (
        kit.run(f"mboc_delete{noun}", **WORK).problem
        if noun == "Task"
        else kit.run(f"mboc_delete{noun}", **SOURCE, JobNo="J1").problem
    )
    assert "cannot be deleted because it is associated with existing appointments" in told
    kit.board.planner_delete(made["appointmentNo"])
    assert kit.run("mboc_deleteTask", **WORK).ok


def test_a_task_needs_its_job_or_creates_it_when_asked() -> None:
    kit = Kit.open()
    task = {**WORK, "jobNo": "J2", "ShortDescription": "s"}
    assert "job 'J2'" in kit.run("mboc_upsertTask", **task).problem
    assert kit.run("mboc_upsertTask", **task, CreateJob="1").ok
    assert kit.get("/job/J2")["jobNo"] == "J2"


ROUTES = (
    ("/pin", {"name": "X"}),
    ("/tag", {"name": "X"}),
    ("/category", {"name": "X", "displayName": "x"}),
    ("/categories", {"name": "X"}),
    ("/timeMarker", {"name": "X"}),
    ("/timeMarkers", {"name": "X"}),
    ("/filterGroup", {"name": "X"}),
    ("/filterValue", {"group": "G", "value": "X"}),
    ("/container", {"name": "X"}),
    ("/caption", {"context": 1, "sourceTable": "t", "fieldName": "f", "language": "nl", "text": "X"}),
    ("/actionUri", {"uri": "X"}),
    ("/resource", {"resourceNo": "X"}),
    ("/resourceCalendar", {"code": "X"}),
    ("/resourceCapacity", {"resourceNo": "X", "date": "2026-03-03"}),
    ("/resourceCertificate", {"resourceNo": "R1", "no": "X"}),
    ("/resourceFilterValue", {"resourceNo": "R1", "filterGroup": "G", "filterValue": "X"}),
    ("/resourceGpsTracking", {"resourceNo": "X", "latitude": 1, "longitude": 2.5}),
    ("/resourceUri", {"resourceNo": "R1", "uri": "X"}),
    ("/job", {**SOURCE, "jobNo": "X", "shortDescription": "s"}),
    ("/task", {**WORK, "taskNo": "X", "shortDescription": "s"}),
    ("/taskContainer", {**WORK, "name": "X"}),
    ("/taskDependency", {**WORK, "predecessorTaskNo": "X"}),
    ("/taskFilterValue", {**WORK, "filterGroup": "G", "filterValue": "X"}),
    ("/taskUri", {**WORK, "uri": "X"}),
    ("/taskAssignment", {**WORK, "resourceNo": "X"}),
    ("/projectMember", {**SOURCE, "jobNo": "J1", "resourceNo": "X"}),
    ("/timeEntry", {"resourceNo": "R1", "quantity": 2}),
    ("/timeSession", {"resourceNo": "R1"}),
    ("/taskBudgetEntry", {**WORK, "quantity": 2}),
    ("/appointmentContainer", {"appointment": "a", "container": "X"}),
    ("/message", {"text": "X", "user": "ann", "severity": "Info"}),
    ("/notification", {"text": "X", "type": 1}),
    ("/user", {"name": "X", "email": "x@contoso.test", "type": 2}),
    ("/connector", {"sourceApp": "X", "uri": "http://x"}),
)


@pytest.mark.parametrize(("path", "entity"), ROUTES, ids=[route for route, _ in ROUTES])
def test_every_route_creates_reads_changes_and_deletes(path: str, entity: dict[str, Any]) -> None:
    kit = Kit.open()
    before = kit.get(path)
    assert kit.write("POST", path, [{name[0].upper() + name[1:]: value for name, value in entity.items()}]).ok
    (made,) = [each for each in kit.get(path) if each not in before]
    assert {name: made[name] for name in entity if name != "date"} == {
        name: value for name, value in entity.items() if name != "date"
    }
    assert kit.write("PUT", path.upper(), {**entity, "id": made["id"]}).ok
    assert len(kit.get(path)) == len(before) + 1, "the same key is the same record"
    assert kit.write("DELETE", path, {**entity, "id": made["id"]}).ok
    assert kit.get(path) == before


def test_a_list_of_resources_shows_every_column_of_the_record() -> None:
    kit = Kit.open()
    (first, _) = kit.get("/resource")
    assert first["exchangeIntegrationEnabled"] is False
    assert {"id", "resourceNo", "email", "department", "doNotShow", "freeText20", "url3"} <= first.keys()


def test_one_record_is_read_by_the_last_part_of_its_key() -> None:
    kit = Kit.open()
    assert kit.get("/job/j1")["customerName"] == "De Linde"
    assert kit.call("GET", "/job/J9").status == 404


def test_open_tasks_come_page_by_page() -> None:
    kit = Kit.open()
    for number in range(3, 8):
        kit.write("POST", "/task", {**WORK, "taskNo": f"T{number}", "shortDescription": "s"})
    kit.write("PUT", "/task", {**WORK, "taskNo": "T3", "isComplete": True})
    shown = [kit.get(f"/task?isOpen=true&page={page}&pageSize=4") for page in (1, 2, 3)]
    assert [[each["taskNo"] for each in page] for page in shown] == [
        ["T1", "T2", "T4", "T5"],
        ["T6", "T7"],
        [],
    ]
    assert [each["taskNo"] for each in kit.get("/task?isOpen=False")] == ["T3"]
    assert len(kit.get("/task")) == 7
    assert kit.call("GET", "/task?page=one").status == 400


def test_notifications_are_sorted_filtered_and_paged() -> None:
    kit = Kit.open()
    for text in ("a", "b", "c"):
        kit.write("POST", "/notification", {"text": text, "type": 2 if text == "b" else 0})
    newest = kit.get("/notification?page=1&limit=2&sort=id:desc")
    assert [each["text"] for each in newest] == ["c", "b"]
    wanted = "%7B%22property%22:%22type%22,%22operator%22:%22==%22,%22value%22:2%7D"
    assert [each["text"] for each in kit.get(f"/notification?page=1&limit=9&filter={wanted}")] == ["b"]
    assert kit.call("GET", "/notification?filter=nonsense").status == 400


def test_capacities_and_times_are_read_by_day() -> None:
    kit = Kit.open()
    for day in ("2026-03-01", "2026-03-03T23:00", "2026-03-04"):
        kit.write("POST", "/resourceCapacity", {"resourceNo": "R1", "date": day})
    found = kit.get("/resourceCapacity?start=2026-03-02&end=2026-03-03")
    assert [each["date"] for each in found] == ["2026-03-03T23:00:00"]
    assert kit.call("GET", "/timeSession?start=2026-03-02").status == 400


def test_users_have_a_second_address() -> None:
    kit = Kit.open()
    assert kit.write("POST", "/api/Administration/Users/Create", {"Name": "Zoe", "Type": 2}).ok
    assert [each["name"] for each in kit.get("/user")] == ["Zoe"]
    assert kit.write("POST", "/api/Administration/Users/Delete", {"Name": "Zoe"}).ok
    assert kit.get("/user") == []


def test_lists_that_only_a_planner_keeps_cannot_be_written() -> None:
    kit = Kit.open()
    kit.board.records["resourceType"].upsert({"id": 1, "displayName": "Person"})
    assert kit.get("/resourcetype")[0]["displayName"] == "Person"
    assert kit.get("/calendar") == kit.get("/appointmentField") == kit.get("/appointmentDependency") == []
    assert kit.call("POST", "/calendar", {"code": "X"}).status == 405


def test_a_missing_key_and_an_overlong_value_are_refused_at_the_door() -> None:
    kit = Kit.open()
    for body in ({}, {"resourceNo": "x" * 51}, [{"resourceNo": "R3"}, {"resourceNo": "x" * 51}]):
        assert kit.call("POST", "/resource", body).status == 400
    assert len(kit.get("/resource")) == 2, "of an array with a broken object nothing is written"

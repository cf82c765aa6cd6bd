"""Reading Dime.Scheduler: every shape that has been seen, and writing as its own clients write."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clients.scheduler.codec import Notice, read_appointment, read_notices, read_resource
from actors.clients.scheduler.dialect import Dialect, WriteRoute
from actors.clients.scheduler.writing import (
    board_delete,
    board_upsert,
    exchange_delete,
    exchange_upsert,
    import_value,
    task_appointment,
)
from models.content import Importance, Sensitivity, ShowAs
from models.ids import AppointmentGuid, AppointmentId, EventId, ResourceNo
from models.when import AllDay, Timed
from models.writes import AppointmentRemoval, AppointmentWrite
from tests.clients_kit import DIALECT

GUID = "fedd47e1-ef1b-4d6c-86db-0b586d5e149c"
NINE_TO_FIVE = Timed(
    start=datetime(2025, 10, 2, 7, tzinfo=UTC),  # 09:00 in Brussels
    end=datetime(2025, 10, 2, 15, tzinfo=UTC),
)

API = {
    "id": 1212993,
    "appointmentNo": "rVjMXrDY",
    "appointmentGuid": GUID.upper(),
    "subject": "Sick",
    "body": " - \r\n",
    "start": "2025-10-02T09:00:00",
    "end": "2025-10-02T17:00:00",
    "importance": 1,
    "locked": True,
    "category": {"name": "ABSENCE", "displayName": "Absence", "color": "#ff0000"},
    "task": {"taskNo": "T1", "job": {"jobNo": "J1", "sourceApp": "BC", "sourceType": "PROD"}},
    "assignments": [
        {"resource": {"resourceNo": "R001", "email": "a@x"}},
        {"resource": {"resourceNo": "R002"}},
    ],
    "lastModifiedDate": "2025-10-01T12:00:00.123",
}
SWAGGER = {
    "appointmentNo": "rVjMXrDY",
    "id": 1212993,
    "ExternalId": 5,
    "Subject": "Sick",
    "Body": " - \r\n",
    "StartDate": "2025-10-02T09:00:00Z",
    "EndDate": "2025-10-02T17:00:00Z",
    "Importance": 1,
    "AppointmentGuid": GUID,
    "Locked": True,
    "LastModifiedDate": "2025-10-01T12:00:00.123Z",
    "Task": {"TaskNo": "T1", "Job": {"SourceApp": "BC", "SourceType": "PROD", "JobNo": "J1"}},
    "Category": {"DisplayName": "ABSENCE", "Color": "#ff0000"},
    "Assignments": [
        {"ResourceId": 7, "Resource": {"ResourceNo": "R001", "Email": "a@x"}},
        {"ResourceId": 8, "Resource": {"ResourceNo": "R002"}},
    ],
}
SAMPLE_2025 = {
    "Id": "1212993",
    "AppointmentNo": "rVjMXrDY",
    "AppointmentGuid": f"{{{GUID}}}",
    "StartDate": "2025-10-02T09:00:00",
    "EndDate": "2025-10-02T17:00:00",
    "Subject": "Sick",
    "Body": " - \r\n",
    "Importance": "High",
    "Locked": "true",
    "Resources": [{"ResourceNo": "R001"}, {"ResourceNo": "R002"}],
    "Task": {"Description": "x", "Job": {"JobNo": "J1", "SourceApp": "BC", "SourceType": "PROD"}},
    "Category": {"Name": "ABSENCE", "Color": "#ff0000"},
    "updatedAt": "2025-10-01 12:00:00.123",
}
ZAPIER = {
    "id": "1212993",
    "appointmentNo": "rVjMXrDY",
    "appointmentGuid": GUID,
    "jobNo": "J1",
    "taskNo": "T1",
    "resourceNo": "R001",
    "subject": "Sick",
    "body": " - \r\n",
    "start": "2025-10-02 09:00",
    "end": "2025-10-02 17:00",
    "importance": "1",
    "locked": 1,
    "updatedAt": "2025-10-01T12:00:00.123Z",
}


@pytest.mark.parametrize("row", [API, SWAGGER, SAMPLE_2025, ZAPIER])
def test_an_appointment_is_the_same_in_every_shape(row: dict[str, Any]) -> None:
    appointment = read_appointment(row, DIALECT)
    assert appointment is not None
    assert (appointment.id, appointment.number, appointment.guid) == ("1212993", "rVjMXrDY", GUID)
    assert (appointment.subject, appointment.body) == ("Sick", " - \n")
    assert appointment.when == NINE_TO_FIVE
    assert appointment.importance is Importance.HIGH
    assert appointment.locked
    assert appointment.modified_at == datetime(2025, 10, 1, 12, 0, 0, 123000, tzinfo=UTC)
    assert (appointment.show_as, appointment.sensitivity) == (None, None)
    assert appointment.resources[0] == "R001"
    if row is not ZAPIER:
        assert appointment.resources == ("R001", "R002")
        assert appointment.category == "ABSENCE"
        assert (appointment.source_app, appointment.source_type) == ("BC", "PROD")


def test_everything_that_was_delivered_is_kept_for_rules_and_templates() -> None:
    row = API | {"task": {"freeBit1": True, "job": {"customerName": "Contoso"}}}
    appointment = read_appointment(row, DIALECT)
    assert appointment is not None
    task = appointment.record["Task"]
    assert getattr(task, "FreeBit1") is True  # noqa: B009 - as a rule names it
    assert getattr(task, "job").CustomerName == "Contoso"  # noqa: B009 - as a template names it


def test_an_offset_counts_only_where_it_is_honoured() -> None:
    row = API | {"start": "2025-10-02T09:00:00Z", "end": "2025-10-02T17:00:00Z"}
    ignoring = read_appointment(row, DIALECT)
    honouring = Dialect(zone=ZoneInfo("Europe/Brussels"), source_app="", source_type="", honour_offset=True)
    honoured = read_appointment(row, honouring)
    assert ignoring is not None
    assert honoured is not None
    assert ignoring.when == NINE_TO_FIVE
    assert honoured.when == Timed(
        start=datetime(2025, 10, 2, 9, tzinfo=UTC), end=datetime(2025, 10, 2, 17, tzinfo=UTC)
    )


@pytest.mark.parametrize("flag", [{"isAllDay": True}, {"IsAllDayEvent": "True"}, {}])
def test_c8_an_all_day_appointment_is_dates(flag: dict[str, Any]) -> None:
    row = API | {"start": "2025-10-02T00:00:00", "end": "2025-10-04T00:00:00"} | flag
    appointment = read_appointment(row, DIALECT)
    assert appointment is not None
    assert appointment.when == AllDay(first=date(2025, 10, 2), until=date(2025, 10, 4))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, ShowAs.FREE),
        ("3", ShowAs.BUSY),
        ("Office", ShowAs.BUSY),
        ("OutOfOffice", ShowAs.OOF),
        ("oof", ShowAs.OOF),
        (6, ShowAs.UNKNOWN),
        (99, ShowAs.UNKNOWN),
        (None, None),
        ("", None),
    ],
)
def test_c9_a_show_as_is_a_number_or_a_name_and_else_unknown(value: object, expected: ShowAs | None) -> None:
    appointment = read_appointment(API | {"ShowAs": value}, DIALECT)
    assert appointment is not None
    assert appointment.show_as is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, Sensitivity.NORMAL),
        ("Private", Sensitivity.PRIVATE),
        (4, Sensitivity.CONFIDENTIAL),
        (99, Sensitivity.PRIVATE),
        ("new", Sensitivity.PRIVATE),
        (None, None),
    ],
)
def test_c9_an_unknown_sensitivity_is_private(value: object, expected: Sensitivity | None) -> None:
    appointment = read_appointment(API | {"sensitivity": value}, DIALECT)
    assert appointment is not None
    assert appointment.sensitivity is expected


@pytest.mark.parametrize(
    "row", [{}, API | {"id": None}, API | {"appointmentGuid": ""}, API | {"start": "soon"}]
)
def test_what_cannot_be_identified_or_placed_is_nothing(row: dict[str, Any]) -> None:
    assert read_appointment(row, DIALECT) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(
    changes=st.dictionaries(
        st.sampled_from([*API, *SWAGGER, "resourceNo", "showAs"]), json_values, max_size=8
    )
)
@settings(max_examples=300, deadline=None)
def test_c9_nothing_that_json_can_hold_makes_reading_an_appointment_fail(changes: dict[str, Any]) -> None:
    for row in (API | changes, changes):
        appointment = read_appointment(row, DIALECT)
        assert appointment is None or appointment.id
        assert isinstance(read_notices(row), tuple)


@given(payload=json_values)
def test_d13_nothing_that_json_can_hold_makes_reading_a_webhook_fail(payload: object) -> None:
    assert all(isinstance(notice, Notice) for notice in read_notices(payload))


def test_a_webhook_tells_what_it_is_about_even_without_a_guid_or_times() -> None:
    sample = {"Id": 7, "AppointmentNo": "x", "Resources": [{"ResourceNo": "R1"}, "R2"], "Subject": "Sick"}
    assert read_notices([sample, {"appointmentGuid": GUID, "resourceNo": "R3"}]) == (
        Notice(id=AppointmentId("7"), guid=None, resources=(ResourceNo("R1"), ResourceNo("R2"))),
        Notice(id=None, guid=AppointmentGuid(GUID), resources=(ResourceNo("R3"),)),
    )


@pytest.mark.parametrize("enabled", [True, "true", 1, "1", "True"])
def test_a_resource_is_read_with_its_address_and_whether_it_synchronises(enabled: object) -> None:
    row = {"ResourceNo": "R1", "DisplayName": "Ann", "Email": " a@x ", "ExchangeIntegrationEnabled": enabled}
    resource = read_resource(row)
    assert resource is not None
    assert (resource.resource_no, resource.display_name, resource.email) == ("R1", "Ann", "a@x")
    assert resource.exchange_enabled


def test_a10_a_resource_that_does_not_say_so_does_not_synchronise() -> None:
    resource = read_resource({"resourceNo": "R1", "email": None})
    assert resource is not None
    assert (resource.email, resource.exchange_enabled) == ("", False)
    assert read_resource({"displayName": "nobody"}) is None


def write(**members: Any) -> AppointmentWrite:
    given = {"guid": GUID, "resource_no": "R001", "resource_email": "a@x", "outlook_born": True}
    return AppointmentWrite(**{**given, **members})


def named(row: dict[str, Any]) -> dict[str, str]:
    """The parameters of an import row."""
    assert all(isinstance(value, str) for value in row["ParameterValues"]), "every value is text"
    return dict(zip(row["ParameterNames"], row["ParameterValues"], strict=True))


def test_b1_an_outlook_born_appointment_is_written_as_the_vendor_s_client_writes_it() -> None:
    row = exchange_upsert(
        write(
            subject="Dentist",
            body="",
            when=NINE_TO_FIVE,
            importance=Importance.LOW,
            category="ABSENCE",
            show_as=ShowAs.OOF,
            sensitivity=Sensitivity.NORMAL,
            exchange_id=EventId("E1"),
        ),
        DIALECT,
    )
    assert row["StoredProcedureName"] == "mboc_upsertExchangeAppointment"
    assert named(row) == {
        "AppointmentGuid": GUID,
        "ExchangeId": "E1",
        "Start": "2025-10-02 09:00:00Z",
        "End": "2025-10-02 17:00:00Z",
        "Subject": "Dentist",
        "Body": "",
        "Importance": "2",
        "ResourceEmail": "a@x",
        "ShowAs": "4",
        "Sensitivity": "1",
        "Categories": "ABSENCE",
        "CreatedByExchange": "True",
    }


def test_b5_a_change_names_only_what_changed() -> None:
    assert named(exchange_upsert(write(id="7", subject="New"), DIALECT)) == {
        "AppointmentId": "7",
        "AppointmentGuid": GUID,
        "Subject": "New",
        "ResourceEmail": "a@x",
    }


def test_b11_a_board_born_appointment_keeps_its_back_office_job_and_other_resources() -> None:
    changed = write(
        id="7",
        outlook_born=False,
        source_app="BC",
        source_type="PROD",
        job_no="J1",
        task_no="T1",
        when=AllDay(first=date(2025, 10, 2), until=date(2025, 10, 3)),
    )
    row = board_upsert(changed, DIALECT)
    assert row["StoredProcedureName"] == "mboc_upsertAppointment"
    assert named(row) == {
        "SourceApp": "BC",
        "SourceType": "PROD",
        "JobNo": "J1",
        "TaskNo": "T1",
        "AppointmentId": "7",
        "AppointmentGuid": GUID,
        "Start": "2025-10-02 00:00:00Z",
        "End": "2025-10-03 00:00:00Z",
        "IsAllDayEvent": "True",
        "SentFromBackOffice": "True",
    }


def test_with_the_task_route_an_outlook_born_appointment_goes_under_the_configured_task() -> None:
    dialect = Dialect(
        zone=ZoneInfo("Europe/Brussels"),
        source_app="EXCHANGE",
        source_type="OUTLOOK",
        write_route=WriteRoute.TASK,
        job_no="J9",
        task_no="T9",
    )
    assert task_appointment(write(id="7", when=NINE_TO_FIVE, subject="x"), dialect) == {
        "sourceApp": "EXCHANGE",
        "sourceType": "OUTLOOK",
        "jobNo": "J9",
        "taskNo": "T9",
        "appointmentId": 7,
        "appointmentGuid": GUID,
        "resourceNo": "R001",
        "subject": "x",
        "start": "2025-10-02T09:00:00",
        "end": "2025-10-02T17:00:00",
        "isAllDay": False,
        "sentFromBackOffice": True,
    }


def test_where_offsets_are_honoured_times_are_written_in_utc() -> None:
    dialect = Dialect(zone=ZoneInfo("Europe/Brussels"), source_app="", source_type="", honour_offset=True)
    parameters = named(exchange_upsert(write(when=NINE_TO_FIVE), dialect))
    assert (parameters["Start"], parameters["End"]) == ("2025-10-02 07:00:00Z", "2025-10-02 15:00:00Z")


def removal(*, outlook_born: bool) -> AppointmentRemoval:
    return AppointmentRemoval(
        guid=AppointmentGuid(GUID),
        id=AppointmentId("7"),
        resource_no=ResourceNo("R001"),
        resource_email="a@x",
        outlook_born=outlook_born,
    )


def test_b12_a_removal_names_the_one_resource_that_is_taken_off() -> None:
    board = named(board_delete(removal(outlook_born=False), source_app="BC", source_type="PROD"))
    assert board["ResourceNo"] == "R001"
    assert (board["SourceApp"], board["SentFromBackOffice"]) == ("BC", "True")
    exchange = named(exchange_delete(removal(outlook_born=True)))
    assert exchange == {"AppointmentId": "7", "AppointmentGuid": GUID, "ResourceEmail": "a@x"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "True"), (False, "False"), (3, "3"), (["a", "b"], "a;b"), ([], ""), ("é;", "é;")],
)
def test_import_values_are_written_the_dotnet_way(value: object, text: str) -> None:
    assert import_value(value) == text

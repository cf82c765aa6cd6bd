"""How the local Dime.Scheduler tells others: connectors, subscriptions, attempts, and what they carry."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.board_kit import SOURCE, TIMES, WORK, Kit
from tests.sandbox.wire import Response

HOOK = {
    "sourceApp": "BC",
    "notificationURL": "https://connector.test/hooks",
    "resource": "Appointments",
    "changeType": ["Create"],
    "name": "mine",
}
CONNECTOR = {
    "name": "mine",
    **SOURCE,
    "webServiceAddress": "https://connector.test/all",
    "type": 3,
    "apiType": 1,
}


def subscribe(kit: Kit, event: str = "AppointmentCreated", **fields: Any) -> Response:
    """A subscription."""
    return kit.call("POST", f"/webhooks/{event}", {**HOOK, **fields})


def test_each_kind_of_event_has_its_own_subscription() -> None:
    kit = Kit.open()
    for event in ("Created", "Updated", "Deleted"):
        answer = subscribe(kit, f"Appointment{event}", notificationURL=f"https://connector.test/{event}")
        assert answer.status == 201
    made = kit.plan()
    kit.board.planner_change(made["appointmentNo"], {"subject": "New"})
    kit.board.planner_change(made["appointmentNo"], {"subject": "New"})
    kit.board.planner_delete(made["appointmentNo"])
    told = [(url.rpartition("/")[2], document["Subject"]) for url, document in kit.published()]
    assert told == [("Created", "Task T1"), ("Updated", "New"), ("Deleted", "New")]


def test_a_subscription_is_ended_under_the_address_that_it_was_given() -> None:
    kit = Kit.open()
    location = subscribe(kit).headers["location"]
    assert kit.call("DELETE", location.replace("Created", "Updated")).status == 404
    assert kit.call("DELETE", location).status == 200
    assert kit.call("DELETE", location).status == 404
    kit.plan()
    assert kit.sent == []


def test_too_many_subscriptions_are_refused() -> None:
    kit = Kit.open(webhook_limit=2)
    assert [subscribe(kit).status for _ in range(3)] == [201, 201, 429]


@pytest.mark.parametrize(
    "fields",
    [
        {"sourceApp": None},
        {"notificationURL": None},
        {"notificationURL": "not a url"},
        {"notificationURL": "ftp://connector.test"},
        {"resource": None},
        {"resource": "Tasks"},
        {"changeType": None},
        {"changeType": ["Explode"]},
    ],
)
def test_a_subscription_that_lacks_something_is_refused(fields: dict[str, Any]) -> None:
    assert subscribe(Kit.open(), **fields).status == 400


def test_only_appointments_of_the_named_source_app_are_published() -> None:
    kit = Kit.open()
    subscribe(kit, sourceApp="EXCHANGE")
    kit.plan()
    assert kit.sent == []
    subscribe(kit, sourceApp="bc")
    kit.plan()
    assert len(kit.sent) == 1


def test_a_connector_gets_every_action_with_its_credentials() -> None:
    kit = Kit.open()
    assert kit.write("POST", "/connector", {**CONNECTOR, "login": "ds", "password": "päss"}).ok
    made = kit.plan()
    kit.board.planner_change(made["appointmentNo"], {"locked": True})
    kit.board.planner_delete(made["appointmentNo"])
    assert [each.url for each in kit.sent] == ["https://connector.test/all"] * 3
    basic = "Basic " + base64.b64encode("ds:päss".encode()).decode()
    assert {each.headers["authorization"] for each in kit.sent} == {basic}


def test_a_subscription_uses_the_credentials_of_its_source_apps_connector() -> None:
    kit = Kit.open()
    subscribe(kit)
    quiet = {**CONNECTOR, "login": "ds", "password": "pw", "sendAppointmentToWebService": False}
    kit.write("POST", "/connector", quiet)
    kit.plan()
    (delivery,) = kit.sent
    assert delivery.url == HOOK["notificationURL"]
    assert delivery.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({}, True),
        ({"type": "Webhook"}, True),
        ({"type": 4}, True),
        ({"type": 1}, False),
        ({"enabled": False}, False),
        ({"sendAppointmentToWebService": False}, False),
        ({"sourceType": ""}, True),
        ({"sourceType": "OTHER"}, False),
        ({"sourceApp": "OTHER"}, False),
        ({"crudTypes": ["U", "D"]}, False),
        ({"crudTypes": ["I"]}, True),
        ({"webServiceAddress": "no-url"}, False),
    ],
)
def test_a_connector_takes_what_its_fields_say(fields: dict[str, Any], *, published: bool) -> None:
    kit = Kit.open()
    kit.write("POST", "/connector", {**CONNECTOR, **fields})
    kit.plan()
    assert bool(kit.sent) is published


def test_the_connector_of_the_source_type_comes_before_the_general_one() -> None:
    kit = Kit.open()
    kit.write(
        "POST", "/connector", {**CONNECTOR, "sourceType": "", "webServiceAddress": "https://general.test"}
    )
    kit.write("POST", "/connector", CONNECTOR)
    kit.plan()
    assert [each.url for each in kit.sent] == ["https://connector.test/all"]


def test_a_malformed_address_is_noted_as_a_transaction() -> None:
    kit = Kit.open()
    kit.write("POST", "/connector", {**CONNECTOR, "webServiceAddress": "no-url"})
    kit.plan()
    assert [each.code for each in kit.service.webhooks.transactions] == ["DSWBHK002"]


def test_a_back_offices_own_write_does_not_come_back_to_it() -> None:
    kit = Kit.open()
    for event in ("AppointmentCreated", "AppointmentUpdated", "AppointmentDeleted"):
        subscribe(kit, event)
    created = kit.write("POST", "/appointment", {**WORK, **TIMES, "resourceNo": "R1"})
    identity = {"appointmentId": created.content["Appointments"][0]["Id"]}
    kit.write("PUT", "/appointment", {**identity, "subject": "x"})
    kit.write("PUT", "/appointmentLocked", {**identity, "locked": True})
    assert kit.sent == []
    kit.write("PUT", "/appointment", {**identity, "subject": "y", "sentFromBackOffice": False})
    assert len(kit.sent) == 1
    kit.write("DELETE", "/appointment", identity)
    assert len(kit.sent) == 1


def test_a_write_of_the_exchange_procedures_reaches_other_source_apps_only() -> None:
    kit = Kit.open()
    subscribe(kit, "AppointmentUpdated")
    subscribe(kit, "AppointmentCreated", sourceApp="EXCHANGE")
    made = kit.plan()
    assert kit.run("mboc_upsertExchangeAppointment", AppointmentId=made["id"], Subject="from Outlook").ok
    assert [document["Subject"] for _, document in kit.published()] == ["from Outlook"]
    assert kit.run("mboc_upsertExchangeAppointment", **TIMES, ResourceEmail="ann@contoso.test").ok
    assert len(kit.sent) == 1


def test_every_write_is_published_where_the_board_knows_no_quiet() -> None:
    kit = Kit.open(quiet_back_office=False)
    subscribe(kit)
    kit.write("POST", "/appointment", {**WORK, **TIMES, "resourceNo": "R1"})
    assert len(kit.sent) == 1


def test_only_200_is_success_and_there_are_three_attempts_with_growing_pauses() -> None:
    kit = Kit.open()
    subscribe(kit)
    kit.plan()
    (delivery,) = kit.sent
    pauses = [kit.service.delivered(delivery, status) for status in (202, None, 500)]
    assert pauses[2] is None
    for pause, least in zip(pauses, (1.0, 2.0), strict=False):
        assert pause is not None
        assert least <= pause <= 3 * least
    assert [(each.status, each.code) for each in kit.service.webhooks.transactions] == [
        ("Failed", "DSWBHK020")
    ]
    assert kit.service.delivered(delivery, 500) is None, "a late report of what is done with changes nothing"


def test_a_delivery_that_succeeds_is_done_with() -> None:
    kit = Kit.open()
    subscribe(kit)
    kit.plan()
    assert kit.service.delivered(kit.sent[0], 200) is None
    assert [each.status for each in kit.service.webhooks.transactions] == ["Success"]
    assert kit.service.webhooks.retry_failed() == 0


def test_the_timer_job_offers_again_what_failed() -> None:
    kit = Kit.open()
    subscribe(kit)
    kit.plan()
    for _ in range(3):
        kit.service.delivered(kit.sent[0], None)
    assert kit.service.webhooks.retry_failed() == 1
    assert kit.sent[1] == kit.sent[0]
    assert kit.service.delivered(kit.sent[1], 200) is None


SWAGGER = (
    "appointmentNo id ExternalId Subject Body StartDate EndDate Importance AppointmentGuid Locked PlanningUOM"
    " PlanningQty UseFixPlanningQty RoundToUOM LastModifiedDate LastModifiedUser IsRecurrenceException"
    " CapacityIndicator AppointmentFieldValues AppointmentUrls AppointmentContainers Notifications"
    " CreatedDate CreatedUser Task Category TimeMarker Assignments"
)
FLAT = (
    "id appointmentNo appointmentGuid jobNo taskNo resourceNo subject body start end importance locked"
    " planningQuantity unitOfMeasure createdAt updatedAt"
)


def test_the_document_has_the_mixed_casing_of_the_vendors_schema() -> None:
    kit = Kit.open()
    subscribe(kit)
    kit.plan(category="SERVICE", timeMarker="IN PROCESS")
    ((_, document),) = kit.published()
    assert set(document) == set(SWAGGER.split())
    assert document["Task"] == {
        "TaskNo": "T1",
        "Job": {"SourceApp": "BC", "SourceType": "JOB", "JobNo": "J1"},
    }
    assert document["Category"] == {"DisplayName": "Service", "Color": "#00ff00"}
    assert document["TimeMarker"] == {"Name": "IN PROCESS", "Color": "#ff0000"}
    assert document["Assignments"][0]["Resource"]["Email"] == "ann@contoso.test"
    assert document["StartDate"] == "2026-03-03T09:00:00"


def test_the_sample_has_resources_and_no_guid() -> None:
    kit = Kit.open(webhook_shape="sample")
    subscribe(kit)
    kit.plan(category="SERVICE")
    ((_, document),) = kit.published()
    expected = "Id AppointmentNo StartDate EndDate Subject Body CreatedUser Resources Task Category"
    assert set(document) == set(expected.split())
    assert document["Category"] == {"Name": "SERVICE", "Color": "#00ff00"}
    assert [each["ResourceNo"] for each in document["Resources"]] == ["R1"]


def test_the_flat_shape_is_sent_once_per_assignment() -> None:
    kit = Kit.open(webhook_shape="flat")
    subscribe(kit)
    kit.plan(resources=["R1", "R2"])
    documents = [document for _, document in kit.published()]
    assert [set(each) for each in documents] == [set(FLAT.split())] * 2
    assert [each["resourceNo"] for each in documents] == ["R1", "R2"]

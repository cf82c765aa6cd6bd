"""The procedures of the vendor's own Exchange connector at the local Dime.Scheduler."""

from __future__ import annotations

from typing import Any

import pytest

from tests.board_kit import GUID, TIMES, Kit, numbers

EXCHANGE = {**TIMES, "Subject": "Dentist", "ResourceEmail": "ann@contoso.test", "ShowAs": 4, "Sensitivity": 1}


def test_an_exchange_appointment_needs_neither_job_nor_task() -> None:
    kit = Kit.open()
    sent = {
        **EXCHANGE,
        "AppointmentId": 0,
        "AppointmentGuid": GUID,
        "ExchangeId": "AAMk" * 60,
        "ICalUId": "uid",
    }
    answer = kit.run(
        "mboc_upsertExchangeAppointment", **sent, Categories="Red;install", CreatedByExchange="True"
    )
    assert answer.ok
    shown = kit.only()
    assert answer.content["Appointments"] == [{"Id": shown["id"], "Guid": GUID}]
    assert (shown["sourceApp"], shown["sourceType"], shown["task"]) == ("EXCHANGE", "OUTLOOK", None)
    assert (shown["showAs"], shown["sensitivity"], shown["createdByExchange"]) == (4, 1, True)
    assert (shown["exchangeId"], shown["iCalUId"], shown["categories"]) == ("AAMk" * 60, "uid", "Red;install")
    assert shown["category"]["name"] == "INSTALL", "the first of the categories that the board knows"
    assert numbers(shown) == ["R1"]


def test_a_repeated_exchange_upsert_changes_the_same_appointment() -> None:
    kit = Kit.open()
    for subject in ("Dentist", "Dentist, moved"):
        assert kit.run(
            "mboc_upsertExchangeAppointment", **{**EXCHANGE, "Subject": subject}, AppointmentGuid=GUID
        ).ok
    assert kit.only()["subject"] == "Dentist, moved"
    assert kit.run("mboc_upsertExchangeAppointment", AppointmentGuid=GUID, ShowAs=3).ok
    assert (kit.only()["showAs"], kit.only()["sensitivity"]) == (3, 1)


def test_categories_that_are_sent_decide_the_category_and_unsent_ones_leave_it() -> None:
    kit = Kit.open()
    kit.run("mboc_upsertExchangeAppointment", **EXCHANGE, AppointmentGuid=GUID, Categories="Service")
    kit.run("mboc_upsertExchangeAppointment", AppointmentGuid=GUID, Subject="x")
    assert kit.only()["category"]["name"] == "SERVICE"
    kit.run("mboc_upsertExchangeAppointment", AppointmentGuid=GUID, Categories="")
    assert kit.only()["category"] is None


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"ResourceEmail": "nobody@contoso.test"}, "nobody@contoso.test"),
        ({"ResourceEmail": None}, "resourceEmail"),
        ({"start": None}, "start"),
        ({"ShowAs": 7}, "showAs"),
        ({"Sensitivity": 5}, "sensitivity"),
        ({"IsAllDayEvent": "True"}, "@IsAllDayEvent is not a parameter"),
        ({"JobNo": "J1"}, "@JobNo is not a parameter"),
        ({"Importance": "4"}, "Importance"),
    ],
)
def test_what_the_exchange_procedure_refuses(parameters: dict[str, Any], told: str) -> None:
    kit = Kit.open()
    assert told in kit.run("mboc_upsertExchangeAppointment", **{**EXCHANGE, **parameters}).problem
    assert kit.appointments() == []


def test_an_exchange_delete_takes_the_appointment_or_one_assignment() -> None:
    kit = Kit.open()
    kit.run("mboc_upsertExchangeAppointment", **EXCHANGE, AppointmentGuid=GUID)
    assert kit.run("mboc_deleteExchangeAppointment", **EXCHANGE, AppointmentGuid=GUID).ok
    assert kit.appointments() == []
    made = kit.plan(resources=["R1", "R2"])
    answer = kit.run(
        "mboc_deleteExchangeAppointment", AppointmentId=made["id"], ResourceEmail="ANN@contoso.test"
    )
    assert answer.ok
    assert numbers(kit.only()) == ["R2"]

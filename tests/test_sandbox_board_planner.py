"""Planners and administrators at the local Dime.Scheduler, and the company that it is seeded with."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.board_kit import GUID, START, TIMES, Kit, numbers
from tests.sandbox.company import MEMBERS, PREFERENCES, SENSITIVITIES, SHOW_AS, generate, seed, working_day
from tests.sandbox.graph.calendar_api import CalendarApi, Call
from tests.sandbox.graph.tenant import Tenant
from tests.sandbox.scheduler.board import Board
from tests.sandbox.scheduler.errors import NotFound, Refusal

TODAY = date(2026, 3, 4)


def test_a_planner_plans_a_task_on_several_resources_at_once() -> None:
    kit = Kit.open()
    told: list[str] = []
    kit.board.listeners.append(lambda change: told.append(change.action))
    shown = kit.plan(resources=["R1", "r2"], subject="Together")
    assert numbers(shown) == ["R1", "R2"]
    assert shown["createdUser"] == "planner"
    assert told == ["created"]


def test_without_a_task_the_first_open_one_is_planned() -> None:
    kit = Kit.open()
    kit.board.records["task"].upsert(
        {**kit.board.records["task"].get("BC", "JOB", "J1", "T1"), "isComplete": True}
    )
    assert kit.board.planner_create({**TIMES, "resourceNo": "R1"})["task"]["taskNo"] == "T2"
    assert kit.board.planner_create({**TIMES, "taskNo": "t1", "resourceNo": "R1"})["task"]["taskNo"] == "T1"


@pytest.mark.parametrize(
    "fields",
    [
        {"start": None},
        {"start": "later"},
        {"end": "2026-03-01"},
        {"resources": ["R9"]},
        {"taskNo": "T9"},
        {"category": "NOPE"},
        {"importance": 9},
    ],
)
def test_what_cannot_be_planned_is_refused_and_leaves_nothing(fields: dict[str, Any]) -> None:
    kit = Kit.open()
    with pytest.raises(Refusal):
        kit.plan(**fields)
    assert kit.board.planner_list() == []


def test_a_chosen_guid_can_be_planned_once() -> None:
    kit = Kit.open()
    assert kit.plan(appointmentGuid=GUID)["appointmentGuid"] == GUID
    with pytest.raises(Refusal):
        kit.plan(appointmentGuid=GUID)


def test_a_planner_moves_reassigns_locks_and_clears_in_one_action_each() -> None:
    kit = Kit.open()
    made = kit.plan(category="SERVICE")
    told: list[str] = []
    kit.board.listeners.append(lambda change: told.append(change.action))
    for fields, name, value in (
        ({"start": "2026-03-04T09:00", "end": "2026-03-04T10:00"}, "start", "2026-03-04T09:00:00"),
        ({"Locked": True}, "locked", True),
        ({"category": None}, "category", None),
        ({"category": {"name": "INSTALL", "color": "x"}}, None, None),
    ):
        shown = kit.board.planner_change(made["appointmentGuid"], fields)
        if name is not None:
            assert shown[name] == value
    assert numbers(kit.board.planner_change(str(made["id"]), {"resources": ["R2"], "subject": "x"})) == ["R2"]
    assert numbers(kit.board.planner_change(made["appointmentNo"], {"resourceNo": "R1"})) == ["R2", "R1"]
    assert numbers(kit.board.planner_change(made["appointmentNo"], {"resources": []})) == []
    assert told == ["updated"] * 7


def test_writing_back_what_the_board_shows_changes_nothing() -> None:
    kit = Kit.open()
    made = kit.plan(category="SERVICE", resources=["R1", "R2"], timeMarker="IN PROCESS")
    told: list[str] = []
    kit.board.listeners.append(lambda change: told.append(change.action))
    assert kit.board.planner_change(made["appointmentNo"], made) == made
    assert told == []


def test_unknown_appointments_and_resources_are_not_found() -> None:
    board = Kit.open().board
    for act in (
        lambda: board.planner_get("x"),
        lambda: board.planner_change("x", {}),
        lambda: board.planner_delete("x"),
        lambda: board.resource_change("R9", {}),
    ):
        with pytest.raises(NotFound):
            act()


def test_an_administrator_keeps_the_resources() -> None:
    board = Kit.open().board
    assert (
        board.resource_change("r1", {"ExchangeIntegrationEnabled": True})["exchangeIntegrationEnabled"]
        is True
    )
    assert board.resource_change("R1", {"email": None})["email"] == ""
    assert [each["resourceNo"] for each in board.resources_list()] == ["R1", "R2"]
    for fields in ({"resourceNo": "r1"}, {}, {"resourceNo": "x" * 51}):
        with pytest.raises(Refusal):
            board.resource_create(fields)


def seeded(today: date = TODAY) -> tuple[Tenant, Board]:
    """The small company."""
    tenant = Tenant(now=lambda: START, random=random.Random(1))
    board = Board(now=lambda: START, random=random.Random(2))
    seed(tenant, board, today=today)
    return tenant, board


def outlook(tenant: Tenant, alias: str) -> list[dict[str, Any]]:
    """The events of a person."""
    user = tenant.find_user(f"{alias}@{tenant.domain}")
    assert user is not None
    call = Call(method="GET", segments=("users", user.id, "events"), query={"$top": ["100"]}, actor="user")
    found: list[dict[str, Any]] = CalendarApi(tenant).handle(call).json()["value"]
    return found


def test_the_company_has_every_kind_of_resource() -> None:
    tenant, board = seeded()
    resources = {each["resourceNo"]: each for each in board.resources_list()}
    assert len(resources) == len(MEMBERS)
    assert [number for number, each in resources.items() if not each["exchangeIntegrationEnabled"]] == [
        "R005"
    ]
    assert [number for number, each in resources.items() if not each["email"]] == ["SUB1"]
    without = [user.mail for user in tenant.users.values() if not user.has_mailbox]
    assert without == [resources["R006"]["email"]]
    assert {number: chosen["share"] for number, chosen in PREFERENCES.items()} == {
        "R003": False,
        "R004": True,
    }


def test_the_company_has_a_week_of_planning() -> None:
    _, board = seeded()
    shown = board.planner_list()
    assert any(len(numbers(each)) > 2 for each in shown)
    assert any(each["locked"] for each in shown)
    assert [each["subject"] for each in shown if each["isAllDay"]] == ["First aid training"]
    days = [datetime.fromisoformat(each["start"]).date() for each in shown]
    assert min(days) == date(2026, 3, 2)
    assert max(days) == date(2026, 3, 10)


def test_outlook_has_every_show_as_and_sensitivity_a_series_an_absence_and_a_meeting() -> None:
    tenant, _ = seeded()
    people = {alias: outlook(tenant, alias) for alias in ("ann", "bert", "chloe", "david", "emma", "van1")}
    every = [event for events in people.values() for event in events]
    assert {event["showAs"] for event in every} >= set(SHOW_AS)
    assert {event["sensitivity"] for event in every} == set(SENSITIVITIES)
    assert [event["subject"] for event in people["ann"] if event["type"] == "seriesMaster"] == [
        "Team stand-up"
    ]
    assert [event["showAs"] for event in people["bert"] if event["isAllDay"]] == ["oof"]
    meeting = "Site visit with the architect"
    assert [alias for alias in people if meeting in [each["subject"] for each in people[alias]]] == [
        "ann",
        "bert",
        "david",
    ]
    assert all(people.values())


@pytest.mark.parametrize(
    "today", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25), date(2024, 2, 29)]
)
def test_the_company_can_be_seeded_on_any_day(today: date) -> None:
    tenant, board = seeded(today)
    assert len(board.appointments) == len(seeded()[1].appointments)
    assert outlook(tenant, "ann")


def test_working_days_skip_weekends_both_ways() -> None:
    friday, saturday, monday = date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 9)
    assert working_day(friday, 1) == monday
    assert working_day(monday, -1) == friday
    assert working_day(saturday, 0) == monday


def test_a_generated_company_has_the_size_that_was_asked_for_and_replays() -> None:
    shown = []
    for _ in range(2):
        tenant = Tenant(now=lambda: datetime(2026, 3, 4, tzinfo=UTC), random=random.Random(1))
        board = Board(now=lambda: datetime(2026, 3, 4, tzinfo=UTC), random=random.Random(2))
        numbers_ = generate(
            tenant, board, resources=20, today=TODAY, random=random.Random(3), appointments=3, events=2
        )
        assert (len(numbers_), len(tenant.users), len(board.appointments)) == (20, 20, 60)
        assert len(outlook(tenant, "person00007")) == 2
        shown.append(board.planner_list())
    assert shown[0] == shown[1]

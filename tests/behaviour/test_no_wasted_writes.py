"""Write amplification: what an edit costs at the services, counted there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.behaviour.company import Company, instant, wall
from tests.services_kit import Json

pytestmark = pytest.mark.process


def test_a_pass_without_changes_writes_nothing(company: Company) -> None:
    company.plan_seen(company.name("Still"), "ann", "bert", "van1")
    company.book_seen("ann", company.name("Still"))
    with company.nothing_written():
        company.let_polls_pass()
        company.look_around()
        company.let_polls_pass()


@pytest.mark.slow
def test_a_restart_without_changes_writes_nothing(company: Company) -> None:
    company.plan_seen(company.name("Still here"), "ann")
    with company.nothing_written():
        assert company.connector.stop() == 0
        company.connector.start()
        company.let_polls_pass()
    with company.nothing_written():
        company.connector.kill()
        company.connector.start()
        company.let_polls_pass()


PLANNER: dict[str, dict[str, Any]] = {
    "subject": {"subject": "Edited"},
    "body": {"body": "Line 1\nLine 2"},
    "time": {"start": wall(60), "end": wall(61)},
    "importance": {"importance": 1},
    "category": {"category": "TRAINING"},
    "nothing that is mapped": {"timeMarker": "DONE"},
}


@pytest.mark.parametrize("field", PLANNER)
def test_one_edit_by_a_planner_is_one_write_in_each_calendar_and_its_echo_none(
    company: Company, field: str
) -> None:
    planned, _ = company.plan_seen(company.name("Edit"), "ann", "bert")
    with company.written() as written:
        company.board.change(planned["appointmentNo"], **PLANNER[field])
        company.let_polls_pass()
    expected = [] if field == "nothing that is mapped" else [("graph", "PATCH", 200)] * 2
    assert [(one.service, one.method, one.status) for one in written] == expected


PERSON: dict[str, Callable[[Json], dict[str, Any]]] = {
    "subject": lambda _: {"subject": "Edited in Outlook"},
    "body": lambda _: {"body": {"contentType": "html", "content": "<p>Line 1</p><p>Line 2</p>"}},
    "time": lambda event: {"start": instant(event) - timedelta(minutes=30)},
    "importance": lambda _: {"importance": "high"},
    "category": lambda _: {"categories": ["Service"]},
    "show-as": lambda _: {"showAs": "oof"},
    "nothing that is mapped": lambda _: {"reminderMinutesBeforeStart": 5},
}


@pytest.mark.parametrize("field", PERSON)
def test_one_edit_by_a_person_is_one_write_on_the_board_and_its_echo_none(
    company: Company, field: str
) -> None:
    event, _ = company.book_seen("ann", company.name("Edit"))
    with company.written() as written:
        company.person("ann").change(event["id"], **PERSON[field](event))
        company.let_polls_pass()
    expected = [] if field == "nothing that is mapped" else [("scheduler", "POST", 200)]
    assert [(one.service, one.method, one.status) for one in written] == expected


def test_many_edits_between_two_looks_are_one_write(company: Company) -> None:
    planned, _ = company.plan_seen(company.name("Undecided"), "ann")
    company.connector.stop()
    with company.written() as written:
        for number in range(10):
            company.board.change(planned["appointmentNo"], subject=f"Undecided, version {number}")
        company.connector.start()
        company.connector.wait_in_step()
    assert [one.body for one in written] == [{"subject": "Undecided, version 9"}]


def test_an_edit_that_is_taken_back_before_anybody_looked_writes_nothing(company: Company) -> None:
    subject = company.name("Taken back")
    planned, _ = company.plan_seen(subject, "ann")
    company.connector.stop()
    with company.nothing_written():
        company.board.change(planned["appointmentNo"], subject="For a moment")
        company.board.change(planned["appointmentNo"], subject=subject)
        company.connector.start()
        company.connector.wait_in_step()

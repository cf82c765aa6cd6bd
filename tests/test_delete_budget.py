"""The delete budget's rules (BEHAVIOUR.md C10)."""

from __future__ import annotations

import pytest

from models.decision import Act, Decision, Reason, Side
from models.delete_budget import DOUBTS, DeleteBudget, Doubt, Pass, absent_side, follows_from_absence
from models.ids import AppointmentGuid

BUDGET = DeleteBudget(count=5, percent=10)


def missing(count: int) -> set[AppointmentGuid]:
    return {AppointmentGuid(f"g{number}") for number in range(count)}


@pytest.mark.parametrize(
    ("deletions", "links", "allowed"),
    [
        (0, 0, True),
        (1, 1, True),
        (5, 5, True),
        (6, 6, False),
        (6, 59, False),
        (6, 60, True),
        (10, 100, True),
        (11, 100, False),
        (100, 1000, True),
        (101, 1000, False),
    ],
)
def test_c10_only_what_exceeds_the_count_and_the_percentage_is_too_much(
    deletions: int, links: int, allowed: bool
) -> None:
    assert BUDGET.allows(deletions, links) is allowed


@pytest.mark.parametrize(
    ("budget", "deletions", "allowed"),
    [
        (DeleteBudget(count=0, percent=0), 0, True),
        (DeleteBudget(count=0, percent=0), 1, False),
        (DeleteBudget(count=0, percent=100), 50, True),
        (DeleteBudget(count=50, percent=0), 50, True),
        (DeleteBudget(count=50, percent=0), 51, False),
    ],
)
def test_c10_a_budget_may_be_nothing_or_everything(
    budget: DeleteBudget, deletions: int, allowed: bool
) -> None:
    assert budget.allows(deletions, 50) is allowed


@pytest.mark.parametrize(
    ("reading", "doubt"),
    [
        (Pass(links=20), None),
        (Pass(links=20, missing=missing(5)), None),
        (Pass(links=20, missing=missing(6)), Doubt.TOO_MANY),
        (Pass(links=20, missing=missing(1), read_empty=True), Doubt.EMPTY_READ),
        (Pass(links=20, missing=missing(50), read_empty=True), Doubt.EMPTY_READ),
    ],
)
def test_c10_an_empty_reading_and_too_much_at_once_are_in_doubt(reading: Pass, doubt: Doubt | None) -> None:
    assert reading.doubt(BUDGET) is doubt


def test_c10_what_turns_out_to_exist_counts_no_more() -> None:
    reading = Pass(links=20, missing=missing(6))
    reading.missing.discard(AppointmentGuid("g0"))
    assert reading.doubt(BUDGET) is None


@pytest.mark.parametrize(
    ("act", "reason", "held"),
    [
        (Act.DELETE_EVENT, Reason.DELETED_ON_BOARD, True),
        (Act.DELETE_EVENT, Reason.UNASSIGNED, True),
        (Act.DELETE_EVENT, Reason.RULE_FAILED, False),
        (Act.REMOVE_APPOINTMENT, Reason.DELETED_IN_OUTLOOK, True),
        (Act.REMOVE_APPOINTMENT, Reason.SHARING_OFF, False),
        (Act.REMOVE_APPOINTMENT, Reason.SHOW_AS_NOT_SHARED, False),
        (Act.REMOVE_APPOINTMENT, Reason.SENSITIVITY_NOT_SHARED, False),
        (Act.REMOVE_APPOINTMENT, Reason.CANCELLED, False),
        (Act.REMOVE_APPOINTMENT, Reason.DECLINED, False),
        (Act.SUPPRESS, Reason.DELETED_ON_BOARD_KEPT_IN_OUTLOOK, False),
        (Act.FORGET, Reason.GONE_ON_BOTH, False),
        (Act.NOTHING, Reason.ALREADY_IN_STEP, False),
    ],
)
def test_c10_only_an_absence_is_held_back_and_never_what_stops_being_shared(
    act: Act, reason: Reason, held: bool
) -> None:
    assert follows_from_absence(Decision(act=act, reason=reason)) is held


def test_c10_an_event_is_deleted_for_what_the_board_lacks_and_the_other_way_round() -> None:
    assert absent_side(Act.DELETE_EVENT) is Side.BOARD
    assert absent_side(Act.REMOVE_APPOINTMENT) is Side.OUTLOOK


def test_every_doubt_has_a_sentence() -> None:
    assert set(DOUBTS) == set(Doubt)

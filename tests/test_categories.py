"""Categories of both sides: which name stands for which, and whose entry is whose (A12, B1, B15)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mapping import RETRY_SECONDS
from models.categories import CategoryMap, Source, with_entry
from models.content import ShowAs
from tests.office import lasting, office_at_work
from tests.sandbox.faults import Kind

MAP = CategoryMap(
    categories={"SERVICE": "Blue category", "REPAIR": "Blue category", "LEAVE": "Holiday"},
    board_categories={"oof": "ABSENT", "Dentist": "MEDICAL", "free": "SPARE"},
    known=frozenset({"Training", "SERVICE"}),
)
ENTRIES = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), unique=True, max_size=5).map(tuple)


@pytest.mark.parametrize(
    ("board", "outlook"),
    [
        ("SERVICE", "Blue category"),
        ("service", "Blue category"),
        ("Training", "Training"),
        ("", ""),
        ("New", "New"),
    ],
)
def test_a1_a_board_category_has_its_outlook_name_or_keeps_its_own(board: str, outlook: str) -> None:
    assert MAP.outlook_name(board) == outlook


@pytest.mark.parametrize(
    ("outlook", "like", "board"),
    [
        ("Holiday", "", "LEAVE"),
        ("HOLIDAY", "", "LEAVE"),
        ("Blue category", "", "SERVICE"),
        ("Blue category", "REPAIR", "REPAIR"),
        ("training", "", "Training"),
        ("Other", "", "Other"),
        ("Other", "SERVICE", "Other"),
    ],
)
def test_b11_an_outlook_category_leads_back_to_the_board_category(
    outlook: str, like: str, board: str
) -> None:
    assert MAP.board_name(outlook, like=like) == board


@pytest.mark.parametrize(
    ("entries", "agreed", "own"),
    [
        (("Red", "Blue category"), "Blue category", "Blue category"),
        (("Red", "blue CATEGORY"), "Blue category", "Blue category"),
        (("Holiday", "Blue category"), "Blue category", "Blue category"),
        (("Red", "Holiday"), "Blue category", "Holiday"),
        (("Red", "training"), "Blue category", "Training"),
        (("Red", "SERVICE"), "Blue category", ""),
        (("Red",), "Blue category", ""),
        ((), "", ""),
        (("Holiday",), None, "Holiday"),
    ],
)
def test_b11_the_boards_entry_is_the_agreed_one_or_another_that_the_board_knows(
    entries: tuple[str, ...], agreed: str | None, own: str
) -> None:
    assert MAP.own_entry(entries, agreed) == own


def test_a8_the_boards_own_spelling_of_a_category_is_no_change() -> None:
    categories = replace(MAP, known=frozenset({"Absent", "Leave", "Medical"}))
    assert categories.source((), ShowAs.OOF).board == "Absent"
    assert categories.source(("DENTIST",), ShowAs.OOF).board == "Medical"
    assert categories.board_name("holiday") == "Leave"


@pytest.mark.parametrize(
    ("entries", "show_as", "source"),
    [
        (("Red", "dentist"), ShowAs.OOF, Source(board="MEDICAL", entry="dentist")),
        (("Holiday",), ShowAs.OOF, Source(board="ABSENT")),
        (("Red", "Holiday"), ShowAs.BUSY, Source(board="LEAVE", entry="Holiday")),
        (("Red", "TRAINING"), ShowAs.BUSY, Source(board="Training", entry="TRAINING")),
        (("Red",), ShowAs.BUSY, Source()),
        (("oof",), ShowAs.BUSY, Source()),
        ((), ShowAs.FREE, Source(board="SPARE")),
    ],
)
def test_b1_an_outlook_category_wins_over_a_show_as_and_that_over_a_known_name(
    entries: tuple[str, ...], show_as: ShowAs, source: Source
) -> None:
    assert MAP.source(entries, show_as) == source


def test_a12_the_entry_is_replaced_where_it_stands() -> None:
    assert with_entry(("a", "old", "b"), "OLD", "new") == ("a", "new", "b")
    assert with_entry(("a", "b"), "", "new") == ("a", "b", "new")
    assert with_entry(("a", "old", "b"), "old", "") == ("a", "b")
    assert with_entry(("a", "old", "B"), "old", "b") == ("a", "B")
    assert with_entry(("Old",), "old", "OLD") == ("Old",)


@given(ENTRIES, st.sampled_from(["", "a", "b", "x"]), st.sampled_from(["", "a", "c", "y"]))
def test_a12_the_persons_categories_and_their_order_stay(
    entries: tuple[str, ...], old: str, new: str
) -> None:
    result = with_entry(entries, old, new)
    mine = {old, new}
    assert [entry for entry in result if entry not in mine] == [
        entry for entry in entries if entry not in mine
    ]
    assert (new in result) == bool(new)
    assert old == new or old not in result
    assert with_entry(result, "", new) == result


def test_b1_categories_that_the_board_did_not_tell_at_the_start_are_asked_for_again_soon() -> None:
    """B1, D8: what was taken over meanwhile gets its category when they are known."""
    with office_at_work(future_days=30) as office:
        office.services.traffic.faults = office.services.faults
        office.services.faults.add(
            kind=Kind.STATUS, service="scheduler", method="GET", path=re.compile("categor"), status=500
        )
        office.kill(down=1.0)
        office.run(5.0)
        start = datetime(2026, 3, 5, 10)  # noqa: DTZ001 - a wall clock
        office.person().create(subject="Visit", categories=["SERVICE"], **lasting(start))
        office.settle(10.0)
        assert [one.category or "" for one in office.board()] == [""]
        office.services.faults.clear()
        office.settle(RETRY_SECONDS + 30.0)
        assert [one.category for one in office.board()] == ["SERVICE"]

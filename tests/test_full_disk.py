"""The disk is full for minutes (D11): nothing is done meanwhile, and afterwards only what is still right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.office import Office, lasting, office_at_work

NINE = datetime(2026, 3, 3, 9)  # noqa: DTZ001 - the board's wall clock


@pytest.fixture
def office() -> Iterator[Office]:
    """An office whose disk has just become full."""
    with office_at_work() as office:
        office.disk.is_full = True
        yield office


def test_d11_nothing_is_written_anywhere_while_nothing_can_be_stored(office: Office) -> None:
    """D11: no intent, no write; with room again both sides are in step."""
    with office.writes() as written:
        office.schedule("Repair", NINE)
        office.person().create(subject="Dentist", **lasting(NINE))
        office.run(1000.0)
    assert written == {}
    with office.writes() as written:
        office.clear_disk()
        office.settle()
    assert written == {"graph": 1, "scheduler": 1}
    assert sorted(one.subject for one in office.board()) == ["Dentist", "Repair"]
    assert sorted(one.content.subject or "" for one in office.person().events()) == ["Dentist", "Repair"]


def test_d11_e_what_is_hidden_meanwhile_never_reaches_the_board(office: Office) -> None:
    """D11, E: it was shared when its creation was decided, and is not any more when that is stored."""
    event = office.person().create(subject="Dentist", **lasting(NINE))
    office.run(60.0)
    office.person().change(event, sensitivity="private")
    office.run(60.0)
    office.clear_disk()
    office.settle()
    assert not any(b"Dentist" in one.body for one in office.asked if one.service == "scheduler")
    assert office.board() == []


def test_d11_a8_what_is_changed_meanwhile_is_written_as_it_is_then(office: Office) -> None:
    """D11, A8: one creation, in the latest words."""
    guid = office.schedule("Repair", NINE)
    office.run(60.0)
    office.replan(guid, subject="Repair, urgent")
    office.run(60.0)
    with office.writes() as written:
        office.clear_disk()
        office.settle()
    assert written == {"graph": 1}
    (event,) = office.person().events()
    assert event.content.subject == "Repair, urgent"


def test_d11_a6_what_is_unplanned_meanwhile_gets_no_event(office: Office) -> None:
    """D11, A6."""
    guid = office.schedule("Repair", NINE)
    office.run(60.0)
    office.unplan(guid)
    office.run(60.0)
    with office.writes() as written:
        office.clear_disk()
        office.settle()
    assert written == {}
    assert office.person().events() == []

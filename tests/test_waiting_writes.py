"""What was decided has to wait, and only what is still right is done then (D1, D11, E).

The disk is full for minutes, or the board asks for patience.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from tests.office import Office, lasting, office_at_work

NINE = datetime(2026, 3, 3, 9)  # noqa: DTZ001 - the board's wall clock


@pytest.fixture
def working() -> Iterator[Office]:
    with office_at_work() as office:
        yield office


@pytest.fixture
def office(working: Office) -> Office:
    """An office whose disk has just become full."""
    working.disk.is_full = True
    return working


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


def test_e_d1_what_is_hidden_while_the_board_asks_for_patience_never_reaches_it(working: Office) -> None:
    """E, D1: the person hides an event while its creation waits for `Retry-After`."""
    with put_off(working):
        event = working.person().create(subject="Dentist", **lasting(NINE))
    working.person().change(event, sensitivity="private")
    refused = len(working.asked)
    working.settle(1500.0)
    assert not any(b"Dentist" in one.body for one in working.asked[refused:])
    assert working.board() == []


def test_e_b10_what_is_not_shared_any_more_while_it_waits_never_reaches_the_board(working: Office) -> None:
    """E, B10: likewise where the resource chooses to share nothing."""
    with put_off(working):
        working.person().create(subject="Dentist", **lasting(NINE))
    nothing = {"share": False, "show_as": (), "sensitivity": (), "private": "hide"}
    working.oracle.prefers(working.numbers[0], nothing)
    working.prefer(working.numbers[0], nothing)
    refused = len(working.asked)
    working.settle(1500.0)
    assert not any(b"Dentist" in one.body for one in working.asked[refused:])
    assert working.board() == []


def test_e_d1_a_change_that_is_hidden_while_it_waits_never_reaches_the_board(working: Office) -> None:
    """E, D1, B5: an event that the board knows gets other words, and is made private before they are sent."""
    event = working.person().create(subject="Visit", **lasting(NINE))
    working.settle()
    with put_off(working):
        working.person().change(event, subject="Dentist")
    working.person().change(event, sensitivity="private")
    refused = len(working.asked)
    working.settle(1500.0)
    assert not any(b"Dentist" in one.body for one in working.asked[refused:])
    assert working.board() == []


def test_b10_b16_what_is_shared_since_it_was_asked_for_is_read_before_it_is_judged(working: Office) -> None:
    """B10, B16, C2: a planner renames a shared event; before it is read, it is marked private, and that is
    shared, too. Of its words nothing is known then, and the planner's are not lost to "Unavailable"."""
    person, everything = working.person(), {"share": True, "show_as": ("busy",), "private": "hide"}
    event = person.create(subject="Workshop", **lasting(NINE))
    working.settle()
    (appointment,) = working.board()
    with put_off(working, "GET", "/events/"):
        working.replan(appointment.guid, subject="Workshop, large")
    person.change(event, sensitivity="private")
    chosen = {**everything, "sensitivity": ("normal", "private")}
    working.oracle.prefers(working.numbers[0], chosen)
    with put_off(working, "GET", "/delta"):
        working.prefer(working.numbers[0], chosen)
    working.settle(1500.0)
    assert event.content.subject == "Workshop, large"
    assert [one.subject for one in working.board()] == ["Workshop, large"]


def test_b5_what_changes_while_it_waits_is_written_once(working: Office) -> None:
    """B5, D1: in its latest words."""
    with put_off(working):
        event = working.person().create(subject="Dentist", **lasting(NINE))
    working.person().change(event, subject="Doctor")
    with working.writes() as written:
        working.settle(1500.0)
    assert written == {"scheduler": 1}
    assert [one.subject for one in working.board()] == ["Doctor"]


def test_a8_c3_what_a_planner_said_last_is_not_overwritten_by_what_has_waited(working: Office) -> None:
    """A8, C3: the board knows no If-Match, so that what waits is looked at again before it is sent."""
    event = working.person().create(subject="Visit", **lasting(NINE))
    working.settle()
    (appointment,) = working.board()
    with put_off(working):
        working.person().change(event, subject="Visit in Ghent")
    working.replan(appointment.guid, subject="Visit in Bruges")
    working.settle(1500.0)
    assert (appointment.subject, event.content.subject) == ("Visit in Bruges", "Visit in Bruges")


def test_b3_what_is_shown_again_while_its_removal_waits_stays_on_the_board(working: Office) -> None:
    """B3, B4: neither removed nor made again."""
    event = working.person().create(subject="Visit", **lasting(NINE))
    working.settle()
    with put_off(working):
        working.person().change(event, sensitivity="private")
    working.person().change(event, sensitivity="normal")
    with working.writes() as written:
        working.settle(1500.0)
    assert written == {}
    assert [one.subject for one in working.board()] == ["Visit"]


def test_a5_a12_what_is_planned_again_while_its_deletion_waits_keeps_what_its_owner_wrote(
    working: Office,
) -> None:
    """A5, A12: the resource is taken off and put back while Graph asks for patience."""
    guid = working.schedule("Repair", NINE)
    working.settle()
    (event,) = working.person().events()
    with put_off(working, "DELETE", "/events/"):
        working.replan(guid, resources=[])
    working.replan(guid, resources=working.numbers)
    with working.writes() as written:
        working.settle(1500.0)
    assert written == {}
    assert working.person().events() == [event]


def test_a6_what_is_unplanned_while_its_creation_waits_gets_no_event(working: Office) -> None:
    """A6, D1."""
    with put_off(working, "POST", "/events"):
        guid = working.schedule("Repair", NINE)
    working.unplan(guid)
    with working.writes() as written:
        working.settle(1500.0)
    assert written == {}
    assert working.person().events() == []


def test_a10_what_waits_for_a_resource_that_is_switched_off_is_not_done(working: Office) -> None:
    """A10: it is left alone from then on; switched on again, it gets its event."""
    mailbox = working.person().mailbox
    with put_off(working, "POST", "/events"):
        working.schedule("Repair", NINE)
    switch(working, on=False)
    working.settle(1500.0)
    assert list(mailbox.events(mailbox.default_calendar)) == []
    switch(working, on=True)
    working.settle()
    assert [one.content.subject for one in working.person().events()] == ["Repair"]


def test_a11_what_waits_for_a_mailbox_that_the_resource_has_left_is_not_done(working: Office) -> None:
    """A11: the creation in the former mailbox was put off for longer than its event is looked for there."""
    former = working.person().mailbox
    with put_off(working, "POST", "/events"):
        working.schedule("Repair", NINE)
    working.get_mailbox()
    working.settle(2000.0)
    assert list(former.events(former.default_calendar)) == []
    assert [one.content.subject for one in working.person().events()] == ["Repair"]


def switch(office: Office, *, on: bool) -> None:
    """An administrator switches the resource on or off."""
    office.services.board.resource_change(office.numbers[0], {"exchangeIntegrationEnabled": on})
    office.oracle.resource_touched(office.numbers[0])


@contextmanager
def put_off(office: Office, method: str = "POST", where: str = "/import") -> Iterator[None]:
    """A service asks for a quarter of an hour's patience at the call that follows from what is done."""
    late = office.refuse_once(where, method=method)
    yield
    office.run(60.0)
    assert late.struck

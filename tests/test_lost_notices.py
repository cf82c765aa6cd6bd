"""D4: what one notice told, and what another would have told that was lost: the poll finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from actors.resource.messages import BoardListed
from models.ids import ResourceNo
from tests.office import Office, lasting, office_at_work
from tests.simulation.reading import of_appointment, of_item

SOON = datetime(2026, 3, 5, 10)  # noqa: DTZ001 - a wall clock
LATER = SOON + timedelta(hours=3)
POLL = 1_800


@contextmanager
def notices_lost(office: Office) -> Iterator[None]:
    """Nobody is told of what is changed meanwhile."""
    told = office.oracle.on_change
    office.oracle.on_change = lambda line, wake: None
    try:
        yield
    finally:
        office.oracle.on_change = told


def test_d4_an_appointment_that_came_and_went_between_two_polls_leaves_no_event() -> None:
    """D4, A6: a webhook told of it, so that it has an event; neither listing has shown it."""
    with office_at_work(board_poll_seconds=POLL, outlook_poll_seconds=POLL) as office:
        guid = office.schedule("Repair", SOON)
        office.run(120.0)
        (event,) = office.person().events()
        assert event.content.subject == "Repair"
        with notices_lost(office):
            office.unplan(guid)
        office.settle(2 * POLL)
        assert office.person().events() == []


def test_d4_a_resource_that_was_put_on_and_taken_off_between_two_polls_has_no_event() -> None:
    """D4, A5: likewise where the appointment stays, with another resource."""
    with office_at_work(resources=2, board_poll_seconds=POLL, outlook_poll_seconds=POLL) as office:
        guid = office.schedule("Repair", SOON, places=(0, 1))
        office.run(120.0)
        assert [len(office.person(place).events()) for place in (0, 1)] == [1, 1]
        with notices_lost(office):
            office.replan(guid, resources=[office.numbers[0]])
        office.settle(2 * POLL)
        assert [len(office.person(place).events()) for place in (0, 1)] == [1, 0]


def test_d4_an_appointment_of_an_event_that_went_before_any_listing_showed_it_stays_away() -> None:
    """D4, B16: the connector itself made it; a planner deleted it before the next poll."""
    with office_at_work(board_poll_seconds=POLL, outlook_poll_seconds=POLL) as office:
        person = office.person()
        event = person.create(subject="Visit", **lasting(SOON))
        office.run(120.0)
        (appointment,) = office.board()
        with notices_lost(office):
            office.unplan(appointment.guid)
        office.settle(2 * POLL)
        assert office.board() == []
        assert office.connector.application.tally.by_act()["suppress"] == 1
        person.change(event, **lasting(LATER))
        office.settle(2 * POLL)
        assert person.shown() == person.shared()


def test_d4_what_was_written_is_looked_at_once_more_and_then_left_alone() -> None:
    """D4: after the listing that follows a write, a resource is told nothing that is no news."""
    with office_at_work(board_poll_seconds=POLL, outlook_poll_seconds=10 * POLL) as office:
        office.schedule("Repair", SOON)
        office.settle(2 * POLL)
        told: list[ResourceNo] = []

        def noted(resource_no: ResourceNo, listing: BoardListed) -> None:
            told.append(resource_no)

        office.connector.application.router.listing = noted  # type: ignore[method-assign]  # in its place
        office.settle(3 * POLL)
        assert told == []
        office.schedule("Inspection", LATER)
        office.run(1.5 * POLL)
        assert told, "and what is news is told"


def test_d4_a3_what_is_put_back_in_an_event_is_what_the_board_says_by_now() -> None:
    """D4, A3: a planner has moved the appointment, and the board was not looked at since."""
    with office_at_work(outlook_edits="revert", board_poll_seconds=4 * POLL) as office:
        guid = office.schedule("Repair", SOON)
        office.run(120.0)
        (event,) = office.person().events()
        with notices_lost(office):
            office.replan(guid, start=LATER.isoformat(), end=(LATER + timedelta(hours=1)).isoformat())
        office.person().change(event, **lasting(LATER + timedelta(hours=5)))
        office.run(POLL)
        (appointment,) = office.board()
        assert of_item(event.item)["when"] == of_appointment(appointment)["when"]
        assert appointment.start == LATER

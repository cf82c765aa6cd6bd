"""D9: what one side refuses for good is put aside, and stands in the way of nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.decision import Act
from tests.office import Office, lasting, office_at_work
from tests.sandbox.faults import Kind

FIRST, SECOND = (datetime(2026, 3, day, 10) for day in (5, 6))  # noqa: DTZ001 - wall clocks
HOUR = timedelta(hours=1)


def test_d9_c2_what_outlook_refuses_does_not_keep_the_persons_own_change_from_the_board() -> None:
    """D9, C2: both sides changed an appointment while nobody looked, and Graph rejects the planner's part."""
    with office_at_work(future_days=30) as office:
        person = office.person()
        guid = office.schedule("Repair", FIRST)
        office.settle()
        (event,) = person.events()
        office.kill(60.0)
        office.replan(guid, subject="Repair the pump")
        person.change(event, **lasting(SECOND))
        refuse(office, "graph", "PATCH")
        office.settle(put_aside=1)
        (appointment,) = office.board()
        assert (appointment.start, appointment.subject) == (SECOND, "Repair the pump")
        (letter,) = office.disk.store.dead_letters()
        assert letter.act is Act.UPDATE_EVENT
        with office.writes() as writes:
            office.settle(put_aside=1)
        assert writes == {}
        office.services.faults.clear()
        office.replan(guid, subject="Repair the pump at once")
        office.settle()
        assert event.content.subject == "Repair the pump at once"
        assert event.content.start.local == SECOND


def test_d9_b2_a_removal_that_the_board_refused_is_tried_again_when_the_event_changes() -> None:
    """D9, B2, E: nothing of an event that is not shared says what has changed but its version."""
    with office_at_work() as office:
        person = office.person()
        event = person.create(subject="Dentist", **lasting(FIRST))
        office.settle()
        refuse(office, "scheduler", "POST")
        person.change(event, sensitivity="private")
        office.settle(put_aside=1)
        with office.writes() as writes:
            office.settle(put_aside=1)
        assert writes == {}
        office.services.faults.clear()
        person.change(event, subject="Dentist, at noon")
        office.settle()
        assert office.board() == []


def test_d9_a5_a_deletion_that_outlook_refused_is_tried_again_when_the_event_changes() -> None:
    """D9, A5."""
    with office_at_work() as office:
        guid = office.schedule("Repair", FIRST)
        office.settle()
        refuse(office, "graph", "DELETE")
        office.unplan(guid)
        office.settle(put_aside=1)
        with office.writes() as writes:
            office.settle(put_aside=1)
        assert writes == {}
        office.services.faults.clear()
        (event,) = office.person().events()
        office.person().change(event, importance="high")
        office.settle()
        assert office.person().events() == []


def refuse(office: Office, service: str, method: str) -> None:
    """A service takes no such request any more."""
    office.services.traffic.faults = office.services.faults
    office.services.faults.add(kind=Kind.STATUS, service=service, method=method, status=400, times=None)

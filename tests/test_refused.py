"""D9: what one side refuses for good is put aside, and stands in the way of nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.decision import Act
from tests.office import lasting, office_at_work
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
        office.services.traffic.faults = office.services.faults
        office.services.faults.add(kind=Kind.STATUS, service="graph", method="PATCH", status=400, times=None)
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

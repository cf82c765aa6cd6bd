"""Quarantine and release (BEHAVIOUR.md D10, C10), with a whole tenant in virtual time."""

from __future__ import annotations

from datetime import timedelta

from actors.commandline.retry import Waiting
from models.ids import ResourceNo
from models.storage.records import ResourceState
from models.supervision import SupervisionPolicy
from tests.office import Office, lasting, office_at_work
from tests.simulation.disk import Disk

BROKEN = "{"


def agreed_of(office: Office, number: str, agreed: str | None = None) -> str:
    """What the store holds of a resource's one link; `agreed`: put that in its place."""
    connection = Disk._connection(office.disk.store)
    was = connection.execute("SELECT agreed_json FROM links WHERE resource_no = ?", (number,)).fetchone()[0]
    if agreed is not None:
        connection.execute("UPDATE links SET agreed_json = ? WHERE resource_no = ?", (agreed, number))
    return str(was)


def damaged(office: Office, number: str) -> str:
    """Damage what the store holds of a resource's one link, so that its actor fails; what was there."""
    office.oracle.fails = lambda what: None  # type: ignore[method-assign]  # failing is what this is about
    return agreed_of(office, number, BROKEN)


def book(office: Office, place: int, subject: str, hours: float = 24.0) -> None:
    start = office.clock.now().replace(tzinfo=None) + timedelta(hours=hours)
    office.person(place).create(subject=subject, **lasting(start))


def shown(office: Office) -> set[str]:
    return {appointment.subject for appointment in office.board()}


def state_of(office: Office, number: str) -> ResourceState:
    record = office.disk.store.resource_of(ResourceNo(number))
    assert record is not None
    return record.state


def test_d10_a_resource_that_fails_again_and_again_is_shown_released_and_no_hindrance() -> None:
    """What the store holds of its link is damaged, so that its actor fails whenever it is started."""
    with office_at_work(resources=2, notified=False) as office:
        ill, well = office.numbers
        book(office, 0, "Before")
        office.settle()
        good = damaged(office, ill)
        office.kill(down=1.0)
        book(office, 1, "Of the neighbour")
        book(office, 0, "Of the one in quarantine", hours=30.0)
        policy = SupervisionPolicy()
        office.run(policy.window)
        assert state_of(office, ill) is ResourceState.QUARANTINED
        assert state_of(office, well) is ResourceState.ACTIVE
        assert shown(office) == {"Before", "Of the neighbour"}

        agreed_of(office, ill, good)
        office.run(policy.probe_every / 2)
        assert state_of(office, ill) is ResourceState.QUARANTINED, "nobody has released it"
        waiting = Waiting.of(office.disk.store, ill)
        assert [line.startswith(f"{ill}: in quarantine; ") for line in waiting.lines()][-1]
        assert Waiting.of(office.disk.store, well).is_empty
        office.kill(down=1.0)
        office.disk.store.apply(waiting.released())
        office.settle()
        assert state_of(office, ill) is ResourceState.ACTIVE
        assert shown(office) == {"Before", "Of the neighbour", "Of the one in quarantine"}


def test_d10_a_quarantined_resource_that_is_well_again_comes_back_by_itself() -> None:
    with office_at_work(notified=False) as office:
        number = office.numbers[0]
        book(office, 0, "Before")
        office.settle()
        good = damaged(office, number)
        office.kill(down=1.0)
        office.run(SupervisionPolicy().window)
        assert state_of(office, number) is ResourceState.QUARANTINED
        agreed_of(office, number, good)
        book(office, 0, "After", hours=30.0)
        office.run(SupervisionPolicy().probe_every + 600.0)
        assert shown(office) == {"Before", "After"}
        assert state_of(office, number) is ResourceState.ACTIVE


def test_c10_what_is_held_back_is_released_by_retry_without_waiting_for_another_reading() -> None:
    with office_at_work(notified=False) as office:
        number = office.numbers[0]
        for hour in range(7):
            book(office, 0, f"Visit {hour}", hours=24.0 + hour)
        office.settle()
        for event in office.person().events():
            office.person().delete(event)
        while len(office.disk.store.held_back()) < 7:
            office.run(1.0)
        office.kill(down=1.0)
        waiting = Waiting.of(office.disk.store, f"{number}/{office.disk.store.held_back()[0].guid}")
        assert (len(waiting.held), waiting.asked(waiting.held[0].id)) == (1, {"id": waiting.held[0].id})
        office.disk.store.apply(waiting.released())
        office.run(5.0)
        assert len(office.board()) == 6
        office.settle()
        assert office.board() == []

"""Events from the board that a person invites others to (A3, A5–A7, A11, B11, B12): nobody is ever mailed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest

from actors.explain import explain
from actors.status import Live, build_status
from models.decision import Act, Reason
from models.storage.records import DecisionRecord
from tests.office import Json, Office, Person, lasting, office_at_work
from tests.sandbox.graph.events import Event
from tests.simulation.reading import of_appointment, of_item
from tests.simulation.verdict import Verdict

START = datetime(2026, 3, 4, 10)  # noqa: DTZ001 - a wall clock
GUESTS: Json = {
    "attendees": [{"emailAddress": {"address": "customer@elsewhere.example", "name": "Customer"}}]
}
NOBODY: Json = {"attendees": []}


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment that a planner made, and its event."""

    office: Office
    guid: str
    event: Event

    @property
    def person(self) -> Person:
        return self.office.person()

    def held(self) -> list[DecisionRecord]:
        """What was not written because of the guests."""
        made = self.office.disk.store.decisions(self.guid)
        return [one for one in made if one.act is Act.HOLD]

    def invite(self, guests: Json = GUESTS) -> None:
        self.person.change(self.event, **guests)

    def exists(self) -> bool:
        return self.event in self.person.events()


def visit_in(office: Office) -> Visit:
    guid = office.schedule("Repair", START)
    office.settle()
    (event,) = office.person().events()
    return Visit(office, guid, event)


@pytest.fixture
def visit() -> Iterator[Visit]:
    with office_at_work(future_days=30) as office:
        yield visit_in(office)


def move(visit: Visit) -> None:
    later = START + timedelta(hours=5)
    visit.office.replan(visit.guid, start=later.isoformat(), end=(later + timedelta(hours=1)).isoformat())


def rename(visit: Visit) -> None:
    visit.office.replan(visit.guid, subject="Another repair")


def describe(visit: Visit) -> None:
    visit.office.replan(visit.guid, body="Bring the ladder")


def urge(visit: Visit) -> None:
    visit.office.replan(visit.guid, importance=1)


def hand_over(visit: Visit) -> None:
    visit.office.replan(visit.guid, resources=[visit.office.numbers[1]])


def delete(visit: Visit) -> None:
    visit.office.unplan(visit.guid)


CHANGES = (move, rename, describe, urge)
Deed = Callable[[Visit], None]


@pytest.mark.parametrize("deed", CHANGES)
def test_a3_b15_a_meeting_is_not_changed_and_follows_once_its_guests_are_off(
    visit: Visit, deed: Deed
) -> None:
    """A3: the guests would be mailed. What the planner said is not lost, and why is explained, once."""
    visit.invite()
    visit.office.settle()
    before = of_item(visit.event.item)
    with visit.office.writes() as written:
        deed(visit)
        visit.office.settle(2 * 86400, put_aside=1)
    assert written == {}
    assert of_item(visit.event.item) == before
    (held,) = visit.held()
    assert held.reason is Reason.HAS_GUESTS
    assert held.detail == "update event: the appointment changed on the board"
    (letter,) = visit.office.disk.store.dead_letters()
    assert "others are invited" in letter.reason
    assert "in Outlook" in letter.reason

    with visit.office.writes() as written:
        visit.invite(NOBODY)
        visit.office.settle()
    assert written == {"graph": 1}
    (appointment,) = visit.office.board()
    assert visit.event.content.subject == appointment.subject
    assert of_item(visit.event.item) != before


@pytest.mark.parametrize(("deed", "reason"), [(delete, "deleted on the board"), (hand_over, "taken off")])
def test_a5_a6_a_meeting_is_not_deleted_until_its_guests_are_off(deed: Deed, reason: str) -> None:
    """A5, A6: they would be mailed a cancellation."""
    with office_at_work(resources=2, future_days=30) as office:
        visit = visit_in(office)
        visit.invite()
        office.settle()
        since = len(office.asked)
        deed(visit)
        office.settle(2 * 86400, put_aside=1)
        assert visit.exists()
        assert "DELETE" not in {one.method for one in office.asked[since:]}
        (held,) = visit.held()
        assert reason in held.detail
        visit.invite(NOBODY)
        office.settle()
        assert not visit.exists()


@pytest.mark.parametrize("deed", [move, describe, delete])
def test_a4_guests_who_were_invited_a_moment_before_are_noticed(deed: Deed) -> None:
    """A4: nobody told the connector; the version of the event does."""
    seldom = {"outlook_poll_seconds": 4 * 3600, "board_poll_seconds": 60}
    with office_at_work(future_days=30, notified=False, **seldom) as office:
        visit = visit_in(office)
        before = of_item(visit.event.item)
        visit.invite()
        since = len(office.asked)
        deed(visit)
        office.settle(600, put_aside=1)
        refused = [one for one in office.asked[since:] if one.is_write]
        assert len(refused) <= 1
        assert {one.ended for one in refused} <= {"412"}
        assert visit.exists()
        assert of_item(visit.event.item) == before


def test_b11_what_the_person_changes_reaches_the_board_and_what_is_the_board_s_is_not_put_back(
    visit: Visit,
) -> None:
    """B11: the time is taken; the subject would be put back, were nobody mailed of it."""
    later = START + timedelta(hours=3)
    with visit.office.writes() as written:
        visit.person.change(visit.event, subject="Repair, with the customer", **lasting(later), **GUESTS)
        visit.office.settle(put_aside=1)
    assert written == {"scheduler": 1}
    (appointment,) = visit.office.board()
    assert (appointment.subject, appointment.start) == ("Repair", later)
    assert visit.event.content.subject == "Repair, with the customer"
    visit.invite(NOBODY)
    visit.office.settle()
    assert visit.event.content.subject == "Repair"


def test_a8_a_planner_who_takes_a_change_back_leaves_nothing_put_aside(visit: Visit) -> None:
    """A8, D9: both sides agree again, and nobody has to look after it."""
    visit.invite()
    visit.office.settle()
    rename(visit)
    visit.office.settle(put_aside=1)
    with visit.office.writes() as written:
        visit.office.replan(visit.guid, subject="Repair")
        visit.office.settle()
    assert written == {}


def test_c2_d9_what_waited_is_done_when_the_guests_are_off_whatever_else_has_changed(visit: Visit) -> None:
    """C2, D9: the person renamed the meeting meanwhile, which alone would be put back."""
    visit.invite()
    visit.office.settle()
    later = START + timedelta(hours=3)
    visit.office.replan(visit.guid, start=later.isoformat(), end=(later + timedelta(hours=1)).isoformat())
    visit.office.settle(put_aside=1)
    visit.person.change(visit.event, subject="Repair, with the customer", **NOBODY)
    visit.office.settle()
    assert visit.event.content.subject == "Repair"
    (appointment,) = visit.office.board()
    assert appointment.start == later
    assert of_item(visit.event.item)["when"] == of_appointment(appointment)["when"]


def test_b12_a_meeting_that_its_owner_deletes_returns_without_guests(visit: Visit) -> None:
    """B12, A1: nobody is mailed by a new event."""
    visit.invite()
    visit.office.settle()
    visit.person.delete(visit.event)
    visit.office.settle()
    (event,) = visit.person.events()
    assert event is not visit.event
    assert event.content.attendees == ()


def test_a11_a_meeting_stays_in_the_mailbox_that_its_resource_had_before(visit: Visit) -> None:
    """A11: the new mailbox has an event of its own; the meeting is its owner's."""
    office, former = visit.office, visit.person
    mailbox = former.mailbox
    visit.invite()
    office.settle()
    office.get_mailbox()
    office.settle(3600)
    assert visit.event in mailbox.events(mailbox.default_calendar)
    assert [one.content.subject for one in office.person().events()] == ["Repair"]
    kept = office.disk.store.decisions(visit.event.immutable_id)
    assert Reason.HAS_GUESTS in {one.reason for one in kept}


def test_d3_a_meeting_is_known_after_a_restart(visit: Visit) -> None:
    """D3: and what is put aside is explained no second time."""
    visit.invite()
    visit.office.settle()
    visit.office.kill(down=60.0)
    visit.office.run(120)
    with visit.office.writes() as written:
        rename(visit)
        visit.office.settle(put_aside=1)
        visit.office.kill(down=60.0)
        visit.office.settle(86400, put_aside=1)
    assert written == {}
    assert len(visit.held()) == 1


def test_d9_the_status_of_the_resource_says_why_and_what_to_do(visit: Visit) -> None:
    """D9, A3: the event does not follow its appointment, and nobody has to guess why."""
    visit.invite()
    rename(visit)
    visit.office.settle(put_aside=1)
    store, now = visit.office.disk.store, visit.office.clock.now()
    report = build_status(
        counts=store.counts(), resources=store.resources(), letters=store.dead_letters(), now=now, live=Live()
    )
    (one,) = report.resources
    assert one.reason.startswith("put aside: 1 (`exchange-connector retry` lists them); update event: ")
    assert "takes the guests off" in one.reason
    told = explain(visit.guid, store.decisions(visit.guid), store.resources()).as_text()
    assert "leave it as it is for now" in told
    assert "others are invited to this event" in told
    assert "takes its guests off" in told
    assert "the appointment changed on the board" in told


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_d3_whatever_happens_to_meetings_nobody_is_mailed_and_the_end_is_the_same(seed: int) -> None:
    """A3-A6, B11, B12, D3: people invite others and take them off again, planners and crashes come between.

    The oracle looks at every write; once nobody is invited any more it finds both sides in step.
    """
    dice = Random(seed)
    with office_at_work(future_days=30, notified=bool(seed % 2)) as office:
        person = office.person()
        deeds = (
            "plan",
            "move",
            "rename",
            "unplan",
            "invite",
            "invite",
            "uninvite",
            "shift",
            "delete",
            "kill",
        )
        for number in range(40):
            event = dice.choice(person.events() or [None])
            planned = [one for one in office.board() if one.exchange is None]
            guid = dice.choice(planned).guid if planned else ""
            starts = START + timedelta(hours=3 * number)
            match dice.choice(deeds) if event is not None and guid else "plan":
                case "plan":
                    office.schedule(f"Work {number}", starts)
                case "move":
                    ends = starts + timedelta(hours=1)
                    office.replan(guid, start=starts.isoformat(), end=ends.isoformat())
                case "rename":
                    office.replan(guid, subject=f"Work {number}")
                case "unplan":
                    office.unplan(guid)
                case "invite" if event is not None:
                    person.change(event, **GUESTS)
                case "uninvite" if event is not None:
                    person.change(event, **NOBODY)
                case "shift" if event is not None:
                    person.change(event, **lasting(starts))
                case "delete" if event is not None:
                    person.delete(event)
                case "kill":
                    office.kill(down=dice.choice((1.0, 60.0)))
            office.run(dice.choice((0.05, 0.5, 5.0, 60.0, 400.0)))
        office.run(3600)
        for event in person.events():
            person.change(event, **NOBODY)
        office.settle(3600)
        assert Verdict(office.oracle).problems() == []

"""Events that the connector wrote, met again: copies, private ones, and ghosts (B13, B14, C5, D3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.office import Office, Person, at, lasting, office_at_work
from tests.sandbox.graph.events import Event
from tests.sandbox.graph.quirks import Quirks
from tests.simulation.reading import of_appointment, of_item

START = datetime(2026, 3, 4, 10)  # noqa: DTZ001 - a wall clock
FOREIGN = "1a4cbb24-7c4c-5d0e-9f2c-3a1f5ad0a6e4"
"""A UUID of version 5 that another application gave."""


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work(future_days=30, outlook_edits="accept") as working:
        yield working


def planned(office: Office, subject: str = "Repair", day: int = 0) -> tuple[str, Event]:
    """An appointment that a planner made, and its event."""
    guid = office.schedule(subject, START + timedelta(days=day))
    office.settle()
    (event,) = (one for one in office.person().events() if one.content.subject == subject)
    return guid, event


def subjects(person: Person) -> list[str]:
    return sorted(one.content.subject or "" for one in person.events())


def on_board(office: Office) -> list[str]:
    return sorted(one.subject for one in office.board())


def test_b13_a_copy_is_the_person_s_own_and_the_original_keeps_its_link(office: Office) -> None:
    """B13: the copy becomes an appointment of its own; each then follows its own event."""
    person = office.person()
    guid, event = planned(office)
    with office.writes() as written:
        person.do(event, "copy")
        office.settle()
    assert written == {"scheduler": 1}
    assert on_board(office) == ["Repair", "Repair"]
    copy = next(one for one in person.events() if one is not event)
    person.change(
        copy,
        subject="Another repair",
        start=at(START + timedelta(hours=3)),
        end=at(START + timedelta(hours=4)),
    )
    office.settle()
    assert on_board(office) == ["Another repair", "Repair"]
    with office.writes() as written:
        office.unplan(guid)
        office.settle()
    assert subjects(person) == ["Another repair"]
    assert on_board(office) == ["Another repair"]
    assert written == {"graph": 1}


def test_b13_a_copy_that_is_not_shared_stays_with_the_person(office: Office) -> None:
    """B13, B2."""
    person = office.person()
    _, event = planned(office)
    made = person.do(event, "copy")
    person.change(person.mailbox.find(made["id"]).event, showAs="free", subject="Mine")
    office.settle()
    assert on_board(office) == ["Repair"]


def test_b14_what_is_typed_into_a_private_board_born_event_never_reaches_the_board(office: Office) -> None:
    """B14: the link stays, a planner's changes still reach the event, and back to normal it is in step."""
    person = office.person()
    guid, event = planned(office)
    person.change(event, sensitivity="private", subject="My secret")
    office.settle()
    person.change(event, start=at(START + timedelta(hours=5)), end=at(START + timedelta(hours=6)))
    office.settle()
    assert on_board(office) == ["Repair"]
    assert office.board()[0].start == START
    office.replan(guid, start="2026-03-05T10:00:00", end="2026-03-05T11:00:00")
    office.settle()
    assert event.content.start.instant().isoformat() == "2026-03-05T09:00:00+00:00"
    assert on_board(office) == ["Repair"]
    assert len(person.events()) == 1
    assert "My secret" not in office.disk.image().decode("latin-1")


@pytest.mark.parametrize(
    "hidden",
    [
        lasting(START + timedelta(days=2)),
        {"isAllDay": True, "start": at(datetime(2026, 3, 7)), "end": at(datetime(2026, 3, 8))},  # noqa: DTZ001 - days
    ],
    ids=["another-day", "all-day"],
)
@pytest.mark.parametrize("is_renamed", [False, True], ids=["", "after-a-new-subject"])
def test_b14_a_planner_s_new_end_moves_all_of_an_event_that_was_moved_in_private(
    office: Office, hidden: dict[str, Any], is_renamed: bool
) -> None:
    """B14, A3: where the person has put it may not be read, so that one end alone says nothing."""
    person = office.person()
    guid, event = planned(office)
    person.change(event, sensitivity="private")
    office.settle()
    person.change(event, **hidden)
    office.settle()
    if is_renamed:
        office.replan(guid, subject="Repair, at last")
        office.settle()
    office.replan(guid, end="2026-03-04T12:00:00")
    office.settle()
    assert of_item(event.item)["when"] == of_appointment(office.board()[0])["when"]


def test_d3_an_older_store_adopts_what_was_written_after_it(office: Office) -> None:
    """D3, C5: the event of an appointment that the store has never heard of is not the person's own."""
    office.back_up()
    _, event = planned(office)
    office.restore()
    office.settle()
    assert office.person().events() == [event]
    assert on_board(office) == ["Repair"]
    assert subjects(office.person()) == ["Repair"]


def test_d3_an_older_store_goes_on_with_an_appointment_that_it_knows_as_deleted(office: Office) -> None:
    """D3, C5, B16: a planner deleted it, a store that was lost had it made again, and is found again."""
    person = office.person()
    event = person.create(subject="Visit", **lasting(START))
    office.settle()
    office.unplan(office.board()[0].guid)
    office.settle()
    office.back_up()
    office.restore(empty=True)
    office.settle()
    (appointment,) = office.board()
    office.restore()
    office.run(0.5)
    office.replan(appointment.guid, start="2026-03-05T10:00:00", end="2026-03-05T11:00:00")
    office.settle()
    assert person.shown() == person.shared()
    person.change(event, subject="Visit in Ghent")
    office.settle()
    assert person.shown() == person.shared()
    assert on_board(office) == ["Visit in Ghent"]


def test_d3_an_older_store_takes_away_what_was_unplanned_meanwhile() -> None:
    """D3, A6: the appointment went while the process was down; its event is no appointment from Outlook."""
    with office_at_work(future_days=30) as office:
        office.back_up()
        guid, _ = planned(office)
        office.kill(down=900.0)
        office.unplan(guid)
        office.restore()
        office.settle(1000)
        assert on_board(office) == []
        assert subjects(office.person()) == []


def test_d3_an_older_store_looks_at_a_later_event_before_it_changes_it() -> None:
    """D3, A4, C3: the store knows an event that is gone, and another is there that its owner has changed."""
    with office_at_work(future_days=30, quirks=Quirks(delta_lag=timedelta(seconds=120))) as office:
        guid, first = planned(office)
        office.back_up()
        office.person().delete(first)
        office.settle()
        office.replan(guid, start="2026-03-05T10:00:00", end="2026-03-05T11:00:00")
        office.settle()
        (second,) = office.person().events()
        office.kill(down=900.0)
        days = (at(datetime(2026, 3, 7)), at(datetime(2026, 3, 9)))  # noqa: DTZ001 - days
        office.person().change(second, isAllDay=True, start=days[0], end=days[1])
        office.restore()
        office.settle(1000)
        assert office.person().events() == [second]
        assert of_item(second.item)["when"] == of_appointment(office.board()[0])["when"]


def test_d4_an_answer_that_still_shows_a_deleted_event_makes_no_appointment() -> None:
    """D4, D3: deleted, the process killed, and Graph's answers lag behind."""
    with office_at_work(future_days=30, quirks=Quirks(delta_lag=timedelta(seconds=120))) as office:
        guid, _ = planned(office)
        office.settle(200)
        office.unplan(guid)
        office.run(60)
        assert subjects(office.person()) == []
        office.kill(down=1.0)
        office.settle(900)
        assert on_board(office) == []


def test_c9_another_application_s_event_with_an_id_like_ours_is_the_person_s_own(office: Office) -> None:
    """C9, B1: it bears a UUID of version 5, and nothing of the connector's."""
    office.person().create(subject="Elsewhere", transactionId=FOREIGN, **lasting(START))
    office.settle()
    assert on_board(office) == ["Elsewhere"]
    asked = len(office.asked)
    office.settle()
    assert not [one for one in office.asked[asked:] if one.path.endswith("/events")], "it is looked into once"

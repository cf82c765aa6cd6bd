"""What is not done because of the window, a setting or a lock is told, once, with what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from actors.explain import explain, remedy
from models.decision import Act, Reason
from models.storage.records import DecisionRecord
from tests.office import Office, lasting, office_at_work

TUESDAY = datetime(2026, 3, 3, 9)  # noqa: DTZ001 - the board's wall clock


def decided(office: Office, asked: str) -> list[DecisionRecord]:
    return list(office.disk.store.decisions(asked))


def restart(office: Office) -> None:
    office.kill(down=1.0)
    office.settle()


def test_a1_what_a_setting_keeps_out_of_outlook_is_told_once() -> None:
    with office_at_work(to_outlook=False) as office:
        guid = office.schedule("Boiler", TUESDAY)
        office.settle()
        office.replan(guid, subject="Boiler, large")
        office.settle()
        restart(office)
        (told,) = decided(office, guid)
        assert (told.act, told.reason, told.subject) == (Act.NOTHING, Reason.TO_OUTLOOK_OFF, "Boiler")
        text = explain("Boiler", [told], []).as_text()
        assert "nothing was done, because sync.to_outlook is off" in text
        assert "to change this: set sync.to_outlook = true" in text
        assert office.person().events() == []


@pytest.mark.slow
def test_a14_what_lies_outside_the_window_is_told_when_somebody_tells_of_it() -> None:
    with office_at_work(future_days=30) as office:
        guid = office.schedule("Far away", TUESDAY + timedelta(days=31))
        office.settle()
        (told,) = decided(office, guid)
        assert (told.act, told.reason) == (Act.NOTHING, Reason.OUTSIDE_WINDOW)
        assert "sync.future_days" in remedy(told)
        office.run(3 * 86_400.0)
        assert [one.act for one in decided(office, guid)] == [Act.CREATE_EVENT, Act.NOTHING]


def test_b1_what_a_setting_keeps_off_the_board_is_told_without_a_word_of_it() -> None:
    with office_at_work(to_board=False) as office:
        person = office.person()
        event = person.create(subject="Workshop", **lasting(TUESDAY))
        office.settle()
        restart(office)
        (told,) = office.disk.store.decisions_of(person.number)  # type: ignore[arg-type]  # a number is a text
        assert (told.act, told.reason) == (Act.NOTHING, Reason.TO_BOARD_OFF)
        assert told.event_id
        assert (told.subject, told.when, told.ical_uid, told.changes) == ("", None, "", ())
        assert decided(office, "Workshop") == decided(office, event.uid) == []
        assert office.board() == []


@pytest.fixture
def locked() -> Iterator[Office]:
    """The board shows an event whose appointment a planner has locked; after that it was renamed."""
    with office_at_work() as office:
        person = office.person()
        event = person.create(subject="Workshop", **lasting(TUESDAY))
        office.settle()
        (appointment,) = office.board()
        office.replan(appointment.guid, locked=True)
        office.settle()
        person.change(event, subject="Workshop, moved")
        office.settle()
        yield office


def test_a_lock_that_refuses_what_was_changed_in_outlook_is_told(locked: Office) -> None:
    (kept,) = locked.board()
    latest, *_ = decided(locked, kept.guid)
    assert (latest.act, latest.reason) == (Act.NOTHING, Reason.LOCKED)
    assert remedy(latest) == "unlock the appointment on the board"
    assert kept.subject == "Workshop"


@pytest.mark.parametrize("is_restarted", [False, True], ids=["", "restarted"])
def test_what_a_lock_refused_reaches_the_board_when_it_is_taken_off(
    locked: Office, is_restarted: bool
) -> None:
    if is_restarted:
        restart(locked)
    (appointment,) = locked.board()
    locked.replan(appointment.guid, locked=False)
    with locked.writes() as writes:
        locked.settle()
    assert writes == {"scheduler": 1}
    assert locked.person().shown() == locked.person().shared()
    assert [one.subject for one in locked.board()] == ["Workshop, moved"]

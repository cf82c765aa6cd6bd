"""Meetings (B6, B15): what only the organiser may change is never changed, and nobody is ever mailed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.office import BEGIN, Json, Office, Person, lasting, occurring, office_at_work, weekly
from tests.sandbox.graph.events import Event

START = datetime(2026, 3, 4, 10)  # noqa: DTZ001 - a wall clock


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting, in the calendar of its organiser and in that of her guest."""

    office: Office
    organiser: Person
    guest: Person
    event: Event

    @property
    def copy(self) -> Event:
        """The guest's copy."""
        return next(one for one in self.guest.events() if one.uid == self.event.uid)

    def guid(self, person: Person) -> str:
        """The appointment of the meeting on somebody's row of the board."""
        (guid,) = person.guids().values()
        return guid


def series_in(office: Office, *, times: int) -> Meeting:
    """A weekly meeting that its guest has accepted, each occurrence on both rows of the board."""
    organiser, guest = office.person(0), office.person(1)
    guests = [{"emailAddress": {"address": guest.address, "name": "Guest"}, "type": "required"}]
    recurrence = occurring(weekly("wednesday"), START.date(), times=times)
    event = organiser.create(subject="Review", attendees=guests, recurrence=recurrence, **lasting(START))
    held = Meeting(office, organiser, guest, event)
    guest.do(held.copy, "accept", sendResponse=False)
    office.settle()
    assert len(organiser.shown()) == len(guest.shown()) == times
    return held


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    with office_at_work(resources=2, future_days=30) as office:
        organiser, guest = office.person(0), office.person(1)
        guests = [{"emailAddress": {"address": guest.address, "name": "Guest"}, "type": "required"}]
        event = organiser.create(subject="Review", attendees=guests, **lasting(START))
        held = Meeting(office, organiser, guest, event)
        guest.do(held.copy, "accept", sendResponse=False)
        office.settle()
        assert organiser.shown() == organiser.shared()
        assert len(organiser.shown()) == 1
        assert guest.shown() == guest.shared()
        assert len(guest.shown()) == 1
        yield held


@pytest.mark.parametrize("whose", ["organiser", "guest"])
@pytest.mark.parametrize(
    "edit",
    [
        {"start": "2026-03-04T15:00:00", "end": "2026-03-04T16:00:00"},
        {"subject": "Moved by a planner"},
        {"body": "Typed by a planner"},
        {"importance": 1},
    ],
    ids=lambda edit: "-".join(edit),
)
def test_b15_a_planner_s_edit_of_a_meeting_is_put_back_and_mails_nobody(
    meeting: Meeting, whose: str, edit: Json
) -> None:
    """B15: neither the organiser's event nor a guest's copy is written, whatever the planner changes."""
    person: Person = getattr(meeting, whose)
    office, shown = meeting.office, person.shown()
    with office.writes() as written:
        office.replan(meeting.guid(person), **edit)
        office.settle()
    assert written == {"scheduler": 1}
    assert person.shown() == shown == person.shared()


def test_b15_the_board_says_why_a_meeting_was_put_back(meeting: Meeting) -> None:
    """B15: in the decision, with the remedy."""
    store = meeting.office.disk.store
    meeting.office.replan(meeting.guid(meeting.organiser), subject="Another")
    meeting.office.replan(meeting.guid(meeting.guest), subject="Another")
    meeting.office.settle()
    made = [one for number in meeting.office.numbers for one in store.decisions(number)]
    reasons = {one.reason.value for one in made if one.act.value == "update_appointment"}
    assert reasons == {"has_guests", "only_attendee"}


def test_b15_an_event_that_nobody_is_invited_to_takes_the_planner_s_edit() -> None:
    """B15: and an online meeting keeps its block even then."""
    with office_at_work(future_days=30) as office:
        person = office.person()
        plain = person.create(subject="Dentist", **lasting(START))
        online = person.create(subject="Call", isOnlineMeeting=True, **lasting(START + timedelta(days=1)))
        office.settle()
        guids = {one.subject: one.guid for one in office.board()}
        block = online.content.body
        with office.writes() as written:
            office.replan(guids["Dentist"], start="2026-03-04T15:00:00", end="2026-03-04T16:00:00")
            office.replan(guids["Call"], body="Typed by a planner")
            office.settle()
        assert written == {"graph": 1, "scheduler": 1}
        assert plain.content.start.instant().hour == 14
        assert online.content.body == block
        assert all("Typed by a planner" not in one.body for one in person.shown().values())


def test_b15_a_guest_s_answer_changes_the_organiser_s_version_and_means_nothing(meeting: Meeting) -> None:
    """B15: no write, however often somebody answers."""
    change = meeting.event.change
    with meeting.office.writes() as written:
        meeting.guest.do(meeting.copy, "accept", sendResponse=True)
        meeting.office.settle()
    assert meeting.event.change != change
    assert written == {}


def test_b6_a_meeting_that_is_cancelled_leaves_both_rows_of_the_board(meeting: Meeting) -> None:
    """B6: the organiser's event is gone, the guest's copy stays and is cancelled."""
    with meeting.office.writes() as written:
        meeting.organiser.do(meeting.event, "cancel")
        meeting.office.settle()
    assert meeting.copy.is_cancelled
    assert meeting.organiser.shown() == meeting.guest.shown() == {}
    assert written == {"scheduler": 2}


def test_b6_an_invitation_that_is_declined_leaves_the_guest_s_row(meeting: Meeting) -> None:
    """B6: and only hers."""
    with meeting.office.writes() as written:
        meeting.guest.do(meeting.copy, "decline", sendResponse=True)
        meeting.office.settle()
    assert meeting.guest.shown() == {}
    assert meeting.organiser.shown() == meeting.organiser.shared() != {}
    assert written == {"scheduler": 1}


def test_b3_an_invitation_accepted_tentatively_is_judged_by_its_show_as(meeting: Meeting) -> None:
    """B3, B6: tentative is not shared; accepting it in the end brings it back."""
    meeting.guest.do(meeting.copy, "tentativelyAccept", sendResponse=False)
    meeting.office.settle()
    assert meeting.guest.shown() == {}
    meeting.guest.do(meeting.copy, "accept", sendResponse=False)
    meeting.office.settle()
    assert meeting.guest.shown() == meeting.guest.shared() != {}


def test_b6_one_occurrence_of_a_meeting_that_is_cancelled_or_declined_goes_alone() -> None:
    """B6, B8: of a series of six, one is cancelled by the organiser and one declined by the guest."""
    with office_at_work(resources=2, future_days=60) as office:
        held = series_in(office, times=6)
        organiser, guest = held.organiser, held.guest
        with office.writes() as written:
            organiser.do(organiser.occurrences(held.event)[1], "cancel")
            office.settle()
            guest.do(guest.occurrences(held.copy)[3], "decline", sendResponse=False)
            office.settle()
        assert written == {"scheduler": 3}
        assert organiser.shown() == organiser.shared()
        assert len(organiser.shown()) == 5
        assert guest.shown() == guest.shared()
        assert len(guest.shown()) == 4


def test_b15_a_masked_meeting_takes_no_time_from_the_board() -> None:
    """B15, B3: of a private meeting only that others are invited is known, and that is enough."""
    with office_at_work(resources=2, future_days=30, private="mask") as office:
        organiser, guest = office.person(0), office.person(1)
        guests = [{"emailAddress": {"address": guest.address, "name": "Guest"}, "type": "required"}]
        organiser.create(subject="Secret", sensitivity="private", attendees=guests, **lasting(START))
        office.settle()
        (guid,) = organiser.guids().values()
        with office.writes() as written:
            office.replan(guid, start="2026-03-04T15:00:00", end="2026-03-04T16:00:00")
            office.settle()
        assert written == {"scheduler": 1}
        assert organiser.shown() == organiser.shared()
        assert organiser.events()[0].content.start.instant() > BEGIN


def test_b6_a_series_of_meetings_that_is_cancelled_leaves_both_rows_of_the_board() -> None:
    """B6, B7: the guest's occurrences stay in her calendar, cancelled."""
    with office_at_work(resources=2, future_days=60) as office:
        held = series_in(office, times=4)
        organiser, guest = held.organiser, held.guest
        with office.writes() as written:
            organiser.do(held.event, "cancel")
            office.settle()
        assert organiser.shown() == guest.shown() == {}
        assert held.copy.is_cancelled
        assert written == {"scheduler": 8}


def test_b6_a_meeting_that_is_passed_on_is_the_other_s_and_stays_the_organiser_s(meeting: Meeting) -> None:
    """B6, B15: somebody else goes in the guest's place; each calendar counts for its own row."""
    office, organiser = meeting.office, meeting.organiser
    address = f"deputy@{office.services.tenant.domain}"
    office.services.tenant.add_user("Deputy", address)
    with office.writes() as written:
        organiser.do(meeting.event, "forward", toRecipients=[{"emailAddress": {"address": address}}])
        meeting.guest.do(meeting.copy, "decline", sendResponse=True)
        office.settle()
    assert {one.person.address for one in meeting.event.content.attendees} == {meeting.guest.address, address}
    assert organiser.shown() == organiser.shared() != {}
    assert meeting.guest.shown() == {}
    assert written == {"scheduler": 1}


def test_b15_with_revert_no_edit_of_a_planner_reaches_a_person_s_event() -> None:
    """B15: nor an event of hers to which nobody is invited."""
    with office_at_work(future_days=30, board_edits="revert") as office:
        person = office.person()
        person.create(subject="Dentist", **lasting(START))
        office.settle()
        (guid,) = person.guids().values()
        shown = person.shown()
        with office.writes() as written:
            office.replan(guid, start="2026-03-04T15:00:00", end="2026-03-04T16:00:00", subject="Moved")
            office.settle()
        assert written == {"scheduler": 1}
        assert person.shown() == shown == person.shared()
        (made, *_) = office.disk.store.decisions(guid)
        assert made.reason.value == "put_back_on_board"

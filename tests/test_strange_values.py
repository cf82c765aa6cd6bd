"""Payloads with unknown, missing and empty members, through the whole tenant (C7, C9, E).

Each is judged by its most private reading, what cannot be read is left as it is, and nothing else is held up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.office import Json, Office, Person, lasting, occurring, office_at_work, weekly
from tests.sandbox.traffic import Answer, Visit
from tests.sandbox.wire import Request
from tests.simulation.reading import exchange_id

START = datetime(2026, 3, 10, 9)  # noqa: DTZ001 - a wall clock
SELDOM = {"outlook_poll_seconds": 14400, "board_poll_seconds": 3600}
CUSTOM = "tzone://Microsoft/Custom"
NEVER, FOREVER = "0001-01-01T00:00:00.0000000", "9999-12-31T23:59:59.9999999"
MISSING = object()
Change = Callable[[Json], None]


class Tampering:
    """Answers of a service in which some items are not as the service wrote them."""

    def __init__(self, office: Office, service: str, key: str) -> None:
        self._service, self._key, self._visit = service, key, office.services.visit
        self.changes: dict[Any, Change] = {}
        """By the id that an item has in answers."""
        office.services.visit = self._tampered  # type: ignore[method-assign]  # that is what it is for

    def _tampered(self, service: str, request: Request) -> Visit:
        answer: Answer = yield from self._visit(service, request)
        response = answer.response
        if service != self._service or response is None or not response.body:
            return answer
        document = json.loads(response.body)
        self._walk(document)
        return replace(answer, response=replace(response, body=json.dumps(document).encode()))

    def _walk(self, value: Any) -> None:
        if isinstance(value, dict):
            if value.get(self._key) in self.changes:
                self.changes[value[self._key]](value)
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                self._walk(one)


def having(**members: Any) -> Change:
    """Members in the place of those that there are; `MISSING` takes one out."""

    def change(item: Json) -> None:
        for name, value in members.items():
            item.pop(name, None)
            if value is not MISSING:
                item[name] = value

    return change


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work(past_days=3, future_days=30, **SELDOM) as working:
        yield working


def times(hours: float = 0.0) -> dict[str, Any]:
    begins = START + timedelta(hours=hours)
    return lasting(begins)


def subjects(person: Person) -> list[str]:
    return sorted(one.subject for one in person.shown().values())


def moment(text: Any, zone: Any = "UTC") -> Json:
    return {"dateTime": text, "timeZone": zone}


HIDDEN: Mapping[str, Change] = {
    f"{name} {value!r}" if value is not MISSING else f"{name} missing": having(**{name: value})
    for name, values in {
        "sensitivity": ("eyesOnly", None, 7, {}, MISSING),
        "showAs": ("focusTime", None, 7, [], MISSING),
    }.items()
    for value in values
}
FOLLOWED: Mapping[str, Change] = {
    "extra members": having(IsRoomRequested=None, autoRoomBookingStatus="none", tomorrow={"a": [1]}),
    "unknown importance": having(importance="urgent"),
    "no importance": having(importance=None),
    "unknown type": having(type="hologram"),
    "no type": having(type=MISSING),
    "no organiser": having(organizer=None, isOrganizer=None, responseStatus=None),
    "unknown response": having(responseStatus={"response": "maybe", "time": NEVER}),
    "no attendees": having(attendees=MISSING),
    "no categories": having(categories=None),
    "categories of no kind": having(categories=[None, 7]),
    "no body": having(body=None, bodyPreview=None),
    "unknown kind of body": having(body={"contentType": "markdown", "content": "*"}),
    "no location": having(location=None, locations=None),
    "no transaction": having(transactionId=7),
    "no time of change": having(lastModifiedDateTime=None, createdDateTime=NEVER),
    "custom original zones": having(originalStartTimeZone=CUSTOM, originalEndTimeZone=""),
    "a zone of nowhere": having(start=moment("2026-03-10T08:00:00", CUSTOM)),
    "no zone": having(
        start=moment("2026-03-10T08:00:00.0000000", ""), end={"dateTime": "2026-03-10T09:00:00"}
    ),
}
LEFT: Mapping[str, Change] = {
    "no start": having(start=None),
    "start missing": having(start=MISSING),
    "an empty start": having(start={}),
    "no time of day": having(start=moment(None)),
    "a start in words": having(start=moment("soon")),
    "no end": having(end=None),
    "a start that never was": having(start=moment(NEVER, "tzone://Microsoft/Utc"), end=moment(NEVER)),
    "no id": having(id=None),
}


@pytest.mark.parametrize("case", [*HIDDEN, *FOLLOWED, *LEFT])
def test_c9_each_strange_event_is_judged_most_privately_and_holds_up_nobody(
    office: Office, case: str
) -> None:
    """C9, E: one that cannot be judged leaves the board, one that cannot be read stays as it was."""
    person = office.person()
    strange = person.create(subject="Strange", **times())
    plain = person.create(subject="Plain", **times(3))
    office.settle()
    first = person.shown()[exchange_id(person.mailbox, strange.item)]
    tampering = Tampering(office, "graph", "id")
    tampering.changes[strange.immutable_id] = (HIDDEN | FOLLOWED | LEFT)[case]  # type: ignore[operator]
    person.change(strange, subject="Stranger")
    person.change(plain, subject="Plainer")
    with office.writes() as written:
        office.settle()
    hidden, left = case in HIDDEN, case in LEFT
    wanted = [] if hidden else ["Strange"] if left else ["Stranger"]
    assert subjects(person) == ["Plainer", *wanted]
    if not hidden:
        (shown,) = (one for one in person.shown().values() if one.subject != "Plainer")
        assert shown.when == first.when
    assert written == {"scheduler": 1 if left else 2}

    person.change(plain, subject="Plainest")
    with office.writes() as written:
        office.settle(2 * 86400)
    assert subjects(person) == ["Plainest", *wanted], "the next rounds go on as well"
    assert written == {"scheduler": 1}
    tampering.changes.clear()
    person.change(strange, subject="Strange no more")
    office.settle()
    assert subjects(person) == ["Plainest", "Strange no more"]
    assert person.shown() == person.shared()


@pytest.mark.parametrize("case", [*HIDDEN, *LEFT])
def test_c9_a_strange_event_that_is_new_does_not_appear(office: Office, case: str) -> None:
    """C9, B2: nothing is known of it, and everything else goes on."""
    person = office.person()
    tampering = Tampering(office, "graph", "id")
    strange = person.create(subject="Strange", **times())
    tampering.changes[strange.immutable_id] = (dict(HIDDEN) | LEFT)[case]
    person.create(subject="Plain", **times(3))
    office.settle()
    assert subjects(person) == ["Plain"]
    office.settle(2 * 86400)
    person.create(subject="Later", **times(24))
    office.settle()
    assert subjects(person) == ["Later", "Plain"]
    assert office.connector.is_idle


def test_c9_an_event_without_an_end_in_time_lasts_as_long_as_can_be_told(office: Office) -> None:
    """C9: the year 9999 runs off no calendar."""
    person = office.person()
    strange = person.create(subject="Strange", **times())
    Tampering(office, "graph", "id").changes[strange.immutable_id] = having(end=moment(FOREVER))
    person.create(subject="Plain", **times(3))
    office.settle()
    lasts = {one.subject: one.end.year for one in office.board()}
    assert lasts == {"Strange": 9999, "Plain": 2026}


@pytest.mark.parametrize("zone", [CUSTOM, "", "Nowhere/Else", None])
def test_c7_c9_a_series_in_a_zone_that_nobody_knows_keeps_its_occurrences_apart(
    office: Office, zone: str | None
) -> None:
    """C7, C9, B8: shortly after midnight, where a wrong zone would name the day before."""
    person, office_day = office.person(), datetime(2026, 3, 10, 0, 30)  # noqa: DTZ001 - a wall clock
    series = person.create(
        subject="Night shift",
        **lasting(office_day),
        recurrence=occurring(weekly("tuesday"), office_day.date(), times=3),
    )
    master = having(originalStartTimeZone=zone, originalEndTimeZone=zone)

    def change(item: Json) -> None:
        master(item)
        if item.get("recurrence"):
            item["recurrence"]["range"]["recurrenceTimeZone"] = zone

    tampering = Tampering(office, "graph", "id")
    tampering.changes[series.immutable_id] = change
    office.settle()
    assert person.shown() == person.shared()
    assert len(person.shown()) == 3
    guids = person.guids()
    second = person.occurrences(series)[1]
    with office.writes() as written:
        person.change(second, subject="Once")
        office.settle()
    assert written == {"scheduler": 1}
    assert person.shown() == person.shared()
    with office.writes() as written:
        person.delete(person.occurrences(series)[2])
        office.settle(2 * 86400)
    assert written == {"scheduler": 1}
    assert person.shown() == person.shared()
    assert person.guids().items() <= guids.items()


STRANGE_APPOINTMENTS: Mapping[str, Change] = {
    "no start": having(start=None),
    "a start in words": having(start="soon"),
    "a start that never was": having(start="0001-01-01T00:00:00", end="0001-01-01T00:00:00"),
    "no GUID": having(appointmentGuid=None),
    "no id": having(id=None),
}


@pytest.mark.parametrize("case", STRANGE_APPOINTMENTS)
def test_c9_an_appointment_that_cannot_be_read_keeps_its_event_and_holds_up_nobody(
    office: Office, case: str
) -> None:
    """C9, C10: nothing is concluded from it; the others go on."""
    strange, plain = office.schedule("Strange", START), office.schedule("Plain", START + timedelta(hours=3))
    office.settle()
    person = office.person()
    tampering = Tampering(office, "scheduler", "subject")
    tampering.changes |= dict.fromkeys(("Strange", "Stranger"), STRANGE_APPOINTMENTS[case])
    office.replan(strange, subject="Stranger")
    office.replan(plain, subject="Plainer")
    office.settle(3600)
    assert _events(person) == ["Plainer", "Strange"]
    office.replan(plain, subject="Plainest")
    office.settle(86400)
    assert _events(person) == ["Plainest", "Strange"]
    tampering.changes.clear()
    office.settle(3600)
    assert _events(person) == ["Plainest", "Stranger"]


def test_c9_an_appointment_in_full_of_what_nobody_knows_is_followed(office: Office) -> None:
    """C9: unknown importance, category of no kind, extra members, and no times of change."""
    guid = office.schedule("Strange", START)
    office.settle()
    tampering = Tampering(office, "scheduler", "subject")
    tampering.changes["Stranger"] = having(
        importance="urgent", category=7, lastModifiedDate=None, tomorrow={"a": [1]}, task=None
    )
    office.replan(guid, subject="Stranger")
    office.settle()
    assert _events(office.person()) == ["Stranger"]


def _events(person: Person) -> list[str]:
    return sorted(one.content.subject or "" for one in person.events())


@pytest.mark.parametrize("is_gone", [False, True])
def test_d5_c6_a_series_that_is_told_without_its_master_is_read_by_itself(
    office: Office, is_gone: bool
) -> None:
    """D5, C6: where Graph does not have it, what was told is out of date and the window is read anew; nothing
    is written but what changed."""
    person = office.person()
    series = person.create(
        subject="Weekly", recurrence=occurring(weekly("tuesday"), START.date(), times=3), **times()
    )
    person.create(subject="Plain", **times(5))
    office.settle()
    assert len(person.shown()) == 4
    hidden, asked = [True], list[str]()
    visit = office.services.visit

    def without_master(service: str, request: Request) -> Visit:
        answer: Answer = yield from visit(service, request)
        response = answer.response
        if response is None or not hidden[0] or service != "graph":
            return answer
        if request.path.endswith(f"/events/{series.immutable_id}"):
            asked.append(request.path)
            hidden[0] = False
            body = b'{"error":{"code":"ErrorItemNotFound","message":"The specified object was not found."}}'
            return replace(answer, response=replace(response, status=404, body=body)) if is_gone else answer
        if "/calendarView/delta" in request.path:
            page = json.loads(response.body)
            page["value"] = [one for one in page["value"] if one.get("id") != series.immutable_id]
            return replace(answer, response=replace(response, body=json.dumps(page).encode()))
        return answer

    office.services.visit = without_master  # type: ignore[method-assign]  # that is what it is for
    since = len(office.asked)
    with office.writes() as written:
        person.change(person.occurrences(series)[1], subject="Once")
        office.settle()
    assert len(asked) == 1
    rounds = [one for one in office.asked[since:] if "startDateTime" in one.query and "delta" in one.path]
    assert len(rounds) == is_gone
    assert person.shown() == person.shared()
    assert written == {"scheduler": 1}

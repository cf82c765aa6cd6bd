"""`undo`: what the connector wrote is put back, on either side, and stays so until somebody changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from actors.commandline.telling import Code, Failure
from actors.commandline.undo import moment_of
from actors.resource.case import Case
from actors.resource.facts import Item
from actors.resource.putting_back import obstacle
from actors.undo import Undo, undo_of
from actors.undos import UnderWay
from models.content import Content
from models.decision import Act, Decision, Reason, Side
from models.ids import AppointmentGuid, EventId, MailboxId, ResourceNo
from models.link import Link, Origin
from models.rules import Rules
from models.sides import OutlookSide
from models.storage.records import BeforeImage, Outcome
from models.undoing import OBSTACLES, Obstacle, Rollback, Way
from tests.office import BEGIN, BOARD_ZONE, Office, Person, at, lasting, office_at_work
from tests.sandbox.faults import Fault, Kind
from tests.sandbox.graph.events import Event
from tests.sandbox.scheduler.appointments import Appointment
from tests.simulation.reading import of_appointment, of_item
from tests.test_rules import compiled, rule, section

Json = dict[str, Any]

MORNING = BEGIN.replace(hour=9, tzinfo=None) + timedelta(days=1)
NOON = MORNING.replace(hour=12)
DAY = 86400.0
TENANT: Mapping[str, Any] = {
    "resources": 2,
    "past_days": 3,
    "future_days": 10,
    "outlook_poll_seconds": 7200,
    "board_poll_seconds": 7200,
}


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work(**TENANT) as working:
        yield working


def undo(
    office: Office,
    since: datetime,
    *,
    dry_run: bool = False,
    resource: str | None = None,
    following: int = 0,
) -> Json:
    """An administrator has everything undone that was written since a moment.

    `following` writes are none of the undo's, but what a planner's appointment asks for ever after.
    """
    application = office.connector.application
    number = None if resource is None else ResourceNo(resource)
    asked: Undo = undo_of(
        application.store, since=since, until=office.clock.now(), resource=number, dry_run=dry_run
    )
    with office.oracle.acting("administrator"), office.writes() as written:
        application.undos.put_back(asked)
        office.run(60.0)
    assert asked.waiting_for == ()
    document = asked.as_json()
    assert written.total() == document["totals"]["put_back"] + following, (
        "no write is asked for that is not needed"
    )
    return document


def items(document: Json) -> list[Json]:
    """Every item of an undo's document."""
    return [item for resource in document["resources"] for item in resource["items"]]


def acts(document: Json) -> list[tuple[str, str]]:
    """What was done, or is to be, and how that ended."""
    return sorted((one["act"], one["outcome"]) for one in items(document))


def now(office: Office) -> datetime:
    """A moment after everything until now, and before everything to come."""
    office.run(10.0)
    moment = office.clock.now()
    office.run(10.0)
    return moment


def stays(office: Office) -> None:
    """A day passes, both sides are read again and again, and nothing is written."""
    with office.writes() as written:
        office.settle(DAY)
        office.connector.resync()
        office.settle()
    assert written == {}


def planned(office: Office, subject: str = "Boiler", places: tuple[int, ...] = (0,)) -> tuple[str, Event]:
    """A planner's appointment, and its event in the first of these calendars."""
    guid = office.schedule(subject, MORNING, places=places)
    office.settle()
    (event,) = (one for one in office.person(places[0]).events() if one.content.subject == subject)
    return guid, event


def booked(office: Office, subject: str = "Dentist", **fields: Any) -> Event:
    """An event of a person's own, which is on the board."""
    made = office.person().create(subject=subject, **lasting(MORNING), **fields)
    office.settle()
    return made


def subjects(person: Person) -> list[str]:
    return sorted(str(event.content.subject) for event in person.events())


def on_board(office: Office) -> list[str]:
    return sorted(one.subject for one in office.board())


def images(office: Office) -> tuple[BeforeImage, ...]:
    return office.disk.store.before_images(BEGIN)


# What the connector did to events


def test_an_event_that_was_created_goes_and_returns_when_its_appointment_changes(office: Office) -> None:
    before = now(office)
    guid, event = planned(office)
    shown = undo(office, before, dry_run=True)
    assert acts(shown) == [("delete_event", "planned")]
    assert items(shown)[0]["subject"] == "Boiler"
    assert office.person().events() == [event]

    done = undo(office, before)
    assert done["totals"] == {"planned": 0, "put_back": 1, "skipped": 0, "failed": 0}
    assert office.person().events() == []
    stays(office)
    latest = office.disk.store.decisions(guid)[0]
    assert (latest.reason, latest.outcome) == (Reason.UNDONE, Outcome.DONE)
    office.replan(guid, subject="Boiler, later")
    office.settle()
    assert subjects(office.person()) == ["Boiler, later"]


def test_an_event_that_was_changed_is_as_it_was_and_follows_the_next_change(office: Office) -> None:
    guid, event = planned(office)
    was = of_item(event.item)
    before = now(office)
    office.replan(guid, subject="Pump", start=NOON.isoformat(), end=(NOON + timedelta(hours=1)).isoformat())
    office.settle()
    assert of_item(event.item)["when"] != was["when"]
    done = undo(office, before)
    assert acts(done) == [("update_event", "put_back")]
    assert items(done)[0]["fields"] == ["subject", "when"]
    assert of_item(event.item) == was
    stays(office)
    assert of_appointment(office.board()[0])["subject"] == "Pump", "the board is nobody's to change here"
    office.replan(guid, body="Bring the ladder")
    office.settle()
    assert subjects(office.person()) == ["Boiler"]
    office.replan(guid, subject="Roof")
    office.settle()
    assert subjects(office.person()) == ["Roof"]


def judge_by(office: Office, rules: Rules) -> None:
    """Other rules hold from now on."""
    application = office.connector.application
    application._publish(replace(application._configuration.mapper, rules=rules))
    application._judge_again()
    with office.oracle.acting("administrator"):  # the oracle knows no rules
        office.settle()


def test_a7_events_that_a_bad_rule_deleted_come_back_and_stay_though_the_rule_does_not_pass(
    office: Office,
) -> None:
    """A7: they are left alone until either side changes; then the rules hold for them as for any other."""
    first, _ = planned(office, "Boiler")
    second, _ = planned(office, "Pump")
    before = now(office)
    judge_by(office, compiled(section(rule("Nothing", "false"))))
    assert office.person().events() == []
    done = undo(office, before)
    assert acts(done) == [("create_event", "put_back")] * 2
    assert subjects(office.person()) == ["Boiler", "Pump"]
    stays(office)
    office.replan(second, subject="Pump, yearly")
    with office.oracle.acting("administrator"):
        office.settle()
    assert subjects(office.person()) == ["Boiler"], "a change is judged by the rules that there are"
    judge_by(office, compiled(section(rule("All", "true"))))
    assert subjects(office.person()) == ["Boiler", "Pump, yearly"]
    office.unplan(first)
    with office.oracle.acting("administrator"):
        office.settle()
    assert subjects(office.person()) == ["Pump, yearly"]


def test_a_planners_deletion_is_not_undone_in_outlook_alone(office: Office) -> None:
    before = now(office)
    guid, _ = planned(office)
    between = now(office)
    office.unplan(guid)
    office.settle()
    done = undo(office, between)
    assert acts(done) == [("create_event", "skipped")]
    assert items(done)[0]["reason"] == OBSTACLES[Obstacle.NOT_PLANNED]
    assert items(undo(office, before)) == [], "created and deleted since then: it is as it was"


# What it did to appointments


def test_b1_an_appointment_that_was_created_goes_and_returns_when_its_event_changes(office: Office) -> None:
    before = now(office)
    event = booked(office)
    done = undo(office, before)
    assert acts(done) == [("remove_appointment", "put_back")]
    assert on_board(office) == []
    assert office.person().events() == [event]
    stays(office)
    office.person().change(event, subject="Dentist, again")
    office.settle()
    assert on_board(office) == ["Dentist, again"]


def test_b5_an_appointment_that_was_changed_is_as_it_was(office: Office) -> None:
    event = booked(office)
    was = of_appointment(office.board()[0])
    before = now(office)
    office.person().change(event, subject="Surgeon", **lasting(NOON))
    office.settle()
    assert acts(undo(office, before)) == [("update_appointment", "put_back")]
    assert of_appointment(office.board()[0]) == was
    stays(office)
    assert subjects(office.person()) == ["Surgeon"]
    office.person().change(event, importance="high")
    office.settle()
    assert of_appointment(office.board()[0]) == {**was, "importance": 1}


def test_b11_an_edit_that_went_to_the_board_and_to_others_is_put_back_everywhere(office: Office) -> None:
    """B11: the person moved the event; the appointment and the event of the other resource followed."""
    _, event = planned(office, places=(0, 1))
    (other,) = office.person(1).events()
    was = of_item(other.item)["when"]
    before = now(office)
    office.person().change(event, **lasting(NOON))
    office.settle()
    assert of_item(other.item)["when"] == of_item(event.item)["when"] != was
    assert {("update_appointment", "put_back")} <= set(acts(undo(office, before)))
    office.settle()
    assert of_appointment(office.board()[0])["when"] == was
    assert of_item(other.item)["when"] == was
    assert of_item(event.item)["when"] != was, "what the person did is hers"
    stays(office)


def test_b15_a_persons_event_that_a_planner_changed_is_as_it_was(office: Office) -> None:
    event = booked(office)
    was = of_item(event.item)
    before = now(office)
    (guid,) = office.person().guids().values()
    office.replan(
        guid, subject="Surgeon", start=NOON.isoformat(), end=(NOON + timedelta(hours=1)).isoformat()
    )
    office.settle()
    assert acts(undo(office, before)) == [("update_event", "put_back")]
    assert of_item(event.item) == was
    stays(office)
    assert on_board(office) == ["Surgeon"]


@pytest.mark.parametrize("places", [(0,), (0, 1)])
def test_b12_a_resource_that_was_taken_off_an_appointment_is_put_back_on_it(places: tuple[int, ...]) -> None:
    """B12: also where the appointment went with its last resource; its job and task are the same."""
    with office_at_work(**TENANT, outlook_deletes="unassign") as office:
        guid, event = planned(office, places=places)
        was, work = of_appointment(office.board()[0]), office.board()[0].job_no
        before = now(office)
        office.person().delete(event)
        office.settle()
        assert [one.resources for one in office.board()] == [(office.numbers[1],)] * (len(places) - 1)
        done = undo(office, before, resource=office.numbers[0], following=1)
        assert acts(done) == [("create_appointment", "put_back")]
        (appointment,) = office.board()
        assert {**of_appointment(appointment), "resources": None} == {**was, "resources": None}
        assert set(appointment.resources) == {office.numbers[place] for place in places}
        assert (appointment.guid, appointment.job_no, appointment.task_no) == (guid, work, "10")
        office.settle()
        assert subjects(office.person()) == ["Boiler"], "an appointment on a resource has an event"
        stays(office)


# What is left alone


def test_what_somebody_has_changed_since_is_left_alone_and_said(office: Office) -> None:
    before = now(office)
    _, moved = planned(office, "Moved")
    _, typed = planned(office, "Typed into")
    _, meeting = planned(office, "Meeting")
    person = office.person()
    person.change(moved, **lasting(NOON))
    html = f"{typed.content.body.html}<p>Ring twice</p>"
    person.change(typed, body={"contentType": "html", "content": html})
    person.change(meeting, attendees=[{"emailAddress": {"address": "a@elsewhere.example", "name": "A"}}])
    office.settle()
    done = undo(office, before)
    found = {one["subject"]: one["reason"] for one in items(done) if one["side"] == "outlook"}
    assert found == {
        "Moved": OBSTACLES[Obstacle.CHANGED],
        "Typed into": OBSTACLES[Obstacle.TYPED_INTO],
        "Meeting": OBSTACLES[Obstacle.HAS_GUESTS],
    }
    assert person.events() == [moved, typed, meeting]


def test_e_what_is_not_shared_any_more_is_neither_told_nor_written(office: Office) -> None:
    """E, B3: the words of an event that its owner made private do not come back to the board."""
    event = booked(office, "Surgeon")
    office.person().change(event, subject="Surgeon and cure")
    office.settle()
    assert any(one.before and one.before.subject == "Surgeon" for one in images(office))
    office.person().change(event, sensitivity="private")
    office.settle()
    assert on_board(office) == []
    kept = [one for one in images(office) if one.before or one.after]
    assert [(one.before, one.after) for one in kept] == [(type(kept[0].before)(), None)], "no word is kept"
    done = undo(office, BEGIN)
    assert acts(done) == [("create_appointment", "skipped")]
    assert items(done)[0]["subject"] == ""
    assert items(done)[0]["reason"] == OBSTACLES[Obstacle.NOT_SHARED]


def test_b14_an_event_that_its_owner_made_private_is_left_alone(office: Office) -> None:
    before = now(office)
    _, event = planned(office)
    office.person().change(event, sensitivity="private")
    office.settle()
    assert acts(undo(office, before)) in ([], [("delete_event", "skipped")])
    assert office.person().events() == [event]


@pytest.mark.parametrize(
    "link",
    [
        None,
        Link(
            resource_no=ResourceNo("R1"),
            guid=AppointmentGuid("g"),
            origin=Origin.BOARD,
            mailbox=MailboxId("m"),
            event_id=EventId("e"),
        ),
    ],
)
def test_of_what_nothing_is_agreed_nothing_is_changed(link: Link | None) -> None:
    """An item that is long past has no link any more, and one that is being created none to go by."""
    case = Case(
        item=Item(guid=AppointmentGuid("g")),
        link=link,
        origin=Origin.BOARD,
        read_appointment=None,
        read_event=None,
        board=None,
        outlook=OutlookSide(content=Content(subject="Pump")),
        decision=Decision(act=Act.NOTHING, reason=Reason.ALREADY_IN_STEP),
    )
    rollback = Rollback(
        guid=AppointmentGuid("g"),
        side=Side.OUTLOOK,
        target=Content(subject="Boiler"),
        expected=(Content(subject="Pump"),),
    )
    for way in (Way.UPDATE, Way.REMOVE):
        assert obstacle(rollback, way, case, MailboxId("m")) is Obstacle.NOT_AGREED


# Again, and back


def test_an_undo_that_is_repeated_does_nothing_and_one_that_is_undone_comes_back(office: Office) -> None:
    before = now(office)
    guid, _ = planned(office)
    own = booked(office)
    between = now(office)
    assert len(items(undo(office, before))) == 2
    assert (subjects(office.person()), on_board(office)) == (["Dentist"], ["Boiler"])
    assert items(undo(office, before)) == []
    again = undo(office, between)
    assert acts(again) == [("create_appointment", "put_back"), ("create_event", "put_back")]
    assert (subjects(office.person()), on_board(office)) == (["Boiler", "Dentist"], ["Boiler", "Dentist"])
    stays(office)
    office.replan(guid, subject="Boiler, later")
    office.person().change(own, subject="Dentist, later")
    office.settle()
    assert subjects(office.person()) == on_board(office) == ["Boiler, later", "Dentist, later"]


def synchronise(office: Office, number: str, *, enabled: bool) -> None:
    """A planner switches a resource on or off."""
    with office.planner():
        office.services.board.resource_change(number, {"exchangeIntegrationEnabled": enabled})
    office.oracle.resource_touched(number)
    office.settle(8000.0)


def test_a10_what_was_written_for_a_resource_that_is_off_now_is_undone_and_nothing_else_is_done(
    office: Office,
) -> None:
    before = now(office)
    guid, _ = planned(office)
    planned(office, "Pump")
    number = office.numbers[0]
    synchronise(office, number, enabled=False)
    office.replan(guid, subject="Changed while it is off")
    assert acts(undo(office, before)) == [("delete_event", "put_back")] * 2
    stays(office)
    synchronise(office, number, enabled=True)
    assert subjects(office.person()) == ["Changed while it is off"]


def test_there_is_one_undo_at_a_time(office: Office) -> None:
    before = now(office)
    planned(office)
    application = office.connector.application

    def asked() -> Undo:
        return undo_of(application.store, since=before, until=office.clock.now(), resource=None, dry_run=True)

    application.undos.put_back(first := asked())
    with pytest.raises(UnderWay, match=f"an undo is under way for {office.numbers[0]}"):
        application.undos.put_back(asked())
    assert application.undos.last is first
    office.run(60.0)
    application.undos.put_back(second := asked())
    office.run(60.0)
    assert [one.waiting_for for one in (first, second)] == [(), ()]


# What a person means by a time

WINTER = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", WINTER - timedelta(minutes=30)),
        ("2h", WINTER - timedelta(hours=2)),
        ("3 d", WINTER - timedelta(days=3)),
        ("2026-01-15T09:00", datetime(2026, 1, 15, 8, tzinfo=UTC)),
        ("2026-01-15 09:00:30", datetime(2026, 1, 15, 8, 0, 30, tzinfo=UTC)),
        ("2026-01-15", datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("2026-01-15T09:00Z", datetime(2026, 1, 15, 9, tzinfo=UTC)),
        ("2026-01-15T09:00+05:30", datetime(2026, 1, 15, 3, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_on_the_boards_clock_unless_it_has_a_zone(text: str, moment: datetime) -> None:
    assert moment_of(text, ZoneInfo(BOARD_ZONE), WINTER) == moment


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "3 weeks",
        "",
        "-2h",
        "2026-01-15T14:00",
        "2999-01-01",
        "999999d",
        "0001-01-01T00:00+05:00",
    ],
)
def test_what_is_no_time_or_is_yet_to_come_is_refused(text: str) -> None:
    with pytest.raises(Failure) as refused:
        moment_of(text, ZoneInfo(BOARD_ZONE), WINTER)
    assert refused.value.code is Code.MISUSED
    assert f'"{text}"' in str(refused.value)


# Faults


def begin_undo(office: Office, since: datetime, seconds: float) -> Undo:
    """Have everything undone, whatever comes in between."""
    application = office.connector.application
    asked = undo_of(application.store, since=since, until=office.clock.now(), resource=None, dry_run=False)
    with office.oracle.acting("administrator"):
        application.undos.put_back(asked)
        office.run(seconds)
    return asked


class Once:
    """Strikes the first write after it was carried out, or before; or every change of an event."""

    def __init__(self, kind: Kind, *, refuses: bool = False) -> None:
        self._kind, self._refuses = kind, refuses
        self.struck = 0

    def __bool__(self) -> bool:
        return self._refuses or not self.struck

    def strike(self, service: str, method: str, target: str, mailboxes: object, **_: object) -> Fault | None:
        if method == "GET" or service == "authority" or "/token" in target or not self:
            return None
        if self._refuses:
            refusal = Fault(id="no", kind=self._kind, status=400, code="ErrorInvalidRequest")
            return refusal if method == "PATCH" else None
        self.struck += 1
        return Fault(id="once", kind=self._kind)


@pytest.mark.parametrize("kind", [Kind.LOST_ANSWER, Kind.RESET])
@pytest.mark.parametrize("what", ["created", "changed", "deleted"])
def test_d2_an_undo_whose_answer_is_lost_ends_as_if_it_was_not(office: Office, what: str, kind: Kind) -> None:
    before = now(office)
    guid, _ = planned(office)
    if what != "created":
        before = now(office)
    if what == "changed":
        office.replan(guid, subject="Pump")
        office.settle()
    elif what == "deleted":
        judge_by(office, compiled(section(rule("Nothing", "false"))))
    fault = Once(kind)
    office.services.traffic.faults = fault  # type: ignore[assignment]  # it strikes the same way
    done = begin_undo(office, before, 900.0)
    assert fault.struck == 1
    assert done.as_json()["totals"]["put_back"] == 1
    assert subjects(office.person()) == ([] if what == "created" else ["Boiler"])
    stays(office)
    assert office.disk.store.pending_intents() == ()


def test_d9_what_the_other_side_refuses_is_said_and_leaves_all_as_it_is(office: Office) -> None:
    guid, _ = planned(office)
    before = now(office)
    office.replan(guid, subject="Pump")
    office.settle()
    calm = office.services.traffic.faults
    office.services.traffic.faults = Once(Kind.STATUS, refuses=True)  # type: ignore[assignment]
    done = begin_undo(office, before, 900.0)
    office.services.traffic.faults = calm
    (item,) = items(done.as_json())
    assert (item["outcome"], item["reason"] != "") == ("failed", True)
    assert office.disk.store.dead_letters() == ()
    stays(office)
    assert subjects(office.person()) == ["Pump"]


@pytest.mark.parametrize("places", [(2, 5, 8, 11), pytest.param(range(1, 21), marks=pytest.mark.slow)])
def test_d3_an_undo_that_is_killed_is_finished_by_the_next(office: Office, places: Iterable[int]) -> None:
    """D3: killed at each of its inputs and outputs; nothing is doubled, and both are as they were."""
    guid, event = planned(office)
    own = booked(office)
    for place in places:
        was = (of_item(event.item), of_appointment(board_item(office, "Dentist")))
        before = now(office)
        extra = office.schedule(f"Extra {place}", NOON)
        office.replan(guid, start=NOON.isoformat(), end=(NOON + timedelta(minutes=place)).isoformat())
        office.person().change(own, start=at(NOON), end=at(NOON + timedelta(minutes=place)))
        office.settle()
        assert f"Extra {place}" in subjects(office.person())
        office.crashes._every, office.crashes._left, office.crashes._lives = 1e9, place, 2
        begin_undo(office, before, 700.0)
        office.settle(1000.0)
        office.crashes.stop()
        begin_undo(office, before, 60.0)
        assert (of_item(event.item), of_appointment(board_item(office, "Dentist"))) == was, place
        assert subjects(office.person()) == ["Boiler", "Dentist"]
        assert on_board(office) == ["Boiler", "Dentist", f"Extra {place}"]
        assert office.disk.store.pending_intents() == ()
        office.replan(guid, start=MORNING.isoformat(), end=(MORNING + timedelta(hours=1)).isoformat())
        office.person().change(own, **lasting(MORNING))
        office.unplan(extra)
        office.settle()


def board_item(office: Office, subject: str) -> Appointment:
    """The appointment of that name."""
    return next(one for one in office.board() if one.subject == subject)

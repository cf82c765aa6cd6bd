"""The audit: once in a period both sides are compared in full, and what drifted is mended and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from actors.status import build_status
from actors.verification import Difference, Drift, marked
from models.decision import Side
from models.ids import AppointmentGuid, ResourceNo
from models.storage.records import Audit
from models.when import next_period, period_of
from tests.office import BEGIN, Office, lasting, office_at_work
from tests.sandbox.graph.events import Event

MORNING = BEGIN.replace(hour=9, tzinfo=None) + timedelta(days=2)
HOUR, DAY = 3600.0, 86400.0
SELDOM = {"outlook_poll_seconds": 7200, "board_poll_seconds": 7200}


def audit_of(office: Office, place: int = 0) -> Audit | None:
    """The last audit of a resource."""
    return office.disk.store.audits().get(ResourceNo(office.numbers[place]))


def next_audit(office: Office, *, put_aside: int = 0) -> Audit:
    """Let time pass until a resource has been audited again."""
    before = office.clock.now()
    for _ in range(24):
        office.settle(HOUR / 2, put_aside=put_aside)
        audit = audit_of(office)
        if audit is not None and audit.at > before:
            return audit
    raise AssertionError("nobody was audited for half a day")


def to_the_start_of_a_day(office: Office) -> None:
    """The mailbox has just been read in full, as it is once a day: only an audit does that next."""
    mailbox = office.person().mailbox.user_id
    office.run(
        (next_period(mailbox, office.clock.now(), timedelta(days=1)) - office.clock.now()).total_seconds()
    )
    office.settle(2 * HOUR)


def planned(office: Office, subject: str, place: int = 0) -> Event:
    """A planner's appointment, and its event."""
    office.schedule(subject, MORNING, places=(place,))
    office.settle()
    (event,) = (one for one in office.person(place).events() if one.content.subject == subject)
    return event


def slip(event: Event, **words: object) -> None:
    """An event changes, and nobody is told: no version, no notification, no page of a delta round."""
    event.content = replace(event.content, **words)  # type: ignore[arg-type]  # members of the content


def test_what_drifted_behind_the_connectors_back_is_found_mended_and_counted() -> None:
    with office_at_work(past_days=3, future_days=10, audit_hours=3, **SELDOM) as office:
        events = [planned(office, name) for name in ("Boiler", "Pump", "Roof")]
        own = office.person().create(subject="Dentist", **lasting(MORNING))
        office.settle()
        to_the_start_of_a_day(office)
        slip(events[0], subject="Slipped")
        slip(own, subject="Surgeon")
        with office.writes() as written:
            audit = next_audit(office)
        assert written == {"graph": 1, "scheduler": 1}
        assert sorted(str(one.content.subject) for one in office.person().events()) == [
            "Boiler", "Pump", "Roof", "Surgeon",
        ]  # fmt: skip
        assert sorted(one.subject for one in office.board()) == ["Boiler", "Pump", "Roof", "Surgeon"]
        assert (audit.found, audit.repaired, audit.left, audit.problem) == (2, 2, 0, "")
        assert audit.compared >= 8

        with office.writes() as written:
            later = next_audit(office)
        assert written == {}
        assert (later.found, later.repaired) == (0, 0)


def test_c6_nothing_is_written_where_nothing_drifted_and_never_are_all_audited_at_once() -> None:
    """C6: twelve resources over a day, each at a moment of its own, which a restart does not change."""
    with office_at_work(resources=12, past_days=3, future_days=10, **SELDOM) as office:
        for place in range(12):
            planned(office, f"Visit {place}", place)
        with office.writes() as written:
            office.settle(DAY + HOUR)
        assert written == {}
        audits = office.disk.store.audits()
        assert len(audits) == 12
        assert all(one.found == one.repaired == 0 and not one.problem for one in audits.values())
        assert all(one.compared >= 2 for one in audits.values())
        by_hour = Counter(one.at.replace(minute=0, second=0, microsecond=0) for one in audits.values())
        assert max(by_hour.values()) <= 4
        assert len(by_hour) >= 6

        before = office.clock.now()
        office.kill(60.0)
        office.settle(2 * HOUR)
        again = [one for one in office.disk.store.audits().values() if one.at > before]
        due = [
            number
            for number, one in audits.items()
            if period_of(number, one.at, timedelta(days=1))
            != period_of(number, office.clock.now(), timedelta(days=1))
        ]
        assert sorted(one.resource_no for one in again) == sorted(due)


def test_an_audit_that_cannot_read_says_so_and_is_tried_again() -> None:
    with office_at_work(past_days=3, future_days=10, audit_hours=3, **SELDOM) as office:
        planned(office, "Boiler")
        office.settle(4 * HOUR)
        first = audit_of(office)
        assert first is not None
        office.outage("graph", 4 * HOUR)
        office.run(4 * HOUR)
        failed = audit_of(office)
        assert failed is not None
        assert failed.problem
        assert failed.at > first.at
        office.settle(3 * HOUR)
        mended = audit_of(office)
        assert mended is not None
        assert (mended.problem, mended.found) == ("", 0)


def test_the_status_tells_when_each_resource_was_audited_and_what_came_of_it() -> None:
    with office_at_work(past_days=3, future_days=10, audit_hours=3, **SELDOM) as office:
        office.settle(4 * HOUR)
        store, now = office.disk.store, office.clock.now()
        report = build_status(
            counts=store.counts(), resources=store.resources(), now=now, audits=store.audits()
        ).as_json()
        (resource,) = report["resources"]
        assert datetime.fromisoformat(resource["audit"]["at"]) <= now
        assert (resource["audit"]["found"], resource["audit"]["left"]) == (0, 0)


def test_d9_what_was_put_aside_is_no_drift_that_is_looked_at_every_night() -> None:
    """D9: others are invited to a planner's event, so that it stays as it is; the status says so."""
    with office_at_work(past_days=3, future_days=10, audit_hours=3, **SELDOM) as office:
        event = planned(office, "Repair")
        (appointment,) = office.board()
        office.person().change(event, attendees=[{"emailAddress": {"address": "guest@example.com"}}])
        office.settle(3 * HOUR)
        office.replan(appointment.guid, subject="Repair the pump")
        office.settle(3 * HOUR, put_aside=1)
        audit = next_audit(office, put_aside=1)
        assert (audit.found, audit.repaired, audit.problem) == (0, 0, "")
        assert audit.compared
        of_this = Difference(
            drift=Drift.DIFFERENT,
            side=Side.BOARD,
            guid=AppointmentGuid(appointment.guid),
            number="1001",
            fields=("subject",),
        )
        (told,) = marked([of_this], office.disk.store.dead_letters())
        assert told.sentence == "different pair 1001 in subject (put aside: `status` says why)"

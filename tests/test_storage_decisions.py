"""Decisions are kept, found by any name a person has for an item, emptied when they must be, and pruned."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.decision import Act, Side
from models.ids import AppointmentGuid, AppointmentId, EventId, EventKey
from models.storage.changes import AddBeforeImage, AddDeadLetter, AddDecision, ForgetWords, SettleDecision
from models.storage.records import BeforeImage, DeadLetter, Outcome
from models.storage.store import Store
from models.when import AllDay, Timed, Window
from tests.storage_kit import KINDS, NOON, R1, R2, content, decision, later, store_url


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_url(request.param, tmp_path) as url:
        opened = Store.open(url)
        yield opened
        opened.close()


NAMES = [
    "APP-1",
    "app-1",
    "4711",
    "0a0b0c0d-0000-4000-8000-000000000001",
    "0A0B0C0D-0000-4000-8000-000000000001",
    "AAkALg==",
    "040000008200E",
    "Boiler Überprüfung",
    "BOILER ÜBERPRÜFUNG",
    "EMP-001",
    "überprüf",
]


@pytest.mark.parametrize("asked", NAMES)
def test_an_item_is_found_by_every_name_it_has(asked: str, store: Store) -> None:
    other = decision(
        "d2",
        resource_no=R2,
        guid=None,
        appointment_id=None,
        number="",
        event_id=EventId("other"),
        event_key=EventKey("other"),
        ical_uid="",
        subject="Lunch",
    )
    store.apply([AddDecision(decision=decision()), AddDecision(decision=other)])
    assert store.decisions(asked) == (decision(),)


@pytest.mark.parametrize("asked", ["APP-2", "aakalg==", "100%", "_oiler", "", "EMP"])
def test_what_is_not_there_is_not_found(asked: str, store: Store) -> None:
    store.apply([AddDecision(decision=decision(subject=""))])
    assert store.decisions(asked) == ()


def test_an_exact_subject_goes_before_a_part_of_another(store: Store) -> None:
    part = decision("d2", guid=AppointmentGuid("g2"), subject="Boiler and tap", number="APP-2")
    exact = decision("d3", guid=AppointmentGuid("g3"), subject="boiler", number="APP-3")
    store.apply([AddDecision(decision=part), AddDecision(decision=exact)])
    assert store.decisions("Boiler") == (exact,)
    assert store.decisions("oiler") == (exact, part)


def test_the_latest_decisions_come_first_and_no_more_than_asked_for(store: Store) -> None:
    made = [decision(f"d{n}", at=later(seconds=n)) for n in range(10)]
    store.apply([AddDecision(decision=one) for one in made])
    assert store.decisions("APP-1", limit=3) == (made[9], made[8], made[7])


def test_an_appointment_of_two_resources_is_found_for_both(store: Store) -> None:
    for_r1, for_r2 = decision("d1"), decision("d2", resource_no=R2, at=later(seconds=1))
    store.apply([AddDecision(decision=for_r1), AddDecision(decision=for_r2)])
    assert store.decisions("APP-1") == (for_r2, for_r1)


def test_what_was_decided_before_an_event_had_an_appointment_is_found_by_the_event(store: Store) -> None:
    unshared = decision("d1", guid=None, appointment_id=None, number="", subject="", act=Act.NOTHING)
    shared = decision("d2", at=later(seconds=1))
    store.apply([AddDecision(decision=unshared), AddDecision(decision=shared)])
    assert store.decisions("AAkALg==") == (shared, unshared)


def test_decisions_of_a_resource_are_found_by_time(store: Store) -> None:
    made = [decision(f"d{n}", at=later(hours=n)) for n in range(4)]
    store.apply([AddDecision(decision=one) for one in made])
    assert store.decisions_of(R1, since=later(hours=1), until=later(hours=3)) == (made[2], made[1])
    assert len(store.decisions_of(R1)) == 4
    assert store.decisions_of(R2) == ()


def test_decisions_are_found_by_when_their_items_take_place(store: Store) -> None:
    morning = Timed(start=later(hours=-3), end=later(hours=-2))
    visit = decision("d1", when=morning)
    moved = decision("d2", when=Timed(start=later(hours=2), end=later(hours=3)), at=later(seconds=1))
    day = AllDay(first=NOON.date(), until=later(days=1).date())
    holiday = decision("d3", guid=AppointmentGuid("g3"), when=day, at=later(seconds=2))
    stay = Timed(start=later(days=-20), end=later(days=20))
    long = decision("d4", guid=AppointmentGuid("g4"), when=stay, at=later(seconds=3))
    elsewhere = decision("d5", resource_no=R2, when=morning)
    for one in (visit, moved, holiday, long, elsewhere):
        store.apply([AddDecision(decision=one)])
    then = Window(start=later(hours=-2.5), end=later(hours=-2.4))
    assert store.decisions_about_time(R1, then) == (long, holiday, moved, visit), "also what was moved away"
    assert store.decisions_about_time(R1, then, limit=2) == (long, holiday)
    free = Window(start=later(days=5), end=later(days=6))
    assert store.decisions_about_time(R1, free) == (long,)
    store.apply([ForgetWords(resource_no=R1, guid=AppointmentGuid("g4"))])
    assert store.decisions_about_time(R1, free) == (), "E: nor when it takes place"


def test_a_decision_is_settled_with_what_was_called(store: Store) -> None:
    store.apply([AddDecision(decision=decision(outcome=Outcome.PENDING, request_ids=(), attempts=0))])
    store.apply([SettleDecision(id="d1", outcome=Outcome.DONE, request_ids=("r1", "r2"), attempts=1)])
    assert store.decisions("APP-1") == (decision(outcome=Outcome.DONE),)


def test_an_item_is_found_by_the_names_that_it_got_when_it_was_written(store: Store) -> None:
    new = decision(number="", appointment_id=None, event_id=None, event_key=None, ical_uid="")
    store.apply([AddDecision(decision=new)])
    named = SettleDecision(
        id="d1",
        outcome=Outcome.DONE,
        number="APP-1",
        event_id=EventId("AAkALg=="),
        event_key=EventKey("AAkALg=="),
        ical_uid="040000008200E",
    )
    store.apply([named])
    (found,) = store.decisions("040000008200E")
    assert found == store.decisions("app-1")[0] == store.decisions("AAkALg==")[0]
    assert (found.number, found.event_id, found.ical_uid) == ("APP-1", "AAkALg==", "040000008200E")
    assert found.appointment_id is None, "what is not known stays as it was"


def test_a_part_of_a_subject_is_looked_up_by_its_words_and_forgotten_with_the_last_item(
    tmp_path: Path,
) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/s.db")
    pump = decision("d1", subject="Heat pump, yearly")
    same = decision("d2", guid=AppointmentGuid("g2"), event_key=EventKey("k2"), subject="heat PUMP, yearly")
    store.apply([AddDecision(decision=pump), AddDecision(decision=same)])
    for asked in ("pump", "PUM", "heat pump", "pump, ye", "yearly"):
        assert {one.id for one in store.decisions(asked)} == {"d1", "d2"}, asked
    assert store.decisions("pump yearly") == ()
    store.apply([ForgetWords(resource_no=R1, guid=AppointmentGuid("g2"), event_key=EventKey("k2"))])
    assert [one.id for one in store.decisions("pump")] == ["d1"]
    store.prune(later(days=91))
    assert store.decisions("pump") == ()
    store.close()
    assert b"yearly" not in (tmp_path / "s.db").read_bytes()


def test_b3_what_an_item_said_is_erased_once_it_is_not_shared(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/s.db")
    words = "CANARY of the owner"
    guid, key = AppointmentGuid("g1"), EventKey("k1")
    before_it_had_a_link = decision(
        "d1", guid=None, appointment_id=None, number="", event_key=key, subject=words
    )
    since = decision("d2", guid=guid, event_key=key, subject=words, detail=words, basis=(("subject", words),))
    another = decision("d3", guid=AppointmentGuid("g2"), event_key=EventKey("k2"), subject="stays")
    elsewhere = decision("d4", resource_no=R2, guid=guid, event_key=EventKey("k3"), subject="stays")
    parked = DeadLetter(
        id="l",
        resource_no=R1,
        guid=guid,
        act=Act.UPDATE_EVENT,
        reason="r",
        detail=words,
        first_at=NOON,
        last_at=NOON,
    )
    image = BeforeImage(
        id="b",
        intent_id="i",
        at=NOON,
        resource_no=R1,
        side=Side.OUTLOOK,
        act=Act.UPDATE_EVENT,
        event_key=key,
        before=content(subject=words),
    )
    everything = [before_it_had_a_link, since, another, elsewhere]
    store.apply([*(AddDecision(decision=one) for one in everything), AddDeadLetter(letter=parked)])
    store.apply([AddBeforeImage(image=image)])

    store.apply([ForgetWords(resource_no=R1, guid=guid, event_key=key)])

    assert store.decisions("CANARY") == ()
    emptied = {one.id: one for one in store.decisions("k1")}
    assert emptied["d1"] == replace(before_it_had_a_link, subject="", detail="", basis=(), changes=())
    assert emptied["d2"] == replace(since, subject="", detail="", basis=(), changes=())
    assert {one.id for one in store.decisions("stays")} == {"d3", "d4"}
    assert store.dead_letters() == (replace(parked, detail=""),)
    assert store.before_images(NOON) == ()
    store.close()
    assert b"CANARY" not in (tmp_path / "s.db").read_bytes()


def test_decisions_go_after_90_days_with_their_names(store: Store) -> None:
    old = decision("d1", number="OLD")
    new = decision("d2", number="NEW", guid=AppointmentGuid("g2"), at=later(days=30))
    store.apply([AddDecision(decision=old), AddDecision(decision=new)])
    now = later(days=91)
    assert store.prune(now) == 1
    assert store.prune(now) == 0
    assert store.decisions("OLD") == ()
    assert store.decisions("NEW") == (new,)


def test_an_item_keeps_its_names_while_any_decision_about_it_is_left(store: Store) -> None:
    old, new = decision("d1"), decision("d2", at=later(days=60), number="")
    store.apply([AddDecision(decision=old), AddDecision(decision=new)])
    store.prune(later(days=91))
    assert store.decisions("APP-1") == (new,)


def test_no_more_decisions_are_kept_than_the_bound(store: Store) -> None:
    store.apply([AddDecision(decision=decision(f"d{n}", at=later(seconds=n))) for n in range(10)])
    assert store.prune(later(days=1), keep=4) == 6
    assert [one.id for one in store.decisions("APP-1")] == ["d9", "d8", "d7", "d6"]
    assert store.prune(later(days=1), keep=4) == 0


def test_before_images_go_after_90_days_or_beyond_the_bound(store: Store) -> None:
    image = BeforeImage(
        id="b",
        intent_id="i",
        at=NOON,
        resource_no=R1,
        side=Side.OUTLOOK,
        act=Act.DELETE_EVENT,
        appointment_id=AppointmentId("1"),
        before=content(),
    )
    store.apply(
        [AddBeforeImage(image=image), AddBeforeImage(image=replace(image, id="c", at=later(days=30)))]
    )
    assert store.prune(later(days=91)) == 1
    assert [one.id for one in store.before_images(NOON)] == ["c"]
    store.apply([AddBeforeImage(image=replace(image, id=f"d{n}", at=later(days=40 + n))) for n in range(9)])
    assert store.prune(later(days=91), keep_images=3) == 7
    assert [one.id for one in store.before_images(NOON)] == ["d8", "d7", "d6"]
    assert store.prune(later(days=91), keep_images=3) == 0


@pytest.mark.parametrize("asked", NAMES)
def test_finding_a_decision_reads_no_table_from_end_to_end(asked: str, tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/s.db")
    store.apply([AddDecision(decision=decision())])
    plans: list[str] = []
    with sqlite3.connect(tmp_path / "s.db") as plain:
        for sql, parameters in _statements_of(store, asked):
            plans += [row[3] for row in plain.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    plain.close()
    store.close()
    assert plans
    bounded = "SCAN some"  # a part of a subject is compared with so many subjects and no more
    assert [plan for plan in plans if plan.startswith("SCAN") and plan != bounded] == []


def _statements_of(store: Store, asked: str) -> list[tuple[str, tuple[object, ...]]]:
    """What the store sends to the database to find an item."""
    # There is no public way to listen to what is sent.
    database: Any = store._backend.reader._database
    heard: list[tuple[str, tuple[object, ...]]] = []
    connection = database.connection()
    connection.set_trace_callback(lambda sql: heard.append((sql, ())))
    store.decisions(asked)
    connection.set_trace_callback(None)
    return [(sql, parameters) for sql, parameters in heard if sql.startswith("SELECT")]

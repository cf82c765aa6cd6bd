"""The store: what is written comes back, in every kind of database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from models.content import Sensitivity, ShowAs
from models.decision import Act, Side
from models.ids import AppointmentGuid, AppointmentId, Etag, EventId, EventKey, MailboxId
from models.link import Agreed, Unshared
from models.preferences import Preferences, PrivateEvents, StoredPreferences, Verdict
from models.storage import changes as ch
from models.storage.errors import StoreUnavailable
from models.storage.records import (
    Audit,
    BeforeImage,
    Counts,
    DeadLetter,
    DeltaState,
    HeldBack,
    Intent,
    JournalEntry,
    JournalSource,
    Outcome,
    ResourcePreferences,
    ResourceRecord,
    ResourceState,
    Service,
    Subscription,
    Work,
)
from models.storage.store import Store
from models.supervision import ChildState, RunState
from models.when import Window
from tests.storage_kit import (
    BOX,
    KINDS,
    NOON,
    R1,
    R2,
    agreements,
    content,
    decision,
    later,
    link,
    store_url,
)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with store_url(request.param, tmp_path) as url:
        opened = Store.open(url)
        yield opened
        opened.close()


def letter(letter_id: str = "l1", **changed: object) -> DeadLetter:
    full = DeadLetter(
        id=letter_id,
        resource_no=R1,
        guid=AppointmentGuid("g1"),
        event_key=EventKey("k1"),
        act=Act.UPDATE_EVENT,
        reason="the subject is too long",
        code="DSEX040",
        detail="ErrorPropertyTooLong",
        seen="abc",
        attempts=3,
        first_at=NOON,
        last_at=later(minutes=1),
    )
    return replace(full, **changed)  # type: ignore[arg-type]  # members of the record


def image(image_id: str = "b1", **changed: object) -> BeforeImage:
    full = BeforeImage(
        id=image_id,
        intent_id=f"i-{image_id}",
        at=NOON,
        resource_no=R1,
        side=Side.OUTLOOK,
        act=Act.UPDATE_EVENT,
        mailbox=BOX,
        guid=AppointmentGuid("g1"),
        appointment_id=AppointmentId("1"),
        event_id=EventId("e1"),
        event_key=EventKey("e1"),
        etag=Etag("2"),
        before=content(),
        after=content(subject="Later"),
    )
    return replace(full, **changed)  # type: ignore[arg-type]  # members of the record


def intent(intent_id: str = "i1", **changed: object) -> Intent:
    full = Intent(
        id=intent_id,
        resource_no=R1,
        act=Act.CREATE_EVENT,
        mailbox=BOX,
        guid=AppointmentGuid("g1"),
        event_key=EventKey("k"),
        event_id=EventId("e"),
        transaction_id="t",
        generation=1,
        at=NOON,
        attempts=0,
    )
    return replace(full, **changed)  # type: ignore[arg-type]  # members of the record


# Links


def test_a_link_comes_back_by_resource_and_appointment(store: Store) -> None:
    one, other = link("g1"), link("g1", R2, mailbox=MailboxId("m2"))
    store.apply([ch.PutLink(link=one), ch.PutLink(link=other)])
    assert store.links_of(R1) == (one,)
    assert set(store.links_of_appointment(guid=one.guid)) == {one, other}
    assert set(store.links_of_appointment(appointment_id=AppointmentId("1"))) == {one, other}


def test_a_link_that_knows_little_comes_back_as_it_was(store: Store) -> None:
    bare = link(
        appointment_id=None,
        event_id=None,
        event_key=None,
        etag=None,
        event_modified_at=None,
        board_modified_at=None,
        agreed=None,
    )
    store.apply([ch.PutLink(link=bare)])
    assert store.links_of(R1) == (bare,)


def test_a_link_is_replaced_and_dropped_by_its_key(store: Store) -> None:
    store.apply([ch.PutLink(link=link("g1")), ch.PutLink(link=link("g2"))])
    newer = link("g1", etag=Etag("2"), generation=3)
    store.apply([ch.PutLink(link=newer), ch.DropLink(resource_no=R1, guid=AppointmentGuid("g2"))])
    assert store.links_of(R1) == (newer,)


@pytest.mark.parametrize("kind", KINDS)
def test_any_agreed_state_survives_the_database(kind: str, tmp_path: Path) -> None:
    with store_url(kind, tmp_path) as url:
        opened = Store.open(url)

        @given(agreements())
        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        def check(agreed: Agreed) -> None:
            kept = link(agreed=agreed)
            opened.apply([ch.PutLink(link=kept)])
            assert opened.links_of(R1) == (kept,)

        check()
        opened.close()


def test_b2_of_an_unshared_event_come_back_its_ids_its_version_and_the_verdict(store: Store) -> None:
    event = Unshared(
        resource_no=R1,
        mailbox=BOX,
        event_id=EventId("e"),
        event_key=EventKey("k"),
        etag=Etag("1"),
        verdict=Verdict.SENSITIVITY_NOT_SHARED,
    )
    store.apply([ch.PutUnshared(unshared=event)])
    newer = replace(event, etag=Etag("2"), verdict=Verdict.SHOW_AS_NOT_SHARED)
    store.apply([ch.PutUnshared(unshared=newer)])
    assert store.unshared_of(R1) == (newer,)
    store.apply([ch.DropUnshared(resource_no=R1, event_key=EventKey("k"))])
    assert store.unshared_of(R1) == ()


# Resources


def test_a_resource_comes_back_and_keeps_when_it_was_in_step(store: Store) -> None:
    person = ResourceRecord(
        resource_no=R1,
        display_name="Ann Peeters",
        email="ann@contoso.example",
        enabled=True,
        mailbox=BOX,
        state=ResourceState.ACCESS_DENIED,
        reason="grant Calendars.ReadWrite",
        code="DSEX030",
        updated_at=NOON,
    )
    store.apply([ch.PutResource(resource=person), ch.MarkInStep(resource_no=R1, at=later(minutes=1))])
    store.apply(
        [ch.PutResource(resource=replace(person, state=ResourceState.ACTIVE, updated_at=later(hours=1)))]
    )
    kept = replace(person, state=ResourceState.ACTIVE, updated_at=later(hours=1), in_step_at=later(minutes=1))
    assert store.resource_of(R1) == kept
    assert store.resources() == (kept,)


def test_resources_come_back_by_number(store: Store) -> None:
    for number in (R2, R1):
        store.apply([ch.PutResource(resource=ResourceRecord(resource_no=number, updated_at=NOON))])
    assert [resource.resource_no for resource in store.resources()] == [R1, R2]


def test_preferences_come_back_with_who_set_them_and_when(store: Store) -> None:
    chosen = StoredPreferences(
        preferences=Preferences(
            share=False,
            show_as=frozenset({ShowAs.FREE, ShowAs.WORKING_ELSEWHERE}),
            sensitivity=frozenset(),
            private=PrivateEvents.MASK,
        ),
        set_by="administrator",
        set_at=NOON,
    )
    store.apply([ch.PutPreferences(resource_no=R1, stored=chosen, locked=True)])
    kept = ResourcePreferences(resource_no=R1, stored=chosen, locked=True)
    assert store.preferences_of(R1) == kept
    assert store.all_preferences() == {R1: kept}
    all_private = replace(chosen, preferences=Preferences(sensitivity=frozenset(Sensitivity)))
    store.apply([ch.PutPreferences(resource_no=R1, stored=all_private)])
    assert store.preferences_of(R1) == ResourcePreferences(resource_no=R1, stored=all_private)


def test_d10_how_an_actor_fares_survives(store: Store) -> None:
    child = ChildState(
        state=RunState.QUARANTINED, incarnation=7, crashes=(NOON, later(seconds=1)), reason="KeyError"
    )
    store.apply([ch.PutSupervision(resource_no=R1, child=child)])
    assert store.all_supervision() == {R1: child}
    assert store.counts().quarantined == 1
    store.apply([ch.DropSupervision(resource_no=R1)])
    assert store.all_supervision() == {}


# Work not done yet


def entry(entry_id: str, seconds: float = 0) -> JournalEntry:
    return JournalEntry(
        id=entry_id,
        received_at=later(seconds=seconds),
        source=JournalSource.SCHEDULER,
        kind="updated",
        resource_nos=(R1, R2),
        mailbox=BOX,
        subscription_id="s",
        appointment_ids=(AppointmentId("1"),),
        guids=(AppointmentGuid("g1"),),
        event_ids=(EventId("e"),),
    )


def test_the_journal_gives_the_oldest_first_until_they_are_finished(store: Store) -> None:
    store.apply([ch.AddJournal(entry=entry(name, at)) for name, at in (("c", 2), ("b", 1), ("a", 1))])
    assert store.pending_journal() == (entry("a", 1), entry("b", 1), entry("c", 2))
    assert store.pending_journal(limit=1) == (entry("a", 1),)
    store.apply([ch.FinishJournal(ids=("a", "c"))])
    assert store.pending_journal() == (entry("b", 1),)


def test_d4_a_repeated_journal_entry_changes_nothing_and_tries_are_counted(store: Store) -> None:
    store.apply([ch.AddJournal(entry=entry("a"))])
    store.apply([ch.CountJournal(ids=("a",))])
    store.apply([ch.CountJournal(ids=("a",)), ch.AddJournal(entry=entry("a"))])
    assert [pending.attempts for pending in store.pending_journal()] == [2]


def test_intents_come_back_in_the_order_in_which_they_were_made(store: Store) -> None:
    first, second = intent("z"), intent("a", at=later(seconds=1))
    of_other = intent("x", resource_no=R2, guid=None, event_key=None, event_id=None, mailbox=None)
    store.apply([ch.AddIntent(intent=item) for item in (second, first, of_other)])
    assert store.pending_intents(R1) == (first, second)
    assert store.pending_intents(R2) == (of_other,)
    assert set(store.pending_intents()) == {first, second, of_other}
    again = replace(first, attempts=1)
    store.apply([ch.AddIntent(intent=again), ch.FinishIntent(id="a", outcome=Outcome.DONE)])
    assert store.pending_intents(R1) == (again,)


def test_an_intent_that_wrote_nothing_takes_its_before_image_with_it(store: Store) -> None:
    store.apply([ch.AddBeforeImage(image=image(name)) for name in ("b1", "b2", "b3")])
    store.apply(
        [
            ch.FinishIntent(id="i-b1", outcome=Outcome.DONE),
            ch.FinishIntent(id="i-b2", outcome=Outcome.FAILED),
            ch.FinishIntent(id="i-b3", outcome=Outcome.PARKED),
        ]
    )
    assert store.before_images(NOON) == (image("b1"),)


def test_before_images_come_back_latest_first(store: Store) -> None:
    created = image("b2", at=later(seconds=1), before=None, after=content())
    deleted = image("b3", at=later(seconds=2), resource_no=R2, after=None)
    store.apply([ch.AddBeforeImage(image=item) for item in (image(), created, deleted)])
    assert store.before_images(NOON) == (deleted, created, image())
    assert store.before_images(later(seconds=1), resource_no=R1) == (created,)
    assert store.changed_since(NOON) == (R1, R2)
    assert store.changed_since(later(seconds=2)) == (R2,)
    completed = replace(created, etag=Etag("9"), work=Work(job_no="J1", task_no="10"))
    store.apply([ch.AddBeforeImage(image=completed)])
    assert store.before_images(later(seconds=1), resource_no=R1) == (completed,)


def test_the_last_audit_of_each_resource_is_kept(store: Store) -> None:
    first = Audit(resource_no=R1, at=NOON, compared=9, found=2, repaired=1)
    other = Audit(resource_no=R2, at=NOON, problem="Graph denies access")
    store.apply([ch.PutAudit(audit=first), ch.PutAudit(audit=other)])
    assert store.audits() == {R1: first, R2: other}
    again = Audit(resource_no=R1, at=later(days=1), compared=9)
    store.apply([ch.PutAudit(audit=again)])
    assert store.audits() == {R1: again, R2: other}


def test_d9_a_dead_letter_keeps_when_it_was_first_parked(store: Store) -> None:
    store.apply([ch.AddDeadLetter(letter=letter())])
    again = letter(attempts=6, first_at=later(days=1), last_at=later(days=1), seen="def")
    store.apply([ch.AddDeadLetter(letter=again), ch.AddDeadLetter(letter=letter("l2", resource_no=R2))])
    assert store.dead_letters(R1) == (replace(again, first_at=NOON),)
    assert [item.id for item in store.dead_letters()] == ["l1", "l2"]
    store.apply([ch.DropDeadLetter(id="l1")])
    assert [item.id for item in store.dead_letters()] == ["l2"]


def test_c10_a_deletion_that_is_held_back_comes_back_until_it_is_released(store: Store) -> None:
    held = HeldBack(
        resource_no=R1,
        guid=AppointmentGuid("g1"),
        act=Act.DELETE_EVENT,
        event_key=EventKey("k"),
        reason="9 of 10 at once",
        since=NOON,
        confirmations=0,
    )
    store.apply([ch.PutHeldBack(held=held), ch.PutHeldBack(held=replace(held, resource_no=R2))])
    store.apply([ch.PutHeldBack(held=replace(held, confirmations=1))])
    assert store.held_back(R1) == (replace(held, confirmations=1),)
    assert len(store.held_back()) == 2
    store.apply([ch.DropHeldBack(resource_no=R1, guid=held.guid)])
    assert store.held_back(R1) == ()


# How far we have read


def test_a_delta_state_comes_back_until_it_is_dropped(store: Store) -> None:
    state = DeltaState(
        mailbox=BOX,
        delta_link="https://graph.microsoft.com/v1.0/delta?$deltatoken=x",
        window=Window(start=NOON, end=later(days=180)),
        full_round_at=NOON,
    )
    store.apply([ch.PutDeltaState(state=state)])
    store.apply([ch.PutDeltaState(state=replace(state, delta_link="y"))])
    assert store.delta_state(BOX) == replace(state, delta_link="y")
    store.apply([ch.DropDeltaState(mailbox=BOX)])
    assert store.delta_state(BOX) is None


def test_subscriptions_come_back_and_do_not_print_their_client_state(store: Store) -> None:
    graph = Subscription(
        id="s1",
        service=Service.GRAPH,
        mailbox=BOX,
        url="https://c.example/hooks/graph",
        client_state="hidden",
        created_at=NOON,
        expires_at=later(days=3),
    )
    board = Subscription(
        id="s2", service=Service.SCHEDULER, source_app="NAV", kind="created", created_at=NOON, expires_at=None
    )
    store.apply([ch.PutSubscription(subscription=graph), ch.PutSubscription(subscription=board)])
    assert set(store.subscriptions()) == {graph, board}
    assert store.subscription("s1") == graph
    assert "hidden" not in repr(store.subscriptions())
    store.apply([ch.DropSubscription(id="s1")])
    assert store.subscriptions() == (board,)


def test_a_fact_of_the_installation_comes_back(store: Store) -> None:
    assert store.meta("audited_at") is None
    store.apply([ch.PutMeta(key="audited_at", value="1"), ch.PutMeta(key="audited_at", value="2")])
    assert store.meta("audited_at") == "2"


# Together


def test_changes_are_written_together_or_not_at_all(store: Store) -> None:
    naive = replace(intent(), at=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="aware"):
        store.apply([ch.PutLink(link=link()), ch.AddIntent(intent=naive)])
    assert store.links_of(R1) == ()
    assert store.pending_intents() == ()


def test_changes_of_one_thing_count_in_their_order(store: Store) -> None:
    guid = AppointmentGuid("g1")
    store.apply(
        [
            ch.PutLink(link=link("g1")),
            ch.AddIntent(intent=intent()),
            ch.DropLink(resource_no=R1, guid=guid),
            ch.PutLink(link=link("g1", generation=9)),
            ch.FinishIntent(id="i1", outcome=Outcome.DONE),
            ch.PutLink(link=link("g2")),
            ch.DropLink(resource_no=R1, guid=AppointmentGuid("g2")),
        ]
    )
    assert store.links_of(R1) == (link("g1", generation=9),)
    assert store.pending_intents() == ()


def test_counts_are_those_of_status(store: Store) -> None:
    store.apply(
        [
            *(ch.AddJournal(entry=entry(str(n))) for n in range(3)),
            ch.AddIntent(intent=intent()),
            ch.AddDeadLetter(letter=letter()),
            ch.PutLink(link=link()),
            ch.PutSupervision(resource_no=R1, child=ChildState()),
        ]
    )
    assert store.counts() == Counts(
        journal=3, outbox=1, dead_letters=1, held_back=0, quarantined=0, links=1, subscriptions=0
    )


def test_texts_no_database_takes_do_not_stop_a_batch(store: Store) -> None:
    odd = "a\0b\ud800c"
    store.apply(
        [ch.AddDecision(decision=decision(subject=odd, detail=odd)), ch.PutLink(link=link(number=odd))]
    )
    assert store.links_of(R1)[0].number == "ab?c"
    assert store.decisions("APP-1")[0].subject == "ab?c"


def test_other_threads_read_while_one_writes(store: Store) -> None:
    seen: list[int] = []
    written = threading.Event()

    def read() -> None:
        written.wait(10)
        seen.append(len(store.links_of(R1)))
        store.close_reader()

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    store.apply([ch.PutLink(link=link(f"g{n}")) for n in range(50)])
    written.set()
    for reader in readers:
        reader.join(10)
    assert seen == [50] * 4


def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    opened = Store.open(f"sqlite:///{tmp_path}/s.db")
    opened.close()
    with pytest.raises(StoreUnavailable, match=r"is closed; open it again"):
        opened.links_of(R1)


def test_all_of_an_sqlite_store_is_this_processs(tmp_path: Path) -> None:
    opened = Store.open(f"sqlite:///{tmp_path}/s.db")
    assert opened.claim([R1, R2]) == {R1, R2}
    opened.close()

"""Subscriptions with both services, in virtual time, against a Graph of a few lines (BEHAVIOUR.md D6)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pykka import ActorRef

from actors.clients.errors import (
    About,
    AccessDenied,
    Conflict,
    NotFound,
    OutcomeUnknown,
    Problem,
    Rejected,
    Throttled,
    Unavailable,
)
from actors.clients.graph.subscriptions import (
    CreateSubscription,
    ListSubscriptions,
    ReauthorizeSubscription,
    RemoveSubscription,
    RenewSubscription,
)
from actors.clients.graph.subscriptions import Subscription as Listed
from actors.clients.scheduler.webhooks import Change, SubscribeWebhook, UnsubscribeWebhook
from actors.intake import Lifecycle
from actors.subscription_ports import AT_ONCE, Polled
from actors.subscriptions import Look, SubscriptionNeighbours, Subscriptions, UnsubscribeAll
from models.ids import MailboxId, ResourceNo
from models.storage.changes import PutSubscription
from models.storage.records import Service, Subscription
from tests.web_kit import ANNA, BRAM, MONDAY, Gateway, Office, mailbox_of, office

URL = "https://connector.contoso.test"
HOOK = f"{URL}/hooks/graph"
ABOUT = About(service="graph", method="POST", path="/subscriptions", status=400)


@dataclass
class FakeGraph:
    """What Graph has, and what it was asked."""

    now: Callable[[], datetime]
    granted: timedelta = timedelta(days=6)
    live: dict[str, Listed] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    refuse: dict[type, Problem] = field(default_factory=dict)
    made_but: Problem | None = None
    """What the first creation is answered, after it was carried out."""
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self, operation: Any) -> object:
        self.asked.append(operation)
        if type(operation) in self.refuse:
            return self.refuse[type(operation)]
        match operation:
            case ListSubscriptions():
                return tuple(self.live.values())
            case CreateSubscription():
                made = self.add(operation.user, operation.notification_url, operation.client_state)
                lost, self.made_but = self.made_but, None
                return lost or made
            case RenewSubscription() if operation.subscription_id in self.live:
                return self.extend(operation.subscription_id)
            case ReauthorizeSubscription() if operation.subscription_id in self.live:
                return None
            case RemoveSubscription():
                self.live.pop(operation.subscription_id, None)
                return None
        return NotFound(ABOUT)

    def add(self, user: str, url: str = HOOK, state: str = "") -> Listed:
        made = Listed(
            id=f"s{next(self.numbers)}",
            resource=f"users/{user}/events",
            notification_url=url,
            expires_at=self.now() + self.granted,
        )
        self.live[made.id], self.states[made.id] = made, state
        return made

    def extend(self, id: str) -> Listed:
        old = self.live[id]
        self.live[id] = Listed(
            id=id,
            resource=old.resource,
            notification_url=old.notification_url,
            expires_at=self.now() + self.granted,
        )
        return self.live[id]

    def count(self, kind: type) -> int:
        return sum(isinstance(one, kind) for one in self.asked)


@dataclass
class FakeBoard:
    """The board's webhooks."""

    nameless: bool = False
    live: dict[str, SubscribeWebhook] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    refuse: Problem | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self, operation: Any) -> object:
        self.asked.append(operation)
        if self.refuse is not None:
            return self.refuse
        if isinstance(operation, SubscribeWebhook):
            id_ = f"w{next(self.numbers)}"
            self.live[id_] = operation
            return "" if self.nameless else id_
        assert isinstance(operation, UnsubscribeWebhook)
        self.live.pop(operation.id)
        return None


@dataclass
class Desk:
    """The actor and its world."""

    place: Office
    graph: FakeGraph
    board: FakeBoard
    polled: Polled = field(default_factory=Polled)
    loaded: bool = True
    secrets: Iterator[int] = field(default_factory=itertools.count)

    def begin(self, url: str = URL, apps: Sequence[str] = ()) -> ActorRef[Subscriptions]:
        pin = self.place.runtime.pinned["store"]
        self.actor = Subscriptions.start(
            neighbours=SubscriptionNeighbours(
                graph=Gateway.start("graph", self.graph, dispatcher=pin),
                scheduler=Gateway.start("scheduler", self.board, dispatcher=pin),
                store=self.place.store_ref,
                router=self.place.router,
                clock=self.place.runtime.clock,
                timers=self.place.runtime.timers,
                random=self.place.runtime.random,
                new_secret=lambda: f"secret-{next(self.secrets)}",
                is_roster_loaded=lambda: self.loaded,
            ),
            public_url=url,
            webhook_source_apps=apps,
            polled=self.polled,
            dispatcher=pin,
        )
        self.place.runtime.settle()
        return self.actor

    def end(self) -> None:
        """The process stops; the store stays."""
        self.actor.stop()

    def after(self, **time: float) -> None:
        self.place.runtime.run_until(self.place.runtime.clock.now() + timedelta(**time))

    def stored(self, service: Service = Service.GRAPH) -> dict[str, Subscription]:
        self.place.runtime.settle()
        return {one.id: one for one in self.place.store.subscriptions() if one.service is service}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with office(tmp_path) as place:
        place.employ(ANNA, BRAM)
        yield Desk(place, FakeGraph(place.runtime.clock.now), FakeBoard())


def users(graph: FakeGraph) -> list[str]:
    return sorted(one.resource for one in graph.live.values())


BOTH = [f"users/{mailbox_of(ANNA)}/events", f"users/{mailbox_of(BRAM)}/events"]


def test_without_a_public_url_nobody_is_asked_anything(desk: Desk) -> None:
    desk.begin(url="", apps=["BC"])
    desk.after(days=2)
    assert desk.graph.asked == []
    assert desk.board.asked == []


def test_every_active_mailbox_has_one_subscription_with_a_secret_of_its_own(desk: Desk) -> None:
    desk.begin()
    assert users(desk.graph) == BOTH
    first, second = (one for one in desk.graph.asked if isinstance(one, CreateSubscription))
    assert first.notification_url == HOOK
    assert first.lifecycle_url == f"{HOOK}/lifecycle"
    assert first.client_state != second.client_state
    stored = desk.stored()
    assert {id_: one.client_state for id_, one in stored.items()} == desk.graph.states
    assert {one.expires_at for one in stored.values()} == {MONDAY + timedelta(days=6)}
    assert desk.polled.reasons == {}


def test_d6_a_new_subscription_is_followed_by_a_look_at_what_came_before_it(desk: Desk) -> None:
    """D6: changes between a removal and the new subscription are told to nobody."""
    desk.begin()
    hint = desk.place.hint_of(ANNA)
    assert hint is not None
    assert hint.outlook


def test_nothing_is_made_before_it_is_known_who_synchronises(desk: Desk) -> None:
    kept = desk.graph.add(mailbox_of(ANNA))
    desk.loaded = False
    desk.begin()
    desk.after(minutes=5)
    assert desk.graph.asked == []
    desk.loaded = True
    desk.actor.tell(Look())
    desk.place.runtime.settle()
    assert users(desk.graph) == BOTH
    assert kept.id not in desk.graph.live


def test_subscriptions_are_renewed_well_before_they_expire_and_not_all_at_once(desk: Desk) -> None:
    desk.place.employ(*(ResourceNo(f"R{number}") for number in range(40)))
    desk.begin()
    desk.after(days=2)
    assert desk.graph.count(RenewSubscription) == 0
    renewed = []
    for _ in range(60):
        before = desk.graph.count(RenewSubscription)
        desk.after(hours=1)
        renewed.append(desk.graph.count(RenewSubscription) - before)
    assert sum(renewed) == 40
    assert sum(count > 0 for count in renewed) > 15
    desk.after(days=30)
    assert desk.graph.count(CreateSubscription) == 40
    assert all(
        one.expires_at is not None and one.expires_at > desk.graph.now() for one in desk.graph.live.values()
    )
    assert desk.stored().keys() == desk.graph.live.keys()


def test_a_lifetime_counts_as_it_was_granted(desk: Desk) -> None:
    desk.graph.granted = timedelta(minutes=45)
    desk.begin()
    desk.after(hours=5)
    assert desk.graph.count(CreateSubscription) == 2
    assert 2 * 9 <= desk.graph.count(RenewSubscription) <= 2 * 18


def test_no_more_than_a_few_creations_are_under_way(desk: Desk) -> None:
    desk.place.employ(*(ResourceNo(f"R{number}") for number in range(30)))
    answers: list[Callable[[], object]] = []
    pin = desk.place.runtime.pinned["store"]

    class Slow(Gateway):
        """Answers creations when the test says so."""

        def on_receive(self, message: Any) -> object:
            if isinstance(getattr(message, "operation", None), CreateSubscription):
                answers.append(partial(Gateway.on_receive, self, message))
                return None
            return super().on_receive(message)

    fake = desk.graph
    slow = Slow.start("graph", fake, dispatcher=pin)
    desk.begin(url="")
    desk.actor = Subscriptions.start(
        neighbours=SubscriptionNeighbours(
            graph=slow,
            scheduler=slow,
            store=desk.place.store_ref,
            router=desk.place.router,
            clock=desk.place.runtime.clock,
            timers=desk.place.runtime.timers,
            random=desk.place.runtime.random,
            new_secret=lambda: "secret",
            is_roster_loaded=lambda: True,
        ),
        public_url=URL,
        dispatcher=pin,
    )
    desk.place.runtime.settle()
    assert len(answers) == AT_ONCE
    given = 0
    while given < len(answers):
        answers[given]()
        given += 1
        desk.place.runtime.settle()
        assert len(answers) - given <= AT_ONCE
    assert len(fake.live) == 30


# A start with a past


def test_a_start_keeps_what_lives_and_asks_for_nothing_new(desk: Desk) -> None:
    desk.begin()
    desk.end()
    made = desk.graph.count(CreateSubscription)
    desk.after(hours=1)
    desk.begin()
    assert desk.graph.count(CreateSubscription) == made
    assert desk.graph.count(RemoveSubscription) == 0


def test_d6_duplicates_and_unknown_ones_are_found_and_removed_at_a_start(desk: Desk) -> None:
    """D6: a creation whose answer was lost leaves one that nobody knows."""
    desk.begin()
    desk.end()
    kept = set(desk.graph.live)
    desk.graph.add(mailbox_of(ANNA))
    desk.graph.add("somebody-who-left")
    other = desk.graph.add(mailbox_of(ANNA), "https://test-system.contoso.test/hooks/graph")
    desk.begin()
    assert set(desk.graph.live) == kept | {other.id}


def test_one_that_vanished_meanwhile_is_made_again(desk: Desk) -> None:
    desk.begin()
    desk.end()
    gone = next(iter(desk.graph.live))
    del desk.graph.live[gone]
    desk.place.hint_of(ANNA)
    desk.begin()
    assert users(desk.graph) == BOTH
    assert gone not in desk.stored()
    assert desk.place.hint_of(ANNA) is not None


def test_those_of_another_address_are_replaced(desk: Desk) -> None:
    desk.begin(url="https://old.contoso.test")
    desk.end()
    desk.begin()
    assert {one.notification_url for one in desk.graph.live.values()} == {HOOK}
    assert users(desk.graph) == BOTH


def test_two_that_are_stored_for_one_mailbox_become_one(desk: Desk) -> None:
    for _ in range(2):
        made = desk.graph.add(mailbox_of(ANNA), state="s")
        stored = Subscription(
            id=made.id,
            service=Service.GRAPH,
            mailbox=mailbox_of(ANNA),
            url=HOOK,
            client_state="s",
            created_at=MONDAY,
            expires_at=made.expires_at,
        )
        desk.place.put(PutSubscription(subscription=stored))
    desk.begin()
    assert users(desk.graph) == BOTH
    assert desk.stored().keys() == desk.graph.live.keys()


def test_a_listing_that_fails_is_no_empty_listing(desk: Desk) -> None:
    """C11: nothing is made or removed on the strength of an error."""
    desk.graph.refuse[ListSubscriptions] = Unavailable(ABOUT)
    desk.begin()
    desk.after(minutes=10)
    assert desk.graph.count(CreateSubscription) == 0
    del desk.graph.refuse[ListSubscriptions]
    desk.after(hours=1)
    assert users(desk.graph) == BOTH


# D6


def test_d6_an_expired_or_removed_one_is_made_again_when_renewing_finds_out(desk: Desk) -> None:
    """D6: subscription expired, removed."""
    desk.begin()
    desk.graph.live.clear()
    desk.place.hint_of(ANNA)
    desk.after(days=5)
    assert users(desk.graph) == BOTH
    assert desk.stored().keys() == desk.graph.live.keys()
    assert desk.place.hint_of(ANNA) is not None


def test_d6_a_removal_that_graph_tells_is_answered_at_once(desk: Desk) -> None:
    """D6: `subscriptionRemoved`: created anew, then resynchronised."""
    desk.begin()
    gone = next(id_ for id_, one in desk.graph.live.items() if mailbox_of(ANNA) in one.resource)
    del desk.graph.live[gone]
    desk.place.hint_of(ANNA)
    desk.actor.tell(Lifecycle(subscription_id=gone, event="subscriptionRemoved"))
    desk.place.runtime.settle()
    assert users(desk.graph) == BOTH
    assert gone not in desk.stored()
    assert desk.place.hint_of(ANNA) is not None


def test_d6_a_reauthorisation_that_is_required_is_given_and_followed_by_a_look(desk: Desk) -> None:
    """D6: `reauthorizationRequired`; Graph wants ten minutes between it and a renewal."""
    desk.begin()
    id_ = next(id_ for id_, one in desk.graph.live.items() if mailbox_of(ANNA) in one.resource)
    desk.place.hint_of(ANNA)
    desk.actor.tell(Lifecycle(subscription_id=id_, event="reauthorizationRequired"))
    desk.place.runtime.settle()
    assert [one.subscription_id for one in desk.graph.asked if isinstance(one, ReauthorizeSubscription)] == [
        id_
    ]
    assert desk.place.hint_of(ANNA) is not None
    desk.after(minutes=9)
    assert desk.graph.count(RenewSubscription) == 0
    desk.after(days=5)
    assert desk.graph.count(ReauthorizeSubscription) == 1
    assert desk.graph.count(RenewSubscription) >= 1


def test_d6_a_reauthorisation_of_one_that_is_gone_makes_another(desk: Desk) -> None:
    """D6: both at once."""
    desk.begin()
    id_ = next(iter(desk.graph.live))
    del desk.graph.live[id_]
    desk.actor.tell(Lifecycle(subscription_id=id_, event="reauthorizationRequired"))
    desk.place.runtime.settle()
    assert users(desk.graph) == BOTH


def test_events_of_strangers_and_of_tomorrow_change_nothing(desk: Desk) -> None:
    desk.begin()
    asked = len(desk.graph.asked)
    desk.actor.tell(Lifecycle(subscription_id="stranger", event="subscriptionRemoved"))
    desk.actor.tell(Lifecycle(subscription_id=next(iter(desk.graph.live)), event="somethingNew"))
    desk.place.runtime.settle()
    assert len(desk.graph.asked) == asked


@pytest.mark.parametrize(
    ("problem", "remedy"),
    [(Rejected(ABOUT), "from the internet"), (AccessDenied(ABOUT), "outside of Exchange Online")],
)
def test_d6_a_mailbox_whose_subscription_is_refused_polls_and_says_so(
    desk: Desk, problem: Problem, remedy: str
) -> None:
    """D6: creation refused."""
    desk.graph.refuse[CreateSubscription] = problem
    desk.begin()
    reason = desk.polled.reasons[mailbox_of(ANNA)]
    assert "polling only" in reason
    assert remedy in reason
    desk.after(hours=12)
    tries = desk.graph.count(CreateSubscription)
    assert 2 * 5 <= tries <= 2 * 14, "it is tried again, less and less often"
    desk.graph.refuse.clear()
    desk.after(hours=7)
    assert users(desk.graph) == BOTH
    assert desk.polled.reasons == {}


@pytest.mark.parametrize("problem", [Conflict(ABOUT), OutcomeUnknown(ABOUT)])
def test_d6_one_that_may_exist_already_is_looked_for_before_another_try(desk: Desk, problem: Problem) -> None:
    """D6: an answer is lost after Graph has made the subscription."""
    desk.place.employ(ANNA)
    desk.graph.made_but = problem
    desk.begin()
    (lost,) = desk.graph.states
    desk.after(minutes=5)
    assert lost not in desk.graph.live
    assert users(desk.graph) == BOTH[:1]
    assert desk.stored().keys() == desk.graph.live.keys()


def test_a_renewal_that_fails_for_days_does_not_outlive_the_subscription(desk: Desk) -> None:
    desk.begin()
    desk.graph.refuse[RenewSubscription] = Unavailable(ABOUT)
    desk.after(days=6, minutes=5)
    assert desk.graph.count(CreateSubscription) == 4
    assert desk.graph.count(RenewSubscription) > 4


def test_a_mailbox_that_stops_synchronising_loses_its_subscription(desk: Desk) -> None:
    desk.begin()
    desk.place.employ(BRAM)
    desk.after(minutes=1)
    assert users(desk.graph) == BOTH[1:]
    assert desk.stored().keys() == desk.graph.live.keys()
    desk.place.employ(ANNA, BRAM)
    desk.after(minutes=1)
    assert users(desk.graph) == BOTH


# The board


def hooks(board: FakeBoard) -> list[tuple[str, str, str]]:
    return sorted((one.source_app, one.change.value, one.url) for one in board.live.values())


def test_the_configured_source_apps_are_subscribed_to_for_every_kind_of_change(desk: Desk) -> None:
    desk.begin(apps=["BC", "CRM", "BC"])
    assert hooks(desk.board) == [
        (app, change.value, f"{URL}/hooks/scheduler/{change.value.lower()}")
        for app in ("BC", "CRM")
        for change in (Change.CREATED, Change.DELETED, Change.UPDATED)
    ]
    assert desk.stored(Service.SCHEDULER).keys() == desk.board.live.keys()


def test_webhooks_are_made_anew_every_day_and_the_old_ones_ended(desk: Desk) -> None:
    desk.begin(apps=["BC"])
    first = set(desk.board.live)
    desk.after(hours=25)
    assert not first & set(desk.board.live)
    assert len(desk.board.live) == 3
    assert desk.stored(Service.SCHEDULER).keys() == desk.board.live.keys()


def test_a_webhook_that_cannot_be_ended_is_not_made_twice(desk: Desk) -> None:
    desk.board.nameless = True
    desk.begin(apps=["BC"])
    desk.after(days=3)
    desk.end()
    desk.begin(apps=["BC"])
    desk.after(days=3)
    assert len(desk.board.asked) == 3


def test_a_start_keeps_fresh_webhooks_and_ends_those_that_are_not_wanted(desk: Desk) -> None:
    desk.begin(apps=["BC", "CRM"])
    desk.end()
    asked = len(desk.board.asked)
    desk.begin(apps=["BC"])
    assert len(desk.board.asked) == asked + 3
    assert {app for app, _, _ in hooks(desk.board)} == {"BC"}
    assert desk.stored(Service.SCHEDULER).keys() == desk.board.live.keys()


def test_a_board_that_refuses_webhooks_is_asked_again_later_and_keeps_what_it_has(desk: Desk) -> None:
    desk.board.refuse = Throttled(ABOUT)
    desk.begin(apps=["BC"])
    assert desk.stored(Service.SCHEDULER) == {}
    desk.board.refuse = None
    desk.after(minutes=5)
    assert len(desk.board.live) == 3
    kept = set(desk.board.live)
    desk.board.refuse = Throttled(ABOUT)
    desk.after(hours=36)
    assert set(desk.board.live) == kept == set(desk.stored(Service.SCHEDULER))


# The end


def test_everything_is_unsubscribed_on_request_and_counted(desk: Desk) -> None:
    desk.begin(apps=["BC"])
    desk.graph.add("somebody-who-left")
    other = desk.graph.add(mailbox_of(ANNA), "https://test-system.contoso.test/hooks/graph")
    ended: list[tuple[int, int]] = []
    desk.actor.tell(UnsubscribeAll(lambda done, failed: ended.append((done, failed))))
    desk.after(days=8)
    assert ended == [(6, 0)]
    assert set(desk.graph.live) == {other.id}
    assert desk.board.live == {}
    assert desk.stored() == desk.stored(Service.SCHEDULER) == {}


def test_what_cannot_be_unsubscribed_is_counted_and_kept(desk: Desk) -> None:
    desk.begin(apps=["BC"])
    desk.graph.refuse[RemoveSubscription] = Unavailable(ABOUT)
    ended: list[tuple[int, int]] = []
    desk.actor.tell(UnsubscribeAll(lambda done, failed: ended.append((done, failed))))
    desk.place.runtime.settle()
    assert ended == [(3, 2)]
    assert len(desk.stored()) == 2


def test_there_may_be_nothing_to_unsubscribe(desk: Desk) -> None:
    ended: list[tuple[int, int]] = []
    desk.begin(url="")
    desk.actor.tell(UnsubscribeAll(lambda done, failed: ended.append((done, failed))))
    desk.place.runtime.settle()
    assert ended == [(0, 0)]


def test_every_reason_names_a_mailbox_that_is_watched(desk: Desk) -> None:
    desk.graph.refuse[CreateSubscription] = Rejected(ABOUT)
    desk.begin()
    desk.place.employ(BRAM)
    desk.after(minutes=1)
    assert set(desk.polled.reasons) == {MailboxId(mailbox_of(BRAM))}

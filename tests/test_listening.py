"""The process listening to both services: what is lost, repeated, late or silent on the way (D4, D6, D13).

Subscriptions, web, intake, journal, router and resources are the process's own; the services validate,
deliver, repeat and fall silent by themselves; polls come every twelve hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.listening import HOUR, ListeningOffice, listening
from tests.office import Person, at, lasting, occurring, weekly
from tests.sandbox.faults import Kind
from tests.sandbox.graph.events import Event

SOON = 60.0
"""Seconds within which what was told is done."""
POLLED = 13 * HOUR
DAY = 24 * HOUR
START = datetime(2026, 3, 10, 9)  # noqa: DTZ001 - a wall clock


@pytest.fixture
def office() -> Iterator[ListeningOffice]:
    with listening(resources=2, source_apps=["BC"]) as working:
        yield working


def book(person: Person, subject: str, hours: float = 0.0) -> Event:
    begins = START + timedelta(hours=hours)
    return person.create(subject=subject, **lasting(begins))


def deltas(office: ListeningOffice, since: int) -> int:
    """How often mailboxes were asked what changed."""
    return sum("/calendarView/delta" in one.path for one in office.asked[since:])


# D4


def test_d4_a_notification_is_a_wake_up_and_many_of_them_are_one(office: ListeningOffice) -> None:
    """D4, D6: each mailbox has one subscription; fifty changes within a second end in a few looks."""
    person = office.person()
    assert len(office.listed) == 2
    since = len(office.asked)
    with office.writes() as written:
        for number in range(50):
            book(person, f"Visit {number}", number / 2)
        office.settle(SOON)
    assert person.shown() == person.shared()
    assert written == {"scheduler": 50}
    assert deltas(office, since) <= 4
    assert office.status()["backlog"] == {"journal": 0, "outbox": 0}


@pytest.mark.parametrize(
    "kind", [Kind.DROP_NOTIFICATION, Kind.DUPLICATE_NOTIFICATION, Kind.DELAY_NOTIFICATION]
)
def test_d4_lost_repeated_and_late_notifications_end_in_the_same_state(
    office: ListeningOffice, kind: Kind
) -> None:
    """D4: with exactly the writes that are due, as if nothing had happened on the way."""
    person, other = office.person(0), office.person(1)
    gone, kept = book(person, "Gone"), book(person, "Kept", 2)
    office.settle(SOON)
    office.spoil(kind, seconds=3 * HOUR)
    with office.writes() as written:
        person.delete(gone)
        person.change(kept, subject="Kept and renamed")
        series = person.create(
            subject="Weekly",
            start=at(START + timedelta(hours=4)),
            end=at(START + timedelta(hours=5)),
            recurrence=occurring(weekly("tuesday"), START.date(), times=4),
        )
        person.delete(person.occurrences(series)[1])
        book(other, "Hers")
        office.run(SOON)
        is_told = kind is Kind.DUPLICATE_NOTIFICATION
        assert (person.shown() == person.shared()) is is_told
        office.settle(POLLED)
    assert person.shown() == person.shared()
    assert other.shown() == other.shared()
    assert written == {"scheduler": 1 + 1 + 3 + 1}


def test_d4_notifications_that_overtake_each_other_change_nothing_twice(office: ListeningOffice) -> None:
    """D4, A8: the first of two edits is told an hour after the second."""
    person = office.person()
    event = book(person, "First")
    office.settle(SOON)
    with office.writes() as written:
        office.spoil(Kind.DELAY_NOTIFICATION, times=1, seconds=HOUR)
        person.change(event, subject="Second")
        office.run(1.0)
        person.change(event, subject="Third")
        office.settle(SOON)
        assert [one.subject for one in person.shown().values()] == ["Third"]
        office.settle(2 * HOUR)
    assert [one.subject for one in person.shown().values()] == ["Third"]
    assert written == {"scheduler": 1}


@pytest.mark.parametrize("kind", [Kind.DROP_NOTIFICATION, Kind.DUPLICATE_NOTIFICATION])
def test_d4_webhooks_of_the_board_that_are_lost_or_repeated_are_made_up_for(
    office: ListeningOffice, kind: Kind
) -> None:
    """D4: a creation, a change and a deletion."""
    person = office.person()
    stays, goes = office.schedule("Stays", START), office.schedule("Goes", START + timedelta(hours=3))
    office.settle(SOON)
    assert len(person.events()) == 2
    office.spoil(kind, service="scheduler")
    with office.writes() as written:
        office.replan(stays, subject="Renamed")
        office.unplan(goes)
        office.schedule("New", START + timedelta(hours=6))
        office.settle(POLLED)
    assert sorted(one.content.subject or "" for one in person.events()) == ["New", "Renamed"]
    assert written == {"graph": 3}


def test_d4_what_was_taken_in_before_a_crash_is_done_after_it(office: ListeningOffice) -> None:
    """D4, D3: the journal has it, though the sender was told that it need not come again."""
    person = office.person()
    book(person, "Told")
    office.run(0.3)  # the delivery is acknowledged, and nothing else has happened yet
    assert office.disk.store.counts().journal == 1
    assert person.shown() == {}
    office.kill(down=5.0)
    office.settle(2 * SOON)
    assert person.shown() == person.shared() != {}
    assert office.disk.store.counts().journal == 0


def test_d4_what_comes_while_nobody_listens_is_repeated_until_somebody_does(office: ListeningOffice) -> None:
    """D4: Graph sends again what was not taken, for four hours."""
    person = office.person()
    office.kill(down=HOUR)
    book(person, "While away")
    office.settle(HOUR + SOON)
    assert person.shown() == person.shared() != {}
    since = len(office.asked)
    office.settle(HOUR)
    assert deltas(office, since) <= 2, "the repetition is a hint as any other"


# D6


def silently(office: ListeningOffice, person: Person, subject: str) -> None:
    """A change of which nobody is told."""
    office.spoil(Kind.DROP_NOTIFICATION)
    book(person, subject)
    office.run(SOON)
    office.mend()
    assert subject not in {one.subject for one in person.shown().values()}


@pytest.mark.parametrize("event", ["missed", "subscriptionRemoved", "reauthorizationRequired"])
def test_d6_every_lifecycle_event_is_followed_by_a_look_at_what_was_missed(
    office: ListeningOffice, event: str
) -> None:
    """D6: and by a subscription that lives and speaks."""
    person = office.person()
    silently(office, person, "Missed")
    assert office.services.graph.subscriptions.lifecycle(office.subscription().id, event)
    office.settle(SOON)
    assert person.shown() == person.shared()
    assert len(office.listed) == 2
    office.run(HOUR)  # without a reauthorisation Graph would have fallen silent by now
    book(person, "Heard", 3)
    office.settle(SOON)
    assert person.shown() == person.shared()
    assert len(person.shown()) == 2
    assert office.status()["reason"] == ""


def test_d6_an_event_of_tomorrow_is_tolerated(office: ListeningOffice) -> None:
    """D6, C9: it does no harm, and whatever was missed is looked for."""
    person = office.person()
    silently(office, person, "Missed")
    assert office.services.graph.subscriptions.lifecycle(office.subscription().id, "somethingNew")
    office.settle(SOON)
    assert person.shown() == person.shared()
    assert len(office.listed) == 2


def test_d6_a_subscription_that_vanished_is_made_again_within_a_day(office: ListeningOffice) -> None:
    """D6: nobody says so; the daily list shows it, and the polls find what was not told meanwhile."""
    person = office.person()
    assert office.services.graph.subscriptions.remove(office.subscription().id)
    book(person, "Not told")
    office.settle(DAY + HOUR)
    assert person.shown() == person.shared() != {}
    assert len(office.listed) == 2
    book(person, "Told", 3)
    office.settle(SOON)
    assert person.shown() == person.shared()


def test_d6_subscriptions_that_expired_while_the_process_was_down_are_made_again(
    office: ListeningOffice,
) -> None:
    """D6, D3: after ten days; what happened meanwhile is found at once."""
    person = office.person()
    begins = START + timedelta(days=12)
    office.kill(down=10 * DAY)
    person.create(subject="Meanwhile", **lasting(begins))
    office.run(9 * DAY)
    assert office.listed == []
    office.settle(DAY + 10 * SOON)
    assert person.shown() == person.shared() != {}
    assert len(office.listed) == 2
    person.create(subject="Told", **lasting(begins))
    office.settle(SOON)
    assert person.shown() == person.shared()


def test_d6_subscriptions_live_on_and_there_is_never_a_second_one(office: ListeningOffice) -> None:
    """D6: renewed long before they end."""
    for _ in range(8):
        office.settle(DAY)
        assert len(office.listed) == 2
        assert all(one.expires - office.clock.now() > timedelta(days=1) for one in office.listed)


def test_d6_duplicates_on_the_server_are_found_and_removed(office: ListeningOffice) -> None:
    """D6: of an earlier life whose store is lost; and the notifications of strangers wake nobody (D13)."""
    before = {one.id for one in office.listed}
    office.services.graph.subscriptions.duplicates = 201
    office.restore(empty=True)
    office.settle(DAY + HOUR)
    assert len(office.listed) == 2
    assert before.isdisjoint(one.id for one in office.listed)
    person = office.person()
    book(person, "Told")
    office.settle(SOON)
    assert person.shown() == person.shared() != {}


def test_d6_a_mailbox_that_can_have_no_subscription_is_polled_and_says_so() -> None:
    """D6: on a server of the company's own; the other mailbox is heard, and this one too once it can be."""
    with listening(resources=2, outlook_poll_seconds=600) as office:
        polled, heard = office.person(0), office.person(1)
        user = office.services.tenant.find_user(polled.address)
        assert user is not None
        assert [office.status(place)["reason"] for place in (0, 1)] == ["", ""]
        user.mailbox_problem = "OnPremises"
        office.services.graph.subscriptions.lifecycle(office.subscription(0).id, "subscriptionRemoved")
        office.settle(SOON)
        said = office.status(0)
        assert said["state"] == "active"
        assert said["reason"].startswith("found by polling only: ")
        assert "a mailbox outside of Exchange Online" in said["reason"]
        assert (office.status(1)["reason"], said["subscriptions"]) == ("", 1)

        book(polled, "Polled")
        book(heard, "Heard")
        office.run(5.0)
        assert heard.shown() == heard.shared() != {}
        assert polled.shown() == {}
        assert office.status(0)["freshSeconds"] > office.status(1)["freshSeconds"]
        office.settle(1200)
        assert polled.shown() == polled.shared() != {}
        assert office.status(0)["freshSeconds"] <= 600

        user.mailbox_problem = None
        office.settle(DAY)
        assert office.status(0)["reason"] == ""
        assert len(office.listed) == 2


def test_d6_where_graph_cannot_reach_the_process_everybody_is_polled_and_is_told_what_to_do() -> None:
    """D6: the handshake fails; it succeeds by itself once the address answers."""
    with listening(is_reachable=False, outlook_poll_seconds=600) as office:
        person = office.person()
        assert office.listed == []
        assert (
            "see that Graph reaches https://connector.contoso.test/hooks/graph" in office.status()["reason"]
        )
        book(person, "Polled")
        office.settle(1200)
        assert person.shown() == person.shared() != {}
        office.is_reachable = True
        office.settle(DAY)
        assert len(office.listed) == 1
        assert office.status()["reason"] == ""


def test_d13_a_delivery_of_a_stranger_wakes_nobody(office: ListeningOffice) -> None:
    """D13: one that names our subscription and does not know its secret."""
    person = office.person()
    silently(office, person, "Not told")
    since = len(office.asked)
    office.subscription().client_state = "guessed"
    book(person, "Told by a stranger", 3)
    office.run(HOUR)
    assert person.shown() == {}
    assert deltas(office, since) == 0
    assert office.disk.store.counts().journal == 0

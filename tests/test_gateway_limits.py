"""How a gateway shares out what it may use: limits, turns, and batches when there is too much to go alone."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest

from actors.clients.errors import Abandoned, Overtaken
from actors.clients.graph.directory import FindUser
from actors.clients.graph.operations import CreateEvent, PatchEvent, ReadEvent, ReadWindow, RemoveEvent
from actors.clients.steps import Priority, Submit
from actors.clients.transport import Answer
from models.ids import EventId, MailboxId
from models.writes import EventPatch
from tests.clients_kit import (
    ANNA,
    BRAM,
    EVERYTHING,
    GRAPH,
    WINDOW,
    HeldSenders,
    Rig,
    Seen,
    answer,
    draft,
    event_json,
    id_of,
    problem_of,
    refusal,
    value_of,
)


def well(seen: Seen) -> Answer:
    """A service that does what it is asked."""
    if seen.method == "DELETE":
        return answer(204)
    if seen.method == "GET" and "calendarView" in seen.path:
        return answer(200, {"value": [event_json()]})
    if seen.path.startswith("/users?"):
        return answer(200, {"value": [{"id": "u", "mail": "m"}]})
    return answer(200 if seen.method != "POST" else 201, event_json())


def read(number: int, mailbox: MailboxId = ANNA) -> ReadEvent:
    return ReadEvent(mailbox=mailbox, event_id=id_of(f"E{number}"), judge=EVERYTHING)


def held_rig(capacity: int, **options: Any) -> tuple[Rig, HeldSenders]:
    """A gateway whose calls stay under way until they are finished; it has its grant."""
    senders = HeldSenders(capacity)
    rig = Rig(well, senders=senders).graph(**options)
    rig.submit(RemoveEvent(mailbox=ANNA, event_id=EventId("first")))
    rig.settle()
    senders.finish()  # the grant
    rig.settle()
    senders.finish()  # the deletion
    rig.settle()
    assert senders.under_way == 0
    rig.service.seen.clear()
    rig.service.calls.clear()
    senders.most = 0
    return rig, senders


def finish_all(rig: Rig, senders: HeldSenders) -> None:
    while senders.under_way:
        senders.finish()
        rig.settle()


def test_no_more_than_four_requests_of_a_mailbox_are_in_flight() -> None:
    rig, senders = held_rig(16)
    outcomes = [rig.submit(read(number)) for number in range(20)]
    rig.settle()
    assert senders.under_way == 4
    assert rig.snapshot().requests_in_flight == 4
    finish_all(rig, senders)
    assert senders.most == 4
    assert all(value_of(one[0]) for one in outcomes)


def test_the_limit_of_a_mailbox_can_be_set() -> None:
    rig, senders = held_rig(16, per_mailbox=2)
    for number in range(5):
        rig.submit(read(number))
    rig.settle()
    assert senders.under_way == 2


def test_a_busy_mailbox_does_not_hold_up_another() -> None:
    rig, senders = held_rig(16)
    for number in range(50):
        rig.submit(read(number))
    other = rig.submit(read(0, BRAM))
    rig.settle()
    assert senders.under_way == 5
    senders.finish(5)
    rig.settle()
    assert value_of(other[0])


def test_requests_go_alone_while_there_are_senders_enough() -> None:
    rig, senders = held_rig(8)
    for number in range(8):
        rig.submit(read(number, MailboxId(f"m{number}")))
    rig.settle()
    assert senders.under_way == 8
    finish_all(rig, senders)
    assert rig.snapshot().bundles == 0


def test_requests_go_together_when_there_are_more_than_senders() -> None:
    rig, senders = held_rig(2)
    outcomes = [rig.submit(read(number, MailboxId(f"m{number % 30}"))) for number in range(60)]
    rig.settle()
    finish_all(rig, senders)
    assert all(value_of(one[0]) for one in outcomes)
    per_call = Counter(seen.call for seen in rig.service.seen)
    assert max(per_call.values()) == 20, "a batch holds twenty"
    assert len(rig.service.calls) < 10
    assert senders.most == 2


def test_a_batch_holds_no_more_than_four_requests_of_a_mailbox() -> None:
    rig, senders = held_rig(1)
    for number in range(30):
        rig.submit(read(number, ANNA))
        rig.submit(read(number, BRAM))
    rig.settle()
    finish_all(rig, senders)
    for call in range(1, len(rig.service.calls) + 1):
        mailboxes = Counter(seen.mailbox for seen in rig.service.seen if seen.call == call)
        assert max(mailboxes.values()) <= 4


def test_writes_and_reads_of_several_mailboxes_share_a_batch_and_each_has_its_own_answer() -> None:
    rig, senders = held_rig(1)
    blocker = rig.submit(read(0))
    rig.settle()
    created = rig.submit(CreateEvent(mailbox=ANNA, draft=draft(), judge=EVERYTHING))
    removed = rig.submit(RemoveEvent(mailbox=BRAM, event_id=id_of("E2")))
    found = rig.submit(FindUser(email="m"))
    rig.settle()
    finish_all(rig, senders)
    assert len(rig.service.calls) == 2
    assert value_of(blocker[0]).head.id == "E1"
    assert value_of(created[0]).head.id == "E1"
    assert value_of(removed[0]) is None
    assert value_of(found[0]).id == "u"


def test_what_is_large_or_must_see_words_goes_alone() -> None:
    rig, senders = held_rig(1)
    rig.submit(read(0))
    rig.settle()
    rig.submit(ReadWindow(mailbox=ANNA, window=WINDOW, judge=EVERYTHING))
    patch = PatchEvent(
        mailbox=BRAM,
        event_id=id_of("E1"),
        judge=EVERYTHING,
        patch=EventPatch(subject="x"),
        rewrite=lambda _: EventPatch(body_html="<p></p>"),
    )
    rig.submit(patch)
    rig.submit(read(1, BRAM))
    rig.submit(read(2, BRAM))
    rig.settle()
    finish_all(rig, senders)
    bundled = {
        seen.call for seen in rig.service.seen if rig.service.calls[seen.call - 1].url == f"{GRAPH}/$batch"
    }
    together = [seen.path for seen in rig.service.seen if seen.call in bundled]
    assert together == ["/users/bram/events/E1", "/users/bram/events/E2"]
    assert len(rig.service.seen) == 6


def test_what_somebody_waits_for_goes_first() -> None:
    rig, senders = held_rig(1)
    rig.submit(ReadWindow(mailbox=ANNA, window=WINDOW, judge=EVERYTHING))
    rig.settle()
    for number in range(30):
        rig.submit(ReadWindow(mailbox=MailboxId(f"m{number}"), window=WINDOW, judge=EVERYTHING))
    urgent = rig.submit(read(0, BRAM), Priority.CHANGE)
    rig.settle()
    senders.finish()
    rig.settle()
    senders.finish()
    rig.settle()
    assert value_of(urgent[0])


def test_a_value_tells_its_request_id() -> None:
    request_id = "6b1f4a0e-3c52-4d8e-9a71-20c4e5d6f7a8"
    rig = Rig(lambda seen: answer(200, event_json(), request_id=request_id)).graph()
    outcome = rig.do(read(1))
    assert value_of(outcome).head.id == "E1"
    assert outcome.request_id == request_id


def test_a_gateway_that_stops_answers_everybody_who_waits() -> None:
    rig, senders = held_rig(1)
    outcomes = [rig.submit(read(number)) for number in range(3)]
    rig.settle()
    assert rig.gateway is not None
    rig.gateway.tell(StopNow())
    rig.gateway.stop(block=False)
    rig.settle()
    assert [type(problem_of(one[0])) for one in outcomes] == [Abandoned] * 3
    finish_all(rig, senders)
    assert senders.too_late == 1
    assert all(len(one) == 1 for one in outcomes), "and nobody twice"


def test_what_does_not_stand_when_its_turn_comes_is_not_sent_and_takes_nobody_s_place() -> None:
    """E: it was decided upon what is not so any more."""
    rig, senders = held_rig(1)
    first = rig.submit(read(0))
    wanted = {1: True, 2: True, 3: True}
    waiting = {
        number: rig.submit(read(number), stands=partial(wanted.__getitem__, number)) for number in wanted
    }
    rig.settle()
    wanted[2] = False
    finish_all(rig, senders)
    assert isinstance(problem_of(waiting[2][0]), Overtaken)
    assert [len(one) for one in (first, *waiting.values())] == [1] * 4
    for went in (first, waiting[1], waiting[3]):
        assert value_of(went[0]).head.id == "E1"
    assert not any(id_of("E2") in seen.path for seen in rig.service.seen)


def test_what_waits_to_be_repeated_is_looked_at_again() -> None:
    """E, D1: a throttled request has done nothing yet."""
    answers, wanted = iter((answer(429, retry_after="60"), answer(200, event_json()))), [True]
    rig = Rig(lambda seen: next(answers)).graph()
    refused = rig.submit(read(1), stands=lambda: wanted[0])
    rig.settle()
    assert refused == []
    wanted[0] = False
    rig.pass_time(120.0)
    assert isinstance(problem_of(refused[0]), Overtaken)
    assert len(rig.service.seen) == 1


def test_what_cannot_be_told_to_stand_is_given_back_and_harms_nobody_else() -> None:
    rig = Rig(well).graph()

    def broken() -> bool:
        raise RuntimeError("a caller that fails")

    refused = rig.submit(read(1), stands=broken)
    rig.settle()
    assert isinstance(problem_of(refused[0]), Overtaken)
    assert value_of(rig.do(read(2)))


def test_what_does_not_stand_any_more_after_its_first_request_goes_no_further() -> None:
    """E, A8: the second request may be the one that says the words."""
    answers, verdicts = iter((refusal(400, "ErrorInvalidRequest"),)), iter((True, False))
    rig = Rig(lambda seen: next(answers)).graph()
    removed = rig.submit(RemoveEvent(mailbox=ANNA, event_id=id_of("E1")), stands=lambda: next(verdicts))
    rig.pass_time(0.0)
    assert isinstance(problem_of(removed[0]), Overtaken)
    assert len(rig.service.seen) == 1


class StopNow:
    """A message that no gateway knows: it is logged, and does no harm."""


def test_one_caller_s_fault_does_not_stop_the_service_for_others() -> None:
    rig = Rig(well).graph()

    def broken(outcome: object) -> None:
        raise RuntimeError("a caller that fails")

    assert rig.gateway is not None
    rig.gateway.tell(Submit(operation=read(1), reply=broken))
    rig.settle()
    assert value_of(rig.do(read(2)))


@pytest.mark.parametrize("seed", range(5))
def test_every_operation_is_answered_exactly_once_in_whatever_order_things_happen(seed: int) -> None:
    rig = Rig(well, seed=seed).graph()
    outcomes = [rig.submit(read(number, MailboxId(f"m{number % 7}"))) for number in range(100)]
    rig.settle()
    assert [len(one) for one in outcomes] == [1] * 100

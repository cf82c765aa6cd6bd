"""The pure parts of the clients: how long to wait, when a service is down, whose turn it is."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.clients.access import Grant
from actors.clients.circuit import ANYWHERE, Circuit, State
from actors.clients.errors import About, Conflict, Malformed, OutcomeUnknown, Rejected, Throttled, Unavailable
from actors.clients.lanes import Lanes
from actors.clients.policies import CIRCUIT, CREDENTIALS, THROTTLED, UNAVAILABLE, policy_for
from actors.clients.steps import Priority

ABOUT = About(service="graph")
NORMAL, URGENT, LATER = Priority.CATCH_UP, Priority.CHANGE, Priority.BACKGROUND


@given(attempt=st.integers(1, 50), seed=st.integers(), asked=st.none() | st.floats(0, 3600))
def test_d1_a_wait_grows_to_a_limit_and_is_never_shorter_than_asked(
    attempt: int, seed: int, asked: float | None
) -> None:
    delay = THROTTLED.delay(attempt, Random(seed), asked=asked)
    assert delay >= (asked or 0.0)
    assert delay <= max(60.0, asked or 0.0) * 1.25
    assert delay >= min(2.0 ** (attempt - 1), 60.0)


def test_those_who_failed_together_do_not_return_together() -> None:
    random = Random(1)
    assert len({UNAVAILABLE.delay(1, random) for _ in range(20)}) == 20


def test_a_request_is_given_up_and_a_service_is_not() -> None:
    assert not UNAVAILABLE.gives_up(5)
    assert UNAVAILABLE.gives_up(6)
    assert not CIRCUIT.gives_up(10_000)
    assert not CREDENTIALS.gives_up(10_000)
    assert CREDENTIALS.delay(10_000, Random(1)) <= 300 * 1.25


def test_only_what_may_succeed_as_it_is_is_repeated() -> None:
    assert policy_for(Throttled(ABOUT)) is THROTTLED
    assert policy_for(Unavailable(ABOUT)) is UNAVAILABLE
    assert policy_for(Malformed(ABOUT)) is not None
    for problem in (OutcomeUnknown(ABOUT), Conflict(ABOUT), Rejected(ABOUT)):
        assert policy_for(problem) is None


def test_a_grant_is_renewed_before_it_ends() -> None:
    assert Grant(secret="x", seconds=3599).renew_after == 3299
    assert Grant(secret="x", seconds=60).renew_after == 30
    assert Grant(secret="x").renew_after is None


def test_a_circuit_opens_after_failures_of_several_mailboxes() -> None:
    circuit = Circuit(failures_to_open=3, sources_to_open=2)
    circuit = circuit.failed("a").failed("a").failed("a")
    assert not circuit.is_tripped, "one mailbox may be ill for days"
    assert circuit.failed("b").is_tripped


def test_a_circuit_opens_when_the_service_is_not_reached() -> None:
    circuit = Circuit(failures_to_open=2).failed(ANYWHERE)
    assert not circuit.is_tripped
    assert circuit.failed(ANYWHERE).is_tripped


def test_an_answer_begins_the_count_anew() -> None:
    circuit = Circuit(failures_to_open=2).failed("a").succeeded().failed("b")
    assert not circuit.is_tripped


def test_an_open_circuit_lets_one_request_through_when_it_is_time() -> None:
    circuit = Circuit().open(10.0)
    assert not circuit.permits(9.9)
    assert circuit.permits(10.0)
    trying = circuit.trying()
    assert trying.state is State.TRYING
    assert not trying.permits(1000.0), "one, and no second before it is answered"
    assert trying.succeeded().permits(10.0)
    assert trying.failed("a").is_tripped
    assert Circuit().open(10.0).due().permits(9.9)


def test_a_lane_has_so_many_in_flight_and_others_are_not_held_up() -> None:
    lanes: Lanes[str] = Lanes(limit=2, shared_limit=1)
    for number in range(3):
        lanes.put("a", f"a{number}", NORMAL)
    lanes.put("b", "b0", NORMAL)
    taken = [lanes.take() for _ in range(4)]
    assert sorted(one[1] for one in taken if one) == ["a0", "a1", "b0"]
    assert taken[-1] is None
    lanes.done("a")
    assert lanes.take() == ("a", "a2")


def test_what_is_urgent_goes_first_and_lanes_take_turns() -> None:
    lanes: Lanes[str] = Lanes(limit=9, shared_limit=9)
    for number in range(3):
        lanes.put("a", f"a{number}", NORMAL)
    lanes.put("b", "b0", NORMAL)
    lanes.put("c", "c0", LATER)
    lanes.put("d", "d0", URGENT)
    order = [taken[1] for _ in range(6) if (taken := lanes.take())]
    assert order == ["d0", "a0", "b0", "a1", "a2", "c0"]


def test_d1_after_one_refusal_a_lane_goes_on_and_after_two_it_waits() -> None:
    lanes: Lanes[str] = Lanes(limit=4, shared_limit=4, refusals_to_pause=2)
    for number in range(4):
        lanes.put("a", f"a{number}", NORMAL)
    lanes.take()
    lanes.take()
    lanes.done("a", throttled=True)
    assert not lanes.pause("a", 5.0)
    lanes.done("a", throttled=True)
    assert lanes.pause("a", 5.0)
    assert lanes.take() is None
    assert lanes.paused == 1
    lanes.resume("a", 4.0)
    assert lanes.take() is None, "that was the end of an earlier pause"
    lanes.resume("a", 5.0)
    assert lanes.take() == ("a", "a2")


moves = st.lists(
    st.tuples(
        st.sampled_from(["put", "take", "done", "refused", "resume"]),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(list(Priority)),
    ),
    max_size=80,
)


@given(moves=moves)
def test_nothing_is_lost_or_taken_twice_and_limits_hold_whatever_happens(
    moves: list[tuple[str, str | None, Priority]],
) -> None:
    lanes: Lanes[int] = Lanes(limit=2, shared_limit=3)
    flying: dict[str | None, int] = {"a": 0, "b": 0, None: 0}
    put, taken, now = 0, [], 0.0
    for move, key, priority in moves:
        now += 1.0
        if move == "put":
            lanes.put(key, put, priority)
            put += 1
        elif move == "take" and (one := lanes.take()):
            lane, item = one
            assert lane is None or isinstance(lane, str)
            flying[lane] += 1
            taken.append(item)
        elif move in ("done", "refused") and flying[key]:
            flying[key] -= 1
            lanes.done(key, throttled=move == "refused")
            if move == "refused":
                lanes.pause(key, now)
        elif move == "resume":
            lanes.resume(key, now)
        assert flying["a"] <= 2
        assert flying["b"] <= 2
        assert flying[None] <= 3
        assert lanes.in_flight == sum(flying.values())
        assert lanes.waiting == put - len(taken)
    for key, count in flying.items():
        for _ in range(count):
            lanes.done(key)
        lanes.resume(key, now + 100.0)
    while one := lanes.take():
        taken.append(one[1])
        lanes.done(one[0])
    assert sorted(taken) == list(range(put))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_what_waits_can_be_put_back(count: int) -> None:
    lanes: Lanes[int] = Lanes(limit=9, shared_limit=9)
    for number in range(count + 1):
        lanes.put("a", number, NORMAL)
    one = lanes.take()
    assert one == ("a", 0)
    lanes.put_back("a", 0, NORMAL)
    assert lanes.in_flight == 0
    assert [taken[1] for _ in range(count + 1) if (taken := lanes.take())] == list(range(count + 1))

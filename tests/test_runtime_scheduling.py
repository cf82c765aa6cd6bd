"""Who runs next: nothing forgotten, nobody starved, nothing twice at once, same seed same order."""

from __future__ import annotations

import gc
import random
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from actors.runtime.dispatcher import ManualDispatcher, PoolDispatcher
from actors.runtime.errors import LivelockError
from actors.runtime.pooled import PooledActor
from actors.runtime.workers import Workers
from tests.runtime_kit import PATIENCE, Diary, Scribe, pool_stage

MEGABYTE = 1024 * 1024


class Counter(PooledActor):
    """Counts, without a lock, what it is told: wrong as soon as two threads are in it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.inside = 0
        self.most_inside = 0

    def on_receive(self, message: object) -> object:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        if message == "count":
            answer = (self.count, self.most_inside)
        else:
            self.count = self.count + 1
            answer = (0, 0)
        self.inside -= 1
        return answer


def test_under_load_from_many_threads_no_message_is_left_behind_and_no_actor_runs_twice_at_once() -> None:
    tellers, actors, each = 6, 5, 2000
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # as many interleavings as the machine can be made to give
    try:
        with pool_stage(threads=8) as stage:
            refs = [Counter.start(dispatcher=stage.dispatcher) for _ in range(actors)]
            line_up = threading.Barrier(tellers)

            def tell() -> None:
                line_up.wait(PATIENCE)
                for number in range(each):
                    refs[number % actors].tell(number)

            threads = [threading.Thread(target=tell) for _ in range(tellers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            counts = [ref.ask("count") for ref in refs]
    finally:
        sys.setswitchinterval(switch)
    assert counts == [(tellers * each // actors, 1)] * actors


def test_single_messages_to_an_idle_actor_always_wake_it() -> None:
    with pool_stage(threads=3) as stage:
        ref = Counter.start(dispatcher=stage.dispatcher)
        for _ in range(3000):  # each one meets the actor somewhere on its way into idleness
            ref.ask("and back")
        assert ref.ask("count") == (3000, 1)


class _Interloper:
    """A lock that, the moment before it is taken for the first time, lets somebody else in."""

    def __init__(self, lock: threading.Lock, interlude: Callable[[], None]) -> None:
        self.lock = lock
        self.interlude: Callable[[], None] | None = interlude

    def __enter__(self) -> None:
        interlude, self.interlude = self.interlude, None
        if interlude is not None:
            interlude()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


@pytest.mark.parametrize("messages_per_turn", [1, 8])
def test_a_message_that_comes_in_the_moment_an_actor_finds_its_inbox_empty_is_handled(
    messages_per_turn: int,
) -> None:
    dispatcher = ManualDispatcher(random.Random(1), messages_per_turn=messages_per_turn)
    diary = Diary()
    ref = Scribe.start(diary, dispatcher=dispatcher)
    dispatcher.run_until_idle()
    ref.tell("first")
    inbox: Any = ref.actor_inbox
    # the turn takes "first" without the lock; the first time it needs the lock is to become idle
    inbox._lock = _Interloper(inbox._lock, lambda: ref.tell("second"))
    dispatcher.run_until_idle()
    assert diary.entries == ["on_start", "first", "second"]
    ref.tell("third")
    dispatcher.run_until_idle()
    assert diary.entries[-1] == "third"


def test_a_flooded_actor_makes_room_for_the_others_after_its_share_of_messages() -> None:
    dispatcher = PoolDispatcher("fair", 1, messages_per_turn=8)
    diary = Diary()

    class Named(PooledActor):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def on_receive(self, message: object) -> None:
            diary.note(self.name)

    flooded = Named.start("flooded", dispatcher=dispatcher)
    modest = [Named.start(f"modest {number}", dispatcher=dispatcher) for number in range(3)]
    for _ in range(100):
        flooded.tell("again")
    for ref in modest:
        ref.tell("once")
    dispatcher.start()  # everything above waits in line, so the order is known
    flooded.ask("last")
    assert dispatcher.stop(PATIENCE) == []
    assert diary.entries[:8] == ["flooded"] * 8
    assert diary.entries[8:11] == ["modest 0", "modest 1", "modest 2"]
    assert diary.entries.count("flooded") == 101


def test_one_thread_pins_its_actors_to_it() -> None:
    diary = Diary()
    with pool_stage(threads=1) as stage:
        for ref in [Scribe.start(diary, dispatcher=stage.dispatcher) for _ in range(10)]:
            ref.ask("where")
    assert len(diary.threads) == 1


def test_ten_thousand_idle_actors_hold_no_thread_and_little_memory() -> None:
    def resident() -> int:
        gc.collect()
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096

    if not sys.platform.startswith("linux"):
        pytest.skip("resident memory is read from /proc")
    with pool_stage(threads=4) as stage:
        threads, memory = threading.active_count(), resident()
        refs = [Counter.start(dispatcher=stage.dispatcher) for _ in range(10_000)]
        for ref in refs:
            ref.tell("once")
        assert [ref.ask("count") for ref in refs] == [(1, 1)] * 10_000
        assert threading.active_count() == threads
        assert resident() - memory < 40 * MEGABYTE


def test_a_worker_outlives_what_it_is_given_to_run() -> None:
    workers = Workers("hardy", 1)
    done = threading.Event()

    def fail() -> None:
        raise SystemExit("not for the thread")

    workers.put(fail)
    workers.put(done.set)
    workers.start()
    assert done.wait(PATIENCE)
    assert workers.stop(PATIENCE) == []


def test_a_thread_that_does_not_end_is_named() -> None:
    workers = Workers("stuck", 2)
    release, stuck = threading.Event(), threading.Event()

    def hang() -> None:
        stuck.set()
        release.wait(PATIENCE)

    workers.start()
    workers.put(hang)
    assert stuck.wait(PATIENCE)
    survivors = workers.stop(0.05)
    release.set()
    assert len(survivors) == 1
    assert survivors[0].startswith("stuck-")


def test_turns_queued_before_a_stop_are_still_given() -> None:
    dispatcher = PoolDispatcher("last", 1)
    diary = Diary()
    ref = Scribe.start(diary, dispatcher=dispatcher)
    ref.tell("queued")
    dispatcher.start()
    assert dispatcher.stop(PATIENCE) == []
    assert diary.entries == ["on_start", "queued"]


def _conversation(seed: int) -> list[object]:
    """Ten actors that pass messages on to each other as chance has it."""
    choices = random.Random(seed)
    dispatcher = ManualDispatcher(choices)
    diary = Diary()

    class Gossip(PooledActor):
        def __init__(self, name: int) -> None:
            super().__init__()
            self.name = name

        def on_receive(self, message: object) -> None:
            diary.note((self.name, message))
            if isinstance(message, int) and message > 0:
                for ref in choices.sample(refs, 2):
                    ref.tell(message - 1)

    refs = [Gossip.start(name, dispatcher=dispatcher) for name in range(10)]
    for ref in refs:
        ref.tell(4)
    dispatcher.run_until_idle()
    return diary.entries


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    assert _conversation(7) == _conversation(7)
    assert _conversation(7) != _conversation(8)
    assert len(_conversation(7)) == 10 * (1 + 2 + 4 + 8 + 16)


def test_the_manual_dispatcher_tries_every_order_but_never_reorders_one_actors_messages() -> None:
    seen = set()
    for seed in range(200):
        dispatcher = ManualDispatcher(random.Random(seed))
        diary = Diary()
        refs = [Scribe.start(diary, dispatcher=dispatcher) for _ in range(2)]
        refs[0].tell("a1")
        refs[1].tell("b1")
        refs[0].tell("a2")
        refs[1].tell("b2")
        dispatcher.run_until_idle()
        order = tuple(entry for entry in diary.entries if entry != "on_start")
        assert order.index("a1") < order.index("a2")
        assert order.index("b1") < order.index("b2")
        seen.add(order)
    assert len(seen) == 6


def test_a_run_that_does_not_come_to_rest_is_reported() -> None:
    dispatcher = ManualDispatcher(random.Random(1))
    ref = Scribe.start(dispatcher=dispatcher)

    def again(actor: Scribe) -> None:
        actor.actor_ref.tell(again)

    ref.tell(again)
    with pytest.raises(LivelockError):
        dispatcher.run_until_idle(limit=1000)
    assert dispatcher.pending == 1


def test_run_one_says_whether_there_was_something_to_run() -> None:
    dispatcher = ManualDispatcher(random.Random(1))
    assert dispatcher.run_one() is False
    diary = Diary()
    Scribe.start(diary, dispatcher=dispatcher)
    assert dispatcher.pending == 1
    assert dispatcher.run_one() is True
    assert diary.entries == ["on_start"]


def test_handled_numbers_stay_in_order_while_turns_are_cut_short() -> None:
    with pool_stage(threads=4) as stage:
        diary = Diary()
        ref = Scribe.start(diary, dispatcher=stage.dispatcher)
        for number in range(5000):
            ref.tell(number)
        ref.ask("end")
    numbers = [entry for entry in diary.entries if isinstance(entry, int)]
    assert len(numbers) == 5000
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))

"""Clocks, timers, senders, and the bundle of them that a process or a simulation runs on."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pykka import ActorDeadError

from actors.runtime.clock import SystemClock, VirtualClock
from actors.runtime.directory import Directory
from actors.runtime.dispatcher import ManualDispatcher
from actors.runtime.errors import LivelockError, ProcessCrash, SendersClosedError, safe_traceback
from actors.runtime.senders import ManualSenders, ThreadSenders
from actors.runtime.system import PINNED, Runtime
from actors.runtime.timers import CANCELLED_KEPT, SystemTimers, VirtualTimers
from actors.runtime.waiting import Waiting
from tests.runtime_kit import PATIENCE, Diary, Scribe

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_the_system_clock_is_aware_and_its_seconds_never_go_back() -> None:
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()


def test_a_virtual_clock_moves_only_when_told_and_only_forward() -> None:
    clock = VirtualClock(MONDAY.astimezone(timezone(timedelta(hours=1))))
    assert clock.now() == MONDAY
    assert clock.now().utcoffset() == timedelta(0)
    clock.advance(90)
    assert (clock.now(), clock.monotonic()) == (MONDAY + timedelta(seconds=90), 90.0)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(datetime(2026, 3, 2))  # noqa: DTZ001 - the very mistake this is about


@given(st.lists(st.integers(0, 50), max_size=40), st.data())
def test_timers_fire_in_the_order_in_which_they_are_due_and_cancelled_ones_never(
    delays: list[int], data: st.DataObject
) -> None:
    clock = VirtualClock(MONDAY)
    timers = VirtualTimers(clock)
    fired: list[int] = []
    made = [timers.after(delay, partial(fired.append, number)) for number, delay in enumerate(delays)]
    cancelled = data.draw(st.sets(st.sampled_from(range(len(delays))))) if delays else set()
    for number in cancelled:
        made[number].cancel()
    while (due := timers.next_due()) is not None:
        clock.advance_to(due)
        timers.fire_due()
    live = [number for number in range(len(delays)) if number not in cancelled]
    assert fired == sorted(live, key=lambda number: (delays[number], number))
    assert not any(timer.active for timer in made)


def test_what_a_timer_sets_in_turn_waits_for_the_next_round() -> None:
    clock = VirtualClock(MONDAY)
    timers = VirtualTimers(clock)
    fired: list[str] = []

    def first() -> None:
        fired.append("first")
        timers.after(0, partial(fired.append, "second"))

    timers.after(0, first)
    assert timers.fire_due() == 1
    assert fired == ["first"]
    assert timers.fire_due() == 1
    assert fired == ["first", "second"]


def test_a_delivery_that_fails_does_not_keep_the_others_from_theirs() -> None:
    timers = VirtualTimers(VirtualClock(MONDAY))
    fired: list[str] = []

    def fail() -> None:
        raise ValueError("private")

    def dead() -> None:
        raise ActorDeadError

    for deliver in (fail, dead, lambda: fired.append("third")):
        timers.after(0, deliver)
    timers.fire_due()
    assert fired == ["third"]


def test_timers_that_are_renewed_over_and_over_leave_nothing_behind() -> None:
    timers = VirtualTimers(VirtualClock(MONDAY))
    last = timers.after(60, lambda: None)
    for _ in range(20 * CANCELLED_KEPT):
        last.cancel()
        last = timers.after(60, lambda: None)
    assert len(timers._queue) <= 2 * CANCELLED_KEPT


def test_system_timers_deliver_in_order_though_set_out_of_order_and_before_the_start() -> None:
    timers = SystemTimers(SystemClock())
    fired: list[str] = []
    all_there = threading.Event()

    def third() -> None:
        fired.append("third")
        all_there.set()

    timers.after(0.06, third)
    timers.after(0.03, lambda: fired.append("second"))
    timers.after(0.04, lambda: fired.append("never")).cancel()
    timers.start()
    timers.after(0.0, lambda: fired.append("first"))
    assert all_there.wait(PATIENCE)
    assert fired == ["first", "second", "third"]
    assert timers.stop(PATIENCE) == []


def test_system_timers_wake_up_for_one_that_is_due_before_all_others() -> None:
    timers = SystemTimers(SystemClock())
    timers.start()
    timers.after(3600, lambda: None)
    soon = threading.Event()
    timers.after(0.01, soon.set)
    assert soon.wait(PATIENCE)
    assert timers.stop(PATIENCE) == []


def test_senders_perform_as_many_requests_at_once_as_they_have_threads() -> None:
    senders = ThreadSenders("test", 4)
    senders.start()
    assert senders.capacity == 4
    together = threading.Barrier(4)
    done: list[object] = []
    finished = threading.Semaphore(0)

    def meet(number: int) -> int:
        together.wait(PATIENCE)
        return number

    def report(outcome: object) -> None:
        done.append(outcome)
        finished.release()

    for number in range(4):
        senders.run(partial(meet, number), report)
    for _ in range(4):
        assert finished.acquire(timeout=PATIENCE)
    assert sorted(done, key=repr) == [0, 1, 2, 3]
    assert senders.stop(PATIENCE) == []


def test_senders_report_what_the_work_raises_whatever_it_is() -> None:
    senders = ThreadSenders("test", 1)
    outcomes: list[object] = []
    errors = [ValueError("private"), SystemExit(1)]

    def fail(error: BaseException) -> Callable[[], None]:
        def work() -> None:
            raise error

        return work

    for error in errors:
        senders.run(fail(error), outcomes.append)
    senders.start()
    assert senders.stop(PATIENCE) == []
    assert all(isinstance(outcome, BaseException) for outcome in outcomes)
    assert len(outcomes) == 2


def test_stopping_senders_finish_what_is_under_way_and_report_the_rest_as_not_begun() -> None:
    senders = ThreadSenders("test", 1)
    begun, release = threading.Event(), threading.Event()
    outcomes: list[object] = []

    def work() -> str:
        begun.set()
        release.wait(PATIENCE)
        return "finished"

    senders.start()
    senders.run(work, outcomes.append)
    assert begun.wait(PATIENCE)
    senders.run(lambda: "never begun", outcomes.append)
    stopping = threading.Thread(target=senders.stop, args=(PATIENCE,))
    stopping.start()
    while not senders._workers.stopping:
        threading.Event().wait(0.001)
    release.set()
    stopping.join(PATIENCE)
    senders.run(lambda: "too late", outcomes.append)
    assert outcomes[0] == "finished"
    assert [type(outcome) for outcome in outcomes[1:]] == [SendersClosedError, SendersClosedError]


def test_an_answer_for_an_actor_that_has_stopped_harms_nobody() -> None:
    dispatcher = ManualDispatcher(random.Random(1))
    senders = ManualSenders(dispatcher, capacity=3)
    assert senders.capacity == 3
    ref = Scribe.start(dispatcher=dispatcher)
    ref.stop()
    senders.run(lambda: "answer", ref.tell)
    assert dispatcher.run_until_idle() == 2


def test_simulated_senders_perform_and_report_at_separate_moments() -> None:
    dispatcher = ManualDispatcher(random.Random(1))
    diary = Diary()
    ManualSenders(dispatcher).run(lambda: diary.note("committed"), lambda _: diary.note("answered"))
    assert diary.entries == []
    dispatcher.run_one()
    assert diary.entries == ["committed"]
    dispatcher.run_one()
    assert diary.entries == ["committed", "answered"]


def test_a_simulated_process_crash_in_a_sender_is_nobodys_answer() -> None:
    dispatcher = ManualDispatcher(random.Random(1))

    def die() -> None:
        raise ProcessCrash

    ManualSenders(dispatcher).run(die, lambda outcome: pytest.fail(f"answered {outcome!r}"))
    with pytest.raises(ProcessCrash):
        dispatcher.run_until_idle()


def test_a_production_runtime_starts_and_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    runtime = Runtime.production(resource_threads=2, sender_threads=3)
    assert threading.active_count() == before
    runtime.start()
    assert threading.active_count() == before + 2 + 3 + len(PINNED) + 1
    answered = threading.Event()
    ref = Scribe.start(dispatcher=runtime.resources)
    runtime.timers.after(
        0.001, lambda: runtime.senders.run(lambda: ref.ask("via timer and sender"), lambda _: answered.set())
    )
    assert answered.wait(PATIENCE)
    assert runtime.stop(PATIENCE) == []
    assert threading.active_count() == before


def test_a_simulated_runtime_passes_days_in_no_time_and_repeats_them() -> None:
    def history(seed: int) -> list[object]:
        runtime = Runtime.simulated(seed, MONDAY)
        diary = Diary()

        def beat(ref_name: str, every: float) -> None:
            diary.note((ref_name, runtime.clock.now()))
            jittered = every * (1 + runtime.random.random())
            runtime.timers.after(jittered, lambda: beat(ref_name, every))

        beat("poll", 300)
        beat("renewal", 3600)
        runtime.run_until(MONDAY + timedelta(days=2))
        assert runtime.clock.now() == MONDAY + timedelta(days=2)
        return diary.entries

    assert history(3) == history(3)
    assert history(3) != history(4)
    assert len(history(3)) > 200


def test_a_simulation_in_which_time_cannot_pass_is_reported() -> None:
    runtime = Runtime.simulated(1, MONDAY)

    def again() -> None:
        runtime.timers.after(0, again)

    again()
    with pytest.raises(LivelockError):
        runtime.settle(limit=100)


def test_a_directory_strikes_out_only_the_actor_that_is_meant() -> None:
    dispatcher = ManualDispatcher(random.Random(1))
    old, new = Scribe.start(dispatcher=dispatcher), Scribe.start(dispatcher=dispatcher)
    directory: Directory[str] = Directory()
    directory.add("R1", old)
    directory.add("R1", new)
    assert directory.remove("R1", old) is False
    assert directory.get("R1") is new
    assert directory.items() == [("R1", new)]
    assert directory.remove("R1", new) is True
    assert directory.get("R1") is None
    assert len(directory) == 0


def test_equal_messages_wait_once_in_their_first_place() -> None:
    waiting = Waiting()
    for message in ("b", "a", "b", 1, True, ["x"], ["x"]):
        waiting.add(message)
    waiting.put_back(["first", "a"])
    assert waiting.take_all() == ["first", "a", "b", 1, True, ["x"], ["x"]]
    assert len(waiting) == 0


def test_a_line_that_is_full_lets_go_of_the_oldest_and_says_so() -> None:
    waiting = Waiting(limit=3)
    for number in range(5):
        waiting.add(number)
    assert waiting.take_all() == [2, 3, 4]
    assert waiting.dropped == 2


def test_a_traceback_for_the_log_shows_places_and_types_but_no_text_and_no_values() -> None:
    def inner(subject: str) -> None:
        raise KeyError(subject)

    def outer(subject: str) -> None:
        try:
            inner(subject)
        except KeyError as error:
            raise ValueError(f"bad {subject}") from error

    with pytest.raises(ValueError, match="Dentist") as caught:
        outer("Dentist")
    lines = safe_traceback(caught.value)
    assert lines[0] == "ValueError"
    assert "caused by KeyError" in lines
    assert any("test_runtime_time_and_io.py" in line and line.endswith("inner") for line in lines)
    assert "Dentist" not in "".join(lines)


def test_the_traceback_of_a_bottomless_recursion_is_short() -> None:
    def fall() -> None:
        fall()

    with pytest.raises(RecursionError) as caught:
        fall()
    assert len(safe_traceback(caught.value)) < 40

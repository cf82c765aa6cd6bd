"""Pykka's promises and those added to them, under the thread pool and under the manual dispatcher."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from pykka import ActorDeadError, ActorRegistry
from structlog.testing import capture_logs

from actors.runtime.errors import ProcessCrash, WouldDeadlockError
from actors.runtime.pooled import PooledActor, Termination, watch
from tests.runtime_kit import Diary, Scribe, Stage, manual_stage, pool_stage


@pytest.fixture(params=["pool", "manual"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with pool_stage() if request.param == "pool" else manual_stage() as stage:
        yield stage


def test_messages_of_one_sender_are_handled_in_their_order(stage: Stage) -> None:
    diary = Diary()
    ref = Scribe.start(diary, dispatcher=stage.dispatcher)
    for number in range(500):
        ref.tell(number)
    stage.settle(lambda: len(diary.entries) == 501)
    assert diary.entries == ["on_start", *range(500)]


def test_an_ask_returns_what_the_actor_answers(stage: Stage) -> None:
    assert Scribe.start(dispatcher=stage.dispatcher).ask("what") == "what"


def test_an_ask_raises_what_the_actor_raises_and_the_actor_lives_on(stage: Stage) -> None:
    ref = Scribe.start(dispatcher=stage.dispatcher)
    with pytest.raises(ValueError, match="no such thing"):
        ref.ask(ValueError("no such thing"))
    assert ref.ask("still there") == "still there"


def test_proxies_call_read_and_write(stage: Stage) -> None:
    proxy = Scribe.start(dispatcher=stage.dispatcher).proxy()
    assert proxy.double(21).get() == 42
    assert proxy.value.get() == "first"
    proxy.value = "second"
    assert proxy.value.get() == "second"


def test_futures_can_be_joined_and_mapped(stage: Stage) -> None:
    proxy = Scribe.start(dispatcher=stage.dispatcher).proxy()
    both = proxy.double(1).join(proxy.double(2)).map(sum)
    assert both.get() == 6


def test_stop_lets_what_came_before_be_handled_and_answers_once_stopped(stage: Stage) -> None:
    diary = Diary()
    ref = Scribe.start(diary, dispatcher=stage.dispatcher)
    ref.tell("before")
    assert ref.stop() is True
    assert diary.entries == ["on_start", "before", "on_stop"]
    assert not ref.is_alive()
    assert ref.stop() is False


def test_an_actor_can_stop_itself(stage: Stage) -> None:
    diary = Diary()
    ref = Scribe.start(diary, dispatcher=stage.dispatcher)
    ref.tell(lambda actor: actor.stop())
    stage.settle(lambda: "on_stop" in diary.entries)
    assert not ref.is_alive()


def test_a_dead_actor_refuses_tells_and_answers_asks(stage: Stage) -> None:
    ref = Scribe.start(dispatcher=stage.dispatcher)
    ref.stop()
    with pytest.raises(ActorDeadError):
        ref.tell("too late")
    with pytest.raises(ActorDeadError):
        ref.ask("too late")
    with pytest.raises(ActorDeadError):
        ref.proxy()


def test_what_is_asked_behind_a_stop_is_answered_with_the_death(stage: Stage) -> None:
    ref = Scribe.start(dispatcher=stage.dispatcher)
    futures: list[Any] = []

    def stop_with_asks_behind(actor: Scribe) -> None:
        actor.stop()
        futures.extend(ref.ask(number, block=False) for number in range(3))

    ref.ask(stop_with_asks_behind)
    for future in futures:
        with pytest.raises(ActorDeadError):
            future.get()


def test_a_crash_hands_over_the_message_the_error_and_what_was_not_handled(stage: Stage) -> None:
    diary, last_words = Diary(), list[Termination]()
    ref = Scribe.start(diary, dispatcher=stage.dispatcher)
    watch(ref, last_words.append)
    error = KeyError("private")

    def fill_the_inbox_and_crash(actor: Scribe) -> None:
        for number in range(20):
            ref.tell(number)
        raise error

    ref.tell(fill_the_inbox_and_crash)
    stage.settle(lambda: bool(last_words))
    assert last_words == [
        Termination(error=error, message=fill_the_inbox_and_crash, undelivered=tuple(range(20)))
    ]
    assert ("on_failure", KeyError) in diary.entries
    assert "on_stop" not in diary.entries


def test_a_stop_hands_over_what_was_told_behind_it(stage: Stage) -> None:
    last_words: list[Termination] = []
    ref = Scribe.start(dispatcher=stage.dispatcher)
    watch(ref, last_words.append)

    def stop_and_tell(actor: Scribe) -> None:
        actor.stop()
        ref.tell("behind")

    ref.tell(stop_and_tell)
    stage.settle(lambda: bool(last_words))
    assert last_words == [Termination(error=None, message=None, undelivered=("behind",))]


def test_who_watches_too_late_hears_the_last_word_at_once(stage: Stage) -> None:
    ref = Scribe.start(dispatcher=stage.dispatcher)
    ref.stop()
    last_words: list[Termination] = []
    watch(ref, last_words.append)
    assert [each.error for each in last_words] == [None]


def test_a_start_that_raises_is_a_crash_and_reaches_the_watcher(stage: Stage) -> None:
    class Stillborn(Scribe):
        def on_start(self) -> None:
            raise OSError("no disk")

    last_words: list[Termination] = []
    diary = Diary()
    ref = Stillborn.start(diary, dispatcher=stage.dispatcher)
    watch(ref, last_words.append)
    stage.settle(lambda: bool(last_words))
    assert isinstance(last_words[0].error, OSError)
    assert last_words[0].message is None
    assert diary.entries == [("on_failure", OSError)]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_even_a_system_exit_ends_one_actor_answers_its_caller_and_spares_the_others(
    stage: Stage, error: BaseException
) -> None:
    neighbour = Scribe.start(dispatcher=stage.dispatcher)
    ref = Scribe.start(dispatcher=stage.dispatcher)
    with pytest.raises(type(error)):
        ref.ask(error)
    stage.settle(lambda: not ref.is_alive())
    assert neighbour.ask("well?") == "well?"


def test_crashes_leave_the_neighbours_running(stage: Stage) -> None:
    refs = [Scribe.start(dispatcher=stage.dispatcher) for _ in range(60)]
    for ref in refs[::2]:
        ref.tell(RuntimeError("one of thirty"))
    assert [ref.ask("well?") for ref in refs[1::2]] == ["well?"] * 30
    stage.settle(lambda: not any(ref.is_alive() for ref in refs[::2]))


def test_waiting_for_an_answer_of_the_own_dispatcher_is_refused(stage: Stage) -> None:
    other = Scribe.start(dispatcher=stage.dispatcher)
    ref = Scribe.start(dispatcher=stage.dispatcher)

    def ask_itself(actor: Scribe) -> object:
        return actor.actor_ref.ask("me")

    def ask_the_other(actor: Scribe) -> object:
        return other.ask("you")

    def stop_the_other(actor: Scribe) -> object:
        return other.stop()

    for call in (ask_itself, ask_the_other, stop_the_other):
        with pytest.raises(WouldDeadlockError):
            ref.ask(call)


def test_waiting_for_an_answer_of_another_dispatcher_is_allowed(stage: Stage) -> None:
    with pool_stage(1) as elsewhere:
        other = Scribe.start(dispatcher=elsewhere.dispatcher)
        ref = Scribe.start(dispatcher=stage.dispatcher)
        assert ref.ask(lambda actor: other.ask("you")) == "you"


def test_an_answer_that_is_there_already_may_be_read_anywhere(stage: Stage) -> None:
    ref = Scribe.start(dispatcher=stage.dispatcher)
    future = ref.ask("early", block=False)
    assert future.get() == "early"
    assert ref.ask(lambda actor: future.get()) == "early"


def test_an_idle_actor_lives_as_long_as_its_reference_and_no_longer(stage: Stage) -> None:
    ref = Scribe.start(dispatcher=stage.dispatcher)
    ref.ask("settle")
    gc.collect()
    assert ref.ask("still") == "still"
    actor = ref._actor_weakref
    ref.stop()
    stage.settle(lambda: gc.collect() >= 0 and actor() is None)


def test_actors_stay_out_of_the_global_registry(stage: Stage) -> None:
    ref = Scribe.start(dispatcher=stage.dispatcher)
    assert ref.ask("there") == "there"
    assert ActorRegistry.get_all() == []


def test_logs_of_failures_name_types_and_places_but_repeat_no_text(stage: Stage) -> None:
    with capture_logs() as logs:
        ref = Scribe.start(dispatcher=stage.dispatcher)
        ref.tell(ValueError("Dentist, Dr. Jones"))
        stage.settle(lambda: not ref.is_alive())
        other = Scribe.start(dispatcher=stage.dispatcher)
        with pytest.raises(ValueError, match="Jones"):
            other.ask(ValueError("Dentist, Dr. Jones"))
        PooledActor.start(dispatcher=stage.dispatcher).ask("Dentist, Dr. Jones")
    failed = [entry for entry in logs if entry["event"] == "actor failed"]
    assert [entry["error"] for entry in failed] == ["ValueError"]
    assert any("runtime_kit.py" in place for place in failed[0]["at"])
    assert "Jones" not in repr(logs)


def test_messages_to_itself_before_the_start_are_not_lost(stage: Stage) -> None:
    class Eager(Scribe):
        def __init__(self, diary: Diary) -> None:
            super().__init__(diary)
            self.actor_ref.tell("from the constructor")

    diary = Diary()
    Eager.start(diary, dispatcher=stage.dispatcher)
    stage.settle(lambda: len(diary.entries) == 2)
    assert diary.entries == ["on_start", "from the constructor"]


def test_an_actor_without_a_dispatcher_does_not_start() -> None:
    with pytest.raises(TypeError, match="dispatcher"):
        Scribe.start()  # type: ignore[call-arg]  # the very mistake this is about


def test_an_ask_that_nobody_answers_ends_with_a_timeout() -> None:
    from pykka import Timeout

    with pool_stage(1) as stage:
        block = threading.Event()
        busy = Scribe.start(dispatcher=stage.dispatcher)
        busy.tell(lambda actor: block.wait(10))
        with pytest.raises(Timeout):
            busy.ask("now", timeout=0.01)
        block.set()


def test_a_simulated_process_crash_reaches_the_simulator() -> None:
    with manual_stage() as stage:
        ref = Scribe.start(dispatcher=stage.dispatcher)
        with pytest.raises(ProcessCrash):
            ref.ask(ProcessCrash())


def test_a_stopped_actor_is_freed_although_its_reference_is_kept() -> None:
    with pool_stage() as stage:
        ref = Scribe.start(dispatcher=stage.dispatcher)
        freed = threading.Event()
        weakref.finalize(ref._actor_weakref(), freed.set)
        ref.stop()
        gc.collect()
        assert freed.wait(10)

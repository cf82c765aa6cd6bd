"""What the tests of the execution model share: two ways to run actors, and small actors to run."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from actors.runtime.dispatcher import Dispatcher, ManualDispatcher, PoolDispatcher
from actors.runtime.pooled import PooledActor

PATIENCE = 10.0
"""Seconds a test waits for another thread before it fails."""


@dataclass
class Stage:
    """A dispatcher, and how a test lets its actors come to rest."""

    dispatcher: Dispatcher
    settle: Callable[[Callable[[], bool]], None]
    """Wait until the condition holds; fail if it never does."""


@contextmanager
def pool_stage(threads: int = 4) -> Iterator[Stage]:
    dispatcher = PoolDispatcher("test", threads)
    dispatcher.start()

    def settle(condition: Callable[[], bool]) -> None:
        pause = threading.Event()
        for _ in range(int(PATIENCE * 1000)):
            if condition():
                return
            pause.wait(0.001)
        raise AssertionError("the condition never held")

    try:
        yield Stage(dispatcher, settle)
    finally:
        assert dispatcher.stop(PATIENCE) == []


@contextmanager
def manual_stage(seed: int = 1) -> Iterator[Stage]:
    dispatcher = ManualDispatcher(random.Random(seed))

    def settle(condition: Callable[[], bool]) -> None:
        dispatcher.run_until_idle()
        assert condition(), "the condition does not hold, and nobody has anything left to do"

    yield Stage(dispatcher, settle)


@dataclass
class Diary:
    """What happened to an actor, in order, on which threads."""

    entries: list[Any] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def note(self, entry: object) -> None:
        self.entries.append(entry)
        self.threads.add(threading.get_ident())


class Scribe(PooledActor):
    """Notes every message, echoes it as the answer, raises those that are errors, obeys a few words."""

    def __init__(self, diary: Diary | None = None) -> None:
        super().__init__()
        self.diary = diary or Diary()
        self.value = "first"

    def on_start(self) -> None:
        self.diary.note("on_start")

    def on_stop(self) -> None:
        self.diary.note("on_stop")

    def on_failure(self, *failure: object) -> None:
        self.diary.note(("on_failure", failure[0]))

    def on_receive(self, message: object) -> object:
        self.diary.note(message)
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            return message(self)
        return message

    def double(self, number: int) -> int:
        return 2 * number

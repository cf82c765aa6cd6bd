"""Work on many resources by several processes: one alone could only ever use one core.

Each process has a share of the resources and answers with what it found about them. They are copies of this
one, made while it has a single thread and no connection open, so that they have whatever it knows; and they
are for reading only, so that one which is killed leaves nothing half done.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, Generic, Self, TypeVar

import structlog

from actors.commandline.telling import Code, Failure, failure_of
from actors.runtime.errors import log_failure
from actors.settling import Progress

log = structlog.get_logger(__name__)

RESOURCES_EACH: Final = 250
"""As many resources are worth a process: fewer are done before one more has begun."""
MOST_SHARES: Final = 4
"""More would wait for the services, which answer one application only so often."""
NICENESS: Final = 5
"""The process that synchronises comes first."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of several parts of all resources, of about the same size: a resource is always in the same one."""

    number: int
    of: int

    def __contains__(self, resource_no: object) -> bool:
        return zlib.crc32(str(resource_no).encode()) % self.of == self.number


def shares_of(resources: int) -> tuple[Share, ...]:
    """Into how many shares the work on so many resources is divided on this machine; one is no division."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1  # elsewhere copying is not safe
    count = min(cores, MOST_SHARES, resources // RESOURCES_EACH)
    if count < 2 or threading.active_count() > 1:
        return (Share(0, 1),)
    return tuple(Share(number, count) for number in range(count))


Say = Callable[[Progress], None]
Found = TypeVar("Found")


class Team(Generic[Found]):
    """The processes that work on the shares, from the beginning of a block to its end."""

    def __init__(self, shares: tuple[Share, ...], work: Callable[[Share, Say], Found]) -> None:
        """`work` finds out about a share and says how far it is. What it finds has to be a value that another
        process understands."""
        self._shares, self._work = shares, work
        self._running: dict[int, _Running] = {}

    def __enter__(self) -> Self:
        copies = multiprocessing.get_context("fork")
        for share in self._shares:
            ours, theirs = copies.Pipe(duplex=False)
            not_theirs = (ours, *(one.pipe for one in self._running.values()))
            arguments = (self._work, share, theirs, not_theirs)
            process = copies.Process(target=_work_on, args=arguments, daemon=True)
            process.start()
            theirs.close()
            self._running[share.number] = _Running(process, ours)
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._running.values():
            one.process.terminate()
            one.process.join()
            one.pipe.close()

    def found(self, show: Say) -> tuple[Found, ...]:
        """What the work on each share came to; meanwhile `show` is told how far all of them are.

        Raises `Failure`: that of the first share that has one, or that a process has ended early.
        """
        found: dict[int, Any] = {}
        progress: dict[int, Progress] = {}
        while left := {one.pipe: number for number, one in self._running.items() if number not in found}:
            for number in (left[pipe] for pipe in wait(left) if isinstance(pipe, Connection)):
                match self._running[number].answer():
                    case Progress() as said:
                        progress[number] = said
                        if len(progress) == len(self._running):
                            show(reduce(_together, progress.values()))
                    case Failure() as failure:
                        raise failure
                    case answer:
                        found[number] = answer
        return tuple(found[number] for number in sorted(found))


@dataclass(slots=True)
class _Running:
    process: BaseProcess
    pipe: Connection

    def answer(self) -> object:
        """The next thing it says."""
        try:
            return self.pipe.recv()
        except EOFError:
            self.process.join()
            raise Failure(
                f"process {self.process.pid}, one of those that share this work, has ended early "
                f"(exit code {self.process.exitcode}): see the lines above, and whether the memory suffices",
                code=Code.CANNOT_GO_ON,
            ) from None


def _together(one: Progress, other: Progress) -> Progress:
    return Progress(
        loaded=one.loaded and other.loaded,
        resources=one.resources + other.resources,
        busy=one.busy | other.busy,
    )


def _work_on(
    work: Callable[[Share, Say], Found], share: Share, pipe: Connection, inherited: Iterable[Connection]
) -> None:
    """What a copy does, from its beginning to its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells both: the one that waits ends the others
    for one in inherited:
        one.close()  # or nobody would notice when the one that waits is no more
    with suppress(OSError):
        os.nice(NICENESS)
    try:
        answer: object = work(share, pipe.send)
    except BrokenPipeError:
        return  # nobody waits any more
    except Exception as error:  # noqa: BLE001 - said without the values that a traceback would show
        answer = failure_of(error)
        if answer is None:
            log_failure(log, "command failed", error)
            sys.exit(Code.CANNOT_GO_ON)
    with suppress(BrokenPipeError):
        pipe.send(answer)

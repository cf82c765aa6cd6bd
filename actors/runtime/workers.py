"""Named daemon threads that call what is put in their queue: the threads of dispatchers and of senders."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

import structlog

from actors.runtime.errors import log_failure

log = structlog.get_logger(__name__)


class Workers:
    """A fixed number of threads on one queue.

    Plain threads on a C `SimpleQueue` rather than an executor: no future, no lock and no work item per call.
    """

    def __init__(self, name: str, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"{name}: at least one thread is needed, {threads} were asked for")
        self.name = name
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        self._idents: set[int] = set()
        self._ended = threading.Condition()
        self._running = 0
        self._stopping = False

    @property
    def size(self) -> int:
        """How many threads there are."""
        return len(self._threads)

    @property
    def stopping(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopping

    def put(self, run: Callable[[], None]) -> None:
        """Have one of the threads call `run`. Before `start` it waits; after `stop` it is not called."""
        self._queue.put(run)

    def start(self) -> None:
        """Start the threads. Raises `RuntimeError` when called twice."""
        for thread in self._threads:
            thread.start()
            self._running += 1

    def stop(self, timeout: float) -> list[str]:
        """Let what is queued already run, end the threads, and wait for them for at most `timeout` seconds.

        Returns the names of the threads that are still running after that.
        """
        self._stopping = True
        for _ in range(self._running):
            self._queue.put(None)
        with self._ended:
            self._ended.wait_for(lambda: self._running == 0, timeout)
        return [thread.name for thread in self._threads if thread.ident in self._idents]

    def take_back(self) -> list[Callable[[], None]]:
        """What was put and not called. For after `stop`."""
        left: list[Callable[[], None]] = []
        ends = 0
        try:
            while True:
                run = self._queue.get_nowait()
                if run is None:
                    ends += 1
                else:
                    left.append(run)
        except Empty:
            for _ in range(ends):  # those are for threads that have not come back yet
                self._queue.put(None)
        return left

    def owns_current_thread(self) -> bool:
        """Whether the caller runs on one of these threads."""
        return threading.get_ident() in self._idents

    def _work(self) -> None:
        ident = threading.get_ident()
        self._idents.add(ident)
        while (run := self._queue.get()) is not None:
            try:
                run()
            except BaseException as error:  # noqa: BLE001 - a worker outlives whatever it is given to run
                log_failure(log, "worker call failed", error, worker=self.name)
            del run  # an idle worker must not keep the last actor it ran alive
        with self._ended:
            self._idents.discard(ident)
            self._running -= 1
            self._ended.notify_all()

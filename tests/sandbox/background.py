"""The sandbox in a thread of the test's own process: real sockets, and a test that can reach inside."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from tests.sandbox.server import Shell, serving
from tests.sandbox.services import Services

T = TypeVar("T")
ANSWER_WITHIN = 30.0
STOP_WITHIN = 10.0


class Background:
    """The sandbox in a thread of this process, for tests that want to reach into it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._ready: Future[Shell] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    @property
    def shell(self) -> Shell:
        """The running shell, with its addresses."""
        return self._ready.result(timeout=ANSWER_WITHIN)

    def call(self, function: Callable[[], T]) -> T:
        """Runs `function` between two requests and returns its result."""
        if self._loop is None:
            raise RuntimeError("the sandbox is not running")
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(function())
            except BaseException as problem:  # noqa: BLE001 - handed to the thread that asked
                done.set_exception(problem)
            self.shell.arm()

        self._loop.call_soon_threadsafe(run)
        return done.result(timeout=ANSWER_WITHIN)

    def front(self, target_host: str, target_port: int) -> str:
        """An https address that leads to a plain listener (see `Shell.tls_front`)."""
        if self._loop is None:
            raise RuntimeError("the sandbox is not running")
        opening = self.shell.tls_front(target_host, target_port)
        return asyncio.run_coroutine_threadsafe(opening, self._loop).result(timeout=ANSWER_WITHIN)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:
            if not self._ready.done():
                self._ready.set_exception(problem)
            else:
                raise

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
            async with serving(self.services, Path(folder)) as shell:
                self._ready.set_result(shell)
                await self._stop.wait()

    def __enter__(self) -> Background:
        self._thread.start()
        self._ready.result(timeout=ANSWER_WITHIN)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=STOP_WITHIN)


@contextlib.contextmanager
def background(services: Services) -> Iterator[Background]:
    """The sandbox in a thread for the length of the block."""
    with Background(services) as running:
        yield running

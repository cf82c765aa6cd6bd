"""SIGTERM and SIGINT: the first asks for a stop, the second, or time running out, makes an end."""

from __future__ import annotations

import os
import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Final, Self

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
STOP_WITHIN: Final = 9
"""Seconds from the first signal until the process ends whatever is still under way. What is not done by then
is on disk, and the next start does it."""


class Signals:
    """Waits for a signal on the main thread. Handlers only leave a byte: they may interrupt anything."""

    def __init__(self) -> None:
        self._heard, self._bell = socket.socketpair()
        self._wakeup = -1

    def __enter__(self) -> Self:
        self._bell.setblocking(False)
        self._heard.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
        for number in STOPPING:
            signal.signal(number, _leave_it_to_the_bell)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        places: TracebackType | None,
    ) -> None:
        signal.alarm(0)
        signal.set_wakeup_fd(self._wakeup)
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        self._heard.close()
        self._bell.close()

    def wait(self, seconds: float) -> signal.Signals | None:
        """Wait at most so long for a signal to stop; which one came."""
        ready, _, _ = select.select([self._heard], [], [], seconds)
        if not ready:
            return None
        came = [signal.Signals(number) for number in self._heard.recv(64)]
        return next((number for number in came if number in STOPPING), None)

    def stopping(self) -> None:
        """From now on a signal, or the end of the time there is for stopping, ends the process at once."""
        for number in (*STOPPING, signal.SIGALRM):
            signal.signal(number, _end_at_once)
        signal.alarm(STOP_WITHIN)


def _leave_it_to_the_bell(number: int, frame: FrameType | None) -> None:
    """The byte in the socket says it."""


def _end_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)

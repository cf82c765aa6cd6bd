"""Progress of a long command: a moving line on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.status import Status

from actors.runtime.clock import Clock
from actors.settling import Progress

LINE_SECONDS: Final = 5.0
"""How often a plain line is written at most."""


class Display:
    """Shows how far a command has come."""

    def __init__(self, doing: str, clock: Clock) -> None:
        """`doing` says what: "comparing"."""
        self._doing, self._clock = doing, clock
        self._console = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._line = ""
        self._written_at: float | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status(f"{self._doing} …")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        places: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, progress: Progress) -> None:
        """Say how far it has come."""
        if progress.loaded:
            done = max(0, progress.resources - len(progress.busy))
            self.say(f"{self._doing}: {done} of {progress.resources} resources done")
        else:
            self.say(f"{self._doing}: reading the resources")

    def say(self, line: str) -> None:
        """Show a line in the place of the one before."""
        if line == self._line:
            return
        if self._status is not None:
            self._line = line
            self._status.update(line)
            return
        now = self._clock.monotonic()
        if self._written_at is None or now - self._written_at >= LINE_SECONDS:
            self._line, self._written_at = line, now
            self._console.print(line, soft_wrap=True)

"""Waiting for the moment at which an application has nothing left to do: what a single command ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pykka import ActorDeadError, Timeout

from actors.application import Application
from actors.clients.metrics import ServiceState, Snapshot
from actors.runtime.clock import Clock
from models.ids import ResourceNo

LOOK_SECONDS: Final = 0.05
SNAPSHOT_SECONDS: Final = 1.0
"""How often the gateways are asked how the services are."""
DOWN_SECONDS: Final = 20.0
"""How long a command waits for a service that does not answer."""
STANDSTILL_SECONDS: Final = 60.0
"""How long it waits where nothing gets anywhere."""
LISTING_SECONDS: Final = 300.0
"""How long it waits for the first listing of the board: that of ten thousand resources takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an application has come."""

    loaded: bool
    resources: int
    busy: frozenset[ResourceNo]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How the waiting ended."""

    unsettled: tuple[ResourceNo, ...] = ()
    """Resources that did not come to an end."""
    problem: str = ""
    """What stood in the way, with its remedy; empty if nothing did."""

    @property
    def is_complete(self) -> bool:
        """Whether there was nothing left to do."""
        return not self.unsettled and not self.problem


class Standstill:
    """Notices when nothing moves any more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._moved_at = clock.monotonic()
        self._state: object = None

    def lasts(self, state: object, *, longest: float = STANDSTILL_SECONDS) -> bool:
        """Whether it has been this state for longer than is worth waiting."""
        now = self._clock.monotonic()
        if state != self._state:
            self._state, self._moved_at = state, now
        return now - self._moved_at > longest


class Settling:
    """Watches one application until it rests, or until waiting longer would be in vain."""

    def __init__(
        self,
        application: Application,
        *,
        size: Callable[[], int] = lambda: 0,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        """`size` is something that grows while there is progress."""
        self._application = application
        self._clock = application.runtime.clock
        self._size = size
        self._on_progress = on_progress
        self._asked_at = self._clock.monotonic()
        self._standstill = Standstill(self._clock)
        self._down_since: float | None = None
        self._problem = ""

    def wait(self) -> Settled:
        """Wait on a thread that is no actor's."""
        while True:
            busy = self._application.router.busy()
            self._say(busy)
            if self._application.failed.is_set():
                return Settled(unsettled=tuple(sorted(busy)), problem=self._application.failure)
            if self._has_begun and not busy:
                return Settled()
            if problem := self._in_vain(busy):
                return Settled(unsettled=tuple(sorted(busy)), problem=problem)
            self._application.failed.wait(LOOK_SECONDS)

    @property
    def _has_begun(self) -> bool:
        return self._application.loaded.is_set() and self._application.listed.is_set()

    def _say(self, busy: frozenset[ResourceNo]) -> None:
        application = self._application
        self._on_progress(
            Progress(
                loaded=application.loaded.is_set(),
                resources=len(application.router.directory.resources),
                busy=busy,
            )
        )

    def _in_vain(self, busy: frozenset[ResourceNo]) -> str:
        """Why it makes no sense to wait longer; empty while it does."""
        now = self._clock.monotonic()
        state = (busy, self._has_begun, self._size())
        stands_still = self._standstill.lasts(
            state, longest=STANDSTILL_SECONDS if self._has_begun else LISTING_SECONDS
        )
        if now - self._asked_at >= SNAPSHOT_SECONDS:
            self._asked_at = now
            self._problem, at_once = self._ask()
            self._down_since = None if not self._problem else self._down_since or now
            if at_once:
                return self._problem
        if self._down_since is not None and now - self._down_since > DOWN_SECONDS:
            return self._problem
        if stands_still:
            return "no progress for minutes: requests fail again and again; `check` tries every mailbox"
        return ""

    def _ask(self) -> tuple[str, bool]:
        """What is wrong with a service, and whether waiting cannot mend it."""
        try:
            snapshots = self._application.snapshots()
        except (ActorDeadError, Timeout):
            return "", False
        for snapshot in snapshots:
            if snapshot.state is not ServiceState.OK:
                return _problem(snapshot), snapshot.state is ServiceState.NOT_AUTHENTICATED
        return "", False


def _problem(snapshot: Snapshot) -> str:
    state = snapshot.state.value.replace("_", " ")
    code = f"[{snapshot.code}] " if snapshot.code else ""
    remedy = snapshot.remedy or "see whether it runs and whether this machine reaches it"
    return f"{code}{snapshot.service} is {state}; {remedy}"

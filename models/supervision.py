"""What becomes of a child that stops or crashes: a pure function of its past; `actors.supervisor` acts on it.

    decide(policy, child, event, now, random) -> (child, effects)

    STOPPED ──Wanted──▶ RUNNING ──Crashed──▶ BACKING_OFF ──RestartDue──▶ RUNNING
       ▲                  │  └── too often ──▶ QUARANTINED ──ProbeDue──▶ RUNNING (probing)
       └─StoppedNormally─ STOPPING ◀─StopAsked─┘

An incarnation is the number of one start of one child. It only grows, so that whatever comes late (a notice,
a timer, a write to the store) can be told from what concerns the child that runs now.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionPolicy:
    """How patient a supervisor is. Durations are in seconds."""

    first_delay: float = 1.0
    """Wait before the first restart of a streak."""
    factor: float = 2.0
    """By how much every further wait is longer."""
    max_delay: float = 300.0
    """The longest wait."""
    jitter: float = 0.2
    """Share of a wait that chance may take off, so that what failed together does not return together."""
    quiet: float = 600.0
    """This long without a crash after a restart ends a streak: the next crash is a first one again."""
    window: float = 900.0
    """The span in which crashes are counted for `intensity`."""
    intensity: int = 8
    """More crashes than this within `window` put the child into quarantine."""
    probe_every: float = 3600.0
    """How often a quarantined child is given another try."""
    poison_after: int = 3
    """A message whose handling has crashed this often since the child was last well is parked."""
    escalates: bool = False
    """Whether the process depends on this kind of child: a crash is then not for this supervisor to mend."""

    def __post_init__(self) -> None:
        if not 0 < self.first_delay <= self.max_delay:
            raise ValueError("first_delay must be positive and at most max_delay")
        if self.factor < 1 or not 0 <= self.jitter < 1:
            raise ValueError("factor must be at least 1, and jitter at least 0 and below 1")
        if min(self.quiet, self.window, self.probe_every) <= 0:
            raise ValueError("quiet, window and probe_every must be positive")
        if self.intensity < 1 or self.poison_after < 1:
            raise ValueError("intensity and poison_after must be at least 1")


class RunState(Enum):
    """Whether a child runs, and if not, why not."""

    STOPPED = "stopped"
    RUNNING = "running"
    STOPPING = "stopping"
    BACKING_OFF = "backing off"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildState:
    """All that a supervisor remembers of a child in order to judge it."""

    state: RunState = RunState.STOPPED
    incarnation: int = 0
    """Of the child that runs now, or ran last; 0 before the first start."""
    since: datetime | None = None
    """When it came into this state."""
    probing: bool = False
    """Whether it runs on trial, out of quarantine."""
    failures: int = 0
    """Crashes of the present streak."""
    crashed_incarnation: int = 0
    """The one that crashed last."""
    troubled_since: datetime | None = None
    """When the present streak began."""
    crashes: tuple[datetime, ...] = ()
    """When it crashed lately; older than the policy's window ones are dropped."""
    suspects: tuple[tuple[Hashable, int], ...] = ()
    """Keys of messages during whose handling it crashed in this streak, and how often."""
    reason: str = ""
    """Why it crashed last: a type of error or a code, nothing private."""

    @property
    def quarantined(self) -> bool:
        """Whether it is, as far as an administrator is concerned, in quarantine: on trial included."""
        return self.probing or self.state is RunState.QUARANTINED


# Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """There is something for the child to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """A child ended with an error, or could not be started."""

    incarnation: int
    reason: str
    suspect: Hashable | None = None
    """The key of the message it was handling, if it was."""
    infrastructure: bool = False
    """Whether what failed is what the whole process stands on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    """A child has nothing to do for now, or the process is about to end."""

    incarnation: int | None = None
    """Which one is meant; None: whichever runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedNormally:
    """A child ended in order."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartDue:
    """The wait before this incarnation is over."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDue:
    """It is time to give a quarantined child a try as this incarnation."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietPassed:
    """The child has had the time to prove itself well, if it has not crashed since it started as this."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """An administrator wants the child back at work, its past forgiven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """The child is not wanted any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The process has started, and this is what the store remembered of the child."""


Event = (
    Wanted
    | Crashed
    | StopAsked
    | StoppedNormally
    | RestartDue
    | ProbeDue
    | QuietPassed
    | Released
    | Retired
    | Restored
)


# Effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start the child as this incarnation, and give it what waits for it."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Ask the running child to stop."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAfter:
    """Report `RestartDue` for this incarnation after this many seconds."""

    seconds: float
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAfter:
    """Report `ProbeDue` for this incarnation after this many seconds."""

    seconds: float
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietAfter:
    """Report `QuietPassed` for this incarnation after this many seconds."""

    seconds: float
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Put the message with this key aside for an administrator, and do not give it to the child again."""

    suspect: Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleBegan:
    """The child was well and is not any more. Said once per streak."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """The child is left alone but for probes; somebody should look. Said once, however many probes fail."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """The child is well again, this long after its trouble began. Said once."""

    after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate:
    """This is beyond one child: the process has to stop."""

    reason: str


Effect = (
    Start
    | Stop
    | StartAfter
    | ProbeAfter
    | QuietAfter
    | Park
    | TroubleBegan
    | Quarantine
    | Recovered
    | Escalate
)
Verdict = tuple[ChildState, tuple[Effect, ...]]


def decide(
    policy: SupervisionPolicy, child: ChildState, event: Event, now: datetime, random: Random
) -> Verdict:
    """What the event makes of the child, and what has to be done about it.

    An event that comes too late, or does not fit the child's state, changes nothing.
    """
    following = child.incarnation + 1
    match event, child.state:
        case Wanted(), RunState.STOPPED:
            return _start(policy, child, now)
        case Crashed(incarnation=child.incarnation), RunState.RUNNING | RunState.STOPPING:
            return _crashed(policy, child, event, now, random)
        case StopAsked(incarnation=None | child.incarnation), RunState.RUNNING:
            return _become(child, RunState.STOPPING, now), (Stop(incarnation=child.incarnation),)
        case StopAsked(incarnation=None), RunState.BACKING_OFF:
            return _become(child, RunState.STOPPED, now), ()
        case StoppedNormally(incarnation=child.incarnation), RunState.RUNNING | RunState.STOPPING:
            return _become(child, RunState.STOPPED, now), ()
        case RestartDue(incarnation=incarnation), RunState.BACKING_OFF if incarnation == following:
            return _start(policy, child, now)
        case ProbeDue(incarnation=incarnation), RunState.QUARANTINED if incarnation == following:
            return _start(policy, replace(child, probing=True), now)
        case QuietPassed(incarnation=incarnation), _ if (
            child.failures and incarnation > child.crashed_incarnation
        ):
            return _forgiven(child), (Recovered(after=now - (child.troubled_since or now)),)
        case Released(), RunState.BACKING_OFF | RunState.QUARANTINED:
            return _start(policy, _forgiven(child), now)
        case Released(), _:
            return _forgiven(child), ()
        case Retired(), RunState.RUNNING:
            return _become(_forgiven(child), RunState.STOPPING, now), (Stop(incarnation=child.incarnation),)
        case Retired(), RunState.BACKING_OFF | RunState.QUARANTINED:
            return _become(_forgiven(child), RunState.STOPPED, now), ()
        case Retired(), _:
            return _forgiven(child), ()
        case Restored(), _ if child.quarantined:
            return _quarantined(policy, child, now)
        case _:
            return child, ()


def delay_before_restart(policy: SupervisionPolicy, failures: int, random: Random) -> float:
    """Seconds to wait after this many crashes in a row, at least one."""
    doublings = min(failures - 1, 64)  # far beyond any longest wait, and well within a float
    longest = min(policy.max_delay, policy.first_delay * policy.factor**doublings)
    return longest * (1.0 - policy.jitter * random.random())


def _crashed(
    policy: SupervisionPolicy, child: ChildState, crash: Crashed, now: datetime, random: Random
) -> Verdict:
    if crash.infrastructure or policy.escalates:
        # nothing ends this wait but the end of the process
        return _become(child, RunState.BACKING_OFF, now, reason=crash.reason), (
            Escalate(reason=crash.reason),
        )
    effects: list[Effect] = []
    if child.failures == 0:
        effects.append(TroubleBegan(reason=crash.reason))
    suspects, park = _suspected(policy, child.suspects, crash.suspect)
    effects.extend(park)
    recent = now - timedelta(seconds=policy.window)
    child = replace(
        child,
        failures=child.failures + 1,
        crashed_incarnation=child.incarnation,
        troubled_since=child.troubled_since or now,
        crashes=(*(at for at in child.crashes if at > recent), now),
        suspects=suspects,
        reason=crash.reason,
    )
    if child.probing or len(child.crashes) > policy.intensity:
        if not child.probing:
            effects.append(Quarantine(reason=crash.reason))
        child, probe = _quarantined(policy, child, now)
        return child, (*effects, *probe)
    wait = delay_before_restart(policy, child.failures, random)
    effects.append(StartAfter(seconds=wait, incarnation=child.incarnation + 1))
    return _become(child, RunState.BACKING_OFF, now), tuple(effects)


def _suspected(
    policy: SupervisionPolicy, suspects: tuple[tuple[Hashable, int], ...], suspect: Hashable | None
) -> tuple[tuple[tuple[Hashable, int], ...], tuple[Park, ...]]:
    if suspect is None:
        return suspects, ()
    count = dict(suspects).get(suspect, 0) + 1
    others = tuple(pair for pair in suspects if pair[0] != suspect)
    if count >= policy.poison_after:
        return others, (Park(suspect=suspect),)
    return (*others, (suspect, count)), ()


def _start(policy: SupervisionPolicy, child: ChildState, now: datetime) -> Verdict:
    child = replace(_become(child, RunState.RUNNING, now), incarnation=child.incarnation + 1)
    start = Start(incarnation=child.incarnation)
    if child.failures and child.incarnation == child.crashed_incarnation + 1:
        return child, (start, QuietAfter(seconds=policy.quiet, incarnation=child.incarnation))
    return child, (start,)


def _quarantined(policy: SupervisionPolicy, child: ChildState, now: datetime) -> Verdict:
    child = replace(_become(child, RunState.QUARANTINED, now), probing=False)
    return child, (ProbeAfter(seconds=policy.probe_every, incarnation=child.incarnation + 1),)


def _forgiven(child: ChildState) -> ChildState:
    return replace(child, probing=False, failures=0, troubled_since=None, crashes=(), suspects=())


def _become(child: ChildState, state: RunState, now: datetime, *, reason: str | None = None) -> ChildState:
    return replace(child, state=state, since=now, reason=child.reason if reason is None else reason)

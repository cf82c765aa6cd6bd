"""The gateway to a service: an actor that decides which request goes out when, and performs none of them.

Every operation is a `Job` in the lane of its mailbox. A request goes out when its lane has room, the circuit
is closed, there is a grant, and a sender is free: alone while there are senders enough, together with others
when there are more requests than senders. Nothing that was submitted is dropped: it waits, and each operation
is answered exactly once. What must not be done twice does not wait for a service that is down: it was decided
upon a reading that gets older meanwhile, and is given back to be decided anew. So is what does not stand any
more when its turn comes: an event may be shared no longer since its appointment was decided upon (E).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final

import structlog
from pykka import ActorDeadError

from actors.clients.access import Credentials, Held
from actors.clients.circuit import Circuit
from actors.clients.errors import (
    Abandoned,
    About,
    Defect,
    NotAuthenticated,
    Overtaken,
    Problem,
    Refused,
    Throttled,
    Unavailable,
)
from actors.clients.grants import Acquired, GrantIsDue, Grants, Surroundings
from actors.clients.health import Health
from actors.clients.jobs import Job, Settled, Wire, perform
from actors.clients.lanes import REFUSALS_TO_PAUSE, Lanes
from actors.clients.metrics import Counters, Snapshot, state_of
from actors.clients.policies import asked_wait, policy_for
from actors.clients.steps import (
    Done,
    Failed,
    Finished,
    Outcome,
    Progress,
    Reply,
    Request,
    Steps,
    Submit,
    begin,
    resume,
)
from actors.runtime.errors import SendersClosedError, safe_traceback, type_name
from actors.runtime.pooled import PooledActor

log = structlog.get_logger(__name__)

GRANTS_TO_TRY: Final = 3
"""Grants refused at one request, while others pass with them, until the request is taken to be at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a service a gateway may use at once."""

    calls: int
    """Calls under way: no more than there are senders."""
    per_lane: int
    """Requests under way of one mailbox."""
    without_lane: int
    """Requests under way that are about no mailbox."""
    refusals_to_pause: int = REFUSALS_TO_PAUSE
    """Throttled answers in a row after which a whole mailbox waits, and not only what was refused."""


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Asks (with `ask`) for a `Snapshot`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    jobs: list[Job]
    held: Held
    outcome: list[Settled] | BaseException


@dataclass(frozen=True, slots=True, kw_only=True)
class _TryAgain:
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class _LaneMayResume:
    lane: Hashable
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServiceMayAnswer:
    retry_at: float


class Gateway(PooledActor):
    """What both gateways have in common. A subclass says how an operation begins, and in which lane."""

    def __init__(
        self,
        *,
        wire: Wire,
        credentials: Credentials,
        surroundings: Surroundings,
        limits: Limits,
        circuit: Circuit,
    ) -> None:
        super().__init__()
        self._wire = wire
        self._around = surroundings
        self._limits = limits
        self._health = Health(circuit, surroundings.random, service=wire.service)
        self._grants = Grants(credentials, surroundings, service=wire.service, tell=self.actor_ref.tell)
        self._lanes: Lanes[Job] = Lanes(
            limit=limits.per_lane,
            shared_limit=limits.without_lane,
            refusals_to_pause=limits.refusals_to_pause,
        )
        self._counters = Counters()
        self._open: dict[Job, None] = {}
        self._reported: set[tuple[str, ...]] = set()
        """Places in the client at which an operation failed by its fault."""
        self._calls = 0

    def _steps(self, operation: Any) -> Steps[Any]:  # noqa: ANN401 - each gateway has operations of its own
        raise TypeError(f"{type(self).__name__} performs no operations")

    def _lane(self, operation: Any) -> Hashable:  # noqa: ANN401 - each gateway has operations of its own
        raise TypeError(f"{type(self).__name__} performs no operations")

    def on_receive(self, message: object) -> object:
        match message:
            case Submit():
                self._submit(message)
            case _Answered():
                self._answered(message)
            case _TryAgain(job=job):
                self._wait(job, first=True)
            case _LaneMayResume(lane=lane, until=until):
                self._lanes.resume(lane, until)
            case _ServiceMayAnswer(retry_at=retry_at):
                self._health.due(retry_at)
            case Acquired(outcome=outcome):
                self._grants.acquired(outcome)
            case GrantIsDue():
                self._grants.due()
            case TakeSnapshot():
                return self._snapshot()
            case _:
                return super().on_receive(message)
        self._dispatch()
        return None

    def on_stop(self) -> None:
        self._abandon()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._abandon()

    # In

    def _submit(self, message: Submit) -> None:
        steps = self._steps(message.operation)
        progress = begin(steps, About(service=self._wire.service))
        if not isinstance(progress, Request):
            self._report(progress)
            self._tell(message.reply, _outcome(progress))
            return
        job = Job(
            steps=steps,
            reply=message.reply,
            lane=self._lane(message.operation),
            priority=message.priority,
            request=progress,
            stands=message.stands,
        )
        self._open[job] = None
        self._wait(job)

    def _wait(self, job: Job, *, first: bool = False) -> None:
        """Have a request wait for its turn."""
        if self._health.is_up or job.request.repeatable:
            self._lanes.put(job.lane, job, job.priority, first=first)
        else:
            self._give_back(job)

    def _give_back(self, job: Job) -> None:
        self._go_on(job, resume(job.steps, Unavailable(self._about(job), reached=False)))

    # Out

    def _dispatch(self) -> None:
        """Send whatever may go out now."""
        now = self._around.clock.monotonic()
        while self._calls < self._limits.calls and self._lanes.waiting and self._health.permits(now):
            held = self._grants.usable(now)
            if held is None:
                return
            if self._health.is_up:
                calls = self._fill(self._limits.calls - self._calls, self._wire.bundle_limit)
            else:
                calls = self._fill(1, 1)
            if not calls:
                return
            self._health.sending()
            for jobs in calls:
                self._send(jobs, held)

    def _fill(self, calls: int, size: int) -> list[list[Job]]:
        """The requests whose turn it is, spread over at most `calls` calls of at most `size` each."""
        alone: list[Job] = []
        sharing: list[Job] = []
        while (taken := self._lanes.take()) is not None:
            lane, job = taken
            if not self._stands(job):
                self._overtaken(job)
                continue
            kind = sharing if self._wire.may_share(job.request) else alone
            kind.append(job)
            if len(alone) + -(-len(sharing) // size) > calls:
                kind.pop()
                self._lanes.put_back(lane, job, job.priority)
                break
        spread = min(calls - len(alone), len(sharing))
        return [[job] for job in alone] + [sharing[first::spread] for first in range(spread)]

    def _stands(self, job: Job) -> bool:
        """Whether a job is still wanted. What cannot be told is decided anew, by whoever answers for it."""
        try:
            return job.stands()
        except Exception as error:  # noqa: BLE001 - one caller's fault must not stop the service for all others
            kind, at = type_name(error), safe_traceback(error)
            log.warning("cannot tell what stands", service=self._wire.service, error=kind, at=at)
            return False

    def _overtaken(self, job: Job) -> None:
        self._lanes.release(job.lane)
        self._go_on(job, resume(job.steps, Overtaken(self._about(job))))

    def _send(self, jobs: list[Job], held: Held) -> None:
        for job in jobs:
            job.attempts += 1
        self._calls += 1
        tell = self.actor_ref.tell
        self._around.senders.run(
            partial(perform, self._wire, jobs, held.grant),
            lambda outcome: tell(_Answered(jobs=jobs, held=held, outcome=outcome)),
        )

    # Back

    def _answered(self, message: _Answered) -> None:
        self._calls -= 1
        if isinstance(message.outcome, BaseException):
            self._not_performed(message.jobs, message.outcome)
            return
        results = [settled.result for settled in message.outcome]
        self._counters.note(results)
        was_up = self._health.is_up
        retry_in = self._health.judge(message.jobs, results, self._around.clock.monotonic())
        if was_up and not self._health.is_up:
            for job in self._lanes.withdraw(lambda waiting: not waiting.request.repeatable):
                self._give_back(job)
        if retry_in is not None:
            self._tell_later(retry_in, _ServiceMayAnswer(retry_at=self._health.circuit.retry_at))
        for job, settled in zip(message.jobs, message.outcome, strict=True):
            self._settle(job, settled, message.held)

    def _settle(self, job: Job, settled: Settled, held: Held) -> None:
        result, progress = settled.result, settled.progress
        self._lanes.done(job.lane, throttled=isinstance(result, Throttled))
        job.request_id = result.about.request_id or job.request_id
        if isinstance(result, NotAuthenticated):
            progress = self._after_refused_grant(job, result, held)
        elif isinstance(result, (Reply, Refused)):
            self._grants.accepted(held)
        elif progress is None:
            progress = self._after_transient(job, result)
        if progress is not None:
            self._go_on(job, progress)

    def _go_on(self, job: Job, progress: Progress) -> None:
        if isinstance(progress, Request):
            job.next(progress)
            self._wait(job, first=True)
        else:
            del self._open[job]
            self._report(progress)
            self._tell(job.reply, _outcome(progress, job))

    def _after_refused_grant(self, job: Job, problem: NotAuthenticated, held: Held) -> Progress | None:
        """Have the request repeated with another grant; a request that no good one helps has the problem."""
        job.refused_grants += held.is_proven
        if job.refused_grants >= GRANTS_TO_TRY:
            return resume(job.steps, problem)
        self._grants.refused(held, problem)
        self._lanes.put(job.lane, job, job.priority, first=True)
        return None

    def _after_transient(self, job: Job, problem: Problem) -> Progress | None:
        """Have the request repeated when it is time; after enough tries the operation has the problem."""
        if not self._health.is_up:
            # The request waits for the circuit, behind the others, so that it is not always the same one that
            # tries; that the service is down is not held against it.
            job.attempts = 0
            self._wait(job)
            return None
        policy = policy_for(problem)
        if policy is None or policy.gives_up(job.attempts):
            return resume(job.steps, problem)
        self._counters.retries += 1
        delay = policy.delay(job.attempts, self._around.random, asked=asked_wait(problem))
        until = self._around.clock.monotonic() + delay
        if isinstance(problem, Throttled) and self._lanes.pause(job.lane, until):
            self._tell_later(delay, _LaneMayResume(lane=job.lane, until=until))
        self._tell_later(delay, _TryAgain(job=job))
        return None

    def _not_performed(self, jobs: Sequence[Job], error: BaseException) -> None:
        """The senders did not do their part: they are stopping, or the client is at fault."""
        for job in jobs:
            self._lanes.done(job.lane)
            about = self._about(job)
            if isinstance(error, SendersClosedError):
                self._go_on(job, Abandoned(about))
            else:
                defect = Defect(about, kind=type_name(error), at=tuple(safe_traceback(error)))
                self._go_on(job, defect)

    def _abandon(self) -> None:
        """Nobody is left to wait for an answer that will not come."""
        jobs, self._open = self._open, {}
        for job in jobs:
            self._tell(job.reply, Failed(problem=Abandoned(self._about(job))))

    def _report(self, progress: Progress) -> None:
        """Say where the client itself is at fault, loudly the first time that it is so there."""
        if not isinstance(progress, Defect):
            return
        say = log.debug if progress.at in self._reported else log.error
        self._reported.add(progress.at)
        about = progress.about
        where = {"service": about.service, "method": about.method, "route": about.path, "at": progress.at}
        say("the client is at fault", **where, error=progress.kind, remedy=progress.remedy)

    def _about(self, job: Job) -> About:
        return About(service=self._wire.service, method=job.request.method, path=job.request.template)

    def _tell(self, reply: Callable[[Outcome], None], outcome: Outcome) -> None:
        service = self._wire.service
        try:
            reply(outcome)
        except ActorDeadError:
            log.debug("answer came after its actor had stopped", service=service)
        except Exception as error:  # noqa: BLE001 - one caller's fault must not stop the service for all others
            log.warning("reply failed", service=service, error=type_name(error), at=safe_traceback(error))

    def _tell_later(self, seconds: float, message: object) -> None:
        tell = self.actor_ref.tell
        self._around.timers.after(seconds, lambda: tell(message))

    def _snapshot(self) -> Snapshot:
        problem = self._grants.problem
        in_flight, waiting = self._lanes.in_flight, self._lanes.waiting
        return Snapshot(
            service=self._wire.service,
            state=state_of(self._health.circuit, problem),
            code="" if problem is None else problem.product_code,
            remedy="" if problem is None else problem.remedy,
            circuit=self._health.circuit.state,
            requests=dict(self._counters.requests),
            retries=self._counters.retries,
            throttled=self._counters.throttled,
            bundles=self._counters.bundles,
            requests_in_flight=in_flight,
            waiting=waiting,
            delayed=len(self._open) - in_flight - waiting,
            paused_lanes=self._lanes.paused,
        )


def _outcome(progress: Progress, job: Job | None = None) -> Outcome:
    """The outcome of an operation that does not go on."""
    request_id = "" if job is None else job.request_id
    if isinstance(progress, Finished):
        return Done(value=progress.value, request_id=request_id)
    if isinstance(progress, Problem):
        return Failed(problem=progress, request_id=request_id)
    raise TypeError("an operation that goes on has no outcome")

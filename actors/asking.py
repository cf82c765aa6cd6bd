"""Both services, as a command asks them: operation by operation, on a thread that waits for the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import contextmanager, suppress
from typing import Any, Final, Generic, TypeVar

from pykka import ActorRef

from actors.assembly import open_transport, outside_of
from actors.clients.errors import Problem
from actors.clients.gateway import TakeSnapshot
from actors.clients.grants import Surroundings
from actors.clients.graph.gateway import GraphGateway
from actors.clients.graph.operations import GraphOperation
from actors.clients.metrics import ServiceState
from actors.clients.scheduler.gateway import SchedulerGateway
from actors.clients.scheduler.operations import SchedulerOperation
from actors.clients.steps import Done, Outcome, Submit
from actors.gateways import Outside, graph_arguments, scheduler_arguments
from actors.runtime.system import Runtime
from models.settings.sections import Settings

T = TypeVar("T")

ANSWER_SECONDS: Final = 120.0
"""How long an answer is waited for, repetitions included."""
LOOK_SECONDS: Final = 1.0
"""How often it is looked meanwhile whether waiting is of any use."""
SNAPSHOT_SECONDS: Final = 30.0
REMEDY: Final = "see whether the service runs and whether this machine reaches it"
"""Where nobody knows a better one."""


class NotAnswered(Exception):  # noqa: N818 - named for what happened
    """A service refused, or gave no answer in time. The text says which, and what to do."""

    def __init__(
        self, said: str, *, code: str = "", remedy: str = "", problem: Problem | None = None
    ) -> None:
        """`problem` is what was answered, if anything was."""
        self.said, self.code, self.remedy, self.problem = said, code, remedy, problem
        super().__init__(f"{f'[{code}] ' if code else ''}{said}{f'; {remedy}' if remedy else ''}")

    @classmethod
    def because_of(cls, problem: Problem) -> NotAnswered:
        """A service has answered with a problem."""
        said = f"{type(problem).__name__}: {problem.about}"
        return cls(said, code=problem.product_code, remedy=problem.remedy or REMEDY, problem=problem)


class Answer(Generic[T]):
    """What was asked; others may be asked meanwhile."""

    def __init__(self, wait: Callable[[], Outcome]) -> None:
        self._wait = wait

    def get(self) -> T:
        """The answer. Raises `NotAnswered`."""
        outcome = self._wait()
        if isinstance(outcome, Done):
            value: T = outcome.value
            return value
        raise NotAnswered.because_of(outcome.problem)


class Asking:
    """Puts operations before the gateways, which keep to every limit of their services."""

    def __init__(
        self, graph: ActorRef[Any], board: ActorRef[Any], *, patience: float = ANSWER_SECONDS
    ) -> None:
        """`patience`: how many seconds an answer is waited for; one that cannot come is not."""
        self._graph, self._board = _Service(graph, patience), _Service(board, patience)

    def graph(self, operation: GraphOperation[T]) -> Answer[T]:
        """Ask Graph."""
        return self._graph.ask(operation)

    def board(self, operation: SchedulerOperation[T]) -> Answer[T]:
        """Ask Dime.Scheduler."""
        return self._board.ask(operation)


class _Service:
    """One of the two, and whether it was waited for in vain."""

    def __init__(self, gateway: ActorRef[Any], patience: float) -> None:
        self._gateway, self._patience = gateway, patience
        self._was_silent = False

    def ask(self, operation: Any) -> Answer[Any]:  # noqa: ANN401 - of either service
        future: Future[Outcome] = Future()
        self._gateway.tell(Submit(operation=operation, reply=future.set_result))
        return Answer(lambda: self._outcome(future))

    def _outcome(self, future: Future[Outcome]) -> Outcome:
        """The outcome, as soon as there is one. A service that is down is waited for once."""
        waited = 0.0
        while not future.done():
            snapshot: Any = self._gateway.ask(TakeSnapshot(), timeout=SNAPSHOT_SECONDS)
            is_well = snapshot.state is ServiceState.OK
            is_refused = snapshot.state is ServiceState.NOT_AUTHENTICATED
            if waited >= self._patience or is_refused or (self._was_silent and not is_well):
                self._was_silent = not is_well
                said = f"no answer within {waited:.0f} s" if waited else "no answer is to be expected"
                raise NotAnswered(said, code=snapshot.code, remedy=snapshot.remedy or REMEDY)
            with suppress(TookTooLong):
                future.result(LOOK_SECONDS)
            waited += LOOK_SECONDS
        return future.result()


@contextmanager
def asking(settings: Settings) -> Iterator[Asking]:
    """Both services for the time of the block."""
    runtime, transport = Runtime.production(), open_transport(settings)
    runtime.start()
    try:
        with services_of(settings, outside_of(settings, transport), runtime) as services:
            yield services
    finally:
        runtime.stop(1.0)
        transport.close()


@contextmanager
def services_of(
    settings: Settings, outside: Outside, runtime: Runtime, *, patience: float = ANSWER_SECONDS
) -> Iterator[Asking]:
    """Both services for the time of the block, in a runtime that has started."""
    around = Surroundings(
        clock=runtime.clock, timers=runtime.timers, random=runtime.random, senders=runtime.senders
    )
    place = runtime.pinned["gateway"]
    graph = GraphGateway.start(dispatcher=place, **graph_arguments(settings, outside, around))
    board = SchedulerGateway.start(dispatcher=place, **scheduler_arguments(settings, outside, around))
    try:
        yield Asking(graph, board, patience=patience)
    finally:
        graph.stop(block=False)
        board.stop(block=False)

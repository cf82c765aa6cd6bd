"""Both services, as a command asks them: operation by operation, on a thread that waits for the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

from pykka import ActorRef

from actors.assembly import open_transport, outside_of
from actors.clients.errors import Problem
from actors.clients.gateway import TakeSnapshot
from actors.clients.grants import Surroundings
from actors.clients.graph.gateway import GraphGateway
from actors.clients.graph.operations import GraphOperation
from actors.clients.scheduler.gateway import SchedulerGateway
from actors.clients.scheduler.operations import SchedulerOperation
from actors.clients.steps import Done, Outcome, Submit
from actors.gateways import graph_arguments, scheduler_arguments
from actors.runtime.system import Runtime
from models.settings.sections import Settings

T = TypeVar("T")

ANSWER_SECONDS: Final = 120.0
"""How long an answer is waited for, repetitions included."""


class NotAnswered(Exception):  # noqa: N818 - named for what happened
    """A service refused, or gave no answer in time. The text says which, and what to do."""


class Answer(Generic[T]):
    """What was asked; others may be asked meanwhile."""

    def __init__(self, future: Future[Outcome], complain: Callable[[], str]) -> None:
        self._future, self._complain = future, complain

    def get(self) -> T:
        """The answer. Raises `NotAnswered`."""
        try:
            outcome = self._future.result(ANSWER_SECONDS)
        except TookTooLong:
            raise NotAnswered(self._complain()) from None
        if isinstance(outcome, Done):
            value: T = outcome.value
            return value
        raise NotAnswered(_told(outcome.problem))


class Asking:
    """Puts operations before the gateways, which keep to every limit of their services."""

    def __init__(self, graph: ActorRef[Any], board: ActorRef[Any]) -> None:
        self._graph, self._board = graph, board

    def graph(self, operation: GraphOperation[T]) -> Answer[T]:
        """Ask Graph."""
        return self._ask(self._graph, operation)

    def board(self, operation: SchedulerOperation[T]) -> Answer[T]:
        """Ask Dime.Scheduler."""
        return self._ask(self._board, operation)

    def _ask(self, gateway: ActorRef[Any], operation: Any) -> Answer[Any]:  # noqa: ANN401 - of either service
        future: Future[Outcome] = Future()
        gateway.tell(Submit(operation=operation, reply=future.set_result))
        return Answer(future, lambda: _silence(gateway))


@contextmanager
def asking(settings: Settings) -> Iterator[Asking]:
    """Both services for the time of the block."""
    runtime, transport = Runtime.production(), open_transport(settings)
    outside = outside_of(settings, transport)
    around = Surroundings(
        clock=runtime.clock, timers=runtime.timers, random=runtime.random, senders=runtime.senders
    )
    place = runtime.pinned["gateway"]
    runtime.start()
    graph = GraphGateway.start(dispatcher=place, **graph_arguments(settings, outside, around))
    board = SchedulerGateway.start(dispatcher=place, **scheduler_arguments(settings, outside, around))
    try:
        yield Asking(graph, board)
    finally:
        graph.stop(block=False)
        board.stop(block=False)
        runtime.stop(1.0)
        transport.close()


def _told(problem: Problem) -> str:
    code = f"[{problem.product_code}] " if problem.product_code else ""
    remedy = problem.remedy or "see whether the service runs and whether this machine reaches it"
    return f"{code}{problem}; {remedy}"


def _silence(gateway: ActorRef[Any]) -> str:
    snapshot: Any = gateway.ask(TakeSnapshot(), timeout=ANSWER_SECONDS)
    code = f"[{snapshot.code}] " if snapshot.code else ""
    remedy = snapshot.remedy or "see whether the service runs and whether this machine reaches it"
    return f"{code}no answer within {ANSWER_SECONDS:.0f} s; {remedy}"

"""Commands that ask the services directly: what they say of one that gives no answer, and how soon (D7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pykka import ActorRef

from actors.asking import Asking, NotAnswered
from actors.clients.errors import About, Unavailable
from actors.clients.gateway import TakeSnapshot
from actors.clients.graph.directory import FindUser
from actors.clients.metrics import ServiceState
from actors.runtime.system import Runtime
from tests.web_kit import Gateway

LONG = 60.0
WHO = FindUser(email="anna@contoso.test")


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    runtime = Runtime.production()
    runtime.start()
    yield runtime
    runtime.stop(1.0)


def gateway(runtime: Runtime, answers: Callable[[object], object] | None = None) -> ActorRef[Gateway]:
    return Gateway.start("graph", answers, dispatcher=runtime.pinned["gateway"])


def told(asking: Asking) -> str:
    with pytest.raises(NotAnswered) as refused:
        asking.graph(WHO).get()
    return str(refused.value)


def test_a_problem_is_told_with_its_code_once_and_with_a_remedy(runtime: Runtime) -> None:
    graph = gateway(runtime, lambda operation: Unavailable(About(service="graph", status=503)))
    said = told(Asking(graph, graph))
    assert said.count("[DSEX040]") == 1
    assert "Unavailable" in said
    assert said.endswith("; see whether the service runs and whether this machine reaches it")


def test_d7_refused_credentials_are_told_at_once_and_not_waited_for(runtime: Runtime) -> None:
    graph = gateway(runtime)
    remedy = "make a new client secret"
    snapshot = replace(
        graph.ask(TakeSnapshot()), state=ServiceState.NOT_AUTHENTICATED, code="DSEX001", remedy=remedy
    )
    graph.tell(snapshot)
    began = time.monotonic()
    said = told(Asking(graph, graph, patience=LONG))
    assert time.monotonic() - began < LONG / 2
    assert said.startswith("[DSEX001]")
    assert said.endswith(remedy)


def test_a_service_that_is_down_is_waited_for_once_and_not_for_every_question(runtime: Runtime) -> None:
    graph = gateway(runtime)
    graph.tell(replace(graph.ask(TakeSnapshot()), state=ServiceState.UNAVAILABLE))
    asking = Asking(graph, graph, patience=2.0)
    began = time.monotonic()
    assert told(asking).startswith("no answer within 2 s; ")
    assert time.monotonic() - began >= 2.0
    began = time.monotonic()
    for _ in range(100):
        assert told(asking).startswith("no answer is to be expected; ")
    assert time.monotonic() - began < 100.0

"""Trying, once, everything that a run stands on. Reads, and writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pykka import ActorRef

from actors.clients.errors import AccessDenied, MailboxMissing, Problem
from actors.clients.gateway import TakeSnapshot
from actors.clients.grants import Surroundings
from actors.clients.graph.directory import DirectoryUser, FindUser
from actors.clients.graph.gateway import GraphGateway
from actors.clients.graph.operations import ReadWindow
from actors.clients.scheduler.gateway import SchedulerGateway
from actors.clients.scheduler.operations import ListResources
from actors.clients.steps import Done, Failed, Operation, Outcome, Submit
from actors.gateways import Outside, graph_arguments, scheduler_arguments
from actors.runtime.system import Runtime
from models.ids import MailboxId
from models.judging import Judge
from models.preferences import Preferences
from models.resource import Resource
from models.settings.sections import Settings
from models.when import Window

ANSWER_SECONDS: Final = 20.0
"""How long an answer is waited for, repetitions included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried."""

    subject: str
    is_good: bool
    said: str
    code: str = ""
    remedy: str = ""


class Checkup:
    """Tries things in the order in which they depend on each other."""

    def __init__(self, settings: Settings, outside: Outside, runtime: Runtime) -> None:
        """`runtime` has to run."""
        self._settings, self._outside, self._runtime = settings, outside, runtime

    def findings(self) -> Iterator[Finding]:
        """Everything that was found, as it is found."""
        around = Surroundings(
            clock=self._runtime.clock,
            timers=self._runtime.timers,
            random=self._runtime.random,
            senders=self._runtime.senders,
        )
        place = self._runtime.pinned["gateway"]
        graph = GraphGateway.start(dispatcher=place, **graph_arguments(self._settings, self._outside, around))
        board = SchedulerGateway.start(
            dispatcher=place, **scheduler_arguments(self._settings, self._outside, around)
        )
        try:
            resources, finding = self._read_resources(board)
            yield finding
            signed_in = self._sign_in()
            yield signed_in
            for resource in resources:
                if signed_in.is_good or not resource.exchange_enabled:
                    yield self._mailbox(resource, graph)
        finally:
            graph.stop(block=False)
            board.stop(block=False)

    def _read_resources(self, board: ActorRef[Any]) -> tuple[tuple[Resource, ...], Finding]:
        subject = f"Dime.Scheduler at {self._settings.scheduler.url}"
        outcome = self._perform(board, ListResources())
        if not isinstance(outcome, Done):
            return (), self._bad(subject, outcome, board)
        resources: tuple[Resource, ...] = outcome.value
        synchronised = sum(resource.exchange_enabled for resource in resources)
        said = f"it answers, and lists {len(resources)} resources, {synchronised} of them to synchronise"
        return resources, Finding(subject=subject, is_good=True, said=said)

    def _sign_in(self) -> Finding:
        subject = f"sign-in at {self._settings.microsoft365.authority}"
        try:
            self._outside.credentials.acquire()
        except Problem as problem:
            return _problem(subject, problem)
        return Finding(subject=subject, is_good=True, said="the application's credentials are accepted")

    def _mailbox(self, resource: Resource, graph: ActorRef[Any]) -> Finding:
        subject = f"resource {resource.resource_no}"
        if not resource.exchange_enabled:
            return Finding(subject=subject, is_good=True, said="is not to synchronise")
        if not resource.email:
            said, remedy = "has no e-mail address", "give it one on the board"
            return Finding(subject=subject, is_good=False, said=said, remedy=remedy)
        outcome = self._perform(graph, FindUser(email=resource.email))
        if not isinstance(outcome, Done):
            return self._bad(subject, outcome, graph)
        user: DirectoryUser | None = outcome.value
        if user is None:
            return Finding(
                subject=subject,
                is_good=False,
                said=f"nobody in the directory has the address {resource.email}",
                code="DSEX012",
                remedy="correct the resource's e-mail on the board, or give that person a mailbox",
            )
        return self._calendar(subject, resource, user.id, graph)

    def _calendar(
        self, subject: str, resource: Resource, mailbox: MailboxId, graph: ActorRef[Any]
    ) -> Finding:
        """Whether the application may read the calendar; of what it holds nothing is looked at."""
        now = self._runtime.clock.now()
        operation = ReadWindow(
            mailbox=mailbox,
            window=Window(start=now, end=now + timedelta(minutes=1)),
            judge=Judge(preferences=Preferences(share=False)),
        )
        outcome = self._perform(graph, operation)
        if isinstance(outcome, Done):
            return Finding(subject=subject, is_good=True, said=f"the calendar of {resource.email} opens")
        if isinstance(outcome, Failed) and isinstance(outcome.problem, (AccessDenied, MailboxMissing)):
            return _problem(f"{subject}, mailbox {resource.email}", outcome.problem)
        return self._bad(subject, outcome, graph)

    def _perform(self, gateway: ActorRef[Any], operation: Operation[Any]) -> Outcome | None:
        """The outcome of an operation; None if there was none in time."""
        answered, outcomes = threading.Event(), list[Outcome]()

        def reply(outcome: Outcome) -> None:
            outcomes.append(outcome)
            answered.set()

        gateway.tell(Submit(operation=operation, reply=reply))
        answered.wait(ANSWER_SECONDS)
        return outcomes[0] if outcomes else None

    def _bad(self, subject: str, outcome: Outcome | None, gateway: ActorRef[Any]) -> Finding:
        if isinstance(outcome, Failed):
            return _problem(subject, outcome.problem)
        snapshot: Any = gateway.ask(TakeSnapshot(), timeout=ANSWER_SECONDS)
        return Finding(
            subject=subject,
            is_good=False,
            said=f"no answer within {ANSWER_SECONDS:.0f} s",
            code=snapshot.code,
            remedy=snapshot.remedy or "see whether the service runs and whether this machine reaches it",
        )


def _problem(subject: str, problem: Problem) -> Finding:
    return Finding(
        subject=subject,
        is_good=False,
        said=f"{type(problem).__name__} ({problem.about})",
        code=problem.product_code,
        remedy=problem.remedy or "see whether the service runs and whether this machine reaches it",
    )

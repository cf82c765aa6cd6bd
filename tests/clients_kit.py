"""What the tests of the clients share: services that answer as a test says, and gateways over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pykka import ActorDeadError, ActorRef

from actors.clients.access import Grant
from actors.clients.errors import About, Problem
from actors.clients.gateway import TakeSnapshot
from actors.clients.grants import Surroundings
from actors.clients.graph.gateway import GraphGateway
from actors.clients.graph.wire import GraphWire
from actors.clients.jobs import Wire
from actors.clients.metrics import Snapshot
from actors.clients.scheduler.dialect import Dialect
from actors.clients.scheduler.gateway import SchedulerGateway
from actors.clients.steps import (
    Done,
    Failed,
    Operation,
    Outcome,
    Priority,
    Request,
    Steps,
    Submit,
    always,
    begin,
    resume,
)
from actors.clients.transport import Answer, Call, Headers, RequestsTransport
from actors.runtime.dispatcher import ManualDispatcher
from actors.runtime.senders import Senders
from actors.runtime.system import Runtime
from models.content import Importance, Sensitivity, ShowAs
from models.ids import EventId, MailboxId
from models.judging import Judge
from models.preferences import Preferences
from models.when import Timed, window_around
from models.writes import EventDraft

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GRAPH = "https://graph.test/v1.0"
BOARD = "https://board.test"
ANNA, BRAM = MailboxId("anna"), MailboxId("bram")
WINDOW = window_around(MONDAY, past_days=14, future_days=60)
DIALECT = Dialect(zone=ZoneInfo("Europe/Brussels"), source_app="EXCHANGE", source_type="OUTLOOK")

EVERYTHING = Judge(preferences=Preferences(show_as=frozenset(ShowAs), sensitivity=frozenset(Sensitivity)))
BUSY_AND_NORMAL = Judge(preferences=Preferences())

Rule = Callable[["Seen"], Answer | Exception]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as a service saw it, alone or inside a batch."""

    method: str
    path: str
    headers: Headers
    body: Any
    at: float
    call: int
    """Which call carried it."""

    @property
    def mailbox(self) -> str:
        """The user it is about."""
        return self.path.split("/")[2].partition("?")[0] if self.path.startswith("/users/") else ""


def answer(status: int, body: object = None, **headers: str) -> Answer:
    """An answer with a JSON body; underscores in header names stand for hyphens."""
    content = b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=Headers(named), body=content)


def refusal(status: int, code: str, **headers: str) -> Answer:
    """An error as Graph words it."""
    return answer(status, {"error": {"code": code, "message": "said in many words"}}, **headers)


def event_json(id_: str = "E1", **members: Any) -> dict[str, Any]:
    """A complete event, ordinary unless told otherwise."""
    return {
        "@odata.etag": 'W/"1"',
        "id": id_,
        "type": "singleInstance",
        "subject": "Dentist",
        "body": {"contentType": "html", "content": "<p>floor 3</p>"},
        "start": {"dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-24T10:00:00.0000000", "timeZone": "UTC"},
        "showAs": "busy",
        "sensitivity": "normal",
        "importance": "normal",
        "isAllDay": False,
        "location": {"displayName": "Clinic"},
        "categories": ["Health"],
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
    } | members


def draft(subject: str = "Install boiler", *, link_value: str = "g/R") -> EventDraft:
    """A board-born event to be created."""
    start = MONDAY + timedelta(days=1)
    return EventDraft(
        subject=subject,
        body_html="<p>bring the ladder</p>",
        when=Timed(start=start, end=start + timedelta(hours=1)),
        importance=Importance.NORMAL,
        categories=(),
        show_as=ShowAs.BUSY,
        transaction_id="5b0c2a36-6f0e-5a51-9a3c-0f6a5b9d7e21",
        link_value=link_value,
    )


class ScriptedService:
    """A transport whose service answers by a rule. A `$batch` is taken apart, so that rules see requests."""

    def __init__(self, rule: Rule, *, base: str = GRAPH, now: Callable[[], float] = lambda: 0.0) -> None:
        self.rule = rule
        self.base = base
        self.seen: list[Seen] = []
        self.calls: list[Call] = []
        self._now = now

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        path = unquote(call.url.removeprefix(self.base))
        body: Any = json.loads(call.body) if call.body else None
        if path != "/$batch":
            return _raised_or_returned(self._ask(call.method, path, call.headers, body))
        responses = []
        for inner in body["requests"]:
            headers = {**inner.get("headers", {}), "Authorization": call.headers["Authorization"]}
            given = _raised_or_returned(
                self._ask(inner["method"], unquote(inner["url"]), headers, inner.get("body"))
            )
            content = json.loads(given.body) if given.body else None
            responses.append(
                {"id": inner["id"], "status": given.status, "headers": dict(given.headers), "body": content}
            )
        return answer(200, {"responses": responses[::-1]})  # in any order (facts §5.3)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: object) -> Answer | Exception:
        seen = Seen(
            method=method,
            path=path,
            headers=Headers(headers),
            body=body,
            at=self._now(),
            call=len(self.calls),
        )
        self.seen.append(seen)
        return self.rule(seen)


class HeldSenders:
    """Senders that perform nothing until a test says so: what is under way stays under way."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: list[Callable[[], None]] = []
        self.most = 0
        self.too_late = 0
        """Reports that came after the gateway had stopped."""

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def under_way(self) -> int:
        """How many pieces of work wait to be performed."""
        return len(self._held)

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def perform() -> None:
            try:
                outcome: object = work()
            except Exception as error:  # noqa: BLE001 - senders report whatever it was
                outcome = error
            try:
                done(outcome)
            except ActorDeadError:
                self.too_late += 1

        self._held.append(perform)
        self.most = max(self.most, len(self._held))

    def finish(self, count: int = 1) -> None:
        """Perform the oldest pieces of work."""
        for _ in range(count):
            self._held.pop(0)()


@dataclass
class ScriptedCredentials:
    """Grants, and refusals to grant, in the order a test gives them; the last one for ever."""

    outcomes: list[Grant | Problem] = field(default_factory=lambda: [Grant(secret="token-1")])
    asked: int = 0

    def acquire(self) -> Grant:
        outcome = self.outcomes[min(self.asked, len(self.outcomes) - 1)]
        self.asked += 1
        if isinstance(outcome, Problem):
            raise outcome
        return outcome


class Rig:
    """A gateway on a virtual clock over a scripted service."""

    def __init__(self, rule: Rule, *, seed: int = 1, senders: Senders | None = None) -> None:
        self.runtime = Runtime.simulated(seed, MONDAY)
        self.senders = senders or self.runtime.senders
        self.service = ScriptedService(rule, now=self.runtime.clock.monotonic)
        self.credentials = ScriptedCredentials()
        self.around = Surroundings(
            clock=self.runtime.clock,
            timers=self.runtime.timers,
            senders=self.senders,
            random=self.runtime.random,
        )
        self.gateway: ActorRef[Any] | None = None

    @property
    def dispatcher(self) -> ManualDispatcher:
        return self.runtime.resources

    def graph(self, **options: Any) -> Rig:
        """Stand a Graph gateway on it."""
        self.gateway = GraphGateway.start(
            transport=self.service,
            credentials=self.credentials,
            graph_url=GRAPH,
            surroundings=self.around,
            dispatcher=self.dispatcher,
            **options,
        )
        return self

    def board(self, **options: Any) -> Rig:
        """Stand a Dime.Scheduler gateway on it."""
        self.service.base = BOARD
        self.gateway = SchedulerGateway.start(
            transport=self.service,
            api_key="key",
            scheduler_url=BOARD,
            dialect=DIALECT,
            surroundings=self.around,
            dispatcher=self.dispatcher,
            **options,
        )
        return self

    def submit(
        self,
        operation: Operation[Any],
        priority: Priority = Priority.CATCH_UP,
        stands: Callable[[], bool] = always,
    ) -> list[Outcome]:
        """Submit an operation; its outcome will be in the list that is returned."""
        assert self.gateway is not None
        outcomes: list[Outcome] = []
        reply = outcomes.append
        self.gateway.tell(Submit(operation=operation, reply=reply, priority=priority, stands=stands))
        return outcomes

    def do(self, operation: Operation[Any], *, within: float = 0.0) -> Outcome:
        """Submit an operation and let time pass until it is over."""
        outcomes = self.submit(operation)
        self.pass_time(within)
        assert len(outcomes) == 1, "the operation has no outcome yet"
        return outcomes[0]

    def settle(self) -> None:
        """Let everything happen that happens now."""
        self.runtime.settle()

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that happens within some seconds."""
        self.runtime.run_until(self.runtime.clock.now() + timedelta(seconds=seconds))

    def snapshot(self) -> Snapshot:
        """The gateway's own figures."""
        assert self.gateway is not None
        snapshot = self.gateway.ask(TakeSnapshot())
        assert isinstance(snapshot, Snapshot)
        return snapshot


def _raised_or_returned(result: Answer | Exception) -> Answer:
    if isinstance(result, Exception):
        raise result
    return result


def value_of(outcome: Outcome) -> Any:
    """The value of an outcome that has to have one."""
    assert isinstance(outcome, Done), outcome
    return outcome.value


def problem_of(outcome: Outcome) -> Problem:
    """The problem of an outcome that has to have one."""
    assert isinstance(outcome, Failed), outcome
    return outcome.problem


def drive(steps: Steps[Any], wire: Wire) -> Any:
    """Run an operation's steps over a wire, each request once; return its value or raise its problem."""
    progress = begin(steps, About(service=wire.service))
    while isinstance(progress, Request):
        result = wire.perform([progress], Grant(secret="the-token"))[0]
        progress = resume(steps, result)
    if isinstance(progress, Problem):
        raise progress
    return progress.value


def graph_wire() -> GraphWire:
    """Graph over `requests`, for requests-mock to answer."""
    return GraphWire(RequestsTransport(), graph_url=GRAPH)


def event_path(id_: str = "E1", user: str = "anna") -> str:
    """The path of an event."""
    return f"/users/{user}/events/{id_}"


def id_of(text: str) -> EventId:
    """An event's id."""
    return EventId(text)

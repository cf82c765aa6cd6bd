"""Calling the local Dime.Scheduler without sockets: a board with two people, work to plan, frozen time."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.clock import Clock
from tests.sandbox.scheduler.board import Board
from tests.sandbox.scheduler.quirks import Quirks
from tests.sandbox.scheduler.service import SchedulerService
from tests.sandbox.wire import Delivery, Request, Response

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
API_KEY = "the-key"
SOURCE = {"sourceApp": "BC", "sourceType": "JOB"}
WORK = {**SOURCE, "jobNo": "J1", "taskNo": "T1"}
TIMES = {"start": "2026-03-03T09:00", "end": "2026-03-03T10:00"}
GUID = "0b7a9c1e-1111-4222-8333-444455556666"


@dataclass(slots=True)
class Kit:
    """The board of one test and what it sent."""

    board: Board
    service: SchedulerService
    sent: list[Delivery]

    @classmethod
    def open(cls, **quirks: Any) -> Kit:
        """R1 (ann@contoso.test) and R2 (bert@contoso.test), job J1 with tasks T1 and T2, two categories."""
        clock = Clock()
        clock.set(START, frozen=True)
        sent: list[Delivery] = []
        board = Board(now=clock.now, random=random.Random(1), quirks=Quirks(**quirks))
        service = SchedulerService(
            board, api_key=API_KEY, now=clock.now, random=random.Random(2), send=sent.append
        )
        for number, name in (("R1", "ann"), ("R2", "bert")):
            board.resource_create(
                {"resourceNo": number, "displayName": name.title(), "email": f"{name}@contoso.test"}
            )
        records = board.records
        records["job"].upsert(
            {**SOURCE, "jobNo": "J1", "shortDescription": "A job", "customerName": "De Linde"}
        )
        for task in ("T1", "T2"):
            records["task"].upsert(
                {**WORK, "taskNo": task, "shortDescription": f"Task {task}", "freeBit1": True}
            )
        for name in ("SERVICE", "INSTALL"):
            records["category"].upsert({"name": name, "displayName": name.title(), "color": "#00ff00"})
        records["timeMarker"].upsert({"name": "IN PROCESS", "color": "#ff0000"})
        return cls(board=board, service=service, sent=sent)

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The bare answer; a body that is not bytes is sent as JSON."""
        path, _, query = path.partition("?")
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"x-api-key": API_KEY} if headers is None else dict(headers)
        return self.service.handle(
            Request(method=method, path=path, query=query, headers=given, body=content)
        )

    def get(self, path: str) -> Any:
        """A read that succeeds."""
        response = self.call("GET", path)
        assert response.status == 200, response.body
        return response.json()

    def write(self, method: str, path: str, body: Any) -> Inner:
        """What is inside the envelope of a write."""
        return inner(self.call(method, path, body))

    def run(self, procedure: str, **parameters: Any) -> Inner:
        """One row through /import, every value as a string as SDKs send it; None stays null."""
        return self.rows((procedure, parameters))

    def rows(self, *rows: tuple[str, Mapping[str, Any]]) -> Inner:
        """Several rows in one request."""
        return self.write(
            "POST",
            "/import",
            [
                {
                    "StoredProcedureName": procedure,
                    "ParameterNames": list(parameters),
                    "ParameterValues": [None if each is None else str(each) for each in parameters.values()],
                }
                for procedure, parameters in rows
            ],
        )

    def plan(self, **fields: Any) -> dict[str, Any]:
        """An appointment that a planner makes: T1, R1, one hour, unless `fields` say otherwise."""
        return self.board.planner_create({**WORK, **TIMES, "resources": ["R1"], **fields})

    def appointments(
        self, *resources: str, start: str = "2026-03-01", end: str = "2026-03-15"
    ) -> list[dict[str, Any]]:
        """What GET /appointment lists."""
        query = "".join(f"&resources={number}" for number in resources)
        found: list[dict[str, Any]] = self.get(f"/appointment?startDate={start}&endDate={end}{query}")
        return found

    def only(self) -> dict[str, Any]:
        """The one appointment that there is."""
        found = self.appointments()
        assert len(found) == 1, found
        return found[0]

    def published(self) -> list[tuple[str, dict[str, Any]]]:
        """URL and document of every delivery so far."""
        return [(each.url, json.loads(each.body)) for each in self.sent]


@dataclass(frozen=True, slots=True)
class Inner:
    """The inside of an envelope."""

    status: int
    content: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the write was carried out."""
        return self.status == 200 and self.content.get("Success") is True

    @property
    def problem(self) -> str:
        """What a failure says."""
        assert not self.ok, self.content
        return str(self.content["Description"])


def inner(response: Response) -> Inner:
    """Opens the envelope: HTTP 200 around a JSON string with a status of its own."""
    assert response.status == 200, response.body
    outer = response.json()
    assert set(outer) == {"content", "contentType", "statusCode"}
    return Inner(outer["statusCode"], json.loads(outer["content"]))


def numbers(appointment: Mapping[str, Any]) -> list[str]:
    """The resource numbers of an appointment as it is read."""
    return [each["resource"]["resourceNo"] for each in appointment["assignments"]]

"""A tenant and its calendar called in-process, for the tests of the sandbox's calendar."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.sandbox.graph.calendar_api import CalendarApi
from tests.sandbox.graph.call import Call, Prefer
from tests.sandbox.graph.errors import GraphError
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.graph.tenant import Change, Tenant, User

BASE = "https://graph.test/v1.0"
AMSTERDAM = "Europe/Amsterdam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, or a refusal, as a client would see it."""

    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The error code of a refusal."""
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        """The error message of a refusal."""
        return str(self.json["error"]["message"])

    @property
    def value(self) -> list[dict[str, Any]]:
        """The rows of a collection."""
        rows: list[dict[str, Any]] = self.json["value"]
        return rows


class Harness:
    """A tenant with Ann and Bob, a clock that tests move, and everything that listeners heard."""

    def __init__(self, quirks: Quirks | None = None, seed: int = 1) -> None:
        self.now = datetime(2026, 8, 1, 8, tzinfo=UTC)
        self.tenant = Tenant(now=lambda: self.now, random=random.Random(seed), quirks=quirks)
        self.api = CalendarApi(self.tenant)
        self.ann = self.tenant.add_user("Ann Able", "ann@contoso.test")
        self.bob = self.tenant.add_user("Bob Baker", "bob@contoso.test")
        self.changes: list[Change] = []
        self.tenant.listeners.append(self.changes.append)

    def advance(self, **time: float) -> None:
        """Moves the clock."""
        self.now += timedelta(**time)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        prefer: str = "",
        if_match: str | None = None,
        by_person: bool = False,
        user: User | None = None,
        **query: str,
    ) -> Reply:
        """One call on a user's mailbox; `path` is what follows /users/{id}/. Query options lose their `$`."""
        call = Call(
            method=method,
            segments=("users", (user or self.ann).id, *(unquote(part) for part in path.split("/"))),
            query={_option(name): [value] for name, value in query.items()},
            prefer=Prefer.parse(prefer),
            body=body,
            if_match=if_match,
            base_url=BASE,
            actor="user" if by_person else "app",
        )
        return self.send(call)

    def send(self, call: Call) -> Reply:
        """One call as it is."""
        try:
            response = self.api.handle(call)
        except GraphError as refusal:
            error = {"code": refusal.code, "message": refusal.message, **refusal.extra}
            return Reply(status=refusal.status, json={"error": error}, headers=refusal.headers)
        content = response.json() if response.body else None
        return Reply(status=response.status, json=content, headers=response.headers)

    def follow(self, link: str, *, prefer: str = "") -> Reply:
        """A GET on a nextLink or deltaLink."""
        parts = urlsplit(link)
        segments = tuple(unquote(part) for part in parts.path.removeprefix("/v1.0/").split("/"))
        return self.send(
            Call(
                method="GET",
                segments=segments,
                query=parse_qs(parts.query, keep_blank_values=True),
                prefer=Prefer.parse(prefer),
                base_url=BASE,
            )
        )

    def create(self, *, user: User | None = None, **members: Any) -> dict[str, Any]:
        """A new event: an hour on 4 August unless members say otherwise."""
        reply = self.call("POST", "events", event(**members), user=user)
        assert reply.status == 201, reply
        created: dict[str, Any] = reply.json
        return created

    def read(
        self, event_id: str, *, prefer: str = "", user: User | None = None, **query: Any
    ) -> dict[str, Any]:
        """An event by id."""
        reply = self.call("GET", f"events/{event_id}", prefer=prefer, user=user, **query)
        assert reply.status == 200, reply
        found: dict[str, Any] = reply.json
        return found

    def patch(self, event_id: str, *, user: User | None = None, **members: Any) -> Reply:
        """A PATCH."""
        return self.call("PATCH", f"events/{event_id}", members, user=user)

    def view(
        self, start: str, end: str, *, prefer: str = "", user: User | None = None, **query: Any
    ) -> list[dict[str, Any]]:
        """A calendar view, in one page."""
        query = {"startDateTime": start, "endDateTime": end, "top": "1000", **query}
        reply = self.call("GET", "calendarView", prefer=prefer, user=user, **query)
        assert reply.status == 200, reply
        return reply.value

    def round(
        self, link: str | None = None, *, prefer: str = "", start: str = "2026-08-01", end: str = "2026-09-01"
    ) -> tuple[list[dict[str, Any]], str]:
        """A whole delta round: its items and the new delta link."""
        if link is None:
            reply = self.call(
                "GET", "calendarView/delta", prefer=prefer, startDateTime=start, endDateTime=end
            )
        else:
            reply = self.follow(link, prefer=prefer)
        items: list[dict[str, Any]] = []
        while True:
            assert reply.status == 200, reply
            items.extend(reply.value)
            assert ("@odata.nextLink" in reply.json) != ("@odata.deltaLink" in reply.json)
            if "@odata.deltaLink" in reply.json:
                return items, str(reply.json["@odata.deltaLink"])
            reply = self.follow(reply.json["@odata.nextLink"], prefer=prefer)


def moment(text: str, zone: str | None = AMSTERDAM) -> dict[str, Any]:
    """A dateTimeTimeZone; without a zone, one that has none."""
    return {"dateTime": text} if zone is None else {"dateTime": text, "timeZone": zone}


def event(**members: Any) -> dict[str, Any]:
    """An event payload."""
    return {
        "subject": "Visit",
        "start": moment("2026-08-04T14:00:00"),
        "end": moment("2026-08-04T15:00:00"),
        **members,
    }


def series(pattern: dict[str, Any], scope: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """Members that make an event a series; it begins on 3 August unless the range says otherwise."""
    whole = {"type": "noEnd", "startDate": "2026-08-03", **(scope or {})}
    day = whole["startDate"]
    return {
        "start": moment(f"{day}T09:00:00"),
        "end": moment(f"{day}T09:30:00"),
        "recurrence": {"pattern": pattern, "range": whole},
        **members,
    }


def weekly(*days: str, **members: Any) -> dict[str, Any]:
    """A weekly series from 3 August (a Monday) to 5 October 2026."""
    pattern = {"type": "weekly", "interval": 1, "daysOfWeek": list(days or ("monday",))}
    return series(pattern, {"type": "endDate", "endDate": "2026-10-05"}, **members)


def _option(name: str) -> str:
    return name if name in ("startDateTime", "endDateTime") else f"${name}"

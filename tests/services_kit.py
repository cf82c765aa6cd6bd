"""The sandbox as a test handles it: people who plan and keep calendars, requests to count, trouble to make.

It runs in a thread of the test's process, so that a test may also reach into `sandbox.services` (through
`sandbox.call`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import requests

from tests.sandbox.__main__ import describe
from tests.sandbox.background import Background, background
from tests.sandbox.graph.tokens import SigningKey
from tests.sandbox.services import Services

T = TypeVar("T")
Json = dict[str, Any]

POLL_SECONDS = 0.02
WRITES = ("POST", "PATCH", "PUT", "DELETE")
READING_POSTS = ("/$batch", "/token")
"""What is posted and writes nothing by itself; requests inside a batch are in the log one by one."""

_pause = time.sleep
"""Between two looks at a condition."""


def wait_until(condition: Callable[[], T], timeout: float = 15.0, why: str = "") -> T:
    """Look again and again until `condition` is truthy, and return what it was.

    An assertion that fails inside the condition counts as "not yet", and is what fails in the end.
    """
    deadline = time.monotonic() + timeout
    failure: AssertionError | None = None
    while True:
        try:
            found = condition()
            failure = None
        except AssertionError as error:
            failure = error
        else:
            if found:
                return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {why or 'the condition'}") from failure
        _pause(POLL_SECONDS)


def holds_for(seconds: float, condition: Callable[[], object], why: str = "") -> None:
    """See that something goes on being true: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), why or "it was true, and is no more"
        _pause(POLL_SECONDS)


def hours_from_now(hours: float) -> datetime:
    """A whole minute some hours from now, in UTC."""
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(second=0, microsecond=0)


@dataclass(slots=True)
class Requested:
    """One request that a service got."""

    number: int
    service: str
    method: str
    path: str
    status: int
    mailbox: str | None
    body: Any
    batch: int | None

    @property
    def is_write(self) -> bool:
        """Whether it changes, or tries to change, something that people see; a subscription is not that."""
        path = self.path.partition("?")[0]
        if path.endswith(READING_POSTS) or "/subscriptions" in path or "webhook" in path.lower():
            return False
        return self.method in WRITES and self.service != "authority"

    @property
    def rows(self) -> int:
        """How many items it writes: an import of the board carries several."""
        return len(self.body) if isinstance(self.body, list) else 1


class Control:
    """JSON calls to the sandbox's control interface."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON; None for none. Raises AssertionError for a refusal."""
        answer = self.session.request(method, self.url + path, json=body, timeout=30)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def close(self) -> None:
        """End the connection."""
        self.session.close()


@dataclass(frozen=True, slots=True)
class PlanningBoard:
    """A planner on the board."""

    control: Control

    def create(self, **fields: Any) -> Json:
        """Plan an appointment: `subject`, `start`, `end` (wall clock), `resourceNo` or `resources`, …"""
        created: Json = self.control("POST", "/board/appointments", fields)
        return created

    def change(self, key: str, **fields: Any) -> Json:
        """Change an appointment, named by guid, number or id. `resources` replaces all assignments."""
        changed: Json = self.control("PATCH", f"/board/appointments/{_path(key)}", fields)
        return changed

    def delete(self, key: str) -> None:
        """Delete an appointment."""
        self.control("DELETE", f"/board/appointments/{_path(key)}")

    def get(self, key: str) -> Json:
        """One appointment."""
        found: Json = self.control("GET", f"/board/appointments/{_path(key)}")
        return found

    def appointments(self) -> list[Json]:
        """Every appointment."""
        listed: list[Json] = self.control("GET", "/board/appointments")
        return listed

    def having(self, **fields: Any) -> list[Json]:
        """The appointments with these values."""
        return _having(self.appointments(), fields)

    def resources(self) -> list[Json]:
        """Every resource."""
        listed: list[Json] = self.control("GET", "/board/resources")
        return listed

    def add_resource(self, resource_no: str, **fields: Any) -> Json:
        """A new resource."""
        created: Json = self.control("POST", "/board/resources", {"resourceNo": resource_no, **fields})
        return created

    def change_resource(self, resource_no: str, **fields: Any) -> Json:
        """Change a resource: its `email`, its `exchangeIntegrationEnabled`, …"""
        changed: Json = self.control("PATCH", f"/board/resources/{_path(resource_no)}", fields)
        return changed


@dataclass(frozen=True, slots=True)
class Calendar:
    """A person at her own calendar in Outlook."""

    control: Control
    address: str

    @property
    def _url(self) -> str:
        return f"/mailboxes/{_path(self.address)}"

    def create(self, **fields: Any) -> Json:
        """Put an event into the calendar, in Graph's own words. `start` and `end` may be aware datetimes."""
        created: Json = self.control("POST", f"{self._url}/events", _event(fields))
        return created

    def change(self, event_id: str, **fields: Any) -> Json:
        """Change an event."""
        changed: Json = self.control("PATCH", f"{self._url}/events/{_path(event_id)}", _event(fields))
        return changed

    def delete(self, event_id: str) -> None:
        """Delete an event."""
        self.control("DELETE", f"{self._url}/events/{_path(event_id)}")

    def get(self, event_id: str) -> Json:
        """One event."""
        found: Json = self.control("GET", f"{self._url}/events/{_path(event_id)}")
        return found

    def act(self, event_id: str, action: str, **fields: Any) -> Json | None:
        """`copy`, `accept`, `decline`, `tentativelyAccept` or `cancel`."""
        answer: Json | None = self.control("POST", f"{self._url}/events/{_path(event_id)}/{action}", fields)
        return answer

    def events(self) -> list[Json]:
        """Every event, a series as its master."""
        return self._all(f"{self._url}/events?{urlencode({'$top': 500})}")

    def view(self, start: datetime, end: datetime) -> list[Json]:
        """The events of a stretch of time, a series as its occurrences."""
        query = {"startDateTime": start.isoformat(), "endDateTime": end.isoformat(), "$top": 500}
        return self._all(f"{self._url}/calendarView?{urlencode(query)}")

    def having(self, **fields: Any) -> list[Json]:
        """The events with these values."""
        return _having(self.events(), fields)

    def _all(self, path: str) -> list[Json]:
        answer = self.control("GET", path)
        assert "@odata.nextLink" not in answer, "more events than one page: ask for less"
        found: list[Json] = answer["value"]
        return found


@dataclass(slots=True)
class Sandbox:
    """Both services on sockets, with everything that a person or a test can do to them."""

    running: Background
    described: Json
    """What `python -m tests.sandbox --services-only --json` says."""
    control: Control
    board: PlanningBoard

    @property
    def services(self) -> Services:
        """The services themselves; use `call` to reach into them."""
        return self.running.services

    def call(self, function: Callable[[], T]) -> T:
        """Run something between two requests."""
        return self.running.call(function)

    def mailbox(self, address: str) -> Calendar:
        """A person at her calendar, by e-mail address or object id."""
        return Calendar(self.control, address)

    # Looking

    def mark(self) -> int:
        """The number that the next request will get: `requests(since=mark)` are those after this moment."""
        number: int = self.control("GET", f"/requests?since={2**31}")["next"]
        return number

    def requests(
        self,
        since: int = 0,
        *,
        service: str | None = None,
        method: str | None = None,
        path: str = "",
    ) -> list[Requested]:
        """The requests that the services got, those inside a batch one by one."""
        return [
            one
            for one in map(_requested, self.control("GET", f"/requests?since={since}")["requests"])
            if (service is None or one.service == service)
            and (method is None or one.method == method)
            and path in one.path
        ]

    def writes(self, since: int = 0, *, service: str | None = None) -> list[Requested]:
        """The requests that change what people see."""
        return [one for one in self.requests(since, service=service) if one.is_write]

    def stats(self) -> Json:
        """Counters of the services."""
        stats: Json = self.control("GET", "/stats")
        return stats

    # Trouble

    def fault(self, service: str, kind: str, **fields: Any) -> str:
        """Something goes wrong from now on (tests/sandbox/README.md); returns the fault's id."""
        made: Json = self.control("POST", "/faults", {"service": service, "kind": kind, **fields})
        return str(made["id"])

    def mend(self, fault_id: str | None = None) -> None:
        """One fault, or all of them, is over."""
        self.control("DELETE", "/faults" if fault_id is None else f"/faults/{fault_id}")

    def latency(self, seconds: float, service: str | None = None) -> None:
        """Every request takes that long."""
        self.control("PUT", "/latency", {"seconds": seconds, **({"service": service} if service else {})})

    def authority(self, **fields: Any) -> Json:
        """`secret`, `up`, `enabled`, `roles`, … of the sign-in authority."""
        said: Json = self.control("PUT", "/authority", fields)
        return said

    def expire_delta_links(self, address: str | None = None) -> None:
        """Every delta link of a mailbox, or of all, answers 410 from now on."""
        self.control("POST", "/graph/delta-tokens/expire", {"mailbox": address} if address else {})


@contextlib.contextmanager
def sandbox_running(
    *, company: str | int = "small", seed: int = 1, key: SigningKey | None = None
) -> Iterator[Sandbox]:
    """A sandbox of the test's own, on ports of its own."""
    with sandbox_of(Services(seed=seed, company=company, key=key)) as sandbox:
        yield sandbox


@contextlib.contextmanager
def sandbox_of(services: Services) -> Iterator[Sandbox]:
    """These services on ports of their own."""
    with background(services) as running:
        described = describe(running.shell)
        control = Control(described["control_url"])
        try:
            yield Sandbox(running=running, described=described, control=control, board=PlanningBoard(control))
        finally:
            control.close()


def _path(name: str) -> str:
    return quote(name, safe="")


def _having(items: Iterable[Json], fields: Mapping[str, Any]) -> list[Json]:
    return [item for item in items if all(item.get(name) == value for name, value in fields.items())]


def _event(fields: Mapping[str, Any]) -> Json:
    return {name: _moment(value) if isinstance(value, datetime) else value for name, value in fields.items()}


def _moment(when: datetime) -> Json:
    plain = when.astimezone(UTC).replace(tzinfo=None)
    return {"dateTime": plain.isoformat(timespec="seconds"), "timeZone": "UTC"}


def _requested(entry: Json) -> Requested:
    return Requested(
        number=entry["n"],
        service=entry["service"],
        method=entry["method"],
        path=entry["path"],
        status=entry["status"],
        mailbox=entry["mailbox"],
        body=entry["body"],
        batch=entry["batch"],
    )

"""A tenant without trouble, in virtual time: a few people, a board, and the connector between them.

What a test of series, zones and meetings is written with. A year passes in a second, every request is
counted, and the oracle of the simulation looks on: whatever may never be raises `Violation`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from models.storage.changes import Change
from tests.sandbox.company import SOURCE
from tests.sandbox.faults import Fault, Kind
from tests.sandbox.graph.calendar_api import CalendarApi, Call
from tests.sandbox.graph.events import Event, Item
from tests.sandbox.graph.mailbox import Mailbox
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.wire import Request
from tests.simulation.plan import Plan
from tests.simulation.reading import MASK, Fields, exchange_id, of_appointment, of_item, span
from tests.simulation.run import quiet
from tests.simulation.world import World

Json = dict[str, Any]

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""A Monday, four weeks before clocks change."""
BOARD_ZONE = "Europe/Brussels"
SYNC: Mapping[str, Any] = {
    "past_days": 14,
    "future_days": 365,
    "outlook_edits": "accept",
    "outlook_deletes": "restore",
    "board_edits": "accept",
    "conflicts": "board",
    "outlook_poll_seconds": 300,
    "board_poll_seconds": 300,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the connector's."""

    service: str
    method: str
    path: str
    ended: str
    body: bytes = b""
    query: str = ""

    @property
    def rows(self) -> int:
        """How many writes it holds: an import may carry several appointments."""
        said = json.loads(self.body) if self.body else None
        return len(said) if isinstance(said, list) else 1

    @property
    def is_write(self) -> bool:
        """Whether it changes something that people see."""
        return self.method != "GET" and self.service != "authority"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the board has to show for an event, or shows: as far as both sides hold it."""

    subject: str
    when: tuple[Any, ...]
    body: str
    importance: int
    show_as: int | None
    sensitivity: int | None


class Office(World):
    """The tenant. Time passes only in `run` and `settle`."""

    def __init__(
        self,
        *,
        begin: datetime = BEGIN,
        resources: int = 1,
        notified: bool = True,
        private: str = "hide",
        quirks: Quirks | None = None,
        judged: bool = True,
        **sync: Any,
    ) -> None:
        """`judged`: whether the oracle looks at every write: of a large tenant it takes hours."""
        self.asked: list[Asked] = []
        self._judged = judged
        plan = Plan(
            seed=1,
            begin=begin,
            resources=resources,
            period=300.0,
            operations=0,
            faults=frozenset(),
            acts=None,
            sync={**SYNC, **sync},
            private=private,
            quirks=quirks or Quirks(),
            notified=notified,
        )
        super().__init__(plan)
        if not judged:
            self.services.board.listeners.remove(self.oracle._board_changed)
            self.services.tenant.listeners.remove(self.oracle._mailbox_changed)
        self._calendars = CalendarApi(self.services.tenant)
        self.dice = Random("office")

    # Time

    def settle(self, seconds: float = 400.0, *, put_aside: int = 0) -> None:
        """Let time pass until everybody was told and every poll has been, and nothing is left to do but what
        cannot be done, which is `put_aside` items."""
        self.run(seconds)
        assert self.connector.is_idle, "the connector never came to rest"
        troubled = self.connector.troubled()
        assert len(troubled) == put_aside, troubled

    # People

    def person(self, place: int = 0) -> Person:
        """Somebody at her calendar."""
        return Person(self, self.numbers[place])

    def graph(self, method: str, mailbox: Mailbox, *rest: str, body: Any = None) -> Json:
        """Something that a person does in Outlook. Raises `GraphError`."""
        segments = ("users", mailbox.user_id, *rest)
        with self.oracle.acting("person"):
            answer = self._calendars.handle(Call(method=method, segments=segments, body=body, actor="user"))
        return answer.json() if answer.body else {}

    def get_mailbox(self, place: int = 0) -> None:
        """A resource gets another address, and with it a new mailbox."""
        number = self.numbers[place]
        address = f"{number.lower()}-{len(self.services.tenant.users)}@{self.services.tenant.domain}"
        self.services.tenant.add_user("Newcomer", address)
        self.services.board.resource_change(number, {"email": address})
        self.oracle.resource_touched(number)

    def refuse_once(self, where: str, *, method: str | None = None) -> Fault:
        """The next request of this path is answered 429, with a quarter of an hour to wait."""
        faults = self.services.traffic.faults = self.services.faults
        path, patience = re.compile(where), {"Retry-After": "900"}
        return faults.add(kind=Kind.STATUS, path=path, method=method, status=429, headers=patience, times=1)

    # Planners

    @contextmanager
    def planner(self) -> Iterator[None]:
        """Whatever is changed on the board meanwhile, a planner changes."""
        with self.oracle.acting("planner"):
            yield

    def schedule(
        self, subject: str, begins: datetime, *, hours: float = 1.0, places: Sequence[int] = (0,)
    ) -> str:
        """A planner plans an appointment, in the board's wall clock; its GUID."""
        fields = {
            **SOURCE,
            "jobNo": "SRV-1001",
            "taskNo": "10",
            "resources": [self.numbers[place] for place in places],
            "subject": subject,
            "start": begins.isoformat(),
            "end": (begins + timedelta(hours=hours)).isoformat(),
        }
        with self.planner():
            return str(self.services.board.planner_create(fields)["appointmentGuid"])

    def replan(self, guid: str, **fields: Any) -> None:
        """A planner changes an appointment."""
        with self.planner():
            self.services.board.planner_change(guid, fields)

    def unplan(self, guid: str) -> None:
        """A planner deletes an appointment."""
        with self.planner():
            self.services.board.planner_delete(guid)

    # Looking

    @contextmanager
    def writes(self) -> Iterator[Counter[str]]:
        """Count the writes of the connector during the block, by service."""
        counted: Counter[str] = Counter()
        before = len(self.asked)
        yield counted
        for one in self.asked[before:]:
            if one.is_write:
                counted[one.service] += one.rows

    def board(self) -> list[Appointment]:
        """Every appointment."""
        return list(self.services.board.appointments)

    def _called(self, service: str, request: Request, ended: str) -> None:
        if request.path.endswith("/$batch"):
            inner = json.loads(request.body)["requests"]
            self.asked += [Asked(service, one["method"], one["url"], ended, _body(one)) for one in inner]
        else:
            self.asked.append(
                Asked(service, request.method, request.path, ended, request.body, request.query)
            )
        if self._judged:
            super()._called(service, request, ended)

    def _committed(self, changes: list[Change]) -> None:
        if self._judged:
            super()._committed(changes)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at her calendar, and what the board shows of it."""

    office: Office
    number: str

    @property
    def mailbox(self) -> Mailbox:
        """Her mailbox."""
        found = self.office.oracle.mailbox_of(self.number)
        assert found is not None
        return found

    @property
    def address(self) -> str:
        """Her e-mail address."""
        return str(self.office.services.board.records["resource"].get(self.number)["email"])

    # What she does

    def create(self, **fields: Any) -> Event:
        """A new event; shown as busy unless told otherwise."""
        made = self.office.graph("POST", self.mailbox, "events", body={"showAs": "busy", **fields})
        return self.mailbox.find(made["id"]).event

    def change(self, what: Event | Item, **fields: Any) -> None:
        """Change an event, a series, or one occurrence."""
        self.office.graph("PATCH", self.mailbox, "events", self._id(what), body=fields)

    def delete(self, what: Event | Item) -> None:
        """Delete it."""
        self.office.graph("DELETE", self.mailbox, "events", self._id(what))

    def do(self, what: Event | Item, action: str, **body: Any) -> Json:
        """accept, decline, cancel, copy …"""
        return self.office.graph("POST", self.mailbox, "events", self._id(what), action, body=body)

    def events(self) -> list[Event]:
        """Every single event and series."""
        return list(self.mailbox.events(self.mailbox.default_calendar))

    def _id(self, what: Event | Item) -> str:
        return exchange_id(self.mailbox, what.item if isinstance(what, Event) else what)

    # What there is

    def occurrences(self, series: Event) -> list[Item]:
        """The occurrences of a series that begin in the window, by their original dates."""
        first, last = (edge.date() for edge in self._window())
        return [Item(event=series, day=day) for day in series.dates(first, last)]

    def shared(self) -> dict[str, Shown]:
        """What the board has to show, by the event's id: every event that she shares in the window."""
        found: dict[str, Shown] = {}
        oracle, (first, last) = self.office.oracle, self._window()
        for event in self.events():
            margin = timedelta(days=5)
            days = event.dates((first - margin).date(), (last + margin).date()) if event.is_series else [None]
            for day in days:
                item = Item(event=event, day=day)
                verdict, fields = oracle.verdict(self.number, item), of_item(item)
                if verdict == "time":
                    fields |= MASK
                if verdict and _is_inside(fields, first, last):
                    found[exchange_id(self.mailbox, item)] = _shown(fields)
        return found

    def shown(self) -> dict[str, Shown]:
        """What the board shows of her own events, by the event's id."""
        found: dict[str, Shown] = {}
        for appointment in self.office.board():
            mark = appointment.exchange.exchange_id if appointment.exchange else None
            if self.number in appointment.resources and mark:
                assert mark not in found, f"two appointments stand for {mark}"
                found[mark] = _shown(of_appointment(appointment))
        return found

    def guids(self) -> dict[str, str]:
        """The appointment of each event, by the event's id."""
        listed = ((one.exchange, one) for one in self.office.board() if self.number in one.resources)
        return {facts.exchange_id: one.guid for facts, one in listed if facts and facts.exchange_id}

    def _window(self) -> tuple[datetime, datetime]:
        sync = self.office.plan.sync
        midnight = self.office.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        past, future = timedelta(days=sync["past_days"]), timedelta(days=sync["future_days"] + 1)
        return midnight - past, midnight + future


@contextmanager
def office_at_work(**options: Any) -> Iterator[Office]:
    """An office whose connector has finished its first synchronisation."""
    with ExitStack() as stack:
        office = Office(**options)
        stack.callback(office.disk.close)
        stack.enter_context(quiet(office))
        office.start()
        office.settle()
        yield office


def at(moment: datetime | date, zone: str = BOARD_ZONE) -> Json:
    """A wall clock of a zone, as Graph takes it."""
    text = moment.isoformat() if isinstance(moment, datetime) else f"{moment.isoformat()}T00:00:00"
    return {"dateTime": text, "timeZone": zone}


def lasting(begins: datetime, hours: float = 1.0) -> Json:
    """When an event takes place on the board's clock, as Graph takes it."""
    return {"start": at(begins), "end": at(begins + timedelta(hours=hours))}


def differing(before: Mapping[str, Shown], after: Mapping[str, Shown]) -> int:
    """How many of the events appeared, went, or are another."""
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


def occurring(pattern: Json, start: date, *, until: date | None = None, times: int = 0) -> Json:
    """A recurrence: until a date, so many times, or without end."""
    scope: Json = {"type": "noEnd", "startDate": start.isoformat()}
    if until is not None:
        scope |= {"type": "endDate", "endDate": until.isoformat()}
    elif times:
        scope |= {"type": "numbered", "numberOfOccurrences": times}
    return {"pattern": pattern, "range": scope}


def weekly(*days: str, interval: int = 1) -> Json:
    """The pattern of a weekly series."""
    return {"type": "weekly", "interval": interval, "daysOfWeek": list(days), "firstDayOfWeek": "monday"}


def _shown(fields: Fields) -> Shown:
    names = ("subject", "when", "body", "importance", "show_as", "sensitivity")
    return Shown(**{name: fields[name] for name in names})


def _body(part: Json) -> bytes:
    return json.dumps(part["body"]).encode() if "body" in part else b""


def _is_inside(fields: Fields, first: datetime, last: datetime) -> bool:
    kind, begins, ends = fields["when"]
    start, end = span(fields["when"])
    if kind == "days":  # they float, and count with a day's margin
        start, end = (edge.replace(tzinfo=UTC) for edge in (begins, ends))
        start, end = start - timedelta(days=1), end + timedelta(days=1)
    if start == end:
        return first <= start < last
    return start < last and end > first

"""Two worlds that differ only in what nobody shares, and everything that the connector lets out in either.

A script is a list of deeds. It is played twice from the same seeds at the same virtual times: where a deed
needs words that are not shared, one world takes the first of a pair and the other the second. Ids, versions
and times are the same in both, so that whatever differs in what the connector told has come from the words.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import structlog
from flask import Flask

from actors import logs
from actors.administration import Administration
from actors.application import Application
from actors.clients.graph import codec, delta
from actors.clients.token import MsalCredentials
from actors.commandline.findings import Findings
from actors.commandline.plan import Plan
from actors.commandline.rehearsing import Rehearsed
from actors.committing import StoreDesk
from actors.gateways import Outside
from actors.intake import Intake
from actors.mapping import mapper_of
from actors.process import company_of
from actors.proposals import propose
from actors.rehearsal import ReadingOnly, RehearsalStore
from actors.resource.mailbox_reader import MailboxReader
from actors.runtime.system import Runtime
from actors.settling import Settled
from actors.subscription_ports import Polled
from actors.web.access import ApiAccess, Login
from actors.web.app import Parts, create_app
from models.plans import Proposed
from models.settings.sections import Settings
from tests.office import BEGIN, Json, Office, Person, at, occurring, weekly
from tests.sandbox.faults import Kind
from tests.sandbox.graph.errors import GraphError
from tests.sandbox.graph.events import Event
from tests.sandbox.wire import Request
from tests.simulation.connector import credentials_of
from tests.simulation.transport import Perils, SimulatedTransport

PASSWORD = "the-administrator"
PEOPLE = 2
SHOW_AS = "free tentative busy oof workingElsewhere unknown"
SENSITIVITY = "normal personal private confidential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything about an event that is nobody's business while it is not shared."""

    subject: str = ""
    body: str = ""
    location: str = ""
    category: str = ""
    guests: tuple[str, ...] = ()
    """Addresses, outside of the tenant."""
    importance: str = "normal"
    show_as: str = "busy"
    """Of a masked event; of a hidden one it is what hides it."""
    sensitivity: str = "private"
    minutes: int = 0
    """By how much the times of a hidden event differ; those of a masked one are shared."""

    def content(self) -> Json:
        """As Graph takes them: what stands in an event."""
        return {
            "subject": self.subject,
            "body": {"contentType": "html", "content": f"<p>{self.body}</p>"},
            "location": {"displayName": self.location},
            "categories": [self.category] if self.category else [],
            "importance": self.importance,
            "attendees": [
                {"type": "required", "emailAddress": {"name": self.subject, "address": guest}}
                for guest in self.guests
            ],
        }


Pair = tuple[Words, Words]


class Deed(Enum):
    """What people and planners do, and what goes wrong. `Secret` deeds have words that differ."""

    HIDE = "a new event that is not shared"
    SHOW = "a new event that is shared"
    INVITE = "a hidden meeting with a colleague"
    REWORD = "other words in an event that is not shared"
    SHARE = "a hidden event is shared, in words that are the same from then on"
    CONCEAL = "a shared event is hidden, and gets other words at once"
    MOVE = "an event takes place later"
    DELETE = "an event is deleted"
    COPY = "an event is copied"
    DECLINE = "an invitation is declined"
    CANCEL = "a meeting is cancelled"
    PLAN = "a planner plans an appointment"
    TYPE = "a person makes a planner's event private and types into it"
    REPLAN = "a planner changes an appointment that she can read"
    CLOSE = "a resource shares nothing any more"
    WAIT = "time passes"
    KILL = "the process is killed and started"
    READ = "both sides are read in full"
    QUOTE = "a service answers with an error that quotes the words"
    STUMBLE = "the connector's reading of an event fails at its words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One deed."""

    deed: Deed
    pair: Pair = (Words(), Words())
    place: int = 0
    """Whose calendar."""
    which: int = 0
    """Counts through what the deed can be done to."""
    way: int = 0
    """Counts through the ways in which it can be done: of hiding, of failing."""
    series: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What happens in both worlds."""

    steps: tuple[Step, ...]
    masked: bool = False
    """Whether private events show as their time."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """Everything that the connector let out in one world."""

    board: list[str] = field(default_factory=list)
    """Each request to the board as it was sent, and when."""
    graph: list[str] = field(default_factory=list)
    """Which requests Graph got, and when; what stands in them is the person's own again."""
    log: list[str] = field(default_factory=list)
    tables: dict[str, list[str]] = field(default_factory=dict)
    disk: bytes = b""
    """The file of the store, erased parts included."""
    pages: dict[str, str] = field(default_factory=dict)

    def differences(self, other: Seen) -> list[str]:
        """Where another world was told something else: the first difference in each place."""
        found = [
            *_lines("a request to the board", self.board, other.board),
            *_lines("the log", self.log, other.log),
            *_lines("the requests to Graph", self.graph, other.graph),
        ]
        for name in self.tables.keys() | other.tables.keys():
            found += _lines(f"table {name}", self.tables.get(name, []), other.tables.get(name, []))
        for name in self.pages.keys() | other.pages.keys():
            mine, others = self.pages.get(name, "").splitlines(), other.pages.get(name, "").splitlines()
            found += _lines(f"page {name}", mine, others)
        if self.disk != other.disk:
            found.append("the bytes of the store")
        return found


def _lines(place: str, mine: Sequence[str], others: Sequence[str]) -> list[str]:
    for one, other in zip(mine, others, strict=False):
        if one != other:
            return [f"{place}:\n  {one}\n  {other}"]
    if len(mine) != len(others):
        extra = max(mine, others, key=len)[min(len(mine), len(others))]
        return [f"{place}: {len(mine)} and {len(others)} lines, one more in one world: {extra}"]
    return []


class Recorded(Office):
    """An office that keeps what the board was sent, to the byte."""

    def __init__(self, **options: Any) -> None:
        self.seen = Seen()
        super().__init__(**options)
        self.services.traffic.faults = self.services.faults

    def _called(self, service: str, request: Request, ended: str) -> None:
        moment = self.clock.now().isoformat()
        where = f"{moment} {request.method} {request.path}?{request.query}"
        if service == "scheduler":
            self.seen.board.append(f"{where} {sorted(request.headers.items())} {request.body!r} → {ended}")
        elif service == "graph" and request.path.endswith("/$batch"):
            inner = json.loads(request.body)["requests"]
            self.seen.graph += [f"{moment} {one['method']} {one['url']} → {ended}" for one in inner]
        else:
            self.seen.graph.append(f"{where} → {ended}")
        super()._called(service, request, ended)


def play(script: Script, side: int) -> Seen:
    """Play a script in the world that takes the `side`-th words of each pair."""
    with ExitStack() as stack:
        office = Recorded(resources=PEOPLE, private="mask" if script.masked else "hide", future_days=60)
        stack.callback(office.disk.close)
        stage = Stage(office, side, masked=script.masked)
        stack.enter_context(_everything_logged(office.seen.log))
        stack.enter_context(stage.fragile())
        office.start()
        office.run(60)
        for step in script.steps:
            stage.perform(step)
            office.run(0.1)
        office.run(900)
        stage.look(script)
    return office.seen


@dataclass(slots=True)
class Booked:
    """An event that somebody made, and how it stands."""

    person: Person
    event: Event
    hidden: bool
    planned: bool = False
    """Whether it is a planner's."""
    series: bool = False


class Stage:
    """Where a script is played, in one of the worlds."""

    def __init__(self, office: Recorded, side: int, *, masked: bool) -> None:
        self.office, self.side, self.masked = office, side, masked
        self.booked: list[Booked] = []
        self.planned: list[str] = []
        self._slots = 0
        self._stumbles = {"head": 0, "place": 0}
        self._deeds: dict[Deed, Callable[[Step, Words], None]] = {
            Deed.HIDE: self._hide,
            Deed.SHOW: self._show,
            Deed.INVITE: self._invite,
            Deed.REWORD: self._reword,
            Deed.SHARE: self._share,
            Deed.CONCEAL: self._conceal,
            Deed.MOVE: self._move,
            Deed.DELETE: self._delete,
            Deed.COPY: self._copy,
            Deed.DECLINE: self._decline,
            Deed.CANCEL: self._cancel,
            Deed.PLAN: self._plan,
            Deed.TYPE: self._type,
            Deed.REPLAN: self._replan,
            Deed.CLOSE: self._close,
            Deed.WAIT: lambda step, words: office.run((5.0, 60.0, 400.0, 4000.0)[step.way % 4]),
            Deed.KILL: lambda step, words: office.kill((1.0, 90.0)[step.way % 2]),
            Deed.READ: lambda step, words: office.connector.resync(),
            Deed.QUOTE: self._quote,
            Deed.STUMBLE: self._stumble,
        }

    def perform(self, step: Step) -> None:
        """Do what a step says, if there is something to do it to."""
        self._deeds[step.deed](step, step.pair[self.side])

    # What people do

    def _hide(self, step: Step, words: Words) -> None:
        person = self.office.person(step.place % PEOPLE)
        self._book(person, step, {**words.content(), **self._hiding(step, words)}, hidden=True)

    def _show(self, step: Step, _words: Words) -> None:
        person = self.office.person(step.place % PEOPLE)
        self._book(person, step, step.pair[0].content() | {"attendees": []}, hidden=False)

    def _invite(self, step: Step, words: Words) -> None:
        host, guest = (self.office.person((step.place + one) % PEOPLE) for one in range(2))
        content = words.content()
        invited = {"type": "required", "emailAddress": {"name": words.subject, "address": guest.address}}
        content["attendees"] = [invited, *content["attendees"]]
        made = self._book(host, step, {**content, "showAs": "free", "sensitivity": "private"}, hidden=True)
        copy = next(one for one in guest.events() if one.uid == made.uid)
        self.booked.append(Booked(guest, copy, hidden=True, series=step.series))

    def _reword(self, step: Step, words: Words) -> None:
        if one := self._one_of(step, lambda one: one.hidden and not one.planned):
            changed = words.content() if one.event.is_organizer else {"categories": [words.category]}
            one.person.change(one.event, **changed)

    def _share(self, step: Step, _words: Words) -> None:
        if one := self._one_of(step, lambda one: one.hidden and not one.planned and one.event.is_organizer):
            words = step.pair[0]
            when = {} if one.series else self._times(one.event.content.start.local.replace(minute=0))
            content = words.content() | {"attendees": []}
            one.person.change(one.event, showAs="busy", sensitivity="normal", **content, **when)
            one.hidden = False

    def _conceal(self, step: Step, words: Words) -> None:
        if one := self._one_of(step, lambda one: not one.hidden and not one.planned):
            hiding = self._hiding(step, words)
            one.person.change(one.event, **words.content(), **hiding)
            one.hidden = True

    def _move(self, step: Step, _words: Words) -> None:
        if one := self._one_of(step, lambda one: not one.series and one.event.is_organizer):
            one.person.change(one.event, **self._times(one.event.content.start.local + timedelta(days=1)))

    def _delete(self, step: Step, _words: Words) -> None:
        if one := self._one_of(step, lambda one: True):
            self._gone(one)
            one.person.delete(one.event)

    def _copy(self, step: Step, _words: Words) -> None:
        if one := self._one_of(step, lambda one: one.hidden):
            known = {event.id for event in one.person.events()}
            one.person.do(one.event, "copy")
            copied = next(event for event in one.person.events() if event.id not in known)
            self.booked.append(Booked(one.person, copied, hidden=True, series=one.series))

    def _decline(self, step: Step, words: Words) -> None:
        if one := self._one_of(step, lambda one: not one.event.is_organizer):
            self._gone(one)
            one.person.do(one.event, "decline", comment=words.body)

    def _cancel(self, step: Step, words: Words) -> None:
        if one := self._one_of(step, lambda one: one.event.is_organizer and not one.planned):
            self._gone(one)
            one.person.do(one.event, "cancel", comment=words.body)

    # What planners do

    def _plan(self, step: Step, _words: Words) -> None:
        person = self.office.person(step.place % PEOPLE)
        known = {event.id for event in person.events()}
        begins = self._slot().replace(tzinfo=None)
        guid = self.office.schedule(step.pair[0].subject or "Plan", begins, places=[step.place % PEOPLE])
        self.planned.append(guid)
        self.office.run(30)
        for event in person.events():
            if event.id not in known:
                self.booked.append(Booked(person, event, hidden=False, planned=True))

    def _type(self, step: Step, words: Words) -> None:
        """Above the planner's own block, which stays as it is."""
        if one := self._one_of(step, lambda one: one.planned):
            body = one.event.content.body.html
            typed = {"contentType": "html", "content": f"<p>{words.body}</p>{body}"}
            changed: Json = {"subject": words.subject, "location": {"displayName": words.location}}
            one.person.change(one.event, sensitivity="private", body=typed, **changed)
            one.hidden = True

    def _replan(self, step: Step, _words: Words) -> None:
        if self.planned:
            guid = self.planned[step.which % len(self.planned)]
            if self.office.services.board.appointments.with_guid(guid) is not None:
                self.office.replan(guid, subject=f"Replanned {step.way}")

    def _close(self, step: Step, _words: Words) -> None:
        nothing = {"share": False, "show_as": ["busy"], "sensitivity": ["normal"], "private": "hide"}
        number = self.office.numbers[step.place % PEOPLE]
        self.office.oracle.prefers(number, nothing)
        self.office.prefer(number, nothing)

    # What goes wrong

    def _quote(self, step: Step, words: Words) -> None:
        """Requests are answered with the words, as a code, as a message, as an id, or as no JSON at all."""
        text = f"{words.subject} {words.body} {words.location}"
        code, status = words.category or "x", (400, 500, 503)[step.way % 3]
        graph = {"error": {"code": code, "message": text, "innerError": {"request-id": code}}}
        board = {"content": {"success": False, "message": text, "error": code}, "statusCode": 400}
        plain = f"<html>{text}</html>"
        faults = self.office.services.faults
        headers = {"request-id": code, "x-request-id": code, "retry-after": "1"}
        which: Json = {"method": "POST"} if step.way % 2 == 0 else {}
        for service, body in (("graph", graph), ("scheduler", board), ("graph", plain), ("scheduler", text)):
            refused = 200 if body is board else status
            answer: Json = {"status": refused, "body": body, "headers": headers}
            faults.add(service=service, kind=Kind.STATUS, times=1, **answer, **which)

    def _stumble(self, step: Step, _words: Words) -> None:
        self._stumbles[("head", "place")[step.way % 2]] += 1

    @contextmanager
    def fragile(self) -> Iterator[None]:
        """Reading an event fails, where a step asked for it, with all its words in the error."""
        read_head, place = codec.read_head, MailboxReader._place

        def stumbling_head(item: Any) -> Any:
            self._fall("head", (item.get("subject"), item.get("body"), item))
            return read_head(item)

        def stumbling_place(reader: MailboxReader, event: Any, turn: Any) -> None:
            self._fall("place", event)
            place(reader, event, turn)

        with (
            patch.object(codec, "read_head", stumbling_head),
            patch.object(delta, "read_head", stumbling_head),
            patch.object(MailboxReader, "_place", stumbling_place),
        ):
            yield

    def _fall(self, where: str, item: object) -> None:
        if self._stumbles[where]:
            self._stumbles[where] -= 1
            raise ValueError(f"cannot read {item}")

    # Looking

    def look(self, script: Script) -> None:
        """Ask everything that can be asked, in the words of both worlds, and look at the disk."""
        office, seen = self.office, self.office.seen
        asked = [words.subject for step in script.steps for words in step.pair if words.subject.strip()]
        ids = [one.event.immutable_id for one in self.booked] + [one.guid for one in office.board()]
        client = _listener(office).test_client()
        paths = ["/metrics", "/health/ready", "/api/status"]
        paths += [f"/api/resources/{number}/preferences" for number in office.numbers]
        paths += [
            f"/api/explain/{quote(item, safe='')}?limit=1000"
            for item in dict.fromkeys((*office.numbers, *ids, *asked))
        ]
        for path in paths:
            answer = client.get(path, auth=("admin", PASSWORD))
            seen.pages[path] = f"{answer.status} {sorted(answer.headers)}\n{answer.get_data(as_text=True)}"
        seen.disk = office.disk.image()
        seen.pages["plan"] = what_if_everything_were_shared(office)
        connection = office.disk._connection(office.disk.store)
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608 - its own name
            seen.tables[table] = [repr(row) for row in rows]

    # Parts

    def _book(self, person: Person, step: Step, content: Json, *, hidden: bool) -> Event:
        begins = self._slot().replace(tzinfo=None)
        if hidden and not self.masked and not step.series:
            begins += timedelta(minutes=step.pair[self.side].minutes)
        more = {"recurrence": occurring(weekly("monday"), begins.date(), times=4)} if step.series else {}
        event = person.create(**content, **self._times(begins), **more)
        self.booked.append(Booked(person, event, hidden=hidden, series=step.series))
        return event

    def _hiding(self, step: Step, words: Words) -> Json:
        """How an event is not shared: in the same way in both worlds, unless it is masked."""
        if self.masked and step.way % 3:
            return {"showAs": words.show_as, "sensitivity": words.sensitivity}
        return (
            {"showAs": ("free", "tentative", "workingElsewhere")[step.which % 3], "sensitivity": "normal"},
            {"showAs": "busy", "sensitivity": ("personal", "private", "confidential")[step.which % 3]},
        )[0 if self.masked else step.way % 2]

    def _one_of(self, step: Step, fits: Callable[[Booked], bool]) -> Booked | None:
        found = [one for one in self.booked if fits(one) and self._is_there(one)]
        return found[step.which % len(found)] if found else None

    def _is_there(self, one: Booked) -> bool:
        try:
            one.person.mailbox.find(one.event.immutable_id)
        except GraphError:
            return False
        return True

    def _gone(self, one: Booked) -> None:
        self.booked = [other for other in self.booked if other is not one]

    def _slot(self) -> Any:
        """The begin of something new: each has a day and hour of its own."""
        self._slots += 1
        day, hour = divmod(self._slots, 9)
        return BEGIN.replace(hour=7, minute=0) + timedelta(days=2 + day, hours=hour)

    def _times(self, begins: Any) -> Json:
        return {"start": at(begins), "end": at(begins + timedelta(minutes=45))}


def what_if_everything_were_shared(office: Recorded) -> str:
    """What `plan --preferences --out` says and saves where everybody would share everything."""
    store = RehearsalStore.open("sqlite:///:memory:")
    assert isinstance(store, RehearsalStore)
    try:
        office.disk._connection(store).deserialize(office.disk.image())
        with NamedTemporaryFile("w", suffix=".csv") as table:
            table.write("resourceNo,share,showAs,sensitivity\n")
            rows = (f"{number},yes,{SHOW_AS},{SENSITIVITY}\n" for number in office.numbers)
            table.writelines(rows)
            table.flush()
            settings, now = office.connector.application.settings, office.clock.now()
            proposals = propose(settings, store, now, rules=None, preferences=Path(table.name))
        rehearsal = proposals.rehearsal(store)
        runtime = Runtime.simulated(1, now)
        application = Application(
            proposals.settings,
            runtime=runtime,
            store=store,
            outside=_only_looked_at(office, settings),
            mapper=mapper_of(settings),
            rehearsal=rehearsal,
        )
        application.start()
        runtime.run_until(now + timedelta(seconds=300))
        assert application.listed.is_set()
        findings = Findings.of(rehearsal, application.records, Settled())
        rehearsed = Rehearsed(findings=findings, proposals=proposals)
        saved = rehearsed.saved(settings, Proposed(), resource=None, now=now)
    finally:
        store.close()
    told = Plan(rehearsed)
    documents = [json.dumps(one.as_json(), indent=1) for one in (told, saved)]
    return "\n".join([*told.as_text(), *documents])


def _only_looked_at(office: Recorded, settings: Settings) -> Outside:
    def way(service: str) -> SimulatedTransport:
        return SimulatedTransport(
            service,
            office.services,
            perils=Perils(),
            dice=Random("a look"),
            seen=lambda service, request, ended: None,
            sent=lambda body: None,
        )

    credentials = MsalCredentials(credentials_of(office.services, settings), way("authority"))
    reading = (ReadingOnly(way("graph")), ReadingOnly(way("scheduler")))
    return Outside(graph=reading[0], scheduler=reading[1], credentials=credentials)


def _listener(office: Recorded) -> Flask:
    """The pages of the process, about the actors of the simulation."""
    application = office.connector.application
    runtime = application.runtime
    desk = StoreDesk(store=application.store_actor, dispatcher=runtime.pinned["store"])
    company = company_of(application, desk, Polled())
    return create_app(
        Parts(
            intake=Intake(desk=desk, router=application.router, clock=runtime.clock),
            facade=Administration(company),
            store=application.store,
            clock=runtime.clock,
            scheduler_login=Login(),
            access=ApiAccess(admin_password=PASSWORD),
        )
    )


@contextmanager
def _everything_logged(lines: list[str]) -> Iterator[None]:
    """The log as the process writes it, at its most talkative, without the system's clock."""

    def keep(_logger: Any, _method: str, event: Any) -> Any:
        lines.append(json.dumps(dict(event), sort_keys=True, default=str))
        raise structlog.DropEvent

    before, handler = structlog.get_config(), logs.FromLibraries(logging.DEBUG)
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, logs.bare_errors, logs.only_allowed, keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        cache_logger_on_first_use=False,
    )
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
        structlog.configure(**before)

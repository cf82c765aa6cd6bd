"""A process without resources actors: a real store, the router, the intake and the web, in virtual time."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from pykka import ActorRef

from actors.administration import Administration, Company, Sharing
from actors.clients.circuit import State
from actors.clients.errors import Problem
from actors.clients.gateway import TakeSnapshot
from actors.clients.metrics import ServiceState, Snapshot
from actors.clients.steps import Done, Failed, Outcome, Submit
from actors.committing import StoreDesk
from actors.intake import Intake
from actors.resource.hints import Hints
from actors.resource.messages import Hint
from actors.router import Active, Directory, Router
from actors.runtime.pooled import PooledActor
from actors.runtime.system import Runtime, SimulatedRuntime
from actors.store_actor import StoreActor
from actors.undos import Undos
from actors.web.access import ApiAccess, Login
from actors.web.app import Parts, create_app
from models.ids import AppointmentGuid, AppointmentId, MailboxId, ResourceNo
from models.link import Link, Origin
from models.preferences import Preferences
from models.resource import Mailbox, Resource
from models.storage.changes import Change, PutLink, PutResource, PutSubscription
from models.storage.errors import StoreBusy, StoreFull
from models.storage.records import Counts, ResourceRecord, ResourceState, Service, Subscription
from models.storage.store import Store

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ANNA, BRAM = ResourceNo("ANNA"), ResourceNo("BRAM")
PASSWORD = "open-sesame"
CONTROL_KEY = "the-key-beside-the-store"
SECRET_STATE = "state-of-anna"


class FullDisk(Store):
    """A store that refuses to write while its disk is full, and to read while somebody holds it."""

    full = False
    unreadable = False

    def counts(self) -> Counts:
        if self.unreadable:
            raise StoreBusy("the store is locked", "wait")
        return super().counts()

    def apply(self, changes: Any) -> None:
        if self.full:
            raise StoreFull("the disk is full", "make room")
        super().apply(changes)


class Listener(PooledActor):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []

    def on_receive(self, message: object) -> object:
        if message == "heard":
            return list(self.heard)
        self.heard.append(message)
        return None


def snapshot_of(service: str) -> Snapshot:
    """A gateway that has done something, and whose service is well."""
    return Snapshot(
        service=service,
        state=ServiceState.OK,
        code="",
        remedy="",
        circuit=State.CLOSED,
        requests={"200": 7, "201": 2, "429": 1, "none": 1},
        retries=3,
        throttled=1,
        bundles=2,
        requests_in_flight=2,
        waiting=4,
        delayed=5,
        paused_lanes=0,
    )


class Gateway(PooledActor):
    """A gateway whose answers the test gives: at once by `answers`, or by hand."""

    def __init__(self, service: str, answers: Callable[[Any], object] | None = None) -> None:
        super().__init__()
        self.snapshot = snapshot_of(service)
        self.asked: list[Any] = []
        self._answers = answers

    def on_receive(self, message: object) -> object:
        match message:
            case TakeSnapshot():
                return self.snapshot
            case Submit() if self._answers is not None:
                self.asked.append(message.operation)
                message.reply(_outcome(self._answers(message.operation)))
            case "asked":
                return list(self.asked)
            case Snapshot():
                self.snapshot = message
            case _:
                return super().on_receive(message)
        return None


def _outcome(answer: object) -> Outcome:
    return Failed(problem=answer) if isinstance(answer, Problem) else Done(value=answer)


@dataclass
class Office:
    """Everything that a test of the web needs."""

    runtime: SimulatedRuntime
    store: FullDisk
    store_ref: ActorRef[StoreActor]
    router: Router
    hints: Hints
    supervisor: ActorRef[Listener]
    subscriptions: ActorRef[Listener]
    graph: ActorRef[Gateway]
    scheduler: ActorRef[Gateway]
    intake: Intake
    administration: Administration
    state: dict[str, Any]
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def put(self, *changes: Change) -> None:
        """Write to the store."""
        self.store.apply(changes)

    def employ(self, *numbers: ResourceNo) -> None:
        """Have these resources synchronise, each with a mailbox named after it."""
        active = {number: active_resource(number) for number in numbers}
        for number in numbers:
            self.put(PutResource(resource=record(number)))
        mailboxes = {one.mailbox.id: number for number, one in active.items()}
        self.router.directory = Directory(resources=active, by_mailbox=mailboxes)

    def subscribe(self, number: ResourceNo, state: str, id: str = "") -> None:
        """Have Graph's subscription for a mailbox in the store."""
        self.put(
            PutSubscription(
                subscription=Subscription(
                    id=id or f"sub-{number}",
                    service=Service.GRAPH,
                    mailbox=mailbox_of(number),
                    client_state=state,
                    created_at=MONDAY,
                    expires_at=MONDAY,
                )
            )
        )

    def link(self, number: ResourceNo, guid: str, id: str) -> None:
        """A link of a resource with an appointment."""
        self.put(
            PutLink(
                link=Link(
                    resource_no=number,
                    guid=AppointmentGuid(guid),
                    appointment_id=AppointmentId(id),
                    origin=Origin.BOARD,
                    mailbox=mailbox_of(number),
                )
            )
        )

    def hint_of(self, number: ResourceNo) -> Hint | None:
        """What waits for a resource, which takes it."""
        self.runtime.settle()
        hint, _ = self.hints.take(number)
        return hint

    def told(self, listener: ActorRef[Listener]) -> list[object]:
        """What an actor was told."""
        heard = listener.ask("heard")
        assert isinstance(heard, list)
        return heard


def mailbox_of(number: ResourceNo) -> MailboxId:
    return MailboxId(f"mailbox-of-{number}")


def active_resource(number: ResourceNo) -> Active:
    email = f"{number.lower()}@contoso.test"
    return Active(
        resource=Resource(resource_no=number, email=email, exchange_enabled=True),
        mailbox=Mailbox(id=mailbox_of(number), email=email),
    )


def record(number: ResourceNo, state: ResourceState = ResourceState.ACTIVE, **more: Any) -> ResourceRecord:
    known = ResourceRecord(
        resource_no=number,
        display_name=number.title(),
        email=f"{number.lower()}@contoso.test",
        enabled=True,
        mailbox=mailbox_of(number),
        state=state,
        updated_at=MONDAY,
    )
    return replace(known, **more)


def basic(name: str, password: str) -> dict[str, str]:
    """The header of Basic credentials."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


ADMIN = basic("admin", PASSWORD)


@contextmanager
def office(path: Path) -> Iterator[Office]:
    """A process with a store on disk; nobody is employed yet."""
    store = FullDisk.open(f"sqlite:///{path / 'office.db'}")
    assert isinstance(store, FullDisk)
    runtime = Runtime.simulated(1, MONDAY)
    hints = Hints()
    router = Router(hints, runtime.clock)
    pin = runtime.pinned["store"]
    store_ref = StoreActor.start(store, runtime.timers, runtime.clock, dispatcher=pin)
    supervisor = Listener.start(dispatcher=pin)
    subscriptions = Listener.start(dispatcher=pin)
    graph, scheduler = Gateway.start("graph", dispatcher=pin), Gateway.start("scheduler", dispatcher=pin)
    router.connect(supervisor)
    desk = StoreDesk(store=store_ref, dispatcher=pin)
    intake = Intake(desk=desk, router=router, clock=runtime.clock, subscriptions=subscriptions)
    state: dict[str, Any] = {"problem": "", "loaded": True, "polled": {}, "decided": {}, "decide": True}
    company = Company(
        store=store,
        desk=desk,
        router=router,
        supervisor=supervisor,
        graph=graph,
        scheduler=scheduler,
        clock=runtime.clock,
        undos=Undos(router),
        sharing=lambda: Sharing(defaults=Preferences(), resources_decide=state["decide"]),
        store_problem=lambda: state["problem"],
        roster_loaded=lambda: state["loaded"],
        polled=lambda: state["polled"],
        decided=lambda: state["decided"],
    )
    try:
        yield Office(
            runtime=runtime,
            store=store,
            store_ref=store_ref,
            router=router,
            hints=hints,
            supervisor=supervisor,
            subscriptions=subscriptions,
            graph=graph,
            scheduler=scheduler,
            intake=intake,
            administration=Administration(company),
            state=state,
        )
    finally:
        store.close()


def client(
    place: Office, *, login: Login | None = None, password: str = PASSWORD, key: str = CONTROL_KEY
) -> FlaskClient:
    """A client of the web of an office."""
    return create_app(
        Parts(
            intake=place.intake,
            facade=place.administration,
            store=place.store,
            clock=place.runtime.clock,
            scheduler_login=login or Login(),
            access=ApiAccess(admin_password=password, control_key=key),
        )
    ).test_client()


__all__ = [
    "ADMIN", "ANNA", "BRAM", "CONTROL_KEY", "MONDAY", "PASSWORD", "SECRET_STATE", "Gateway", "Listener",
    "Office", "basic", "client", "mailbox_of", "office", "record",
]  # fmt: skip

"""The connector under test: one life after another on the same store, each ended by a crash or at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

from actors.application import Application
from actors.clients.token import AppCredentials, MsalCredentials
from actors.gateways import Outside
from actors.resource.messages import AppointmentRef, Hint
from actors.rules_watch import LOOK_SECONDS, RulesWatch
from actors.runtime.clock import VirtualClock
from actors.runtime.dispatcher import ManualDispatcher
from actors.runtime.system import PINNED, SimulatedRuntime
from actors.runtime.timers import VirtualTimers
from models.content import Sensitivity, ShowAs
from models.decision import Act
from models.ids import AppointmentGuid, AppointmentId, MailboxId, ResourceNo
from models.mapper import Mapper
from models.preferences import Preferences, PrivateEvents, StoredPreferences
from models.rules import Rules, RulesFile, load_rules
from models.settings.sections import Settings
from models.storage.changes import PutPreferences
from models.storage.records import Trigger
from tests.sandbox.services import Services
from tests.sandbox.wire import Delivery, Request, Response
from tests.simulation.disk import Disk
from tests.simulation.transport import Perils, SimulatedSenders, SimulatedTransport

GRAPH_URL = "https://graph.microsoft.com/v1.0"
BOARD_URL = "https://board.test"
AUTHORITY = "https://login.test"
RULES_LOOK_SECONDS = 300.0


class Connector:
    """One connector, through all its lives."""

    def __init__(
        self,
        *,
        settings: Settings,
        mapper: Mapper,
        services: Services,
        clock: VirtualClock,
        perils: Perils,
        disk: Disk,
        dice: Random,
        seen: Callable[[str, Request, str], None],
        sent: Callable[[bytes], None],
    ) -> None:
        self._settings, self._clock, self._dice, self._disk = settings, clock, dice, disk
        self._mapper, self._zone = mapper, settings.scheduler.time_zone

        def transport(service: str, told: Callable[[bytes], None] = lambda body: None) -> SimulatedTransport:
            return SimulatedTransport(service, services, perils=perils, dice=dice, seen=seen, sent=told)

        self._graph, self._board = transport("graph"), transport("scheduler", sent)
        self._authority = transport("authority")
        self._credentials = MsalCredentials(credentials_of(services, settings), self._authority)
        self._app: Application | None = None
        self._dispatcher = ManualDispatcher(dice)
        self._timers = VirtualTimers(clock)

    @property
    def is_alive(self) -> bool:
        """Whether a process runs."""
        return self._app is not None

    @property
    def application(self) -> Application:
        """The process that runs."""
        if self._app is None:
            raise LookupError("no process runs")
        return self._app

    def start(self) -> None:
        """Begin a life. Raises `ProcessCrash`."""
        self._dispatcher, self._timers = ManualDispatcher(self._dice), VirtualTimers(self._clock)
        runtime = SimulatedRuntime(
            clock=self._clock,
            timers=self._timers,
            random=self._dice,
            resources=self._dispatcher,
            pinned=dict.fromkeys(PINNED, self._dispatcher),
            senders=SimulatedSenders(self._dispatcher, self._timers, self._dice, self._delay),  # type: ignore[arg-type]  # the protocol is what matters
        )
        mapper = self._mapping()
        self._app = Application(
            self._settings,
            runtime=runtime,
            store=self._disk.store,
            outside=Outside(graph=self._graph, scheduler=self._board, credentials=self._credentials),
            mapper=mapper,
        )
        if self._app.rules_watch is not None:
            file = RulesFile(self._settings.rules.file, self._zone)
            self._app.rules_watch = SeldomLooking(file, mapper.rules, self._clock)
        self._app.start()

    def _mapping(self) -> Mapper:
        """The mapping as a process has it that starts now."""
        file = self._settings.rules.file
        return replace(self._mapper, rules=load_rules(file, self._zone)) if file else self._mapper

    def die(self) -> None:
        """Everything in memory is gone."""
        self._app = None
        self._dispatcher, self._timers = ManualDispatcher(self._dice), VirtualTimers(self._clock)

    def listen(self, answer: Callable[[Delivery], Response | None]) -> None:
        """Say who answers what a service asks the process meanwhile."""
        for transport in (self._graph, self._board):
            transport.listen = answer

    # Its time

    def run_one(self) -> bool:
        """Give one turn. Raises `ProcessCrash`."""
        return self._dispatcher.run_one()

    def next_due(self) -> datetime | None:
        """When something of it is due."""
        return self._timers.next_due()

    def fire_due(self) -> None:
        """Deliver what is due now."""
        self._timers.fire_due()

    # What it says of itself

    @property
    def is_idle(self) -> bool:
        """Whether no resource has anything left to do."""
        return self._app is not None and self._app.loaded.is_set() and not self._app.router.busy()

    @property
    def failure(self) -> str:
        """Why the process cannot go on; empty while it can."""
        return self._app.failure if self._app is not None else ""

    def troubled(self) -> list[str]:
        """Resources that are in quarantine, and dead letters."""
        if self._app is None:
            return []
        letters = [f"dead letter {one.act.value}: {one.reason}" for one in self._disk.store.dead_letters()]
        return letters + [
            f"{record.resource_no} {record.state.value}: {record.reason}"
            for record in self._app.records
            if record.state.value == "quarantined"
        ]

    def refused(self) -> frozenset[str]:
        """The appointments of occurrences that Graph does not move past their neighbours."""
        letters = self._disk.store.dead_letters()
        return frozenset(str(one.guid) for one in letters if one.code == "ErrorOccurrenceCrossingBoundary")

    def unmade(self) -> frozenset[str]:
        """Resources for whose events the board made or took away no appointment: those are put aside until
        either side changes, or an administrator has it tried again (D9)."""
        acts, letters = (Act.CREATE_APPOINTMENT, Act.REMOVE_APPOINTMENT), self._disk.store.dead_letters()
        return frozenset(str(one.resource_no) for one in letters if one.act in acts)

    # What it is told

    def mailbox_changed(self, mailbox: str) -> None:
        """Graph notifies of a change."""
        if self._app is not None:
            self._app.router.hint_mailbox(
                MailboxId(mailbox), Hint(outlook=True, trigger=Trigger.NOTIFICATION)
            )

    def appointment_changed(self, guid: str, number: int, resources: tuple[str, ...]) -> None:
        """Dime.Scheduler calls a webhook."""
        if self._app is None:
            return
        ref = AppointmentRef(guid=AppointmentGuid(guid), id=AppointmentId(str(number)))
        linked = {link.resource_no for link in self._disk.store.links_of_appointment(guid=ref.guid)}
        for name in sorted(linked | {ResourceNo(one) for one in resources}):
            self._app.router.hint(name, Hint(appointments=frozenset({ref}), trigger=Trigger.WEBHOOK))

    def prefer(self, resource: str, chosen: dict[str, Any]) -> None:
        """A resource chooses what it shares; the answer comes when it is stored."""
        stored = StoredPreferences(
            preferences=Preferences(
                share=chosen["share"],
                show_as=frozenset(ShowAs(one) for one in chosen["show_as"]),
                sensitivity=frozenset(Sensitivity(one) for one in chosen["sensitivity"]),
                private=PrivateEvents(chosen["private"]),
            ),
            set_by="resource",
            set_at=self._clock.now(),
        )
        number = ResourceNo(resource)
        self._disk.store.apply([PutPreferences(resource_no=number, stored=stored)])
        if self._app is not None:
            self._app.router.hint(number, Hint(preferences=True, trigger=Trigger.PREFERENCES))

    def resync(self) -> None:
        """An administrator has everything compared."""
        if self._app is not None:
            self._app.resync(None)

    def _delay(self) -> float:
        total = 0.0
        for transport in (self._graph, self._board, self._authority):
            total, transport.delay = total + transport.delay, 0.0
        return total


class SeldomLooking(RulesWatch):
    """Looks at a file that stands still at a pace that suits virtual time: a history lasts for days."""

    def look(self) -> tuple[Rules | None, float]:
        rules, seconds = super().look()
        return rules, RULES_LOOK_SECONDS if seconds == LOOK_SECONDS else seconds


def settings_for(
    services: Services,
    *,
    sync: dict[str, Any],
    private: str,
    url: str = "sqlite:///unused",
    resources_decide: bool = True,
    rules: str = "",
) -> Settings:
    """The configuration of the connector for these services."""
    application = services.authority.application
    return Settings(
        scheduler={"url": BOARD_URL, "api_key": services.api_key},  # type: ignore[arg-type]  # pydantic reads it
        microsoft365={  # type: ignore[arg-type]  # pydantic reads it
            "tenant_id": services.authority.tenant_id,
            "client_id": application.client_id,
            "client_secret": application.secret,
            "authority": AUTHORITY,
            "graph_url": GRAPH_URL,
        },
        sync=sync,  # type: ignore[arg-type]  # pydantic reads it
        defaults={"private": private, "resources_decide": resources_decide},  # type: ignore[arg-type]  # pydantic reads it
        rules={"file": rules},  # type: ignore[arg-type]  # pydantic reads it
        storage={"url": url},  # type: ignore[arg-type]  # pydantic reads it
    )


def credentials_of(services: Services, settings: Settings) -> AppCredentials:
    """What the connector signs in with."""
    application = services.authority.application
    return AppCredentials(
        tenant_id=services.authority.tenant_id,
        client_id=application.client_id,
        client_secret=application.secret,
        authority=settings.microsoft365.authority,
        graph_url=settings.microsoft365.graph_url,
    )

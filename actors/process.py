"""The unattended process: the application, its listener, and what it does by the minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from actors.administration import Administration, Company, Sharing
from actors.application import Application
from actors.assembly import remember_judging
from actors.clients.transport import RequestsTransport
from actors.committing import StoreDesk
from actors.gateways import Outside
from actors.inquiry import Circumstances
from actors.intake import Intake
from actors.runtime.errors import log_failure
from actors.runtime.system import Runtime
from actors.store_actor import Commit
from actors.subscription_ports import Polled
from actors.subscriptions import Look, SubscriptionNeighbours, Subscriptions
from actors.web.access import CONTROL_KEY, ApiAccess, Login, announcement, new_secret
from actors.web.app import Parts, create_app
from actors.web.server import WebServer
from models.mapper import Mapper
from models.settings.sections import Settings
from models.storage.changes import PutMeta
from models.storage.errors import StoreError
from models.storage.store import Store

log = structlog.get_logger(__name__)

FLEET_LINE_SECONDS: Final = 60.0
PRUNE_SECONDS: Final = 3_600.0
WEB_STOP_SECONDS: Final = 1.0
RUNTIME_STOP_SECONDS: Final = 1.0
LAST_ALIVE: Final = "last_alive"
"""Names, in the store's meta table, when the process last wrote: a disk that refuses is noticed in a minute,
also when nothing else is to be written."""


class Process:
    """Everything that runs in `exchange-connector run`, from its start to its stop."""

    def __init__(
        self,
        settings: Settings,
        *,
        runtime: Runtime,
        store: Store,
        transport: RequestsTransport,
        outside: Outside,
        mapper: Mapper,
    ) -> None:
        self.settings = settings
        self.runtime, self.store = runtime, store
        self._transport = transport
        self.application = Application(settings, runtime=runtime, store=store, outside=outside, mapper=mapper)
        self._web: WebServer | None = None
        self._control_key = new_secret()
        self._next_line = self._next_prune = 0.0
        self._changes_told = 0

    # From start to stop

    def start(self) -> None:
        """Start everything. Waits for no service. Raises `CannotListen` and `StoreError`."""
        if remember_judging(self.store, self.settings):
            log.info("settings that judge events have changed: every mailbox is read anew")
        self.runtime.start()
        self.application.prepare()
        self._web = self._listener()
        self.application.start()
        self._web.start()
        now = self.runtime.clock.monotonic()
        self._next_line, self._next_prune = now + FLEET_LINE_SECONDS, now + PRUNE_SECONDS

    def stop(self) -> None:
        """Stop everything, in reverse; what was asked to be written is written."""
        if self._web is not None:
            self._web.stop(WEB_STOP_SECONDS)
        self.application.stop()
        survivors = self.runtime.stop(RUNTIME_STOP_SECONDS)
        if not survivors:
            self._transport.close()  # a request that hangs keeps its connection until the process ends
        try:
            if self.store.meta(CONTROL_KEY) == self._control_key:  # and not that of another on this store
                self.store.apply(announcement(control_key="", control_url=""))
        except StoreError as error:
            log.warning("store refuses", problem=str(error))
        self.store.close()

    def _listener(self) -> WebServer:
        settings, runtime, application = self.settings, self.runtime, self.application
        desk = StoreDesk(store=application.store_actor, dispatcher=runtime.pinned["store"])
        polled = Polled()
        intake = listen_with(
            application,
            desk,
            polled,
            public_url=settings.server.public_url,
            webhook_source_apps=settings.scheduler.webhook_source_apps,
        )
        parts = Parts(
            intake=intake,
            facade=Administration(company_of(application, desk, polled)),
            store=self.store,
            clock=runtime.clock,
            scheduler_login=Login(
                name=settings.scheduler.webhook_login,
                password=settings.scheduler.webhook_password.get_secret_value(),
            ),
            access=ApiAccess(
                admin_password=settings.server.admin_password.get_secret_value(),
                control_key=self._control_key,
            ),
        )
        web = WebServer(
            create_app(parts), host=settings.server.host, port=settings.server.port, clock=runtime.clock
        )
        self.store.apply(announcement(control_key=self._control_key, control_url=web.url))
        return web

    # By the minute

    def look_after(self) -> None:
        """Do what is due. Called from time to time, on a thread that may wait for the disk."""
        now = self.runtime.clock.monotonic()
        try:
            if now >= self._next_line:
                self._next_line = now + FLEET_LINE_SECONDS
                self._fleet_line()
            if now >= self._next_prune:
                self._next_prune = now + PRUNE_SECONDS
                self._prune()
        except StoreError as error:
            log.warning("store refuses", problem=str(error))
        except Exception as error:  # noqa: BLE001 - a line that cannot be written must not end the process
            log_failure(log, "housekeeping failed", error)

    def _fleet_line(self) -> None:
        """How everything is, in one line."""
        application = self.application
        alive = PutMeta(key=LAST_ALIVE, value=self.runtime.clock.now().isoformat())
        application.store_actor.tell(Commit(changes=(alive,)))
        changes, counts = application.changes, self.store.counts()
        busy = application.router.busy()
        log.info(
            "fleet",
            resources=dict(Counter(record.state.value for record in application.records)),
            backlog={"journal": counts.journal, "outbox": counts.outbox},
            busy=len(busy),
            lag_seconds=round(max(map(application.router.lag, busy), default=0.0), 1),
            dead_letters=counts.dead_letters,
            changes=changes - self._changes_told,
        )
        self._changes_told = changes

    def _prune(self) -> None:
        """Drop decisions that are too old or too many, a little at a time."""
        dropped = 0
        while some := self.store.prune(self.runtime.clock.now()):
            dropped += some
        if dropped:
            log.info("old decisions dropped", entries=dropped)


def listen_with(
    application: Application,
    desk: StoreDesk,
    polled: Polled,
    *,
    public_url: str,
    webhook_source_apps: Sequence[str],
    secrets: Callable[[], str] = new_secret,
) -> Intake:
    """Have both services tell the application of changes, once it is loaded; where that comes in."""
    runtime = application.runtime
    neighbours = SubscriptionNeighbours(
        graph=application.graph,
        scheduler=application.scheduler,
        store=application.store_actor,
        router=application.router,
        clock=runtime.clock,
        timers=runtime.timers,
        random=runtime.random,
        new_secret=secrets,
        is_roster_loaded=application.loaded.is_set,
    )
    subscriptions = application.employ(
        Subscriptions,
        "router",
        neighbours=neighbours,
        public_url=public_url,
        webhook_source_apps=webhook_source_apps,
        polled=polled,
    )
    intake = Intake(desk=desk, router=application.router, clock=runtime.clock, subscriptions=subscriptions)

    def loaded() -> None:
        intake.replay()
        subscriptions.tell(Look())

    application.on_loaded = loaded
    return intake


def company_of(application: Application, desk: StoreDesk, polled: Polled) -> Company:
    """Everybody whom an administrator's question to a process may concern."""
    settings, clock = application.settings, application.runtime.clock
    sharing = Sharing(
        defaults=settings.default_preferences(), resources_decide=settings.defaults.resources_decide
    )
    return Company(
        store=application.store,
        desk=desk,
        router=application.router,
        supervisor=application.supervisor,
        graph=application.graph,
        scheduler=application.scheduler,
        clock=clock,
        sharing=lambda: sharing,
        circumstances=lambda: Circumstances.of(settings, clock.now()),
        store_problem=lambda: application.store_problem,
        roster_loaded=application.loaded.is_set,
        polled=lambda: polled.reasons,
        rules=application.rules_standing,
        decided=application.tally.by_act,
        undos=application.undos,
    )

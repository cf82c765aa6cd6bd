"""What of the process listens, in one thread and virtual time: subscriptions, hooks, journal and router.

The services validate, notify, repeat and fall silent as the sandbox does; nobody else tells the connector of
anything. A delivery may be lost, doubled or late, meet nobody, or the end of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from actors.administration import Administration
from actors.application import Application
from actors.committing import StoreDesk
from actors.process import company_of, listen_with
from actors.runtime.clock import VirtualClock
from actors.runtime.errors import ProcessCrash
from actors.runtime.timers import VirtualTimers
from actors.subscription_ports import Polled
from actors.web.access import ApiAccess, Login
from actors.web.app import Parts, create_app
from models.storage.store import Store
from tests.sandbox.services import ACCEPTED, Services
from tests.sandbox.wire import Delivery, Response
from tests.web_kit import PASSWORD, basic

PUBLIC = "https://connector.contoso.test"
LOGIN = Login(name="board", password="board-secret")
ON_THE_WAY = 0.2
"""Seconds that a delivery takes."""


class Ears:
    """Where deliveries of both services come in, while a process lives."""

    def __init__(
        self,
        services: Services,
        clock: VirtualClock,
        timers: VirtualTimers,
        *,
        source_apps: Sequence[str] = (),
        fell: Callable[[], None] = lambda: None,
        journey: Callable[[], Sequence[float]] = lambda: (ON_THE_WAY,),
    ) -> None:
        """`fell` is told when the process ended while it listened; `journey` says after how many seconds a
        delivery arrives: never, once, or several times."""
        self._services, self._clock, self._timers = services, clock, timers
        self._source_apps, self._fell, self._journey = source_apps, fell, journey
        self.web: FlaskClient | None = None
        self.is_reachable = True
        """Whether the services reach the address that the process gives them."""
        self._secrets = 0
        services.sink = self._on_its_way

    def open(self, app: Application, store: Store) -> None:
        """A process has started, and listens."""
        desk = StoreDesk(store=app.store_actor, dispatcher=app.runtime.pinned["store"])
        polled = Polled()
        intake = listen_with(
            app,
            desk,
            polled,
            public_url=PUBLIC,
            webhook_source_apps=self._source_apps,
            secrets=self._new_secret,
        )
        parts = Parts(
            intake=intake,
            facade=Administration(company_of(app, desk, polled)),
            store=store,
            clock=self._clock,
            scheduler_login=LOGIN,
            access=ApiAccess(admin_password=PASSWORD, control_key=""),
        )
        self.web = create_app(parts).test_client()

    def close(self) -> None:
        """It has ended."""
        self.web = None

    def answer(self, delivery: Delivery) -> Response | None:
        """What the process answers; None where none listens."""
        if self.web is None or not self.is_reachable or not delivery.url.startswith(PUBLIC):
            return None
        parts = urlsplit(delivery.url)
        headers = dict(delivery.headers)
        if delivery.about.startswith("scheduler"):
            headers |= basic(LOGIN.name, LOGIN.password)
        answer = self.web.post(parts.path, query_string=parts.query, headers=headers, data=delivery.body)
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status_code, headers=lower, body=answer.get_data())

    def _on_its_way(self, delivery: Delivery) -> None:
        delays = self._journey()
        if not delays:
            self._services.settled(delivery, ACCEPTED)
        for delay in delays:
            self._timers.after(delay, lambda: self._arrive(delivery))

    def _arrive(self, delivery: Delivery) -> None:
        try:
            answer = self.answer(delivery)
        except ProcessCrash:
            answer = None
            self._fell()
        self._services.settled(delivery, answer)

    def _new_secret(self) -> str:
        self._secrets += 1
        return f"state-{self._secrets}"


class Mishaps:
    """What befalls deliveries and subscriptions in a history."""

    def __init__(self, services: Services, dice: Random, noted: Callable[[str], None]) -> None:
        self._services, self._dice, self._noted = services, dice, noted
        self.over = False

    def journey(self) -> Sequence[float]:
        """After how many seconds a delivery arrives."""
        dice = self._dice
        times = 1 if self.over else dice.choice((0, 0, 1, 1, 1, 2))
        if times != 1:
            self._noted("notifications")
        return [dice.choice((0.05, 0.5, 3.0, 40.0)) for _ in range(times)]

    def strike(self, ears: Ears, timers: VirtualTimers) -> None:
        """Now and then a subscription is lost, or the process cannot be reached."""
        dice, subscriptions = self._dice, self._services.graph.subscriptions
        if self.over or dice.random() >= 0.12:
            return
        self._noted("subscriptions")
        active = subscriptions.active
        if not active or dice.random() < 0.2:
            ears.is_reachable = False
            timers.after(dice.choice((30.0, 3_600.0)), lambda: self._reach(ears))
            return
        name = dice.choice(active).id
        what = dice.choice(("", "subscriptionRemoved", "missed", "reauthorizationRequired"))
        if what:
            subscriptions.lifecycle(name, what)
        else:
            subscriptions.remove(name)

    @staticmethod
    def _reach(ears: Ears) -> None:
        ears.is_reachable = True

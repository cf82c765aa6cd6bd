"""An office whose connector is told of changes as in earnest, in one thread and virtual time.

Beside what `tests.office` has, the process's own subscriptions, intake and web run: Graph and the board
validate, notify, repeat and fall silent as the sandbox does, and every delivery goes through the hooks, the
journal and the router. Nobody else tells the connector of anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from actors.administration import Administration
from actors.committing import StoreDesk
from actors.process import company_of, listen_with
from actors.subscription_ports import Polled
from actors.web.access import ApiAccess, Login
from actors.web.app import Parts, create_app
from tests.office import Office
from tests.sandbox.faults import Kind
from tests.sandbox.graph.subscription_form import Subscription
from tests.sandbox.wire import Delivery, Response
from tests.simulation.run import quiet
from tests.web_kit import ADMIN, PASSWORD, basic

HOUR = 3600.0
PUBLIC = "https://connector.contoso.test"
LOGIN = Login(name="board", password="board-secret")
ON_THE_WAY = 0.2
"""Seconds that a delivery takes."""
SELDOM = {"outlook_poll_seconds": 12 * 3600, "board_poll_seconds": 12 * 3600}
"""Polls so seldom that what is heard of soon was told."""


class ListeningOffice(Office):
    """An office that both services can reach."""

    def __init__(self, *, source_apps: Sequence[str] = (), is_reachable: bool = True, **options: Any) -> None:
        super().__init__(notified=False, **options)
        self._source_apps = source_apps
        self.is_reachable = is_reachable
        """Whether the services reach the address that the process gives them."""
        self._web: FlaskClient | None = None
        self._secrets = 0
        self.services.sink = self._on_its_way
        for transport in (self.connector._graph, self.connector._board):
            transport.listen = self._answer

    @property
    def listed(self) -> list[Subscription]:
        """What Graph has."""
        return self.services.graph.subscriptions.active

    def subscription(self, place: int = 0) -> Subscription:
        """The one for somebody's mailbox."""
        user_id = self.person(place).mailbox.user_id
        (found,) = (one for one in self.listed if one.user_id == user_id)
        return found

    def status(self, place: int = 0) -> dict[str, Any]:
        """What `GET /api/status` says of a resource."""
        assert self._web is not None
        shown = self._web.get("/api/status", headers=ADMIN).get_json()
        found: dict[str, Any] = next(
            one for one in shown["resources"] if one["resourceNo"] == self.numbers[place]
        )
        return found | {"backlog": shown["backlog"], "subscriptions": shown["subscriptions"]}

    def spoil(self, kind: Kind, *, service: str = "graph", times: int | None = None, **more: Any) -> None:
        """Something befalls deliveries."""
        self.services.faults.add(kind=kind, service=service, times=times, **more)

    def mend(self) -> None:
        """Nothing befalls them any more."""
        self.services.faults.clear()

    # Its lives

    def start(self) -> None:
        """Start the process, and what listens."""
        was_alive = self.connector.is_alive
        super().start()
        if not was_alive and self.connector.is_alive:
            self._web = self._open()

    def kill(self, down: float) -> None:
        """End it: nobody listens until it starts again."""
        self._web = None
        super().kill(down)

    def _open(self) -> FlaskClient:
        app = self.connector.application
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
            store=self.disk.store,
            clock=self.clock,
            scheduler_login=LOGIN,
            access=ApiAccess(admin_password=PASSWORD, control_key=""),
        )
        return create_app(parts).test_client()

    def _new_secret(self) -> str:
        self._secrets += 1
        return f"state-{self._secrets}"

    # What comes in

    def _on_its_way(self, delivery: Delivery) -> None:
        def arrive() -> None:
            self.services.settled(delivery, self._answer(delivery))

        self.timers.after(ON_THE_WAY, arrive)

    def _answer(self, delivery: Delivery) -> Response | None:
        """What the process answers; None where none listens."""
        if self._web is None or not self.is_reachable or not delivery.url.startswith(PUBLIC):
            return None
        parts = urlsplit(delivery.url)
        headers = dict(delivery.headers)
        if delivery.about.startswith("scheduler"):
            headers |= basic(LOGIN.name, LOGIN.password)
        answer = self._web.post(parts.path, query_string=parts.query, headers=headers, data=delivery.body)
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status_code, headers=named, body=answer.get_data())


@contextmanager
def listening(**options: Any) -> Iterator[ListeningOffice]:
    """An office that is listened to, and polled only seldom, after its first synchronisation."""
    with ExitStack() as stack:
        office = ListeningOffice(**{**SELDOM, "future_days": 60, **options})
        stack.callback(office.disk.close)
        stack.enter_context(quiet(office))
        office.start()
        office.settle()
        yield office

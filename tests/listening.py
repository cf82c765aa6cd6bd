"""An office whose connector is told of changes as in earnest, in one thread and virtual time.

Beside what `tests.office` has, the process's own subscriptions, intake and web run: Graph and the board
validate, notify, repeat and fall silent as the sandbox does, and every delivery goes through the hooks, the
journal and the router. Nobody else tells the connector of anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.office import Office
from tests.sandbox.faults import Kind
from tests.sandbox.graph.subscription_form import Subscription
from tests.simulation.listening import Ears
from tests.simulation.run import quiet
from tests.web_kit import ADMIN

HOUR = 3600.0
SELDOM = {"outlook_poll_seconds": 12 * 3600, "board_poll_seconds": 12 * 3600}
"""Polls so seldom that what is heard of soon was told."""


class ListeningOffice(Office):
    """An office that both services can reach."""

    def __init__(self, *, source_apps: Sequence[str] = (), is_reachable: bool = True, **options: Any) -> None:
        super().__init__(notified=False, **options)
        self.listen(source_apps=source_apps)
        self.is_reachable = is_reachable

    @property
    def _listener(self) -> Ears:
        assert self.ears is not None
        return self.ears

    @property
    def is_reachable(self) -> bool:
        """Whether the services reach the address that the process gives them."""
        return self._listener.is_reachable

    @is_reachable.setter
    def is_reachable(self, is_reachable: bool) -> None:
        self._listener.is_reachable = is_reachable

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
        web = self._listener.web
        assert web is not None
        shown = web.get("/api/status", headers=ADMIN).get_json()
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

"""Looks at every write of the services for an item that exists twice, be it for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.sandbox.graph.mailbox import Change
from tests.sandbox.scheduler.ledger import BoardChange
from tests.sandbox.services import Services
from tests.services_kit import Sandbox
from tests.simulation.reading import link_of


@dataclass(slots=True)
class Doubles:
    """Which events stand for an appointment, which appointments for an event, and what was found twice.

    A person's own copy of an event carries the same link (B13): there are none where this is used.
    """

    services: Services
    found: list[str] = field(default_factory=list)
    events: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    appointments: dict[str, set[str]] = field(default_factory=dict)

    def mailbox_changed(self, change: Change) -> None:
        """An event was written."""
        if change.change_type == "deleted":
            for standing in self.events.values():
                standing.discard(change.immutable_id)
            return
        link = link_of(self.services.tenant.mailbox(change.user_id).find(change.immutable_id).event)
        if link is not None:
            standing = self.events.setdefault((change.user_id, link), set())
            standing.add(change.immutable_id)
            if len(standing) > 1:
                self.found.append(f"{link} has {len(standing)} events in mailbox {change.user_id}")

    def board_changed(self, change: BoardChange) -> None:
        """An appointment was written."""
        appointment = change.appointment
        mark = appointment.exchange.exchange_id if appointment.exchange is not None else None
        if not mark or not appointment.exchange or not appointment.exchange.created_by_exchange:
            return
        standing = self.appointments.setdefault(mark, set())
        if change.action == "deleted":
            standing.discard(appointment.guid)
            return
        standing.add(appointment.guid)
        if len(standing) > 1:
            self.found.append(f"event {mark} has {len(standing)} appointments")


@contextmanager
def watched_for_doubles(sandbox: Sandbox) -> Iterator[Doubles]:
    """Look at every write during the block. Nothing may have been synchronised before."""
    services = sandbox.services
    doubles = Doubles(services)
    listeners = services.tenant.listeners, services.board.listeners

    def listen() -> None:
        listeners[0].append(doubles.mailbox_changed)
        listeners[1].append(doubles.board_changed)

    def leave() -> None:
        listeners[0].remove(doubles.mailbox_changed)
        listeners[1].remove(doubles.board_changed)

    sandbox.call(listen)
    try:
        yield doubles
    finally:
        sandbox.call(leave)

"""Where hints wait for a resource until it takes them, merged: fifty of them are one."""

from __future__ import annotations

import threading

from actors.resource.messages import BoardListed, Hint
from models.ids import ResourceNo


class Hints:
    """Hints by resource. Any thread may leave one; the resource's actor takes them all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hints: dict[ResourceNo, Hint] = {}
        self._listings: dict[ResourceNo, BoardListed] = {}
        self._in_hand: dict[ResourceNo, tuple[Hint | None, BoardListed | None]] = {}

    def leave(self, resource_no: ResourceNo, hint: Hint) -> bool:
        """Leave a hint; whether the resource has to be woken for it."""
        with self._lock:
            waiting = self._hints.get(resource_no)
            self._hints[resource_no] = hint if waiting is None else waiting.merged_with(hint)
            return waiting is None and resource_no not in self._listings

    def leave_listing(self, resource_no: ResourceNo, listing: BoardListed) -> bool:
        """Leave what the board's watch read; a later listing replaces an earlier one."""
        with self._lock:
            waiting = self._listings.get(resource_no)
            self._listings[resource_no] = listing
            return waiting is None and resource_no not in self._hints

    def take(self, resource_no: ResourceNo) -> tuple[Hint | None, BoardListed | None]:
        """Take everything that waits for a resource. It stays in hand until `settle`."""
        with self._lock:
            hint, listing = self._hints.pop(resource_no, None), self._listings.pop(resource_no, None)
            if hint is not None or listing is not None:
                self._in_hand[resource_no] = _both(self._in_hand.get(resource_no), (hint, listing))
            return hint, listing

    def waits_for(self, resource_no: ResourceNo) -> bool:
        """Whether something waits that the resource has not taken yet."""
        with self._lock:
            return resource_no in self._hints or resource_no in self._listings

    def settle(self, resource_no: ResourceNo) -> None:
        """Everything that was taken has been dealt with."""
        with self._lock:
            self._in_hand.pop(resource_no, None)

    def restore(self, resource_no: ResourceNo) -> None:
        """The actor that took hints did not live to deal with them: they wait again for the next."""
        with self._lock:
            taken = self._in_hand.pop(resource_no, None)
            if taken is None:
                return
            waiting = (self._hints.get(resource_no), self._listings.get(resource_no))
            hint, listing = _both(taken, waiting)
            if hint is not None:
                self._hints[resource_no] = hint
            if listing is not None:
                self._listings[resource_no] = listing

    def forget(self, resource_no: ResourceNo) -> None:
        """Drop what waits for a resource that is left alone from now on."""
        with self._lock:
            self._hints.pop(resource_no, None)
            self._listings.pop(resource_no, None)
            self._in_hand.pop(resource_no, None)


def _both(
    earlier: tuple[Hint | None, BoardListed | None] | None, later: tuple[Hint | None, BoardListed | None]
) -> tuple[Hint | None, BoardListed | None]:
    if earlier is None:
        return later
    hint = (
        earlier[0]
        if later[0] is None
        else later[0]
        if earlier[0] is None
        else earlier[0].merged_with(later[0])
    )
    return hint, later[1] or earlier[1]

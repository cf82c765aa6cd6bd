"""calendarView/delta: what changed in a frozen window since a link was given out (facts §3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.sandbox.graph import errors
from tests.sandbox.graph.call import Call
from tests.sandbox.graph.changelog import Entry
from tests.sandbox.graph.events import Event
from tests.sandbox.graph.mailbox import Calendar, Mailbox
from tests.sandbox.graph.odata import address
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.graph.rendering import Renderer
from tests.sandbox.graph.views import Window, instances, read_window

EVENT_TYPE = "#microsoft.graph.event"
REFUSED = ("select", "expand", "filter", "orderby", "search", "top", "skip", "count")
TOKEN = struct.Struct(">QIQQ?")
SEAL = 16
"""Bytes of the seal that tells a token of this mailbox from an invented one."""


@dataclass(slots=True, kw_only=True)
class SyncState:
    """One client's round after round over one window of one calendar."""

    window: Window
    calendar_id: str
    epoch: int
    generation: int = 0
    """The newest delta link given out; older ones are forgotten after a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a link knows. The window stays with the server."""

    state: int
    generation: int
    position: int
    """Changes up to this one were sent."""
    until: int
    """Changes after this one belong to the next round; 0 in a delta link, whose round has not begun."""
    is_initial: bool

    def sealed(self, key: bytes) -> str:
        """The token as a link carries it."""
        plain = TOKEN.pack(self.state, self.generation, self.position, self.until, self.is_initial)
        seal = hmac.digest(key, plain, "sha256")[:SEAL]
        return f"{_text(_masked(plain, seal))}.{_text(seal)}"

    @classmethod
    def opened(cls, text: str, key: bytes) -> Token | None:
        """The token in a link, or None for one that this mailbox never gave out."""
        try:
            masked, seal = (
                base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in text.split(".")
            )
        except (ValueError, binascii.Error):
            return None
        plain = _masked(masked, seal)
        genuine = hmac.compare_digest(hmac.digest(key, plain, "sha256")[:SEAL], seal)
        if len(plain) != TOKEN.size or not genuine:
            return None
        state, generation, position, until, is_initial = TOKEN.unpack(plain)
        return cls(state=state, generation=generation, position=position, until=until, is_initial=is_initial)


class HasQuirks(Protocol):
    """The tenant, as far as it matters here: its quirks may be replaced while it runs."""

    quirks: Quirks


@dataclass(slots=True)
class DeltaRounds:
    """The delta rounds of a tenant's calendars."""

    tenant: HasQuirks
    _states: dict[str, dict[int, SyncState]] = field(default_factory=dict)

    def page(self, call: Call, calendar: Calendar, renderer: Renderer) -> dict[str, Any]:
        """One page: items and the link to what follows, never both links.

        Raises the refusals for query options, for an invented token (400) and a forgotten one (410).
        """
        mailbox = renderer.mailbox
        refused = [name for name in REFUSED if call.option(name) is not None]
        if refused:
            raise errors.GraphError(
                400,
                "ErrorInvalidUrlQuery",
                "The following parameters are not supported with change tracking over the 'CalendarView' "
                f"resource: '{', '.join(f'${name}' for name in refused)}'.",
            )
        sent = (call.option("$deltatoken"), call.option("$skiptoken"))
        text = next((one for one in sent if one is not None), None)
        token = self._begin(call, calendar, mailbox) if text is None else self._resume(text, mailbox)
        state = self._states[mailbox.user_id][token.state]
        return self._written(call, state, token, renderer)

    def _begin(self, call: Call, calendar: Calendar, mailbox: Mailbox) -> Token:
        """A new sync state. Its window is frozen from here on."""
        state = SyncState(window=read_window(call), calendar_id=calendar.id, epoch=mailbox.delta_epoch)
        number = mailbox.random.getrandbits(64)
        self._states.setdefault(mailbox.user_id, {})[number] = state
        return Token(state=number, generation=0, position=0, until=0, is_initial=True)

    def _resume(self, text: str, mailbox: Mailbox) -> Token:
        token = Token.opened(text, mailbox.store.provider)
        if token is None:
            raise errors.bad_request("Badly formed token.")
        state = self._states.get(mailbox.user_id, {}).get(token.state)
        known = (
            state is not None
            and state.epoch == mailbox.delta_epoch
            and token.generation > state.generation - self.tenant.quirks.delta_generations
            and state.calendar_id in mailbox.calendars.by_id
        )
        if not known:
            raise _forgotten(token, state, self.tenant.quirks.delta_generations)
        return token

    def _written(self, call: Call, state: SyncState, token: Token, renderer: Renderer) -> dict[str, Any]:
        mailbox = renderer.mailbox
        log = mailbox.calendars.logs[state.calendar_id]
        until = token.until or max(
            token.position, log.newest_before(mailbox.now() - self.tenant.quirks.delta_lag)
        )
        size = call.prefer.max_page_size or self.tenant.quirks.delta_page_size
        value: list[dict[str, Any]] = []
        position, is_last = until, True
        for scanned, entry in enumerate(log.between(token.position, until)):
            if len(value) >= size or scanned >= self.tenant.quirks.delta_scan:
                is_last = False
                break
            position = entry.sequence
            value.extend(self._items(entry, state, token, renderer))
        page = {"@odata.context": f"{call.base_url}/$metadata#Collection(event)", "value": value}
        key = mailbox.store.provider
        if not is_last:
            following = Token(
                state=token.state,
                generation=token.generation,
                position=position,
                until=until,
                is_initial=token.is_initial,
            )
            return {**page, "@odata.nextLink": f"{address(call)}?$skiptoken={following.sealed(key)}"}
        state.generation += 1
        following = Token(
            state=token.state, generation=state.generation, position=until, until=0, is_initial=False
        )
        return {**page, "@odata.deltaLink": f"{address(call)}?$deltatoken={following.sealed(key)}"}

    def _items(
        self, entry: Entry, state: SyncState, token: Token, renderer: Renderer
    ) -> Iterator[dict[str, Any]]:
        """What one changed event means for the window. A series comes whole (facts §3.3)."""
        event = renderer.mailbox.by_number(entry.number)
        tells_removals = not token.is_initial or self.tenant.quirks.removed_in_first_round
        if event is None or entry.gone:
            if tells_removals:
                yield _removed(entry.number, "deleted", renderer)
            return
        shown = list(_shown(event, state.window, renderer))
        if not shown:
            if tells_removals:
                yield _removed(entry.number, self.tenant.quirks.removed_reason_outside_window, renderer)
            return
        yield from shown
        chance = self.tenant.quirks.delta_replay_probability
        if chance and renderer.mailbox.random.random() < chance:
            yield from shown


def _shown(event: Event, window: Window, renderer: Renderer) -> Iterator[dict[str, Any]]:
    if not event.is_series:
        if window.overlaps(event.span):
            yield {"@odata.type": EVENT_TYPE, **renderer.event(event.item)}
        return
    present = instances(event, window)
    if not present:
        return
    yield {"@odata.type": EVENT_TYPE, **renderer.event(event.item)}
    for item in present:
        if item.exception is None:
            yield renderer.stub(item)
        else:
            yield {"@odata.type": EVENT_TYPE, **renderer.event(item)}


def _removed(number: int, reason: str, renderer: Renderer) -> dict[str, Any]:
    store = renderer.mailbox.store
    immutable = renderer.prefer.immutable_ids
    removed_id = store.immutable_id(number) if immutable else store.event_id(number)
    return {"@odata.type": EVENT_TYPE, "id": removed_id, "@removed": {"reason": reason}}


def _forgotten(token: Token, state: SyncState | None, kept: int) -> errors.GraphError:
    highest = state.generation if state else token.generation
    known = "".join(f"[{one}]" for one in range(highest, max(0, highest - kept), -1))
    return errors.GraphError(
        410,
        "SyncStateNotFound",
        f"The sync state generation is not found; generation={token.generation};[highest={highest}]{known}.",
    )


def _masked(content: bytes, seal: bytes) -> bytes:
    """Hides or shows what a token holds: clients have no business in it."""
    stream = hashlib.sha256(seal).digest()
    return bytes(one ^ other for one, other in zip(content, stream, strict=False))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")

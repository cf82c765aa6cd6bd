"""What the routes of one call work with: whose mailbox, which calendar, how to read and to write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.sandbox.graph import errors
from tests.sandbox.graph.call import Call, empty_response, json_response
from tests.sandbox.graph.events import Item
from tests.sandbox.graph.mailbox import Calendar, Mailbox
from tests.sandbox.graph.odata import Options, arranged, next_link, read_options, selected
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.graph.rendering import Renderer
from tests.sandbox.graph.writes import Writer
from tests.sandbox.wire import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One call on one mailbox."""

    call: Call
    mailbox: Mailbox
    calendar: Calendar | None
    """The calendar that the path names; None when it names only the mailbox."""
    scope: str
    """What contexts say between the user and the collection, e.g. "calendars('…')/"."""
    renderer: Renderer
    writer: Writer
    quirks: Quirks

    @property
    def listed_calendar(self) -> Calendar:
        """The calendar that a collection is read from and an event is made in."""
        return self.calendar or self.mailbox.default_calendar

    def find(self, event_id: str) -> Item:
        """What an id names, if it lies in the calendar of the path. Raises the refusals."""
        item = self.mailbox.find(event_id)
        if self.calendar is not None and item.event.calendar_id != self.calendar.id:
            raise errors.item_not_found()
        return item

    def context(self, collection: str, *, options: Options | None = None, entity: bool = False) -> str:
        """An `@odata.context`."""
        user = quote(self.call.segments[1], safe="")
        members = f"({','.join(options.select)})" if options and options.select else ""
        end = "/$entity" if entity else ""
        return f"{self.call.base_url}/$metadata#users('{user}')/{self.scope}{collection}{members}{end}"

    def shown(self, item: Item, options: Options) -> dict[str, Any]:
        """An event with the members that the call selects and expands."""
        extra = self.renderer.on_request(item) if options.select else {}
        return {**selected(options, self.renderer.event(item), extra), **self._expanded(item, options)}

    def event(self, status: int, item: Item, *, linked: bool = False) -> Response:
        """An answer that is one event; `linked` adds what only a GET by id brings (facts §1.1)."""
        options = read_options(self.call, single=True)
        content = {
            "@odata.context": self.context("events", options=options, entity=True),
            **self.shown(item, options),
        }
        if linked and options.select is None:
            home = f"{self.call.base_url}/users('{self.call.segments[1]}')"
            calendar = f"{home}/calendars('{item.event.calendar_id}')"
            content["calendar@odata.associationLink"] = f"{calendar}/$ref"
            content["calendar@odata.navigationLink"] = calendar
        return self.json(status, content)

    def collection(self, name: str, items: Sequence[Item], options: Options) -> Response:
        """An answer that is one page of events."""
        found = arranged(options, items)
        page = found[options.skip : options.skip + options.top]
        content: dict[str, Any] = {"@odata.context": self.context(name, options=options)}
        if options.count:
            content["@odata.count"] = len(found)
        content["value"] = [self.shown(item, options) for item in page]
        if options.skip + options.top < len(found):
            content["@odata.nextLink"] = next_link(self.call, options)
        return self.json(200, content)

    def rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> Response:
        """An answer that is a short collection of something else than events."""
        return self.json(200, {"@odata.context": self.context(name), "value": [dict(row) for row in rows]})

    def json(self, status: int, content: Any, applied: tuple[str, ...] = ()) -> Response:
        """A JSON answer that says which preferences it honoured."""
        return json_response(status, content, applied=(*self.call.prefer.applied, *applied))

    def done(self, status: int) -> Response:
        """An answer without content."""
        return empty_response(status)

    def _expanded(self, item: Item, options: Options) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for expansion in options.expand:
            match expansion.name:
                case "singleValueExtendedProperties" | "multiValueExtendedProperties" as name:
                    many = name.startswith("multi")
                    rows = [
                        {"id": one.id, "value": list(one.value) if many else one.value}
                        for key, one in item.extended().items()
                        if key in expansion.keys and isinstance(one.value, tuple) is many
                    ]
                    if rows:
                        found[name] = rows
                case "exceptionOccurrences":
                    found["exceptionOccurrences"] = self._exceptions(item, options)
                case "extensions":
                    extensions = item.event.extensions.items()
                    wanted = expansion.keys
                    found["extensions"] = [one for name, one in extensions if not wanted or name in wanted]
                case name:
                    found[name] = []
        return found

    def _exceptions(self, item: Item, options: Options) -> list[dict[str, Any]]:
        if item.day is not None:
            return []
        items = [Item(event=item.event, day=day) for day in sorted(item.event.exceptions)]
        wants_original = options.select is not None and "originalStart" in options.select
        return [
            self.renderer.event(one)
            | ({"originalStart": self.renderer.on_request(one)["originalStart"]} if wants_original else {})
            for one in items
        ]

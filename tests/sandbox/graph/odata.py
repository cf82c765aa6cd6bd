"""Query options on events: which members, which rows, in which order, how many (facts §2.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.sandbox.graph import errors
from tests.sandbox.graph.call import Call
from tests.sandbox.graph.events import Item
from tests.sandbox.graph.filters import Filter, read_filter, sort_key
from tests.sandbox.graph.payloads import property_key

DEFAULT_PAGE = 10
MAX_PAGE = 1000
EVENT_MEMBERS = frozenset(
    {"id", "createdDateTime", "lastModifiedDateTime", "changeKey", "categories", "transactionId", "uid"}
    | {"originalStartTimeZone", "originalEndTimeZone", "iCalUId", "reminderMinutesBeforeStart"}
    | {"isReminderOn", "hasAttachments", "subject", "bodyPreview", "importance", "sensitivity", "isAllDay"}
    | {"isCancelled", "isOrganizer", "responseRequested", "seriesMasterId", "showAs", "type", "webLink"}
    | {
        "onlineMeetingUrl",
        "isOnlineMeeting",
        "onlineMeetingProvider",
        "allowNewTimeProposals",
        "occurrenceId",
        "isDraft",
    }
    | {"hideAttendees", "responseStatus", "body", "start", "end", "location", "locations", "recurrence"}
    | {"attendees", "organizer", "onlineMeeting", "originalStart", "cancelledOccurrences"}
)
ON_REQUEST = frozenset({"originalStart", "cancelledOccurrences"})
"""Members that only `$select` brings (facts §1.8)."""
NAVIGATION = frozenset(
    {"attachments", "calendar", "exceptionOccurrences", "extensions", "instances"}
    | {"multiValueExtendedProperties", "singleValueExtendedProperties"}
)
NOT_EXPANDABLE = frozenset({"calendar", "instances"})
KNOWN_OPTIONS = frozenset({"select", "filter", "orderby", "expand", "top", "skip", "count", "format"})
PROPERTY_IN_FILTER = re.compile(r"id\s+eq\s+'((?:[^']|'')*)'", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """One entry of `$expand`."""

    name: str
    keys: frozenset[str] = frozenset()
    """Keys of the extended properties, or names of the extensions, that its filter asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The query options of a call, checked."""

    select: tuple[str, ...] | None = None
    expand: tuple[Expansion, ...] = ()
    filter: Filter | None = None
    order: tuple[tuple[str, bool], ...] = ()
    """Property and whether it descends."""
    top: int = DEFAULT_PAGE
    skip: int = 0
    count: bool = False

    def wants(self, member: str) -> bool:
        """Whether a response carries the member."""
        return self.select is None or member in self.select


def read_options(call: Call, *, single: bool = False) -> Options:
    """The options of a call for one event (`single`) or a collection. Raises the refusals."""
    for name in call.query:
        if name.startswith("$") and name[1:].lower() not in KNOWN_OPTIONS:
            raise errors.bad_request(f"The query parameter '{name}' is not supported.")
    select = read_select(call.option("$select"))
    expand = read_expand(call.option("$expand"))
    if single:
        return Options(select=select, expand=expand)
    filter_text, order_text = call.option("$filter"), call.option("$orderby")
    filtered = read_filter(filter_text) if filter_text else None
    order = _order(order_text or "")
    sorted_by = tuple(name for name, _ in order)
    if filtered and sorted_by and filtered.properties[: len(sorted_by)] != sorted_by:
        raise errors.inefficient_filter()
    return Options(
        select=select,
        expand=expand,
        filter=filtered,
        order=order,
        top=_number(call, "$top", 1, MAX_PAGE, call.prefer.max_page_size or DEFAULT_PAGE),
        skip=_number(call, "$skip", 0, 2**31 - 1, 0),
        count=(call.option("$count") or "").lower() == "true",
    )


def read_select(text: str | None) -> tuple[str, ...] | None:
    """The members that `$select` names; None without one. Raises for a member that events do not have."""
    if not text or text.strip() == "*":
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in EVENT_MEMBERS and name not in NAVIGATION:
            raise errors.bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
                "'microsoft.graph.event'."
            )
    return names


def read_expand(text: str | None) -> tuple[Expansion, ...]:
    """What `$expand` names. Raises for what cannot be expanded (facts §1.1)."""
    return tuple(_expansion(entry) for entry in _split_outside_brackets(text)) if text else ()


def selected(options: Options, event: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an event that a response carries; `extra` holds those that only `$select` brings."""
    if options.select is None:
        return dict(event)
    wanted = {"@odata.etag", "@odata.type", "id", *options.select}
    kept = {name: value for name, value in event.items() if name in wanted}
    kept |= {name: extra[name] for name in extra if options.wants(name)}
    if options.select == ("onlineMeeting",):
        kept["onlineMeeting"] = None  # facts §1.1: isOnlineMeeting has to be selected too
    return kept


def arranged(options: Options, items: Sequence[Item]) -> Sequence[Item]:
    """The items that pass the filter, in the order asked for."""
    if options.filter is None and not options.order:
        return items
    matches = options.filter.matches if options.filter else None
    found = [item for item in items if matches is None or matches(item)]
    for name, descending in reversed(options.order):
        found.sort(key=sort_key(name), reverse=descending)
    return found


def next_link(call: Call, options: Options) -> str:
    """The absolute address of the page after this one."""
    query = {name: values for name, values in call.query.items() if name.lower().lstrip("$") != "skip"}
    parts = [f"{_encoded(name)}={_encoded(value)}" for name, values in query.items() for value in values]
    parts.append(f"$skip={options.skip + options.top}")
    return f"{address(call)}?{'&'.join(parts)}"


def address(call: Call) -> str:
    """The absolute address of a call, without its query."""
    return "/".join([call.base_url, *(quote(segment, safe="@") for segment in call.segments)])


def _order(text: str) -> tuple[tuple[str, bool], ...]:
    found = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, *direction = entry.split()
        if direction not in ([], ["asc"], ["desc"]):
            raise errors.bad_request(f"Syntax error in $orderby: '{entry}'.")
        sort_key(name)
        found.append((name, direction == ["desc"]))
    return tuple(found)


def _expansion(entry: str) -> Expansion:
    name, _, rest = entry.partition("(")
    name = name.strip()
    if name in NOT_EXPANDABLE:
        raise errors.bad_request(f"The property '{name}' cannot be used in the $expand query option.")
    if name not in NAVIGATION:
        raise errors.bad_request(
            f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
            "'microsoft.graph.event'."
        )
    wanted = [text.replace("''", "'") for text in PROPERTY_IN_FILTER.findall(rest)]
    if name.endswith("ExtendedProperties"):
        if not wanted:
            raise errors.bad_request(f"Expanding '{name}' requires a $filter on the property ids.")
        return Expansion(name=name, keys=frozenset(property_key(text) for text in wanted))
    return Expansion(name=name, keys=frozenset(wanted))


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == "'"
        if not quoted:
            depth += (character == "(") - (character == ")")
        if character == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    if depth or quoted:
        raise errors.bad_request(f"Parsing OData Select and Expand failed: Syntax error in '{text}'.")
    return parts


def _number(call: Call, name: str, least: int, most: int, default: int) -> int:
    text = call.option(name)
    if text is None:
        return default
    if not text.strip().isdigit() or not least <= int(text) <= most:
        raise errors.bad_request(f"Invalid value '{text}' for {name} query option found.")
    return int(text)


def _encoded(text: str) -> str:
    return quote(text, safe="$'():,/")

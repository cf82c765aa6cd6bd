"""Graph's URLs: one resource can be written in many ways, the rooms behind the door see one (facts §2, §3.1).

`/users('x')/events('y')`, `/Users/x/Events/y`, percent-encoding, `calendarView/delta()`,
`calendarView/microsoft.graph.delta()` all come out as plain segments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from tests.sandbox.graph.errors import GraphError, bad_request

WORDS = {
    word.lower(): word
    for word in [
        "users",
        "me",
        "organization",
        "subscriptions",
        "events",
        "event",
        "calendar",
        "calendars",
        "calendarGroups",
        "calendarView",
        "delta",
        "instances",
        "exceptionOccurrences",
        "mailboxSettings",
        "timeZone",
        "language",
        "workingHours",
        "outlook",
        "supportedTimeZones",
        "supportedLanguages",
        "accept",
        "decline",
        "tentativelyAccept",
        "cancel",
        "forward",
        "dismissReminder",
        "snoozeReminder",
        "permanentDelete",
        "extensions",
        "attachments",
        "reauthorize",
        "translateExchangeIds",
        "getSchedule",
        "singleValueExtendedProperties",
        "multiValueExtendedProperties",
    ]
}
"""Segments that mean something, by their lower-case form: Graph reads them in any letter case."""

CALLED = re.compile(r"^(?:microsoft\.graph\.)?([A-Za-z$]+)\((.*)\)$")
NAMESPACE = "microsoft.graph."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL points."""

    version: str
    segments: tuple[str, ...]
    """After the version: keywords in Graph's own spelling, keys decoded and otherwise untouched."""

    @property
    def user_key(self) -> str | None:
        """The key of the user whose things these are, as written: an id, a UPN, or "me" itself."""
        match self.segments:
            case ("users", key, *_):
                return key
            case ("me", *_):
                return "me"
            case _:
                return None


def locate(path: str) -> Place:
    """Takes a raw path apart. Raises GraphError for one that no URL of Graph looks like."""
    raw = [part for part in path.split("/") if part]
    if not raw:
        raise bad_request("Invalid version: ''")
    segments: list[str] = []
    for part in raw[1:]:
        segments.extend(_normalise(unquote(part)))
    return Place(raw[0].lower(), tuple(segments))


def _normalise(part: str) -> tuple[str, ...]:
    word = WORDS.get(part.lower())
    if word is not None:
        return (word,)
    if "(" in part:
        called = CALLED.match(part)
        if called is None:
            return (part,)
        name = WORDS.get(called.group(1).lower(), called.group(1))
        argument = called.group(2).strip()
        return (name, _key(argument)) if argument else (name,)
    if part.startswith(NAMESPACE):
        return (WORDS.get(part.removeprefix(NAMESPACE).lower(), part),)
    return (part,)


def _key(argument: str) -> str:
    """The value in key parentheses or of a function's parameter: `'x'`, `Name=ns.type'x'`, `Name='x'`."""
    quoted = re.search(r"'((?:[^']|'')*)'$", argument)
    return quoted.group(1).replace("''", "'") if quoted else argument


def query_options(query: str) -> dict[str, list[str]]:
    """The decoded query. Raises GraphError when an option is given twice."""
    if not query:
        return {}
    options = parse_qs(query, keep_blank_values=True)
    for name, values in options.items():
        if name.startswith("$") and len(values) > 1:
            raise GraphError(
                400,
                "BadRequest",
                f"Query option '{name}' was specified more than once, but it must be specified at most once.",
            )
    return options

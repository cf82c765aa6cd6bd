"""`$filter` on events: the subset that was seen to work, and the refusals (facts §1.9, §2.5)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from tests.sandbox.graph import errors, times
from tests.sandbox.graph.events import Item
from tests.sandbox.graph.payloads import property_key

Predicate = Callable[[Item], bool]
Kind = Literal["string", "clock", "instant", "flag"]

TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<instant>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w/.]*)|(?P<mark>[(),:]))"
)
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
FUNCTIONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
}
PROPERTIES: Final[Mapping[str, tuple[Kind, Callable[[Item], Any]]]] = {
    "subject": ("string", lambda item: (item.content().subject or "").casefold()),
    "importance": ("string", lambda item: item.content().importance.casefold()),
    "sensitivity": ("string", lambda item: item.content().sensitivity.casefold()),
    "showAs": ("string", lambda item: item.content().show_as.casefold()),
    "type": ("string", lambda item: item.kind.casefold()),
    "iCalUId": ("string", lambda item: item.event.uid.casefold()),
    "uid": ("string", lambda item: item.event.uid.casefold()),
    "organizer/emailAddress/address": ("string", lambda item: item.event.organizer.address.casefold()),
    "start/dateTime": ("clock", lambda item: item.span()[0]),
    "end/dateTime": ("clock", lambda item: item.span()[1]),
    "createdDateTime": ("instant", lambda item: item.event.created),
    "lastModifiedDateTime": ("instant", lambda item: item.event.modified),
    "isAllDay": ("flag", lambda item: item.content().is_all_day),
    "isCancelled": ("flag", lambda item: item.event.is_cancelled),
}
"""What can be filtered and sorted by. Strings are compared without their letter case."""

NOT_FILTERABLE = frozenset(
    {"isOnlineMeeting", "onlineMeeting", "transactionId", "body", "bodyPreview", "webLink", "changeKey", "id"}
    | {"attendees", "location", "locations", "recurrence", "occurrenceId", "isOrganizer", "isDraft"}
    | {"seriesMasterId", "hasAttachments", "responseStatus", "originalStart", "reminderMinutesBeforeStart"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A `$filter` that was understood."""

    matches: Predicate
    properties: tuple[str, ...]
    """The properties it names, in order: what `$orderby` has to follow."""


def read_filter(text: str) -> Filter:
    """The filter that a text means. Raises the refusals for what Graph does not take."""
    parser = _Parser(text)
    return Filter(matches=parser.whole(), properties=tuple(dict.fromkeys(parser.properties)))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


class _Parser:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._position = 0
        self.properties: list[str] = []

    def whole(self) -> Predicate:
        """The predicate of the whole text."""
        predicate = self._either()
        if self._position != len(self._tokens):
            raise self._error()
        return predicate

    def _either(self) -> Predicate:
        found = self._both()
        while self._skip("or"):
            found = _any_of(found, self._both())
        return found

    def _both(self) -> Predicate:
        found = self._single()
        while self._skip("and"):
            found = _all_of(found, self._single())
        return found

    def _single(self) -> Predicate:
        if self._skip("not"):
            return _opposite(self._single())
        if self._skip("("):
            inner = self._either()
            self._expect(")")
            return inner
        name = self._take("name").text
        if name.lower() in FUNCTIONS:
            return self._function(name.lower())
        path, _, last = name.rpartition("/")
        if last.lower() == "any":
            return self._collection(path)
        return self._comparison(name)

    def _comparison(self, name: str) -> Predicate:
        kind, read = self._property(name)
        compare = COMPARISONS.get(self._take("name").text)
        if compare is None:
            raise self._error()
        wanted = self._literal(kind)
        return lambda item: compare(read(item), wanted)

    def _function(self, function: str) -> Predicate:
        self._expect("(")
        kind, read = self._property(self._take("name").text)
        self._expect(",")
        part = self._literal("string")
        self._expect(")")
        if kind != "string":
            raise self._error()
        test = FUNCTIONS[function]
        return lambda item: test(read(item), part)

    def _collection(self, path: str) -> Predicate:
        self._expect("(")
        variable = self._take("name").text
        self._expect(":")
        if path == "categories":
            predicate = self._category(variable)
        elif path in ("singleValueExtendedProperties", "multiValueExtendedProperties"):
            predicate = self._extended(variable)
        else:
            raise errors.GraphError(
                400, "ErrorInvalidProperty", f"The property '{path}' does not support filtering."
            )
        self._expect(")")
        self.properties.append(path)
        return predicate

    def _category(self, variable: str) -> Predicate:
        if self._take("name").text != variable or self._take("name").text != "eq":
            raise self._error()
        wanted = self._literal("string")
        return lambda item: any(one.casefold() == wanted for one in item.content().categories)

    def _extended(self, variable: str) -> Predicate:
        key, tests = "", []
        while True:
            function = self._peek().lower()
            if function in FUNCTIONS:
                self._take("name")
                self._expect("(")
                self._named(f"{variable}/value")
                self._expect(",")
                tests.append((FUNCTIONS[function], self._string().casefold()))
                self._expect(")")
            else:
                member, compare = self._take("name").text, self._take("name").text
                if member == f"{variable}/id" and compare == "eq":
                    key = property_key(self._string())
                elif member in (f"{variable}/value", variable) and compare in ("eq", "ne"):
                    tests.append((COMPARISONS[compare], self._string().casefold()))
                else:
                    raise self._error()
            if not self._skip("and"):
                break
        if not key:
            raise self._error()
        return lambda item: _has_property(item, key, tests)

    def _property(self, name: str) -> tuple[Kind, Callable[[Item], Any]]:
        known = PROPERTIES.get(name)
        if known is None:
            if name.split("/")[0] in NOT_FILTERABLE or name in ("start", "end", "organizer"):
                raise errors.GraphError(
                    400, "ErrorInvalidProperty", f"The property '{name}' does not support filtering."
                )
            raise errors.bad_request(
                f"Invalid filter clause: Could not find a property named '{name.split('/')[-1]}' on type "
                "'microsoft.graph.event'."
            )
        self.properties.append(name)
        return known

    def _literal(self, kind: Kind) -> Any:
        token = self._next()
        match kind, token.kind:
            case "string", "string":
                return _unquoted(token.text).casefold()
            case "string", "name" if token.text == "null":
                return ""
            case "clock", "string":
                return times.parse_instant(_unquoted(token.text))
            case "instant", "instant":
                return times.parse_instant(token.text)
            case "flag", "name" if token.text in ("true", "false"):
                return token.text == "true"
        raise errors.bad_request(
            "Invalid filter clause: A binary operator with incompatible types was detected at "
            f"'{token.text}'."
        )

    def _string(self) -> str:
        return _unquoted(self._take("string").text)

    def _named(self, name: str) -> None:
        if self._take("name").text != name:
            raise self._error()

    def _peek(self) -> str:
        return self._tokens[self._position].text if self._position < len(self._tokens) else ""

    def _next(self) -> _Token:
        if self._position >= len(self._tokens):
            raise self._error()
        self._position += 1
        return self._tokens[self._position - 1]

    def _take(self, kind: str) -> _Token:
        token = self._next()
        if token.kind != kind:
            raise self._error()
        return token

    def _skip(self, text: str) -> bool:
        if self._position < len(self._tokens):
            token = self._tokens[self._position]
            if token.kind in ("name", "mark") and token.text == text:
                self._position += 1
                return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise self._error()

    def _split(self, text: str) -> list[_Token]:
        tokens, position = [], 0
        stripped = text.rstrip()
        while position < len(stripped):
            match = TOKEN.match(stripped, position)
            if match is None or match.lastgroup is None:
                raise self._error()
            tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return tokens

    def _error(self) -> errors.GraphError:
        return errors.bad_request(f"Invalid filter clause: Syntax error in '{self._text}'.")


def _has_property(item: Item, key: str, tests: list[tuple[Callable[[str, str], bool], str]]) -> bool:
    found = item.extended().get(key)
    if found is None:
        return False
    if isinstance(found.value, str):
        value = found.value.casefold()
        return all(test(value, wanted) for test, wanted in tests)
    return any(all(test(value.casefold(), wanted) for test, wanted in tests) for value in found.value)


def _any_of(first: Predicate, second: Predicate) -> Predicate:
    return lambda item: first(item) or second(item)


def _all_of(first: Predicate, second: Predicate) -> Predicate:
    return lambda item: first(item) and second(item)


def _opposite(inner: Predicate) -> Predicate:
    return lambda item: not inner(item)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def sort_key(name: str) -> Callable[[Item], str | datetime | bool]:
    """How a property orders events. Raises the refusal for one that cannot be sorted by."""
    known = PROPERTIES.get(name)
    if known is None:
        raise errors.bad_request(
            f"Could not find a property named '{name.split('/')[-1]}' on type 'microsoft.graph.event'."
        )
    return known[1]

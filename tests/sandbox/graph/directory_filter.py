"""`$filter` on users: what the directory answers without advanced query parameters (facts §8).

    mail eq 'a@b' or proxyAddresses/any(p:p eq 'smtp:a@b') and not in (…)

Everything else (endsWith, ne, not, $search) needs `ConsistencyLevel: eventual` in the real directory and is
refused here as it is there without that header.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.sandbox.graph.errors import GraphError
from tests.sandbox.graph.tenant import User

Test = Callable[[User], bool]

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w/]*|[(),:]|true|false|\S)")

STRINGS: dict[str, Callable[[User], str | None]] = {
    "id": lambda user: user.id,
    "mail": lambda user: user.mail,
    "userprincipalname": lambda user: user.user_principal_name,
    "displayname": lambda user: user.display_name,
    "givenname": lambda user: user.given_name,
    "surname": lambda user: user.surname,
}
ADVANCED = ("ne", "not", "endswith", "contains")


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter."""

    test: Test
    names: tuple[str, ...] | None
    """When the filter is nothing but ids, addresses and UPNs joined with `or`: those values, to look up."""


def parse_filter(text: str) -> Filter:
    """Raises GraphError 400 for what the directory does not understand."""
    reader = _Reader(text)
    test = reader.disjunction()
    reader.end()
    return Filter(test, tuple(reader.names) if reader.plain else None)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = TOKEN.findall(text)
        self._at = 0
        self.names: list[str] = []
        self.plain = True

    def disjunction(self) -> Test:
        tests = [self.conjunction()]
        while self._next_is("or"):
            tests.append(self.conjunction())
        return tests[0] if len(tests) == 1 else lambda user: any(test(user) for test in tests)

    def conjunction(self) -> Test:
        tests = [self.term()]
        while self._next_is("and"):
            self.plain = False
            tests.append(self.term())
        return tests[0] if len(tests) == 1 else lambda user: all(test(user) for test in tests)

    def term(self) -> Test:
        token = self._take()
        if token == "(":
            inner = self.disjunction()
            self._expect(")")
            return inner
        name = token.lower()
        if name in ADVANCED:
            raise _advanced(token)
        if name == "startswith":
            self.plain = False
            return self._starts_with()
        if name == "proxyaddresses/any":
            return self._any_address()
        if name == "accountenabled":
            self.plain = False
            self._expect("eq")
            wanted = self._take().lower() == "true"
            return lambda user: user.account_enabled is wanted
        return self._comparison(token)

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise self._invalid()

    def _comparison(self, field: str) -> Test:
        read = self._field(field)
        operator = self._take().lower()
        if operator in ADVANCED:
            raise _advanced(operator)
        values = self._list() if operator == "in" else [self._string()] if operator == "eq" else None
        if values is None:
            raise self._invalid()
        if field.lower() in ("id", "mail", "userprincipalname"):
            self.names.extend(values)
        else:
            self.plain = False
        wanted = {value.lower() for value in values}
        return lambda user: (read(user) or "").lower() in wanted

    def _starts_with(self) -> Test:
        self._expect("(")
        read = self._field(self._take())
        self._expect(",")
        prefix = self._string().lower()
        self._expect(")")
        return lambda user: (read(user) or "").lower().startswith(prefix)

    def _any_address(self) -> Test:
        self._expect("(")
        variable = self._take()
        self._expect(":")
        if self._take() != variable:
            raise self._invalid()
        self._expect("eq")
        wanted = self._string().lower()
        self._expect(")")
        self.names.append(wanted.removeprefix("smtp:"))
        return lambda user: any(address.lower() == wanted for address in addresses(user))

    def _field(self, name: str) -> Callable[[User], str | None]:
        try:
            return STRINGS[name.lower()]
        except KeyError:
            raise GraphError(
                400,
                "Request_UnsupportedQuery",
                f"Unsupported or invalid query filter clause specified for "
                f"property '{name}' of resource 'User'.",
            ) from None

    def _list(self) -> list[str]:
        self._expect("(")
        values = [self._string()]
        while self._next_is(","):
            values.append(self._string())
        self._expect(")")
        return values

    def _string(self) -> str:
        token = self._take()
        if not token.startswith("'") or len(token) < 2:
            raise self._invalid()
        return token[1:-1].replace("''", "'")

    def _next_is(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].lower() == word:
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._next_is(word):
            raise self._invalid()

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise self._invalid()
        self._at += 1
        return str(self._tokens[self._at - 1])

    def _invalid(self) -> GraphError:
        return GraphError(400, "BadRequest", f"Invalid filter clause: '{self._text}'.")


def addresses(user: User) -> tuple[str, ...]:
    """The proxy addresses of a user, the primary one in capitals as Exchange writes it."""
    if user.mail is None or any(one.lower() == f"smtp:{user.mail.lower()}" for one in user.proxy_addresses):
        return user.proxy_addresses
    return (f"SMTP:{user.mail}", *user.proxy_addresses)


def _advanced(operator: str) -> GraphError:
    return GraphError(
        400,
        "Request_UnsupportedQuery",
        f"Operator '{operator}' is not supported because the 'ConsistencyLevel:eventual' header is missing. "
        "Refer to 'https://aka.ms/graph-docs/advanced-queries' for more information",
    )

"""JSON that comes from elsewhere, as values: read fast, and told apart fast."""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import orjson

EachRow: TypeAlias = Callable[[dict[str, Any]], Any]
"""What becomes of each object of a list that has to be read."""

LARGE: Final = 4 << 20
"""Bytes from which on a text is no longer worth the memory that orjson takes besides: twice its size, while
its lead over the standard library has melted away."""
PIECE: Final = 1 << 16
"""Bytes of a long list that are read at a time: what a piece needs besides is there again for the next."""
CUTS: Final = 16
"""Places at which a piece may end that are tried, before the list is read as a whole."""
_FIRST_NAME: Final = re.compile(rb'\s*\[\s*(\{"[^"\\]*":)')
"""How a list of objects begins, with the first name of the first."""
_PLAIN: Final = 2
"""The version of marshal's format in which equal values are equal bytes, wherever they are in memory."""


def parse_json(text: str | bytes, each: EachRow | None = None) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON text. Raises `ValueError`, or `RecursionError` for one that is nested too deep.

    Of a list, `each` makes what is kept of its objects, while a long one is still being read.
    """
    if len(text) < LARGE:
        value = _read_at_once(text)
    else:
        rows = rows_in_pieces(text, each=each) if isinstance(text, bytes) else None
        if rows is not None:
            return rows
        value = json.loads(text)
    return value if each is None or type(value) is not list else _made_of(value, each)


def _read_at_once(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)  # which also takes half a surrogate pair, NaN and a byte order mark


def _made_of(rows: list[Any], each: EachRow) -> list[Any]:
    return [each(row) if type(row) is dict else row for row in rows]


def digest_of(value: Any) -> int:  # noqa: ANN401 - any JSON value
    """Another number, in one process, for another value of a JSON text, or for its names in another order."""
    try:
        return hash(orjson.dumps(value))
    except TypeError:  # half a surrogate pair, or a number of more than 64 bits
        return hash(marshal.dumps(value, _PLAIN))


def rows_in_pieces(text: bytes, size: int = PIECE, each: EachRow | None = None) -> list[Any] | None:
    """The rows of a list of objects which all begin with the same name; None for any other text.

    It is read `size` bytes and the rest of a row at a time.
    """
    beginning = _FIRST_NAME.match(text)
    if beginning is None:
        return None
    between, at = b"}," + beginning[1], beginning.start(1)
    rows: list[Any] = []
    while at < len(text):
        piece = _piece(text, at, size, between)
        if piece is None:
            return None
        some, at = piece
        rows += some if each is None else _made_of(some, each)
    return rows


def _piece(text: bytes, at: int, size: int, between: bytes) -> tuple[list[Any], int] | None:
    """The rows from a place on, and where the next ones begin.

    It is cut where an object ends and another begins. Inside of a string that cannot be: the quote before the
    name would end it. Inside of a row it can, and leaves something open, which is no JSON: the next such
    place is tried.
    """
    end = at + size
    for _ in range(CUTS):
        end = text.find(between, end) + 1
        is_last = end == 0
        if is_last and len(text) - at >= LARGE:
            return None
        try:
            if is_last:
                return orjson.loads(b"[" + text[at:]), len(text)
            return orjson.loads(b"[" + text[at:end] + b"]"), end + 1
        except orjson.JSONDecodeError:
            if is_last:
                return None
    return None

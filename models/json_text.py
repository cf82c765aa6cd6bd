"""JSON that comes from elsewhere, as values: read fast, and told apart fast."""

from __future__ import annotations

import json
import marshal
from typing import Any, Final

import orjson

LARGE: Final = 4 << 20
"""Bytes from which on a text is no longer worth the memory that orjson takes besides: twice its size, while
its lead over the standard library has melted away."""
_PLAIN: Final = 2
"""The version of marshal's format in which equal values are equal bytes, wherever they are in memory."""


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON text. Raises `ValueError`, or `RecursionError` for one that is nested too deep."""
    if len(text) >= LARGE:
        return json.loads(text)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)  # which also takes half a surrogate pair, NaN and a byte order mark


def digest_of(value: Any) -> int:  # noqa: ANN401 - any JSON value
    """Another number, in one process, for another value of a JSON text, or for its names in another order."""
    try:
        return hash(orjson.dumps(value))
    except TypeError:  # half a surrogate pair, or a number of more than 64 bits
        return hash(marshal.dumps(value, _PLAIN))

"""Changing single keys of a configuration file, and nothing else in it: comments and order stay as they are.

A line is replaced where it can be told with certainty, and the outcome is read again: unless it says exactly
what it said before, but for the change, nothing is changed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

_HEADER = re.compile(r"\s*\[")


class NotEditable(Exception):  # noqa: N818 - named for what is wrong
    """The file is written in a way in which the keys cannot be changed with certainty."""


def with_values(text: str, section: str, values: Mapping[str, Any]) -> str:
    """A configuration in which keys of a section have these values. Raises `NotEditable`."""
    wanted = _read(text)
    wanted.setdefault(section, {}).update(values)
    lines = text.splitlines(keepends=True)
    first, last = _section(lines, section)
    if first is None:
        lines += [*([] if not lines or lines[-1].endswith("\n") else ["\n"]), f"[{section}]\n"]
        first = last = len(lines)
    for key, value in values.items():
        start, end, comment = _entry(lines, key, first, last)
        lines[start:end] = [f"{key} = {_toml(value)}{comment}\n"]
        last += 1 - (end - start)
    edited = "".join(lines)
    if _read(edited) != wanted:
        raise NotEditable
    return edited


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise NotEditable from None


def _section(lines: list[str], section: str) -> tuple[int | None, int]:
    """Where the entries of a section begin and end; None where it is not there."""
    header = re.compile(rf"\s*\[\s*{re.escape(section)}\s*\]\s*(#.*)?$")
    start = next((number for number, line in enumerate(lines) if header.match(line)), None)
    if start is None:
        return None, 0
    following = range(start + 1, len(lines))
    end = next((number for number in following if _HEADER.match(lines[number])), len(lines))
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1  # a new key goes before the blank lines that set the next section apart
    return start + 1, end


def _entry(lines: list[str], key: str, first: int, last: int) -> tuple[int, int, str]:
    """Where a key stands, and the comment after it; the end of the section where it does not."""
    beginning = re.compile(rf"\s*{re.escape(key)}\s*=")
    start = next((number for number in range(first, last) if beginning.match(lines[number])), None)
    if start is None:
        if last and not lines[last - 1].endswith("\n"):
            lines[last - 1] += "\n"
        return last, last, ""
    for end in range(start + 1, last + 1):
        entry = "".join(lines[start:end])
        if _parses(entry):
            return start, end, _comment(entry)
    raise NotEditable


def _comment(entry: str) -> str:
    """What follows the value, with the blanks before it."""
    for found in re.finditer(r"[ \t]*#", entry):
        if _parses(entry[: found.start()]):
            return entry[found.start() :].rstrip("\n")
    return ""


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, (bool, int, str)):
        return json.dumps(value, ensure_ascii=False)
    raise NotEditable

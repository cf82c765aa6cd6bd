"""JSON as .NET's configuration files are written: with comments, a comma too many, names in any case."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from typing import Final

from models.expressions.errors import excerpt, line_and_column
from models.rules.problems import RulesError, problem

_COMMENT: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_COMMA: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])')


class JsonObject:
    """An object of a document. Its members are found whatever their letter case."""

    __slots__ = ("_values", "names", "repeated")

    def __init__(self, members: Iterable[tuple[str, object]]) -> None:
        self._values: dict[str, object] = {}
        repeated: dict[str, None] = {}
        names: list[str] = []
        for name, value in members:
            if name.lower() in self._values:
                repeated[name] = None
            names.append(name)
            self._values[name.lower()] = value
        self.names = tuple(names)
        """As they are written."""
        self.repeated = tuple(repeated)
        """Those that stand there more than once."""

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def get(self, name: str) -> object:
        """The value of a member; None where there is none."""
        return self._values.get(name.lower())


def decode(content: bytes, file: str) -> str:
    """The text of a file: UTF-8, or what its byte order mark says.

    Raises:
        RulesError: it is no text.
    """
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise RulesError([problem(f"{file} is not UTF-8 text", "save it as UTF-8")]) from None


def parse(text: str, file: str) -> object:
    """The document: objects as `JsonObject`, the rest as the standard library reads it.

    Raises:
        RulesError: it is no JSON; says where.
    """
    plain = _COMMA.sub(_without, _COMMENT.sub(_without, text))
    try:
        return json.loads(plain, object_pairs_hook=JsonObject)
    except json.JSONDecodeError as error:
        line, column = line_and_column(text, error.pos)
        what = f"{file} is not JSON: {error.msg.lower()} (line {line}, column {column})"
        found = problem(what, "mend the file there", excerpt=excerpt(text, error.pos))
    except (RecursionError, ValueError):  # the latter: a number of thousands of digits
        found = problem(f"{file} is not JSON that a rule file may be", "keep the Rules section only")
    raise RulesError([found])


def _without(match: re.Match[str]) -> str:
    """A text as it is; blanks in the place of anything else, so that every position stays true."""
    found = match.group()
    return found if found.startswith('"') else re.sub(r"[^\n]", " ", found)

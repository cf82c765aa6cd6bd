"""What can be wrong with an expression, and where.

    LocatedError            has message, position, line, column and an excerpt with a caret
    ├── ExpressionError     the expression cannot be used: correct its text
    └── EvaluationError     it has no answer for this item: guard it, or correct the item

A `Fault` is the same before the text it belongs to is known; none leaves the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

EXCERPT_WIDTH = 78
"""Characters of a line that an excerpt shows; a longer line is cut around the caret."""


class Fault(Exception):  # noqa: N818  never seen outside: it becomes one of the errors below
    """Something is wrong at an offset of a text that the one who raises it does not hold."""

    def __init__(self, message: str, position: int, *, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.path = path
        """The property that was looked at, or empty."""


class NullFault(Fault):
    """A member of NULL was asked for."""


class LocatedError(Exception):
    """An error at one place of an expression.

    `position` counts characters from 0; `line` and `column` count from 1.
    """

    def __init__(self, message: str, *, text: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = min(max(position, 0), len(text))
        self.line, self.column = line_and_column(text, self.position)

    @property
    def excerpt(self) -> str:
        """The line it happened in, and below it a caret under the character."""
        return excerpt(self.text, self.position)

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})\n{self.excerpt}"


class ExpressionError(LocatedError):
    """The text is not an expression, or asks for what does not exist."""


class EvaluationError(LocatedError):
    """The expression has no answer for these values, as where it asks for a member of NULL."""

    def __init__(self, message: str, *, text: str, position: int, path: str = "") -> None:
        super().__init__(message, text=text, position=position)
        self.path = path
        """The property that was in the way, as "appointment.Task"; empty where it was none."""


class WarningKind(Enum):
    """What an expression that can be used may still get wrong."""

    NULL_DEREFERENCE = "null dereference"
    UNKNOWN_PROPERTY = "unknown property"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionWarning:
    """Something its author should look at; the expression works without."""

    kind: WarningKind
    message: str
    path: str
    position: int
    line: int
    column: int


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Both counted from 1."""
    line_start = text.rfind("\n", 0, position) + 1
    return text.count("\n", 0, position) + 1, position - line_start + 1


def excerpt(text: str, position: int) -> str:
    """Two lines: the text around `position`, and a caret under it."""
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    offset = position - line_start
    cut = max(0, min(offset - EXCERPT_WIDTH // 2, len(line) - EXCERPT_WIDTH))
    shown = "".join(c if c.isprintable() else " " for c in line[cut : cut + EXCERPT_WIDTH])
    lead, tail = "…" if cut else "", "…" if cut + EXCERPT_WIDTH < len(line) else ""
    return f"{lead}{shown}{tail}\n{' ' * (len(lead) + offset - cut)}^"

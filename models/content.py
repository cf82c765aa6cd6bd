"""What both sides are compared by: the mapped fields of an item, in one common form."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from operator import attrgetter
from typing import Any, Final

from models.made_often import made_often
from models.when import When


class Importance(Enum):
    """Board 0, 1, 2 are normal, high, low."""

    NORMAL = "normal"
    HIGH = "high"
    LOW = "low"


class ShowAs(Enum):
    """Graph's `freeBusyStatus`, in its own spelling."""

    FREE = "free"
    TENTATIVE = "tentative"
    BUSY = "busy"
    OOF = "oof"
    WORKING_ELSEWHERE = "workingElsewhere"
    UNKNOWN = "unknown"


class Sensitivity(Enum):
    """Graph's `sensitivity`. A value the connector does not know is read as PRIVATE (C9)."""

    NORMAL = "normal"
    PERSONAL = "personal"
    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


class Field(StrEnum):
    """The mapped fields, each of which is reconciled on its own.

    Start, end and all-day are one field: merging a start from one side with an end from the other would make
    an interval that nobody asked for.
    """

    SUBJECT = "subject"
    BODY = "body"
    LOCATION = "location"
    WHEN = "when"
    IMPORTANCE = "importance"
    CATEGORY = "category"
    SHOW_AS = "show_as"
    SENSITIVITY = "sensitivity"


FIELDS: Final = tuple(Field)
_values: Final = attrgetter(*FIELDS)
"""All of a content, in the order of the fields: every item of every reading is compared with it."""


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The mapped fields of an item as one side has them, or as it should have them.

    `None` in a field means "this side does not say": the field is not carried, cannot be read, or may not be
    read. It takes no part in a comparison.
    """

    subject: str | None = None
    body: str | None = None
    """Plain text, line ends as \\n, no trailing blank. Of a board-born event: the board's own block."""
    location: str | None = None
    when: When | None = None
    importance: Importance | None = None
    category: str | None = None
    """A category's name in the space of the side that is written to; "" is no category."""
    show_as: ShowAs | None = None
    sensitivity: Sensitivity | None = None

    def get(self, field: Field) -> object:
        """The value of one field."""
        value: object = getattr(self, field)
        return value

    @property
    def said(self) -> tuple[Field, ...]:
        """The fields about which it says something."""
        return tuple(field for field in FIELDS if self.get(field) is not None)

    def with_field(self, field: Field, value: object) -> Content:
        """A copy in which one field has another value."""
        change: dict[str, Any] = {field: value}
        return replace(self, **change)

    def merged_with(self, other: Content) -> Content:
        """A copy that takes every field that `other` says anything about."""
        if other is self:
            return self
        said = zip(FIELDS, _values(self), _values(other), strict=True)
        changes: dict[str, Any] = {
            field: theirs for field, mine, theirs in said if theirs is not None and theirs != mine
        }
        return replace(self, **changes) if changes else self

    def only(self, fields: Collection[Field]) -> Content:
        """A copy that says nothing but these fields."""
        said: dict[str, Any] = {field: self.get(field) for field in fields}
        return Content(**said)

    def differences(self, other: Content) -> Iterator[Field]:
        """The fields about which both say something, and not the same."""
        if self is other:
            return
        for field, mine, theirs in zip(FIELDS, _values(self), _values(other), strict=True):
            if mine is not None and theirs is not None and mine != theirs:
                yield field

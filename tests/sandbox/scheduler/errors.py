"""Why a request is refused.

Refusal
├── InvalidField    a value breaks the schema: refused at the door (HTTP 400), or inside 200 for /import
├── RuleBroken      the database says no: a failure inside HTTP 200 (facts §2.4)
└── NotFound        the thing addressed by a path does not exist (HTTP 404)
"""

from __future__ import annotations


class Refusal(ValueError):  # noqa: N818 - the tree is named for what happens to the caller
    """A request that is not carried out; the message says why."""


class InvalidField(Refusal):
    """One value is missing, too long, or not of its type."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


class RuleBroken(Refusal):
    """The data is well formed and the board still refuses it."""


class NotFound(Refusal, LookupError):  # noqa: N818 - as above
    """Nothing has this key."""

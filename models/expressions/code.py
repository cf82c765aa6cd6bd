"""A compiled part of an expression: what to run, what kind of value it gives, and what is known from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from models.expressions.errors import Fault
from models.expressions.schema import NULL, Schema

Frame = list[Any]
"""What one evaluation works on: the budget, the trace, then the roots and parameters by slot."""
Run = Callable[[Frame], object]

BUDGET: Final = 0
"""Slot of the steps that are left."""
TRACE: Final = 1
"""Slot of the list of what was looked at; None where nobody asks."""
FIRST_SLOT: Final = 2

STEPS: Final = 10_000
"""Steps an evaluation may take: one for an item of a list, one for each thousand characters of a text."""
CHARACTERS_A_STEP: Final = 1_000

NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One property on the way, ready to be read."""

    key: str
    expected: type[object]
    elsewhere: tuple[tuple[str, ...], ...]
    conform: Callable[[object], object]
    missing: object
    """What it is where it is nowhere: NULL, or an empty list."""
    path: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A read of a property of a root, or of a property of such a property."""

    slot: int
    """Of the root."""
    through: Step | None
    """The object on the way; None where the property is the root's own."""
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A compiled part. `run` gives a value of the schema's kind, or None for NULL, or raises a Fault."""

    run: Run
    schema: Schema
    position: int
    path: str = ""
    """The property it reads, as "appointment.Task.FreeBit1"; empty where it reads none."""
    nullable: bool = True
    leaf: Leaf | None = None
    """What it reads, where that is a property of a root or of an object there: the reads that are fused."""
    constant: bool = False
    value: object = None
    """Of a constant."""
    true_means: frozenset[str] = NOTHING
    """Lower-case paths that are not NULL where this is true."""
    false_means: frozenset[str] = NOTHING
    """Lower-case paths that are not NULL where this is false."""


def constant(value: object, schema: Schema, position: int) -> Code:
    """A value that is the same in every evaluation."""
    return Code(
        run=lambda _frame: value,
        schema=schema,
        position=position,
        constant=True,
        value=value,
        nullable=schema is NULL,
    )


def spend(frame: Frame, steps: int, position: int) -> None:
    """Take `steps` from the budget of the evaluation.

    Raises:
        Fault: there are not so many left.
    """
    frame[BUDGET] -= steps
    if frame[BUDGET] < 0:
        raise Fault(f"takes more than the {STEPS:,} steps that an evaluation may take", position)

"""Choosing between two values: `?:`, `??`, and the type that both have."""

from __future__ import annotations

from collections.abc import Iterable

from models.expressions.code import Code, Frame
from models.expressions.errors import Fault
from models.expressions.operators import NUMERIC
from models.expressions.schema import ANY, NULL, NUMBER, Kind, Schema


def common(schemas: Iterable[Schema], position: int) -> Schema:
    """The type that values of all these types have.

    Raises:
        Fault: there is none.
    """
    by_kind = {schema.kind: schema for schema in schemas}
    known = by_kind.keys() - {Kind.NULL}
    if Kind.ANY in known or not by_kind:
        return ANY
    if not known:
        return NULL
    if len(known) == 1:
        return by_kind[known.pop()]
    if known <= NUMERIC:
        return NUMBER
    first, second, *_ = (by_kind[kind].label for kind in by_kind if kind in known)
    raise Fault(f"these must be of one kind, and are {first} and {second}", position)


def conditional(test: Code, yes: Code, no: Code, position: int) -> Code:
    """`test ? yes : no`.

    Raises:
        Fault: the two are of different kinds.
    """
    schema = common([yes.schema, no.schema], position)
    decide, then, otherwise = test.run, yes.run, no.run

    def run(frame: Frame) -> object:
        answer = decide(frame)
        if answer is None:
            raise Fault("a condition is NULL, neither true nor false", test.position, path=test.path)
        return then(frame) if answer else otherwise(frame)

    return Code(run=run, schema=schema, position=position, nullable=yes.nullable or no.nullable)


def coalesced(first: Code, second: Code, position: int) -> Code:
    """`first ?? second`.

    Raises:
        Fault: the two are of different kinds.
    """
    schema = common([first.schema, second.schema], position)
    look, instead = first.run, second.run

    def run(frame: Frame) -> object:
        value = look(frame)
        return instead(frame) if value is None else value

    return Code(run=run, schema=schema, position=position, nullable=second.nullable)

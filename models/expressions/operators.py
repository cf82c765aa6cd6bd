"""Operators: which kinds of values each takes, checked once; and the closures that apply them.

NULL follows C#: it equals only NULL, no number or date is less or more than it, arithmetic with it is NULL,
beside a text it is an empty one, and `AND`, `OR`, `NOT` know true, false and NULL. Of texts it is the least.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from models.expressions.code import Code, Frame, Run, constant
from models.expressions.errors import Fault
from models.expressions.paths import leaf_equals, leaf_is_null
from models.expressions.schema import ANY, BOOL, DATETIME, DURATION, INT, NUMBER, TEXT, Kind, Schema
from models.expressions.values import (
    MAX_TEXT,
    calculate,
    comparable,
    conformer,
    equal,
    is_number,
    kind_of,
    text_order,
    to_text,
)

NUMERIC: Final = frozenset({Kind.INT, Kind.NUMBER, Kind.ENUM})
ORDERED: Final = NUMERIC | {Kind.TEXT, Kind.DATETIME, Kind.DURATION, Kind.ANY}
FROM_TEXT: Final = NUMERIC | {Kind.BOOL, Kind.GUID, Kind.DATETIME, Kind.DURATION}
"""Kinds that a literal text beside them is read as, as the engine's type converters do."""
ORDERINGS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
}


def converted(code: Code, schema: Schema, zone: tzinfo | None) -> Code:
    """`code`, or the constant of the schema's kind that a literal text stands for.

    Raises:
        Fault: the text is no such value.
    """
    if not code.constant or code.schema.kind is not Kind.TEXT or schema.kind not in FROM_TEXT:
        return code
    try:
        return constant(conformer(schema, zone)(code.value), schema, code.position)
    except ValueError as error:
        raise Fault(f'"{code.value}" is {error}', code.position) from None


def as_condition(code: Code, operator: str, position: int) -> Code:
    """`code` as an operand of logic: true, false or NULL.

    Raises:
        Fault: it can be none of these.
    """
    if code.schema.kind in (Kind.BOOL, Kind.NULL):
        return code
    if code.schema.kind is not Kind.ANY:
        hint = "; NOT binds tighter than a comparison, write NOT (…)" if operator == "NOT" else ""
        raise Fault(f"{operator} takes true or false, not {code.schema.label}{hint}", position)
    inner, path = code.run, code.path

    def run(frame: Frame) -> object:
        value = inner(frame)
        if value is None or value is True or value is False:
            return value
        raise Fault(f"{operator} takes true or false, not {kind_of(value)}", position, path=path)

    return Code(run=run, schema=BOOL, position=code.position, path=code.path, nullable=code.nullable)


def conjunction(operands: list[Code], position: int) -> Code:
    """`AND`: from the left, until one is false."""
    runs = tuple(operand.run for operand in operands)

    def run(frame: Frame) -> object:
        answer: bool | None = True
        for one in runs:
            value = one(frame)
            if value is not True:
                if value is False:
                    return False
                answer = None
        return answer

    facts = frozenset().union(*(operand.true_means for operand in operands))
    return Code(run=run, schema=BOOL, position=position, true_means=facts)


def disjunction(operands: list[Code], position: int) -> Code:
    """`OR`: from the left, until one is true."""
    runs = tuple(operand.run for operand in operands)

    def run(frame: Frame) -> object:
        answer: bool | None = False
        for one in runs:
            value = one(frame)
            if value is not False:
                if value is True:
                    return True
                answer = None
        return answer

    facts = frozenset().union(*(operand.false_means for operand in operands))
    return Code(run=run, schema=BOOL, position=position, false_means=facts)


def negation(operand: Code, position: int) -> Code:
    """`NOT`."""
    inner = operand.run

    def run(frame: Frame) -> object:
        value = inner(frame)
        return None if value is None else not value

    return Code(
        run=run,
        schema=BOOL,
        position=position,
        true_means=operand.false_means,
        false_means=operand.true_means,
    )


def equality(left: Code, right: Code, position: int, zone: tzinfo | None, *, negated: bool) -> Code:
    """`==`, or `!=` where negated."""
    left, right = converted(left, right.schema, zone), converted(right, left.schema, zone)
    run = _equality_run(left, right, position, negated=negated)
    for tested, other in ((left, right), (right, left)):
        if tested.path and other.constant:
            facts = frozenset({tested.path.lower()})
            same = (other.value is None) == negated
            return Code(
                run=run,
                schema=BOOL,
                position=position,
                nullable=False,
                true_means=facts if same else frozenset(),
                false_means=frozenset() if same else facts,
            )
    return Code(run=run, schema=BOOL, position=position, nullable=False)


def _equality_run(left: Code, right: Code, position: int, *, negated: bool) -> Run:
    first, second = left.run, right.run
    kinds = {left.schema.kind, right.schema.kind}
    if Kind.NULL in kinds:
        tested = right if left.schema.kind is Kind.NULL else left
        if tested.leaf is not None:
            return leaf_is_null(tested.leaf, negated=negated)
        return _is_not_null(tested.run) if negated else _is_null(tested.run)
    if Kind.ANY in kinds:
        return _checked(first, second, equal, position, negated=negated)
    if kinds <= {Kind.OBJECT, Kind.LIST} and len(kinds) == 1:
        return lambda frame: (first(frame) is second(frame)) is not negated
    check_alike(left.schema, right.schema, position)
    if right.constant:
        value = right.value
        if left.leaf is not None:
            return leaf_equals(left.leaf, value, negated=negated)
        if negated:
            return lambda frame: first(frame) != value
        return lambda frame: first(frame) == value
    if negated:
        return lambda frame: first(frame) != second(frame)
    return lambda frame: first(frame) == second(frame)


def check_alike(left: Schema, right: Schema, position: int) -> None:
    """Refuse to compare what can never be equal.

    Raises:
        Fault: the kinds differ and neither is unknown or NULL.
    """
    kinds = {left.kind, right.kind}
    if len(kinds) > 1 and not kinds <= NUMERIC and not kinds & {Kind.ANY, Kind.NULL}:
        raise Fault(f"compares {left.label} with {right.label}", position)


def _is_null(run: Run) -> Run:
    return lambda frame: run(frame) is None


def _is_not_null(run: Run) -> Run:
    return lambda frame: run(frame) is not None


def _checked(
    first: Run, second: Run, compare: Callable[[object, object], bool], position: int, *, negated: bool
) -> Run:
    def run(frame: Frame) -> object:
        try:
            return compare(first(frame), second(frame)) is not negated
        except ValueError as error:
            raise Fault(str(error), position) from None

    return run


def ordering(operator: str, left: Code, right: Code, position: int, zone: tzinfo | None) -> Code:
    """`<`, `<=`, `>` or `>=`."""
    left, right = converted(left, right.schema, zone), converted(right, left.schema, zone)
    kinds = {left.schema.kind, right.schema.kind} - {Kind.NULL}
    for code in (left, right):
        if code.schema.kind not in ORDERED | {Kind.NULL}:
            raise Fault(f"“{operator}” does not apply to {code.schema.label}", position)
    if len(kinds) > 1 and Kind.ANY not in kinds and not kinds <= NUMERIC:
        raise Fault(f"compares {left.schema.label} with {right.schema.label}", position)
    compare = ORDERINGS[operator]
    if kinds == {Kind.TEXT}:
        run = _text_ordering(left.run, right.run, compare)
    elif Kind.ANY in kinds:
        run = _checked(left.run, right.run, _order_of_any(compare), position, negated=False)
    else:
        run = _plain_ordering(left.run, right.run, compare)
    return Code(
        run=run, schema=BOOL, position=position, nullable=False, true_means=_paths(left, right, kinds)
    )


def _paths(left: Code, right: Code, kinds: set[Kind]) -> frozenset[str]:
    """What an ordering that is true says is not NULL: both sides, except of texts."""
    if kinds & {Kind.TEXT, Kind.ANY}:
        return frozenset()
    return frozenset(code.path.lower() for code in (left, right) if code.path)


def _text_ordering(first: Run, second: Run, compare: Callable[[Any, Any], bool]) -> Run:
    def run(frame: Frame) -> object:
        a, b = first(frame), second(frame)
        return compare(text_order(None if a is None else str(a)), text_order(None if b is None else str(b)))

    return run


def _plain_ordering(first: Run, second: Run, compare: Callable[[Any, Any], bool]) -> Run:
    def run(frame: Frame) -> object:
        a, b = first(frame), second(frame)
        return a is not None and b is not None and compare(a, b)

    return run


def _order_of_any(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    def order(left: object, right: object) -> bool:
        if isinstance(left, str) and (right is None or isinstance(right, str)):
            return compare(text_order(left), text_order(right))
        if left is None and isinstance(right, str):
            return compare(text_order(None), text_order(right))
        if left is None or right is None:
            return False
        first, second = comparable(left, right)
        if not (is_number(first) or isinstance(first, (datetime, timedelta))):
            raise ValueError(f"{kind_of(first)} is neither less nor more than another")
        return compare(first, second)

    return order


def arithmetic(operator: str, left: Code, right: Code, position: int) -> Code:
    """`+ - * / %`, and `&` and `|`, which are logic of bits, and of texts `&` joins as `+` does."""
    schema = _arithmetic_schema(operator, left.schema, right.schema)
    if schema is None:
        raise Fault(f"“{operator}” does not apply to {left.schema.label} and {right.schema.label}", position)
    if schema is BOOL:
        return _strict_logic(operator, left, right, position)
    first, second = left.run, right.run

    def run(frame: Frame) -> object:
        try:
            return combine(operator, first(frame), second(frame))
        except (ValueError, OverflowError) as error:
            message = "the result is outside the calendar" if isinstance(error, OverflowError) else str(error)
            raise Fault(message, position) from None

    return Code(run=run, schema=schema, position=position)


def _arithmetic_schema(operator: str, left: Schema, right: Schema) -> Schema | None:
    """The type of the result; None where the operator does not apply."""
    kinds = (left.kind, right.kind)
    known = set(kinds) - {Kind.NULL, Kind.ANY}
    if operator in "+&" and Kind.TEXT in kinds:
        return TEXT
    if operator in "&|":
        return {frozenset({Kind.BOOL}): BOOL, frozenset({Kind.INT}): INT}.get(frozenset(kinds))
    if known <= NUMERIC and Kind.ANY not in kinds:
        return NUMBER if Kind.NUMBER in known else INT
    dates = {
        ("-", Kind.DATETIME, Kind.DATETIME): DURATION,
        ("-", Kind.DATETIME, Kind.DURATION): DATETIME,
        ("+", Kind.DATETIME, Kind.DURATION): DATETIME,
        ("-", Kind.DURATION, Kind.DURATION): DURATION,
        ("+", Kind.DURATION, Kind.DURATION): DURATION,
    }
    if (operator, *kinds) in dates:
        return dates[(operator, *kinds)]
    possible = NUMERIC | {Kind.DATETIME, Kind.DURATION} if operator in "+-" else NUMERIC
    return ANY if Kind.ANY in kinds and known <= possible else None


def _strict_logic(operator: str, left: Code, right: Code, position: int) -> Code:
    first, second = left.run, right.run
    deciding = operator == "|"

    def run(frame: Frame) -> object:
        both = (first(frame), second(frame))
        if deciding in both:
            return deciding
        return None if None in both else not deciding

    return Code(run=run, schema=BOOL, position=position)


def combine(operator: str, left: object, right: object) -> object:
    """The result of an arithmetic operator on values.

    Raises:
        ValueError: it does not apply to them, or the result is out of range.
        OverflowError: the result is outside the calendar.
    """
    if operator in "+&" and (isinstance(left, str) or isinstance(right, str)):
        return joined(to_text(left), to_text(right))
    if left is None or right is None:
        return None
    if operator in "&|" and isinstance(left, int) and isinstance(right, int):
        return left & right if operator == "&" else left | right
    if is_number(left) and is_number(right):
        return calculate(operator, left, right)
    if isinstance(left, (datetime, timedelta)) and isinstance(right, timedelta) and operator in "+-":
        return left + right if operator == "+" else left - right
    if isinstance(left, datetime) and isinstance(right, datetime) and operator == "-":
        return left - right
    raise ValueError(f"“{operator}” does not apply to {kind_of(left)} and {kind_of(right)}")


def joined(left: str, right: str) -> str:
    """Both texts.

    Raises:
        ValueError: that is more than an expression may make.
    """
    if len(left) + len(right) > MAX_TEXT:
        raise ValueError(f"makes a text of more than {MAX_TEXT:,} characters")
    return left + right


def negative(operand: Code, position: int) -> Code:
    """`-x`."""
    if operand.schema.kind not in NUMERIC | {Kind.DURATION, Kind.ANY, Kind.NULL}:
        raise Fault(f"“-” does not apply to {operand.schema.label}", position)
    inner = operand.run

    def run(frame: Frame) -> object:
        value = inner(frame)
        if value is None:
            return None
        try:
            return -value if isinstance(value, timedelta) else combine("-", 0, value)
        except (ValueError, OverflowError) as error:
            raise Fault(str(error), position) from None

    return Code(run=run, schema=operand.schema, position=position)

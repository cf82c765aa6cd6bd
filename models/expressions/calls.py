"""Calling what `members` and `statics` offer. Arguments are checked once, and converted where need be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Final

from models.expressions.code import CHARACTERS_A_STEP, Code, Frame, Run, constant, spend
from models.expressions.errors import Fault
from models.expressions.members import Operation, members
from models.expressions.operators import FROM_TEXT, NUMERIC, converted
from models.expressions.paths import null_fault
from models.expressions.schema import Kind, Schema
from models.expressions.statics import StaticType, types
from models.expressions.values import conformer, kind_of, shown

KINDS_OF_TYPES: Final[Mapping[type[object], Kind]] = {
    str: Kind.TEXT,
    datetime: Kind.DATETIME,
    timedelta: Kind.DURATION,
}
"""The kind of a value whose type nobody declared."""


def arguments(
    operation: Operation, given: list[Code], position: int, zone: tzinfo | None, *, nulls: bool = False
) -> list[Run]:
    """What gives the arguments, each of the kind that the operation takes.

    Raises:
        Fault: there are too few or too many, or one is of another kind.
    """
    most = len(operation.takes)
    if not operation.needs <= len(given) <= most:
        count = str(most) if operation.needs == most else f"{operation.needs} to {most}"
        plural = "" if count == "1" else "s"
        raise Fault(f"{operation.name} takes {count} argument{plural}, not {len(given)}", position)
    return [
        _argument(operation.name, code, schema, zone, nulls=nulls)
        for code, schema in zip(given, operation.takes, strict=False)
    ]


def _argument(name: str, code: Code, schema: Schema, zone: tzinfo | None, *, nulls: bool) -> Run:
    code = converted(code, schema, zone)
    if code.constant and code.value is not None and code.schema.kind is schema.kind:
        return code.run
    kind, wanted = code.schema.kind, schema.kind
    alike = kind is wanted or wanted is Kind.ANY or (kind in NUMERIC and wanted in NUMERIC - {Kind.INT})
    if not (alike or kind in (Kind.ANY, Kind.NULL) or (kind is Kind.ENUM and wanted is Kind.INT)):
        raise Fault(f"{name} takes {schema.label}, not {code.schema.label}", code.position)
    inner, position, path = code.run, code.position, code.path
    check = kind is Kind.ANY and wanted in FROM_TEXT | {Kind.TEXT, Kind.LIST}
    conform = conformer(schema, zone) if check else None

    def run(frame: Frame) -> object:
        value = inner(frame)
        if value is None and not nulls:
            raise Fault(f"{name} was given NULL{f' ({path})' if path else ''}", position, path=path)
        if conform is None or value is None:
            return value
        try:
            return conform(value)
        except ValueError as error:
            raise Fault(f"{name} was given {shown(value)}: {error}", position, path=path) from None

    return run


def of_value(
    operation: Operation, target: Code, given: list[Code], position: int, zone: tzinfo | None, *, safe: bool
) -> Code:
    """The code of `target.operation(given)`; NULL of NULL where `safe`."""
    runs = tuple(arguments(operation, given, position, zone))
    owner, path, member, call = target.run, target.path, operation.name, operation.call

    def run(frame: Frame) -> object:
        value = owner(frame)
        if value is None:
            if safe:
                return None
            raise null_fault(path, member, position)
        if type(value) is str and len(value) > CHARACTERS_A_STEP:
            spend(frame, len(value) // CHARACTERS_A_STEP, position)
        try:
            return call(value, *[one(frame) for one in runs])
        except (ValueError, ArithmeticError) as error:
            raise _failed(operation, error, position) from None

    return Code(run=run, schema=operation.gives, position=position, nullable=safe)


def _failed(operation: Operation, error: Exception, position: int) -> Fault:
    message = "the result is outside the calendar" if isinstance(error, OverflowError) else str(error)
    return Fault(f"{operation.name}: {message}", position)


def of_type(
    static: StaticType,
    operation: Operation,
    given: list[Code],
    position: int,
    zone: tzinfo | None,
    *,
    nulls: bool,
) -> Code:
    """The code of `Type.operation(given)`, computed at once where every argument is a constant."""
    runs = arguments(operation, given, position, zone, nulls=nulls)

    def run(frame: Frame) -> object:
        try:
            return operation.call(*[one(frame) for one in runs])
        except (ValueError, ArithmeticError) as error:
            raise _failed(operation, error, position) from None

    if all(code.constant for code in given):
        return constant(run([]), operation.gives, position)
    code = Code(run=run, schema=operation.gives, position=position, nullable=False)
    if static.name == "String" and operation.name.startswith("IsNullOr") and given[0].path:
        return replace(code, false_means=frozenset({given[0].path.lower()}))
    return code


def of_unknown(
    name: str, given: list[Code], position: int, zone: tzinfo | None, *, is_property: bool
) -> Mapping[Kind, tuple[Operation, list[Run]]]:
    """What `name` may be of a value whose type nobody declared, by kind.

    Raises:
        Fault: the arguments fit none of those that there are.
    """
    found: dict[Kind, tuple[Operation, list[Run]]] = {}
    misfit: Fault | None = None
    for kind, operations in members().items():
        operation = operations.get(name.lower())
        if operation is None or operation.is_property is not is_property:
            continue
        try:
            found[kind] = (operation, arguments(operation, given, position, zone))
        except Fault as fault:
            misfit = fault
    if misfit is not None and not found:
        raise misfit
    return found


def invoke_unknown(
    found: Mapping[Kind, tuple[Operation, list[Run]]], frame: Frame, value: object, name: str, position: int
) -> object:
    """The result of the one of `found` that fits the value.

    Raises:
        Fault: none does.
    """
    kind = KINDS_OF_TYPES.get(type(value))
    if kind is None or kind not in found:
        raise Fault(f"{kind_of(value)} has no {name}", position)
    operation, runs = found[kind]
    if isinstance(value, str):
        spend(frame, len(value) // CHARACTERS_A_STEP, position)
    try:
        return operation.call(value, *[one(frame) for one in runs])
    except (ValueError, ArithmeticError) as error:
        raise _failed(operation, error, position) from None


def static_type(name: str) -> StaticType | None:
    """The type of that name, in any letter case."""
    return types().get(name.lower())

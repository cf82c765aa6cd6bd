"""Compiling calls: methods of values, lists and types, and the functions `iif`, `isnull`, `np`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from models.expressions import calls, reading, sequences
from models.expressions.choosing import coalesced
from models.expressions.code import Code, Frame, constant
from models.expressions.errors import Fault, NullFault
from models.expressions.members import members
from models.expressions.names import no_member, no_name
from models.expressions.operators import as_condition, converted, equality
from models.expressions.paths import null_fault
from models.expressions.schema import ANY, TEXT, Kind
from models.expressions.scope import Scope
from models.expressions.statics import CLOCK, StaticType, is_text_type
from models.expressions.syntax import Function, Lambda, Member, Method, Node
from models.expressions.values import to_text

Compile = Callable[[Node], Code]
ZEROS: Final[Mapping[Kind, object]] = {Kind.BOOL: False, Kind.INT: 0, Kind.NUMBER: Decimal(0), Kind.ENUM: 0}
"""What `GetValueOrDefault()` is of NULL."""


def method(scope: Scope, compile_node: Compile, node: Method) -> Code:
    """The code of `target.name(arguments)`.

    Raises:
        Fault: the target has no such method, or it takes other arguments.
    """
    static = reading.static_type(scope, node.target)
    if static is not None:
        return static_member(scope, compile_node, static, node, node.arguments)
    target, wanted, zone = compile_node(node.target), node.name.lower(), scope.zone
    kind, safe = target.schema.kind, node.safe or reading.is_safe(node.target)
    if wanted in sequences.ON_ITEMS and kind in (Kind.LIST, Kind.ANY):
        return _of_items(scope, compile_node, node, target)
    given = [compile_node(argument) for argument in node.arguments]
    if wanted == "getvalueordefault" and kind is not Kind.TEXT:
        return _or_default(node, target, given)
    scope.dereferenced(target, node.name, node.position, safe=safe)
    if kind is Kind.LIST and wanted == "contains":
        exactly(node, given, 1)
        return sequences.contains(target, given[0], node.position, zone)
    operation = members().get(kind, {}).get(wanted)
    if operation is not None and not operation.is_property and (given or not operation.needs):
        return calls.of_value(operation, target, given, node.position, zone, safe=safe)
    if wanted == "tostring" and not given:
        return _to_text(target, node, safe=safe)
    if wanted == "equals" and len(given) == 1:
        return equality(_not_null(target, node), given[0], node.position, zone, negated=False)
    if kind is Kind.ANY:
        return _of_unknown(scope, node, target, given, safe=safe)
    raise Fault(no_member(target.schema, node.name, called=True), node.position)


def _of_items(scope: Scope, compile_node: Compile, node: Method, target: Code) -> Code:
    wanted = node.name.lower()
    if len(node.arguments) > 1 or (not node.arguments and wanted in sequences.NEEDS_BODY):
        raise Fault(f"{node.name} takes one condition or value", node.position)
    scope.dereferenced(target, node.name, node.position, safe=False)
    if not node.arguments:
        return sequences.apply(wanted, target, 0, None, node.position, scope.zone)
    argument = node.arguments[0]
    parameter = argument.parameter if isinstance(argument, Lambda) else ""
    with scope.inside(target, parameter) as item:
        body = compile_node(argument.body if isinstance(argument, Lambda) else argument)
    if wanted in sequences.CONDITIONS:
        body = as_condition(body, node.name, body.position)
    return sequences.apply(wanted, target, item.slot, body, node.position, scope.zone)


def _of_unknown(scope: Scope, node: Method, target: Code, given: list[Code], *, safe: bool) -> Code:
    """A method of a value whose type nobody declared: which it is shows when there is a value."""
    name, position, look = node.name, node.position, target.run
    found = calls.of_unknown(name, given, position, scope.zone, is_property=False)
    is_contains = name.lower() == "contains" and len(given) == 1
    among = sequences.contains(target, given[0], position, scope.zone) if is_contains else None
    if not found:
        raise Fault(f"nothing has a method {name} that takes {len(given)} arguments", position)

    def run(frame: Frame) -> object:
        value = look(frame)
        if value is None:
            if safe:
                return None
            raise null_fault(target.path, name, position)
        if among is not None and isinstance(value, tuple):
            return among.run(frame)
        return calls.invoke_unknown(found, frame, value, name, position)

    gives = next(iter(found.values()))[0].gives if len(found) == 1 else ANY
    return Code(run=run, schema=gives, position=position, nullable=safe)


def _not_null(target: Code, node: Method) -> Code:
    """`target`, failing where it is NULL, as a call of a method of NULL does."""
    look, path = target.run, target.path

    def run(frame: Frame) -> object:
        value = look(frame)
        if value is None:
            raise null_fault(path, node.name, node.position)
        return value

    return replace(target, run=run)


def _to_text(target: Code, node: Method, *, safe: bool) -> Code:
    look = target.run if safe else _not_null(target, node).run

    def run(frame: Frame) -> object:
        value = look(frame)
        return None if value is None else to_text(value)

    return Code(run=run, schema=TEXT, position=node.position, nullable=safe)


def _or_default(node: Method, target: Code, given: list[Code]) -> Code:
    zero = ZEROS.get(target.schema.kind)
    if len(given) > 1 or (not given and zero is None):
        raise Fault(f"GetValueOrDefault of {target.schema.label} takes one argument", node.position)
    default = given[0] if given else constant(zero, target.schema, node.position)
    return coalesced(target, default, node.position)


def static_member(
    scope: Scope,
    compile_node: Compile,
    static: StaticType,
    node: Member | Method,
    arguments: tuple[Node, ...] | None,
) -> Code:
    """The code of `Type.name`, or of `Type.name(arguments)` where they are not None.

    Raises:
        Fault: the type has no such member, or it is the clock.
    """
    wanted = node.name.lower()
    if static.name == "DateTime" and wanted in CLOCK:
        return _clock(scope, node.position, wanted)
    operation = static.operations.get(wanted)
    if operation is None or operation.is_property is not (arguments is None):
        known = ", ".join(one.name + ("" if one.is_property else "(…)") for one in static.operations.values())
        raise Fault(f"{static.name} has no {node.name}; it has {known}", node.position)
    given = [compile_node(argument) for argument in arguments or ()]
    nulls = wanted in static.takes_null
    return calls.of_type(static, operation, given, node.position, scope.zone, nulls=nulls)


def _clock(scope: Scope, position: int, wanted: str) -> Code:
    now = scope.roots.get("now")
    if now is None or now.schema.kind is not Kind.DATETIME:
        raise Fault(
            "an expression may not ask for the time here: its answer would change while nothing else does",
            position,
        )
    if wanted == "utcnow":
        raise Fault("dates are the board's wall clock; write DateTime.Now", position)
    scope.use(now)
    code = scope.observed(reading.read(scope, now, position))
    if wanted == "now":
        return code
    return calls.of_value(members()[Kind.DATETIME]["date"], code, [], position, scope.zone, safe=False)


def conversion(scope: Scope, compile_node: Compile, node: Function) -> Code:
    """The code of `Type(arguments)`.

    Raises:
        Fault: there is no such type or function, or it takes other arguments.
    """
    static = calls.static_type(node.name)
    if static is None or not static.conversions:
        raise Fault(no_name(node.name, {}, called=True), node.position)
    given = [compile_node(argument) for argument in node.arguments]
    fitting = [one for one in static.conversions if one.needs <= len(given) <= len(one.takes)]
    operation = (fitting or static.conversions)[0]
    return calls.of_type(static, operation, given, node.position, scope.zone, nulls=is_text_type(static))


def null_propagating(scope: Scope, compile_node: Compile, node: Function) -> Code:
    """The code of `np(path)` or `np(path, default)`: NULL on the way gives NULL, or the default.

    Raises:
        Fault: it has other arguments.
    """
    if not 1 <= len(node.arguments) <= 2:
        raise Fault("np takes a path, and what it is where something on the way is NULL", node.position)
    with scope.quietly():
        inner = compile_node(node.arguments[0])
    look = inner.run

    def run(frame: Frame) -> object:
        try:
            return look(frame)
        except NullFault:
            return None

    code = Code(run=run, schema=inner.schema, position=node.position)
    if len(node.arguments) == 1:
        return code
    return coalesced(
        code, converted(compile_node(node.arguments[1]), inner.schema, scope.zone), node.position
    )


def exactly(node: Method | Function, given: list[Code] | tuple[Node, ...], count: int) -> None:
    """Refuse any other number of arguments.

    Raises:
        Fault: there is another.
    """
    if len(given) != count:
        plural = "" if count == 1 else "s"
        raise Fault(f"{node.name} takes {count} argument{plural}, not {len(given)}", node.position)

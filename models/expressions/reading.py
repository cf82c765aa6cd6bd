"""Compiling names and members: `appointment`, `.Task.FreeBit1`, `.Start.Hour`, `DateTime.MinValue`."""

from __future__ import annotations

from dataclasses import replace

from models.expressions import calls, sequences
from models.expressions.code import Code, Frame, Leaf, Step
from models.expressions.errors import Fault
from models.expressions.members import members
from models.expressions.names import no_member, no_name
from models.expressions.paths import (
    null_fault,
    of_leaf,
    of_object,
    of_unknown,
    step_to,
    unknown_step,
)
from models.expressions.schema import ANY, BOOL, Kind, Property, Schema
from models.expressions.scope import Scope, Variable
from models.expressions.statics import StaticType
from models.expressions.syntax import Member, Method, Name, Node
from models.expressions.values import conformer


def name(scope: Scope, node: Name) -> Code:
    """The code of a name that nothing stands before.

    Raises:
        Fault: it means nothing there.
    """
    variable = scope.variable(node.name)
    if variable is not None:
        scope.use(variable)
        return read(scope, variable, node.position)
    item = scope.item()
    if item is not None:
        return member(scope, read(scope, item, node.position), node.name, node.position, safe=False)
    if calls.static_type(node.name) is not None:
        raise Fault(f"{node.name} is a type, not a value", node.position)
    raise Fault(no_name(node.name, {root.name: root.schema for root in scope.roots.values()}), node.position)


def read(scope: Scope, variable: Variable, position: int) -> Code:
    """The code of a root or an item as a whole."""
    slot = variable.slot
    code = Code(
        run=lambda frame: frame[slot],
        schema=variable.schema,
        position=position,
        path=variable.path,
        nullable=False,
    )
    if not variable.is_root or variable.schema.kind is Kind.OBJECT:
        return code
    conform, path = conformer(variable.schema, scope.zone), variable.path

    def run(frame: Frame) -> object:
        try:
            return conform(frame[slot])
        except ValueError as error:
            raise Fault(f"{path} is {error}", position, path=path) from None

    return replace(code, run=run)


def member(scope: Scope, target: Code, name: str, position: int, *, safe: bool) -> Code:
    """The code of `target.name`; NULL of NULL where `safe`.

    Raises:
        Fault: such a value has no such member.
    """
    kind, wanted = target.schema.kind, name.lower()
    if kind is Kind.OBJECT:
        return _property(scope, target, name, position, safe=safe)
    if wanted in ("hasvalue", "value") and kind is not Kind.TEXT:
        return _of_nullable(scope, target, wanted, position)
    if kind is Kind.ANY:
        return _of_unknown(scope, target, name, position, safe=safe)
    if kind is Kind.LIST and wanted in ("count", "length"):
        scope.dereferenced(target, name, position, safe=False)
        return sequences.apply("count", target, 0, None, position, scope.zone)
    operation = members().get(kind, {}).get(wanted)
    if operation is None or not operation.is_property:
        raise Fault(no_member(target.schema, name, called=False), position)
    scope.dereferenced(target, operation.name, position, safe=safe)
    return calls.of_value(operation, target, [], position, scope.zone, safe=safe)


def _property(scope: Scope, target: Code, name: str, position: int, *, safe: bool) -> Code:
    prop = target.schema.property(name)
    shown = prop.name if prop is not None else name
    path = f"{target.path}.{shown}" if target.path else shown
    if prop is not None:
        step = step_to(prop, scope.zone, path, position)
    elif target.schema.closed:
        raise Fault(no_member(target.schema, name, called=False), position)
    else:
        prop = Property(name=name, schema=ANY, places=((name.lower(),),))
        step = unknown_step(name, scope.zone, path, position)
        scope.unknown_property(target.schema, name, path, position)
    scope.dereferenced(target, shown, position, safe=safe)
    return _reader(scope, target, step, prop.schema, nullable=prop.nullable or safe, safe=safe)


def _reader(scope: Scope, target: Code, step: Step, schema: Schema, *, nullable: bool, safe: bool) -> Code:
    """The fastest code that reads a step: of a root, of a property of a root, or of anything else."""
    leaf = _leaf(scope, target, step) if not safe else None
    return Code(
        run=of_leaf(leaf) if leaf is not None else of_object(target.run, target.path, step, safe=safe),
        schema=schema,
        position=step.position,
        path=step.path,
        nullable=nullable,
        leaf=leaf,
    )


def _leaf(scope: Scope, target: Code, step: Step) -> Leaf | None:
    root = scope.roots.get(target.path.lower())
    if root is not None:
        return Leaf(slot=root.slot, through=None, step=step)
    if target.leaf is not None and target.leaf.through is None:
        return Leaf(slot=target.leaf.slot, through=target.leaf.step, step=step)
    return None


def _of_unknown(scope: Scope, target: Code, name: str, position: int, *, safe: bool) -> Code:
    """A member of a value whose type nobody declared: what it is shows when there is a value."""
    path = f"{target.path}.{name}" if target.path else name
    scope.dereferenced(target, name, position, safe=safe)
    found = calls.of_unknown(name, [], position, scope.zone, is_property=True)

    def otherwise(frame: Frame, value: object) -> object:
        if isinstance(value, tuple) and name.lower() in ("count", "length"):
            return len(value)
        return calls.invoke_unknown(found, frame, value, name, position)

    step = unknown_step(name, scope.zone, path, position)
    run = of_unknown(target.run, target.path, step, safe=safe, otherwise=otherwise)
    return Code(run=run, schema=ANY, position=position, path=path)


def _of_nullable(scope: Scope, target: Code, wanted: str, position: int) -> Code:
    """`HasValue` and `Value`, which every nullable value has in the engine."""
    look, path = target.run, target.path
    if wanted == "hasvalue":
        facts = frozenset({path.lower()}) if path else frozenset[str]()
        return Code(
            run=lambda frame: look(frame) is not None,
            schema=BOOL,
            position=position,
            nullable=False,
            true_means=facts,
        )
    scope.dereferenced(target, "Value", position, safe=False)

    def run(frame: Frame) -> object:
        value = look(frame)
        if value is None:
            raise null_fault(path, "Value", position)
        return value

    return replace(target, run=run, position=position, nullable=False, leaf=None)


def static_type(scope: Scope, node: Node) -> StaticType | None:
    """The type that a node names, if it names one. A root, parameter or property of that name comes first."""
    if isinstance(node, Member) and isinstance(node.target, Name) and node.target.name.lower() == "system":
        return calls.static_type(node.name)
    if not isinstance(node, Name) or scope.variable(node.name) is not None:
        return None
    item = scope.item()
    if item is not None and item.schema.property(node.name) is not None:
        return None
    return calls.static_type(node.name)


def is_safe(node: Node) -> bool:
    """Whether a member of this is null-propagating because something before it is, as in C#."""
    while isinstance(node, (Member, Method)):
        if node.safe:
            return True
        node = node.target
    return False

"""Reading properties. This is where an evaluation spends its time, so each reader looks keys up in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Final

from models.expressions.code import TRACE, Frame, Leaf, Run, Step
from models.expressions.errors import Fault, NullFault
from models.expressions.schema import ANY, Kind, Property
from models.expressions.values import conformer, shown
from models.record import Record


class _Never:
    """A type that no delivered value has: values of its step are always conformed."""


EXPECTED: Final[Mapping[Kind, type[object]]] = {
    Kind.BOOL: bool,
    Kind.INT: int,
    Kind.TEXT: str,
    Kind.ENUM: int,
    Kind.OBJECT: Record,
    Kind.LIST: tuple,
}
"""The type whose values are right as they are delivered; other kinds always need a look."""


def step_to(prop: Property, zone: tzinfo | None, path: str, position: int) -> Step:
    """The step that reads `prop` of an object."""
    return Step(
        key=prop.places[0][0],
        expected=EXPECTED.get(prop.schema.kind, _Never),
        elsewhere=prop.places[1:],
        conform=conformer(prop.schema, zone),
        missing=() if prop.schema.kind is Kind.LIST and not prop.nullable else None,
        path=path,
        position=position,
    )


def unknown_step(name: str, zone: tzinfo | None, path: str, position: int) -> Step:
    """The step that reads a property nobody declared."""
    return step_to(Property(name=name, schema=ANY, places=((name.lower(),),)), zone, path, position)


def finish(step: Step, value: object, owner: Record) -> object:
    """The value of a step where the first look did not settle it.

    Raises:
        Fault: what is there is not of the kind that the property has.
    """
    for place in step.elsewhere:
        if value is not None:
            break
        value = _follow(owner, place)
    if value is None:
        return step.missing
    try:
        return step.conform(value)
    except ValueError as error:
        raise Fault(f"{step.path} is {shown(value)}: {error}", step.position, path=step.path) from None


def _follow(owner: Record, place: tuple[str, ...]) -> object:
    value: object = owner
    for key in place:
        if not isinstance(value, Record):
            return None
        value = value.lookup(key)
    return value


def of_leaf(leaf: Leaf) -> Run:
    """Reads `root.property` or `root.property.property`."""
    slot, step, through = leaf.slot, leaf.step, leaf.through
    key, expected = step.key, step.expected
    if through is None:

        def run(frame: Frame) -> object:
            owner = frame[slot]
            value = owner.lookup(key)
            return value if type(value) is expected else finish(step, value, owner)

        return run
    first_key = through.key

    def run_through(frame: Frame) -> object:
        owner = frame[slot].lookup(first_key)
        if type(owner) is not Record:
            owner = _owner(through, owner, frame[slot], step)
        value = owner.lookup(key)
        return value if type(value) is expected else finish(step, value, owner)

    return run_through


def leaf_equals(leaf: Leaf, constant: object, *, negated: bool) -> Run:
    """`root.property == constant` and its like in one closure: what most conditions of most rules are."""
    slot, step, through = leaf.slot, leaf.step, leaf.through
    key, expected = step.key, step.expected
    if through is None:

        def run(frame: Frame) -> object:
            value: object = frame[slot].lookup(key)
            if type(value) is not expected:
                value = finish(step, value, frame[slot])
            return (value == constant) is not negated

        return run
    first_key = through.key

    def run_through(frame: Frame) -> object:
        owner = frame[slot].lookup(first_key)
        if type(owner) is not Record:
            owner = _owner(through, owner, frame[slot], step)
        value: object = owner.lookup(key)
        if type(value) is not expected:
            value = finish(step, value, owner)
        return (value == constant) is not negated

    return run_through


def leaf_is_null(leaf: Leaf, *, negated: bool) -> Run:
    """`root.property == NULL` and its like in one closure."""
    slot, step, through = leaf.slot, leaf.step, leaf.through
    key = step.key
    if through is None:

        def run(frame: Frame) -> object:
            value = frame[slot].lookup(key)
            if value is None:
                value = finish(step, value, frame[slot])
            return (value is None) is not negated

        return run
    first_key = through.key

    def run_through(frame: Frame) -> object:
        owner = frame[slot].lookup(first_key)
        if type(owner) is not Record:
            owner = _owner(through, owner, frame[slot], step)
        value: object = owner.lookup(key)
        if value is None:
            value = finish(step, value, owner)
        return (value is None) is not negated

    return run_through


def _owner(through: Step, value: object, root: Record, step: Step) -> Record:
    """The object on the way, where the first look did not give one."""
    owner = finish(through, value, root)
    if not isinstance(owner, Record):
        raise null_fault(through.path, step.path, step.position)
    return owner


def of_object(owner_run: Run, owner_path: str, step: Step, *, safe: bool) -> Run:
    """Reads a property of whatever object `owner_run` gives; NULL of NULL where `safe`."""
    key, expected = step.key, step.expected

    def run(frame: Frame) -> object:
        owner = owner_run(frame)
        if owner is None and safe:
            return None
        if not isinstance(owner, Record):
            raise null_fault(owner_path, step.path, step.position)
        value = owner.lookup(key)
        return value if type(value) is expected else finish(step, value, owner)

    return run


def of_unknown(
    owner_run: Run,
    owner_path: str,
    step: Step,
    *,
    safe: bool,
    otherwise: Callable[[Frame, object], object],
) -> Run:
    """Reads a member of a value of unknown type: a property of an object, else what `otherwise` says."""

    def run(frame: Frame) -> object:
        owner = owner_run(frame)
        if owner is None:
            if safe:
                return None
            raise null_fault(owner_path, step.path, step.position)
        if isinstance(owner, Record):
            return finish(step, owner.lookup(step.key), owner)
        return otherwise(frame, owner)

    return run


def traced(run: Run, path: str) -> Run:
    """Reads as `run` does, and notes the path and the value."""

    def noting(frame: Frame) -> object:
        value = run(frame)
        if frame[TRACE] is not None:
            frame[TRACE].append((path, value))
        return value

    return noting


def null_fault(owner_path: str, path: str, position: int) -> NullFault:
    """What the engine's NullReferenceException means here."""
    owner = owner_path or "the value before it"
    member = path.rpartition(".")[2]
    return NullFault(f"{owner} is NULL, so it has no {member}", position, path=owner_path)

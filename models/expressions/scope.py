"""What a compiler knows at one point of an expression: names, what cannot be NULL there, what it found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from models.expressions.code import FIRST_SLOT, NOTHING, Code
from models.expressions.errors import Fault, WarningKind
from models.expressions.names import nearest
from models.expressions.paths import traced
from models.expressions.schema import ANY, Schema

MAX_DEPTH: Final = 64
"""How deeply parts of an expression may be nested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning before the text it belongs to is at hand."""

    kind: WarningKind
    message: str
    path: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A root, or what stands for an item inside `Any` and its like."""

    name: str
    schema: Schema
    slot: int
    path: str
    is_root: bool = False
    implicit: bool = False
    """Whether its members need no name before them."""


class Scope:
    """The state of one compilation. It goes through an expression in the order of evaluation."""

    def __init__(self, roots: Mapping[str, Schema], zone: tzinfo | None, *, trace: bool) -> None:
        self.zone = zone
        self.roots = {
            name.lower(): Variable(name=name, schema=schema, slot=FIRST_SLOT + n, path=name, is_root=True)
            for n, (name, schema) in enumerate(roots.items())
        }
        self.slots = FIRST_SLOT + len(self.roots)
        """How many slots a frame needs."""
        self.used: dict[str, int] = {}
        """The roots that are read, and their slots."""
        self.names: dict[str, str] = {}
        """The paths that are read, by their lower case, as they are written in the schema."""
        self.warnings: list[Warned] = []
        self._trace = trace
        self._variables = list(self.roots.values())
        self._not_null: frozenset[str] = NOTHING
        self._quiet = 0
        self._depth = 0

    @contextmanager
    def deeper(self, position: int) -> Iterator[None]:
        """One part inside another.

        Raises:
            Fault: there are too many.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Fault(f"nested more than {MAX_DEPTH} deep", position)
        yield
        self._depth -= 1

    # names

    def variable(self, name: str) -> Variable | None:
        """What a name stands for, the innermost first; `it` is the item where it has no other name."""
        wanted = name.lower()
        if wanted == "it":
            return self.item()
        return next((known for known in reversed(self._variables) if known.name.lower() == wanted), None)

    def item(self) -> Variable | None:
        """The item whose members need no name before them."""
        innermost = self._variables[-1] if self._variables else None
        return innermost if innermost is not None and innermost.implicit else None

    def use(self, variable: Variable) -> None:
        """Note that an evaluation needs it."""
        if variable.is_root:
            self.used[variable.name] = variable.slot

    @contextmanager
    def inside(self, items: Code, parameter: str) -> Iterator[Variable]:
        """Inside the parentheses of `items.Any(…)`; `parameter` is the name the item was given, or empty."""
        path = f"{items.path or 'list'}[]"
        variable = Variable(
            name=parameter or "it",
            schema=items.schema.item or ANY,
            slot=self.slots,
            path=path,
            implicit=not parameter,
        )
        self.slots += 1
        outside = self._not_null
        self._not_null = frozenset(known for known in outside if not known.startswith(path.lower()))
        self._variables.append(variable)
        yield variable
        self._variables.pop()
        self._not_null = outside

    def observed(self, code: Code) -> Code:
        """`code`, noted as something that the expression looks at."""
        self.names.setdefault(code.path.lower(), code.path)
        return replace(code, run=traced(code.run, code.path), leaf=None) if self._trace else code

    # NULL

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Inside `np(…)`, where NULL on the way does no harm."""
        self._quiet += 1
        with self.maybe():
            yield
        self._quiet -= 1

    @contextmanager
    def maybe(self, facts: frozenset[str] = NOTHING) -> Iterator[None]:
        """A part that is evaluated only where `facts` are not NULL; what it makes sure of is forgotten."""
        outside = self._not_null
        self._not_null |= facts
        yield
        self._not_null = outside

    def learn(self, facts: frozenset[str]) -> None:
        """From here on these are not NULL."""
        self._not_null |= facts

    def dereferenced(self, target: Code, member: str, position: int, *, safe: bool) -> None:
        """Note that a member of `target` is asked for: a warning, unless it cannot be NULL there."""
        path = target.path.lower()
        if safe or not path or not target.nullable:
            return
        known = any(one == path or one.startswith(f"{path}.") for one in self._not_null)
        self._not_null |= {path}
        if known or self._quiet:
            return
        self._warn(
            WarningKind.NULL_DEREFERENCE,
            f"where {target.path} is NULL, asking for its {member} fails and the rule does not pass; "
            f"write “{target.path} <> NULL AND …” before it",
            target.path,
            position,
        )

    def unknown_property(self, schema: Schema, name: str, path: str, position: int) -> None:
        """Note that an open object is asked for a property that nobody declared: a warning."""
        near = nearest(name, [prop.name for prop in (schema.properties or {}).values()])
        self._warn(
            WarningKind.UNKNOWN_PROPERTY,
            f"{schema.label} is not known to have a property {name}, and it is NULL where it has none"
            f"{f'; did you mean {near}?' if near else ''}",
            path,
            position,
        )

    def _warn(self, kind: WarningKind, message: str, path: str, position: int) -> None:
        self.warnings.append(Warned(kind=kind, message=message, path=path, position=position))

"""What the parser makes of a text: a tree of values that know their offset, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

Constant = str | int | bool | Decimal | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of an expression."""

    position: int
    """Offset of the character that an error about this part points at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Node):
    """`"SERVICE"`, `12`, `1.5`, `true`, `NULL`."""

    value: Constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    """A word that is no keyword: a root, a parameter, a type, or a member of the innermost scope."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Node):
    """`target.name`, or `target?.name` where `safe`. Points at the name."""

    target: Node
    name: str
    safe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Node):
    """`target.name(arguments)`. Points at the name."""

    target: Node
    name: str
    arguments: tuple[Node, ...]
    safe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Node):
    """`name(arguments)`: `iif`, `np`, `isnull`, or a conversion such as `DateTime(2026, 1, 1)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(Node):
    """`target[index]`."""

    target: Node
    index: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Array(Node):
    """`new[] { … }`, or the list after `in`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Node):
    """`!operand`."""

    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative(Node):
    """`-operand`."""

    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Node):
    """`left operator right`; the operator is one of `+ - * / % & |`. Points at the operator."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Node):
    """`left operator right`; the operator is one of `== != < <= > >=`. Points at the operator."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Within(Node):
    """`value in collection`, or `value not in collection` where `negated`."""

    value: Node
    collection: Node
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class And(Node):
    """Two or more operands, judged from the left until one is false."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or(Node):
    """Two or more operands, judged from the left until one is true."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coalesce(Node):
    """`left ?? right`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(Node):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Lambda(Node):
    """`parameter => body`, an argument of `Any`, `All` and their like."""

    parameter: str
    body: Node

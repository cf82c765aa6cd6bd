"""From a tree to closures: names are resolved, types checked and literals read before any evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from models.expressions import calling, reading, sequences
from models.expressions.choosing import coalesced, common, conditional
from models.expressions.code import NOTHING, Code, constant
from models.expressions.errors import Fault
from models.expressions.operators import (
    arithmetic,
    as_condition,
    conjunction,
    converted,
    disjunction,
    equality,
    negation,
    negative,
    ordering,
)
from models.expressions.schema import BOOL, INT, NULL, NUMBER, TEXT, Kind, list_of
from models.expressions.scope import Scope
from models.expressions.syntax import (
    And,
    Arithmetic,
    Array,
    Coalesce,
    Comparison,
    Conditional,
    Function,
    Index,
    Lambda,
    Literal,
    Member,
    Method,
    Name,
    Negative,
    Node,
    Not,
    Or,
    Within,
)


class Compiler:
    """Compiles one expression in one scope, in the order in which it is evaluated."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def whole(self, node: Node) -> Code:
        """The code of an expression that must be true or false.

        Raises:
            Fault: something in it does not exist, or does not fit.
        """
        code = self._compile(node)
        if code.schema.kind not in (Kind.BOOL, Kind.ANY):
            raise Fault(f"gives {code.schema.label}; an expression must give true or false", code.position)
        return as_condition(code, "an expression", node.position)

    def _compile(self, node: Node) -> Code:
        with self._scope.deeper(node.position):
            return self._dispatch(node)

    def _dispatch(self, node: Node) -> Code:
        match node:
            case Literal():
                return _literal(node)
            case Name() | Member():
                return self._observed(node)
            case And():
                operands = self._operands(node.operands, "AND", lambda one: one.true_means)
                return conjunction(operands, node.position)
            case Or():
                operands = self._operands(node.operands, "OR", lambda one: one.false_means)
                return disjunction(operands, node.position)
            case Not():
                operand = as_condition(self._compile(node.operand), "NOT", node.position)
                return negation(operand, node.position)
            case Comparison():
                return self._comparison(node)
            case Within():
                return self._within(node)
            case Arithmetic():
                left, right = self._compile(node.left), self._compile(node.right)
                return arithmetic(node.operator, left, right, node.position)
            case Negative():
                return negative(self._compile(node.operand), node.position)
            case Conditional():
                return self._conditional(node, node.condition, node.yes, node.no)
            case Coalesce():
                return self._coalesce(node, node.left, node.right)
            case Array():
                return self._array(node)
            case Index():
                return self._index(node)
            case Method():
                return calling.method(self._scope, self._compile, node)
            case Function():
                return self._function(node)
            case Lambda():
                raise Fault("“=>” belongs in the parentheses of Any, All and their like", node.position)
            case _:
                raise Fault("this has no meaning here", node.position)

    # properties

    def _observed(self, node: Name | Member) -> Code:
        """A property that is looked at, not only passed through on the way to one of its own."""
        code = self._path(node)
        if not code.path or (code.schema.kind is Kind.OBJECT and self._is_variable(node)):
            return code
        return self._scope.observed(code)

    def _is_variable(self, node: Node) -> bool:
        return isinstance(node, Name) and self._scope.variable(node.name) is not None

    def _path(self, node: Name | Member) -> Code:
        if isinstance(node, Name):
            return reading.name(self._scope, node)
        static = reading.static_type(self._scope, node.target)
        if static is not None:
            return calling.static_member(self._scope, self._compile, static, node, None)
        with self._scope.deeper(node.position):
            target = self._target(node.target)
        safe = node.safe or reading.is_safe(node.target)
        return reading.member(self._scope, target, node.name, node.position, safe=safe)

    def _target(self, node: Node) -> Code:
        """What a member is asked of: an object is passed through, anything else is looked at."""
        if not isinstance(node, (Name, Member)):
            return self._compile(node)
        code = self._path(node)
        return code if code.schema.kind is Kind.OBJECT or not code.path else self._scope.observed(code)

    # logic

    def _operands(
        self, nodes: tuple[Node, ...], operator: str, learnt: Callable[[Code], frozenset[str]]
    ) -> list[Code]:
        """Each operand knows what those before it made sure of; only the first is certain to be evaluated."""
        first = as_condition(self._compile(nodes[0]), operator, nodes[0].position)
        operands = [first]
        with self._scope.maybe(learnt(first)):
            for node in nodes[1:]:
                operand = as_condition(self._compile(node), operator, node.position)
                self._scope.learn(learnt(operand))
                operands.append(operand)
        return operands

    def _comparison(self, node: Comparison) -> Code:
        left, right = self._compile(node.left), self._compile(node.right)
        if node.operator in ("==", "!="):
            return equality(left, right, node.position, self._scope.zone, negated=node.operator == "!=")
        return ordering(node.operator, left, right, node.position, self._scope.zone)

    def _within(self, node: Within) -> Code:
        value = self._compile(node.value)
        if isinstance(node.collection, Array):
            items = [
                converted(self._compile(item), value.schema, self._scope.zone)
                for item in node.collection.items
            ]
            code = self._among(node, value, items)
        else:
            source = self._compile(node.collection)
            if source.schema.kind not in (Kind.LIST, Kind.ANY):
                raise Fault(f"“in” takes a list, not {source.schema.label}", node.position)
            code = sequences.contains(source, value, node.position, self._scope.zone)
        return negation(code, node.position) if node.negated else code

    def _among(self, node: Within, value: Code, items: list[Code]) -> Code:
        """`value in (…)`: equal to one of the items."""
        equals = [equality(value, item, item.position, self._scope.zone, negated=False) for item in items]
        facts = [one.true_means for one in equals]
        code = replace(
            disjunction(equals, node.position),
            true_means=facts[0].intersection(*facts) if facts else NOTHING,
            nullable=False,
        )
        if value.schema.kind in (Kind.ANY, Kind.OBJECT, Kind.LIST) or not all(
            item.constant for item in items
        ):
            return code
        look, known = value.run, frozenset(item.value for item in items)
        return replace(code, run=lambda frame: look(frame) in known)

    def _conditional(self, node: Node, condition: Node, yes: Node, no: Node) -> Code:
        test = as_condition(self._compile(condition), "a condition", condition.position)
        with self._scope.maybe(test.true_means):
            first = self._compile(yes)
        with self._scope.maybe(test.false_means):
            second = self._compile(no)
        return conditional(test, first, second, node.position)

    def _coalesce(self, node: Node, left: Node, right: Node) -> Code:
        first = self._compile(left)
        with self._scope.maybe():
            second = converted(self._compile(right), first.schema, self._scope.zone)
        return coalesced(first, second, node.position)

    # the rest

    def _array(self, node: Array) -> Code:
        items = [self._compile(item) for item in node.items]
        schema = list_of(common([item.schema for item in items], node.position))
        if all(item.constant for item in items):
            return constant(tuple(item.value for item in items), schema, node.position)
        runs = tuple(item.run for item in items)
        return Code(
            run=lambda frame: tuple(run(frame) for run in runs),
            schema=schema,
            position=node.position,
            nullable=False,
        )

    def _index(self, node: Index) -> Code:
        target, index = self._compile(node.target), self._compile(node.index)
        kinds = (target.schema.kind, index.schema.kind)
        if kinds[0] not in (Kind.LIST, Kind.TEXT, Kind.ANY) or kinds[1] not in (Kind.INT, Kind.ANY):
            raise Fault(f"{target.schema.label} has nothing at {index.schema.label}", node.position)
        self._scope.dereferenced(target, "[…]", node.position, safe=False)
        return sequences.at(target, index, node.position, self._scope.zone)

    def _function(self, node: Function) -> Code:
        match node.name.lower():
            case "iif":
                calling.exactly(node, node.arguments, 3)
                return self._conditional(node, *node.arguments)
            case "isnull":
                calling.exactly(node, node.arguments, 2)
                return self._coalesce(node, *node.arguments)
            case "np":
                return calling.null_propagating(self._scope, self._compile, node)
            case _:
                return calling.conversion(self._scope, self._compile, node)


def _literal(node: Literal) -> Code:
    kinds = {bool: BOOL, int: INT, Decimal: NUMBER, str: TEXT, type(None): NULL}
    return constant(node.value, kinds[type(node.value)], node.position)

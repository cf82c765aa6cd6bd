"""From text to a tree. Reads any text in time that grows with its length, and only ever answers or faults."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

from models.expressions.errors import Fault
from models.expressions.grammar import GRAMMAR, expected
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
from models.expressions.values import MAX_EXPONENT, MAX_INTEGER

MAX_LENGTH: Final = 10_000
"""Characters of an expression."""
MAX_DIGITS: Final = 40

COMPARISONS: Final = {
    "=": "==", "==": "==", "eq": "==", "equal": "==",
    "!=": "!=", "<>": "!=", "ne": "!=", "neq": "!=", "notequal": "!=",
    "<": "<", "lt": "<", "lessthan": "<",
    "<=": "<=", "le": "<=", "lessthanorequal": "<=",
    ">": ">", "gt": ">", "greaterthan": ">",
    ">=": ">=", "ge": ">=", "greaterthanorequal": ">=",
}  # fmt: skip
ESCAPES: Final = {
    "n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b",
    "\\": "\\", '"': '"', "'": "'", "/": "/",
}  # fmt: skip
ESCAPE: Final = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))|(["'])\4""", re.DOTALL)


def parse(text: str) -> Node:
    """The tree of `text`.

    Raises:
        Fault: it is no expression, or longer than `MAX_LENGTH`.
    """
    if len(text) > MAX_LENGTH:
        raise Fault(f"longer than the {MAX_LENGTH:,} characters that an expression may have", MAX_LENGTH)
    if not text.strip():
        raise Fault("there is no expression", 0)
    try:
        # with an embedded transformer lark answers what `start` made, not a tree
        return cast("Node", _lark().parse(text))
    except UnexpectedCharacters as error:
        raise _unreadable(text, error) from None
    except UnexpectedEOF as error:
        raise Fault(f"ends too early; expected {expected(error.expected)}", len(text.rstrip())) from None
    except UnexpectedToken as error:
        raise _misplaced(text, error) from None


def _unreadable(text: str, error: UnexpectedCharacters) -> Fault:
    position = error.pos_in_stream or 0
    character = text[position]
    if character in "\"'":
        allowed = set(error.allowed or ())
        if "STRING" in allowed or not text.find(character, position + 1) >= 0:
            return Fault(f"this text is not closed; expected another {character}", position)
    return Fault(f"did not expect “{character}”; expected {expected(error.allowed or ())}", position)


def _misplaced(text: str, error: UnexpectedToken) -> Fault:
    token = error.token
    words = expected(error.accepts or error.expected)
    if token.type == "$END":
        return Fault(f"ends too early; expected {words}", len(text.rstrip()))
    return Fault(f"did not expect “{token}”; expected {words}", token.start_pos or 0)


@lru_cache(maxsize=1)
def _lark() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", transformer=_Builder(), maybe_placeholders=False)


def _at(token: Token) -> int:
    return token.start_pos or 0


def _bare(token: Token) -> str:
    """A name without the @ by which a keyword is used as one."""
    return str(token).removeprefix("@")


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Makes a node of each rule of the grammar as the parser finishes it; nothing here recurses."""

    def start(self, node: Node) -> Node:
        return node

    def parenthesis(self, node: Node) -> Node:
        return node

    def conditional(self, condition: Node, yes: Node, no: Node) -> Node:
        return Conditional(position=condition.position, condition=condition, yes=yes, no=no)

    def coalesce(self, left: Node, operator: Token, right: Node) -> Node:
        return Coalesce(position=_at(operator), left=left, right=right)

    def disjunction(self, *operands: Node) -> Node:
        return Or(position=operands[0].position, operands=operands)

    def conjunction(self, *operands: Node) -> Node:
        return And(position=operands[0].position, operands=operands)

    def within_list(self, value: Node, operator: Token, collection: Node) -> Node:
        return Within(position=_at(operator), value=value, collection=collection, negated=False)

    def not_within_list(self, value: Node, negation: Token, _operator: Token, collection: Node) -> Node:
        return Within(position=_at(negation), value=value, collection=collection, negated=True)

    def compare(self, left: Node, operator: Token, right: Node) -> Node:
        return Comparison(
            position=_at(operator), operator=COMPARISONS[operator.lower()], left=left, right=right
        )

    def arithmetic(self, left: Node, operator: Token, right: Node) -> Node:
        sign = "%" if operator.lower() == "mod" else str(operator)
        return Arithmetic(position=_at(operator), operator=sign, left=left, right=right)

    def negative(self, operator: Token, operand: Node) -> Node:
        if isinstance(operand, Literal) and type(operand.value) in (int, Decimal):
            return Literal(position=_at(operator), value=-cast("int | Decimal", operand.value))
        return Negative(position=_at(operator), operand=operand)

    def negation(self, operator: Token, operand: Node) -> Node:
        return Not(position=_at(operator), operand=operand)

    def member(self, target: Node, name: Token) -> Node:
        return Member(position=_at(name), target=target, name=_bare(name), safe=False)

    def safe_member(self, target: Node, name: Token) -> Node:
        return Member(position=_at(name), target=target, name=_bare(name), safe=True)

    def method(self, target: Node, name: Token, arguments: tuple[Node, ...]) -> Node:
        return Method(position=_at(name), target=target, name=_bare(name), arguments=arguments, safe=False)

    def safe_method(self, target: Node, name: Token, arguments: tuple[Node, ...]) -> Node:
        return Method(position=_at(name), target=target, name=_bare(name), arguments=arguments, safe=True)

    def index(self, target: Node, bracket: Token, index: Node) -> Node:
        return Index(position=_at(bracket), target=target, index=index)

    def name(self, name: Token) -> Node:
        return Name(position=_at(name), name=_bare(name))

    def function(self, name: Token, arguments: tuple[Node, ...]) -> Node:
        return Function(position=_at(name), name=_bare(name), arguments=arguments)

    def construct(self, new: Token, *parts: Token | tuple[Node, ...]) -> Node:
        arguments = cast("tuple[Node, ...]", parts[-1])
        return Function(position=_at(new), name=str(parts[-2]), arguments=arguments)

    def array(self, new: Token, *parts: Token | tuple[Node, ...]) -> Node:
        return Array(position=_at(new), items=cast("tuple[Node, ...]", parts[-1]))

    def items_in_parentheses(self, bracket: Token, items: tuple[Node, ...]) -> Node:
        return Array(position=_at(bracket), items=items)

    def items(self, *items: Node) -> tuple[Node, ...]:
        return items

    def arguments(self, *arguments: Node) -> tuple[Node, ...]:
        return arguments

    def lambda_(self, parameter: Token, body: Node) -> Node:
        return Lambda(position=_at(parameter), parameter=_bare(parameter), body=body)

    def true(self, token: Token) -> Node:
        return Literal(position=_at(token), value=True)

    def false(self, token: Token) -> Node:
        return Literal(position=_at(token), value=False)

    def null(self, token: Token) -> Node:
        return Literal(position=_at(token), value=None)

    def number(self, token: Token) -> Node:
        return Literal(position=_at(token), value=_number(token))

    def string(self, token: Token) -> Node:
        return Literal(position=_at(token), value=_unescaped(token))


def _number(token: Token) -> int | Decimal:
    text = token.lower()
    if text.startswith("0x"):
        digits = text.rstrip("ul")
        return _whole(int(digits, 16) if len(digits) <= MAX_DIGITS else MAX_INTEGER + 1, token)
    digits = text.rstrip("ulfdm")
    if len(digits) > MAX_DIGITS:
        raise Fault(f"a number has at most {MAX_DIGITS} digits", _at(token))
    if digits.isdigit() and text[-1] not in "fdm":
        return _whole(int(digits), token)
    value = Decimal(digits)
    if value and abs(value.adjusted()) > MAX_EXPONENT:
        raise Fault(f"“{token}” is out of the range of a number", _at(token))
    return value


def _whole(value: int, token: Token) -> int:
    if value > MAX_INTEGER:
        raise Fault(f"“{token}” is larger than a whole number may be ({MAX_INTEGER})", _at(token))
    return value


def _unescaped(token: Token) -> str:
    """The text between the quotes. A quote is written \\" or doubled, as versions of the engine differ."""
    quote = token[0]

    def one(match: re.Match[str]) -> str:
        code, short_code, escaped, doubled = match.groups()
        if code or short_code:
            return chr(int(code or short_code, 16))
        if doubled:
            return doubled if doubled == quote else match.group()
        if escaped not in ESCAPES:
            raise Fault(
                f"“\\{escaped}” means nothing in a text; write \\\\ for a \\", _at(token) + 1 + match.start()
            )
        return ESCAPES[escaped]

    text = ESCAPE.sub(one, token[1:-1])
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise Fault("half a character: a surrogate without its other half", _at(token)) from None

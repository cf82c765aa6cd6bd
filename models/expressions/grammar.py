"""The grammar, in lark's notation, and what its terminals are called in a message to a person.

Precedence is that of dynamic LINQ, which is not that of C# everywhere: `NOT` binds tighter than a comparison,
and `in` looser. Keywords need no upper case. Words that are operators are names after a dot.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

GRAMMAR: Final = r"""
start: _expression

_expression: conditional
?conditional: coalesce
    | coalesce "?" _expression ":" _expression
?coalesce: disjunction
    | disjunction COALESCE _expression
?disjunction: conjunction
    | conjunction (_OR conjunction)+
?conjunction: within
    | within (_AND within)+
?within: bitwise
    | bitwise IN collection                 -> within_list
    | bitwise NOT IN collection             -> not_within_list
?bitwise: comparison
    | bitwise (AMPERSAND | BAR) comparison  -> arithmetic
?comparison: additive
    | comparison COMPARE additive           -> compare
?additive: multiplicative
    | additive (PLUS | MINUS) multiplicative -> arithmetic
?multiplicative: unary
    | multiplicative TIMES unary            -> arithmetic
?unary: primary
    | MINUS unary                           -> negative
    | NOT unary                             -> negation
?primary: atom
    | primary "." NAME                      -> member
    | primary "?." NAME                     -> safe_member
    | primary "." NAME "(" arguments ")"    -> method
    | primary "?." NAME "(" arguments ")"   -> safe_method
    | primary LSQB _expression "]"          -> index
?atom: NAME                                 -> name
    | NAME "(" arguments ")"                -> function
    | NUMBER                                -> number
    | STRING                                -> string
    | TRUE                                  -> true
    | FALSE                                 -> false
    | NULL                                  -> null
    | "(" _expression ")"                   -> parenthesis
    | NEW NAME? LSQB "]" "{" items "}"      -> array
    | NEW NAME ("." NAME)* "(" arguments ")" -> construct
?collection: LPAR items ")"                 -> items_in_parentheses
    | NAME                                  -> name
    | collection "." NAME                   -> member
    | collection "." NAME "(" arguments ")" -> method
    | NEW NAME? LSQB "]" "{" items "}"      -> array
items: (_expression ("," _expression)*)? ","?
arguments: (_argument ("," _argument)*)?
_argument: _expression
    | lambda_
lambda_: NAME "=>" _expression

COALESCE: "??"
_OR.2: /\|\||(?:or|orelse)\b/i
_AND.2: /&&|(?:and|andalso)\b/i
IN.2: /in\b/i
NOT.2: /!(?!=)|not\b/i
COMPARE.2: /==|!=|<>|<=|>=|=(?!>)|<|>|(?:eq|(?:not)?equal|neq?|[lg][te]|(?:less|greater)than(?:orequal)?)\b/i
PLUS: "+"
MINUS: "-"
TIMES.2: /\*|\/|%|mod\b/i
AMPERSAND: /&(?!&)/
BAR: /\|(?!\|)/
LPAR: "("
LSQB: "["
TRUE.2: /true\b/i
FALSE.2: /false\b/i
NULL.2: /null\b/i
NEW.2: /new\b/i
NAME: /@?[^\W\d]\w*/
NUMBER: /(?:0x[0-9a-f]+|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)(?:ul|lu|[ulfdm])?(?!\w)/i
STRING: /"(?:[^"\\]|\\.|"")*"|'(?:[^'\\]|\\.|'')*'/s
%ignore /\s+/
"""

VALUE_STARTS: Final = frozenset({"NAME", "NUMBER", "STRING", "TRUE", "FALSE", "NULL", "NEW", "LPAR"})
OPERATORS: Final = frozenset({"_AND", "_OR", "COMPARE", "PLUS", "TIMES", "IN", "COALESCE", "QMARK"})
MARKS: Final = {
    "RPAR": "“)”",
    "RSQB": "“]”",
    "LBRACE": "“{”",
    "RBRACE": "“}”",
    "COMMA": "“,”",
    "COLON": "“:”",
}


def expected(terminals: Iterable[str]) -> str:
    """What could have stood there, in words."""
    names = set(terminals)
    if names & VALUE_STARTS == {"NAME"}:
        return "a name"
    if names & VALUE_STARTS == {"LPAR"} and not names & OPERATORS:
        return "“(”"
    words = ["a value"] if len(names & VALUE_STARTS) > 1 else []
    words += ["an operator"] if names & OPERATORS else []
    words += [mark for name, mark in MARKS.items() if name in names]
    words += ["the end"] if "$END" in names else []
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "something else"

"""Dynamic-LINQ expressions over items of the board, as rules for Exchange are written (facts §4).

    parser      text to tree (grammar, syntax)
    compiler    tree to closures: names, types and literals are settled before the first evaluation
    expression  what one does with the result
    board       the appointment: every property that the board delivers

An expression reads properties and computes. It cannot call code, read a file, see the clock or run long.
"""

from models.expressions.board import appointment_schema
from models.expressions.errors import (
    EvaluationError,
    ExpressionError,
    ExpressionWarning,
    LocatedError,
    WarningKind,
)
from models.expressions.expression import Expression, Roots, compile_expression
from models.expressions.schema import DATETIME, Schema
from models.expressions.values import shown

__all__ = [
    "DATETIME",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "ExpressionWarning",
    "LocatedError",
    "Roots",
    "Schema",
    "WarningKind",
    "appointment_schema",
    "compile_expression",
    "shown",
]

"""A compiled expression: judge an item with it, or ask what it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final

from models.expressions.code import BUDGET, STEPS, TRACE, Frame, Run
from models.expressions.compiler import Compiler
from models.expressions.errors import (
    EvaluationError,
    ExpressionError,
    ExpressionWarning,
    Fault,
    NullFault,
    line_and_column,
)
from models.expressions.parser import parse
from models.expressions.schema import Schema
from models.expressions.scope import Scope, Warned
from models.record import Record

Roots = Mapping[str, Record | datetime]
"""What the roots stand for in one evaluation, under the names they were compiled with."""

MAX_OBSERVED: Final = 200
"""Values that an observation holds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expression:
    """Compiled once, evaluated as often as one likes, by several threads at once if need be."""

    text: str
    names: tuple[str, ...]
    """The properties it may look at, in order of appearance: "appointment.Category.Name", or of items
    "appointment.Resources[].ResourceNo"."""
    warnings: tuple[ExpressionWarning, ...]
    _run: Run = field(repr=False)
    _traced: Run = field(repr=False)
    _used: tuple[tuple[str, int], ...] = field(repr=False)
    _blank: Frame = field(repr=False)

    def evaluate(self, roots: Roots) -> bool:
        """Whether it is true of `roots`.

        Raises:
            EvaluationError: it has no answer for them.
        """
        frame = self._blank.copy()
        try:
            for name, slot in self._used:
                frame[slot] = roots[name]
        except KeyError as error:
            raise EvaluationError(
                f"nothing was given as {error.args[0]}", text=self.text, position=0
            ) from None
        try:
            answer = self._run(frame)
        except Fault as fault:
            raise self._error(fault) from None
        if answer is True or answer is False:
            return answer
        raise EvaluationError(
            "is NULL, neither true nor false; compare what may be NULL with true", text=self.text, position=0
        )

    def observe(self, roots: Roots) -> tuple[tuple[str, object], ...]:
        """The values that an evaluation looks at before it knows its answer, or fails; each once.

        A value is a scalar, a `Record`, a tuple, or None for NULL; `shown` writes it for a person.
        """
        seen: list[tuple[str, object]] = []
        frame = self._blank.copy()
        frame[TRACE] = seen
        for name, slot in self._used:
            if name in roots:
                frame[slot] = roots[name]
        try:
            self._traced(frame)
        except NullFault as fault:
            if fault.path:
                seen.append((fault.path, None))
        except Fault:
            pass  # what was seen up to here is the answer; evaluate() says what failed
        distinct = {(path, _told_apart(value)): (path, value) for path, value in reversed(seen)}
        return tuple(reversed(distinct.values()))[:MAX_OBSERVED]

    def _error(self, fault: Fault) -> EvaluationError:
        return EvaluationError(fault.message, text=self.text, position=fault.position, path=fault.path)


def compile_expression(text: str, *, roots: Mapping[str, Schema], zone: tzinfo | None = None) -> Expression:
    """The expression that `text` says.

    `roots` are the names it may begin at, and their types. A root `now` of the type `DATETIME` stands for
    `DateTime.Now`; without it the time may not be asked for. `zone` is the board's: aware dates become its
    wall clock.

    Raises:
        ExpressionError: the text is no expression, or what it asks for does not exist.
    """
    try:
        node = parse(text)
        scope = Scope(roots, zone, trace=False)
        run = Compiler(scope).whole(node).run
        traced = Compiler(Scope(roots, zone, trace=True)).whole(node).run
    except Fault as fault:
        raise ExpressionError(fault.message, text=text, position=fault.position) from None
    blank: Frame = [None] * scope.slots
    blank[BUDGET] = STEPS
    return Expression(
        text=text,
        names=tuple(scope.names.values()),
        warnings=tuple(_located(warned, text) for warned in scope.warnings),
        _run=run,
        _traced=traced,
        _used=tuple(scope.used.items()),
        _blank=blank,
    )


def _told_apart(value: object) -> object:
    """What a value is told from others by; not every one can be hashed."""
    if isinstance(value, (Record, tuple)):
        return id(value)
    return str(value) if isinstance(value, Decimal) else value


def _located(warned: Warned, text: str) -> ExpressionWarning:
    line, column = line_and_column(text, warned.position)
    return ExpressionWarning(
        kind=warned.kind,
        message=warned.message,
        path=warned.path,
        position=warned.position,
        line=line,
        column=column,
    )

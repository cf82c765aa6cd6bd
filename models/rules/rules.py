"""Rules in force, and their judgement of an appointment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from models.appointment import Appointment
from models.expressions import EvaluationError, Expression, Roots, shown
from models.record import Record

ROOT: Final = "appointment"
"""What expressions call the appointment."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """One rule, compiled."""

    group: str
    name: str
    message: str
    """What a planner is told when it does not pass; may be empty."""
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleVerdict:
    """What one rule says of one appointment."""

    rule: Rule
    passed: bool
    reason: str = ""
    """Why it could not be evaluated, and so does not pass; empty where it could. It may quote a value."""
    stumbled_over: str = ""
    """The property that was in the way then, or empty."""
    _record: Record = field(repr=False)

    @property
    def name(self) -> str:
        """The name of the rule."""
        return self.rule.name

    @property
    def looked_at(self) -> tuple[tuple[str, str], ...]:
        """The properties that the rule looked at before it knew its answer, and their values as text."""
        seen = self.rule.expression.observe({ROOT: self._record})
        return tuple((path, shown(value)) for path, value in seen)

    @property
    def sentence(self) -> str:
        """The rule and its message, and that it could not be evaluated if so; no value of the appointment."""
        said = f"{self.rule.name}: {self.rule.message}" if self.rule.message else self.rule.name
        if not self.reason:
            return said
        at = f" at {self.stumbled_over}" if self.stumbled_over else ""
        return f"{said} [could not be evaluated{at}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """Whether an appointment passes."""

    failed: tuple[RuleVerdict, ...] = ()
    """Every rule that does not pass, in the order of the file."""

    @property
    def passed(self) -> bool:
        """Whether every rule lets it through."""
        return not self.failed

    @property
    def rule(self) -> str:
        """The name of the first rule that does not pass; empty when all do."""
        return self.failed[0].rule.name if self.failed else ""

    @property
    def message(self) -> str:
        """What that rule says about it."""
        return self.failed[0].rule.message if self.failed else ""

    @property
    def failure(self) -> str:
        """The first rule that does not pass and its message, as a decision keeps them; empty when all do."""
        return self.failed[0].sentence if self.failed else ""


PASSED: Final = RuleOutcome()


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that are in force. All have to pass; without any, everything does."""

    rules: tuple[Rule, ...] = ()
    digest: str = ""
    """Of what they say: the same for the same rules, however they are written down. Empty for none."""
    warnings: tuple[str, ...] = ()
    """What their author should look at; they can be used as they are."""

    def check(self, appointment: Appointment) -> RuleOutcome:
        """Whether every rule lets the appointment through. Raises nothing."""
        roots = {ROOT: appointment.record}
        failed = [rule for rule in self.rules if not _passes(rule, roots)]
        if not failed:
            return PASSED
        return RuleOutcome(failed=tuple(_verdict(rule, appointment.record) for rule in failed))

    def verdicts(self, record: Record) -> tuple[RuleVerdict, ...]:
        """What every rule says of an appointment as the board delivered it. Raises nothing."""
        return tuple(_verdict(rule, record) for rule in self.rules)


def _passes(rule: Rule, roots: Roots) -> bool:
    try:
        return rule.expression.evaluate(roots)
    except Exception:  # noqa: BLE001 - it does not pass, whatever it was: `_verdict` says it
        return False


def _verdict(rule: Rule, record: Record) -> RuleVerdict:
    """One rule's word. Whatever keeps it from having one keeps the appointment in, and no other rule busy."""
    try:
        return RuleVerdict(rule=rule, passed=rule.expression.evaluate({ROOT: record}), _record=record)
    except EvaluationError as error:
        reason = f"{error.message} (line {error.line}, column {error.column})"
        return RuleVerdict(rule=rule, passed=False, reason=reason, stumbled_over=error.path, _record=record)
    except Exception as error:  # noqa: BLE001 - a defect of one rule must not hold up the resource
        reason = f"evaluating it failed with {type(error).__name__}"
        return RuleVerdict(rule=rule, passed=False, reason=reason, _record=record)

"""What rules decided, and upon which values: as a decision keeps it, for whoever asks why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from models.rules.rules import RuleVerdict

MOST_VALUES: Final = 40
"""Values that one decision keeps."""
LONGEST_CONDITION: Final = 500
"""Characters of an expression that one decision keeps."""

Basis = tuple[tuple[str, str], ...]


def basis_of_failure(failed: tuple[RuleVerdict, ...]) -> Basis:
    """Which rule keeps an appointment out, what it says, and the values that it and those after it saw."""
    first, *others = failed
    said = [
        ("rule", f"{first.rule.group} / {first.rule.name}"),
        ("message of the rule", first.rule.message),
        ("condition of the rule", _cut(first.rule.expression.text)),
        ("could not be evaluated", first.reason),
        ("rules that do not pass either", ", ".join(verdict.name for verdict in others)),
    ]
    return (*(line for line in said if line[1]), *_values(failed))


def basis_of_passing(verdicts: tuple[RuleVerdict, ...]) -> Basis:
    """The rules that let an appointment through, and the values that they saw."""
    if not verdicts:
        return ()
    return (("rules that pass", ", ".join(verdict.name for verdict in verdicts)), *_values(verdicts))


def _values(verdicts: Iterable[RuleVerdict]) -> Basis:
    """Each property once: rules see the same appointment."""
    seen = {path: value for verdict in verdicts for path, value in verdict.looked_at}
    return tuple(seen.items())[:MOST_VALUES]


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_CONDITION else f"{plain[: LONGEST_CONDITION - 1]}…"

"""Which appointments may go to Outlook at all.

This version knows no rules: every appointment passes, and a configured rule file is refused rather than
ignored, because ignoring it would send to Outlook what the administrator meant to keep out.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.appointment import Appointment
from models.setting_error import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """Whether an appointment passes."""

    passed: bool
    rule: str = ""
    """The name of the first rule that does not pass."""
    message: str = ""
    """What that rule says about it."""

    @property
    def failure(self) -> str:
        """The rule and its message, as a decision keeps it; empty when all rules pass."""
        return "" if self.passed else f"{self.rule}: {self.message}"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that are in force."""

    def check(self, appointment: Appointment) -> RuleOutcome:
        """Whether every rule lets the appointment through."""
        return RuleOutcome(passed=True)


def load_rules(file: str) -> Rules:
    """The rules of `rules.file`; an empty name means none.

    Raises:
        SettingError: a file is named.
    """
    if file.strip():
        raise SettingError(
            "rules.file", "rule files are not supported by this version yet", 'leave it empty: file = ""'
        )
    return Rules()

"""Rules that an administrator sets: each as the connector reads it, and as the oracle judges by it (A7)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sandbox.scheduler.appointments import Appointment


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, in both forms."""

    name: str
    expression: str
    passes: Callable[[Appointment], bool]


UNIMPORTANT = Rule("Unimportant", "appointment.Importance < 2", lambda one: one.importance < 2)
UNLOCKED = Rule("Unlocked", "!appointment.Locked", lambda one: not one.locked)
SHORT = Rule(
    "Short",
    "(appointment.End - appointment.Start).TotalMinutes <= 150",
    lambda one: one.end - one.start <= timedelta(minutes=150),
)
ALONE = Rule("Alone", "appointment.Resources.Count() < 2", lambda one: len(one.resources) < 2)
NAMED = Rule(
    "Named",
    '!(appointment.Subject.EndsWith("3q") OR appointment.Subject.EndsWith("7q"))',
    lambda one: not one.subject.endswith(("3q", "7q")),
)
CHOICES: tuple[tuple[Rule, ...], ...] = (
    (),
    (UNIMPORTANT,),
    (UNLOCKED, SHORT),
    (ALONE,),
    (NAMED,),
    (SHORT, NAMED),
)
"""What an administrator chooses from; all rules of a choice have to pass."""


class RuleFile:
    """The rule file of one history."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="simulated-rules-")
        self._path = Path(self._folder.name) / "rules.json"
        self._versions = 0
        self.write(())

    @property
    def name(self) -> str:
        """Where it is."""
        return str(self._path)

    def write(self, rules: tuple[Rule, ...]) -> None:
        """Replace what it says."""
        said = [
            {"Name": rule.name, "Expression": rule.expression, "ErrorMessage": rule.name} for rule in rules
        ]
        self._path.write_text(json.dumps({"Rules": [{"Name": "All", "Rules": said}]}), encoding="utf-8")
        self._versions += 1  # a real clock may give two versions the same time
        os.utime(self._path, ns=(self._versions, self._versions))

    def close(self) -> None:
        """Let it go."""
        self._folder.cleanup()

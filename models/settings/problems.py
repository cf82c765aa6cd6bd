"""What is wrong with a configuration, told to the person who can change it: all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend. No member ever holds a secret, or what was written where a secret belongs."""

    key: str
    """`section.key`, the environment variable, or the file."""
    what: str
    remedy: str

    @property
    def line(self) -> str:
        """The problem as one line."""
        return " ".join(f"{self.key}: {self.what}; {self.remedy}".split())


class SettingsError(Exception):
    """The configuration cannot be used. Its text has one line for each problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.line for problem in problems))
        self.problems = tuple(problems)

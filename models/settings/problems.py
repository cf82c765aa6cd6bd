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
    excerpt: str = ""
    """The line of another file that it is about, and a caret under the place; empty where there is none."""

    @property
    def line(self) -> str:
        """The problem as one line."""
        return " ".join(f"{self.key}: {self.what}; {self.remedy}".split())

    @property
    def text(self) -> str:
        """The line, and below it the excerpt if there is one."""
        return "\n".join([self.line, *(f"    {line}" for line in self.excerpt.splitlines())])


class SettingsError(Exception):
    """The configuration cannot be used. Its text has one line for each problem, and its excerpt below."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.text for problem in problems))
        self.problems = tuple(problems)

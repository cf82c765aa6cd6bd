"""What is wrong with a rule file: all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from models.setting_error import SettingError

KEY: Final = "rules.file"


class RulesError(SettingError):
    """The rules cannot be used. `parts` has one error for each problem, the text one line."""

    def __init__(self, problems: Sequence[SettingError]) -> None:
        first = problems[0]
        super().__init__(KEY, first.problem, first.remedy, excerpt=first.excerpt)
        self._parts = tuple(problems)

    @property
    def parts(self) -> tuple[SettingError, ...]:
        """Each problem by itself."""
        return self._parts

    def __str__(self) -> str:
        return "\n".join(f"{one.key}: {one.problem}; {one.remedy}" for one in self._parts)


def problem(what: str, remedy: str, *, excerpt: str = "") -> SettingError:
    """One problem of the rule file."""
    return SettingError(KEY, what, remedy, excerpt=excerpt)

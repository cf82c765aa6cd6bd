"""A setting that can be read but not used, found where its meaning is known."""

from __future__ import annotations


class SettingError(ValueError):
    """`key` names the setting, `problem` says what is wrong with it and `remedy` what to write instead."""

    def __init__(self, key: str, problem: str, remedy: str, *, excerpt: str = "") -> None:
        super().__init__(f"{key}: {problem}; {remedy}")
        self.key = key
        self.problem = problem
        self.remedy = remedy
        self.excerpt = excerpt
        """The line it is about, and below it a caret under the place; empty where there is none."""

    @property
    def parts(self) -> tuple[SettingError, ...]:
        """Each problem by itself, where one setting has several."""
        return (self,)

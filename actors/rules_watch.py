"""The rule file under a running process: new rules hold within seconds, broken ones are refused once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

import structlog

from actors.runtime.clock import Clock
from models.rules import Rules, RulesError, RulesFile, Sight, load_rules

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 3.0
"""How often the file is looked at."""
STILL_SECONDS: Final = 0.5
"""How long it has to stand still before it is read: whoever writes it may not be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesStanding:
    """Which rules are in force, and whether the file says something else that cannot be used."""

    file: str = ""
    """Empty: there are no rules."""
    rules: int = 0
    digest: str = ""
    """Of what they say; empty for none."""
    since: datetime | None = None
    """When they came into force in this process; None where none runs."""
    warnings: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """What is wrong with the file as it is now, a line for each problem; the rules in force are older."""
    refused_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "file": self.file,
            "rules": self.rules,
            "digest": self.digest,
            "since": _iso(self.since),
            "warnings": list(self.warnings),
            "refused": list(self.refused),
            "refusedAt": _iso(self.refused_at),
        }


class RulesWatch:
    """Looks at the file when it is told to, and remembers how the rules stand."""

    def __init__(self, file: RulesFile, rules: Rules, clock: Clock) -> None:
        """`rules` are those that the process has started with."""
        self._file, self._clock = file, clock
        self._digest = rules.digest
        self._is_first = True
        self.standing = self._in_force(rules)

    def look(self) -> tuple[Rules | None, float]:
        """Rules that have to be put in force now, if any, and in how many seconds to look again."""
        found = self._file.look()
        if found is Sight.MOVING:
            return None, STILL_SECONDS
        if isinstance(found, RulesError):
            self._refuse(found)
        elif isinstance(found, Rules):
            return self._accept(found), LOOK_SECONDS
        return None, LOOK_SECONDS

    def _accept(self, rules: Rules) -> Rules | None:
        was_refused, is_first, self._is_first = bool(self.standing.refused), self._is_first, False
        is_new = rules.digest != self._digest
        if is_new:
            self._digest, self.standing = rules.digest, self._in_force(rules)
        else:
            self.standing = replace(self.standing, refused=(), refused_at=None)
        if is_new or is_first or was_refused:
            log.info("rules in force", key="rules.file", known=len(rules.rules))
            for warning in rules.warnings:
                log.warning("rules", key="rules.file", problem=warning)
        return rules if is_new else None

    def _refuse(self, error: RulesError) -> None:
        problems = _problems(error)
        self.standing = replace(self.standing, refused=problems, refused_at=self._clock.now())
        log.error(
            "rules refused: those that were in force before stay", key="rules.file", problem=list(problems)
        )

    def _in_force(self, rules: Rules) -> RulesStanding:
        return _standing(rules, self._file.file, since=self._clock.now())


def rules_on_disk(file: str, zone: tzinfo, now: datetime) -> RulesStanding:
    """How the rules would stand if a process started now."""
    try:
        return _standing(load_rules(file, zone), file)
    except RulesError as error:
        return RulesStanding(file=file, refused=_problems(error), refused_at=now)


def _standing(rules: Rules, file: str, *, since: datetime | None = None) -> RulesStanding:
    return RulesStanding(
        file=file, rules=len(rules.rules), digest=rules.digest, since=since, warnings=rules.warnings
    )


def _problems(error: RulesError) -> tuple[str, ...]:
    return tuple(f"{part.problem}; {part.remedy}" for part in error.parts)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")

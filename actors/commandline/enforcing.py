"""Putting into force what a plan proposed, so that it holds from now on, also after the next start: the rule
file, the choices of resources, the defaults in the configuration.

What can stand in the way is found out before anything is changed. A rule file and a configuration are
replaced whole or not at all, and what they said before is kept beside them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from actors.commandline.files import replace_file, text_of
from actors.commandline.reach import RunningProcess
from actors.commandline.telling import Code, Failure
from actors.proposals import Proposals
from models.plans import Proposed
from models.rules import beside_rules, rules_text
from models.settings.editing import NotEditable, with_values
from models.settings.environment import variable
from models.settings.loading import load_settings
from models.settings.sections import Settings
from models.storage.changes import PutPreferences
from models.storage.store import Store

BEFORE: Final = ".before"
"""Added to the name of a file that is replaced: what it said."""
RULES_FILE: Final = "rules.json"
"""The rule file of a configuration that names none yet, beside it."""


class Enforcement:
    """What has to be written where for a proposal to hold."""

    def __init__(
        self, settings: Settings, config: Path | None, proposed: Proposed, proposals: Proposals
    ) -> None:
        """`settings` are those in force, read from `config`. Raises `Failure` for what cannot be done."""
        self._proposed, self._proposals = proposed, proposals
        self._config = config
        self._keys: dict[str, dict[str, Any]] = {}
        """What has to change in the configuration, by section."""
        self._rules: Path | None = None
        if proposed.rules is not None:
            self._rules = self._rule_file(settings, proposed.rules)
        changed = _changed(settings, proposals.settings)
        if changed:
            self._keys["defaults"] = changed
        self._edited = self._edit() if self._keys else ""

    @property
    def needs_rest(self) -> bool:
        """Whether no process may run: a configuration is read when a process starts."""
        return bool(self._keys)

    @property
    def told(self) -> list[str]:
        """What holds afterwards, a line each."""
        lines = [] if self._rules is None else [f"rules in force: {self._rules}"]
        lines += [
            f"{self._config}: [{section}] {', '.join(sorted(values))}"
            for section, values in self._keys.items()
        ]
        if self._proposals.chosen:
            lines.append(f"preferences of {len(self._proposals.chosen)} resources")
        return lines

    def here(self, store: Store, settings: Settings) -> Settings:
        """Without a process: all of it; the settings that hold then."""
        self._put_rules()
        if self._config is not None and self._keys:
            keep(self._config)
            replace_file(self._config, self._edited)
            settings = load_settings(self._config, os.environ)
        store.apply(
            PutPreferences(resource_no=number, stored=own.stored, locked=own.locked)
            for number, own in self._proposals.chosen.items()
        )
        return settings

    def through(self, process: RunningProcess) -> None:
        """Beside a process: it takes up the file by itself, and is told the choices."""
        self._put_rules()
        if self._proposals.chosen:
            process.ask("POST", "/api/preferences", {"table": self._proposed.preferences}).required()

    def _put_rules(self) -> None:
        if self._rules is not None and self._proposed.rules is not None:
            if self._rules.exists():
                keep(self._rules)
            replace_file(self._rules, self._proposed.rules)

    def _rule_file(self, settings: Settings, rules: str) -> Path:
        """Where the rules are kept. One that holds other settings too is not ours to replace."""
        if settings.rules.file.strip():
            file = Path(settings.rules.file)
            others = beside_rules(rules_text(str(file)), str(file)) - beside_rules(
                rules, "the proposed rules"
            )
            if others:
                raise Failure(
                    f"{file} holds more than rules ({', '.join(sorted(others))}): it is not replaced; keep "
                    "the rules in a file of their own, and name it in [rules] file",
                    code=Code.MISUSED,
                )
            return file
        if self._config is None:
            raise Failure(
                f"there is no rule file yet: name one in {variable('rules', 'file')}", code=Code.MISUSED
            )
        file = self._config.absolute().parent / RULES_FILE
        if file.exists():
            raise Failure(
                f"[rules] file is empty, and {file} exists already: name the file that the rules are kept in",
                code=Code.MISUSED,
            )
        self._keys["rules"] = {"file": RULES_FILE}
        return file

    def _edit(self) -> str:
        """The configuration as it will be. It must say what was proposed, whatever the environment says."""
        if self._config is None:
            names = ", ".join(variable(section, key) for section, keys in self._keys.items() for key in keys)
            raise Failure(
                f"there is no configuration file to write to: set {names} as proposed, and apply a new plan",
                code=Code.MISUSED,
            )
        overridden = [
            variable(section, key)
            for section, keys in self._keys.items()
            for key in keys
            if variable(section, key) in {name.upper() for name in os.environ}
        ]
        if overridden:
            raise Failure(
                f"{', '.join(overridden)} in the environment would win over {self._config}: set it as "
                "proposed, and apply a new plan",
                code=Code.MISUSED,
            )
        edited = text_of(self._config)
        try:
            for section, values in self._keys.items():
                edited = with_values(edited, section, values)
        except NotEditable:
            said = "; ".join(
                f"[{section}] {key} = {value!r}"
                for section, values in self._keys.items()
                for key, value in values.items()
            )
            raise Failure(
                f"{self._config} is written in a way in which single keys cannot be changed: write {said} "
                "there, and apply a new plan",
                code=Code.MISUSED,
            ) from None
        return edited


def keep(file: Path) -> None:
    """Keep what a file says beside it."""
    before = file.with_name(file.name + BEFORE)
    replace_file(before, text_of(file), mode=file.stat().st_mode & 0o777)


def _changed(settings: Settings, proposed: Settings) -> dict[str, Any]:
    """The keys of `[defaults]` that are proposed to be others."""
    now, then = (one.redacted()["defaults"] for one in (settings, proposed))
    return {key: value for key, value in then.items() if now[key] != value}

"""Proposed rules and preferences, for a rehearsal: what if they held?"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from actors.assembly import judges_anew
from actors.rehearsal import Rehearsal, RehearsalStore
from models.ids import ResourceNo
from models.judging import effective_preferences
from models.preferences import Preferences
from models.preferences_table import imported, read_table
from models.setting_error import SettingError
from models.settings.sections import Settings
from models.storage.records import ResourcePreferences
from models.storage.store import Store

TABLE_SUFFIX: Final = ".csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """What is to be tried out."""

    settings: Settings
    chosen: Mapping[ResourceNo, ResourcePreferences] = field(default_factory=dict)
    """Choices in the place of those in the store."""
    judges_anew: bool = False
    """Whether every mailbox has to be read in full, and not only those of resources that share otherwise."""
    in_force: Callable[[ResourceNo], Preferences | None] = lambda number: None
    """What a resource shares now, where that is to change: nobody reads other words for a trial (E)."""

    def rehearsal(self, store: RehearsalStore) -> Rehearsal:
        """A rehearsal with this store that finds them where it looks."""
        store.proposed = self.chosen
        return Rehearsal(self.in_force, judges_anew=self.judges_anew)


def propose(
    settings: Settings, store: RehearsalStore, now: datetime, *, rules: Path | None, preferences: Path | None
) -> Proposals:
    """What these files propose: rules, and either defaults (TOML, the keys of `[defaults]`) or a table (CSV).

    Raises `SettingError` and `TableError`.
    """
    if rules is not None:
        settings = settings.model_copy(
            update={"rules": settings.rules.model_copy(update={"file": str(rules)})}
        )
    anew = judges_anew(store, settings)
    if preferences is None:
        return Proposals(settings=settings, judges_anew=anew)
    text = _text_of(preferences)
    if preferences.suffix.lower() != TABLE_SUFFIX:
        proposed = _with_defaults(settings, preferences, text)
        return Proposals(
            settings=proposed,
            judges_anew=anew or proposed.defaults.mask_subject != settings.defaults.mask_subject,
            in_force=_in_force(settings, store),
        )
    choices = read_table(text, {record.resource_no for record in store.resources()})
    changes = imported(choices, store.all_preferences(), settings.default_preferences(), now)
    chosen = {
        one.resource_no: ResourcePreferences(
            resource_no=one.resource_no, stored=one.stored, locked=one.locked
        )
        for one in changes
    }
    return Proposals(settings=settings, chosen=chosen, judges_anew=anew, in_force=_in_force(settings, store))


def _in_force(settings: Settings, store: Store) -> Callable[[ResourceNo], Preferences]:
    chosen, defaults = store.all_preferences(), settings.default_preferences()

    def shared_by(number: ResourceNo) -> Preferences:
        own = chosen.get(number)
        stored = None if own is None else own.stored
        return effective_preferences(stored, defaults, resources_decide=settings.defaults.resources_decide)

    return shared_by


def _with_defaults(settings: Settings, file: Path, text: str) -> Settings:
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(str(file), f"is no TOML: {error}", "write the keys of [defaults]") from None
    proposed = document.get("defaults", document)
    kind = type(settings.defaults)
    try:
        defaults = kind.model_validate({**settings.defaults.model_dump(), **proposed})
    except (ValidationError, TypeError) as error:
        what = error.errors() if isinstance(error, ValidationError) else []
        named = ", ".join(".".join(map(str, one["loc"])) for one in what) or "[defaults]"
        raise SettingError(str(file), f"has a wrong or unknown value: {named}", "see [defaults]") from None
    return settings.model_copy(update={"defaults": defaults})


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise SettingError(str(file), "cannot be read as text", "name a TOML or CSV file in UTF-8") from None

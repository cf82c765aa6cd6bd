"""Preferences as JSON, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from enum import Enum
from typing import Any, Final, TypeVar

from actors.web.facade import PreferencesView
from models.content import Sensitivity, ShowAs
from models.preferences import Preferences, PrivateEvents

E = TypeVar("E", bound=Enum)

READ_ONLY: Final = frozenset({"resourceNo", "setBy", "setAt", "locked", "effective"})
"""Members of an answer that a client may send back as they are; they change nothing."""


class Invalid(Exception):  # noqa: N818 - named for what is wrong
    """A member that is not known, or a value that it cannot have. The text names both."""


def show(view: PreferencesView) -> dict[str, Any]:
    """The answer of the API and of `preferences show --json`."""
    set_at = None if view.set_at is None else view.set_at.astimezone(UTC).isoformat()
    return {
        "resourceNo": view.resource_no,
        **as_json(view.chosen),
        "setBy": view.set_by,
        "setAt": None if set_at is None else set_at.replace("+00:00", "Z"),
        "locked": view.locked,
        "effective": as_json(view.effective),
    }


def as_json(preferences: Preferences) -> dict[str, Any]:
    """Preferences alone."""
    return {
        "share": preferences.share,
        "showAs": [one.value for one in ShowAs if one in preferences.show_as],
        "sensitivity": [one.value for one in Sensitivity if one in preferences.sensitivity],
        "private": preferences.private.value,
    }


def changed(present: Preferences, asked: object) -> Preferences:
    """The preferences that a request asks for; what it does not mention stays. Raises `Invalid`."""
    if not isinstance(asked, Mapping):
        raise Invalid("send an object with any of: share, showAs, sensitivity, private")
    wanted = present
    for name, value in asked.items():
        match name:
            case "share":
                wanted = replace(wanted, share=_flag(name, value))
            case "showAs" | "show_as":
                wanted = replace(wanted, show_as=frozenset(_several(name, value, ShowAs)))
            case "sensitivity":
                wanted = replace(wanted, sensitivity=frozenset(_several(name, value, Sensitivity)))
            case "private":
                wanted = replace(wanted, private=_one(name, value, PrivateEvents))
            case _ if name not in READ_ONLY:
                raise Invalid(
                    f"{_shown(name)} is no preference; there are: share, showAs, sensitivity, private"
                )
    return wanted


def locked(asked: object) -> bool | None:
    """Whether an administrator's request locks the preferences; None: it does not say. Raises `Invalid`."""
    said = asked.get("locked") if isinstance(asked, Mapping) else None
    return None if said is None else _flag("locked", said)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"{name}: {_shown(value)} is neither true nor false")
    return value


def _several(name: str, value: object, kind: type[E]) -> list[E]:
    if not isinstance(value, list):
        raise Invalid(f"{name}: {_shown(value)} is no list; it is a list of: {_known(kind)}")
    return [_one(name, one, kind) for one in value]


def _one(name: str, value: object, kind: type[E]) -> E:
    spellings = {str(one.value).lower(): one for one in kind}
    found = spellings.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise Invalid(f"{name}: {_shown(value)} is not one of: {_known(kind)}")
    return found


def _known(kind: type[Enum]) -> str:
    return ", ".join(str(one.value) for one in kind)


def _shown(value: object) -> str:
    """A value as an error names it, cut where somebody sent a novel."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

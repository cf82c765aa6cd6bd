"""The values that options of `preferences set` take, in any letter case."""

from __future__ import annotations

from enum import Enum

import typer

from models.content import Sensitivity, ShowAs
from models.preferences import PrivateEvents


def several(kind: type[Enum], text: str | None) -> list[str] | None:
    """The values of an option such as "busy,oof", in any letter case. Raises `typer.BadParameter`."""
    if text is None:
        return None
    return [_one(kind, name.strip()) for name in text.split(",") if name.strip()]


def show_as(text: str | None) -> str | None:
    """Checks `--show-as`."""
    several(ShowAs, text)
    return text


def sensitivity(text: str | None) -> str | None:
    """Checks `--sensitivity`."""
    several(Sensitivity, text)
    return text


def private(text: str | None) -> str | None:
    """Checks `--private`, and spells it as it is stored."""
    return None if text is None else _one(PrivateEvents, text.strip())


def _one(kind: type[Enum], name: str) -> str:
    spellings = {str(one.value).lower(): str(one.value) for one in kind}
    found = spellings.get(name.lower())
    if found is None:
        known = ", ".join(str(one.value) for one in kind)
        raise typer.BadParameter(f'"{name}" is none of: {known}')
    return found

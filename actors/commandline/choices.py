"""What options and arguments of commands may hold beyond their type."""

from __future__ import annotations

from enum import Enum
from zoneinfo import ZoneInfo

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


def question(item: str | None, resource: str | None, at: str | None) -> str:
    """What `explain` is asked: an item, or a resource and a time. Raises `typer.BadParameter`."""
    if (item is None) is (resource is None and at is None) or (resource is None) is not (at is None):
        raise typer.BadParameter("name one ITEM, or --resource R --at TIME")
    if item is not None:
        return item
    from actors.inquiry import place_asked  # only now: help is answered at once

    asked = f"{resource}@{at}"
    if place_asked(asked, ZoneInfo("UTC")) is None:
        raise typer.BadParameter(f'--at: "{at}" is no time; write 2026-03-02 or 2026-03-02T10:00')
    return asked


def _one(kind: type[Enum], name: str) -> str:
    spellings = {str(one.value).lower(): str(one.value) for one in kind}
    found = spellings.get(name.lower())
    if found is None:
        known = ", ".join(str(one.value) for one in kind)
        raise typer.BadParameter(f'"{name}" is none of: {known}')
    return found

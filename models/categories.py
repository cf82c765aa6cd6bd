"""Board categories and Outlook categories: which name stands for which, and whose entry is whose.

An event has many categories, an appointment one. The connector owns one entry of an event's list; all others
are the person's and stay where they are (DESIGN.md "Mapping"). Names are compared without letter case, as
Outlook does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from models.content import ShowAs

SHOW_AS_BY_NAME: Final[Mapping[str, ShowAs]] = MappingProxyType(
    {show_as.value.casefold(): show_as for show_as in ShowAs}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What of an event gives its appointment's category."""

    board: str = ""
    """The board category; "" where nothing gives one."""
    entry: str = ""
    """The entry of the event's categories that gives it; "" where its show-as does, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryMap:
    """`mapping.categories` and `mapping.board_categories`, with the names that the board knows."""

    categories: Mapping[str, str] = field(default_factory=dict)
    """Board category to Outlook category."""
    board_categories: Mapping[str, str] = field(default_factory=dict)
    """Outlook category, or show-as, to board category; of Outlook-born appointments."""
    known: frozenset[str] = frozenset()
    """The board's own categories; those that the settings name are known without being listed."""

    def outlook_name(self, board: str) -> str:
        """The Outlook category for a board category: the configured one, else the same name."""
        return _lookup(self.categories, board) or board

    def board_name(self, outlook: str, *, like: str = "") -> str:
        """The board category for an Outlook category, the inverse of `outlook_name`.

        Where several board categories share the Outlook one, it is `like` if that is among them, else the
        first that the settings name.
        """
        if like and _same(self.outlook_name(like), outlook):
            return like
        names = (board for board, name in self.categories.items() if _same(name, outlook))
        return self._spelled(next(names, None) or outlook)

    def own_entry(self, entries: tuple[str, ...], agreed: str | None) -> str:
        """The entry of a board-born event's categories that is the board's.

        It is the agreed one while it is still there, else the first that stands for a board category, spelled
        as the connector spells it; "" is none.
        """
        if agreed and any(_same(entry, agreed) for entry in entries):
            return agreed
        known = (entry for entry in entries if self._stands_for_known(entry))
        return next((self.outlook_name(self.board_name(entry)) for entry in known), "")

    def source(self, entries: tuple[str, ...], show_as: ShowAs) -> Source:
        """What gives an Outlook-born event its board category.

        First an entry that `mapping.board_categories` names, then its show-as there, then the first entry
        that a board category stands for.
        """
        for entry in entries:
            if entry.casefold() not in SHOW_AS_BY_NAME and (board := _lookup(self.board_categories, entry)):
                return Source(board=self._spelled(board), entry=entry)
        if board := _lookup(self.board_categories, show_as.value):
            return Source(board=self._spelled(board))
        known = next((entry for entry in entries if self._stands_for_known(entry)), None)
        return Source(board=self.board_name(known), entry=known) if known else Source()

    def show_as_for(self, board: str) -> ShowAs | None:
        """The show-as that `mapping.board_categories` gives this board category, if one does."""
        names = (name for name, category in self.board_categories.items() if _same(category, board))
        return next(
            (SHOW_AS_BY_NAME[name.casefold()] for name in names if name.casefold() in SHOW_AS_BY_NAME), None
        )

    def entry_for(self, board: str) -> str | None:
        """The Outlook category that `mapping.board_categories` gives this board category, if one does."""
        names = (name for name, category in self.board_categories.items() if _same(category, board))
        return next((name for name in names if name.casefold() not in SHOW_AS_BY_NAME), None)

    def _stands_for_known(self, entry: str) -> bool:
        """Whether the entry is the Outlook name of a category that the board has."""
        return any(_same(name, entry) for name in self.categories.values()) or any(
            _same(name, entry) and _same(self.outlook_name(name), name) for name in self.known
        )

    def _spelled(self, board: str) -> str:
        """The name as the board spells it, so that a setting's letter case is no difference."""
        return next((name for name in self.known if _same(name, board)), board)


def with_entry(entries: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    """The list with `new` in the place of `old`, everything else as it was; "" is no entry.

    A new entry that the person has already is not repeated; one without a place goes to the end.
    """
    if old and _same(old, new):
        old = ""
    held = any(_same(entry, new) for entry in entries)
    place = next((at for at, entry in enumerate(entries) if old and _same(entry, old)), None)
    added = (new,) if new and not held else ()
    if place is None:
        return (*entries, *added)
    return (*entries[:place], *added, *entries[place + 1 :])


def _lookup(table: Mapping[str, str], name: str) -> str | None:
    return table.get(name) or next((value for key, value in table.items() if _same(key, name)), None)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()

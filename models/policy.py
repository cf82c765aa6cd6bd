"""The settings that decide what becomes of an item that both sides have a say in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Edits(Enum):
    """What becomes of an edit on the side where an item was not born."""

    ACCEPT = "accept"
    REVERT = "revert"


class Deletes(Enum):
    """What becomes of a board-born event that was deleted in Outlook."""

    RESTORE = "restore"
    UNASSIGN = "unassign"


class Conflicts(Enum):
    """Which side wins a field that both changed."""

    BOARD = "board"
    OUTLOOK = "outlook"
    LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings of `[sync]` that decide."""

    to_outlook: bool = True
    to_board: bool = True
    outlook_edits: Edits = Edits.ACCEPT
    outlook_deletes: Deletes = Deletes.RESTORE
    board_edits: Edits = Edits.ACCEPT
    conflicts: Conflicts = Conflicts.BOARD

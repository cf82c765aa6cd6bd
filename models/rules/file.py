"""The rule file while the process runs: what it says now, compared with what it said before."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import tzinfo
from enum import Enum, auto

from models.rules.loading import compile_rules, read_file
from models.rules.problems import RulesError
from models.rules.rules import Rules


class Sight(Enum):
    """What a look at the file found, if nothing that has to be dealt with."""

    SAME = auto()
    """As it was."""
    MOVING = auto()
    """It was just written, perhaps not to its end: look again in a moment."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What tells versions of a file apart without reading it; all zero where there is none."""

    modified_ns: int = 0
    changed_ns: int = 0
    size: int = -1
    inode: int = 0


class RulesFile:
    """Looks at one file. It is read only after it has changed and then stood still between two looks."""

    def __init__(self, file: str, zone: tzinfo | None = None) -> None:
        """`zone` is the board's wall clock."""
        self.file = file
        self._zone = zone
        self._seen: _Stamp | None = None
        self._read: _Stamp | None = None
        self._said = ""
        """What was judged last: a digest of the content, or why there was none."""

    def look(self) -> Sight | Rules | RulesError:
        """What the file says if that is new: rules, or why it has none that can be used.

        What it says at the first look is new. Raises nothing.
        """
        seen, self._seen = self._seen, _stamp(self.file)
        if self._seen == self._read:
            return Sight.SAME
        if seen is not None and seen != self._seen:
            return Sight.MOVING
        try:
            content = read_file(self.file)
        except RulesError as error:
            return error if self._is_news(str(error)) else Sight.SAME
        self._read = self._seen
        if not self._is_news(hashlib.sha256(content).hexdigest()):
            return Sight.SAME
        try:
            return compile_rules(content, file=self.file, zone=self._zone)
        except RulesError as error:
            return error

    def _is_news(self, said: str) -> bool:
        is_news, self._said = said != self._said, said
        return is_news


def _stamp(file: str) -> _Stamp:
    try:
        found = os.stat(file)
    except (OSError, ValueError):  # the latter: no name that a file can have
        return _Stamp()
    return _Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)

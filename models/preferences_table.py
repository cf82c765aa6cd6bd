"""Preferences of many resources as a table: CSV that a spreadsheet writes and reads.

One row a resource. An empty cell leaves what is; `locked`, `setBy` and `setAt` are told, and only `locked` is
taken. Lists are separated by blanks. A table with anything wrong in it is refused as a whole, line by line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Final, TypeVar

from models.content import Sensitivity, ShowAs
from models.ids import ResourceNo
from models.preferences import Preferences, PrivateEvents, StoredPreferences
from models.storage.changes import PutPreferences
from models.storage.records import ResourcePreferences

E = TypeVar("E", bound=Enum)

COLUMNS: Final = ("resourceNo", "share", "showAs", "sensitivity", "private", "locked", "setBy", "setAt")
ADMINISTRATOR: Final = "administrator"
"""Who set what an administrator set, by the command line, the API or a table."""
YES: Final = frozenset({"yes", "true", "1"})
NO: Final = frozenset({"no", "false", "0"})


class TableError(Exception):
    """A table that cannot be taken; `problems` names each line and what is wrong with it."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a row asks for; None leaves what is."""

    resource_no: ResourceNo
    share: bool | None = None
    show_as: frozenset[ShowAs] | None = None
    sensitivity: frozenset[Sensitivity] | None = None
    private: PrivateEvents | None = None
    locked: bool | None = None

    def applied_to(self, present: Preferences) -> Preferences:
        """The preferences that come of it."""
        return replace(
            present,
            share=present.share if self.share is None else self.share,
            show_as=present.show_as if self.show_as is None else self.show_as,
            sensitivity=present.sensitivity if self.sensitivity is None else self.sensitivity,
            private=present.private if self.private is None else self.private,
        )


def read_table(text: str, known: Collection[ResourceNo]) -> tuple[Choice, ...]:
    """The choices of a table, its rows separated by commas or semicolons. Raises `TableError`.

    `known` are the resources that there are; empty: nobody knows yet, and every number is taken.
    """
    rows = _rows(text.removeprefix("\ufeff"))
    _, heading = next(rows, (1, []))
    names, problems = _names(heading)
    if problems:
        raise TableError(problems)
    choices: dict[ResourceNo, Choice] = {}
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        reading = _Row(line, names, cells)
        choice = reading.choice()
        if known and choice.resource_no and choice.resource_no not in known:
            reading.problem(f"the board lists no resource {choice.resource_no!r:.60}")
        if choice.resource_no in choices:
            reading.problem(f"resource {choice.resource_no} is there twice")
        choices[choice.resource_no] = choice
        problems += reading.problems
    if problems:
        raise TableError(problems)
    return tuple(choices.values())


def imported(
    choices: Iterable[Choice],
    chosen: Mapping[ResourceNo, ResourcePreferences],
    defaults: Preferences,
    now: datetime,
) -> list[PutPreferences]:
    """What an administrator's table changes; a row that asks for what holds already changes nothing."""
    changes = []
    for choice in choices:
        own = chosen.get(choice.resource_no)
        present = defaults if own is None else own.stored.preferences
        wanted, was_locked = choice.applied_to(present), own is not None and own.locked
        locked = was_locked if choice.locked is None else choice.locked
        if own is not None and (wanted, locked) == (present, was_locked):
            continue
        stored = StoredPreferences(preferences=wanted, set_by=ADMINISTRATOR, set_at=now)
        changes.append(PutPreferences(resource_no=choice.resource_no, stored=stored, locked=locked))
    return changes


def write_table(
    numbers: Iterable[ResourceNo], chosen: Mapping[ResourceNo, ResourcePreferences], defaults: Preferences
) -> str:
    """The table of these resources; one that has not chosen has the defaults, and nobody who set them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number in numbers:
        own = chosen.get(number)
        said = defaults if own is None else own.stored.preferences
        writer.writerow(
            (
                number,
                _yes(said.share),
                " ".join(one.value for one in ShowAs if one in said.show_as) or "none",
                " ".join(one.value for one in Sensitivity if one in said.sensitivity) or "none",
                said.private.value,
                _yes(own is not None and own.locked),
                "" if own is None else own.stored.set_by,
                "" if own is None else own.stored.set_at.astimezone(UTC).isoformat(timespec="seconds"),
            )
        )
    return text.getvalue()


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row, and the line on which it ends."""
    heading = text.splitlines()[0] if text.strip() else ""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in heading else ",")
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise TableError([f"line {reader.line_num}: {error}; see that every quote is closed"]) from None


class _Row:
    """One row while it is read."""

    def __init__(self, line: int, names: list[str], cells: list[str]) -> None:
        self._line = line
        self.problems: list[str] = []
        self._cells = {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
        if len(cells) > len(names):
            self.problem(f"there are {len(cells)} cells for {len(names)} columns")

    def problem(self, what: str) -> None:
        self.problems.append(f"line {self._line}: {what}")

    def choice(self) -> Choice:
        number = self._cells.get("resourceno", "")
        if not number:
            self.problem("resourceNo is empty")
        return Choice(
            resource_no=ResourceNo(number),
            share=self._flag("share"),
            show_as=self._several("showAs", ShowAs),
            sensitivity=self._several("sensitivity", Sensitivity),
            private=self._one("private", self._cells.get("private", ""), PrivateEvents),
            locked=self._flag("locked"),
        )

    def _flag(self, name: str) -> bool | None:
        said = self._cells.get(name.lower(), "").lower()
        if said and said not in YES | NO:
            self.problem(f"{name}: {said!r:.60} is neither yes nor no")
        return None if not said else said in YES

    def _several(self, name: str, kind: type[E]) -> frozenset[E] | None:
        said = self._cells.get(name.lower(), "").replace(",", " ").replace(";", " ").split()
        if not said:
            return None
        if [one.lower() for one in said] == ["none"]:
            return frozenset()
        found = (self._one(name, one, kind) for one in said)
        return frozenset(one for one in found if one is not None)

    def _one(self, name: str, said: str, kind: type[E]) -> E | None:
        if not said:
            return None
        spellings = {str(one.value).lower(): one for one in kind}
        found = spellings.get(said.lower())
        if found is None:
            known = ", ".join(str(one.value) for one in kind)
            self.problem(f"{name}: {said!r:.60} is none of: {known}")
        return found


def _names(heading: list[str]) -> tuple[list[str], list[str]]:
    """The columns in lower case, and what is wrong with them."""
    names = [name.strip().lower() for name in heading]
    known = {name.lower() for name in COLUMNS}
    all_of_them = ", ".join(COLUMNS)
    problems = [f"line 1: {name!r:.60} is none of: {all_of_them}" for name in names if name not in known]
    problems += [f"line 1: {name} is there twice" for name in sorted(known) if names.count(name) > 1]
    if "resourceno" not in names:
        problems.append("line 1: there is no column resourceNo")
    return names, problems


def _yes(value: bool) -> str:
    return "yes" if value else "no"

"""How commands speak: one JSON document, text, or problems by the line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, Final, overload

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from models.setting_error import SettingError
from models.settings.problems import SettingsError
from models.storage.errors import StoreError

WIDE: Final = 200
"""Characters of a line where nobody says how wide it may be."""


class Code(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    FOUND_WRONG = 1
    MISUSED = 2
    """Used wrongly, or misconfigured."""
    CANNOT_GO_ON = 70
    """The unattended process has given up; its service manager starts it again."""


class Failure(Exception):  # noqa: N818 - named for what it tells
    """Ends a command: what happened and what to do, in one line or several."""

    def __init__(self, *lines: str, code: Code = Code.FOUND_WRONG) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.code = code


def unknown_resource(resource: str) -> Failure:
    """A resource was asked for that nobody knows."""
    return Failure(f"the board lists no resource {resource}; see `status` for those that there are")


@overload
def failure_of(error: SettingsError | SettingError | StoreError | Failure) -> Failure: ...
@overload
def failure_of(error: Exception) -> Failure | None: ...
def failure_of(error: Exception) -> Failure | None:
    """What an error asks a person to mend; None for one that is a defect."""
    match error:
        case Failure():
            return error
        case SettingsError():
            return Failure(*(problem.text for problem in error.problems), code=Code.MISUSED)
        case SettingError() | StoreError():
            return Failure(str(error), code=Code.MISUSED)
    return None


@contextmanager
def problems_told() -> Iterator[None]:
    """Whatever a person has to mend comes out as lines on stderr, with the exit code that fits."""
    try:
        yield
    except (SettingsError, SettingError, StoreError, Failure) as error:
        failure = failure_of(error)
    else:
        return
    tell_aside(*failure.lines)
    raise typer.Exit(failure.code)


def tell(*lines: str) -> None:
    """Text on stdout."""
    for line in lines:
        typer.echo(line)


def tell_aside(*lines: str) -> None:
    """Text on stderr: problems and progress, which are no part of the answer."""
    for line in lines:
        typer.echo(line, err=True)


def tell_json(document: Any) -> None:  # noqa: ANN401 - any JSON value
    """The one document of a command with `--json`: for eyes on a terminal, in one line for programs."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def tell_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout; on a terminal it fits the window."""
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDE)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)

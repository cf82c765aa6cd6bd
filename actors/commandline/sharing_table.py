"""`preferences import` and `preferences export`: what every resource shares, as a table."""

from __future__ import annotations

from pathlib import Path

from actors.commandline.files import text_of
from actors.commandline.options import store_url
from actors.commandline.reach import running_process
from actors.commandline.telling import Code, Failure, tell, tell_aside
from actors.runtime.clock import SystemClock
from models.preferences_table import TableError, imported, read_table, write_table
from models.settings.sections import Settings
from models.storage.store import Store


def import_table(settings: Settings, file: Path) -> None:
    """Take over the choices of a table: all, or none. Raises `Failure` with what is wrong by the line."""
    table = text_of(file)
    process = running_process(settings)
    if process is not None:
        named = process.ask("POST", "/api/preferences", {"table": table}).required()["resources"]
    else:
        named = _into_store(settings, table)
    tell(f"{file}: the preferences of {named} resources hold")


def export_table(settings: Settings, file: Path | None) -> None:
    """Write the table of every resource to a file, or to stdout."""
    store = Store.open(store_url(settings), read_only=True)
    try:
        numbers = [record.resource_no for record in store.resources()]
        table = write_table(numbers, store.all_preferences(), settings.default_preferences())
    finally:
        store.close()
    if file is None:
        tell(*table.splitlines())
        return
    try:
        file.write_text(table, encoding="utf-8", newline="")
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}", code=Code.MISUSED) from None
    tell_aside(f"{file}: {len(numbers)} resources")


def _into_store(settings: Settings, table: str) -> int:
    """Without a process: the next one judges by it from its start."""
    store = Store.open(store_url(settings))
    try:
        choices = read_table(table, {record.resource_no for record in store.resources()})
        chosen, now = store.all_preferences(), SystemClock().now()
        store.apply(imported(choices, chosen, settings.default_preferences(), now))
    except TableError as error:
        raise Failure(*error.problems, "nothing was changed", code=Code.FOUND_WRONG) from None
    finally:
        store.close()
    return len(choices)

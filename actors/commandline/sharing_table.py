"""`preferences import` and `preferences export`: what every resource shares, as a table."""

from __future__ import annotations

from pathlib import Path

from actors.commandline.options import store_url
from actors.commandline.reach import running_process
from actors.commandline.telling import Code, Failure, tell, tell_aside
from actors.runtime.clock import SystemClock
from models.preferences_table import TableError, imported, read_table, write_table
from models.settings.sections import Settings
from models.storage.changes import Change, DropDeltaState
from models.storage.store import Store


def import_table(settings: Settings, file: Path) -> None:
    """Take over the choices of a table: all, or none. Raises `Failure` with what is wrong by the line."""
    table = read_text(file)
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


def read_text(file: Path) -> str:
    """The text of a table. Raises `Failure`."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}", code=Code.MISUSED) from None
    except UnicodeDecodeError:
        raise Failure(f"{file} is no UTF-8 text; save it as CSV UTF-8", code=Code.MISUSED) from None


def _into_store(settings: Settings, table: str) -> int:
    """Without a process: the next one judges by it from its start."""
    store = Store.open(store_url(settings))
    try:
        mailboxes = {record.resource_no: record.mailbox for record in store.resources()}
        choices = read_table(table, mailboxes.keys())
        chosen, now = store.all_preferences(), SystemClock().now()
        puts = imported(choices, chosen, settings.default_preferences(), now)
        judged_anew = [mailbox for put in puts if (mailbox := mailboxes.get(put.resource_no)) is not None]
        changes: list[Change] = [*puts, *(DropDeltaState(mailbox=mailbox) for mailbox in judged_anew)]
        store.apply(changes)
    except TableError as error:
        raise Failure(*error.problems, "nothing was changed", code=Code.FOUND_WRONG) from None
    finally:
        store.close()
    return len(choices)

"""`resync`: a full reconciliation now, by the process that runs or by this one."""

from __future__ import annotations

import logging
import threading
from typing import Final

from actors.assembly import remember_judging
from actors.commandline.application import application_for, one_or_all, settle
from actors.commandline.options import store_url
from actors.commandline.progress import Display
from actors.commandline.reach import RunningProcess, running_process
from actors.commandline.telling import Failure, tell
from actors.logs import configure_logging
from actors.runtime.clock import SystemClock
from models.settings.sections import Settings
from models.storage.changes import DropDeltaState
from models.storage.store import Store

LOOK_SECONDS: Final = 0.5
LONGEST_SECONDS: Final = 3_600.0


def resync(settings: Settings, *, resource: str | None) -> None:
    """Read and compare both sides in full, and mend what differs. Raises `Failure`."""
    process = running_process(settings)
    if process is not None:
        _by_process(process, resource)
    else:
        _here(settings, resource)


def _by_process(process: RunningProcess, resource: str | None) -> None:
    """Ask the process, and wait until it is through."""
    asked: int = process.ask("POST", "/api/resync", {"resource": resource}).required()["resources"]
    clock, pause = SystemClock(), threading.Event()
    deadline = clock.monotonic() + LONGEST_SECONDS
    with Display("reconciling", clock) as display:
        while waiting := _waiting(process, resource):
            display.say(f"reconciling: {max(0, asked - waiting)} of {asked} resources done")
            if clock.monotonic() > deadline:
                raise Failure(f"{waiting} resources are still at it after an hour; see `status`")
            pause.wait(LOOK_SECONDS)
    tell(f"{asked} resources reconciled in full by the running process")


def _waiting(process: RunningProcess, resource: str | None) -> int:
    """How many resources are not through."""
    listed = process.ask("GET", "/api/status").required()["resources"]
    return sum(
        1
        for one in listed
        if one["lagSeconds"]
        and one["state"] == "active"
        and (resource is None or one["resourceNo"] == resource)
    )


def _here(settings: Settings, resource: str | None) -> None:
    """Without a process: run the application until nothing is left to do."""
    configure_logging(level=logging.INFO)
    store = Store.open(store_url(settings))
    try:
        remember_judging(store, settings)
        mailboxes = [
            record.mailbox
            for record in store.resources()
            if record.mailbox is not None and (resource is None or record.resource_no == resource)
        ]
        store.apply(DropDeltaState(mailbox=mailbox) for mailbox in mailboxes)
        with (
            application_for(settings, store, only=one_or_all(resource)) as application,
            Display("reconciling", SystemClock()) as display,
        ):
            settled = settle(application, display.show, resource=resource)
            resources, changes = len(application.router.directory.resources), application.changes
    finally:
        store.close()
    if not settled.is_complete:
        lines = [f"not everything is reconciled: {settled.problem}"]
        if settled.unsettled:
            lines.append(f"left: {', '.join(settled.unsettled)}")
        raise Failure(*lines)
    tell(f"{resources} resources reconciled in full, {changes} changes")

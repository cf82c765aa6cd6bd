"""`undo`: what the connector wrote since a moment is put back, by the process that runs or by this one."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from actors.asking import asking
from actors.commandline.application import application_for, mapper_asked
from actors.commandline.options import store_url
from actors.commandline.progress import Display
from actors.commandline.reach import RunningProcess, running_process
from actors.commandline.telling import Code, Failure, tell, tell_json, unknown_resource
from actors.logs import configure_logging
from actors.rehearsal import Rehearsal
from actors.runtime.clock import Clock, SystemClock
from actors.settling import Standstill
from actors.undo import Ending, undo_of
from models.ids import ResourceNo
from models.settings.sections import Settings
from models.storage.store import Store
from models.zones import instant_of

LOOK_SECONDS: Final = 0.3

_AGO: Final = re.compile(r"(\d{1,6})\s*([mhd])")
_UNITS: Final[Mapping[str, str]] = {"m": "minutes", "h": "hours", "d": "days"}

Report = Mapping[str, Any]


def undo(settings: Settings, *, since: str, resource: str | None, dry_run: bool, as_json: bool) -> None:
    """Put everything back, or say what that would be. Raises `Failure` unless all that may be is put back."""
    clock = SystemClock()
    moment = moment_of(since, settings.scheduler.time_zone, clock.now())
    process = running_process(settings)
    with Display("undoing", clock) as display:
        if process is not None:
            report = _by_process(process, moment, resource, dry_run=dry_run, display=display)
        else:
            report = _here(settings, moment, resource, dry_run=dry_run, display=display)
    _tell(report, as_json=as_json)


def moment_of(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """What a person means by a time, in UTC: on the board's clock, or so long ago. Raises `Failure`."""
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = instant_of(datetime.fromisoformat(text.strip()), zone)
    except (ValueError, OverflowError):
        raise Failure(
            f'--since "{text}" is no time; write 2026-03-02T09:00, or how long ago: 30m, 2h, 3d',
            code=Code.MISUSED,
        ) from None
    if moment > now:
        raise Failure(
            f'--since "{text}" is yet to come: it is {moment:%Y-%m-%d %H:%M} UTC', code=Code.MISUSED
        )
    return moment


def _by_process(
    process: RunningProcess, since: datetime, resource: str | None, *, dry_run: bool, display: Display
) -> Report:
    body = {"since": since.isoformat(), "resource": resource, "dryRun": dry_run}
    process.ask("POST", "/api/undo", body).required()
    pause = threading.Event()

    def look() -> Report:
        said: Report = process.ask("GET", "/api/undo").required()
        return said

    return _wait(look, lambda seconds: pause.wait(seconds), display, SystemClock())


def _here(
    settings: Settings, since: datetime, resource: str | None, *, dry_run: bool, display: Display
) -> Report:
    """Without a process: nobody synchronises while this goes on."""
    configure_logging(level=logging.INFO)
    rehearsal = Rehearsal() if dry_run else None
    store = Store.open(store_url(settings), read_only=dry_run)
    clock = SystemClock()
    try:
        number = _known(store, resource)
        asked = undo_of(store, since=since, until=clock.now(), resource=number, dry_run=dry_run)
        if not asked.waiting_for:
            return asked.as_json()
        with asking(settings) as services:
            mapper = mapper_asked(settings, services)
        with application_for(
            settings, store, rehearsal=rehearsal, mapper=mapper, at_rest=True
        ) as application:
            application.undos.put_back(asked)
            return _wait(asked.as_json, asked.wait, display, clock)
    finally:
        store.close()


def _wait(
    look: Callable[[], Report], pause: Callable[[float], object], display: Display, clock: Clock
) -> Report:
    """Wait until every resource is through, or nothing has moved for a while."""
    standstill = Standstill(clock)
    while True:
        report = look()
        settled = sum(report["totals"].values())
        display.say(f"undoing: {settled} items looked at, {len(report['waitingFor'])} resources left")
        state = (settled, tuple(report["waitingFor"]), report["totals"][Ending.PUT_BACK.value])
        if not report["waitingFor"] or standstill.lasts(state):
            return report
        pause(LOOK_SECONDS)


def _known(store: Store, resource: str | None) -> ResourceNo | None:
    if resource is None:
        return None
    if store.resource_of(ResourceNo(resource)) is None:
        raise unknown_resource(resource)
    return ResourceNo(resource)


def _tell(report: Report, *, as_json: bool) -> None:
    if as_json:
        tell_json(report)
    else:
        tell(*_lines(report))
    totals, problems = report["totals"], [one for one in report["resources"] if one["problem"]]
    lines = [f"{one['resourceNo']}: {one['problem']}" for one in problems]
    if report["waitingFor"]:
        lines.append(
            f"not through, because nothing has moved for a minute: {', '.join(report['waitingFor'])}; see "
            "`status`, and undo it again for what is left"
        )
    if totals[Ending.FAILED.value]:
        lines.append(f"{totals[Ending.FAILED.value]} items could not be put back")
    if lines:
        raise Failure(*lines)


def _lines(report: Report) -> list[str]:
    lines: list[str] = []
    for one in report["resources"]:
        if one["items"]:
            lines.append(f"{one['resourceNo']} <{one['mailbox']}>")
            lines += [f"  {item['sentence']}" for item in one["items"]]
    if not lines:
        return [f"nothing to put back: all that was written since {report['since']} is as it was"]
    totals = report["totals"]
    done, unit = (Ending.PLANNED, "would be put back") if report["dryRun"] else (Ending.PUT_BACK, "put back")
    counted = [f"{totals[done.value]} {unit}"]
    counted += [
        f"{totals[ending.value]} {said}"
        for ending, said in ((Ending.SKIPPED, "left out"), (Ending.FAILED, "failed"))
        if totals[ending.value]
    ]
    return [*lines, f"in all: {', '.join(counted)}"]

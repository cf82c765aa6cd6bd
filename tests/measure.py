"""What the connector costs: `python -m tests.measure [NAME …]`, or all of it without a name.

Each figure comes from the real process against the sandbox over real sockets, on this machine, sharing its
cores with the sandbox. Machines are noisy: compare figures of one run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.doubles import watched_for_doubles
from tests.established import established
from tests.measure_explain import explain
from tests.process_kit import Connector, connector_for
from tests.services_kit import Sandbox, sandbox_running, wait_until

ZONE = ZoneInfo("Europe/Brussels")
PATIENCE = 300.0
MEASURED = "chloe@contoso.test"
"""Whose mailbox, that of resource R003, the events are created in."""
FAULTY = 0.02
"""The part of the requests that meets a fault, where there are any."""
NOTHING_PASSES = {
    "Rules": [{"Name": "All", "Rules": [{"Name": "Never", "Expression": 'appointment.Subject == "-"'}]}]
}


def first_synchronisation() -> str:
    """The seeded company, from the start of the process until both sides are in step."""
    with sandbox_running() as sandbox, _connector(sandbox) as connector:
        began = time.monotonic()
        connector.start()
        ready = time.monotonic() - began
        connector.wait_in_step(PATIENCE)
        return f"ready after {ready:.2f} s, in step after {time.monotonic() - began:.2f} s"


def creates(count: int = 1_000, latency: float = 0.05) -> str:
    """Events created in one mailbox, every request taking 50 ms: four in flight allow 12.5 s.

    Then with 2 % of them answered 429 and Retry-After 1 s, and with 2 % answered 503 after they were made.
    """
    without = _creates(count, latency)
    throttled = _creates(count, latency, status=429, retryAfter=1)
    committed = _creates(count, latency, status=503, commit=True)
    return (
        f"{count} creates at {latency * 1000:.0f} ms each in {without.seconds:.1f} s; "
        f"with 2 % 429 and Retry-After 1 s {throttled.seconds / without.seconds:.2f} times as long "
        f"({throttled.struck} refused); with 2 % 503 after commit {committed.seconds / without.seconds:.2f} "
        f"times as long ({committed.struck} struck, {committed.doubles} doubled at any instant)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """How a thousand creates went."""

    seconds: float
    """From the first event to the last."""
    struck: int
    doubles: int


def _creates(count: int, latency: float, **fault: object) -> Created:
    match = {"method": "POST", "path": "/events$"}
    with sandbox_running() as sandbox, _connector(sandbox) as connector:
        with watched_for_doubles(sandbox) as doubles:
            connector.start().wait_in_step(PATIENCE)
            sandbox.latency(latency, "graph")
            if fault:
                sandbox.fault("graph", "status", probability=FAULTY, match=match, **fault)
            mark = sandbox.mark()
            _plan(sandbox, count, "R003")
            _wait_for_posts(sandbox, mark, count)
            wait_until(lambda: len(_events(sandbox)) >= count, PATIENCE, "every event is there")
            made = sorted(_events(sandbox))
            struck = sum(one["struck"] for one in sandbox.control("GET", "/faults"))
            sandbox.mend()
            connector.wait_in_step(PATIENCE)
            if len(_events(sandbox)) != count:
                raise RuntimeError(
                    f"{len(_events(sandbox))} events for {count} appointments: {doubles.found}"
                )
        seconds = (made[-1] - made[0]).total_seconds()
        return Created(seconds=seconds, struck=struck, doubles=len(doubles.found))


def _events(sandbox: Sandbox) -> list[datetime]:
    """When the events that were planned for the measurement were made."""

    def look() -> list[datetime]:
        held = sandbox.services.tenant.mailbox_at(MEASURED)
        if held is None:
            raise LookupError(MEASURED)
        events = held[0].events(held[0].default_calendar)
        return [event.created for event in events if (event.content.subject or "").startswith("Job ")]

    return sandbox.call(look)


def processor(count: int = 500) -> str:
    """The connector's own CPU for one change, at no latency: creates, then moves, of 500 appointments."""
    with sandbox_running() as sandbox, _connector(sandbox) as connector:
        connector.start().wait_in_step(PATIENCE)
        mark, before = sandbox.mark(), _cpu(connector)
        planned = _plan(sandbox, count, "R003")
        _wait_for_posts(sandbox, mark, count)
        connector.wait_in_step(PATIENCE)
        created = (_cpu(connector) - before) / count
        mark, before = sandbox.mark(), _cpu(connector)
        for guid, start in planned:
            moved = start + timedelta(hours=1)
            sandbox.board.change(guid, start=_wall(moved), end=_wall(moved + timedelta(minutes=30)))
        _wait_for_writes(sandbox, mark, "PATCH", count)
        connector.wait_in_step(PATIENCE)
        changed = (_cpu(connector) - before) / count
        return f"{created * 1000:.1f} ms CPU per create, {changed * 1000:.1f} ms per change"


def idle(resources: int = 1_000) -> str:
    """Threads and resident memory with 1,000 resources, none of which has anything to do."""
    with sandbox_running(company=resources) as sandbox, _connector(sandbox, every=60) as connector:
        began = time.monotonic()
        connector.start(wait=False).wait_ready(PATIENCE)
        wait_until(lambda: sum(_active(connector)) >= resources, PATIENCE, "every resource is active")
        connector.wait_in_step(PATIENCE)
        in_step = time.monotonic() - began
        first = _size(connector)
        connector.stop()
        connector.start(wait=False).wait_ready(PATIENCE)
        wait_until(lambda: sum(_active(connector)) >= resources, PATIENCE, "every resource is active")
        connector.wait_in_step(PATIENCE)
        return (
            f"first synchronisation of {resources} resources in {in_step:.0f} s, then {first}; "
            f"after a restart {_size(connector)}"
        )


def freshness(count: int = 60) -> str:
    """From an edit on the board to the event in Outlook, and back, with webhooks and notifications."""
    folder = Path(tempfile.mkdtemp())
    with sandbox_running() as sandbox, connector_for(sandbox, folder, notified=True) as connector:
        connector.start().wait_in_step(PATIENCE)
        wait_until(lambda: len(sandbox.control("GET", "/graph/subscriptions")) >= 6, 30, "it is subscribed")
        start = _tomorrow()
        guid = str(sandbox.board.create(**_fields("Measured", start, "R001"))["appointmentGuid"])
        chloe = sandbox.mailbox("ann@contoso.test")
        wait_until(lambda: chloe.having(subject="Measured"), 30, "the event is there")
        (event,) = chloe.having(subject="Measured")
        out, back = [], []
        for turn in range(count):
            subject, began = f"Measured {turn}", time.monotonic()
            sandbox.board.change(guid, subject=subject)
            wait_until(lambda wanted=subject: chloe.get(event["id"])["subject"] == wanted, 60, "out")
            out.append(time.monotonic() - began)
            wanted_start = start + timedelta(minutes=30 * (turn + 1))
            began = time.monotonic()
            chloe.change(event["id"], start=wanted_start, end=wanted_start + timedelta(minutes=30))
            wall = _wall(wanted_start)
            wait_until(lambda wanted=wall: sandbox.board.get(guid)["start"][:19] == wanted, 60, "back")
            back.append(time.monotonic() - began)
            connector.wait_in_step(PATIENCE)
        return (
            f"board to Outlook {_quantiles(out)}, Outlook to board {_quantiles(back)}, {count} edits each way"
        )


def what_if(resources: int = 1_000, appointments: int = 50) -> str:
    """`plan --rules` and `plan --preferences` over 1,000 resources with 50 appointments each."""
    folder, taken = Path(tempfile.mkdtemp()), []
    rules, preferences = folder / "proposed.json", folder / "proposed.toml"
    rules.write_text(json.dumps(NOTHING_PASSES), encoding="utf-8")
    preferences.write_text('show_as = ["tentative"]\n', encoding="utf-8")
    with established(folder, resources=resources, appointments=appointments) as (sandbox, connector):
        mark = sandbox.mark()
        for option, file in (("--rules", rules), ("--preferences", preferences)):
            began, before = time.monotonic(), _cpu_of_commands()
            planned = connector.command("plan", "--json", option, str(file), timeout=PATIENCE)
            took, worked = time.monotonic() - began, _cpu_of_commands() - before
            changes = sum(planned.json["totals"].values())
            taken.append(f"{option} {took:.1f} s ({worked:.1f} s CPU), {changes} changes")
        with connector.store() as store:
            links = store.counts().links
        return f"{links} appointments: {'; '.join(taken)}; {len(sandbox.writes(mark))} requests that write"


FIGURES: dict[str, Callable[[], str]] = {
    "first": first_synchronisation,
    "creates": creates,
    "cpu": processor,
    "idle": idle,
    "freshness": freshness,
    "what-if": what_if,
    "explain": explain,
}


def main(arguments: Sequence[str]) -> int:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.measure", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    for name in parser.parse_args(arguments).names or FIGURES:
        print(f"{name:10} {FIGURES[name]()}", flush=True)
    return 0


def _connector(sandbox: Sandbox, *, every: int = 2):  # type: ignore[no-untyped-def]  # noqa: ANN202 - of connector_for
    sync = {"outlook_poll_seconds": every, "board_poll_seconds": every}
    return connector_for(sandbox, Path(tempfile.mkdtemp()), sync=sync)


def _plan(sandbox: Sandbox, count: int, resource: str) -> list[tuple[str, datetime]]:
    start, planned = _tomorrow(), []
    for number in range(count):
        at = start + timedelta(minutes=5 * number)
        made = sandbox.board.create(**_fields(f"Job {number}", at, resource))
        planned.append((str(made["appointmentGuid"]), at))
    return planned


def _fields(subject: str, start: datetime, resource: str) -> dict[str, object]:
    end = start + timedelta(minutes=30)
    return {"subject": subject, "start": _wall(start), "end": _wall(end), "resources": [resource]}


def _tomorrow() -> datetime:
    now = datetime.now(ZONE) + timedelta(days=1)
    return now.replace(hour=8, minute=0, second=0, microsecond=0)


def _wall(when: datetime) -> str:
    return when.astimezone(ZONE).replace(tzinfo=None).isoformat(timespec="seconds")


def _writes(sandbox: Sandbox, mark: int, method: str) -> int:
    return len(sandbox.requests(mark, service="graph", method=method, path="/events"))


def _wait_for_posts(sandbox: Sandbox, mark: int, count: int) -> None:
    _wait_for_writes(sandbox, mark, "POST", count)


def _wait_for_writes(sandbox: Sandbox, mark: int, method: str, count: int) -> None:
    recorder = sandbox.services.recorder
    # the log is long, and reading it costs the services time: not before there can be enough in it
    wait_until(lambda: recorder.next_number >= mark + count, PATIENCE, "as many requests")
    wait_until(lambda: _writes(sandbox, mark, method) >= count, PATIENCE, f"{count} times {method}")


def _active(connector: Connector) -> list[bool]:
    return [one["state"] == "active" for one in connector.status()["resources"]]


def _cpu(connector: Connector) -> float:
    """Seconds of processor time that the process has had (Linux)."""
    fields = Path(f"/proc/{_pid(connector)}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ticks_per_second = 100
    return (int(fields[11]) + int(fields[12])) / ticks_per_second


def _cpu_of_commands() -> float:
    """Seconds of processor time that the commands which have ended have had."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _size(connector: Connector) -> str:
    """Threads and resident memory (Linux)."""
    status = Path(f"/proc/{_pid(connector)}/status").read_text(encoding="ascii")
    said = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return f"{said['Threads'].strip()} threads, {int(said['VmRSS'].split()[0]) // 1024} MB resident"


def _pid(connector: Connector) -> int:
    if connector.process is None:
        raise RuntimeError("the connector does not run")
    return connector.process.pid


def _quantiles(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=20)
    return f"p50 {statistics.median(seconds) * 1000:.0f} ms, p95 {cuts[18] * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`run`: how the process starts, stops, shares its store, meets trouble, and keeps what is private."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.commandline.run import _attend
from actors.commandline.telling import Code, Failure
from models.storage.store import Store
from tests.process_kit import Connector, bare_environment
from tests.services_kit import Sandbox, hours_from_now, wait_until

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent
ANN = "ann@contoso.test"
CANARY = "canary-9182"


def test_run_says_when_it_is_ready_and_sigterm_stops_it_within_10_s(
    sandbox: Sandbox, connector: Connector
) -> None:
    connector.start()
    assert connector.get("/health/live") == {"status": "live"}
    began = time.monotonic()
    assert connector.stop() == 0
    assert time.monotonic() - began < 10
    events = [line["event"] for line in connector.logs()]
    assert events.index("stopping") < events.index("stopped") == len(events) - 1
    assert all({"timestamp", "level", "event"} <= line.keys() for line in connector.logs())


def test_d1_ctrl_c_in_the_middle_of_slow_requests_stops_it_within_10_s(
    sandbox: Sandbox, connector: Connector
) -> None:
    connector.start()
    sandbox.latency(60)
    mark = sandbox.mark()
    wait_until(lambda: sandbox.requests(since=mark), why="requests are under way")
    began = time.monotonic()
    assert connector.signal(signal.SIGINT) == 0
    assert time.monotonic() - began < 10


def test_a_second_signal_or_the_end_of_the_time_ends_the_process_at_once() -> None:
    script = (
        "import os, signal, threading\n"
        "from actors.commandline.signals import Signals\n"
        "with Signals() as signals:\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    assert signals.wait(10) is signal.SIGTERM\n"
        "    signals.stopping()\n"
        "    os.kill(os.getpid(), signal.{number})\n"
        "    threading.Event().wait(60)\n"
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        text = script.replace("{number}", number.name)
        done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, timeout=30, check=False)
        assert done.returncode == 128 + number


def test_a_taken_address_ends_it_with_2_and_one_line(sandbox: Sandbox, connector: Connector) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        connector.configure(server={"listen": f"127.0.0.1:{taken.getsockname()[1]}"})
        ended = connector.command("run")
    assert ended.code == 2
    told = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(told) == 1
    assert "cannot listen on" in told[0]
    assert "server.listen" in told[0]


def test_wrong_configuration_ends_it_with_2_and_one_clear_line_for_each_problem(tmp_path: Path) -> None:
    connector = Connector(tmp_path, {"scheduler": {"url": "http://example.com"}, "sync": {"past_days": "x"}})
    connector.configure()
    ended = connector.command("run")
    assert ended.code == 2
    assert ended.stdout == ""
    keys = [line.partition(":")[0] for line in ended.stderr.splitlines()]
    assert sorted(keys) == [
        "microsoft365.client_id", "microsoft365.client_secret", "microsoft365.tenant_id",
        "scheduler.api_key", "scheduler.url", "sync.past_days",
    ]  # fmt: skip
    assert "Traceback" not in ended.stderr


def test_a_service_that_is_down_at_the_start_delays_the_work_and_ends_nothing(
    sandbox: Sandbox, connector: Connector
) -> None:
    for service in ("graph", "scheduler", "authority"):
        sandbox.fault(service, "reset")
    connector.start(wait=False)
    wait_until(lambda: connector.get("/health/live"), why="it lives")
    wait_until(lambda: connector.status()["services"]["scheduler"]["state"] != "ok", why="it says so")
    assert connector.get("/health/ready") is None
    sandbox.mend()
    connector.wait_ready(60)
    connector.wait_in_step(60)
    assert sandbox.writes()


def test_d11_a_store_that_is_gone_turns_health_red_and_the_work_goes_on_when_it_is_back(
    sandbox: Sandbox, connector: Connector
) -> None:
    connector.start()
    connector.wait_in_step()
    store, aside = connector.folder / "store.db", connector.folder / "aside.db"
    store.rename(aside)
    day = hours_from_now(24).strftime("%Y-%m-%d")
    sandbox.board.create(subject="Meanwhile", resourceNo="R001", start=f"{day}T09:00", end=f"{day}T10:00")
    wait_until(lambda: connector.get("/health/ready") is None, why="health is red")
    assert connector.get("/health/live") == {"status": "live"}
    assert "was removed while it was in use" in connector.logs("store refuses")[0]["problem"]
    assert not sandbox.mailbox(ANN).having(subject="Meanwhile"), "no call without its intent on disk"
    aside.rename(store)
    wait_until(lambda: sandbox.mailbox(ANN).having(subject="Meanwhile"))
    assert connector.get("/health/ready") == {"status": "ready"}


def test_the_process_gives_up_with_70_and_the_reason_when_it_cannot_go_on() -> None:
    failed = threading.Event()
    failed.set()
    application = SimpleNamespace(failure="StoreActor has failed: ValueError", failed=failed)
    process: Any = SimpleNamespace(application=application)
    signals: Any = None
    with pytest.raises(Failure, match="StoreActor has failed: ValueError") as end:
        _attend(process, signals)
    assert end.value.code == Code.CANNOT_GO_ON == 70


@pytest.mark.slow
@pytest.mark.parametrize("section", ["defaults", "sync"])
def test_b17_settings_that_judge_events_are_judged_by_anew_from_the_next_start(
    sandbox: Sandbox, connector: Connector, section: str
) -> None:
    """B10, B17: also of events that were judged long ago and did not change since."""
    start = 30 * 24 if section == "sync" else 1
    show_as = "busy" if section == "sync" else "free"
    sandbox.mailbox(ANN).create(
        subject="Judged", showAs=show_as, start=hours_from_now(start), end=hours_from_now(start + 1)
    )
    connector.configure(sync={"future_days": 10})
    connector.start()
    connector.wait_in_step()
    connector.stop()
    assert not sandbox.board.having(subject="Judged")
    if section == "sync":
        connector.configure(sync={"future_days": 60})
    else:
        connector.configure(defaults={"show_as": ["busy", "oof", "free"]})
    connector.start()
    wait_until(lambda: sandbox.board.having(subject="Judged"))
    connector.wait_in_step()
    connector.stop()
    mark = sandbox.mark()
    connector.start()
    connector.wait_in_step()
    assert not [one for one in sandbox.requests(since=mark) if "startDateTime" in one.path], "read in full"
    assert not sandbox.writes(since=mark)


def test_d12_a_second_process_on_the_same_store_refuses_and_says_who_has_it(
    sandbox: Sandbox, connector: Connector
) -> None:
    running = connector.start()
    second = running.command("run")
    assert second.code == 2
    (line,) = second.stderr.splitlines()
    assert running.process is not None
    assert f"in use by process {running.process.pid} on {socket.gethostname()}" in line
    assert "stop that process first" in line
    assert running.get("/health/ready") == {"status": "ready"}


def test_the_store_is_let_go_when_the_process_stops(sandbox: Sandbox, connector: Connector) -> None:
    connector.start()
    connector.stop()
    store = Store.open(connector.store_url)
    try:
        assert store.meta("control_url") == ""
    finally:
        store.close()


def test_e_nothing_of_an_unshared_event_and_no_secret_comes_out_anywhere(
    sandbox: Sandbox, connector: Connector
) -> None:
    attendee = {"emailAddress": {"address": f"{CANARY}@contoso.test", "name": CANARY}, "type": "required"}
    when = {"start": hours_from_now(1), "end": hours_from_now(2)}
    words = {
        "subject": CANARY,
        "body": {"contentType": "text", "content": CANARY},
        "location": {"displayName": CANARY},
        "categories": [CANARY],
        "attendees": [attendee],
    }
    for kind in ({"sensitivity": "private"}, {"showAs": "free"}, {"sensitivity": "confidential"}):
        event = sandbox.mailbox(ANN).create(**words, **when, **kind)
        sandbox.mailbox("david@contoso.test").create(**words, **when, **kind)
    sandbox.fault("graph", "malformed", times=3)
    sandbox.fault("scheduler", "malformed", times=3)
    planned = connector.command("plan", "--json")
    connector.start()
    connector.wait_in_step()
    sandbox.mailbox(ANN).change(event["id"], subject=f"{CANARY} again")
    connector.wait_in_step()
    with connector.store() as store:
        control_key = store.meta("control_key")
    said = [
        planned.stdout,
        planned.stderr,
        connector.log_text(),
        connector.get("/metrics"),
        json.dumps(connector.status()),
        *(connector.ask("explain", name).stdout for name in (CANARY, event["id"], "R001")),
        connector.ask("status").stdout,
    ]
    connector.stop()
    files = [path.read_bytes() for path in connector.folder.glob("store.db*")]
    assert files
    secrets = [sandbox.described["client_secret"], sandbox.described["api_key"], control_key or "none"]
    for text in said:
        for private in (CANARY, *secrets):
            assert private not in text
    for content in files:
        for private in (CANARY, *secrets[:2]):
            assert private.encode() not in content
    told = [one for one in sandbox.requests(service="scheduler") if CANARY in json.dumps(one.body)]
    assert told == []


# the script


def test_the_script_says_what_to_do_where_the_dependencies_are_missing_and_there_is_no_checkout(
    tmp_path: Path,
) -> None:
    (tmp_path / "bin").mkdir()
    script = shutil.copy(ROOT / "bin" / "exchange-connector", tmp_path / "bin")
    ended = subprocess.run(
        [sys.executable, "-S", "-I", script, "--help"],
        capture_output=True, text=True, timeout=30, check=False, env=bare_environment(),
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "pip install" in ended.stderr


def test_from_a_checkout_the_script_goes_on_in_the_environment_of_the_checkout(tmp_path: Path) -> None:
    """With an interpreter that lacks the dependencies: .venv's replaces it, arguments and all."""
    for folder in ("bin", "actors", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "setup.py").touch()
    (tmp_path / "actors" / "__init__.py").write_text("import no_such_dependency\n", encoding="utf-8")
    script = shutil.copy(ROOT / "bin" / "exchange-connector", tmp_path / "bin")
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "went on: $@"\nexit 7\n', encoding="utf-8")
    python.chmod(0o755)
    ended = subprocess.run(
        [sys.executable, script, "plan", "--json"],
        capture_output=True, text=True, timeout=30, check=False, env=bare_environment(),
    )  # fmt: skip
    assert ended.returncode == 7
    assert ended.stdout == f"went on: {script} plan --json\n"

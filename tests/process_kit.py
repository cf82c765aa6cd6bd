"""The whole process against the sandbox, over real sockets: what tests of a situation are written with.

    def test_something(sandbox: Sandbox, connector: Connector) -> None:
        connector.start()
        sandbox.mailbox("ann@contoso.test").create(subject="Visit", start=..., end=..., showAs="busy")
        wait_until(lambda: sandbox.board.having(subject="Visit"))

The fixtures are in conftest.py; a test that needs another company or other settings uses
`sandbox_running` and `connector_for`. The connector is a process of its own: stop it, kill it,
start it again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from actors.commandline.app import app
from models.storage.errors import StoreError
from models.storage.store import Store
from tests.log_kit import logging_restored
from tests.services_kit import Json, Sandbox, wait_until

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, str(ROOT / "bin" / "exchange-connector"))
READY_SECONDS = 20.0
STOP_SECONDS = 12.0

_DIRECT = {"http": "", "https": ""}
"""No proxy between a test and its own process."""


@dataclass(slots=True)
class Finished:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The document that it printed with `--json`."""
        return json.loads(self.stdout)


@dataclass(slots=True)
class Connector:
    """The connector as a person runs it: a configuration file, a store, a process, and its log."""

    folder: Path
    settings: dict[str, Json]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "connector.toml"

    @property
    def store_url(self) -> str:
        """The store."""
        return str(self.settings["storage"]["url"])

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.settings['server']['listen']}"

    def configure(self, **sections: Mapping[str, Any]) -> None:
        """Change settings section by section; they hold from the next start on."""
        for section, values in sections.items():
            self.settings.setdefault(section, {}).update(values)
        self.config.write_text(as_toml(self.settings), encoding="utf-8")

    # Its life

    def start(self, *, wait: bool = True) -> Connector:
        """Start `run`, and wait until it is ready to work."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        self.starts += 1
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "run", "--config", str(self.config)],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Wait until it says that it is ready: its roster is loaded and its store takes what it is given."""

        def ready() -> bool:
            return not self.is_running or self.get("/health/ready") is not None

        with contextlib.suppress(AssertionError):
            wait_until(ready, timeout)
        assert self.is_running, f"it has ended:\n{self.log_text()[-4000:]}"
        assert self.get("/health/ready") is not None, f"it is not ready:\n{self.log_text()[-4000:]}"

    def stop(self, timeout: float = STOP_SECONDS) -> int:
        """SIGTERM; the exit code."""
        return self.signal(signal.SIGTERM, timeout)

    def kill(self) -> int:
        """SIGKILL: what a crash of the machine is to a process."""
        return self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals, timeout: float = STOP_SECONDS) -> int:
        """Send a signal and wait for the end; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait_end(timeout)

    def wait_end(self, timeout: float = STOP_SECONDS) -> int:
        """Wait until it has ended by itself; the exit code."""
        assert self.process is not None
        return self.process.wait(timeout)

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def close(self) -> None:
        """End it, whatever it does."""
        if self.is_running:
            self.kill()

    # Looking

    def log_text(self) -> str:
        """Everything that it has written to its output, over all starts."""
        path = self.folder / "run.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def logs(self, event: str | None = None) -> list[Json]:
        """The lines of its log, as JSON; only those of an event, if one is given."""
        lines = (json.loads(line) for line in self.log_text().splitlines() if line.startswith("{"))
        return [line for line in lines if event is None or line.get("event") == event]

    def get(self, path: str, *, authorised: bool = False) -> Any:
        """The JSON (or text) of one of its addresses; None while it does not answer with success."""
        try:
            answer = requests.get(
                self.url + path, headers=self._bearer() if authorised else {}, timeout=5, proxies=_DIRECT
            )
        except requests.RequestException:
            return None
        if not answer.ok:
            return None
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.json() if is_json else answer.text

    def put(self, path: str, body: object) -> requests.Response:
        """Send something to its API, as the command line does."""
        return requests.put(self.url + path, json=body, headers=self._bearer(), timeout=5, proxies=_DIRECT)

    def status(self) -> Json:
        """`GET /api/status`."""
        return wait_until(lambda: self.get("/api/status", authorised=True) or {}, 5.0, "the API answers")

    def is_in_step(self) -> bool:
        """Whether nothing is left to do: no backlog, and no resource that waits for anything."""
        said = self.get("/api/status", authorised=True)
        if said is None or not said["resources"] or any(said["backlog"].values()):
            return False
        return not any(one["lagSeconds"] for one in said["resources"] if one["state"] == "active")

    def wait_in_step(self, timeout: float = 20.0) -> None:
        """Wait until nothing is left to do."""
        wait_until(self.is_in_step, timeout, "both sides are in step")

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """Its store, for reading."""
        store = Store.open(self.store_url, read_only=True)
        try:
            yield store
        finally:
            store.close()

    # Commands

    def command(self, *arguments: str, timeout: float = 60.0, config: bool = True) -> Finished:
        """Run another command of the connector on the same configuration."""
        named = ("--config", str(self.config)) if config else ()
        done = subprocess.run(
            [*COMMAND, *arguments, *named],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Finished(code=done.returncode, stdout=done.stdout.decode(), stderr=done.stderr.decode())

    def ask(self, *arguments: str) -> Finished:
        """Run another command in the process of the test: as `command`, and a second quicker."""
        with logging_restored(), pytest.MonkeyPatch.context() as environment:
            for name in os.environ.keys() - self._environment().keys():
                environment.delenv(name)
            done = CliRunner().invoke(app, [*arguments, "--config", str(self.config)], env=self.environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Finished(code=done.exit_code, stdout=done.stdout, stderr=done.stderr)

    def _environment(self) -> dict[str, str]:
        return {**bare_environment(), **self.environment}

    def _bearer(self) -> dict[str, str]:
        try:
            with self.store() as store:
                return {"Authorization": f"Bearer {store.meta('control_key') or ''}"}
        except StoreError:
            return {}


def connector_settings(sandbox: Sandbox, folder: Path) -> dict[str, Json]:
    """Settings with which the connector works on a sandbox, polling often."""
    said = sandbox.described
    return {
        "scheduler": {"url": said["scheduler_url"], "api_key": said["api_key"]},
        "microsoft365": {
            name: said[name]
            for name in ("tenant_id", "client_id", "client_secret", "authority", "graph_url", "ca_bundle")
        },
        "sync": {"outlook_poll_seconds": 1, "board_poll_seconds": 1},
        "storage": {"url": f"sqlite:///{folder}/store.db"},
        "server": {"listen": f"127.0.0.1:{free_port()}"},
    }


@contextlib.contextmanager
def connector_for(
    sandbox: Sandbox, folder: Path, *, notified: bool = False, **sections: Mapping[str, Any]
) -> Iterator[Connector]:
    """A connector that is configured for a sandbox and not yet started; it is ended with the block.

    `notified` gives it a public address, so that both services tell it of changes; without, it polls every
    second. `sections` are settings beside or in place of those.
    """
    connector = Connector(folder, connector_settings(sandbox, folder))
    if notified:
        _let_notify(sandbox, connector)
    connector.configure(**sections)
    try:
        yield connector
    finally:
        connector.close()


def _let_notify(sandbox: Sandbox, connector: Connector) -> None:
    """Give the connector an address that both services reach, and the board the credentials to show there."""
    port = int(connector.settings["server"]["listen"].rpartition(":")[2])
    public_url = sandbox.running.front("127.0.0.1", port)
    login = {"login": "board", "password": "pass-word"}
    connector.settings["server"]["public_url"] = public_url
    connector.settings["scheduler"] |= {f"webhook_{name}": value for name, value in login.items()}
    connector.settings["scheduler"]["webhook_source_apps"] = ["BC"]
    connector.settings["sync"] = {}
    quiet = {"webServiceAddress": public_url, "type": 3, "apiType": 1, "sendAppointmentToWebService": False}
    answer = requests.post(
        f"{sandbox.described['scheduler_url']}/connector",
        json={"name": "exchange", "sourceApp": "BC", **quiet, **login},
        headers={"X-API-KEY": sandbox.described["api_key"]},
        timeout=5,
        proxies=_DIRECT,
    )
    assert answer.ok, answer.text


def bare_environment() -> dict[str, str]:
    """This process's environment without what would change the meaning of a configuration, or would have
    every start compile the program anew."""
    private = (
        "EXCHANGE_CONNECTOR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTEST", "PYTHONDONTWRITEBYTECODE"
    )  # fmt: skip
    return {name: value for name, value in os.environ.items() if not name.startswith(private)}


def as_toml(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """A configuration file."""
    lines: list[str] = []
    for section, values in settings.items():
        lines += [f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)

"""The services as a process of their own, and a listener for what they send."""

from __future__ import annotations

import json
import queue
import select
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN = 30.0
"""Seconds for the process to say where its services are."""
HEAR_WITHIN = 10.0
"""Seconds for a notification to arrive."""


@dataclass(frozen=True, slots=True)
class LocalServices:
    """Where the services are: the line that `--services-only --json` prints."""

    described: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.described[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def token_authority(self) -> str:
        """The authority with the tenant, as MSAL wants it."""
        return f"{self.authority}/{self.tenant_id}"

    def mailbox(self, number: int) -> str:
        """The object id of one of the users with a mailbox."""
        return str(self.mailboxes[number]["id"])

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control interface."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the loopback address that the process printed
            f"{self.control_url}{path}",
            data=content,
            method=method,
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - likewise
            text = response.read()
        return json.loads(text) if text else None


@contextmanager
def running_services() -> Iterator[LocalServices]:
    """The two services in a process; it ends with the block."""
    command = [sys.executable, "-m", "tests.sandbox", "--services-only", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], START_WITHIN)
            line = process.stdout.readline() if ready else ""
            assert line, "the services did not say where they are"
            yield LocalServices(json.loads(line))
        finally:
            process.terminate()
            process.wait(10)


@dataclass(frozen=True, slots=True)
class Listener:
    """An endpoint for notifications: answers the handshake, keeps the rest."""

    url: str
    _heard: queue.Queue[dict[str, Any]]

    def next(self) -> dict[str, Any]:
        """The next notification; `queue.Empty` when none comes in time."""
        return self._heard.get(timeout=HEAR_WITHIN)


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on loopback."""
    heard: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            token = parse_qs(urlsplit(self.path).query).get("validationToken")
            if token:
                self._answer(200, token[0].encode())
                return
            for item in json.loads(content)["value"]:
                heard.put(item)
            self._answer(202, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "text/plain")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: the test speaks."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Listener(f"http://127.0.0.1:{server.server_port}/hook", heard)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

"""`python -m tests.sandbox.load`: how many simple requests a second the services answer, over real sockets.

Starts the sandbox as a process of its own and asks each service for a few seconds over kept connections. The
client shares the machine with the services, so the figures are a lower bound.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

CONNECTIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that is repeated."""

    name: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def as_bytes(self) -> bytes:
        """The request as it goes over the wire."""
        parts = urlsplit(self.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"{self.method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


class Connection:
    """One kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str, ca_bundle: str) -> Connection:
        """A connection to the host of `url`."""
        parts = urlsplit(url)
        context = ssl.create_default_context(cafile=ca_bundle) if parts.scheme == "https" else None
        return cls(*await asyncio.open_connection(parts.hostname, parts.port, ssl=context))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        length = head.partition(b"content-length:")[2].split(b"\r\n", 1)[0].strip()
        return status, await self._reader.readexactly(int(length or 0))

    def close(self) -> None:
        """Ends it."""
        self._writer.close()


async def measure(call: Call, ca_bundle: str, seconds: float) -> float:
    """Answers a second. Raises RuntimeError for an answer that is not a success."""
    request = call.as_bytes()
    until = time.perf_counter() + seconds

    async def repeat() -> int:
        connection = await Connection.open(call.url, ca_bundle)
        answered = 0
        while time.perf_counter() < until:
            status, body = await connection.ask(request)
            if status >= 300:
                raise RuntimeError(f"{call.name} answered {status}: {body[:200]!r}")
            answered += 1
        connection.close()
        return answered

    begun = time.perf_counter()
    counts = await asyncio.gather(*(repeat() for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - begun)


async def calls(described: Mapping[str, Any]) -> list[Call]:
    """What is measured: simple requests to each service, and a full batch."""
    authority = f"{described['authority']}/{described['tenant_id']}"
    form = {
        "client_id": described["client_id"],
        "client_secret": described["client_secret"],
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
    }
    sign_in = Call(
        name="authority: token",
        method="POST",
        url=f"{authority}/oauth2/v2.0/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    connection = await Connection.open(sign_in.url, described["ca_bundle"])
    _, body = await connection.ask(sign_in.as_bytes())
    connection.close()
    bearer = {
        "Authorization": f"Bearer {json.loads(body)['access_token']}",
        "Content-Type": "application/json",
    }
    people = [one["id"] for one in described["mailboxes"]]
    graph = described["graph_url"]
    event = {
        "subject": "Load",
        "start": {"dateTime": "2030-01-01T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2030-01-01T10:00:00", "timeZone": "UTC"},
    }
    inner = [
        {
            "id": str(number),
            "method": "GET",
            "url": f"/users/{people[number % len(people)]}/calendar",
        }
        for number in range(20)
    ]
    key = {"X-API-KEY": described["api_key"]}
    return [
        Call(name="graph: one user", method="GET", url=f"{graph}/users/{people[0]}", headers=bearer),
        Call(
            name="graph: list events", method="GET", url=f"{graph}/users/{people[0]}/events", headers=bearer
        ),
        Call(
            name="graph: create an event",
            method="POST",
            url=f"{graph}/users/{people[0]}/events",
            headers=bearer,
            body=json.dumps(event).encode(),
        ),
        Call(
            name="graph: batch of 20",
            method="POST",
            url=f"{graph}/$batch",
            headers=bearer,
            body=json.dumps({"requests": inner}).encode(),
        ),
        sign_in,
        Call(
            name="scheduler: resources",
            method="GET",
            url=f"{described['scheduler_url']}/resource",
            headers=key,
        ),
    ]


async def main() -> int:
    """Prints one line per kind of request."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each kind is asked")
    seconds = parser.parse_args().seconds
    command = ("-m", "tests.sandbox", "--services-only", "--json")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, limit=2**24
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the sandbox has no output")
        described = json.loads(await process.stdout.readline())
        control = await Connection.open(described["control_url"], described["ca_bundle"])
        unlimited = Call(
            name="limits",
            method="PUT",
            url=f"{described['control_url']}/graph/limits",
            body=b'{"requests": 1000000000, "inFlight": 1000}',
        )
        await control.ask(unlimited.as_bytes())
        control.close()
        for call in await calls(described):
            rate = await measure(call, described["ca_bundle"], seconds)
            print(f"{call.name:24} {rate:8.0f} a second", flush=True)
    finally:
        process.terminate()
        await process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

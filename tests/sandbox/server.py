"""The HTTP shell: puts the services on loopback sockets and carries out what they want delivered.

One asyncio loop, nothing else: services run in it one at a time, waiting and delivering happen beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from tests.sandbox.control import Control
from tests.sandbox.services import Services
from tests.sandbox.tls import Certificates, issue
from tests.sandbox.traffic import Answer, Visit, Wait
from tests.sandbox.wire import Delivery, Request, Response

HOST = "127.0.0.1"
LARGEST_UPLOAD = 64 * 1024 * 1024
DELIVERIES_AT_A_TIME = 64
STOP_WITHIN = 2.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
RESET = struct.pack("ii", 1, 0)
PIPE_BYTES = 64 * 1024

log = logging.getLogger("sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where to listen; 0 takes any free port."""

    graph: int = 0
    authority: int = 0
    scheduler: int = 0
    control: int = 0


@dataclass(slots=True)
class Shell:
    """The services on their sockets."""

    services: Services
    certificates: Certificates
    ports: Ports = field(default_factory=Ports)
    urls: dict[str, str] = field(default_factory=dict)
    """Base address by service, once started: graph, authority, scheduler, control."""
    _runners: list[web.ServerRunner] = field(default_factory=list)
    _fronts: list[asyncio.Server] = field(default_factory=list)
    _deliveries: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DELIVERIES_AT_A_TIME))
    _timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Opens the listeners. Raises OSError when a port is taken."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        )
        self.services.sink = self._deliver
        control = Control(self.services)
        tls = self.certificates.server
        await self._listen("graph", self.ports.graph, self._visits("graph"), tls)
        await self._listen("authority", self.ports.authority, self._visits("authority"), tls)
        await self._listen("scheduler", self.ports.scheduler, self._visits("scheduler"), None)
        await self._listen("control", self.ports.control, self._directly(control.handle), None)

    async def stop(self) -> None:
        """Closes everything; what is under way is abandoned."""
        if self._timer is not None:
            self._timer.cancel()
        for front in self._fronts:
            front.close()
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        for runner in self._runners:
            await _hang_up(runner)

    async def tls_front(self, target_host: str, target_port: int, port: int = 0) -> str:
        """Listens with TLS and pipes to a plain listener; returns the https address of this front.

        Graph insists on https for notifications; a process that leaves TLS to a proxy stands behind this one.
        """

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                inner_reader, inner_writer = await asyncio.open_connection(target_host, target_port)
            except OSError:
                writer.close()
                return
            await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))

        front = await asyncio.start_server(connected, HOST, port, ssl=self.certificates.server)
        self._fronts.append(front)
        return f"https://localhost:{front.sockets[0].getsockname()[1]}"

    async def _listen(
        self,
        name: str,
        port: int,
        handler: Callable[[web.BaseRequest], Any],
        context: ssl.SSLContext | None,
    ) -> None:
        server = web.Server(handler, request_factory=_request_factory, access_log=None)
        runner = web.ServerRunner(server, access_log=None, shutdown_timeout=STOP_WITHIN / 4)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, HOST, port, ssl_context=context, backlog=1024)
        await site.start()
        address = runner.addresses[0]
        scheme, host = ("https", "localhost") if context else ("http", HOST)
        self.urls[name] = f"{scheme}://{host}:{address[1]}"

    def _visits(self, service: str) -> Callable[[web.BaseRequest], Any]:
        async def answer(incoming: web.BaseRequest) -> web.StreamResponse:
            request = _request(incoming, await incoming.read())
            if _length_missing(request):
                return web.Response(status=411)
            result = await self._drive(self.services.visit(service, request))
            self.arm()
            return await _write(incoming, result)

        return answer

    def _directly(self, handle: Callable[[Request], Response]) -> Callable[[web.BaseRequest], Any]:
        async def answer(incoming: web.BaseRequest) -> web.StreamResponse:
            response = handle(_request(incoming, await incoming.read()))
            self.arm()
            return await _write(incoming, Answer(response))

        return answer

    async def _drive(self, visit: Visit) -> Answer:
        reply: Response | None = None
        with contextlib.closing(visit):
            while True:
                try:
                    step = visit.send(reply)
                except StopIteration as end:
                    answer: Answer = end.value
                    return answer
                reply = None
                if isinstance(step, Wait):
                    await asyncio.sleep(step.seconds)
                else:
                    reply = await self._call(step)

    def _deliver(self, delivery: Delivery) -> None:
        task = asyncio.get_running_loop().create_task(self._settle(delivery))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _settle(self, delivery: Delivery) -> None:
        response = await self._call(delivery)
        self.services.settled(delivery, response)
        self.arm()

    async def _call(self, delivery: Delivery) -> Response | None:
        """The answer to a delivery, or None when there was none in time."""
        if self._session is None:
            raise RuntimeError("the shell is not started")
        verify = urlsplit(delivery.url).hostname not in LOOPBACK
        async with self._gate:
            try:
                async with self._session.request(
                    delivery.method,
                    delivery.url,
                    data=delivery.body,
                    headers=delivery.headers,
                    ssl=verify,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=delivery.timeout),
                ) as reply:
                    body = await reply.read()
                    headers = {name.lower(): value for name, value in reply.headers.items()}
                    return Response(status=reply.status, headers=headers, body=body)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
                log.debug("%s to %s was not answered: %s", delivery.about, delivery.url, problem)
                return None

    def arm(self) -> None:
        """Sets the timer for what the services want to do by themselves."""
        due = self.services.due()
        if due is None:
            return
        seconds = (due - self.services.clock.now()).total_seconds()
        if seconds > 0 and self.services.clock.frozen:
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0.0, seconds)
        if self._timer is not None and loop.time() < self._timer.when() <= when:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.services.tick()
        self.arm()


async def _hang_up(runner: web.ServerRunner) -> None:
    """Ends a listener at once: a client that keeps its connection open does not keep the process."""
    server = runner.server
    for connection in [] if server is None else server.connections:
        if connection.transport is not None:
            connection.transport.abort()
    await runner.cleanup()


def _request_factory(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_UPLOAD)


def _request(incoming: web.BaseRequest, body: bytes) -> Request:
    path, _, query = incoming.raw_path.partition("?")
    headers: dict[str, str] = {}
    for name, value in incoming.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(method=incoming.method, path=path, query=query, headers=headers, body=body)


def _length_missing(request: Request) -> bool:
    """Whether a POST says neither how long its body is nor that it comes in chunks (facts §2: 411)."""
    return (
        request.method == "POST"
        and "content-length" not in request.headers
        and "transfer-encoding" not in request.headers
    )


async def _write(incoming: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = answer.response
    if response is None:
        _reset(incoming)
        return web.Response(status=502)
    headers = CIMultiDict(response.headers)
    headers.pop("content-length", None)
    if not answer.truncated:
        return web.Response(status=response.status, headers=headers, body=response.body or None)
    broken = web.StreamResponse(status=response.status, headers=headers)
    broken.content_length = len(response.body)
    await broken.prepare(incoming)
    await broken.write(response.body[: len(response.body) // 2])
    if incoming.transport is not None:
        incoming.transport.close()
    return broken


def _reset(incoming: web.BaseRequest) -> None:
    transport = incoming.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(PIPE_BYTES):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        log.debug("a piped connection broke off")
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def serving(services: Services, folder: Path, ports: Ports | None = None) -> AsyncIterator[Shell]:
    """The services on sockets for the length of the block; certificates are written into `folder`."""
    shell = Shell(services, issue(folder), ports or Ports())
    try:
        await shell.start()
        yield shell
    finally:
        await shell.stop()

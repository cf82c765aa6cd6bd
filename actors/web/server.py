"""The listener: waitress on a fixed number of threads, with limits on everything that a client sends."""

from __future__ import annotations

import socket
import threading
from typing import Any, Final

import structlog
import waitress.server  # type: ignore[import-untyped]  # its stubs are a package of their own
from flask import Flask

from actors.runtime.clock import Clock
from actors.runtime.errors import log_failure

log = structlog.get_logger(__name__)

THREADS: Final = 8
"""Requests handled at once. Hooks wait for the disk, all together: more threads make them no quicker."""
CONNECTIONS: Final = 500
IDLE_SECONDS: Final = 30
"""A connection on which nothing moves for so long is closed, also in the middle of a request."""
BUFFERED_BODY: Final = 4_000_000
"""Bytes of a body that are read at all. Up to here the application refuses in its own words."""
LONGEST_HEADERS: Final = 65_536
BACKLOG: Final = 256
LAST_CHANCE: Final = 1.0
"""Seconds for the listener's thread to close what is open, once nobody works any more."""
ANYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised here, not chosen


class CannotListen(Exception):  # noqa: N818 - named for what is wrong
    """The address of `server.listen` is not to be had. The text says why and what to do."""


class WebServer:
    """Serves the application on one address, from `start` until `stop`."""

    def __init__(self, app: Flask, *, host: str, port: int, clock: Clock, threads: int = THREADS) -> None:
        """Take the address; port 0 takes any free one. Raises `CannotListen`."""
        self._clock = clock
        self._socket = _bound(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self._server: Any = waitress.server.create_server(
            app,
            sockets=[self._socket],
            threads=threads,
            ident=None,  # no Server header
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=IDLE_SECONDS // 3,
            max_request_body_size=BUFFERED_BODY,
            max_request_header_size=LONGEST_HEADERS,
            clear_untrusted_proxy_headers=True,
            expose_tracebacks=False,
            backlog=BACKLOG,
            asyncore_use_poll=True,  # select() knows no descriptor above 1,023
        )
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Where a program on this machine reaches it."""
        host = "127.0.0.1" if self.host in ANYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        """Answer requests from now on."""
        self._thread.start()
        log.info("listening", url=self.url)

    def stop(self, timeout: float) -> list[str]:
        """Take no more requests, let those under way finish for at most `timeout` seconds, and close.

        Returns the names of the threads that did not end.
        """
        deadline = self._clock.monotonic() + timeout
        workers = self._server.task_dispatcher
        self._server.accepting = False
        workers.shutdown(cancel_pending=False, timeout=timeout)
        busy = [f"waitress-{number}" for number in workers.threads]
        if self._thread.ident is None:
            self._close_everything()
            return busy
        trigger = self._server.trigger
        with trigger.lock:  # or an answer that is ready just now has the loop close what is to be pulled
            trigger.thunks.append(self._close_everything)
            trigger.pull_trigger()
        self._thread.join(max(deadline - self._clock.monotonic(), LAST_CHANCE))
        return [*busy, self._thread.name] if self._thread.is_alive() else busy

    def _serve(self) -> None:
        try:
            self._server.run()
        except Exception as error:  # noqa: BLE001 - the thread ends here; without a word nobody would know why
            log_failure(log, "listener failed", error)

    def _close_everything(self) -> None:
        """On the listener's own thread: its loop ends when the last answer is on its way."""
        self._server.close()
        for channel in list(self._server.active_channels.values()):
            channel.close_when_flushed = True


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _cannot(host, port, error) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _cannot(host, port, error) from None
    return listener


def _cannot(host: str, port: int, error: OSError) -> CannotListen:
    return CannotListen(
        f"cannot listen on {host}:{port} ({error.strerror or error}); "
        "stop what uses the address, or set server.listen to another one"
    )

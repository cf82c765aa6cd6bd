"""HTTP as two values and one method: everything that the clients know of the network.

Production has `RequestsTransport`; a simulation hands the call to a service in the same process.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

CONNECT_SECONDS = 5.0
"""How long a connection may take to come about."""

ANSWER_SECONDS = 60.0
"""How long a service may keep silent before its answer counts as lost."""

HOSTS_PER_SESSION = 4
"""Connection pools kept by one thread: the sign-in authority, Graph, Dime.Scheduler, and one to spare."""


class NoAnswer(Exception):  # noqa: N818 - named for what happened, like its two kinds
    """No answer came. The text names the kind of failure, never the address or what was sent."""


class ConnectFailed(NoAnswer):
    """Nothing was sent: the call may be repeated whatever it does."""


class AnswerLost(NoAnswer):
    """The call was sent, or may have been: what it asked for may have been done."""


class Headers(Mapping[str, str]):
    """Header fields under names in any letter case."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = {name.lower(): value for name, value in (fields or {}).items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self._fields)})"  # values may be tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request, complete."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout: float = ANSWER_SECONDS
    """Seconds of silence after which the answer counts as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP response, read to its end."""

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)


class Transport(Protocol):
    """Something that carries calls. Called from several threads at once."""

    def send(self, call: Call) -> Answer:
        """Carry `call` out and wait for the answer, whatever its status; redirects are answers.

        Raises `ConnectFailed` or `AnswerLost`.
        """
        ...


class RequestsTransport:
    """Calls over sockets: one kept-alive session per thread, so that threads share no connection."""

    def __init__(self, *, ca_bundle: str = "", hosts_per_session: int = HOSTS_PER_SESSION) -> None:
        """`ca_bundle` is a PEM file; without one the environment's is used, else the public authorities."""
        environment = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        self._verify: str | bool = ca_bundle or environment or True
        self._hosts = hosts_per_session
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []
        self._proxies: dict[str, dict[str, str]] = {}

    def send(self, call: Call) -> Answer:
        session = self._session()
        prepared = requests.Request(call.method, call.url, dict(call.headers), data=call.body).prepare()
        try:
            with session.send(
                prepared,
                stream=True,
                timeout=(CONNECT_SECONDS, call.timeout),
                allow_redirects=False,  # a redirect would carry the token to wherever it points
                verify=self._verify,
                proxies=self._proxies_for(call.url),
            ) as response:
                body = b"".join(response.iter_content(None))  # as it comes: a listing may be a hundred MB
        except requests.RequestException as error:
            failure = _failure(error)
        else:
            fields = dict(response.headers.items())
            return Answer(status=response.status_code, headers=Headers(fields), body=body)
        raise failure  # outside the handler: requests' own error holds the URL and the body that was sent

    def close(self) -> None:
        """Close the connections of every thread."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            # The environment could put its CA bundle in the place of the configured one (facts §6.2) and a
            # .netrc its password in the place of the token; its proxies are asked for by `_proxies_for`.
            session.trust_env = False
            adapter = HTTPAdapter(pool_connections=self._hosts, pool_maxsize=1, max_retries=0)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _proxies_for(self, url: str) -> dict[str, str]:
        origin = "://".join(urlsplit(url)[:2])
        proxies = self._proxies.get(origin)
        if proxies is None:
            proxies = self._proxies[origin] = dict(get_environ_proxies(origin))
        return proxies


_BEFORE_SENDING = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    ssl.SSLCertVerificationError,
)


def _failure(error: requests.RequestException) -> NoAnswer:
    """Whether anything can have been sent: only where it is certain that nothing was, nothing was."""
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError)):
        return ConnectFailed(type(error).__name__)
    cause = _root_before_sending(error)
    if cause is not None:
        return ConnectFailed(type(cause).__name__)
    return AnswerLost(type(error).__name__)


def _root_before_sending(error: BaseException) -> BaseException | None:
    """The error that kept the connection from coming about, if that is what happened."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, _BEFORE_SENDING):
            return current
        waiting += [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]
    return None

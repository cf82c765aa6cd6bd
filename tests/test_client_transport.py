"""Calls over real sockets: what counts as sent, whose certificates count, and where credentials do not go."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from actors.clients.transport import AnswerLost, Call, ConnectFailed, Headers, RequestsTransport

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Said: yes\r\n\r\nhello"
Handler = Callable[[socket.socket, bytes], None]


class Server:
    """Answers requests on connections with whatever bytes a test wants."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._handler = handler
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept that is waiting
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                while request := connection.recv(65536):
                    self.requests.append(request)
                    self._handler(connection, request)
        except OSError:
            return  # the client went away, as some tests want it to


@contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    server = Server(handler, context)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    made = RequestsTransport()
    yield made
    made.close()


def hello(connection: socket.socket, request: bytes) -> None:
    connection.sendall(HELLO)


def call(server: Server, *, scheme: str = "http", timeout: float = 5.0) -> Call:
    host = "localhost" if scheme == "https" else "127.0.0.1"
    return Call(
        method="GET",
        url=f"{scheme}://{host}:{server.port}/x",
        headers={"Authorization": "Bearer t"},
        timeout=timeout,
    )


def test_an_answer_is_its_status_headers_in_any_letter_case_and_body(transport: RequestsTransport) -> None:
    with serving(hello) as server:
        answer = transport.send(call(server))
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["x-sAID"] == "yes"
    assert "X-SAID" in answer.headers


def test_connections_are_kept_for_the_next_call(transport: RequestsTransport) -> None:
    with serving(hello) as server:
        for _ in range(5):
            transport.send(call(server))
        assert server.connections == 1


def test_each_thread_has_connections_of_its_own(transport: RequestsTransport) -> None:
    with serving(hello) as server:
        threads = [threading.Thread(target=transport.send, args=(call(server),)) for _ in range(3)]
        for thread in threads:
            thread.start()
            thread.join(10)
        assert server.connections == 3


def test_d1_a_refused_connection_means_that_nothing_was_sent(transport: RequestsTransport) -> None:
    with serving(hello) as server:
        closed = call(server)
    with pytest.raises(ConnectFailed):
        transport.send(closed)


def test_d1_a_name_that_does_not_resolve_means_that_nothing_was_sent(transport: RequestsTransport) -> None:
    with pytest.raises(ConnectFailed):
        transport.send(Call(method="GET", url="http://no-such-host.invalid/"))


def reset(connection: socket.socket, request: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def truncated(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
    connection.close()


def silent(connection: socket.socket, request: bytes) -> None:
    """Say nothing: the client gives up first."""


@pytest.mark.parametrize("handler", [reset, truncated, silent])
def test_d2_an_answer_that_does_not_come_whole_is_lost(
    transport: RequestsTransport, handler: Handler
) -> None:
    with serving(handler) as server:
        with pytest.raises(AnswerLost) as raised:
            transport.send(call(server, timeout=0.3))
        assert len(server.requests) == 1, "and nothing was sent a second time"
    assert str(server.port) not in str(raised.value)
    assert raised.value.__context__ is None, "the library's own error quotes what was sent"


def test_a_redirect_is_an_answer(transport: RequestsTransport) -> None:
    def elsewhere(connection: socket.socket, request: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://evil.invalid/\r\nContent-Length: 0\r\n\r\n"
        )

    with serving(elsewhere) as server:
        assert transport.send(call(server)).status == 302
        assert len(server.requests) == 1


def test_a_password_in_netrc_does_not_take_the_place_of_the_token(
    transport: RequestsTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="ascii")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(hello) as server:
        transport.send(call(server))
        assert b"Authorization: Bearer t\r\n" in server.requests[0]


class Authority:
    """A certificate authority with a server of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        authority = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)
        self.bundle = str(folder / f"{name}.pem")
        authority.cert_pem.write_to_path(self.bundle)


def test_the_configured_authorities_count_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", theirs.bundle)
    monkeypatch.setenv("CURL_CA_BUNDLE", theirs.bundle)
    transport = RequestsTransport(ca_bundle=ours.bundle)
    with serving(hello, ours.context) as server:
        assert transport.send(call(server, scheme="https")).status == 200
    transport.close()


def test_without_configured_authorities_those_of_the_environment_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Authority(tmp_path, "ours")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ours.bundle)
    transport = RequestsTransport()
    with serving(hello, ours.context) as server:
        assert transport.send(call(server, scheme="https")).status == 200
    transport.close()


def test_a_certificate_of_an_unknown_authority_means_that_nothing_was_sent(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    transport = RequestsTransport(ca_bundle=theirs.bundle)
    with serving(hello, ours.context) as server:
        with pytest.raises(ConnectFailed):
            transport.send(call(server, scheme="https"))
        assert server.requests == []
    transport.close()


def test_e_a_call_and_an_answer_show_neither_what_they_carry_nor_where_to() -> None:
    sent = Call(method="GET", url="https://graph/users/anna", headers={"Authorization": "t"}, body=b"words")
    shown = repr(sent) + repr(Headers({"Location": "secret"}))
    assert not any(word in shown for word in ("anna", "words", "secret", "'t'"))

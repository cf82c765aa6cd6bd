"""The sandbox on real sockets: TLS, concurrency, broken connections, deliveries, and the process itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.background import Background, background
from tests.sandbox.services import Services
from tests.sandbox_kit import KEY

ROOT = Path(__file__).parent.parent
EVENT = {
    "subject": "Visit",
    "start": {"dateTime": "2026-11-24T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-11-24T10:00:00", "timeZone": "UTC"},
}

pytestmark = pytest.mark.timeout(60)


class Client:
    """A client of the running sandbox, with one connection per thread."""

    def __init__(self, sandbox: Background) -> None:
        self.sandbox = sandbox
        self.urls = sandbox.shell.urls
        self.graph = f"{self.urls['graph']}/v1.0"
        self.user = next(iter(sandbox.services.tenant.users.values()))
        self.token = sandbox.call(sandbox.services.authority.application_token)
        self._local = threading.local()

    def ask(self, method: str, url: str, **options: Any) -> requests.Response:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.verify = str(self.sandbox.shell.certificates.ca_bundle)
            session.headers["Authorization"] = f"Bearer {self.token}"
        answer: requests.Response = session.request(method, url, timeout=10, **options)
        return answer

    def control(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = requests.request(method, self.urls["control"] + path, timeout=10, **options)
        assert answer.ok, answer.text
        return answer


@pytest.fixture
def client() -> Iterator[Client]:
    """A running sandbox with two people, and a client of it."""
    services = Services(company="empty", key=KEY)
    services.tenant.add_user("Anna Jansen", "anna@contoso.test")
    services.tenant.add_user("Bram Peeters", "bram@contoso.test")
    with background(services) as sandbox:
        yield Client(sandbox)


class Hook(BaseHTTPRequestHandler):
    """An endpoint for notifications that answers the handshake; the server keeps what it gets."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = parse_qs(urlsplit(self.path).query).get("validationToken")
        server: Any = self.server
        if token is None:
            server.got(self.path, json.loads(body))
        answer = token[0].encode() if token else b""
        self.send_response(200 if token else 202)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Listener:
    """A plain HTTP listener of a client, for the length of a test."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self._arrived = threading.Condition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.server.got = self._got  # type: ignore[attr-defined] # the handler finds its test by its server
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def _got(self, path: str, content: Any) -> None:
        with self._arrived:
            self.received.append((path, content))
            self._arrived.notify_all()

    def wait(self, enough: Callable[[list[Any]], bool]) -> list[Any]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: enough(self.received), timeout=10), self.received
            return list(self.received)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(timeout=5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A plain listener on this machine."""
    listener = Listener()
    yield listener
    listener.close()


def test_graph_answers_over_tls_with_the_bundle_and_keeps_the_connection(client: Client) -> None:
    for _ in range(3):
        answer = client.ask("GET", f"{client.graph}/users")
        assert answer.status_code == 200
        assert answer.headers.get("Connection", "keep-alive") == "keep-alive"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{client.graph}/users", verify=True, timeout=10)


def test_links_lead_back_to_the_address_that_was_asked(client: Client) -> None:
    for _ in range(3):
        client.ask("POST", f"{client.graph}/users/{client.user.id}/events", json=EVENT)
    page = client.ask("GET", f"{client.graph}/users/{client.user.id}/events?$top=2").json()
    assert page["@odata.nextLink"].startswith(f"{client.graph}/")
    assert len(client.ask("GET", page["@odata.nextLink"]).json()["value"]) == 1


def test_requests_to_different_mailboxes_wait_side_by_side_and_a_fifth_in_one_is_refused(
    client: Client,
) -> None:
    client.control("PUT", "/latency", json={"service": "graph", "seconds": 0.4})
    people = list(client.sandbox.services.tenant.users)
    urls = [f"{client.graph}/users/{people[0]}/events"] * 5 + [f"{client.graph}/users/{people[1]}/events"] * 4
    begun = time.monotonic()
    with ThreadPoolExecutor(len(urls)) as pool:
        answers = list(pool.map(lambda url: client.ask("GET", url).status_code, urls))
    assert sorted(answers) == [200] * 8 + [429]
    assert time.monotonic() - begun < 3.0
    assert client.control("GET", "/stats").json()["highestInFlight"] == 4


def test_a_reset_connection_and_a_lost_answer_look_the_same_to_the_client(client: Client) -> None:
    url = f"{client.graph}/users/{client.user.id}/events"
    for kind, events in (("reset", 0), ("lost-answer", 1)):
        client.control("POST", "/faults", json={"kind": kind, "match": {"method": "POST"}, "times": 1})
        with pytest.raises(requests.ConnectionError):
            client.ask("POST", url, json=EVENT)
        assert len(client.ask("GET", url).json()["value"]) == events


def test_a_truncated_answer_breaks_off_before_its_announced_length(client: Client) -> None:
    client.control("POST", "/faults", json={"kind": "truncate", "times": 1})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.ask("GET", f"{client.graph}/users")
    assert client.ask("GET", f"{client.graph}/users").status_code == 200


def test_a_malformed_answer_is_complete_but_not_json(client: Client) -> None:
    client.control("POST", "/faults", json={"kind": "malformed", "times": 1})
    answer = client.ask("GET", f"{client.graph}/users")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_post_without_a_length_is_refused(client: Client) -> None:
    context = ssl.create_default_context(cafile=str(client.sandbox.shell.certificates.ca_bundle))
    port = urlsplit(client.graph).port
    with (
        socket.create_connection(("localhost", port or 0), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"POST /v1.0/subscriptions HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 411 ")


def subscription(client: Client, url: str) -> dict[str, Any]:
    tomorrow = client.sandbox.services.clock.now() + timedelta(days=1)
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": url,
        "lifecycleNotificationUrl": f"{url}/lifecycle",
        "resource": f"users/{client.user.id}/events",
        "expirationDateTime": tomorrow.isoformat(),
        "clientState": "secret",
    }


def subscribe(client: Client, url: str) -> str:
    answer = client.ask("POST", f"{client.graph}/subscriptions", json=subscription(client, url))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_subscriber_is_validated_and_told_of_changes_and_lifecycle(
    client: Client, listener: Listener
) -> None:
    name = subscribe(client, f"http://127.0.0.1:{listener.port}/hooks/graph")
    client.control("POST", f"/mailboxes/{client.user.id}/events", json=EVENT)
    [(path, content)] = listener.wait(lambda got: len(got) == 1)
    assert path == "/hooks/graph"
    assert content["value"][0]["subscriptionId"] == name
    client.control("POST", f"/graph/subscriptions/{name}/lifecycle", json={"event": "missed"})
    path, content = listener.wait(lambda got: len(got) == 2)[1]
    assert path == "/hooks/graph/lifecycle"
    assert content["value"][0]["lifecycleEvent"] == "missed"


def test_a_plain_listener_is_reached_by_https_through_the_front(client: Client, listener: Listener) -> None:
    front = client.sandbox.front("127.0.0.1", listener.port)
    assert front.startswith("https://")
    subscribe(client, f"{front}/hooks/graph")
    client.control("POST", f"/mailboxes/{client.user.id}/events", json=EVENT)
    listener.wait(lambda got: len(got) == 1)


def test_an_endpoint_that_nobody_listens_on_gets_no_subscription_and_holds_nobody_up(client: Client) -> None:
    wanted = subscription(client, "https://127.0.0.1:9/hooks/graph")
    answer = client.ask("POST", f"{client.graph}/subscriptions", json=wanted)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ValidationError")


def test_moving_the_clock_repeats_what_was_not_taken(client: Client, listener: Listener) -> None:
    subscribe(client, f"http://127.0.0.1:{listener.port}/hooks/graph")
    client.control("POST", "/faults", json={"kind": "delay-notification", "seconds": 3600, "times": 1})
    client.control("POST", f"/mailboxes/{client.user.id}/events", json=EVENT)
    client.control("POST", "/clock/advance", json={"seconds": 1})
    client.control("POST", "/clock/advance", json={"seconds": 3600})
    listener.wait(lambda got: len(got) == 1)


def test_a_webhook_that_is_not_answered_with_200_comes_three_times(listener: Listener) -> None:
    """The listener answers 202, which Dime.Scheduler does not take for success."""
    services = Services(company="small", key=KEY)
    with background(services) as sandbox:
        client = Client(sandbox)
        hook = {
            "sourceApp": "BC",
            "notificationURL": f"http://127.0.0.1:{listener.port}/hooks/scheduler/created",
            "resource": "Appointments",
            "changeType": ["Create"],
        }
        subscribed = requests.post(
            f"{client.urls['scheduler']}/webhooks/AppointmentCreated",
            json=hook,
            headers={"X-API-KEY": services.api_key},
            timeout=10,
        )
        assert subscribed.status_code == 201
        planned = {"resourceNo": "R001", "start": "2026-11-24T09:00", "end": "2026-11-24T10:00"}
        number = client.control("POST", "/board/appointments", json=planned).json()["appointmentNo"]
        for attempts in (1, 2):
            listener.wait(at_least(attempts))
            wait_for(lambda: services.due() is not None)
            client.control("POST", "/clock/advance", json={"seconds": 60})
        got = listener.wait(at_least(3))
        assert [content["appointmentNo"] for _, content in got] == [number] * 3
        wait_for(lambda: len(services.scheduler.webhooks.transactions) == 1)
        assert services.scheduler.webhooks.transactions[0].status == "Failed"


def at_least(count: int) -> Callable[[list[Any]], bool]:
    return lambda got: len(got) >= count


def wait_for(condition: Callable[[], bool]) -> None:
    """Looks again and again until the condition holds; fails after ten seconds."""
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until, "the condition never held"
        threading.Event().wait(0.005)


def test_an_error_in_a_service_is_500_and_does_not_end_the_process(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(client.sandbox.services.graph.users, "handle", broken)
        assert client.ask("GET", f"{client.graph}/users").status_code == 500
    assert "a defect" in caplog.text
    assert client.ask("GET", f"{client.graph}/users").status_code == 200


# The process.


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`python -m tests.sandbox --services-only --json`, and what it said."""
    command = [sys.executable, "-m", "tests.sandbox", "--services-only", "--json", "--seed", "5"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            yield running, json.loads(running.stdout.readline())
        finally:
            running.kill()


def test_the_process_says_in_one_line_where_everything_is(
    process: tuple[subprocess.Popen[str], dict[str, Any]],
) -> None:
    _, described = process
    assert set(described) >= {
        "graph_url",
        "authority",
        "ca_bundle",
        "tenant_id",
        "client_id",
        "client_secret",
        "scheduler_url",
        "api_key",
        "mailboxes",
        "resources",
        "control_url",
    }
    assert described["graph_url"].startswith("https://")
    assert described["graph_url"].endswith("/v1.0")
    assert all(set(one) == {"id", "email"} for one in described["mailboxes"])
    assert all(set(one) == {"resourceNo", "email"} for one in described["resources"])
    answer = requests.get(
        f"{described['scheduler_url']}/resource", headers={"X-API-KEY": described["api_key"]}, timeout=10
    )
    assert answer.status_code == 200
    assert len(requests.get(f"{described['control_url']}/mailboxes", timeout=10).json()) == len(
        described["mailboxes"]
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_ends_at_once_and_quietly(
    process: tuple[subprocess.Popen[str], dict[str, Any]], number: signal.Signals
) -> None:
    running, described = process
    with requests.Session() as session:
        session.get(f"{described['control_url']}/stats", timeout=10)
        os.kill(running.pid, number)
        assert running.wait(timeout=5) == 0
    assert running.stderr is not None
    assert running.stderr.read() == ""
    assert not Path(described["ca_bundle"]).exists()


def test_a_port_that_is_taken_is_said_in_one_line(listener: Listener) -> None:
    command = [sys.executable, "-m", "tests.sandbox", "--services-only", "--port-control", str(listener.port)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("the sandbox cannot listen: ")
    assert "Traceback" not in ended.stderr

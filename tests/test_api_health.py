"""Health, metrics and the listener itself, over a real socket."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Blueprint, Flask, Response
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from actors.clients.metrics import ServiceState
from actors.resource.messages import Hint
from actors.runtime.clock import SystemClock
from actors.web.server import CannotListen, WebServer
from models.ids import ResourceNo
from models.storage.changes import PutResource
from models.storage.records import ResourceState
from tests.runtime_kit import PATIENCE
from tests.web_kit import ADMIN, ANNA, BRAM, MONDAY, Gateway, Office, client, office, record


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.employ(ANNA, BRAM)
        yield opened


@pytest.fixture
def web(place: Office) -> FlaskClient:
    return client(place)


# Health


def test_a_process_that_answers_lives(web: FlaskClient) -> None:
    assert web.get("/health/live").status_code == 200


def test_it_is_ready_when_the_roster_is_loaded_and_the_store_writable(
    place: Office, web: FlaskClient
) -> None:
    place.state["loaded"] = False
    answer = web.get("/health/ready")
    assert answer.status_code == 503
    assert "resources are being read" in answer.get_json()["reason"]
    place.state["loaded"] = True
    assert web.get("/health/ready").status_code == 200


def test_d11_a_store_that_refuses_turns_health_red(place: Office, web: FlaskClient) -> None:
    """D11: health turns red, and it recovers when the disk does."""
    place.state["problem"] = "the disk is full; make room"
    answer = web.get("/health/ready")
    assert answer.status_code == 503
    assert answer.get_json()["reason"] == "the disk is full; make room"
    assert web.get("/health/live").status_code == 200
    place.state["problem"] = ""
    assert web.get("/health/ready").status_code == 200


# Metrics


def metrics(web: FlaskClient) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = web.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name.removeprefix("exchange_connector_"), tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_figures_are_there(place: Office, web: FlaskClient) -> None:
    place.state["decided"] = {"create_event": 4}
    place.put(PutResource(resource=record(BRAM, ResourceState.OFF)))
    place.router.hint(ANNA, Hint(board=True))
    place.runtime.run_until(MONDAY + timedelta(seconds=5))
    down = replace(Gateway("scheduler").snapshot, state=ServiceState.UNAVAILABLE)
    place.scheduler.tell(down)
    shown = metrics(web)
    assert shown["decisions_total", ("create_event",)] == 4
    assert shown["decisions_total", ("delete_event",)] == 0
    assert shown["resources", ("active",)] == 1
    assert shown["resources", ("off",)] == 1
    assert shown["requests_total", ("graph", "2xx")] == 9
    assert shown["requests_total", ("graph", "4xx")] == 1
    assert shown["requests_total", ("graph", "none")] == 1
    assert shown["retries_total", ("graph",)] == 3
    assert shown["throttled_total", ("scheduler",)] == 1
    assert shown["requests_in_flight", ("graph",)] == 2
    assert shown["requests_waiting", ("graph",)] == 4
    assert shown["requests_delayed", ("graph",)] == 5
    assert shown["service_up", ("graph",)] == 1
    assert shown["service_up", ("scheduler",)] == 0
    assert shown["lag_seconds_max", ()] == 5.0
    assert shown["busy_resources", ()] == 1
    assert shown["journal_entries", ()] == shown["outbox_intents", ()] == 0


def test_the_figures_name_nobody(place: Office, web: FlaskClient) -> None:
    """E: no resource, no address, no mailbox."""
    place.router.hint(ANNA, Hint(board=True))
    text = web.get("/metrics").text.lower()
    assert "anna" not in text
    assert "contoso" not in text


def test_a_store_that_cannot_be_read_is_a_figure(place: Office, web: FlaskClient) -> None:
    place.store.unreadable = True
    assert metrics(web) == {("store_readable", ()): 0.0}


# What holds for every answer


def test_what_does_not_exist_is_404_in_json_and_not_logged_by_its_address(web: FlaskClient) -> None:
    with capture_logs() as logs:
        answer = web.get("/dinner-with-the-lawyer")
    assert answer.status_code == 404
    assert answer.get_json() == {"error": "not found"}
    assert "lawyer" not in repr(logs)


def test_requests_are_logged_by_route_and_not_by_what_was_asked(web: FlaskClient) -> None:
    """E: a subject in an address is a subject."""
    with capture_logs() as logs:
        web.get("/api/explain/dinner-with-the-lawyer", headers=ADMIN)
    (line,) = (line for line in logs if line["event"] == "request")
    assert line["route"] == "/api/explain/<path:item>"
    assert line["status"] == 404
    assert "lawyer" not in repr(logs)


# The listener


@contextmanager
def listening(app: Flask, **more: int) -> Iterator[WebServer]:
    server = WebServer(app, host="127.0.0.1", port=0, clock=SystemClock(), **more)
    server.start()
    try:
        yield server
    finally:
        assert server.stop(PATIENCE) == []


def test_the_listener_answers_and_does_not_say_what_it_runs_on(web: FlaskClient) -> None:
    with listening(web.application) as server:
        answer = requests.get(f"{server.url}/health/live", timeout=PATIENCE)
        assert answer.status_code == 200
        assert "Server" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_d13_the_listener_refuses_what_is_too_large(web: FlaskClient) -> None:
    """D13: also what the application never gets to see."""
    with listening(web.application) as server:
        answer = requests.post(f"{server.url}/hooks/graph", data=b"x" * 1_100_000, timeout=PATIENCE)
        assert answer.status_code == 413
        assert answer.json()["error"]
        parts = urlsplit(server.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE)
        connection.putrequest("POST", "/hooks/graph")
        connection.putheader("Content-Length", str(10**9))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_a_listener_that_is_woken_as_it_is_stopped_ends_once(web: FlaskClient) -> None:
    """What is under way wakes the loop just before it is told to end."""
    server = WebServer(web.application, host="127.0.0.1", port=0, clock=SystemClock())
    server.start()
    trigger = server._server.trigger
    pull = trigger._physical_pull

    def woken_before() -> None:
        pull()
        server._thread.join(0.2)
        pull()

    trigger._physical_pull = woken_before
    assert server.stop(PATIENCE) == []
    assert not server._thread.is_alive()


def test_an_address_in_use_is_refused_with_a_remedy(web: FlaskClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=r"set server\.listen to another"):
            WebServer(web.application, host="127.0.0.1", port=port, clock=SystemClock())


def test_an_address_of_nobody_is_refused(web: FlaskClient) -> None:
    with pytest.raises(CannotListen, match="cannot listen"):
        WebServer(web.application, host="no-such-host.invalid", port=8420, clock=SystemClock())


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - what is tested is how it is named
def test_a_listener_on_every_address_is_reached_on_this_machine(web: FlaskClient, host: str) -> None:
    if host == "::" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    server = WebServer(web.application, host=host, port=0, clock=SystemClock())
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert server.stop(PATIENCE) == []


def test_a_stop_lets_what_is_under_way_finish() -> None:
    begun, may_end = threading.Event(), threading.Event()
    slow = Blueprint("slow", __name__)

    @slow.get("/slow")
    def answer() -> Response:
        begun.set()
        may_end.wait(PATIENCE)
        return Response("done")

    app = Flask(__name__)
    app.register_blueprint(slow)
    server = WebServer(app, host="127.0.0.1", port=0, clock=SystemClock())
    server.start()
    answers: list[str] = []
    asking = threading.Thread(
        target=lambda: answers.append(requests.get(f"{server.url}/slow", timeout=PATIENCE).text)
    )
    asking.start()
    assert begun.wait(PATIENCE)
    stopped: list[list[str]] = []
    stopping = threading.Thread(target=lambda: stopped.append(server.stop(PATIENCE)))
    stopping.start()
    may_end.set()
    stopping.join(PATIENCE)
    asking.join(PATIENCE)
    assert stopped == [[]]
    assert answers == ["done"]


def test_resources_of_every_state_are_counted(place: Office, web: FlaskClient) -> None:
    for state in ResourceState:
        place.put(PutResource(resource=record(ResourceNo(f"R-{state.value}"), state)))
    shown = metrics(web)
    assert all(shown["resources", (state.value,)] >= 1 for state in ResourceState)

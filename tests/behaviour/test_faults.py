"""D: what goes wrong around the connector (BEHAVIOUR.md D1, D8, D13, D14), and services that are down."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.behaviour.company import Company, company_at_work
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Json, wait_until

pytestmark = pytest.mark.process

LONG = 40.0
"""Seconds within which the longest pause between two tries of a service that is down has passed."""
DONE_ALREADY = {"504 after the work was done", "lost answer", "half an answer", "no JSON"}
"""Those in which the service did what it was asked, so that nobody has to ask again."""
REFUSALS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429, "retryAfter": 1},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "503 with a date": {"kind": "status", "status": 503, "retryAfter": "Thu, 01 Jan 1970 00:00:00 GMT"},
    "504 after the work was done": {"kind": "status", "status": 504, "commit": True},
    "reset": {"kind": "reset"},
    "lost answer": {"kind": "lost-answer"},
    "half an answer": {"kind": "truncate"},
    "no JSON": {"kind": "malformed"},
}
OFTEN = ("429", "504 after the work was done", "lost answer")
"""What happens often enough to be tried at every run."""
TROUBLE = [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in REFUSALS]


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing goes wrong after a test because of the test."""
    yield
    if "company" in request.fixturenames:
        request.getfixturevalue("company").sandbox.mend()


def struck(company: Company, times: int) -> None:
    """Wait until the one fault has struck so often; one that is used up is gone."""

    def so_often() -> bool:
        faults = company.sandbox.control("GET", "/faults")
        return not faults or faults[0]["struck"] >= times

    wait_until(so_often, why=f"the fault strikes {times} times")


def ann_sees(company: Company, subject: str) -> None:
    """Wait for as long as pauses that the service asks for may take."""
    wait_until(lambda: company.person("ann").having(subject=subject), LONG, f"Ann sees {subject}")


# D1


@pytest.mark.parametrize("refusal", TROUBLE)
def test_d1_a_create_in_outlook_that_fails_is_tried_again_and_others_keep_their_pace(
    company: Company, refusal: str
) -> None:
    subject, other = company.name("Tried"), company.name("Other")
    match = {"method": "POST", "path": "/events$", "mailbox": "ann@contoso.test"}
    company.sandbox.fault("graph", times=2, match=match, **REFUSALS[refusal])
    planned = company.plan(subject, "R001", "R002")
    company.plan(other, "VAN1")
    company.sees_event("bert", subject)
    company.sees_event("van1", other)
    event = company.sees_event("ann", subject)
    company.look_around()
    assert [one["id"] for one in company.person("ann").having(subject=subject)] == [event["id"]]
    assert company.linked("ann", event) == f"{planned['appointmentGuid']}/R001"
    struck(company, 1 if refusal in DONE_ALREADY else 2)


@pytest.mark.parametrize("refusal", TROUBLE)
def test_d1_a_write_to_the_board_that_fails_is_tried_again(company: Company, refusal: str) -> None:
    subject = company.name("Tried")
    match = {"method": "POST", "path": "^/import"}
    company.sandbox.fault("scheduler", times=2, match=match, **REFUSALS[refusal])
    company.book("ann", subject)
    company.sees_appointment(subject)
    struck(company, 1 if refusal in DONE_ALREADY else 2)
    company.look_around()
    assert len(company.board.having(subject=subject)) == 1


@pytest.mark.slow
def test_d1_retry_after_is_honoured_for_the_one_mailbox(company: Company) -> None:
    """A single refusal is about its own request; when nothing gets through, the mailbox is left alone."""
    subject, seconds = company.name("Patience"), 4
    since = company.sandbox.mark()
    match = {"mailbox": "ann@contoso.test"}
    company.sandbox.fault("graph", "status", status=429, retryAfter=seconds, times=12, match=match)
    for turn in range(12):
        company.plan(f"{subject}/{turn}", "R001", "R002")
    for turn in range(12):
        company.sees_event("bert", f"{subject}/{turn}")
        ann_sees(company, f"{subject}/{turn}")
    entries = company.sandbox.control("GET", f"/requests?since={since}")["requests"]
    refusals = [datetime.fromisoformat(one["at"]) for one in entries if one["status"] == 429]
    assert len(refusals) == 12, "none of the refusals was answered with a storm of tries"
    begin, end = refusals[-1] + timedelta(seconds=0.5), refusals[-1] + timedelta(seconds=seconds)
    meanwhile = [
        one["mailbox"]
        for one in entries
        if one["mailbox"] and begin < datetime.fromisoformat(one["at"]) < end
    ]
    (refused,) = {one["mailbox"] for one in entries if one["status"] == 429}
    assert refused not in meanwhile
    assert len(set(meanwhile)) > 2, "the other mailboxes are asked as always"


@pytest.mark.slow
def test_d1_a_mailbox_that_cannot_be_looked_up_holds_nobody_up(fresh: Company) -> None:
    company = fresh
    company.sandbox.fault("graph", "status", status=503, match={"path": "ann"})
    company.connector.start(wait=False)
    subject = company.name("Without Ann")
    company.plan(subject, "R001", "R002")
    wait_until(lambda: company.person("bert").having(subject=subject), LONG, "Bert does not wait for Ann")
    assert company.person("ann").having(subject=subject) == []
    company.sandbox.mend()
    wait_until(lambda: company.person("ann").having(subject=subject), LONG, "Ann takes part")


# A service that is down


@pytest.mark.parametrize(
    "service", ["graph", *(pytest.param(one, marks=pytest.mark.slow) for one in ("scheduler", "authority"))]
)
def test_a_service_that_is_down_at_the_start_delays_work_and_loses_none(fresh: Company, service: str) -> None:
    company = fresh
    company.sandbox.fault(service, "reset")
    company.connector.start(wait=False)
    planned, booked = company.name("Planned"), company.name("Booked")
    company.plan(planned, "R001", "R002")
    company.book("bert", booked)
    wait_until(lambda: len(refused(company, service)) >= 3, why="it was tried again")
    assert company.connector.is_running
    assert company.connector.get("/health/live") is not None
    company.sandbox.mend()
    wait_until(lambda: company.board.having(subject=booked), LONG)
    for alias in ("ann", "bert"):
        wait_until(lambda alias=alias: company.person(alias).having(subject=planned), LONG)  # type: ignore[misc]
    company.connector.wait_in_step(LONG)
    assert company.connector.starts == 1


@pytest.mark.parametrize("kind", [pytest.param("status", marks=pytest.mark.slow), "reset"])
@pytest.mark.parametrize("service", ["graph", "scheduler"])
def test_a_service_that_goes_down_later_delays_work_and_loses_none(
    company: Company, service: str, kind: str
) -> None:
    planned, booked = company.name("Planned"), company.name("Booked")
    moved, (event,) = company.plan_seen(company.name("Before"), "ann")
    gone, _ = company.plan_seen(company.name("Deleted"), "bert")
    own, _ = company.book_seen("bert", company.name("Own"))
    company.sandbox.fault(service, kind, **({"status": 503} if kind == "status" else {}))
    company.plan(planned, "R001", "VAN1")
    company.book("ann", booked)
    company.board.change(moved["appointmentNo"], subject=f"{moved['subject']} and after")
    company.board.delete(gone["appointmentNo"])
    company.person("bert").delete(own["id"])
    wait_until(lambda: len(refused(company, service)) >= 3, why="it was tried again")
    assert company.connector.is_running
    company.sandbox.mend()
    wait_until(lambda: company.person("van1").having(subject=planned), LONG)
    wait_until(lambda: company.person("ann").having(subject=planned), LONG)
    wait_until(lambda: company.person("ann").having(subject=f"{moved['subject']} and after"), LONG)
    wait_until(lambda: not company.person("bert").having(subject=gone["subject"]), LONG)
    wait_until(lambda: company.board.having(subject=booked), LONG)
    wait_until(lambda: not company.board.having(subject=own["subject"]), LONG)
    assert len(company.person("ann").having(subject=planned)) == 1
    assert company.person("ann").having(subject=event["subject"]) == []


def refused(company: Company, service: str) -> list[Any]:
    """The requests of a service that came to nothing, up to now."""
    return [one for one in company.sandbox.requests(service=service) if one.status in (-1, 503)]


# D8


@pytest.mark.slow
def test_d8_a_failure_inside_200_is_a_failure_and_tried_again(company: Company) -> None:
    subject = company.name("Inner failure")
    inner = {"content": None, "contentType": "application/json", "statusCode": 500}
    match = {"method": "POST", "path": "^/import"}
    company.sandbox.fault("scheduler", "status", status=200, body=inner, times=2, match=match)
    company.book("ann", subject)
    company.sees_appointment(subject)
    struck(company, 2)


@pytest.mark.parametrize(
    "inner",
    [
        {"Success": False, "Message": "The category does not exist.", "Status": 400},
        {
            "content": {"Error": "Invalid", "Description": "The category does not exist."},
            "contentType": "application/json",
            "statusCode": 400,
        },
    ],
    ids=["Success is false", "inner status 400"],
)
def test_d8_a_refusal_inside_200_is_parked_until_the_item_changes_and_the_others_go_on(
    company: Company, inner: Json
) -> None:
    subject, other, again = company.name("Refused"), company.name("Other"), company.name("Taken")
    match = {"method": "POST", "path": "^/import"}
    company.sandbox.fault("scheduler", "status", status=200, body=inner, times=1, match=match)
    event = company.book("ann", subject)
    wait_until(lambda: company.connector.status()["deadLetters"] == 1, why="it is put aside")
    company.book("ann", other)
    company.sees_appointment(other)
    company.look_around()
    assert company.board.having(subject=subject) == []
    company.person("ann").change(event["id"], subject=again)
    company.sees_appointment(again)
    wait_until(lambda: company.connector.status()["deadLetters"] == 0, why="it is settled")


# D13


@pytest.fixture(scope="module")
def guarded(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company whose webhooks show who they are."""
    login = {"webhook_login": "board", "webhook_password": "right"}
    with company_at_work(tmp_path_factory.mktemp("guarded"), signing_key, scheduler=login) as working:
        yield working


WORD = "unmistakable"
GENUINE = {"AppointmentGuid": "6f2c9f0a-8b1e-4c7d-9f3a-1b2c3d4e5f60", "Subject": WORD, "Assignments": []}
NOTICE = {"value": [{"subscriptionId": WORD, "clientState": WORD, "changeType": "updated", "resource": WORD}]}


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("scheduler/updated", {"json": GENUINE}, 401),
        ("scheduler/updated", {"json": GENUINE, "auth": ("board", "wrong")}, 401),
        ("scheduler/updated", {"json": GENUINE, "auth": ("", "")}, 401),
        ("scheduler/updated", {"data": f"{{'{WORD}'", "auth": ("board", "right")}, 400),
        ("scheduler/updated", {"data": "[" * 100_000, "auth": ("board", "right")}, 400),
        ("scheduler/updated", {"data": f'"{WORD}"', "auth": ("board", "right")}, 400),
        ("scheduler/updated", {"data": WORD * 200_000, "auth": ("board", "right")}, 413),
        ("graph", {"json": NOTICE}, 401),
        ("graph", {"json": {"value": [{"subscriptionId": WORD}]}}, 401),
        ("graph", {"data": f"<{WORD}>"}, 400),
        ("graph", {"json": {"value": WORD}}, 400),
        ("graph", {"data": WORD * 200_000}, 413),
        ("graph/lifecycle", {"json": NOTICE}, 401),
    ],
    ids=str,
)
def test_d13_what_is_not_genuine_is_refused_and_nothing_else_happens(
    guarded: Company, path: str, options: dict[str, Any], status: int
) -> None:
    company, since = guarded, guarded.sandbox.mark()
    answer = requests.post(f"{company.connector.url}/hooks/{path}", timeout=10, **options)
    assert answer.status_code == status
    assert WORD not in answer.text
    assert WORD not in company.connector.log_text()
    assert company.connector.logs("hook refused")
    assert company.connector.status()["backlog"]["journal"] == 0
    assert company.sandbox.writes(since) == []


# D14


@contextmanager
def somebody_else() -> Iterator[tuple[str, list[str]]]:
    """Another host, and the requests that it got."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.path} {self.headers.get('Authorization')}")
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("link", ["@odata.nextLink", "@odata.deltaLink"])
def test_d14_a_link_to_another_host_is_never_followed(company: Company, link: str) -> None:
    subject = company.name("After the lure")
    with somebody_else() as (host, asked):
        lure = {"value": [], link: f"{host}/v1.0/users/x/calendarView/delta?$deltatoken=1"}
        match = {"path": "/calendarView/delta", "mailbox": "ann@contoso.test"}
        company.sandbox.fault("graph", "status", status=200, body=lure, times=1, match=match)
        struck(company, 1)
        company.book("ann", subject)
        wait_until(lambda: company.board.having(subject=subject), LONG)
        company.connector.wait_in_step()
        with company.nothing_written():
            company.let_polls_pass()
    assert asked == []


# One resource that fails


@pytest.mark.slow
def test_a_resource_that_fails_on_every_message_does_not_delay_the_others(fresh: Company) -> None:
    """Its links in the store are damaged, so that its actor fails whenever it is started."""
    company = fresh
    company.connector.start()
    planned, _ = company.plan_seen("Before", "ann", "bert")
    company.connector.stop()
    with sqlite3.connect(company.connector.folder / "store.db") as store:
        damaged = store.execute("UPDATE links SET agreed_json = '{' WHERE resource_no = 'R001'").rowcount
    assert damaged
    company.connector.start()
    for round_ in range(3):
        subject = f"Round {round_}"
        company.board.change(planned["appointmentNo"], subject=subject)
        wait_until(lambda subject=subject: company.person("bert").having(subject=subject), 5.0)  # type: ignore[misc]
        booked = f"Booked {round_}"
        company.book("bert", booked, hours=40 + 2 * round_)
        wait_until(lambda booked=booked: company.board.having(subject=booked), 5.0)  # type: ignore[misc]
    assert company.connector.is_running
    assert len(company.connector.logs("child restarts later")) > 1
    assert company.state_of("R001")["lagSeconds"] > 0, "the status shows that it does not keep up"


# Wrong configuration


@pytest.mark.parametrize(
    ("sections", "lines"),
    [
        ({"sync": {"past_day": 3}}, ["sync.past_day"]),
        ({"sync": {"past_days": "three"}}, ["sync.past_days"]),
        ({"scheduler": {"api_key": ""}}, ["scheduler.api_key"]),
        ({"microsoft365": {"client_secret": ""}}, ["microsoft365.client_secret"]),
        ({"rules": {"file": "no-such-file.json"}}, ["rules.file"]),
        ({"storage": {"url": "oracle://somewhere"}}, ["storage.url"]),
        ({"surprise": {"key": 1}}, ["surprise"]),
        ({"mapping": {"subject": "{{ appointment.subject"}}, ["mapping.subject"]),
        (
            {
                "sync": {"conflicts": "mine", "future_days": -1},
                "scheduler": {"api_key": "", "time_zone": "Mars/Olympus"},
            },
            [
                "scheduler.api_key",
                "scheduler.time_zone",
                "sync.conflicts",
                "sync.future_days",
            ],
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_wrong_configuration_ends_with_2_and_one_line_for_each_problem(
    fresh: Company, sections: dict[str, Any], lines: list[str]
) -> None:
    fresh.connector.configure(**sections)
    said = fresh.connector.command("run")
    assert said.code == 2
    told = [line for line in said.stderr.splitlines() if line.strip()]
    assert "Traceback" not in said.stderr
    for key in lines:
        assert sum(key in line for line in told) == 1, said.stderr
    assert len(told) == len(lines), said.stderr
    assert fresh.sandbox.requests() == []


@pytest.mark.parametrize(
    "text", [None, "", "[scheduler\nurl=", "\x00"], ids=["none", "empty", "no TOML", "binary"]
)
def test_an_unreadable_configuration_ends_with_2_and_says_so(
    fresh: Company, tmp_path: Path, text: str | None
) -> None:
    if text is None:
        fresh.connector.config.unlink()
    else:
        fresh.connector.config.write_text(text)
    said = fresh.connector.command("run")
    assert said.code == 2
    assert "Traceback" not in said.stderr
    assert said.stderr.strip()

"""E: words that nobody shares are looked for in everything that the process has written anywhere.

Each text field of each event has a word of its own, a canary. The process lives through a first
synchronisation, changes, changed preferences, answers that quote the words back, answers that are no JSON,
crashes with the words in hand, restarts and commands; then its files, outputs and requests are searched.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from models.decision import Side
from models.ids import ResourceNo
from models.preferences import Verdict
from models.storage.records import DeadLetter, Outcome
from tests.process_kit import Connector, Finished, connector_for
from tests.sandbox.graph.events import Answer
from tests.services_kit import Calendar, Json, Sandbox, hours_from_now, wait_until

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parent.parent
ANN, BERT, CHLOE, DAVID = (f"{name}@contoso.test" for name in ("ann", "bert", "chloe", "david"))
PASSWORD = "canarysecretconsole"
HOOK_PASSWORD = "canarysecrethook"

LOUD_AND_FRAGILE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import logging
import actors.logs
import actors.clients.graph.codec as codec
from actors.resource.mailbox_reader import MailboxReader

quiet = actors.logs.configure_logging
def loud(stream=None, *, readable=None, level=logging.INFO):
    quiet(stream, readable=readable, level=logging.DEBUG)
    logging.root.setLevel(logging.DEBUG)
    for handler in logging.root.handlers:
        handler.setLevel(logging.DEBUG)
actors.logs.configure_logging = loud

read_head, place, crashes = codec.read_head, MailboxReader._place, dict(head=0, place=0)
def read_head_and_fail(item):
    crashes["head"] += 1
    if crashes["head"] in (1, 9, 30):
        raise ValueError(f"cannot read {{item}}")
    return read_head(item)
def place_and_fail(self, event, turn):
    crashes["place"] += 1
    if crashes["place"] in (2, 11, 40):
        raise ValueError(f"cannot place {{event}} of {{self.desk.book}}")
    return place(self, event, turn)
if "run" in sys.argv or "run" in getattr(sys, "orig_argv", ()):
    codec.read_head, MailboxReader._place = read_head_and_fail, place_and_fail
"""
"""What the interpreter of the process runs first: everything is logged, and now and then something crashes
with the words of an event in its text and in its local variables."""


ALL_OF_IT = """
show_as = ["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"]
sensitivity = ["normal", "personal", "private", "confidential"]
resources_decide = false
"""
"""Preferences that somebody may propose, and by which everything would be shared."""


@dataclass
class Aviary:
    """Gives out canaries and remembers them."""

    alive: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(100))

    def word(self, what: str) -> str:
        """A word that is nowhere else."""
        word = f"canary{next(self.numbers)}{what}"
        self.alive[word] = what
        return word

    def event(self, hours: float, **more: Any) -> Json:
        """An event with a canary in each of its text fields."""
        start = hours_from_now(hours)
        fields = {
            "subject": self.word("subject"),
            "body": {"contentType": "html", "content": f"<p>{self.word('body')}</p>"},
            "location": {"displayName": self.word("location")},
            "categories": [self.word("category")],
            "start": start,
            "end": hours_from_now(hours + 1),
            "showAs": "busy",
        }
        return {**fields, **more}

    def guests(self, *addresses: str) -> list[Json]:
        """People who are invited, under names that are canaries."""
        strangers = [f"{self.word('guest')}@elsewhere.test"]
        return [
            {"type": "required", "emailAddress": {"name": self.word("name"), "address": address}}
            for address in (*addresses, *strangers)
        ]

    def found_in(self, content: bytes | str) -> list[str]:
        """The canaries that are in there."""
        text = content.decode("latin-1") if isinstance(content, bytes) else content
        lowered = text.lower()
        return [word for word in self.alive if word in lowered]


@dataclass
class Company:
    """Who keeps what to herself."""

    sandbox: Sandbox
    connector: Connector
    aviary: Aviary = field(default_factory=Aviary)
    outputs: list[str] = field(default_factory=list)
    planned: Json = field(default_factory=dict)

    def calendar(self, address: str) -> Calendar:
        return self.sandbox.mailbox(address)

    def plant(self) -> None:
        """Everything that is not shared by the settings of the small company."""
        ann, bert, give = self.calendar(ANN), self.calendar(BERT), self.aviary.event
        for hours, show_as in enumerate(("free", "tentative", "workingElsewhere", "unknown"), 20):
            ann.create(**give(hours, showAs=show_as))
        for hours, sensitivity in enumerate(("personal", "private", "confidential"), 30):
            ann.create(**give(hours, sensitivity=sensitivity, attendees=self.aviary.guests()))
        ann.create(**give(36, sensitivity="private", recurrence=weekly(36)))
        declined = bert.create(**give(40, attendees=self.aviary.guests(CHLOE), sensitivity="private"))
        (invitation,) = self.calendar(CHLOE).having(subject=declined["subject"])
        self.calendar(CHLOE).act(invitation["id"], "decline", comment=self.aviary.word("answer"))
        self._decline_and_keep(ann.create(**give(39, attendees=self.aviary.guests())))
        cancelled = bert.create(**give(41, attendees=self.aviary.guests(CHLOE), sensitivity="private"))
        bert.act(cancelled["id"], "cancel", comment=self.aviary.word("farewell"))

    def _decline_and_keep(self, event: Json) -> None:
        """An invitation that Ann has declined, and that stays in her calendar."""

        def decline() -> None:
            mailbox = self.sandbox.services.tenant.mailbox_at(ANN)
            assert mailbox is not None
            box, _ = mailbox
            held = box.find(event["id"]).event
            held.is_organizer, held.answer = False, Answer(response="declined")
            box.announce(held)

        self.sandbox.call(decline)

    def command(self, *arguments: str) -> Finished:
        """Run a command and keep what it says."""
        done = self.connector.command(*arguments)
        self.outputs += [done.stdout, done.stderr]
        return done

    def settle(self) -> None:
        """Have everything read anew, and wait until nothing is left to do."""
        with self.connector.store() as store:
            key = store.meta("control_key")
        headers = {"Authorization": f"Bearer {key}"}
        requests.post(f"{self.connector.url}/api/resync", headers=headers, timeout=5, proxies={"http": ""})
        self.connector.wait_in_step(40.0)

    def share(self, number: str, **preferences: Any) -> None:
        """An administrator sets what somebody shares."""
        answer = self.connector.put(f"/api/resources/{number}/preferences", preferences)
        assert answer.status_code == 200
        self.outputs.append(answer.text)

    def ask_everything(self) -> None:
        """The commands that tell something, and every page."""
        ids = [event["id"] for event in self.calendar(ANN).events()][:8]
        for arguments in (
            ("status",),
            ("plan",),
            ("plan", "--json", "--preferences", "all.toml", "--out", "all.plan"),
            ("verify",),
            ("undo", "--since", "1d", "--dry-run"),
            ("undo", "--since", "1d", "--dry-run", "--json"),
            ("explain", ids[0]),
            ("explain", "R001"),
            ("explain", "--resource", "R001", "--at", hours_from_now(20).strftime("%Y-%m-%d")),
        ):
            self.command(*arguments)
        pages = ("/metrics", "/health/ready", "/api/status", "/api/explain/R001?limit=1000")
        items = (f"/api/explain/{quote(item, safe='')}" for item in ids)
        for path in (*pages, *items, "/api/resources/R001/preferences"):
            self.outputs.append(json.dumps(self.connector.get(path, authorised=True)))

    def faults_left(self) -> int:
        """How many faults have not struck yet."""
        return self.sandbox.call(lambda: len(list(self.sandbox.services.traffic.faults)))

    def search(self, since: int) -> dict[str, list[str]]:
        """Where canaries are that should be nowhere."""
        look = self.aviary.found_in
        places = {
            str(path.relative_to(self.connector.folder)): look(path.read_bytes())
            for path in self.connector.folder.rglob("*")
            if path.is_file() and path != self.connector.config and "shim" not in path.parts
        }
        places["what commands and pages said"] = look("\n".join(self.outputs))
        places["the board"] = look(json.dumps(self.sandbox.board.appointments()))
        for one in self.sandbox.requests(since):
            own_words = one.service == "graph" and one.method == "PATCH" and one.mailbox is not None
            content = one.path if own_words else f"{one.path} {json.dumps(one.body)}"
            places[f"request {one.number}: {one.service} {one.method} {one.path}"] = look(content)
        return {place: words for place, words in places.items() if words}


def weekly(hours: float) -> Json:
    """A series of four weeks."""
    day = hours_from_now(hours)
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [day.strftime("%A").lower()]},
        "range": {"type": "numbered", "startDate": day.date().isoformat(), "numberOfOccurrences": 4},
    }


@pytest.fixture
def company(sandbox: Sandbox, tmp_path: Path) -> Iterator[Company]:
    """A company with secrets, and a process that is loud and fragile."""
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "sitecustomize.py").write_text(LOUD_AND_FRAGILE, encoding="utf-8")
    settings: dict[str, Json] = {
        "server": {"admin_password": PASSWORD},
        "scheduler": {"webhook_login": "board", "webhook_password": HOOK_PASSWORD},
    }
    with connector_for(sandbox, tmp_path, **settings) as connector:
        connector.environment["PYTHONPATH"] = str(shim)
        (connector.folder / "all.toml").write_text(ALL_OF_IT, encoding="utf-8")
        yield Company(sandbox, connector)


def quoted(words: list[str]) -> tuple[Json, Json]:
    """A refusal of Graph's, and one of the board's, that hold the words: one as a code, one as an id."""
    code, number, *rest = words
    text = " ".join(rest)
    graph = {"error": {"code": code, "message": text, "innerError": {"request-id": number}}}
    board = {"content": {"success": False, "message": text, "error": code}, "statusCode": 400}
    return graph, board


def quoting(company: Company, times: int = 1) -> None:
    """Answers that quote the words back, as a message, as a code, as an id, as a page that is no JSON."""
    words = list(company.aviary.alive)
    text = " ".join(words)
    sandbox = company.sandbox
    for place, status in enumerate((400, 500, 503)):
        body, _ = quoted(words[place:])
        match = {"path": "calendarView"}
        sandbox.fault("graph", "status", status=status, body=body, times=times, match=match)
    sandbox.fault("graph", "status", status=400, body=f"<html>{text}</html>", times=times)
    sandbox.fault("graph", "malformed", times=times)
    sandbox.fault("scheduler", "status", status=200, body=quoted(words[4:])[1], times=times)
    sandbox.fault("scheduler", "status", status=500, body=text, times=times)
    sandbox.fault("scheduler", "malformed", times=times)


def rejected(company: Company) -> tuple[DeadLetter, ...]:
    """What both services reject for good, in words that quote what is not shared: the dead letters."""
    words, connector, sandbox = list(company.aviary.alive), company.connector, company.sandbox
    graph, board = quoted(words[7:])

    def parked(count: int) -> tuple[DeadLetter, ...]:
        with connector.store() as store:
            letters = store.dead_letters()
        return letters if len(letters) >= count else ()

    sandbox.fault("scheduler", "status", status=200, body=board, times=1, match={"path": "^/import"})
    company.calendar(ANN).create(
        subject="Workshop", showAs="busy", start=hours_from_now(60), end=hours_from_now(61)
    )
    wait_until(lambda: parked(1), 40.0, "the board's refusal is kept")
    match = {"method": "POST", "path": "/events$"}
    sandbox.fault("graph", "status", status=400, body=graph, times=1, match=match)
    sandbox.board.create(subject="Refused", resourceNo="R002", start=wall(62), end=wall(63))
    return wait_until(lambda: parked(2), 40.0, "Graph's refusal is kept")


def test_e_no_word_of_what_is_not_shared_is_anywhere(company: Company) -> None:
    """E, B2, B3: store, log, write-ahead log, dead letters, commands, explain, plan, metrics, API and every
    request; declined and cancelled ones too."""
    sandbox, connector, give = company.sandbox, company.connector, company.aviary.event
    since = sandbox.mark()
    company.plant()
    connector.start()
    company.share("R004", share=False)
    company.calendar(DAVID).create(**give(42))
    company.share("R003", private="mask")
    connector.wait_in_step(40.0)
    with connector.store() as store:
        judged = [one for number in ("R001", "R003") for one in store.unshared_of(ResourceNo(number))]
    company.planned = sandbox.board.create(
        subject="Boiler", resourceNo="R002", start="2030-01-01T09:00", end="2030-01-01T10:00"
    )
    ann = company.calendar(ANN)
    ann.change(ann.events()[0]["id"], subject=company.aviary.word("changed"))
    company.calendar(CHLOE).create(**give(50, sensitivity="private"))
    connector.wait_in_step(40.0)
    quoting(company)
    wait_until(lambda: company.faults_left() <= 2, 40.0, "most of the faults have struck")
    sandbox.mend()
    connector.wait_in_step(60.0)
    letters = rejected(company)
    connector.kill()
    connector.start()
    company.settle()
    company.command("explain", str(letters[0].guid))
    company.command("retry", "--all")
    company.share("R001", private="mask")
    company.settle()
    company.share("R001", private="hide", share=False)
    company.settle()
    company.ask_everything()
    assert company.search(since) == {}
    with connector.store() as store:
        seen = {
            one.verdict
            for number in ("R001", "R002", "R003", "R004")
            for one in (*judged, *store.unshared_of(ResourceNo(number)))
        }
    assert {verdict for verdict in Verdict if not verdict.reaches_board} <= seen
    assert connector.logs("a library reports"), "libraries are heard at the level debug"
    crashed = {line["event"] for line in connector.logs() if "ValueError" in json.dumps(line)}
    assert len(crashed) > 1, "nothing has crashed in the client, or nothing in an actor"
    assert connector.stop() == 0
    assert company.search(since) == {}


def test_e_b3_the_words_of_what_was_shared_once_leave_the_store_and_are_told_to_nobody(
    company: Company,
) -> None:
    """E, B3, B14: hidden, masked, free, switched off, and what a person typed into a planner's item; from
    before-images too."""
    sandbox, connector, give = company.sandbox, company.connector, company.aviary.event
    ann, bert, chloe, david = map(company.calendar, (ANN, BERT, CHLOE, DAVID))
    began = datetime.now(UTC)
    connector.start()
    company.share("R003", private="mask")
    hidden, freed = ann.create(**give(20)), ann.create(**give(22))
    series = ann.create(**give(24, recurrence=weekly(24)))
    masked, off = chloe.create(**give(20)), david.create(**give(20))
    planned = sandbox.board.create(
        subject="Boiler", resourceNo="R002", start=wall(30), end=wall(31), jobNo="SRV-1001", taskNo="10"
    )
    (event,) = wait_until(lambda: bert.having(subject="Boiler"))
    for shared in (hidden, freed, masked, off):
        wait_until(lambda shared=shared: sandbox.board.having(subject=shared["subject"]))  # type: ignore[misc]
    for shared in (hidden, masked):
        (appointment,) = sandbox.board.having(subject=shared["subject"])
        edited = company.aviary.word("edited")
        sandbox.board.change(appointment["appointmentGuid"], subject=edited)
        wait_until(lambda word=edited: ann.having(subject=word) or chloe.having(subject=word))  # type: ignore[misc]
    connector.wait_in_step(40.0)
    with connector.store() as store:
        kept = [one.before for one in store.before_images(began) if one.side is Side.OUTLOOK]
    assert {content.subject for content in kept if content} >= {hidden["subject"], masked["subject"]}
    ann.change(hidden["id"], subject=company.aviary.word("later"), start=hours_from_now(20.5))
    bert.change(event["id"], subject=company.aviary.word("typed"))
    wait_until(lambda: bert.having(subject="Boiler"))
    connector.wait_in_step(40.0)
    assert not company.aviary.found_in(connector.log_text()), "not even what is shared belongs into the log"

    ann.change(hidden["id"], sensitivity="private")
    ann.change(freed["id"], showAs="free")
    ann.change(series["id"], sensitivity="confidential")
    chloe.change(masked["id"], sensitivity="private", body={"contentType": "text", "content": "x"})
    bert.change(event["id"], sensitivity="private", subject=company.aviary.word("typed"))
    company.share("R004", share=False)
    wait_until(lambda: not company.aviary.found_in(json.dumps(sandbox.board.appointments())))
    company.settle()
    since = sandbox.mark()
    company.settle()
    company.ask_everything()
    connector.wait_in_step(40.0)
    assert sandbox.board.having(subject="Unavailable")
    assert company.search(since) == {}
    found = company.command("explain", planned["appointmentGuid"], "--json").json
    assert found["decisions"][0]["subject"] == "Boiler"
    assert all(not one["changes"] for one in found["decisions"])
    with connector.store() as store:
        assert not [
            one for one in store.decisions(planned["appointmentGuid"]) if one.outcome is Outcome.PENDING
        ]
        images = store.before_images(began)
    assert images, "of masked events, and of a planner's"
    assert not company.aviary.found_in(repr([(image.before, image.after) for image in images]))
    undone = company.command("undo", "--since", "1d", "--json").json
    assert undone["totals"]["put_back"], "the masked appointments at least"
    assert undone["totals"]["skipped"], "what is not shared now does not come back"
    company.settle()
    assert company.search(since) == {}
    connector.kill()
    assert company.search(since) == {}


def test_e_no_secret_is_anywhere_but_in_the_configuration(company: Company) -> None:
    """E: the client's secret, the board's key, tokens, passwords; also where services quote them back."""
    sandbox, connector = company.sandbox, company.connector
    said = sandbox.described
    secrets = [said["client_secret"], said["api_key"], PASSWORD, HOOK_PASSWORD, "eyJ0eXAi"]
    company.aviary.alive |= {secret.lower(): "secret" for secret in secrets}
    quoted = {"error": "invalid_client", "error_description": f"AADSTS7000215: {said['client_secret']}"}
    sandbox.fault("authority", "status", status=401, body=quoted, times=2, match={"path": "/token"})
    connector.start(wait=False)
    wait_until(lambda: connector.get("/health/live"), 20.0)
    company.outputs.append(str(connector.get("/api/status", authorised=True)))
    sandbox.mend()
    text = f"Authorization: Bearer eyJ0eXAi.{said['client_secret']} X-API-KEY {said['api_key']}"
    sandbox.fault("scheduler", "status", status=401, body=text, times=1)
    sandbox.fault("graph", "status", status=401, body=text, times=1)
    connector.wait_ready(60.0)
    connector.put("/api/resources/R001/preferences", {"share": True})
    company.ask_everything()
    connector.stop()
    places = [path for path in connector.folder.rglob("*") if path.is_file() and path != connector.config]
    for path in places:
        assert company.aviary.found_in(path.read_bytes()) == [], path
    assert company.aviary.found_in("\n".join(company.outputs)) == []


def wall(hours: float) -> str:
    """A time of the board, in UTC's wall clock: which hour it is does not matter here."""
    return hours_from_now(hours).replace(tzinfo=None).isoformat()

"""The local Graph answers as Microsoft's own type metadata and captured payloads say.

Contract and captures are third-party data under ../shared; where that folder is absent, these tests skip.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not a dependency
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # likewise

from tests.calendar_harness import AMSTERDAM, event, moment, weekly
from tests.sandbox.graph.authority import Authority
from tests.sandbox.graph.service import GraphService
from tests.sandbox.graph.tenant import Tenant, User
from tests.sandbox.wire import Request, Response

FACTS = Path(__file__).resolve().parents[2] / "shared" / "facts"
SAMPLES = FACTS / "graph-samples"
CONTRACT = FACTS / "graph-calendar.openapi.yaml"
WINDOW: dict[str, Any] = {"startDateTime": "2026-08-01T00:00:00Z", "endDateTime": "2026-08-20T00:00:00Z"}
UNLISTED = ("accept", "decline", "tentativelyAccept")
"""Actions that the contract, a subset, leaves out."""
IN_AMSTERDAM = f'outlook.timezone="{AMSTERDAM}"'

pytestmark = pytest.mark.skipif(
    not CONTRACT.exists(), reason="needs ../shared/facts: the contract and the captured payloads"
)


class Contract:
    """The contract: which schema an answer has to satisfy."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document["components"]
        self._paths = [
            (re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path)) + r"\Z"), operations)
            for path, operations in document["paths"].items()
        ]

    def violations(self, method: str, path: str, status: int, content: Any) -> list[str]:
        """What is wrong with an answer; a path or status that the contract does not have is wrong too."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path} is not in the contract"]
        response = operation["responses"].get(str(status)) or (
            self._components["responses"]["error"] if status >= 400 else None
        )
        if response is None:
            return [f"{method} {path} does not answer {status}"]
        if "content" not in response:
            return [] if content is None else [f"{method} {path} {status} has content"]
        schema = response["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**schema, "components": self._components})
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(content)]

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.match(path) and method.lower() in operations:
                found: Mapping[str, Any] = operations[method.lower()]
                return found
        return None


@cache
def contract() -> Contract:
    """The contract, read once."""
    return Contract(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))


class Door:
    """Graph's front door with a valid token. Every answer is held against the contract."""

    def __init__(self) -> None:
        now = datetime(2026, 8, 1, 8, 0, 0, 123456, tzinfo=UTC)
        self.tenant = Tenant(now=lambda: now, random=random.Random(1))
        self.ann = self.tenant.add_user("Ann Able", "ann@contoso.test")
        self.bob = self.tenant.add_user("Bob Baker", "bob@contoso.test")
        authority = Authority(tenant=self.tenant, now=lambda: now, random=random.Random(2))
        self.service = GraphService(
            tenant=self.tenant,
            authority=authority,
            now=lambda: now,
            random=random.Random(3),
            send=lambda delivery: None,
        )
        self._token = authority.application_token()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        prefer: str = IN_AMSTERDAM,
        if_match: str | None = None,
        user: User | None = None,
        **query: Any,
    ) -> tuple[int, Any]:
        """Status and content; `path` is what follows /users/{id}/, query options lose their `$`."""
        headers = {"authorization": f"Bearer {self._token}", "prefer": prefer, "host": "graph.test"}
        if if_match:
            headers["if-match"] = if_match
        content = b""
        if body is not None:
            headers["content-type"] = "application/json"
            content = json.dumps(body).encode()
        options = {n if n in WINDOW else f"${n}": value for n, value in query.items()}
        where = f"/users/{(user or self.ann).id}/{path}"
        return self.send(
            Request(
                method=method, path=f"/v1.0{where}", query=urlencode(options), headers=headers, body=content
            )
        )

    def send(self, request: Request) -> tuple[int, Any]:
        """An answer that keeps the contract."""
        response = self.service.handle(request)
        assert isinstance(response, Response)
        content = response.json() if response.body else None
        path = request.path.removeprefix("/v1.0")
        if path.endswith(UNLISTED):
            return response.status, content
        assert not contract().violations(request.method, path, response.status, content), (request, content)
        return response.status, content

    def follow(self, link: str) -> tuple[int, Any]:
        """A GET on a link."""
        parts = urlsplit(link)
        headers = {"authorization": f"Bearer {self._token}", "prefer": IN_AMSTERDAM, "host": "graph.test"}
        return self.send(Request(method="GET", path=parts.path, query=parts.query, headers=headers))

    def create(self, *, user: User | None = None, **members: Any) -> Any:
        """A new event."""
        status, content = self.call("POST", "events", event(**members), user=user)
        assert status == 201
        return content


@pytest.fixture
def door() -> Door:
    return Door()


def test_every_answer_of_a_working_day_keeps_the_contract(door: Door) -> None:
    """Every kind of call once; `Door` compares each answer with the contract."""
    guests = [{"emailAddress": {"address": "bob@contoso.test", "name": "Bob"}}]
    single = door.create(body={"contentType": "text", "content": "Hi"}, location={"displayName": "Room"})
    master = door.create(**weekly(), attendees=guests)
    door.create(isAllDay=True, start=moment("2026-08-10T00:00:00"), end=moment("2026-08-11T00:00:00"))
    door.create(isOnlineMeeting=True, transactionId="t-1")
    for path in ("events", "calendar/events"):
        assert door.call("GET", path)[0] == 200
    path = f"events/{single['id']}"
    assert door.call("GET", path, prefer='IdType="ImmutableId", outlook.body-content-type="text"')[0] == 200
    assert door.call("GET", path, select="subject,start,originalStart")[0] == 200
    assert door.call("PATCH", path, {"subject": "x"}, if_match=single["@odata.etag"])[0] == 200
    assert door.call("PATCH", path, {"subject": "y"}, if_match=single["@odata.etag"])[0] == 412
    assert door.call("GET", f"events/{master['id']}/instances", **WINDOW)[0] == 200
    _, view = door.call("GET", "calendarView", **WINDOW)
    occurrence = next(row for row in view["value"] if row["type"] == "occurrence")
    assert door.call("PATCH", f"events/{occurrence['id']}", {"subject": "moved"})[0] == 200
    assert door.call("GET", f"events/{occurrence['id']}")[0] == 200
    _, page = door.call("GET", "calendarView/delta", **WINDOW)
    assert door.call("DELETE", path)[0] == 204
    status, page = door.follow(page["@odata.deltaLink"])
    assert (status, {"reason": "deleted"} in [item.get("@removed") for item in page["value"]]) == (200, True)
    _, calendars = door.call("GET", "calendars")
    calendar = f"calendars/{calendars['value'][0]['id']}"
    assert door.call("GET", "calendar")[0] == 200
    assert door.call("GET", f"{calendar}/events")[0] == 200
    assert door.call("GET", f"{calendar}/calendarView/delta", **WINDOW)[0] == 200
    for refused in (
        door.call("GET", path),
        door.call("GET", "events/garbage"),
        door.call("GET", "events", filter="isOnlineMeeting eq true"),
        door.call("GET", "calendarView"),
        door.call("POST", "events", {"subject": "no times"}),
        door.call("GET", "calendarView/delta", deltatoken="x"),
    ):
        assert refused[0] >= 400
        assert {"date", "request-id", "client-request-id"} == refused[1]["error"]["innerError"].keys()
    assert door.call("POST", f"events/{master['id']}/cancel", {"comment": ""})[0] == 202
    [copy] = door.call("GET", "events", user=door.bob)[1]["value"]
    assert copy["isCancelled"] is True


# Captured payloads: the same members, the same kinds of values.

KINDS = (
    ("timestamp", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")),
    ("clock", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("etag", re.compile(r'W/"[A-Za-z0-9+/=\-]+"')),
    ("uid", re.compile(r"040000008200E00074C5B7101A82E008[0-9A-F]{76,80}")),
    ("occurrence", re.compile(r"OID\.[\w=-]+\.\d{4}-\d\d-\d\d")),
    ("link", re.compile(r"https://\S+")),
    ("type", re.compile(r"#microsoft\.graph\.\w+")),
    ("page", re.compile(r"<html>.*</html>\s*", re.DOTALL)),
)


def differences(captured: Any, ours: Any, where: str = "$") -> Iterator[str]:
    """Where two values are not of one shape."""
    if isinstance(captured, dict) and isinstance(ours, dict):
        for name in sorted(captured.keys() ^ ours.keys()):
            yield f"{where}.{name} is only {'captured' if name in captured else 'ours'}"
        for name in captured.keys() & ours.keys():
            yield from differences(captured[name], ours[name], f"{where}.{name}")
    elif isinstance(captured, list) and isinstance(ours, list):
        if len(captured) != len(ours):
            yield f"{where} has {len(captured)} entries captured, {len(ours)} ours"
        for number, (theirs, mine) in enumerate(zip(captured, ours, strict=False)):
            yield from differences(theirs, mine, f"{where}[{number}]")
    elif kind(captured) != kind(ours):
        yield f"{where} is {kind(captured)} captured, {kind(ours)} ours"


def kind(value: Any) -> str:
    """What kind of value it is; texts are told apart by their form."""
    if isinstance(value, str):
        return next((name for name, form in KINDS if form.fullmatch(value)), "text")
    return type(value).__name__


def captured(name: str) -> Any:
    """A captured payload."""
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def without_context(content: Any) -> Any:
    """Captures were cut out of different answers: with and without a context."""
    return {name: value for name, value in content.items() if name != "@odata.context"}


def check(name: str, ours: Any) -> None:
    """Compares one event with its capture."""
    assert list(differences(without_context(captured(name)), without_context(ours))) == []


def test_a_single_event_with_a_guest_from_elsewhere(door: Door) -> None:
    guests = [{"emailAddress": {"address": "bob@example.test", "name": "Bob"}, "type": "required"}]
    created = door.create(body={"contentType": "text", "content": "A single timed event."}, attendees=guests)
    ours = door.call("GET", f"events/{created['id']}")[1]
    check("event-single-organizer.json", ours)
    theirs = captured("event-single-organizer.json")
    assert ours["body"] == theirs["body"]
    assert ours["location"] == theirs["location"]
    assert ours["start"] == theirs["start"]
    assert {**ours["attendees"][0]} == theirs["attendees"][0]


def test_an_all_day_event(door: Door) -> None:
    created = door.create(
        isAllDay=True,
        start=moment("2026-08-10T00:00:00"),
        end=moment("2026-08-11T00:00:00"),
        body={"contentType": "text", "content": ""},
    )
    ours = door.call("GET", f"events/{created['id']}")[1]
    check("event-allday.json", ours)
    theirs = captured("event-allday.json")
    same = ("body", "bodyPreview", "start", "end", "showAs", "isReminderOn", "originalStartTimeZone")
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


@pytest.fixture
def standup(door: Door) -> Any:
    """The weekly series of the captures, its second occurrence moved to 11:00."""
    windows_zone = "W. Europe Standard Time"
    members = weekly(
        subject="PIM fixture: weekly standup",
        body={"contentType": "text", "content": "Standup agenda"},
        location={"displayName": "Room A"},
        start=moment("2026-08-03T09:00:00", windows_zone),
        end=moment("2026-08-03T09:30:00", windows_zone),
    )
    master = door.create(**members)
    second = door.call("GET", "calendarView", **WINDOW)[1]["value"][1]
    patch = {
        "subject": "PIM fixture: standup (moved to 11:00)",
        "start": moment("2026-08-10T11:00:00", windows_zone),
        "end": moment("2026-08-10T11:45:00", windows_zone),
    }
    assert door.call("PATCH", f"events/{second['id']}", patch)[0] == 200
    return master


def test_a_series_master(door: Door, standup: Any) -> None:
    ours = door.call("GET", f"events/{standup['id']}")[1]
    check("event-series-master.json", ours)
    theirs = captured("event-series-master.json")
    same = ("recurrence", "start", "end", "location", "locations", "body", "originalStartTimeZone")
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


def test_a_whole_first_delta_round(door: Door, standup: Any) -> None:
    """Master, singles, an exception in full, and occurrences of seven members in the zone of their series."""
    guests = [{"emailAddress": {"address": "bob@example.test", "name": "Bob"}}]
    door.create(body={"contentType": "text", "content": "A single timed event."}, attendees=guests)
    day: dict[str, Any] = {"start": moment("2026-08-10T00:00:00"), "end": moment("2026-08-11T00:00:00")}
    door.create(isAllDay=True, **day, body={"contentType": "text", "content": ""})
    ours = door.call("GET", "calendarView/delta", **WINDOW)[1]
    theirs = captured("delta-initial-captured.json")

    def key(item: Any) -> tuple[str, str]:
        return item["type"], item["start"]["dateTime"]

    theirs["value"].sort(key=key)
    ours["value"].sort(key=key)
    assert list(differences(theirs, ours)) == []
    times = ("start", "end", "type")
    assert [[item[name] for name in times] for item in ours["value"]] == [
        [item[name] for name in times] for item in theirs["value"]
    ]
    occurrence = next(item for item in ours["value"] if item["type"] == "occurrence")
    assert list(differences(captured("event-occurrence-stub-in-delta.json"), occurrence)) == []
    exception = next(item for item in ours["value"] if item["type"] == "exception")
    check("event-exception-captured.json", exception)
    assert exception["iCalUId"][32:40] == captured("event-exception-captured.json")["iCalUId"][32:40]


def test_an_attendees_copy(door: Door) -> None:
    me = {"emailAddress": {"address": "ann@contoso.test", "name": "Ann"}, "type": "required"}
    created = door.create(
        user=door.bob, attendees=[me], body={"contentType": "html", "content": "An invitation."}
    )
    [copy] = door.call("GET", "events")[1]["value"]
    assert door.call("POST", f"events/{copy['id']}/accept", {})[0] == 202
    ours = door.call("GET", f"events/{copy['id']}", prefer="")[1]
    check("event-attendee-copy.json", ours)
    assert created["iCalUId"] == ours["iCalUId"]


def test_an_event_of_a_second_calendar_and_the_list_of_calendars(door: Door) -> None:
    extra = door.tenant.mailbox(door.ann.id).add_calendar("Extra calendar test", color="lightOrange")
    path = f"calendars/{quote(extra.id)}/events"
    body = event(transactionId="localevent:f897fd4f-2e1f-0e68-c27a-6eadadb4a136")
    assert door.call("POST", path, body)[0] == 201
    [ours] = door.call("GET", path)[1]["value"]
    check("event-second-calendar.json", ours)
    listed = door.call("GET", "calendars")[1]
    assert list(differences(captured("calendars-list.json"), listed)) == []


def test_an_online_meeting(door: Door) -> None:
    door.create(
        isOnlineMeeting=True,
        transactionId="localevent:adf69d60-9b66-b36a-8971-3011084208f9",
        location={"displayName": "Microsoft Teams Meeting"},
        body={"contentType": "html", "content": "<br>"},
    )
    [ours] = door.call("GET", "events")[1]["value"]
    check("event-teams-meeting.json", ours)


def test_a_removed_item_and_the_errors(door: Door) -> None:
    created = door.create()
    link = door.call("GET", "calendarView/delta", **WINDOW)[1]["@odata.deltaLink"]
    door.call("DELETE", f"events/{created['id']}")
    [ours] = door.follow(link)[1]["value"]
    theirs = captured("delta-docs-round2-removed.json")["value"][0]
    assert list(differences(theirs, ours)) == []
    wrong_token = door.call("GET", "calendarView/delta", deltatoken="x")[1]
    wrong_select = door.call("GET", "events", select="wellKnownName")[1]
    for ours, name in ((wrong_token, "error-400-bad-deltatoken.json"), (wrong_select, "error-400.json")):
        theirs = captured(name)
        assert {**ours["error"], "innerError": None}.keys() == {**theirs["error"], "innerError": None}.keys()
        assert ours["error"]["innerError"].keys() == theirs["error"]["innerError"].keys()
        assert ours["error"]["message"].split("'")[0] == theirs["error"]["message"].split("'")[0]
        assert ours["error"]["code"] == theirs["error"]["code"]


# Documentation samples: requests are taken, responses hold no member that ours lack.


@pytest.mark.parametrize(
    "name", ["event-docs-post-request-transactionid.json", "event-docs-extended-property-request.json"]
)
def test_requests_of_the_documentation_are_taken(door: Door, name: str) -> None:
    payload = captured(name)
    status, created = door.call("POST", "events", payload)
    assert (status, created["subject"]) == (201, payload["subject"])
    assert door.call("POST", "events", payload)[0] == 201


@pytest.mark.parametrize(
    "name",
    [
        "event-docs-post-response.json",
        "event-docs-multi-location.json",
        "event-docs-recurring-response.json",
        "event-docs-online-meeting.json",
    ],
)
def test_responses_of_the_documentation_can_be_sent_back_as_requests(door: Door, name: str) -> None:
    """Clients do send whole events back: read-only members are ignored, the rest reads back the same."""
    documented = captured(name)
    documented.pop("transactionId", None)
    status, created = door.call("POST", "events", documented)
    assert status == 201, created
    assert documented.keys() <= created.keys()
    for member in ("subject", "showAs", "type", "recurrence", "isAllDay", "isOnlineMeeting"):
        assert created[member] == documented.get(member), member
    names = [place["displayName"] for place in documented.get("locations", [])]
    assert [place["displayName"] for place in created["locations"]] == names
    assert created["location"]["displayName"] == documented["location"]["displayName"]

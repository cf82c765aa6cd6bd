"""The control interface: acting as people, looking, and causing trouble."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.control import ROUTES, Control
from tests.sandbox.faults import Kind
from tests.sandbox.recorder import Recorder
from tests.sandbox.services import Services
from tests.sandbox.wire import Request, Response
from tests.sandbox_kit import KEY, START, Kit


class Desk:
    """Somebody at the control interface of a tenant with Anna and Bram."""

    def __init__(self) -> None:
        self.kit = Kit.open()
        self.control = Control(self.kit.services)

    def do(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        path, _, query = path.partition("?")
        content = b"" if body is None else json.dumps(body).encode()
        return self.control.handle(
            Request(method=method, path=path, query=query, headers=headers, body=content)
        )

    def get(self, path: str) -> Any:
        response = self.do("GET", path)
        assert response.status == 200, response.body
        return response.json()


@pytest.fixture
def desk() -> Desk:
    """A control interface over a tenant with Anna and Bram."""
    return Desk()


EVENT = {
    "subject": "Dentist",
    "start": {"dateTime": "2026-11-24T09:00:00", "timeZone": "Europe/Brussels"},
    "end": {"dateTime": "2026-11-24T10:00:00", "timeZone": "Europe/Brussels"},
}


def test_the_root_lists_the_routes(desk: Desk) -> None:
    response = desk.do("GET", "/")
    assert response.headers["content-type"].startswith("text/plain")
    assert response.body.decode() == ROUTES


def test_what_is_asked_wrongly_is_answered_in_words(desk: Desk) -> None:
    for method, path, body, status in (
        ("GET", "/nowhere", None, 404),
        ("GET", "/mailboxes/nobody@contoso.test/events", None, 404),
        ("POST", "/faults", {"kind": "earthquake"}, 400),
        ("POST", "/faults", {"kind": "status", "colour": "red"}, 400),
        ("POST", "/faults", {"kind": "status", "match": {"path": "("}}, 400),
        ("POST", "/faults", {"kind": "status", "match": {"mailbox": "nobody"}}, 404),
        ("PUT", "/latency", {"service": "planet", "seconds": 1}, 400),
        ("PUT", "/clock", {"now": "2026-11-22T09:00:00"}, 400),
        ("PUT", "/authority", {"secret": "lost"}, 400),
        ("PUT", "/graph/users/anna@contoso.test", {"shoeSize": 43}, 400),
        ("PUT", "/graph/limits", {"inflight": 43}, 400),
        ("POST", "/graph/subscriptions/none/remove", None, 404),
        ("DELETE", "/faults/fault-9", None, 404),
        ("GET", "/board/appointments/none", None, 404),
    ):
        response = desk.do(method, path, body)
        assert response.status == status, (method, path, response.body)
        assert response.json()["error"]


def test_a_body_that_is_not_json_is_refused(desk: Desk) -> None:
    response = desk.control.handle(Request(method="PUT", path="/clock", body=b"{now}"))
    assert response.status == 400


# A person in Outlook.


def test_a_person_keeps_a_calendar(desk: Desk) -> None:
    created = desk.do("POST", "/mailboxes/anna@contoso.test/events", EVENT)
    assert created.status == 201
    path = f"/mailboxes/{desk.kit.anna.id}/events/{created.json()['id']}"
    assert desk.do("PATCH", path, {"subject": "Doctor"}).status == 200
    view = "startDateTime=2026-11-24T00:00:00Z&endDateTime=2026-11-25T00:00:00Z"
    seen = desk.get(f"/mailboxes/anna@contoso.test/calendarView?{view}")
    assert [event["subject"] for event in seen["value"]] == ["Doctor"]
    assert desk.do("DELETE", path).status == 204
    assert desk.do("GET", path).status == 404


def test_a_person_copies_an_event(desk: Desk) -> None:
    created = desk.do("POST", "/mailboxes/anna@contoso.test/events", EVENT).json()
    copied = desk.do("POST", f"/mailboxes/anna@contoso.test/events/{created['id']}/copy")
    assert copied.status == 201
    assert copied.json()["id"] != created["id"]
    assert copied.json()["subject"] == "Dentist"


def test_what_a_person_does_is_not_a_request_of_the_application_but_is_notified(desk: Desk) -> None:
    kit = desk.kit
    kit.services.graph.throttle.limits.in_flight = 0
    kit.services.faults.add(kind=Kind.STATUS)
    desk.do("POST", "/mailboxes/anna@contoso.test/events", EVENT)
    assert desk.get("/requests")["requests"] == []
    assert len(desk.get("/mailboxes/anna@contoso.test/events")["value"]) == 1


def test_mailboxes_are_listed_with_their_addresses(desk: Desk) -> None:
    desk.kit.services.tenant.add_user("No Box", "no@contoso.test", has_mailbox=False)
    assert [(one["id"], one["email"]) for one in desk.get("/mailboxes")] == [
        (desk.kit.anna.id, "anna@contoso.test"),
        (desk.kit.bram.id, "bram@contoso.test"),
    ]


# A planner on the board.


def test_a_planner_plans_moves_and_deletes() -> None:
    services = Services(company="small", key=KEY)
    control = Control(services)

    def do(method: str, path: str, body: Any = None) -> Response:
        content = b"" if body is None else json.dumps(body).encode()
        return control.handle(Request(method=method, path=path, body=content))

    before = len(do("GET", "/board/appointments").json())
    planned = do(
        "POST",
        "/board/appointments",
        {"subject": "Repair", "resourceNo": "R001", "start": "2026-11-24T09:00", "end": "2026-11-24T10:00"},
    )
    assert planned.status == 201
    path = f"/board/appointments/{planned.json()['appointmentGuid']}"
    assert do("PATCH", path, {"subject": "Repair, urgent"}).json()["subject"] == "Repair, urgent"
    assert do("GET", path).json()["subject"] == "Repair, urgent"
    assert do("DELETE", path).status == 204
    assert len(do("GET", "/board/appointments").json()) == before
    assert do("POST", "/board/resources", {"resourceNo": "R999"}).status == 201
    assert (
        do("PATCH", "/board/resources/R999", {"email": "x@contoso.test"}).json()["email"] == "x@contoso.test"
    )
    assert do("PATCH", "/board/resources/R000", {"email": "x"}).status == 404


# Looking.


def test_requests_are_listed_from_a_number_on_and_can_be_cleared(desk: Desk) -> None:
    desk.kit.through_traffic("GET", "/users?$top=1")
    first = desk.get("/requests")
    [entry] = first["requests"]
    assert entry["path"] == "/v1.0/users?$top=1"
    assert (entry["service"], entry["method"], entry["status"]) == ("graph", "GET", 200)
    assert entry["at"] == "2026-11-23T09:00:00Z"
    desk.kit.through_traffic("POST", f"/users/{desk.kit.anna.id}/events", EVENT)
    [entry] = desk.get(f"/requests?since={first['next']}")["requests"]
    assert entry["mailbox"] == desk.kit.anna.id
    assert entry["body"] == EVENT
    desk.do("DELETE", "/requests")
    assert desk.get("/requests")["requests"] == []
    desk.kit.through_traffic("GET", "/users")
    assert desk.get("/requests")["requests"][0]["n"] == 3


def test_the_log_is_bounded_and_numbers_go_on() -> None:
    recorder = Recorder(keep=3)
    for _ in range(5):
        recorder.begin("graph", Request(method="GET", path="/"), START, None, None)
    assert [entry.number for entry in recorder.since(0)] == [3, 4, 5]
    assert [entry.number for entry in recorder.since(5)] == [5]
    assert recorder.counts["graph"] == 5


def test_a_secret_is_not_in_the_log(desk: Desk) -> None:
    services = desk.kit.services
    form = f"client_secret={services.authority.application.secret}".encode()
    path = f"/{services.authority.tenant_id}/oauth2/v2.0/token"
    list(services.visit("authority", Request(method="POST", path=path, body=form)))
    shown = json.dumps(desk.get("/requests"))
    assert "authority" in shown
    assert services.authority.application.secret not in shown


def test_the_statistics_count_by_service(desk: Desk) -> None:
    desk.kit.through_traffic("GET", f"/users/{desk.kit.anna.id}/events")
    stats = desk.get("/stats")
    assert stats["requests"] == {"graph": 1, "authority": 0, "scheduler": 0}
    assert stats["highestInFlight"] == 1


# Trouble.


def test_a_fault_strikes_as_often_as_it_should_and_can_be_taken_back(desk: Desk) -> None:
    match = {"method": "get", "path": "/events$", "mailbox": "anna@contoso.test"}
    fault = {"service": "graph", "match": match, "kind": "status", "status": 504, "times": 2}
    assert desk.do("POST", "/faults", fault).status == 201

    def status(path: str) -> int:
        answer = desk.kit.through_traffic("GET", path).response
        return answer.status if answer else 0

    anna, bram = f"/users/{desk.kit.anna.id}/events", f"/users/{desk.kit.bram.id}/events"
    assert [status(bram), status(anna), status(f"{anna}?$top=1")] == [200, 504, 200]
    assert desk.get("/faults")[0]["struck"] == 1
    assert [status(anna), status(anna)] == [504, 200]
    assert desk.get("/faults") == []
    name = desk.do("POST", "/faults", {"kind": "reset"}).json()["id"]
    assert status(anna) == 0
    assert desk.do("DELETE", f"/faults/{name}").status == 204
    assert status(anna) == 200


def test_a_fault_may_come_after_the_work_was_done(desk: Desk) -> None:
    desk.do("POST", "/faults", {"kind": "status", "status": 503, "commit": True, "times": 1})
    answer = desk.kit.through_traffic("POST", f"/users/{desk.kit.anna.id}/events", EVENT).response
    assert answer is not None
    assert answer.status == 503
    assert len(desk.get("/mailboxes/anna@contoso.test/events")["value"]) == 1


def test_a_fault_of_some_probability_strikes_some(desk: Desk) -> None:
    desk.do("POST", "/faults", {"kind": "reset", "probability": 0.5})
    answers = [desk.kit.through_traffic("GET", "/users").response for _ in range(60)]
    assert 10 < sum(answer is None for answer in answers) < 50


@pytest.mark.parametrize("kind", ["malformed", "truncate"])
def test_an_answer_can_arrive_broken(desk: Desk, kind: str) -> None:
    desk.do("POST", "/faults", {"kind": kind})
    answer = desk.kit.through_traffic("GET", "/users")
    assert answer.response is not None
    assert answer.truncated is (kind == "truncate")
    if kind == "malformed":
        with pytest.raises(ValueError, match="Expecting value"):
            answer.response.json()


def test_latency_and_delay_add_up(desk: Desk) -> None:
    desk.do("PUT", "/latency", {"service": "graph", "seconds": 0.2})
    desk.do("POST", "/faults", {"kind": "delay", "seconds": 3, "times": 1})
    [(seconds, _)] = desk.kit.together([desk.kit.request("GET", "/users")])
    assert seconds == pytest.approx(3.2)
    assert desk.get("/latency") == {"graph": 0.2, "authority": 0.0, "scheduler": 0.0}


def test_the_clock_is_set_moved_and_released(desk: Desk) -> None:
    assert desk.get("/clock") == {"now": "2026-11-23T09:00:00Z", "frozen": True}
    moved = desk.do("POST", "/clock/advance", {"seconds": 90})
    assert moved.json()["now"] == "2026-11-23T09:01:30Z"
    desk.do("PUT", "/clock", {"now": "2027-01-01T01:00:00+01:00", "frozen": True})
    assert desk.get("/clock")["now"] == "2027-01-01T00:00:00Z"
    assert desk.do("DELETE", "/clock").json()["frozen"] is False
    desk.do("PUT", "/clock", {"now": "2030-01-01T00:00:00Z"})
    assert desk.get("/clock")["now"].startswith("2030-01-01T00:00:0")
    assert desk.get("/clock")["frozen"] is False


def test_delta_links_expire_for_one_mailbox_or_for_all(desk: Desk) -> None:
    window = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z"
    links = {}
    for user in (desk.kit.anna, desk.kit.bram):
        first = desk.kit.ask("GET", f"/users/{user.id}/calendarView/delta?{window}").json()
        links[user.id] = first["@odata.deltaLink"].partition("/v1.0")[2]
    desk.do("POST", "/graph/delta-tokens/expire", {"mailbox": "anna@contoso.test"})
    assert [desk.kit.ask("GET", link).status for link in links.values()] == [410, 200]
    desk.do("POST", "/graph/delta-tokens/expire")
    assert desk.kit.ask("GET", links[desk.kit.bram.id]).status == 410


def test_a_user_is_added_changed_and_found(desk: Desk) -> None:
    created = desk.do("POST", "/graph/users", {"displayName": "Cleo Maes", "mail": "cleo@contoso.test"})
    assert created.status == 201
    desk.do("PUT", "/graph/users/cleo@contoso.test", {"mail": "c.maes@contoso.test", "time_zone": "UTC"})
    found = desk.kit.ask("GET", "/users?$filter=mail%20eq%20'c.maes@contoso.test'").json()["value"]
    assert [user["id"] for user in found] == [created.json()["id"]]
    desk.do("PUT", "/graph/users/c.maes@contoso.test", {"mailboxProblem": "ErrorAccessDenied"})
    assert desk.kit.ask("GET", f"/users/{created.json()['id']}/events").status == 403


def test_the_application_loses_its_secret_its_roles_and_its_authority(desk: Desk) -> None:
    authority = desk.kit.services.authority
    old = authority.application.secret
    shown = desk.do(
        "PUT", "/authority", {"secret": "rotated", "roles": ["Calendars.Read"], "tokenSeconds": 60}
    )
    assert shown.json()["clientSecret"] == authority.application.secret != old
    assert authority.key.claims_of(authority.application_token())["roles"] == ["Calendars.Read"]
    assert desk.do("PUT", "/authority", {"up": False}).json()["up"] is False
    assert desk.do("PUT", "/authority", {"secret": "valid", "up": True}).json()["secret"] == "valid"


def test_limits_and_notifications_are_configured(desk: Desk) -> None:
    limits = desk.do("PUT", "/graph/limits", {"inFlight": 2, "retryAfter": "missing"}).json()
    assert (limits["inFlight"], limits["retryAfter"]) == (2, "missing")
    assert desk.kit.services.graph.throttle.limits.in_flight == 2
    shown = desk.do("PUT", "/graph/notifications", {"collectSeconds": 2, "duplicates": 201}).json()
    assert (shown["collectSeconds"], shown["duplicates"]) == (2.0, 201)

"""The administrator's API: who may use it, what it answers, what it sets going."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from actors.resource.messages import Hint
from actors.supervision_messages import Release
from actors.web.access import announcement, new_secret
from models.decision import Act, Reason
from models.ids import AppointmentGuid, ResourceNo
from models.storage.changes import AddDeadLetter, AddDecision, PutResource
from models.storage.records import DeadLetter, DecisionRecord, ResourceState, Trigger
from tests.web_kit import (
    ADMIN,
    ANNA,
    BRAM,
    CONTROL_KEY,
    MONDAY,
    PASSWORD,
    Office,
    basic,
    client,
    office,
    record,
)

KEY = {"Authorization": f"Bearer {CONTROL_KEY}"}
ROUTES = [
    ("GET", "/api/status"),
    ("GET", "/api/explain/1"),
    ("GET", "/api/resources/ANNA/preferences"),
    ("PUT", "/api/resources/ANNA/preferences"),
    ("POST", "/api/resync"),
    ("POST", "/api/retry"),
    ("POST", "/api/undo"),
    ("GET", "/api/undo"),
]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.employ(ANNA, BRAM)
        yield opened


@pytest.fixture
def web(place: Office) -> FlaskClient:
    return client(place)


def letter(number: ResourceNo = ANNA, id: str = "letter-1") -> DeadLetter:
    return DeadLetter(
        id=id,
        resource_no=number,
        guid=AppointmentGuid("g"),
        act=Act.UPDATE_EVENT,
        reason="too long",
        first_at=MONDAY,
        last_at=MONDAY,
    )


# Who may


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("admin", "wrong"),
        basic("root", PASSWORD),
        basic("admin", ""),
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Digest {PASSWORD}"},
    ],
)
def test_nobody_else_is_let_in(
    place: Office, web: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    with capture_logs() as logs:
        answer = web.open(path, method=method, headers=headers, json={"share": False})
    assert answer.status_code == 401
    assert answer.is_json
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert place.store.preferences_of(ANNA) is None
    assert place.hint_of(ANNA) is None
    assert "wrong" not in repr(logs)


@pytest.mark.parametrize("headers", [ADMIN, KEY])
def test_the_administrator_and_the_command_line_are_let_in(web: FlaskClient, headers: dict[str, str]) -> None:
    assert web.get("/api/status", headers=headers).status_code == 200


def test_without_a_password_only_the_key_opens(place: Office) -> None:
    web = client(place, password="")
    for headers in (basic("admin", ""), ADMIN, {}):
        answer = web.get("/api/status", headers=headers)
        assert answer.status_code == 401
        assert "server.admin_password" in answer.get_json()["error"]
    assert web.get("/api/status", headers=KEY).status_code == 200


def test_without_a_key_no_key_opens(place: Office) -> None:
    web = client(place, key="")
    assert web.get("/api/status", headers={"Authorization": "Bearer "}).status_code == 401


def test_the_command_line_finds_the_key_beside_the_store(place: Office) -> None:
    key = new_secret()
    assert len(key) > 40
    assert key != new_secret()
    place.put(*announcement(control_key=key, control_url="http://127.0.0.1:8420"))
    assert place.store.meta("control_key") == key
    assert place.store.meta("control_url") == "http://127.0.0.1:8420"
    assert (
        client(place, key=key).get("/api/status", headers={"Authorization": f"Bearer {key}"}).status_code
        == 200
    )


# Status and explanations


def test_status_is_the_object_of_the_contract(place: Office, web: FlaskClient) -> None:
    place.state["polled"] = {"mailbox-of-BRAM": "found by polling only"}
    place.router.hint(ANNA, Hint(board=True))
    place.runtime.run_until(MONDAY + timedelta(seconds=3))
    value = web.get("/api/status", headers=ADMIN).get_json()
    assert value == place.administration.status().as_json()
    assert list(value) == [
        "backlog",
        "resources",
        "deadLetters",
        "heldBack",
        "quarantined",
        "subscriptions",
        "services",
        "rules",
    ]
    anna, bram = value["resources"]
    assert (anna["resourceNo"], anna["state"], anna["lagSeconds"]) == ("ANNA", "active", 3.0)
    assert (bram["lagSeconds"], bram["reason"]) == (0.0, "found by polling only")
    assert value["services"]["graph"] == {"state": "ok", "code": "", "remedy": ""}


def test_a_gateway_that_is_gone_shows(place: Office, web: FlaskClient) -> None:
    place.graph.stop()
    place.runtime.settle()
    assert web.get("/api/status", headers=ADMIN).get_json()["services"]["graph"]["state"] == "unavailable"


def test_an_item_is_explained_by_any_of_its_names(place: Office, web: FlaskClient) -> None:
    decided = DecisionRecord(
        id="d1",
        at=MONDAY,
        resource_no=ANNA,
        guid=AppointmentGuid("0c6b8a52"),
        number="A/17",
        subject="Visit to Ghent",
        trigger=Trigger.POLL,
        act=Act.CREATE_EVENT,
        reason=Reason.NEW_ON_BOARD,
    )
    place.put(AddDecision(decision=decided), AddDecision(decision=replace(decided, id="d2")))
    for name in ("A/17", "0C6B8A52", "visit to ghent", "Ghent", "ANNA"):
        answer = web.get(f"/api/explain/{name}", headers=ADMIN)
        assert answer.status_code == 200
        assert [one["id"] for one in answer.get_json()["decisions"]] == ["d2", "d1"]
    assert len(web.get("/api/explain/ANNA?limit=1", headers=ADMIN).get_json()["decisions"]) == 1


def test_an_unknown_item_is_404_with_what_may_be_the_matter(web: FlaskClient) -> None:
    answer = web.get("/api/explain/nothing", headers=ADMIN)
    assert answer.status_code == 404
    assert "nothing was decided" in answer.get_json()["explanation"]


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1001", "²"])
def test_a_limit_is_a_number_in_reason(web: FlaskClient, limit: str) -> None:
    answer = web.get("/api/explain/x", headers=ADMIN, query_string={"limit": limit})
    assert answer.status_code == 400
    assert answer.get_json()["error"].startswith("limit:")


# Preferences

DEFAULTS = {"share": True, "showAs": ["busy", "oof"], "sensitivity": ["normal"], "private": "hide"}


def test_a_resource_that_has_not_chosen_has_the_defaults(web: FlaskClient) -> None:
    assert web.get("/api/resources/ANNA/preferences", headers=ADMIN).get_json() == {
        "resourceNo": "ANNA",
        **DEFAULTS,
        "setBy": None,
        "setAt": None,
        "locked": False,
        "effective": DEFAULTS,
    }


def test_b10_a_choice_is_stored_told_and_has_the_events_judged_again(place: Office, web: FlaskClient) -> None:
    """B10: the preferences change, by an administrator."""
    chosen = {
        "share": True,
        "showAs": ["free", "workingElsewhere"],
        "sensitivity": ["normal", "private"],
        "private": "mask",
    }
    answer = web.put("/api/resources/ANNA/preferences", headers=ADMIN, json=chosen)
    assert answer.status_code == 200
    expected = {
        "resourceNo": "ANNA",
        **chosen,
        "setBy": "administrator",
        "setAt": "2026-03-02T08:00:00Z",
        "locked": False,
        "effective": chosen,
    }
    assert answer.get_json() == expected
    assert web.get("/api/resources/ANNA/preferences", headers=ADMIN).get_json() == expected
    assert place.hint_of(ANNA) == Hint(preferences=True, trigger=Trigger.PREFERENCES)
    assert place.hint_of(BRAM) is None


def test_what_is_not_mentioned_stays(web: FlaskClient) -> None:
    web.put("/api/resources/ANNA/preferences", headers=ADMIN, json={"show_as": ["free"]})
    web.put("/api/resources/ANNA/preferences", headers=ADMIN, json={"share": False})
    value = web.get("/api/resources/ANNA/preferences", headers=ADMIN).get_json()
    assert (value["share"], value["showAs"], value["private"]) == (False, ["free"], "hide")


def test_an_answer_can_be_sent_back_as_it_is(web: FlaskClient) -> None:
    value = web.get("/api/resources/ANNA/preferences", headers=ADMIN).get_json()
    answer = web.put("/api/resources/ANNA/preferences", headers=ADMIN, json=value)
    assert answer.status_code == 200
    assert answer.get_json()["effective"] == DEFAULTS


def test_b17_where_the_defaults_hold_for_everyone_a_choice_is_shown_and_does_not_count(
    place: Office, web: FlaskClient
) -> None:
    """B17."""
    place.state["decide"] = False
    value = web.put("/api/resources/ANNA/preferences", headers=ADMIN, json={"share": False}).get_json()
    assert value["share"] is False
    assert value["effective"] == DEFAULTS


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"shares": True}, "'shares'"),
        ({"share": "yes"}, "share: 'yes'"),
        ({"share": 1}, "share: 1"),
        ({"showAs": "busy"}, "showAs: 'busy'"),
        ({"showAs": ["busy", "away"]}, "showAs: 'away'"),
        ({"showAs": [None]}, "showAs: None"),
        ({"sensitivity": ["secret"]}, "sensitivity: 'secret'"),
        ({"private": "blur"}, "private: 'blur'"),
        ({"private": None}, "private: None"),
        ({"resourceNo": "BRAM"}, "resourceNo"),
        ([], "object"),
        ("x", "object"),
    ],
)
def test_what_cannot_be_is_refused_by_name(place: Office, web: FlaskClient, body: Any, named: str) -> None:
    answer = web.put("/api/resources/ANNA/preferences", headers=ADMIN, json=body)
    assert answer.status_code == 400
    assert named in answer.get_json()["error"]
    assert place.store.preferences_of(ANNA) is None
    assert place.hint_of(ANNA) is None


def test_values_come_in_any_letter_case(web: FlaskClient) -> None:
    value = web.put(
        "/api/resources/ANNA/preferences",
        headers=ADMIN,
        json={"showAs": ["OOF", "workingelsewhere"], "private": "Mask"},
    ).get_json()
    assert (value["showAs"], value["private"]) == (["oof", "workingElsewhere"], "mask")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_unknown_resource_is_404(web: FlaskClient, method: str) -> None:
    answer = web.open("/api/resources/NOBODY/preferences", method=method, headers=ADMIN, json={"share": True})
    assert answer.status_code == 404
    assert answer.is_json


def test_a_choice_that_is_not_stored_is_not_acknowledged(place: Office, web: FlaskClient) -> None:
    """D11: no acknowledgement of what is not stored."""
    place.store.full = True
    answer = web.put("/api/resources/ANNA/preferences", headers=ADMIN, json={"share": False})
    assert answer.status_code == 503
    assert place.hint_of(ANNA) is None


def test_a_resource_that_is_off_may_choose_for_later(place: Office, web: FlaskClient) -> None:
    off = ResourceNo("A/7")
    place.put(PutResource(resource=record(off, ResourceState.OFF)))
    assert web.put("/api/resources/A/7/preferences", headers=ADMIN, json={"share": False}).status_code == 200
    assert place.store.preferences_of(off) is not None


# Again


@pytest.mark.parametrize(("body", "count"), [({}, 2), ({"resource": None}, 2), ({"resource": "ANNA"}, 1)])
def test_a_resynchronisation_reads_everything(
    place: Office, web: FlaskClient, body: dict[str, Any], count: int
) -> None:
    answer = web.post("/api/resync", headers=KEY, json=body)
    assert (answer.status_code, answer.get_json()) == (202, {"resources": count})
    assert place.hint_of(ANNA) == Hint(board=True, outlook=True, full=True, trigger=Trigger.COMMAND)
    assert (place.hint_of(BRAM) is not None) == (count == 2)


def test_a_resource_that_cannot_be_resynchronised_says_why(place: Office, web: FlaskClient) -> None:
    place.put(
        PutResource(resource=record(ResourceNo("CLEO"), ResourceState.NO_EMAIL, reason="give it an e-mail"))
    )
    answer = web.post("/api/resync", headers=KEY, json={"resource": "CLEO"})
    assert answer.status_code == 409
    assert "give it an e-mail" in answer.get_json()["error"]
    assert web.post("/api/resync", headers=KEY, json={"resource": "NOBODY"}).status_code == 404


def test_a_dead_letter_goes_back_to_work(place: Office, web: FlaskClient) -> None:
    place.put(AddDeadLetter(letter=letter()), AddDeadLetter(letter=letter(BRAM, "letter-2")))
    answer = web.post("/api/retry", headers=KEY, json={"id": "letter-1"})
    assert (answer.status_code, answer.get_json()) == (202, {"deadLetters": 1, "heldBack": 0, "resources": 0})
    assert [one.id for one in place.store.dead_letters()] == ["letter-2"]
    hint = place.hint_of(ANNA)
    assert hint is not None
    assert hint.trigger is Trigger.RETRY
    assert place.hint_of(BRAM) is None


def test_everything_goes_back_to_work_quarantined_resources_included(place: Office, web: FlaskClient) -> None:
    place.put(
        AddDeadLetter(letter=letter()),
        PutResource(resource=record(BRAM, ResourceState.QUARANTINED, reason="it crashed too often")),
    )
    answer = web.post("/api/retry", headers=KEY, json={"all": True})
    assert answer.get_json() == {"deadLetters": 1, "heldBack": 0, "resources": 1}
    assert place.store.dead_letters() == ()
    assert Release(key=BRAM) in place.told(place.supervisor)
    assert place.hint_of(ANNA) is not None
    assert place.hint_of(BRAM) is not None


def test_one_resource_goes_back_to_work_alone(place: Office, web: FlaskClient) -> None:
    place.put(AddDeadLetter(letter=letter()), AddDeadLetter(letter=letter(BRAM, "letter-2")))
    assert web.post("/api/retry", headers=KEY, json={"resource": "BRAM"}).get_json()["deadLetters"] == 1
    assert [one.id for one in place.store.dead_letters()] == ["letter-1"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"all": False}, 400),
        ({"all": True, "id": "x"}, 400),
        ({"id": 7}, 400),
        ({"resource": ""}, 400),
        ({"everything": True}, 400),
        ([], 400),
        ({"id": "gone"}, 409),
        ({"resource": "NOBODY"}, 404),
    ],
)
def test_a_retry_names_what_to_retry(web: FlaskClient, body: Any, status: int) -> None:
    answer = web.post("/api/retry", headers=KEY, json=body)
    assert answer.status_code == status
    assert answer.get_json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"since": "yesterday"}, 400),
        ({"since": "2026-03-02T07:00:00"}, 400),
        ({"since": 7}, 400),
        ({"since": "2026-03-02T07:00:00+00:00", "resource": "NOBODY"}, 404),
        ({"since": "2026-03-02T07:00:00+00:00", "all": True}, 400),
        ({"since": "0001-01-01T00:00:00+05:00"}, 400),
    ],
)
def test_an_undo_names_a_moment_with_its_zone(web: FlaskClient, body: Any, status: int) -> None:
    answer = web.post("/api/undo", headers=KEY, json=body)
    assert answer.status_code == status
    assert answer.get_json()["error"]
    assert web.get("/api/undo", headers=KEY).status_code == 409


def test_an_undo_of_nothing_has_ended_at_once(web: FlaskClient) -> None:
    answer = web.post("/api/undo", headers=KEY, json={"since": "2026-03-02T07:00:00Z", "dryRun": True})
    assert answer.status_code == 202
    assert answer.get_json() == {
        "since": "2026-03-02T07:00:00Z",
        "dryRun": True,
        "totals": {"planned": 0, "put_back": 0, "skipped": 0, "failed": 0},
        "waitingFor": [],
        "resources": [],
    }


@pytest.mark.parametrize("path", ["/api/resync", "/api/retry", "/api/resources/ANNA/preferences"])
def test_a_body_that_is_not_json_is_refused(web: FlaskClient, path: str) -> None:
    method = "PUT" if path.endswith("preferences") else "POST"
    assert web.open(path, method=method, headers=KEY, data=b"{").status_code == 400


def test_a_store_that_cannot_be_read_says_so(place: Office, web: FlaskClient, tmp_path: Path) -> None:
    place.store.unreadable = True
    answer = web.get("/api/status", headers=ADMIN)
    assert answer.status_code == 503
    assert "locked" in answer.get_json()["error"]

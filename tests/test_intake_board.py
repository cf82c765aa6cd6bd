"""Dime.Scheduler's hooks: payloads of every shape, on disk, answered 200, then hints (D4, D13)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from actors.clients.errors import About, Unavailable
from actors.committing import StoreDesk
from actors.intake import Intake
from actors.resource.messages import AppointmentRef, Hint
from actors.web.access import Login
from models.ids import AppointmentGuid, AppointmentId, ResourceNo
from models.storage.records import JournalSource, Trigger
from tests.web_kit import ANNA, BRAM, Office, basic, client, office

GUID = AppointmentGuid("0c6b8a52-0e0f-4f0c-9a55-1a2b3c4d5e6f")
ID = AppointmentId("1212993")
CLEO = ResourceNo("CLEO")
PRIVATE = "Dinner with the lawyer"
LOGIN = Login(name="board", password="hush")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.employ(ANNA, BRAM)
        opened.intake.replay()
        yield opened


@pytest.fixture
def web(place: Office) -> FlaskClient:
    return client(place)


def post(web: FlaskClient, payload: Any, kind: str = "updated", **more: Any) -> TestResponse:
    return web.post(f"/hooks/scheduler/{kind}", json=payload, **more)


SHAPES: dict[str, Any] = {
    "as documented": {
        "appointmentNo": "rVjMXrDY",
        "id": 1212993,
        "Subject": PRIVATE,
        "AppointmentGuid": GUID.upper(),
        "Assignments": [{"ResourceId": 7, "Resource": {"ResourceNo": "ANNA", "Email": "anna@contoso.test"}}],
    },
    "as it was seen": {
        "Id": 1212993,
        "AppointmentNo": "rVjMXrDY",
        "AppointmentGuid": "{" + GUID + "}",
        "Subject": PRIVATE,
        "Resources": [{"ResourceNo": "ANNA", "DisplayName": "Anna"}],
    },
    "flat": {"id": "1212993", "appointmentGuid": GUID, "resourceNo": "ANNA", "subject": PRIVATE},
    "shouting": {"ID": 1212993, "APPOINTMENTGUID": GUID, "ASSIGNMENTS": [{"RESOURCENO": "ANNA"}]},
    "an array": [{"id": 1212993, "appointmentGuid": GUID, "resourceNo": "ANNA"}],
    "an array with strangers": ["x", 7, {"id": 1212993, "appointmentGuid": GUID, "resourceNo": "ANNA"}],
}


@pytest.mark.parametrize("payload", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("kind", ["created", "updated", "deleted"])
def test_every_shape_names_the_appointment_and_its_resource(
    place: Office, web: FlaskClient, kind: str, payload: Any
) -> None:
    answer = post(web, payload, kind)
    assert answer.status_code == 200
    (entry,) = place.store.pending_journal()
    assert (entry.source, entry.kind) == (JournalSource.SCHEDULER, kind)
    assert (entry.resource_nos, entry.appointment_ids, entry.guids) == ((ANNA,), (ID,), (GUID,))
    assert place.hint_of(ANNA) == Hint(
        appointments=frozenset({AppointmentRef(guid=GUID, id=ID)}),
        trigger=Trigger.WEBHOOK,
        journal=(entry.id,),
    )


def test_nothing_that_a_payload_says_is_written_down(place: Office, web: FlaskClient) -> None:
    with capture_logs() as logs:
        post(web, SHAPES["as documented"])
    assert PRIVATE not in repr(logs)
    assert PRIVATE not in repr(place.store.pending_journal())


def test_resources_that_have_a_link_are_told_as_well(place: Office, web: FlaskClient) -> None:
    """A5: the payload of a reassignment names only the new resource."""
    place.link(BRAM, GUID, ID)
    assert post(web, SHAPES["flat"]).status_code == 200
    anna, bram = place.hint_of(ANNA), place.hint_of(BRAM)
    assert anna is not None
    assert bram is not None
    assert anna.appointments == bram.appointments == {AppointmentRef(guid=GUID, id=ID)}
    assert {*anna.journal, *bram.journal} == {entry.id for entry in place.store.pending_journal()}
    assert len(anna.journal) == len(bram.journal) == 1


def test_a_deletion_that_names_only_an_id_finds_the_guid_among_the_links(
    place: Office, web: FlaskClient
) -> None:
    """The payload of a deletion is not documented (facts §2.8)."""
    place.link(ANNA, GUID, ID)
    assert post(web, {"id": 1212993}, "deleted").status_code == 200
    hint = place.hint_of(ANNA)
    assert hint is not None
    assert hint.appointments == {AppointmentRef(guid=GUID, id=ID)}


def test_a_guid_alone_finds_the_id_among_the_links(place: Office, web: FlaskClient) -> None:
    place.link(ANNA, GUID, ID)
    post(web, {"appointmentGuid": GUID}, "deleted")
    hint = place.hint_of(ANNA)
    assert hint is not None
    assert hint.appointments == {AppointmentRef(guid=GUID, id=ID)}


def test_where_no_guid_is_known_the_board_is_read(place: Office, web: FlaskClient) -> None:
    assert post(web, {"id": 5, "resourceNo": "ANNA"}, "created").status_code == 200
    hint = place.hint_of(ANNA)
    assert hint is not None
    assert hint.board
    assert hint.appointments == frozenset()


def test_resources_that_do_not_synchronise_leave_nothing_behind(place: Office, web: FlaskClient) -> None:
    assert post(web, {"id": 5, "appointmentGuid": GUID, "resourceNo": "CLEO"}).status_code == 200
    place.runtime.settle()
    assert place.store.pending_journal() == ()
    assert place.hint_of(CLEO) is None


def test_an_appointment_that_nobody_knows_is_acknowledged(place: Office, web: FlaskClient) -> None:
    """Anything but 200 would be repeated, and nothing would come of it."""
    assert post(web, {"id": 5}, "deleted").status_code == 200
    assert place.store.pending_journal() == ()


def test_d4_repeated_webhooks_end_in_one_look(place: Office, web: FlaskClient) -> None:
    """D4: duplicated, reordered."""
    for kind in ("updated", "created", "updated"):
        assert post(web, SHAPES["flat"], kind).status_code == 200
    hint = place.hint_of(ANNA)
    assert hint is not None
    assert len(hint.appointments) == 1
    assert set(hint.journal) == {entry.id for entry in place.store.pending_journal()}


def test_a_delivery_names_an_appointment_of_a_resource_once(place: Office, web: FlaskClient) -> None:
    post(web, [SHAPES["flat"], SHAPES["as documented"], SHAPES["shouting"]])
    assert len(place.store.pending_journal()) == 1


def test_d4_an_earlier_lifes_webhooks_are_replayed_as_they_were(place: Office, web: FlaskClient) -> None:
    """D4, D3: acknowledged, then killed."""
    post(web, SHAPES["flat"])
    post(web, {"id": 5, "resourceNo": "BRAM"})
    before = {number: place.hint_of(number) for number in (ANNA, BRAM)}
    desk = StoreDesk(store=place.store_ref, dispatcher=place.runtime.pinned["store"])
    Intake(desk=desk, router=place.router, clock=place.runtime.clock).replay()
    assert {number: place.hint_of(number) for number in (ANNA, BRAM)} == before


def test_a_store_that_refuses_is_not_acknowledged(place: Office, web: FlaskClient) -> None:
    place.store.full = True
    assert post(web, SHAPES["flat"]).status_code == 503
    assert place.hint_of(ANNA) is None


# D13


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("board", "wrong"),
        basic("wrong", "hush"),
        basic("", ""),
        {"Authorization": "Bearer hush"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + "é".encode().hex()},
    ],
)
def test_d13_wrong_basic_credentials_are_refused(place: Office, headers: dict[str, str]) -> None:
    """D13: wrong Basic credentials."""
    with capture_logs() as logs:
        answer = post(client(place, login=LOGIN), SHAPES["flat"], headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.is_json
    assert place.store.pending_journal() == ()
    assert place.hint_of(ANNA) is None
    assert "hook refused" in repr(logs)
    assert all(secret not in repr(logs) for secret in (PRIVATE, "hush", "wrong'"))


def test_the_right_credentials_open_the_hook(place: Office) -> None:
    web = client(place, login=LOGIN)
    assert post(web, SHAPES["flat"], headers=basic("board", "hush")).status_code == 200


def test_a_password_alone_is_asked_for_too(place: Office) -> None:
    web = client(place, login=Login(password="hush"))
    assert post(web, SHAPES["flat"]).status_code == 401
    assert post(web, SHAPES["flat"], headers=basic("", "hush")).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'"x"', b"null", b"[]", b"[7]", b"{}", b'{"subject":"x"}'])
def test_d13_a_malformed_webhook_is_refused(place: Office, web: FlaskClient, body: bytes) -> None:
    """D13: a malformed body."""
    answer = web.post("/hooks/scheduler/created", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.is_json
    assert place.store.pending_journal() == ()


def test_there_is_no_hook_for_what_the_board_does_not_tell(web: FlaskClient) -> None:
    answer = post(web, SHAPES["flat"], "invented")
    assert answer.status_code == 404
    assert answer.is_json


def test_a_fault_of_the_process_tells_the_client_nothing(
    place: Office, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E: neither the answer nor the log holds what an error carries."""

    def fail(*_: object) -> None:
        raise ValueError(PRIVATE) from Unavailable(About(service="graph"))

    monkeypatch.setattr(place.intake, "from_scheduler", fail)
    with capture_logs() as logs:
        answer = post(web, SHAPES["flat"])
    assert answer.status_code == 500
    assert answer.is_json
    assert PRIVATE not in answer.text + repr(logs)
    assert "ValueError" in repr(logs)
    assert "Traceback" not in answer.text

"""`plan` says what a run would do, and does nothing of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.clients.transport import Answer, Call
from actors.rehearsal import ReadingOnly, WouldWrite
from tests.process_kit import Connector
from tests.services_kit import Sandbox, hours_from_now

ANN = "ann@contoso.test"


def acts(document: Any) -> list[tuple[str, str, str]]:
    """Resource, act and subject of everything planned, in order."""
    return sorted(
        (one["resourceNo"], act["act"], act["subject"])
        for one in document["resources"]
        for act in one["acts"]
    )


def files(connector: Connector) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in connector.folder.glob("store.db*")}


@pytest.mark.process
def test_a_plan_before_the_first_run_writes_nothing_and_names_what_the_run_then_does(
    sandbox: Sandbox, connector: Connector
) -> None:
    planned = connector.ask("plan", "--json")
    assert planned.code == 0
    assert sandbox.requests(service="graph")
    assert sandbox.writes() == []
    assert not list(connector.folder.glob("store.db*"))
    document = planned.json
    assert document["inStep"] is False
    assert document["unsettled"] == []
    assert sum(document["totals"].values()) == len(acts(document)) > 10
    connector.start()
    connector.wait_in_step()
    events = [one for one in sandbox.writes(service="graph") if one.method == "POST"]
    appointments = sandbox.writes(service="scheduler")
    assert len(events) == document["totals"]["create_event"]
    assert sum(one.rows for one in appointments) == document["totals"]["create_appointment"]


@pytest.mark.process
def test_a_plan_beside_a_running_process_finds_nothing_to_do_and_leaves_its_store_alone(
    sandbox: Sandbox, connector: Connector
) -> None:
    connector.configure(sync={"board_poll_seconds": 3600, "outlook_poll_seconds": 3600})
    connector.start()
    connector.wait_in_step()
    mark, before = sandbox.mark(), files(connector)
    planned = connector.ask("plan")
    assert planned.code == 0
    assert "nothing to do: both sides are in step" in planned.stdout
    assert "R006" in planned.stdout, "those that do not synchronise are named with the reason"
    assert sandbox.writes(since=mark) == []
    assert files(connector)["store.db"] == before["store.db"]
    assert connector.is_running


@pytest.mark.process
def test_a_plan_names_each_change_with_its_reason_and_the_next_run_does_just_that(
    sandbox: Sandbox, connector: Connector
) -> None:
    mailbox = sandbox.mailbox(ANN)
    when = {"start": hours_from_now(2), "end": hours_from_now(3), "showAs": "busy"}
    private = mailbox.create(subject="Shared until now", **when)
    day = hours_from_now(24).strftime("%Y-%m-%d")
    hours = {"start": f"{day}T09:00", "end": f"{day}T10:00"}
    moved = sandbox.board.create(subject="To be moved", resourceNo="R001", **hours)
    gone = sandbox.board.create(subject="To be deleted", resourceNo="R001", **hours)
    connector.start()
    connector.wait_in_step()
    connector.stop()
    sandbox.board.change(moved["appointmentGuid"], end=f"{day}T12:00")
    sandbox.board.delete(gone["appointmentGuid"])
    sandbox.board.create(subject="Brand new", resources=["R001", "R002"], **hours)
    mailbox.change(private["id"], sensitivity="private", subject="secret now")
    before, mark = files(connector), sandbox.mark()

    planned = connector.ask("plan", "--json")
    assert acts(planned.json) == [
        ("R001", "create_event", "Brand new"),
        ("R001", "delete_event", "To be deleted"),
        ("R001", "remove_appointment", ""),
        ("R001", "update_event", "To be moved"),
        ("R002", "create_event", "Brand new"),
    ]
    assert "secret now" not in json.dumps(planned.json)
    (update,) = [
        act for one in planned.json["resources"] for act in one["acts"] if act["act"] == "update_event"
    ]
    assert update["fields"] == ["when"]
    assert update["reason"] == "changed_on_board"
    only = connector.ask("plan", "--json", "--resource", "R002")
    assert acts(only.json) == [("R002", "create_event", "Brand new")]
    assert [one["resourceNo"] for one in only.json["resources"]] == ["R002"]
    text = connector.ask("plan").stdout
    assert '"Brand new"' in text
    assert "in all: 2 × create the event in Outlook" in text
    assert sandbox.writes(since=mark) == []
    assert files(connector) == before

    connector.start()
    connector.wait_in_step()
    done = [(one.service, one.method) for one in sandbox.writes(since=mark)]
    assert sorted(done) == [
        ("graph", "DELETE"),
        ("graph", "PATCH"),
        ("graph", "POST"),
        ("graph", "POST"),
        ("scheduler", "POST"),
    ]


@pytest.mark.process
def test_c2_a_plan_decides_about_each_item_once_and_upon_both_sides(
    sandbox: Sandbox, connector: Connector
) -> None:
    day = hours_from_now(24).strftime("%Y-%m-%d")
    hours = {"start": f"{day}T09:00", "end": f"{day}T10:00"}
    made = sandbox.board.create(subject="Look at the attic", resourceNo="R001", **hours)
    connector.start()
    connector.wait_in_step()
    connector.stop()
    sandbox.board.change(made["appointmentGuid"], subject="Look at both attics")
    (event,) = [one for one in sandbox.mailbox(ANN).events() if one["subject"] == "Look at the attic"]
    sandbox.mailbox(ANN).change(event["id"], importance="high")
    mark = sandbox.mark()

    planned = connector.ask("plan", "--json")
    assert acts(planned.json) == [("R001", "update_both", "Look at both attics")]
    (update,) = [act for one in planned.json["resources"] for act in one["acts"]]
    assert sorted(update["fields"]) == ["importance", "subject"]
    assert sandbox.writes(since=mark) == []


@pytest.mark.process
def test_a_plan_for_a_resource_that_the_board_does_not_list_ends_with_1(
    sandbox: Sandbox, connector: Connector
) -> None:
    ended = connector.ask("plan", "--resource", "R999")
    assert ended.code == 1
    assert "the board lists no resource R999" in ended.stderr


@pytest.mark.process
def test_d7_a_plan_without_access_ends_with_1_and_the_remedy(sandbox: Sandbox, connector: Connector) -> None:
    sandbox.authority(secret="expired")
    ended = connector.ask("plan", "--json")
    assert ended.code == 1
    assert ended.json["inStep"] is False
    assert "DSEX001" in ended.json["problem"]
    assert "make a new client secret" in ended.stderr


class Wire:
    """Notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[Call] = []

    def send(self, call: Call) -> Answer:
        self.sent.append(call)
        return Answer(status=200)


def batch(*methods: str) -> Call:
    body = {"requests": [{"id": str(n), "method": method, "url": "/x"} for n, method in enumerate(methods)]}
    return Call(method="POST", url="https://graph.test/v1.0/$batch", body=json.dumps(body).encode())


def test_a_transport_that_only_reads_lets_readings_through_and_nothing_else() -> None:
    wire = Wire()
    transport = ReadingOnly(wire)
    transport.send(Call(method="GET", url="https://graph.test/v1.0/users"))
    transport.send(batch("GET", "GET"))
    assert len(wire.sent) == 2
    for call in (
        batch("GET", "PATCH"),
        batch("DELETE"),
        Call(method="POST", url="https://graph.test/v1.0/users/u/events", body=b"{}"),
        Call(method="PATCH", url="https://graph.test/v1.0/users/u/events/e", body=b"{}"),
        Call(method="DELETE", url="https://graph.test/v1.0/users/u/events/e"),
        Call(method="POST", url="https://board.test/import", body=b"[]"),
    ):
        with pytest.raises(WouldWrite):
            transport.send(call)
    assert len(wire.sent) == 2

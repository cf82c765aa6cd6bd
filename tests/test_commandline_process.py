"""The commands beside a process and without one: exit codes, and what is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process_kit import Connector, connector_for
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Sandbox, hours_from_now, sandbox_running, wait_until

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent
ANN = "ann@contoso.test"
CANARY = "canary-9182"


@pytest.fixture(scope="module")
def company(signing_key: SigningKey) -> Iterator[Sandbox]:
    """Services that the tests of looking commands share."""
    with sandbox_running(key=signing_key) as running:
        yield running


@pytest.fixture(scope="module")
def running(company: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connector]:
    """A process that they share, in step."""
    with connector_for(company, tmp_path_factory.mktemp("shared")) as connector:
        connector.start()
        connector.wait_in_step()
        yield connector


# looking


def test_status_is_the_same_document_from_the_process_and_from_the_store(
    sandbox: Sandbox, connector: Connector
) -> None:
    connector.start()
    connector.wait_in_step()
    live = connector.command("status", "--json")
    assert live.code == 0
    assert live.stderr == ""
    connector.stop()
    stored = connector.ask("status", "--json")
    assert stored.code == 0
    assert live.json.keys() == stored.json.keys()
    assert live.json.keys() == {
        "backlog", "resources", "deadLetters", "heldBack", "quarantined", "subscriptions", "services",
        "rules",
    }  # fmt: skip
    states = {one["resourceNo"]: one["state"] for one in live.json["resources"]}
    assert states == {one["resourceNo"]: one["state"] for one in stored.json["resources"]}
    assert states["R005"] == "off"
    assert states["R006"] == "no_mailbox"
    assert live.json["services"]["graph"]["state"] == "ok"
    assert stored.json["services"]["graph"]["state"] == "not_running"


def test_a9_status_for_people_says_which_resource_does_not_synchronise_and_what_to_do(
    running: Connector,
) -> None:
    shown = running.ask("status")
    assert shown.code == 0
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("SUB1")]
    assert "no email" in line
    assert "give the resource an e-mail address on the board" in line
    assert re.search(r"R001 .* active +\d+ s +\d+ s", shown.stdout), "lag and freshness"


def test_explain_says_what_was_decided_and_ends_with_1_when_nothing_is_known(running: Connector) -> None:
    shown = running.ask("explain", "Compressor: urgent")
    assert shown.code == 0
    assert "create the event in Outlook, because" in shown.stdout
    document = running.ask("explain", "Compressor: urgent", "--json").json
    assert document["found"] is True
    assert {one["act"] for one in document["decisions"]} == {"create_event"}
    unknown = running.ask("explain", "nobody knows this")
    assert unknown.code == 1
    assert unknown.stdout == ""
    assert "an appointment is found by its number" in unknown.stderr
    as_json = running.ask("explain", "nobody knows this", "--json")
    assert as_json.code == 1
    assert as_json.json["found"] is False


def test_commands_before_the_first_run_say_that_there_is_no_store_yet(
    sandbox: Sandbox, connector: Connector
) -> None:
    for command in (["status"], ["explain", "x"], ["preferences", "show", "R001"]):
        ended = connector.ask(*command)
        assert ended.code == 2, command
        assert "store.db" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert not (connector.folder / "store.db").exists()


def test_check_names_what_has_to_be_mended_and_writes_nothing(sandbox: Sandbox, connector: Connector) -> None:
    ended = connector.ask("check")
    assert ended.code == 1
    wrong = [line for line in ended.stdout.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 2
    assert any("R006" in line and "DSEX012" in line for line in wrong)
    assert any("SUB1" in line and "no e-mail address" in line for line in wrong)
    sandbox.board.change_resource("R006", exchangeIntegrationEnabled=False)
    sandbox.board.change_resource("SUB1", exchangeIntegrationEnabled=False)
    assert connector.ask("check").code == 0
    sandbox.authority(secret="expired")
    refused = connector.ask("check")
    assert refused.code == 1
    assert "DSEX001" in refused.stdout
    assert "make a new client secret" in refused.stdout
    assert not sandbox.writes()
    assert not (connector.folder / "store.db").exists()


# preferences


def test_b10_preferences_that_are_set_through_the_process_are_followed_by_the_board(
    sandbox: Sandbox, connector: Connector
) -> None:
    event = {"start": hours_from_now(1), "end": hours_from_now(2), "showAs": "free"}
    sandbox.mailbox(ANN).create(subject="Perhaps", **event)
    connector.start()
    connector.wait_in_step()
    assert not sandbox.board.having(subject="Perhaps")
    told = connector.ask("preferences", "set", "R001", "--show-as", "FREE,Busy")
    assert told.code == 0
    assert "chosen by administrator" in told.stdout
    wait_until(lambda: sandbox.board.having(subject="Perhaps"))
    document = connector.ask("preferences", "show", "R001", "--json").json
    assert document["showAs"] == ["free", "busy"]
    assert document["sensitivity"] == ["normal"], "what was not named stays"
    assert document["setBy"] == "administrator"
    connector.ask("preferences", "set", "R001", "--no-share")
    wait_until(lambda: not sandbox.board.having(subject="Perhaps"))
    unknown = connector.ask("preferences", "set", "R999", "--share")
    assert unknown.code == 1
    assert "no such resource" in unknown.stderr


def test_b10_preferences_that_are_set_without_a_process_hold_from_its_next_start(
    sandbox: Sandbox, connector: Connector
) -> None:
    event = {"start": hours_from_now(1), "end": hours_from_now(2), "showAs": "free"}
    sandbox.mailbox(ANN).create(subject="Perhaps", **event)
    early = connector.ask("preferences", "set", "R002", "--show-as", "", "--private", "MASK")
    assert early.code == 0
    assert "no resource is known yet" in early.stderr
    connector.start()
    connector.wait_in_step()
    connector.stop()
    assert not sandbox.board.having(subject="Perhaps")
    assert connector.ask("preferences", "set", "R001", "--show-as", "free").code == 0
    assert connector.ask("preferences", "set", "R999", "--share").code == 1
    connector.start()
    wait_until(lambda: sandbox.board.having(subject="Perhaps"))
    document = connector.ask("preferences", "show", "R002", "--json").json
    assert (document["showAs"], document["private"]) == ([], "mask")


# resync


def test_c6_resync_without_a_process_reads_everything_in_full_and_then_ends(
    sandbox: Sandbox, connector: Connector
) -> None:
    first = connector.ask("resync")
    assert first.code == 0
    assert sandbox.writes(service="graph")
    assert sandbox.writes(service="scheduler")
    mark = sandbox.mark()
    again = connector.ask("resync", "--resource", "R001")
    assert again.code == 0
    assert "1 resources reconciled in full, 0 changes" in again.stdout
    assert [one for one in sandbox.requests(since=mark) if "startDateTime" in one.path], "read in full"
    assert not sandbox.writes(since=mark)
    assert connector.ask("resync", "--resource", "R999").code == 1


def test_resync_beside_a_process_is_done_by_the_process(running: Connector, company: Sandbox) -> None:
    mark = company.mark()
    done = running.ask("resync")
    assert done.code == 0
    assert "by the running process" in done.stdout
    mailboxes = {one.mailbox for one in company.requests(since=mark) if "startDateTime" in one.path}
    assert len(mailboxes) >= 6
    assert not company.writes(since=mark)
    refused = running.ask("resync", "--resource", "R005")
    assert refused.code == 1
    assert "does not synchronise" in refused.stderr

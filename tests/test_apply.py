"""`plan --out` and `apply`: exactly what was planned is done, or nothing where the world has moved."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.process_kit import Connector
from tests.services_kit import Json, Sandbox, hours_from_now

pytestmark = pytest.mark.process

ANN = "ann@contoso.test"
NOT_LOW = {
    "Name": "NotLow",
    "ErrorMessage": "Low ones stay here.",
    "Expression": "appointment.Importance <> 2",
}
EVERYTHING = {"Name": "Everything", "ErrorMessage": "", "Expression": "appointment.Id > 0"}


def rules(*given: Json) -> str:
    return json.dumps({"Rules": [{"Name": "All", "Rules": list(given)}]})


def when(hours: float) -> Json:
    start, end = (hours_from_now(one).replace(tzinfo=None).isoformat() for one in (hours, hours + 1))
    return {"start": start, "end": end}


def hour(hours: float) -> Json:
    return {"start": hours_from_now(hours), "end": hours_from_now(hours + 1), "showAs": "busy"}


@pytest.fixture
def ruled(sandbox: Sandbox, connector: Connector) -> Connector:
    """A connector with rules under which everything passes, and one appointment of low importance."""
    file = connector.folder / "rules.json"
    file.write_text(rules(EVERYTHING), encoding="utf-8")
    connector.configure(rules={"file": "rules.json"})
    sandbox.board.create(subject="Low", resources=["R001", "R002"], importance=2, **when(30))
    return connector


def planned(connector: Connector, *options: str) -> Path:
    """A plan of these proposals, saved."""
    out = connector.folder / "change.plan"
    done = connector.ask("plan", "--out", str(out), *options)
    assert done.code == 0, done.stderr
    assert "the plan is saved" in done.stderr
    return out


def proposed(connector: Connector, *given: Json) -> str:
    file = connector.folder / "proposed.json"
    file.write_text(rules(*given), encoding="utf-8")
    return str(file)


def written(sandbox: Sandbox, since: int) -> list[tuple[str, str]]:
    return sorted((one.service, one.method) for one in sandbox.writes(since))


def test_a7_rules_that_were_planned_are_put_into_force_by_the_running_process(
    sandbox: Sandbox, ruled: Connector
) -> None:
    ruled.start()
    ruled.wait_in_step()
    plan = planned(ruled, "--rules", proposed(ruled, EVERYTHING, NOT_LOW))
    said = plan.read_text(encoding="utf-8")
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    assert '"Low"' not in said, "no word of any item is in a plan"
    acts = json.loads(said)["acts"]
    assert {one["act"] for one in acts} == {"delete_event"}
    assert len(acts) >= 2
    mark = sandbox.mark()
    done = ruled.ask("apply", str(plan))
    assert done.code == 0, done.stderr
    assert f"done as planned: {len(acts)} × delete the event in Outlook" in done.stdout
    assert written(sandbox, mark) == [("graph", "DELETE")] * len(acts)
    assert (ruled.folder / "rules.json").read_text("utf-8") == rules(EVERYTHING, NOT_LOW)
    assert (ruled.folder / "rules.json.before").read_text("utf-8") == rules(EVERYTHING)
    assert ruled.ask("status", "--json").json["rules"]["rules"] == 2
    assert ruled.is_running
    again = ruled.ask("apply", str(plan))
    assert again.code == 1
    assert "the rules in force are others now" in again.stderr
    assert "there is nothing to delete event any more" in again.stderr


def test_b10_preferences_that_were_planned_are_stored_and_followed_without_a_process(
    sandbox: Sandbox, ruled: Connector
) -> None:
    hidden = sandbox.mailbox(ANN).create(subject="Perhaps", **{**hour(30), "showAs": "tentative"})
    assert ruled.ask("resync").code == 0
    table = ruled.folder / "table.csv"
    table.write_text("resourceNo,showAs\nR001,busy oof tentative\n", encoding="utf-8")
    plan = planned(ruled, "--preferences", str(table))
    assert "Perhaps" not in plan.read_text(encoding="utf-8"), "E: it is not shared yet"
    mark = sandbox.mark()
    done = ruled.ask("apply", str(plan), "--json")
    assert done.code == 0, done.stderr
    assert done.json["done"] == len(json.loads(plan.read_text("utf-8"))["acts"]) > 0
    assert (done.json["notDone"], done.json["beyond"]) == ([], 0)
    assert done.json["inForce"] == ["preferences of 1 resources"]
    assert {service for service, _ in written(sandbox, mark)} == {"scheduler"}
    assert sandbox.board.having(subject=hidden["subject"])
    chosen = ruled.ask("preferences", "show", "R001", "--json").json
    assert (chosen["showAs"], chosen["setBy"]) == (["tentative", "busy", "oof"], "administrator")


@pytest.mark.slow
def test_b17_defaults_that_were_planned_are_written_into_the_configuration(
    sandbox: Sandbox, ruled: Connector
) -> None:
    ruled.configure(defaults={"share": True})
    assert ruled.ask("resync").code == 0
    commented = ruled.config.read_text("utf-8").replace("share = true", "share = true   # for now")
    ruled.config.write_text(commented, encoding="utf-8")
    ruled.config.chmod(0o640)
    defaults = ruled.folder / "defaults.toml"
    defaults.write_text("share = false\n", encoding="utf-8")
    plan = planned(ruled, "--preferences", str(defaults))
    ruled.start()
    refused = ruled.ask("apply", str(plan))
    assert refused.code == 1
    assert "stop the process" in refused.stderr
    ruled.stop()
    assert ruled.config.read_text("utf-8") == commented
    acts = json.loads(plan.read_text("utf-8"))["acts"]
    assert {one["act"] for one in acts} == {"remove_appointment"}
    done = ruled.ask("apply", str(plan))
    assert done.code == 0, done.stderr
    assert f"{len(acts)} × take the appointment off the board" in done.stdout
    assert ruled.config.read_text("utf-8") == commented.replace("share = true ", "share = false ")
    assert stat.S_IMODE(ruled.config.stat().st_mode) == 0o640
    assert (ruled.folder / "connector.toml.before").read_text("utf-8") == commented
    assert ruled.ask("plan", "--json").json["inStep"] is True


def test_a_plan_is_refused_when_the_world_has_moved_and_nothing_is_changed(
    sandbox: Sandbox, ruled: Connector
) -> None:
    assert ruled.ask("resync").code == 0
    plan = planned(ruled, "--rules", proposed(ruled, EVERYTHING, NOT_LOW))
    (low,) = sandbox.board.having(subject="Low")
    (event,) = sandbox.mailbox(ANN).having(subject="Low")
    sandbox.mailbox(ANN).change(event["id"], reminderMinutesBeforeStart=5, isReminderOn=True)
    new = sandbox.board.create(subject="Also low", resources=["R003"], importance=2, **when(40))
    mark = sandbox.mark()
    refused = ruled.ask("apply", str(plan))
    assert (refused.code, refused.stdout) == (1, "")
    lines = refused.stderr.splitlines()
    assert lines[0].startswith("comparing") or "the world has moved" in refused.stderr
    assert "nothing was changed" in refused.stderr
    moved = [line for line in lines if line.startswith("  resource ")]
    assert len(moved) == 1, "what is new is kept out by the proposed rules, and so is no write"
    assert low["appointmentNo"] in moved[0]
    assert "has changed" in moved[0]
    sandbox.board.change(low["appointmentGuid"], importance=0)
    sandbox.board.delete(new["appointmentGuid"])
    refused = ruled.ask("apply", str(plan))
    assert refused.code == 1
    assert "to delete event was planned, and now it is to update event" in refused.stderr
    assert written(sandbox, mark) == []
    assert (ruled.folder / "rules.json").read_text("utf-8") == rules(EVERYTHING)
    assert not (ruled.folder / "rules.json.before").exists()


def test_a_plan_is_refused_when_settings_or_rules_have_moved(sandbox: Sandbox, ruled: Connector) -> None:
    assert ruled.ask("resync").code == 0
    plan = planned(ruled, "--rules", proposed(ruled, EVERYTHING, NOT_LOW))
    ruled.configure(mapping={"subject": "[{{ appointment.subject }}]"})
    (ruled.folder / "rules.json").write_text(rules(EVERYTHING, EVERYTHING | {"Name": "Twice"}), "utf-8")
    refused = ruled.ask("apply", str(plan))
    assert refused.code == 1
    assert "the section [mapping] of the configuration is another one now" in refused.stderr
    assert "the rules in force are others now" in refused.stderr


def test_a_plan_without_proposals_is_what_a_run_would_do_and_apply_does_just_that(
    sandbox: Sandbox, ruled: Connector
) -> None:
    plan = planned(ruled, "--resource", "R001")
    acts: list[Any] = json.loads(plan.read_text("utf-8"))["acts"]
    assert {one["resourceNo"] for one in acts} == {"R001"}
    mark = sandbox.mark()
    done = ruled.ask("apply", str(plan), "--json")
    assert done.code == 0, done.stderr
    assert done.json["done"] == len(acts)
    assert sum(one.rows for one in sandbox.writes(mark)) == len(acts)
    assert {one.mailbox for one in sandbox.writes(mark, service="graph")} == {
        one["id"] for one in sandbox.described["mailboxes"] if one["email"] == ANN
    }


def test_rules_get_a_file_of_their_own_where_there_was_none(sandbox: Sandbox, connector: Connector) -> None:
    assert connector.ask("resync").code == 0
    proposal = connector.folder / "proposed.json"
    proposal.write_text(rules(NOT_LOW), encoding="utf-8")
    plan = planned(connector, "--rules", str(proposal))
    assert json.loads(plan.read_text("utf-8"))["acts"]
    done = connector.ask("apply", str(plan))
    assert done.code == 0, done.stderr
    assert (connector.folder / "rules.json").read_text("utf-8") == rules(NOT_LOW)
    assert connector.ask("plan", "--json").json["inStep"] is True, "they hold: what was deleted stays so"


def test_what_cannot_be_applied_is_said_before_anything_is_done(sandbox: Sandbox, ruled: Connector) -> None:
    limited = ruled.ask("plan", "--rules", proposed(ruled, NOT_LOW), "--resource", "R001", "--out", "x.plan")
    assert limited.code == 2
    assert "looks at every resource" in limited.stderr
    junk = ruled.folder / "junk.plan"
    junk.write_text('{"format": "exchange-connector plan", "version": 7}', encoding="utf-8")
    wrong = ruled.ask("apply", str(junk))
    assert wrong.code == 2
    assert "it is of version 7, and this program reads 1" in wrong.stderr
    whole = json.dumps({**json.loads(rules(EVERYTHING)), "Serilog": {}})
    (ruled.folder / "rules.json").write_text(whole, encoding="utf-8")
    plan = planned(ruled, "--rules", proposed(ruled, EVERYTHING, NOT_LOW))
    mark = sandbox.mark()
    refused = ruled.ask("apply", str(plan))
    assert refused.code == 2
    assert "holds more than rules (Serilog)" in refused.stderr
    assert sandbox.writes(mark) == []
    assert (ruled.folder / "rules.json").read_text("utf-8") == whole

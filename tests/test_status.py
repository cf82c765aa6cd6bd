"""The object of `status --json`, from values, with and without a process beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from actors.clients.metrics import ServiceState
from actors.rules_watch import RulesStanding, rules_on_disk
from actors.status import Live, build_status
from actors.tally import DecisionTally
from models.decision import Act, Reason
from models.storage.changes import AddDecision, PutMeta
from models.storage.records import Audit, Counts, DeadLetter, DecisionRecord, ResourceState, Trigger
from tests.web_kit import ANNA, BRAM, MONDAY, mailbox_of, record, snapshot_of

COUNTS = Counts(journal=2, outbox=3, dead_letters=4, held_back=5, quarantined=1, links=100, subscriptions=6)
WELL = snapshot_of("scheduler")


def test_the_object_is_spelt_as_the_contract_says() -> None:
    off = record(BRAM, ResourceState.OFF, reason="Exchange Integration Enabled is off on the board")
    refused = replace(
        WELL, state=ServiceState.NOT_AUTHENTICATED, code="DSEX001", remedy="make a new client secret"
    )
    report = build_status(
        counts=COUNTS,
        resources=(record(ANNA), off),
        now=MONDAY,
        live=Live(lags={ANNA: 1.23456}, graph=refused, scheduler=WELL),
        audits={ANNA: Audit(resource_no=ANNA, at=MONDAY, compared=40, found=3, repaired=3)},
        rules=RulesStanding(
            file="/etc/rules.json", rules=2, digest="d1", since=MONDAY, warnings=('rule "A": may be null',)
        ),
    )
    assert report.as_json() == {
        "backlog": {"journal": 2, "outbox": 3},
        "resources": [
            {
                "resourceNo": "ANNA",
                "mailbox": "anna@contoso.test",
                "state": "active",
                "lagSeconds": 1.235,
                "freshSeconds": None,
                "reason": "",
                "audit": {
                    "at": "2026-03-02T08:00:00Z",
                    "compared": 40,
                    "found": 3,
                    "repaired": 3,
                    "left": 0,
                    "problem": "",
                },
            },
            {
                "resourceNo": "BRAM",
                "mailbox": "bram@contoso.test",
                "state": "off",
                "lagSeconds": 0.0,
                "freshSeconds": None,
                "reason": "Exchange Integration Enabled is off on the board",
                "audit": None,
            },
        ],
        "deadLetters": 4,
        "heldBack": 5,
        "quarantined": 1,
        "subscriptions": 6,
        "services": {
            "graph": {
                "state": "not_authenticated",
                "code": "DSEX001",
                "remedy": "make a new client secret",
            },
            "scheduler": {"state": "ok", "code": "", "remedy": ""},
        },
        "rules": {
            "file": "/etc/rules.json",
            "rules": 2,
            "digest": "d1",
            "since": "2026-03-02T08:00:00Z",
            "warnings": ['rule "A": may be null'],
            "refused": [],
            "refusedAt": None,
        },
    }
    assert report.largest_lag == 1.23456


def test_d6_a_mailbox_that_is_only_polled_says_so() -> None:
    """D6: that mailbox falls back to polling and says so; what is worse comes first."""
    live = Live(polled={mailbox_of(ANNA): "polled", mailbox_of(BRAM): "polled"})
    ill = record(BRAM, ResourceState.QUARANTINED, reason="it crashed too often")
    report = build_status(counts=COUNTS, resources=(record(ANNA), ill), now=MONDAY, live=live)
    assert [one.reason for one in report.resources] == ["polled", "it crashed too often"]


def test_a_resource_says_what_its_last_audit_could_not_mend_or_not_look_at() -> None:
    audits = {
        ANNA: Audit(resource_no=ANNA, at=MONDAY, compared=40, found=3, repaired=1),
        BRAM: Audit(resource_no=BRAM, at=MONDAY, problem="Graph does not answer"),
    }
    report = build_status(
        counts=COUNTS, resources=(record(ANNA), record(BRAM)), now=MONDAY, live=Live(), audits=audits
    )
    left, failed = (one.reason for one in report.resources)
    assert left.startswith("the last audit found 2 items that differ")
    assert "verify --resource ANNA" in left
    assert failed == "the last audit could not compare both sides: Graph does not answer"


def test_d9_a_resource_says_what_was_put_aside_and_why() -> None:
    """D9: how much, the latest of it, and what to do; beside what else there is to say."""
    letters = [
        DeadLetter(
            id=f"ANNA/{number}",
            resource_no=ANNA,
            act=Act.UPDATE_EVENT,
            reason=reason,
            first_at=MONDAY,
            last_at=MONDAY + timedelta(minutes=number),
        )
        for number, reason in enumerate(("too long; shorten it", "others are invited; take them off"))
    ]
    live = Live(polled={mailbox_of(ANNA): "polled"})
    report = build_status(counts=COUNTS, resources=(record(ANNA),), now=MONDAY, live=live, letters=letters)
    assert [one.reason for one in report.resources] == [
        "put aside: 2 (`exchange-connector retry` lists them); "
        "update event: others are invited; take them off; polled"
    ]


def test_without_a_process_the_lag_is_the_time_since_both_sides_agreed() -> None:
    agreed = record(ANNA, in_step_at=MONDAY - timedelta(minutes=5))
    report = build_status(counts=COUNTS, resources=(agreed, record(BRAM)), now=MONDAY)
    assert [one.as_json()["lagSeconds"] for one in report.resources] == [300.0, None]
    assert report.largest_lag == 300.0
    services = report.as_json()["services"]
    assert services["graph"]["state"] == services["scheduler"]["state"] == "not_running"
    assert "exchange-connector run" in services["graph"]["remedy"]


def test_rules_that_no_process_could_start_with_are_named_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    broken = {"Name": "A", "Expression": "appointment."}
    file.write_text(json.dumps({"Rules": [{"Name": "G", "Rules": [broken]}]}), encoding="utf-8")
    standing = rules_on_disk(str(file), ZoneInfo("Europe/Brussels"), MONDAY)
    assert (standing.rules, standing.refused_at) == (0, MONDAY)
    assert "(line 1, column" in standing.refused[0]
    assert rules_on_disk("", ZoneInfo("Europe/Brussels"), MONDAY) == RulesStanding()


def test_a_gateway_that_does_not_answer_is_not_reported_well() -> None:
    report = build_status(counts=COUNTS, resources=(), now=MONDAY, live=Live())
    assert report.graph.state == "unavailable"
    assert report.graph.remedy
    assert report.largest_lag == 0.0


def test_decisions_are_counted_as_they_are_written() -> None:
    tally = DecisionTally()
    decided = DecisionRecord(
        id="d1",
        at=MONDAY,
        resource_no=ANNA,
        trigger=Trigger.POLL,
        act=Act.CREATE_EVENT,
        reason=Reason.NEW_ON_BOARD,
    )
    tally.note([AddDecision(decision=decided), PutMeta(key="k", value="v"), AddDecision(decision=decided)])
    tally.note([])
    assert tally.by_act() == {"create_event": 2}

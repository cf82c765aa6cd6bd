"""`plan --rules` and `plan --preferences`: what proposals would change; nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

from tests.process_kit import Connector
from tests.services_kit import Json, Sandbox, hours_from_now, wait_until

ANN = "ann@contoso.test"
NONE_PASSES = {
    "Rules": [
        {
            "Name": "All",
            "Rules": [
                {"Name": "Never", "ErrorMessage": "not now", "Expression": 'appointment.Subject == "-"'}
            ],
        }
    ]
}


def test_what_if_other_rules_and_preferences_held(
    sandbox: Sandbox, connector: Connector, tmp_path: Path
) -> None:
    """A7, B10, B17: who would lose and gain what; largest losses first, and no request that writes."""
    sandbox.mailbox(ANN).create(subject="Dentist", showAs="tentative", **hour(30))
    connector.start()
    connector.wait_in_step()
    assert connector.stop() == 0
    since = sandbox.mark()
    assert connector.ask("plan", "--json").json["totals"] == {}

    defaults = tmp_path / "defaults.toml"
    defaults.write_text('show_as = ["tentative"]\n', encoding="utf-8")
    told = connector.ask("plan", "--json", "--preferences", str(defaults)).json
    by_number = {one["resourceNo"]: one for one in told["resources"]}
    assert by_number["R001"]["appear"] > 0
    losses = [one["vanish"] for one in told["resources"]]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 0

    table = tmp_path / "table.csv"
    table.write_text("resourceNo,share\nR001,no\n", encoding="utf-8")
    told = connector.ask("plan", "--json", "--preferences", str(table)).json
    assert [one["resourceNo"] for one in told["resources"] if one["vanish"]] == ["R001"]
    assert set(told["totals"]) == {"remove_appointment"}

    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(NONE_PASSES), encoding="utf-8")
    told = connector.ask("plan", "--json", "--rules", str(rules)).json
    assert set(told["totals"]) == {"delete_event"}
    assert "not now" in told["resources"][0]["acts"][0]["sentence"]
    text = connector.ask("plan", "--rules", str(rules)).stdout
    assert "vanish" in text.splitlines()[0]

    table.write_text("resourceNo,share\nR001,perhaps\n", encoding="utf-8")
    wrong = connector.ask("plan", "--preferences", str(table))
    assert (wrong.code, wrong.stdout) == (2, "")
    assert "line 2: share: 'perhaps' is neither yes nor no" in wrong.stderr
    assert sandbox.writes(since) == []


def test_e_trying_out_preferences_tells_no_word_of_what_is_not_shared(
    sandbox: Sandbox, connector: Connector, tmp_path: Path
) -> None:
    """E: whoever proposes that everything be shared learns what would appear, and not what it says."""
    ann = sandbox.mailbox(ANN)
    ann.create(subject="canary-dentist", showAs="tentative", **hour(30))
    ann.create(subject="canary-union", sensitivity="private", showAs="busy", **hour(40))
    ann.create(subject="Workshop", showAs="busy", **hour(50))
    assert connector.ask("preferences", "set", "R001", "--private", "mask").code == 0
    connector.start()
    wait_until(lambda: sandbox.board.having(subject="Unavailable"))
    connector.wait_in_step()
    table = tmp_path / "table.csv"
    table.write_text("resourceNo,showAs,sensitivity\nR001,busy tentative,normal private\n", encoding="utf-8")
    planned = connector.ask("plan", "--json", "--resource", "R001", "--preferences", str(table))
    (told,) = planned.json["resources"]
    acts = {(act["act"], act["subject"]) for act in told["acts"]}
    assert acts >= {("create_appointment", ""), ("update_appointment", "Unavailable")}
    assert {subject for _, subject in acts} <= {"", "Unavailable"}
    assert "canary" not in planned.stdout + planned.stderr


def hour(ahead: float) -> Json:
    """An hour, so many hours from now."""
    return {"start": hours_from_now(ahead), "end": hours_from_now(ahead + 1)}

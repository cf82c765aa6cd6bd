"""`plan --rules` and `plan --preferences`: what proposals would change; nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

from tests.process_kit import Connector
from tests.services_kit import Sandbox, hours_from_now

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
    sandbox.mailbox("ann@contoso.test").create(
        subject="Dentist", start=hours_from_now(30), end=hours_from_now(31), showAs="tentative"
    )
    connector.start()
    connector.wait_in_step()
    assert connector.stop() == 0
    since = sandbox.mark()
    assert connector.command("plan", "--json").json["totals"] == {}

    defaults = tmp_path / "defaults.toml"
    defaults.write_text('show_as = ["tentative"]\n', encoding="utf-8")
    told = connector.command("plan", "--json", "--preferences", str(defaults)).json
    by_number = {one["resourceNo"]: one for one in told["resources"]}
    assert by_number["R001"]["appear"] > 0
    assert "Dentist" in [act["subject"] for act in by_number["R001"]["acts"]]
    losses = [one["vanish"] for one in told["resources"]]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 0

    table = tmp_path / "table.csv"
    table.write_text("resourceNo,share\nR001,no\n", encoding="utf-8")
    told = connector.command("plan", "--json", "--preferences", str(table)).json
    assert [one["resourceNo"] for one in told["resources"] if one["vanish"]] == ["R001"]
    assert set(told["totals"]) == {"remove_appointment"}

    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(NONE_PASSES), encoding="utf-8")
    told = connector.command("plan", "--json", "--rules", str(rules)).json
    assert set(told["totals"]) == {"delete_event"}
    assert "not now" in told["resources"][0]["acts"][0]["sentence"]
    text = connector.command("plan", "--rules", str(rules)).stdout
    assert "vanish" in text.splitlines()[0]

    table.write_text("resourceNo,share\nR001,perhaps\n", encoding="utf-8")
    wrong = connector.command("plan", "--preferences", str(table))
    assert (wrong.code, wrong.stdout) == (2, "")
    assert "line 2: share: 'perhaps' is neither yes nor no" in wrong.stderr
    assert sandbox.writes(since) == []

"""What if, over a whole tenant: how many requests it takes, and that none of them writes.

How long it takes is measured by `python -m tests.measure what-if`.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.established import established
from tests.sandbox.graph.tokens import SigningKey

RESOURCES, APPOINTMENTS = 30, 10
NOT_URGENT = {"Name": "Never", "ErrorMessage": "not now", "Expression": 'appointment.Subject == "-"'}


def test_a7_what_if_over_a_tenant_asks_little_and_writes_nothing(
    signing_key: SigningKey, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"Rules": [{"Name": "All", "Rules": [NOT_URGENT]}]}), encoding="utf-8")
    with established(tmp_path, resources=RESOURCES, appointments=APPOINTMENTS, key=signing_key) as (
        sandbox,
        connector,
    ):
        mark = sandbox.mark()
        with connector.store() as store:
            links = store.counts().links
        planned = connector.ask("plan", "--json", "--rules", str(rules)).json
        asked = sandbox.requests(mark)
    assert links > 0.9 * RESOURCES * APPOINTMENTS
    assert planned["totals"] == {"delete_event": links}
    losses = [one["vanish"] for one in planned["resources"]]
    assert len(losses) == RESOURCES
    assert losses == sorted(losses, reverse=True)
    assert [one for one in asked if one.is_write] == []
    read = Counter(one.mailbox for one in asked if one.mailbox is not None)
    assert len(read) == RESOURCES
    assert max(read.values()) <= 2, "what has changed since it was read last, asked once more at most"
    assert sum(one.path.startswith("/appointment") for one in asked) <= 2

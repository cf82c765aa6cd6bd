"""How long `explain` takes with a million decisions in the store, each about an item of its own.

Asked of the running process over its API, from the question to the whole answer:
`python -m tests.measure explain`.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import requests

from models.ids import ResourceNo
from models.storage.changes import AddDecision, PutResource
from models.storage.records import DecisionRecord, ResourceRecord
from models.storage.store import Store
from models.when import Timed
from tests.measure_storage import about
from tests.process_kit import Connector, connector_for
from tests.services_kit import sandbox_running
from tests.storage_kit import NOON, later

PASSWORD = "measured"
DECISIONS = 1_000_000
AT_ONCE = 10_000
TIMES = 5
EMP = ResourceNo("EMP-711")
ONE = 4_711
"""The item that is asked for: one of EMP-711's."""


def explain() -> str:
    """The slowest of several answers, by what is asked."""
    folder, server = Path(tempfile.mkdtemp()), {"admin_password": PASSWORD}
    with sandbox_running() as sandbox, connector_for(sandbox, folder) as connector:
        connector.configure(server=server)
        fill(connector.store_url)
        connector.start().wait_in_step(300.0)
        return ", ".join(
            f"{what} {max(_seconds(connector, asked) for _ in range(TIMES)) * 1000:.0f} ms"
            for what, asked in questions().items()
        )


def questions() -> dict[str, str]:
    """What people ask for, by the kind of name."""
    item = decision(ONE)
    assert item.when is not None
    return {
        "number": item.number,
        "id": item.appointment_id or "",
        "guid": item.guid or "",
        "event id": item.event_id or "",
        "iCalUId": item.ical_uid,
        "subject": item.subject,
        "part of a subject": f"visit {ONE} at",
        "a word of every subject": "maintenance",
        "resource": EMP,
        "resource and time": f"{EMP}@{item.when.start:%Y-%m-%dT%H:%M}Z",
        "nothing": "no such thing",
    }


def fill(url: str, decisions: int = DECISIONS) -> None:
    """Put so many decisions into a store."""
    store = Store.open(url)
    try:
        store.apply([PutResource(resource=ResourceRecord(resource_no=EMP, updated_at=NOON))])
        for first in range(0, decisions, AT_ONCE):
            store.apply(AddDecision(decision=decision(number)) for number in range(first, first + AT_ONCE))
    finally:
        store.close()


def decision(number: int) -> DecisionRecord:
    """A decision about an item of its own."""
    start = later(minutes=10 * (number // 1_000))
    return replace(about(number, number), when=Timed(start=start, end=start + timedelta(hours=1)))


def _seconds(connector: Connector, asked: str) -> float:
    url = f"{connector.url}/api/explain/{quote(asked, safe='')}"
    began = time.perf_counter()
    answer = requests.get(url, auth=("admin", PASSWORD), timeout=60, proxies={"http": ""})
    took = time.perf_counter() - began
    answer.json()
    return took

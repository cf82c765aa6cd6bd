"""The hooks under load, over sockets and threads: what is acknowledged is on disk, and quickly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from actors.committing import StoreDesk
from actors.intake import Intake
from actors.resource.hints import Hints
from actors.router import Router
from actors.runtime.system import Runtime
from actors.store_actor import StoreActor
from actors.web.access import ApiAccess, Login
from actors.web.app import Parts, create_app
from actors.web.server import WebServer
from models.storage.changes import PutSubscription
from models.storage.records import Service, Subscription
from models.storage.store import Store
from tests.runtime_kit import PATIENCE
from tests.web_kit import ANNA, SECRET_STATE, mailbox_of, office

DELIVERIES = 300
ANSWER_WITHIN = timedelta(seconds=3)
"""Graph takes a later answer for none (facts §4.3)."""


def test_what_is_acknowledged_under_load_is_on_disk(tmp_path: Path) -> None:
    """D4: three hundred deliveries from sixteen connections; each answered in time, none lost."""
    with office(tmp_path) as quiet:
        facade = quiet.administration
    store = Store.open(f"sqlite:///{tmp_path / 'load.db'}")
    runtime = Runtime.production(resource_threads=1, sender_threads=1)
    runtime.start()
    pin = runtime.pinned["store"]
    now = runtime.clock.now()
    known = Subscription(
        id="sub-ANNA",
        service=Service.GRAPH,
        mailbox=mailbox_of(ANNA),
        client_state=SECRET_STATE,
        created_at=now,
    )
    store.apply([PutSubscription(subscription=known)])
    store_ref = StoreActor.start(store, runtime.timers, runtime.clock, dispatcher=pin)
    intake = Intake(
        desk=StoreDesk(store=store_ref, dispatcher=pin),
        router=Router(Hints(), runtime.clock),
        clock=runtime.clock,
    )
    app = create_app(
        Parts(
            intake=intake,
            facade=facade,
            store=store,
            clock=runtime.clock,
            scheduler_login=Login(),
            access=ApiAccess(),
        )
    )
    server = WebServer(app, host="127.0.0.1", port=0, clock=runtime.clock)
    server.start()
    body: dict[str, Any] = {"value": [{"subscriptionId": "sub-ANNA", "clientState": SECRET_STATE}]}

    def deliver(_: int) -> tuple[int, timedelta]:
        answer = requests.post(f"{server.url}/hooks/graph", json=body, timeout=PATIENCE)
        return answer.status_code, answer.elapsed

    try:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(deliver, range(DELIVERIES)))
        assert {status for status, _ in answers} == {202}
        assert max(elapsed for _, elapsed in answers) < ANSWER_WITHIN
        entries = store.pending_journal()
        assert len(entries) == len({entry.id for entry in entries}) == DELIVERIES
    finally:
        assert server.stop(PATIENCE) == []
        store_ref.stop()
        assert runtime.stop(PATIENCE) == []
        store.close()

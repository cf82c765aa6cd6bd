"""Processes that share a store (D12): each works for what no other one holds, and takes over what is free."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pykka import ActorRef

from actors.clients.graph.directory import DirectoryUser, FindUser
from actors.roster import Roster, RosterNeighbours
from actors.store_actor import StoreActor
from actors.supervision_messages import Ensure, Retire
from actors.web.facade import NotNow
from models.ids import ResourceNo
from models.resource import Resource
from models.storage.changes import PutResource
from models.storage.store import Store
from tests.behaviour.company import wall
from tests.process_kit import Connector, connector_for
from tests.services_kit import Sandbox, wait_until
from tests.storage_kit import postgres_url
from tests.web_kit import ANNA, BRAM, MONDAY, Gateway, Office, mailbox_of, office

EVERY = 60.0


class SharedStore(Store):
    """A store that another process has open, too."""

    taken: frozenset[ResourceNo]
    """What that one works for."""

    @property
    def is_shared(self) -> bool:
        return True

    def claim(self, resource_nos: Collection[ResourceNo]) -> frozenset[ResourceNo]:
        return frozenset(resource_nos) - self.taken


@dataclass
class Place:
    """A process beside another one."""

    office: Office
    store: SharedStore
    roster: ActorRef[Roster]

    @property
    def employed(self) -> set[ResourceNo]:
        """Whose actors run."""
        self.office.runtime.settle()
        running: set[ResourceNo] = set()
        for message in self.office.told(self.office.supervisor):
            if isinstance(message, Ensure):
                running.add(ResourceNo(str(message.key)))
            elif isinstance(message, Retire):
                running.discard(ResourceNo(str(message.key)))
        return running


def answers(operation: object) -> object:
    if isinstance(operation, FindUser):
        number = ResourceNo(operation.email.partition("@")[0].upper())
        return DirectoryUser(id=mailbox_of(number), email=operation.email)
    return tuple(
        Resource(resource_no=number, email=f"{number.lower()}@contoso.test", exchange_enabled=True)
        for number in (ANNA, BRAM)
    )


@contextmanager
def two_processes(sandbox: Sandbox, folder: Path) -> Iterator[tuple[Connector, Connector]]:
    """Two connectors with one PostgreSQL store; the first is in step, and the second has started."""
    folders = [folder / name for name in ("first", "second")]
    for one in folders:
        one.mkdir()
    with (
        postgres_url() as url,
        connector_for(sandbox, folders[0], storage={"url": url}) as first,
        connector_for(sandbox, folders[1], storage={"url": url}) as second,
    ):
        first.start()
        first.wait_in_step(60.0)
        second.start()
        yield first, second


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with office(tmp_path) as opened:
        runtime, pin = opened.runtime, opened.runtime.pinned["router"]
        store = SharedStore.open("sqlite:///:memory:")
        assert isinstance(store, SharedStore)
        store.taken = frozenset({ANNA})
        store_ref = StoreActor.start(store, runtime.timers, runtime.clock, dispatcher=runtime.pinned["store"])
        neighbours = RosterNeighbours(
            graph=Gateway.start("graph", answers, dispatcher=pin),
            scheduler=Gateway.start("scheduler", answers, dispatcher=pin),
            store=store_ref,
            supervisor=opened.supervisor,
            router=opened.router,
            clock=runtime.clock,
            timers=runtime.timers,
        )
        roster = Roster.start(
            neighbours=neighbours, every_seconds=EVERY, known=(), shares=store.is_shared, dispatcher=pin
        )
        yield Place(opened, store, roster)
        store.close()


def test_d12_a_process_leaves_alone_what_another_one_works_for(place: Place) -> None:
    assert place.employed == {BRAM}
    assert place.office.router.directory.elsewhere == {ANNA}


def test_d12_it_takes_over_what_gets_free(place: Place) -> None:
    assert place.employed == {BRAM}
    place.store.taken = frozenset()
    place.office.runtime.run_until(MONDAY + timedelta(seconds=2 * EVERY))
    assert place.employed == {ANNA, BRAM}
    assert place.office.router.directory.elsewhere == frozenset()


def test_d12_an_administrator_is_told_that_it_is_another_one_s_business(place: Place) -> None:
    assert place.employed == {BRAM}
    place.office.put(*(PutResource(resource=one) for one in place.office.router.directory.records))
    status = {one.resource_no: one.reason for one in place.office.administration.status().resources}
    assert "another process" in status[ANNA]
    assert status[BRAM] == ""
    with pytest.raises(NotNow, match="another process"):
        place.office.administration.resync(ANNA)


def test_d12_two_processes_on_one_postgresql_store_never_work_for_the_same_resource(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """D12: what the first does is not done again by the second, which goes on when the first is killed."""
    with two_processes(sandbox, tmp_path) as (first, second):
        since = sandbox.mark()
        sandbox.board.create(subject="Shared", resourceNo="R001", start=wall(30), end=wall(31))
        ann = sandbox.mailbox("ann@contoso.test")
        wait_until(lambda: ann.having(subject="Shared"), 60.0, "the first does it")
        assert not second.logs("decision")
        assert len(sandbox.writes(since)) == 1
        first.kill()
        sandbox.board.create(subject="Taken over", resourceNo="R001", start=wall(40), end=wall(41))
        wait_until(lambda: ann.having(subject="Taken over"), 60.0, "the second takes over")
        assert len(ann.having(subject="Shared")) == len(ann.having(subject="Taken over")) == 1


def test_d12_commands_still_find_the_process_that_goes_on_when_the_other_one_stops(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with two_processes(sandbox, tmp_path) as (first, second):
        assert first.stop() == 0
        services = second.ask("status", "--json").json["services"]
        assert services["graph"]["state"] == "ok"
        assert second.stop() == 0
        services = second.ask("status", "--json").json["services"]
        assert services["graph"]["state"] == "not_running"

"""D11, C5: the process when its disk is full, and its store is locked, replaced, newer or none at all."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from models.storage.changes import PutMeta
from models.storage.store import Store
from tests.behaviour.company import DOMAIN, wall
from tests.process_kit import Connector, connector_for
from tests.services_kit import Sandbox, wait_until

pytestmark = pytest.mark.process

ANN = f"ann@{DOMAIN}"
PATIENCE = 60.0
LOCK = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
GUID = "0c6b8a52-0e0f-4f0c-9a55-1a2b3c4d5e6f"


@pytest.fixture
def told(sandbox: Sandbox, tmp_path: Path) -> Iterator[Connector]:
    """A connector that both services tell of changes, and that has finished its first synchronisation."""
    with connector_for(sandbox, tmp_path, notified=True) as connector:
        yield connector


def begin(connector: Connector) -> None:
    """Start it, and wait until it is in step and listens to both services."""
    connector.start()
    connector.wait_in_step(PATIENCE)
    wait_until(lambda: connector.status()["subscriptions"] >= 9, PATIENCE, "it is subscribed")


def codes(connector: Connector) -> list[int]:
    """What a webhook of the board, a notification of Graph and a choice of a resource are answered."""
    with connector.store() as store:
        one = next(one for one in store.subscriptions() if one.mailbox is not None)
    item = {"subscriptionId": one.id, "clientState": one.client_state, "changeType": "updated"}
    items = [item | {"resource": "Users/x/Events/e", "resourceData": {"id": "e"}}]
    webhook = {"id": 7, "appointmentGuid": GUID, "resourceNo": "R001"}
    with requests.Session() as web:
        web.trust_env = False
        hooks = f"{connector.url}/hooks"
        told = web.post(f"{hooks}/scheduler/updated", json=webhook, auth=("board", "pass-word"), timeout=30)
        notified = web.post(f"{hooks}/graph", json={"value": items}, timeout=30)
    chosen = connector.put("/api/resources/R002/preferences", {"share": True})
    return [told.status_code, notified.status_code, chosen.status_code]


def why_not_ready(connector: Connector) -> str:
    """What `/health/ready` says; empty while it is ready."""
    answer = requests.get(f"{connector.url}/health/ready", timeout=30, proxies={"http": ""})
    return "" if answer.ok else str(answer.json()["reason"])


def expect_work_to_wait(sandbox: Sandbox, connector: Connector, reason: str) -> None:
    """Red, alive, nothing acknowledged, and nothing written to either side, whatever happens there."""
    since = sandbox.mark()
    sandbox.board.create(subject="Meanwhile", resourceNo="R001", start=wall(30), end=wall(31))
    wait_until(lambda: reason in why_not_ready(connector), PATIENCE, reason)
    assert connector.get("/health/live") == {"status": "live"}
    assert codes(connector) == [503, 503, 503]
    assert sandbox.writes(since) == [], "no call without its intent on disk"


def expect_work_to_go_on(sandbox: Sandbox, connector: Connector) -> None:
    """By itself: what happened meanwhile is made up for, once."""
    wait_until(lambda: codes(connector) == [200, 202, 200], PATIENCE, "everything is acknowledged")
    wait_until(lambda: not why_not_ready(connector), PATIENCE, "it is ready")
    wait_until(lambda: sandbox.mailbox(ANN).having(subject="Meanwhile"), PATIENCE, "it goes on")
    connector.wait_in_step(PATIENCE)
    assert len(sandbox.mailbox(ANN).having(subject="Meanwhile")) == 1
    assert connector.starts == 1
    assert connector.logs("store recovered")


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A disk of its own for the store."""

    folder: Path

    def fill(self, _connector: Connector) -> None:
        """Leave no room."""
        with (self.folder / "other").open("ab", buffering=0) as other:
            try:
                while True:
                    other.write(b"x" * 4096)
            except OSError:
                return

    def clear(self, _connector: Connector) -> None:
        """Make room."""
        (self.folder / "other").unlink()


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit to what the process may write, which is lifted again."""

    folder: Path

    def fill(self, connector: Connector) -> None:
        """No file may grow beyond a page."""
        self._limit(connector, 4096)

    def clear(self, connector: Connector) -> None:
        """Files may grow."""
        self._limit(connector, resource.RLIM_INFINITY)

    def _limit(self, connector: Connector, size: int) -> None:
        assert connector.process is not None
        resource.prlimit(connector.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder))
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of its own needs the right to mount one")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=True)


def refused(disk: SmallDisk | Quota, connector: Connector) -> bool:
    """Whether nothing can be stored any more; a write-ahead log may hold some room for a while."""
    disk.fill(connector)
    return codes(connector) == [503, 503, 503]


@pytest.mark.slow
def test_d11_a_process_that_may_write_no_more_acknowledges_nothing_and_goes_on_when_it_may(
    sandbox: Sandbox, told: Connector, tmp_path: Path
) -> None:
    quota = Quota(tmp_path)
    begin(told)
    quota.fill(told)
    expect_work_to_wait(sandbox, told, "cannot be written")
    quota.clear(told)
    expect_work_to_go_on(sandbox, told)


@pytest.mark.slow
def test_d11_a_full_disk_is_said_to_be_full_and_work_goes_on_when_there_is_room(
    sandbox: Sandbox, told: Connector, small_disk: SmallDisk
) -> None:
    told.configure(storage={"url": f"sqlite:///{small_disk.folder}/store.db"})
    begin(told)
    wait_until(lambda: refused(small_disk, told), PATIENCE, "there is no room left")
    assert "cannot grow (database or disk is full); make room on its disk" in why_not_ready(told)
    small_disk.clear(told)
    sandbox.board.create(subject="Meanwhile", resourceNo="R001", start=wall(30), end=wall(31))
    expect_work_to_go_on(sandbox, told)


@pytest.mark.slow
def test_d11_a_database_that_another_program_has_locked_turns_health_red_until_it_lets_go(
    sandbox: Sandbox, told: Connector
) -> None:
    begin(told)
    with locked(told.folder / "store.db"):
        expect_work_to_wait(sandbox, told, "has been locked by another program for 5 s; end what holds it")
    expect_work_to_go_on(sandbox, told)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program writes to a database and does not come to an end."""
    command = (sys.executable, "-c", LOCK, str(path))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "locked\n"
            yield
        finally:
            child.kill()


@pytest.mark.slow
def test_d11_c5_a_backup_in_the_place_of_the_store_ends_the_process_and_is_gone_on_from_at_the_next_start(
    sandbox: Sandbox, told: Connector
) -> None:
    """What was done after the backup is recognised: nothing is there twice, nothing is written again."""
    store, backup = told.folder / "store.db", told.folder / "backup.db"
    begin(told)
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
    sandbox.board.create(subject="After", resourceNo="R001", start=wall(30), end=wall(31))
    wait_until(lambda: sandbox.mailbox(ANN).having(subject="After"), PATIENCE)
    told.wait_in_step(PATIENCE)
    backup.replace(store)
    sandbox.board.create(subject="Later", resourceNo="R001", start=wall(40), end=wall(41))
    assert told.wait_end(PATIENCE) == 70
    assert "was replaced by another while it was in use; start this process again" in told.log_text()
    assert not sandbox.mailbox(ANN).having(subject="Later")
    since = sandbox.mark()
    told.start()
    wait_until(lambda: sandbox.mailbox(ANN).having(subject="Later"), PATIENCE)
    told.wait_in_step(PATIENCE)
    assert [one.method for one in sandbox.writes(since)] == ["POST"]
    assert len(sandbox.mailbox(ANN).having(subject="After")) == 1


@pytest.mark.slow
def test_d11_c5_a_damaged_store_is_refused_and_a_new_one_recognises_everything(
    sandbox: Sandbox, connector: Connector
) -> None:
    connector.start()
    connector.wait_in_step(PATIENCE)
    connector.stop()
    store = connector.folder / "store.db"
    store.write_bytes(os.urandom(store.stat().st_size))
    ended = connector.command("run")
    assert (ended.code, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert f"the store {store} cannot be read" in line
    assert "move the file and those beside it (-wal, -shm) away and start again" in line
    store.rename(connector.folder / "damaged.db")
    since = sandbox.mark()
    connector.start()
    connector.wait_in_step(PATIENCE)
    assert sandbox.writes(since) == []


def test_d11_a_store_of_a_newer_version_is_refused_and_left_as_it_is(
    sandbox: Sandbox, connector: Connector
) -> None:
    store = Store.open(connector.store_url)
    store.apply([PutMeta(key="schema_version", value="99")])
    store.close()
    before = (connector.folder / "store.db").read_bytes()
    for ended in (connector.command("run"), connector.ask("status"), connector.ask("plan")):
        assert (ended.code, ended.stdout) == (2, "")
        assert "has schema version 99; this program knows versions up to" in ended.stderr
        assert "install the version that wrote it, or a newer one" in ended.stderr
    assert (connector.folder / "store.db").read_bytes() == before
    assert sandbox.requests() == []

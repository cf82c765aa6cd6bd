"""A store that several processes share (D12), and a server that goes away (D11)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.ids import ResourceNo
from models.storage.changes import PutLink, PutMeta
from models.storage.errors import StoreMissing, StoreSucceeded, StoreUnavailable
from models.storage.store import Store
from tests.storage_kit import POSTGRES, R1, R2, link, postgres_url

ROOT = Path(__file__).parent.parent
CLAIM = """
import sys
from models.storage.store import Store
store = Store.open(sys.argv[1])
print(*sorted(store.claim(sys.argv[2:])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_url() as made:
        yield made


def terminate(store: Store) -> None:
    """Ends a store's writing connection as a restarted server would."""
    import psycopg

    (pid,) = store._backend.writer.execute("SELECT pg_backend_pid()", returns=True)[0]
    with psycopg.connect(os.environ[POSTGRES], autocommit=True) as connection:
        # Waits until the session has ended and its locks are gone.
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def test_d12_a_resource_belongs_to_the_process_that_claimed_it_first(url: str) -> None:
    one, other = Store.open(url), Store.open(url)
    assert one.claim([R1]) == {R1}
    assert other.claim([R1, R2]) == {R2}
    assert one.claim([R1, R2]) == {R1}
    one.close()
    other.close()


def test_d12_what_a_process_leaves_behind_is_free(url: str) -> None:
    one, other = Store.open(url), Store.open(url)
    one.claim([R1, R2])
    assert other.claim([R1, R2]) == frozenset()
    one.close()
    assert other.claim([R1, R2]) == {R1, R2}
    other.close()


def test_d12_d3_what_a_killed_process_held_is_taken_over(url: str) -> None:
    command = [sys.executable, "-c", CLAIM, url, R1, R2]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == f"{R1} {R2}\n"
        store = Store.open(url)
        assert store.claim([R1, R2]) == frozenset()
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    for _ in range(1_000):  # until the server has noticed
        if store.claim([R1, R2]) == {R1, R2}:
            break
    else:
        pytest.fail("the claims of the killed process were not freed")
    store.close()


def test_d12_processes_that_start_together_make_the_schema_once_and_share_the_resources(url: str) -> None:
    everybody = [ResourceNo(f"R{n}") for n in range(50)]
    claimed: list[frozenset[ResourceNo]] = []
    stores: list[Store] = []

    def start() -> None:
        store = Store.open(url)
        stores.append(store)
        claimed.append(store.claim(everybody))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(no for part in claimed for no in part) == sorted(everybody)
    for store in stores:
        store.close()


def test_d11_a_lost_connection_is_said_and_made_again(url: str) -> None:
    store = Store.open(url)
    store.claim([R1])
    terminate(store)
    with pytest.raises(
        StoreUnavailable, match=r"cannot be reached .*; check storage\.url and that the server runs"
    ):
        store.apply([PutLink(link=link())])
    store.apply([PutLink(link=link("g2"))])
    assert store.links_of(R1) == (link("g2"),)
    assert store.claim([R1]) == {R1}
    store.close()


def test_d12_a_process_that_was_succeeded_while_it_was_cut_off_writes_no_more(url: str) -> None:
    store, successor = Store.open(url), Store.open(url)
    store.claim([R1])
    terminate(store)
    assert successor.claim([R1]) == {R1}
    with pytest.raises(StoreUnavailable):
        store.apply([PutMeta(key="key", value="value")])
    for _ in range(2):
        with pytest.raises(StoreSucceeded, match="start this process again"):
            store.apply([PutMeta(key="key", value="value")])
    store.close()
    successor.close()


def test_it_can_be_read_but_not_written_for_reading(url: str) -> None:
    Store.open(url).close()
    store = Store.open(url, read_only=True)
    assert store.links_of(R1) == ()
    with pytest.raises(StoreUnavailable, match="is open for reading"):
        store.apply([PutLink(link=link())])
    store.close()


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Store.open("postgresql://user:hidden@127.0.0.1:1/db")
    assert "the store postgresql://127.0.0.1:1/db cannot be reached" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_database_that_is_not_there_is_missing() -> None:
    base = os.environ.get(POSTGRES)
    if not base:
        pytest.skip(f"{POSTGRES} names no PostgreSQL database to test with")
    server, _, _ = base.partition("?")[0].rpartition("/")
    with pytest.raises(StoreMissing, match="create the database"):
        Store.open(f"{server}/there_is_no_such_database")


def test_a_missing_driver_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'exchange-connector\[postgres\]'"):
        Store.open("postgresql://h/d")

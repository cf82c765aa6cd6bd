"""D11: the file of the store is removed while it is in use. Nothing of it is lost as long as it is open."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from actors.runtime.system import Runtime
from actors.store_actor import REMOVED_SECONDS, Commit, StoreActor
from models.ids import AppointmentGuid
from models.storage.changes import PutLink, PutMeta
from models.storage.errors import StoreHeld, StoreRemoved, StoreReplaced, StoreUnavailable
from models.storage.holder import HolderFile
from models.storage.store import Store
from tests.storage_kit import NOON, R1, later, link

FILES = ("store.db", "store.db-wal", "store.db-shm", "store.db.lock")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder / "store.db"


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{path}")
    try:
        yield store
    finally:
        store.close()


def guids(store: Store) -> set[AppointmentGuid]:
    return {one.guid for one in store.links_of(R1)}


def remove(path: Path, *names: str) -> None:
    for name in names:
        path.with_name(name).unlink()


@pytest.mark.parametrize(
    "names", [FILES[:1], FILES[:3], FILES], ids=["alone", "with its log", "with its lock"]
)
def test_d11_a_removed_file_is_written_again_with_everything(path: Path, names: tuple[str, ...]) -> None:
    with opened(path) as store:
        store.apply([PutLink(link=link("g1"))])
        assert len(guids(store)) == 1
        remove(path, *names)
        with pytest.raises(StoreRemoved, match=r"was removed while it was in use; put it back"):
            store.apply([PutLink(link=link("g2"))])
        store.write_again()
        assert len(guids(store)) == 1
        store.apply([PutLink(link=link("g2"))])
        assert len(guids(store)) == 2
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(StoreHeld):
            Store.open(f"sqlite:///{path}")
        reading = Store.open(f"sqlite:///{path}", read_only=True)
        assert guids(reading) == guids(store)
        reading.close()
        known = guids(store)
    with opened(path) as store:
        assert guids(store) == known
    assert sorted(one.name for one in path.parent.iterdir()) == ["store.db", "store.db.lock"]


def test_d11_half_a_copy_that_a_killed_process_left_is_taken_away(path: Path) -> None:
    path.with_name("store.db.again").write_bytes(b"half")
    with opened(path) as store:
        assert sorted(one.name for one in path.parent.iterdir()) == sorted(FILES)
        remove(path, FILES[0])
        path.with_name("store.db.again").write_bytes(b"half")
        store.write_again()
        assert guids(store) == set()


def test_d11_every_thread_reads_the_new_file(path: Path) -> None:
    asked: SimpleQueue[bool] = SimpleQueue()
    answers: SimpleQueue[int] = SimpleQueue()
    with opened(path) as store:

        def read() -> None:
            while asked.get():
                answers.put(len(guids(store)))
            store.close_reader()

        reader = threading.Thread(target=read)
        reader.start()
        asked.put(True)
        assert answers.get(timeout=10) == 0
        remove(path, *FILES[:3])
        store.write_again()
        store.apply([PutLink(link=link())])
        asked.put(True)
        assert answers.get(timeout=10) == 1
        asked.put(False)
        reader.join(10)


def test_d11_a_backup_that_was_put_there_meanwhile_stays_as_it_is(path: Path) -> None:
    backup = path.with_name("backup.db")
    with opened(path) as store:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
        store.apply([PutLink(link=link())])
        remove(path, *FILES[:3])
        backup.rename(path)
        before = path.read_bytes()
        store.write_again()
        with pytest.raises(StoreReplaced):
            store.apply([PutMeta(key="key", value="value")])
    assert path.read_bytes() == before


def test_d11_d12_a_store_that_another_process_has_by_now_is_left_to_it(path: Path) -> None:
    with opened(path) as store:
        remove(path, *FILES)
        other = HolderFile(path.with_name("store.db.lock"))
        for _ in range(2):
            with pytest.raises(StoreHeld, match=f"in use by process {os.getpid()}"):
                store.write_again()
        assert not path.exists()
        other.release()
        store.write_again()
        assert path.exists()


def test_d11_nothing_is_written_where_the_directory_is_gone(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutLink(link=link())])
        remove(path, *FILES)
        path.parent.rmdir()
        with pytest.raises(
            StoreUnavailable, match=r"cannot be written again \(No such file or directory\); check"
        ):
            store.write_again()
        path.parent.mkdir()
        store.write_again()
        store.apply([PutMeta(key="key", value="value")])
        assert len(guids(store)) == 1


@pytest.mark.parametrize("is_put_back", [False, True])
def test_d11_the_process_waits_a_minute_for_somebody_to_put_the_file_back(
    path: Path, *, is_put_back: bool
) -> None:
    runtime = Runtime.simulated(1, NOON)
    problems, written = list[str](), list[str]()
    with opened(path) as store:
        actor = StoreActor.start(
            store,
            runtime.timers,
            runtime.clock,
            on_problem=problems.append,
            dispatcher=runtime.pinned["store"],
        )
        aside = path.with_name("aside.db")
        path.rename(aside)
        actor.tell(Commit((PutMeta(key="key", value="value"),), then=lambda: written.append("then")))
        runtime.run_until(later(seconds=REMOVED_SECONDS - 2))
        assert not path.exists()
        assert "was removed while it was in use" in problems[-1]
        assert written == [], "nothing is acknowledged that is not on disk"
        if is_put_back:
            aside.rename(path)
        runtime.run_until(later(seconds=REMOVED_SECONDS + 2))
        assert problems[-1] == ""
        assert written == ["then"]
        assert store.meta("key") == "value"
        assert aside.exists() is not is_put_back

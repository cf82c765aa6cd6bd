"""What the store says and does when its file, its disk or another process is in the way (D3, D11, D12)."""

from __future__ import annotations

import os
import platform
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from models.storage import sqlite
from models.storage.changes import PutLink, PutMeta
from models.storage.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreFull,
    StoreHeld,
    StoreMissing,
    StoreNewer,
    StoreOlder,
    StoreReplaced,
    StoreUnavailable,
)
from models.storage.store import Store
from tests.storage_kit import R1, link

ROOT = Path(__file__).parent.parent

HOLD = """
import sys
from models.storage.store import Store
store = Store.open(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""
WRITE_FOR_EVER = """
import sys
from itertools import count
from models.storage.changes import PutMeta
from models.storage.store import Store
store = Store.open(sys.argv[1])
for number in count():
    store.apply([PutMeta(key=f"{number}/{part}", value="x") for part in range(3)])
    print(number, flush=True)
"""

WRITE_UNTIL_REFUSED = """
import resource, sys
from models.storage.changes import PutMeta
from models.storage.errors import StoreUnavailable
from models.storage.store import Store
store = Store.open(sys.argv[1])
store.apply([PutMeta(key="before", value="x")])
no_limit = resource.RLIM_INFINITY
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, no_limit))
for number in range(3):
    try:
        store.apply([PutMeta(key="meanwhile", value="x")])
    except StoreUnavailable as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (no_limit, no_limit))
store.apply([PutMeta(key="after", value="y")])
print(*(store.meta(key) for key in ("before", "meanwhile", "after")))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[Store]:
    store = Store.open(url(path), read_only=read_only)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def process(source: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process of ours at the same store."""
    with subprocess.Popen(
        [sys.executable, "-c", source, url(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def test_d12_a_second_process_is_refused_and_told_who_holds_the_store(path: Path) -> None:
    with process(HOLD, path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(StoreHeld) as caught:
            Store.open(url(path))
    holder = caught.value.holder
    assert holder is not None
    assert (holder.pid, holder.host) == (child.pid, platform.node())
    assert holder.since is not None
    since = holder.since.isoformat(timespec="seconds")
    assert str(caught.value) == (
        f"the store {path} is in use by process {child.pid} on {platform.node()} since {since}; "
        "stop that process first, or give this one its own storage.url"
    )


def test_d3_a_killed_process_holds_nothing(path: Path) -> None:
    with process(HOLD, path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
        with opened(path) as store:
            store.apply([PutMeta(key="key", value="value")])


def test_d3_all_that_was_written_before_a_kill_is_there_and_no_half_of_the_rest(path: Path) -> None:
    with process(WRITE_FOR_EVER, path) as child:
        assert child.stdout is not None
        written = [int(child.stdout.readline()) for _ in range(30)]
        os.kill(child.pid, signal.SIGKILL)
        written += [int(line) for line in child.stdout]
        child.wait(10)
    with opened(path) as store:
        found = [[store.meta(f"{n}/{part}") for part in range(3)] for n in range(len(written) + 2)]
    assert found[: len(written)] == [["x"] * 3] * len(written)
    assert found[len(written)] in (["x"] * 3, [None] * 3)


def test_d12_one_process_does_not_open_a_store_twice(path: Path) -> None:
    with opened(path), pytest.raises(StoreHeld):
        Store.open(url(path))


def test_a_store_that_was_closed_can_be_opened_again(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutLink(link=link())])
    with opened(path) as store:
        assert store.links_of(R1) == (link(),)


def test_it_can_be_read_while_it_is_written(path: Path) -> None:
    with opened(path) as writer, opened(path, read_only=True) as reader:
        assert reader.links_of(R1) == ()
        writer.apply([PutLink(link=link())])
        assert reader.links_of(R1) == (link(),)
        with pytest.raises(StoreUnavailable, match="is open for reading"):
            reader.apply([PutLink(link=link())])


def test_it_can_be_read_while_no_process_runs(path: Path) -> None:
    with opened(path) as writer:
        writer.apply([PutLink(link=link())])
    with opened(path, read_only=True) as reader:
        assert reader.links_of(R1) == (link(),)


def test_only_its_owner_can_read_the_file(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutLink(link=link())])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm", "store.db.lock"), 0o600)


def test_a_store_of_a_newer_version_is_refused(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutMeta(key="schema_version", value="99")])
    for read_only in (False, True):
        with pytest.raises(
            StoreNewer, match=r"has schema version 99; this program knows versions up to \d+; install"
        ):
            Store.open(url(path), read_only=read_only)


def test_a_store_that_is_not_up_to_date_is_not_read(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutMeta(key="schema_version", value="0")])
    with pytest.raises(
        StoreOlder, match=r"start the process once: `exchange-connector run` brings the store up"
    ):
        Store.open(url(path), read_only=True)


def test_d11_a_file_that_is_no_store_is_refused(path: Path) -> None:
    path.write_text("This is a letter to my aunt, and longer than the header of a database.\n" * 9)
    with pytest.raises(StoreCorrupt, match="the connector recognises its events and builds a new store"):
        Store.open(url(path))


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE invoices (number TEXT)")
    other.close()
    with pytest.raises(StoreCorrupt, match="it holds the tables of another program"):
        Store.open(url(path))
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("invoices",)]
    other.close()


def use(path: Path) -> None:
    """Reads and writes much of a store."""
    with opened(path) as store:
        store.links_of(R1)
        store.apply([PutLink(link=link(f"g{n}", generation=7)) for n in range(2_000)])


def test_d11_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutLink(link=link(f"g{n}")) for n in range(2_000)])
    damaged = bytearray(path.read_bytes())
    half = len(damaged) // 2
    damaged[half : half + 200_000] = os.urandom(200_000)
    path.write_bytes(damaged)
    with pytest.raises(StoreCorrupt):
        use(path)


def test_a_file_that_could_not_be_opened_is_let_go_again(path: Path) -> None:
    path.write_text("no database" * 100)
    with pytest.raises(StoreCorrupt):
        Store.open(url(path))
    path.unlink()
    with opened(path) as store:
        store.apply([PutMeta(key="key", value="value")])


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match=f"make it: mkdir -p {tmp_path}/none"):
        Store.open(url(tmp_path / "none" / "store.db"))


def test_a_store_that_is_not_there_is_not_made_for_reading(path: Path) -> None:
    with pytest.raises(StoreMissing, match=r"there is no store .* yet; start the process once"):
        Store.open(url(path), read_only=True)
    assert not path.exists()


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Store.open(url(tmp_path))


@pytest.mark.parametrize("wrong", ["", "store.db", "sqlite://store.db", "sqlite:///", "mysql://h/d"])
def test_a_url_of_no_known_store_is_refused(wrong: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"write sqlite:///FILE or postgresql://"):
        Store.open(wrong)


def test_d11_a_full_disk_takes_nothing_half_and_everything_once_there_is_room(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutLink(link=link("kept"))])
        writer = store._backend.writer
        pages = writer.execute("PRAGMA page_count", returns=True)[0][0]
        writer.execute(f"PRAGMA max_page_count = {pages}")
        many = [PutLink(link=link(f"g{n}")) for n in range(500)]
        with pytest.raises(
            StoreFull, match=r"cannot grow \(database or disk is full\); make room on its disk"
        ):
            store.apply(many)
        assert store.links_of(R1) == (link("kept"),)
        writer.execute("PRAGMA max_page_count = 1000000")
        store.apply(many)
        assert len(store.links_of(R1)) == 501


def test_d11_a_commit_that_finds_no_room_is_undone_and_said_to_have_found_none(path: Path) -> None:
    """A small change fails not while it is written, but when it is committed."""
    with process(WRITE_UNTIL_REFUSED, path) as child:
        assert child.stdout is not None
        said = child.stdout.read().splitlines()
        assert child.wait(10) == 0, said
    *refusals, last = said
    assert len(refusals) == 3
    assert all("cannot be written (disk I/O error); check storage.url, the disk" in line for line in refusals)
    assert last == "x None y"


def test_d11_a_locked_file_is_said_to_be_locked_and_works_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with opened(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match=r"locked by another program for 0\.05 s; end what holds it"):
            store.apply([PutMeta(key="key", value="value")])
        other.execute("ROLLBACK")
        other.close()
        store.apply([PutMeta(key="key", value="value")])


def test_d11_a_file_that_is_removed_takes_no_more_writes_until_it_is_back(path: Path) -> None:
    aside = path.with_name("aside.db")
    with opened(path) as store:
        store.apply([PutLink(link=link())])
        path.rename(aside)
        with pytest.raises(StoreMissing, match="was removed while it was in use; put it back"):
            store.apply([PutLink(link=link("g2"))])
        aside.rename(path)
        store.apply([PutLink(link=link("g2"))])
        assert len(store.links_of(R1)) == 2


def test_d11_a_file_that_is_replaced_takes_no_more_writes(path: Path) -> None:
    with opened(path) as store:
        store.apply([PutLink(link=link())])
        path.unlink()
        path.write_bytes(b"")
        with pytest.raises(StoreReplaced, match="start this process again: it opens what is there now"):
            store.apply([PutMeta(key="key", value="value")])


def test_d11_a_backup_that_takes_the_place_of_a_store_in_use_is_what_it_was(path: Path) -> None:
    """The write-ahead log of the store that was in use is not written into the backup."""
    backup = path.with_name("backup.db")
    with opened(path) as store:
        store.apply([PutLink(link=link())])
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
        store.apply([PutLink(link=link(f"g{n}")) for n in range(50)])
        assert path.with_name("store.db-wal").stat().st_size
        backup.replace(path)
        with pytest.raises(StoreReplaced):
            store.apply([PutLink(link=link("late"))])
    with opened(path) as store:
        assert store.links_of(R1) == (link(),)

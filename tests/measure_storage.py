"""How fast the store is on this machine: `python -m tests.measure_storage [URL]`.

Prints changes written per second in batches of several sizes, with every commit on the disk (`full`, as the
product runs) and without (`normal`), and how long `explain` takes with a million decisions in the store.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from models.ids import AppointmentGuid, AppointmentId, EventId, EventKey, ResourceNo
from models.storage.changes import AddDecision, AddIntent, AddJournal, Change, FinishIntent, PutLink
from models.storage.records import DecisionRecord, Intent, JournalEntry, JournalSource, Outcome
from models.storage.store import PRUNE_AT_ONCE, Store
from tests.storage_kit import decision, later, link

CHANGES = 20_000
DECISIONS = 1_000_000
ITEMS = 50_000


def mixed(number: int) -> list[Change]:
    """What one change of one item costs the store: its notification, intent, link, decision, outcome."""
    guid, resource_no = AppointmentGuid(f"{number:036d}"), ResourceNo(f"EMP-{number % 1_000:03d}")
    entry = JournalEntry(
        id=f"j{number}", received_at=later(seconds=number), source=JournalSource.GRAPH, kind="updated"
    )
    intent = Intent(
        id=f"i{number}", resource_no=resource_no, act=decision().act, guid=guid, at=later(seconds=number)
    )
    return [
        AddJournal(entry=entry),
        AddIntent(intent=intent),
        PutLink(link=link(guid, resource_no)),
        AddDecision(decision=about(number, number)),
        FinishIntent(id=f"i{number}", outcome=Outcome.DONE),
    ]


def about(number: int, item: int) -> DecisionRecord:
    """A decision about one of many items."""
    return decision(
        f"d{number:09d}",
        at=later(seconds=number),
        resource_no=ResourceNo(f"EMP-{item % 1_000:03d}"),
        guid=AppointmentGuid(f"{item:036d}"),
        appointment_id=AppointmentId(str(item)),
        number=f"APP-{item}",
        event_id=EventId(f"AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A{item:080d}"),
        event_key=EventKey(f"AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A{item:080d}"),
        ical_uid=f"040000008200E00074C5B7101A82E008{item:048d}",
        subject=f"Maintenance visit {item} at customer {item % 997}",
    )


def write(store: Store, work: list[list[Change]]) -> None:
    """Each batch in a transaction of its own."""
    for batch in work:
        store.apply(batch)


def timed(act: Callable[[], object]) -> float:
    """Seconds."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def measure_writes(store: Store, mode: str) -> None:
    """Changes per second by size of the batch."""
    start = 0
    for size in (1, 10, 100, 1_000):
        rounds = min(CHANGES // size, 500)
        work = [
            [change for n in range(start + r * size, start + (r + 1) * size) for change in mixed(n)]
            for r in range(rounds)
        ]
        start += rounds * size
        seconds = timed(partial(write, store, work))
        written = sum(map(len, work))
        print(
            f"  {mode:<7} {size * 5:>5} changes in a transaction: {written / seconds:>9,.0f} changes/s,"
            f" {seconds / rounds * 1e3:>8.2f} ms each"
        )


def measure_explain(store: Store) -> None:
    """How long a question takes, by the kind of name."""
    for first in range(0, DECISIONS, 10_000):
        numbers = range(first, first + 10_000)
        store.apply([AddDecision(decision=about(n, n % ITEMS)) for n in numbers])
    asked = {
        "number": "APP-4711",
        "event id": about(0, 4711).event_id or "",
        "subject": "maintenance visit 4711 at customer 723",
        "part of a subject": "visit 4711 at",
        "resource": "EMP-711",
        "nothing": "no such thing",
    }
    for kind, item in asked.items():
        found = store.decisions(item)
        seconds = min(timed(partial(store.decisions, item)) for _ in range(3))
        print(f"  explain by {kind:<18} {seconds * 1e3:>8.2f} ms, {len(found)} decisions")
    pruned = timed(lambda: store.prune(later(days=200)))
    print(f"  pruning {PRUNE_AT_ONCE} decisions        {pruned * 1e3:>8.2f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{directory}/store.db"
        store = Store.open(url)
        print(f"opening an existing store: {_reopened(store, url) * 1e3:.1f} ms")
        store = Store.open(url)
        measure_writes(store, "full")
        if url.startswith("sqlite"):
            store._backend.writer.execute("PRAGMA synchronous = NORMAL")
            store._backend.writer.execute("DELETE FROM links")
            measure_writes(store, "normal")
        measure_explain(store)
        store.close()
        size = sum(file.stat().st_size for file in Path(directory).iterdir())
        print(f"  {size / 1e6:,.0f} MB on the disk")


def _reopened(store: Store, url: str) -> float:
    store.close()
    return timed(lambda: Store.open(url).close())


if __name__ == "__main__":
    main()

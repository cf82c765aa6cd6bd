"""What actors on shared threads cost, beside Pykka's one thread per actor: `python -m tests.bench_runtime`.

Both sides run in this process, one after the other, so that the ratios may be trusted where the absolute
figures depend on the machine and on what else it is doing. Tells are sent by one thread to all actors in
turn, and timed until the last has been handled. Stock Pykka is given fewer of them, for it is slow enough.
"""

from __future__ import annotations

import argparse
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pykka import ActorRef, ThreadingActor, get_all

from actors.runtime.dispatcher import PoolDispatcher
from actors.runtime.pooled import PooledActor

MEGABYTE = 1024 * 1024


class PooledIdler(PooledActor):
    """Does nothing, on shared threads."""

    def on_receive(self, message: object) -> None:
        pass


class ThreadedIdler(ThreadingActor):
    """Does nothing, on a thread of its own."""

    use_daemon_thread = True

    def on_receive(self, message: object) -> None:
        pass


def resident_bytes() -> int:
    """Memory of this process, as the kernel counts it (Linux)."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def start_idle(start: Callable[[], ActorRef[Any]], actors: int) -> tuple[list[ActorRef[Any]], float]:
    """Start actors; print and return what that took."""
    memory, threads, began = resident_bytes(), threading.active_count(), time.perf_counter()
    refs = [start() for _ in range(actors)]
    get_all([refs[-1].ask("started", block=False)])
    seconds = time.perf_counter() - began
    print(
        f"    {actors:6} idle actors: {seconds:6.2f} s to start, "
        f"{(resident_bytes() - memory) / MEGABYTE:5.0f} MB, {threading.active_count() - threads:5} threads"
    )
    return refs, seconds


def tell_rate(refs: list[ActorRef[Any]], messages: int) -> float:
    """Tells per second, all handled."""
    rounds = max(1, messages // len(refs))
    began = time.perf_counter()
    for _ in range(rounds):
        for ref in refs:
            ref.tell("hint")
    get_all([ref.ask("end", block=False) for ref in refs])
    rate = rounds * len(refs) / (time.perf_counter() - began)
    print(f"    {len(refs):6} actors: {rate:11,.0f} tells/s")
    return rate


def measure(name: str, start: Callable[[], ActorRef[Any]], sizes: list[int], messages: int) -> list[float]:
    """Seconds to start the largest number of actors, then the rate for each number of them."""
    print(name)
    figures: list[float] = []
    for size in sizes:
        refs, seconds = start_idle(start, size)
        figures += [seconds, tell_rate(refs, messages)]
        for future in [ref.stop(block=False) for ref in reversed(refs)]:
            future.get(timeout=300)
        del refs
    return figures


def main() -> None:
    """Measure both and print how they compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=8, help="threads of the pool")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000], help="numbers of actors")
    options = parser.parse_args()

    pool = PoolDispatcher("bench", options.threads)
    pool.start()
    pooled = measure(
        f"actors on a pool of {options.threads} threads",
        lambda: PooledIdler.start(dispatcher=pool),
        options.sizes,
        messages=500_000,
    )
    pool.stop(10)
    threaded = measure(
        "one thread per actor (stock Pykka)", ThreadedIdler.start, options.sizes, messages=20_000
    )
    print("pool compared with stock")
    for number, size in enumerate(options.sizes):
        starts, tells = (
            threaded[2 * number] / pooled[2 * number],
            pooled[2 * number + 1] / threaded[2 * number + 1],
        )
        print(
            f"    {size:6} actors: {starts:5.1f} times as fast to start, {tells:7.1f} times as many tells/s"
        )


if __name__ == "__main__":
    main()

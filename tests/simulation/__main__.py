"""`python -m tests.simulation`: many histories, or one again."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.faults import EVERY, KINDS, SELDOM
from tests.simulation.people import NAMES
from tests.simulation.plan import Options
from tests.simulation.run import Result, run

FRESHEST = 1_000_000_000
AT_ONCE = 20
"""Histories that a process takes on together."""


def main() -> int:
    """Run what the command line asks for; 0 where nothing was violated."""
    given = _arguments()
    options = Options(
        operations=given.operations,
        faults=_faults(given),
        acts=_acts(given),
        listens=given.listening,
        governed=not given.ungoverned,
    )
    seeds = _seeds(given)
    if len(seeds) == 1:
        result = run(seeds[0], options, keep=True)
        print("\n".join(result.lines))
        print(result.problem or "nothing was violated")
        return 1 if result.problem else 0
    return _many(seeds, options, given)


def _many(seeds: range, options: Options, given: argparse.Namespace) -> int:
    totals: Counter[str] = Counter()
    done, failed, began = 0, 0, time.monotonic()
    for result in _results(seeds, options, given.jobs):
        done += 1
        totals += result.counts
        if result.problem:
            failed += 1
            print(f"seed {result.seed}: {result.problem.splitlines()[0][:300]}")
            print(f"  again: {_command(result.seed, given)}", flush=True)
        if given.report and done % given.report == 0:
            print(_figures(done, failed, totals, time.monotonic() - began), flush=True)
    print(_figures(done, failed, totals, time.monotonic() - began))
    return 1 if failed else 0


def _results(seeds: range, options: Options, jobs: int) -> Iterator[Result]:
    if jobs == 1:
        yield from (run(seed, options) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(
            run, seeds, [options] * len(seeds), chunksize=min(AT_ONCE, 1 + len(seeds) // (4 * jobs))
        )


def _figures(done: int, failed: int, totals: Counter[str], seconds: float) -> str:
    return (
        f"{done} histories, {failed} failed, {totals['act']} operations, {totals['request']} requests, "
        f"{totals['fault']} faults, {totals['crash']} crashes, {done / seconds:.1f} histories/s"
    )


def _command(seed: int, given: argparse.Namespace) -> str:
    words = [f"python -m tests.simulation --seeds {seed} --operations {given.operations}"]
    if given.only_faults is not None:
        words.append(f"--only-faults {given.only_faults or 'none'}")
    if given.only_acts:
        words.append(f"--only-acts {given.only_acts}")
    if given.listening:
        words.append("--listening")
    if given.ungoverned:
        words.append("--ungoverned")
    return " ".join(words)


def _seeds(given: argparse.Namespace) -> range:
    if given.fresh:
        first = secrets.randbelow(FRESHEST)
        return range(first, first + given.fresh)
    begin, _, end = given.seeds.partition("-")
    return range(int(begin), int(end or begin) + 1)


def _faults(given: argparse.Namespace) -> frozenset[str]:
    return EVERY if given.only_faults is None else _known(given.only_faults, EVERY)


def _acts(given: argparse.Namespace) -> frozenset[str] | None:
    return _known(given.only_acts, NAMES) if given.only_acts else None


def _known(text: str, names: frozenset[str]) -> frozenset[str]:
    chosen = frozenset(text.split(",")) - {"none", ""}
    if unknown := chosen - names:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(sorted(names))}")
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="0-99", help="one seed, told line by line, or FIRST-LAST")
    parser.add_argument("--fresh", type=int, default=0, help="so many seeds that nobody has seen, instead")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--operations", type=int, default=50, help="acts of people in a history")
    parser.add_argument("--only-faults", help=f"of {','.join((*KINDS, *SELDOM))}, or none")
    parser.add_argument("--only-acts", help=f"of {','.join(sorted(NAMES))}")
    parser.add_argument(
        "--listening", action="store_true", help="told of changes by subscriptions and webhooks"
    )
    parser.add_argument(
        "--ungoverned", action="store_true", help="no history has an administrator with rules"
    )
    parser.add_argument("--report", type=int, default=0, help="figures after so many histories")
    return parser.parse_args()


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # the order in which sets of texts are gone through is part of a history
        command = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - this very command
    sys.exit(main())

"""Random histories of a whole tenant: nothing is lost, nothing is doubled, nothing private leaks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from tests.simulation.defects import DEFECTS
from tests.simulation.faults import KINDS
from tests.simulation.plan import Options, Plan
from tests.simulation.run import run

HERE = Path(__file__).parent / "simulation"
EVERY_TIME = range(5)
SEEDS_TO_CATCH = 120
"""Within how many histories a deliberate defect has to show."""


def regressions() -> Iterator[int]:
    """Every seed that ever failed."""
    for line in (HERE / "regressions.txt").read_text(encoding="utf-8").splitlines():
        seed = line.partition("#")[0].strip()
        if seed:
            yield int(seed)


@pytest.mark.parametrize("seed", EVERY_TIME)
def test_a_history_without_faults_ends_in_step(seed: int) -> None:
    """A1-A6, A8-A14, B1-B16, C1-C6 as far as people bring them about."""
    assert run(seed, Options(faults=frozenset())).problem == ""


@pytest.mark.parametrize("seed", EVERY_TIME)
def test_a_history_with_faults_ends_in_step(seed: int) -> None:
    """C11, D1-D5, D7, D11: whatever befalls the connector, the end is the same."""
    assert run(seed, Options()).problem == ""


def test_histories_that_the_services_themselves_tell_of_end_in_step() -> None:
    """D4, D6, D13: subscriptions, webhooks, hooks and journal run too, and meet with mishaps of their own."""
    told = ""
    for seed in EVERY_TIME:
        result = run(seed, Options(listens=True), keep=True)
        assert result.problem == ""
        told += "\n".join(result.lines)
    for happened in ("POST /subscriptions → 201", "POST /webhooks/AppointmentCreated → 201", "AddJournal"):
        assert happened in told


@pytest.mark.parametrize("seed", EVERY_TIME)
def test_a_history_with_an_administrator_ends_in_step(seed: int) -> None:
    """A7, B17: rules come, change and go, and nobody asks what resources choose."""
    assert run(_governed(seed, rules=True), Options()).problem == ""
    assert run(_governed(seed, rules=False), Options()).problem == ""


def _governed(place: int, *, rules: bool) -> int:
    """A seed whose history has rules, or in which the administrator decides for all."""
    drawn = (seed for seed in count() if _has(Plan.draw(seed, Options()), rules=rules))
    return next(islice(drawn, place, None))


def _has(plan: Plan, *, rules: bool) -> bool:
    return plan.has_rules if rules else not plan.resources_decide


@pytest.mark.slow
@pytest.mark.parametrize("seed", tuple(regressions()))
@pytest.mark.parametrize("governed", [True, False], ids=["governed", "ungoverned"])
def test_what_failed_once_does_not_fail_again(seed: int, *, governed: bool) -> None:
    faults = Options().faults if governed else frozenset(KINDS)
    assert run(seed, Options(governed=governed, faults=faults)).problem == ""


def test_a_seed_has_one_history() -> None:
    first, second = (run(7, Options(), keep=True) for _ in range(2))
    assert first.lines
    assert first.lines == second.lines
    assert first.digest == second.digest


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", tuple(DEFECTS))
def test_a_deliberate_defect_is_caught(name: str) -> None:
    defect = DEFECTS[name]
    options = Options(faults=defect.faults, acts=defect.acts)
    with defect.injected():
        caught = next((seed for seed in range(SEEDS_TO_CATCH) if run(seed, options).problem), None)
    assert caught is not None, f"{SEEDS_TO_CATCH} histories do not mind: {name}"
    assert run(caught, options).problem == "", "what was caught is the defect"

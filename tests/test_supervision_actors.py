"""Supervised actors: on demand, after crashes, out of quarantine, and on their way in and out of memory."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pykka import ActorRef
from structlog.testing import capture_logs

from actors.runtime.directory import Directory
from actors.runtime.errors import InfrastructureError
from actors.runtime.pooled import PooledActor, Termination
from actors.runtime.system import Runtime, SimulatedRuntime
from actors.supervisor import (
    ChildReport,
    ChildTerminated,
    Deliver,
    Ensure,
    Key,
    Passivate,
    Release,
    Retire,
    Status,
    StopAll,
    Supervisor,
)
from models.supervision import ChildState, RunState, SupervisionPolicy
from tests.runtime_kit import PATIENCE

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something may have changed."""

    number: int


@dataclass
class Company:
    """Supervised children over one runtime, and what became of everything."""

    runtime: Runtime
    policy: SupervisionPolicy = field(default_factory=SupervisionPolicy)
    crash_on: Callable[[Key, Hint], bool] = lambda key, hint: False
    restored: dict[Key, ChildState] = field(default_factory=dict)
    refuse_start: Callable[[Key], BaseException | None] = lambda key: None
    handled: defaultdict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    starts: list[tuple[Key, int, datetime]] = field(default_factory=list)
    quarantined: list[tuple[Key, str]] = field(default_factory=list)
    parked: list[tuple[Key, object, str]] = field(default_factory=list)
    persisted: list[tuple[Key, bool]] = field(default_factory=list)
    escalated: list[str] = field(default_factory=list)
    directory: Directory[Key] = field(default_factory=Directory)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor.start(
            dispatcher=self.runtime.pinned["supervisor"],
            name="test",
            policy=self.policy,
            factory=self.start_child,
            timers=self.runtime.timers,
            clock=self.runtime.clock,
            random=self.runtime.random,
            on_quarantine=lambda key, reason: self.quarantined.append((key, reason)),
            on_poison=lambda key, message, error: self.parked.append((key, message, type(error).__name__)),
            on_escalate=self.escalated.append,
            persist=lambda key, state: self.persisted.append((key, state.quarantined)),
            restored=self.restored,
            directory=self.directory,
        )

    def start_child(self, key: Key, incarnation: int) -> ActorRef[Any]:
        refusal = self.refuse_start(key)
        if refusal is not None:
            raise refusal
        self.starts.append((key, incarnation, self.runtime.clock.now()))
        return Worker.start(self, key, incarnation, dispatcher=self.runtime.resources)

    def tell(self, *messages: object) -> None:
        for message in messages:
            self.supervisor.tell(message)

    def deliver(self, key: Key, *numbers: int) -> None:
        self.tell(*(Deliver(key=key, message=Hint(number=number)) for number in numbers))

    def report(self, key: Key) -> ChildReport:
        reports: tuple[ChildReport, ...] = self.supervisor.ask(Status(), block=True)
        return next(report for report in reports if report.key == key)

    def incarnations(self, key: Key) -> list[int]:
        return [incarnation for started, incarnation, _ in self.starts if started == key]


class Worker(PooledActor):
    """A child that notes what it handles and crashes where it is told to."""

    def __init__(self, company: Company, key: Key, incarnation: int) -> None:
        super().__init__()
        self.company, self.key, self.incarnation = company, key, incarnation

    def on_receive(self, message: Hint) -> None:
        if self.company.crash_on(self.key, message):
            raise ValueError(f"private text of {self.key}")
        self.company.handled[self.key].append(message.number)


@pytest.fixture
def runtime() -> SimulatedRuntime:
    return Runtime.simulated(1, MONDAY)


def minutes(number: float) -> datetime:
    return MONDAY + timedelta(minutes=number)


def test_children_start_on_demand_and_get_what_is_delivered_in_order(runtime: SimulatedRuntime) -> None:
    company = Company(runtime)
    company.tell(Ensure(key="R1"))
    company.deliver("R2", 1, 2, 3)
    runtime.settle()
    assert {(key, incarnation) for key, incarnation, _ in company.starts} == {("R1", 1), ("R2", 1)}
    assert company.handled == {"R2": [1, 2, 3]}
    assert sorted(str(key) for key, _ in company.directory.items()) == ["R1", "R2"]


def test_a_crash_restarts_the_child_after_a_delay_and_no_message_is_lost(runtime: SimulatedRuntime) -> None:
    crashes = iter([True])
    company = Company(runtime, crash_on=lambda key, hint: hint.number == 2 and next(crashes, False))
    company.deliver("R1", 1, 2, 3, 4)
    runtime.settle()
    assert company.handled["R1"] == [1]
    assert company.report("R1").state is RunState.BACKING_OFF
    assert company.report("R1").waiting == 3
    assert company.directory.get("R1") is None
    company.deliver("R1", 5)
    runtime.run_until(minutes(1))
    assert company.handled["R1"] == [1, 2, 3, 4, 5]
    assert company.incarnations("R1") == [1, 2]
    waited = company.starts[1][2] - company.starts[0][2]
    assert timedelta(seconds=0.8) <= waited <= timedelta(seconds=1)


def test_d10_a_resource_that_always_crashes_is_quarantined_and_the_others_go_on(
    runtime: SimulatedRuntime,
) -> None:
    """D10: one resource's actor crashes again and again."""
    company = Company(runtime, crash_on=lambda key, hint: key == "R1")
    company.deliver("R1", *range(20))
    for number in range(10):
        company.deliver("R2", number)
        runtime.run_until(runtime.clock.now() + timedelta(minutes=2))
    assert company.handled == {"R2": list(range(10))}
    assert company.quarantined == [("R1", "ValueError")]
    assert company.persisted == [("R1", True)]
    assert company.report("R1").quarantined
    assert company.report("R1").reason == "ValueError"
    assert company.incarnations("R2") == [1]


def test_a_message_that_crashes_its_child_repeatedly_is_parked_and_the_next_is_handled(
    runtime: SimulatedRuntime,
) -> None:
    company = Company(runtime, crash_on=lambda key, hint: hint.number == 2)
    company.deliver("R1", 1, 2, 3)
    runtime.run_until(minutes(5))
    assert company.parked == [("R1", Hint(number=2), "ValueError")]
    assert company.handled["R1"] == [1, 3]
    assert len(company.incarnations("R1")) == company.policy.poison_after + 1


def test_quarantine_is_probed_hourly_and_ends_when_the_child_stays_well(runtime: SimulatedRuntime) -> None:
    broken = True
    company = Company(
        runtime,
        policy=SupervisionPolicy(poison_after=1000),
        crash_on=lambda key, hint: broken,
    )
    company.deliver("R1", 1)
    runtime.run_until(minutes(30))
    in_quarantine = len(company.starts)
    runtime.run_until(minutes(3 * 60))
    assert 2 <= len(company.starts) - in_quarantine <= 3
    assert company.quarantined == [("R1", "ValueError")]
    broken = False
    runtime.run_until(minutes(5 * 60))
    assert company.handled["R1"] == [1]
    assert not company.report("R1").quarantined
    assert company.persisted == [("R1", True), ("R1", False)]


def test_a_released_child_goes_back_to_work_with_what_waited_for_it(runtime: SimulatedRuntime) -> None:
    broken = True
    company = Company(
        runtime,
        policy=SupervisionPolicy(poison_after=1000),
        crash_on=lambda key, hint: broken,
    )
    company.deliver("R1", 1, 2)
    runtime.run_until(minutes(30))
    company.deliver("R1", 3)
    broken = False
    company.tell(Release(key="R1"))
    runtime.settle()
    assert company.handled["R1"] == [1, 2, 3]
    assert company.report("R1").failures == 0
    assert company.persisted == [("R1", True), ("R1", False)]


def test_a_quarantine_survives_the_process(runtime: SimulatedRuntime) -> None:
    stored = ChildState(state=RunState.QUARANTINED, incarnation=9, failures=9, reason="ValueError")
    company = Company(runtime, restored={"R1": stored, "R2": replace(stored, probing=True)})
    company.deliver("R1", 1)
    company.deliver("R2", 1)
    runtime.run_until(minutes(30))
    assert company.starts == []
    runtime.run_until(minutes(61))
    assert [(key, incarnation) for key, incarnation, _ in company.starts] == [("R1", 10), ("R2", 10)]
    assert company.handled == {"R1": [1], "R2": [1]}


def test_an_idle_child_leaves_and_comes_back_when_it_is_needed(runtime: SimulatedRuntime) -> None:
    company = Company(runtime)
    company.deliver("R1", 1)
    company.tell(Ensure(key="R1"))
    runtime.settle()
    company.tell(Passivate(key="R1", incarnation=1))
    runtime.settle()
    assert company.report("R1").state is RunState.STOPPED
    assert company.directory.get("R1") is None
    company.deliver("R1", 2)
    runtime.settle()
    assert company.handled["R1"] == [1, 2]
    assert company.incarnations("R1") == [1, 2]


def test_ensuring_a_child_that_is_about_to_leave_brings_it_back(runtime: SimulatedRuntime) -> None:
    company = Company(runtime)
    company.tell(Ensure(key="R1"), Passivate(key="R1", incarnation=1), Ensure(key="R1"))
    runtime.settle()
    assert company.incarnations("R1") == [1, 2]
    assert company.report("R1").state is RunState.RUNNING
    company.tell(Passivate(key="R1", incarnation=2))
    runtime.settle()
    assert company.report("R1").state is RunState.STOPPED


def test_a_late_wish_to_leave_does_not_evict_the_child_that_runs_now(runtime: SimulatedRuntime) -> None:
    company = Company(runtime)
    company.tell(Ensure(key="R1"), Passivate(key="R1", incarnation=1), Ensure(key="R1"))
    runtime.settle()
    company.tell(Passivate(key="R1", incarnation=1))
    runtime.settle()
    assert company.report("R1").state is RunState.RUNNING
    assert company.incarnations("R1") == [1, 2]


@pytest.mark.parametrize("seed", range(150))
def test_whatever_the_order_of_leaving_returning_and_crashing_every_message_is_handled_once(
    seed: int,
) -> None:
    runtime = Runtime.simulated(seed, MONDAY)
    choices = random.Random(seed)
    crashing = choices.sample(range(60), 4)
    left_to_crash = Counter(crashing)

    def crash_once(key: Key, hint: Hint) -> bool:
        left_to_crash[hint.number] -= 1
        return left_to_crash[hint.number] == 0

    company = Company(runtime, policy=SupervisionPolicy(intensity=100), crash_on=crash_once)
    expected: defaultdict[Key, list[int]] = defaultdict(list)
    for number in range(60):
        key = choices.choice(["R1", "R2"])
        expected[key].append(number)
        company.deliver(key, number)
        for _ in range(choices.randrange(6)):
            runtime.resources.run_one()
        if choices.random() < 0.5:
            started = company.incarnations(key)
            company.tell(Passivate(key=key, incarnation=started[-1] if started else 1))
    runtime.run_until(minutes(60))
    assert company.handled == expected
    for each in expected:
        assert company.incarnations(each) == list(range(1, len(company.incarnations(each)) + 1))


def test_over_real_threads_children_that_keep_leaving_lose_no_message() -> None:
    runtime = Runtime.production(resource_threads=4, sender_threads=1)
    company = Company(runtime)
    runtime.start()
    total, keys = 3000, ["R1", "R2", "R3"]
    for number in range(total):
        key = keys[number % 3]
        company.deliver(key, number)
        if number % 7 == 0:
            company.tell(Passivate(key=key, incarnation=company.report(key).incarnation))
    stopped = threading.Event()
    for _ in range(int(PATIENCE * 100)):
        if sum(map(len, company.handled.values())) == total:
            break
        stopped.wait(0.01)
    company.tell(StopAll(reply=stopped.set))
    assert stopped.wait(PATIENCE)
    assert runtime.stop(PATIENCE) == []
    assert company.handled == {key: list(range(at, total, 3)) for at, key in enumerate(keys)}
    assert len(company.starts) > 50


def test_a_start_that_fails_is_tried_again_like_a_crash(runtime: SimulatedRuntime) -> None:
    refusals = iter([OSError("private"), OSError("private")])
    company = Company(runtime, refuse_start=lambda key: next(refusals, None))
    company.deliver("R1", 1)
    runtime.run_until(minutes(1))
    assert company.handled["R1"] == [1]
    assert company.incarnations("R1") == [3]


def test_a_failure_of_infrastructure_in_a_child_escalates(runtime: SimulatedRuntime) -> None:
    company = Company(runtime, refuse_start=lambda key: InfrastructureError("disk full"))
    company.tell(Ensure(key="R1"))
    runtime.run_until(minutes(10))
    assert company.escalated == ["actors.runtime.errors.InfrastructureError"]
    assert company.starts == []


def test_a_supervisor_that_fails_itself_escalates(runtime: SimulatedRuntime) -> None:
    company = Company(runtime)
    company.tell(Ensure(key=["not", "hashable"]))  # type: ignore[arg-type]  # the very mistake this is about
    runtime.settle()
    assert company.escalated == ["the supervisor of test has failed itself"]


def test_a_retired_child_stops_and_stays_away_until_it_is_wanted_again(runtime: SimulatedRuntime) -> None:
    company = Company(runtime, crash_on=lambda key, hint: key == "R2")
    company.deliver("R1", 1)
    company.deliver("R2", 1)
    runtime.settle()
    company.tell(Retire(key="R1"), Retire(key="R2"), Retire(key="never seen"))
    runtime.run_until(minutes(120))
    assert [company.report(key).state for key in ("R1", "R2")] == [RunState.STOPPED] * 2
    assert [company.report(key).waiting for key in ("R1", "R2")] == [0, 0]
    company.deliver("R1", 2)
    runtime.settle()
    assert company.handled == {"R1": [1, 2]}
    assert company.incarnations("R1") == [1, 2]


def test_stop_all_stops_every_child_starts_none_again_and_replies_once(runtime: SimulatedRuntime) -> None:
    company = Company(runtime, crash_on=lambda key, hint: key == 7)
    for key in range(20):
        company.deliver(key, 1)
    runtime.settle()
    replies: list[datetime] = []
    company.tell(StopAll(reply=lambda: replies.append(runtime.clock.now())))
    company.deliver(3, 2)
    company.deliver("new", 1)
    runtime.settle()
    assert replies == [MONDAY]
    assert len(company.directory) == 0
    runtime.run_until(minutes(120))
    assert len(company.starts) == 20
    assert replies == [MONDAY]


def test_stop_all_of_nobody_replies_at_once(runtime: SimulatedRuntime) -> None:
    replies: list[str] = []
    Company(runtime).tell(StopAll(reply=lambda: replies.append("stopped")))
    runtime.settle()
    assert replies == ["stopped"]


def test_a_late_last_word_of_an_earlier_incarnation_is_ignored(runtime: SimulatedRuntime) -> None:
    company = Company(runtime)
    company.tell(Ensure(key="R1"), Passivate(key="R1", incarnation=1), Ensure(key="R1"))
    runtime.settle()
    late = Termination(error=ValueError("late"), message=Hint(number=1), undelivered=(Hint(number=2),))
    company.tell(ChildTerminated(key="R1", incarnation=1, termination=late))
    runtime.settle()
    assert company.report("R1").state is RunState.RUNNING
    assert company.report("R1").failures == 0
    assert company.directory.get("R1") is not None


def test_trouble_is_logged_loudly_once_recovery_once_and_nothing_private_ever(
    runtime: SimulatedRuntime,
) -> None:
    crashes = iter([True, True])
    company = Company(runtime, crash_on=lambda key, hint: next(crashes, False))
    with capture_logs() as logs:
        company.deliver("R1", 1)
        runtime.run_until(minutes(30))
    loud = [(entry["event"], entry["key"]) for entry in logs if entry["log_level"] in ("warning", "error")]
    assert loud == [("child failed", "R1"), ("child recovered", "R1")]
    assert next(entry for entry in logs if entry["event"] == "child failed")["error"] == "ValueError"
    assert "private" not in repr(logs)


def _history(seed: int) -> list[tuple[Key, int, datetime]]:
    runtime = Runtime.simulated(seed, MONDAY)
    company = Company(runtime, crash_on=lambda key, hint: runtime.random.random() < 0.3)
    for number in range(100):
        company.deliver(runtime.random.choice("ABCD"), number)
        runtime.run_until(runtime.clock.now() + timedelta(seconds=20))
    return company.starts


def test_the_same_seed_replays_the_same_history_of_crashes_and_restarts() -> None:
    assert _history(5) == _history(5)
    assert _history(5) != _history(6)

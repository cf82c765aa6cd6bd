"""The pure half of supervision: what becomes of a child, by tables and by properties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.supervision import (
    ChildState,
    Crashed,
    Effect,
    Escalate,
    Event,
    Park,
    ProbeAfter,
    ProbeDue,
    Quarantine,
    QuietAfter,
    QuietPassed,
    Recovered,
    Released,
    RestartDue,
    Restored,
    Retired,
    RunState,
    Start,
    StartAfter,
    Stop,
    StopAsked,
    StoppedNormally,
    SupervisionPolicy,
    TroubleBegan,
    Wanted,
    decide,
    delay_before_restart,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POLICY = SupervisionPolicy()

policies = st.builds(
    SupervisionPolicy,
    first_delay=st.floats(0.1, 5),
    factor=st.floats(1.5, 3),
    max_delay=st.floats(5, 600),
    jitter=st.floats(0, 0.3),
    intensity=st.integers(1, 10),
    window=st.floats(100, 10_000),
    poison_after=st.integers(1, 5),
)
incarnations = st.integers(0, 6)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Wanted),
    st.builds(
        Crashed,
        incarnation=incarnations,
        reason=st.just("KeyError"),
        suspect=st.sampled_from([None, "hint a", "hint b"]),
        infrastructure=st.sampled_from([False, False, False, True]),
    ),
    st.builds(StopAsked, incarnation=st.one_of(st.none(), incarnations)),
    st.builds(StoppedNormally, incarnation=incarnations),
    st.builds(RestartDue, incarnation=incarnations),
    st.builds(ProbeDue, incarnation=incarnations),
    st.builds(QuietPassed, incarnation=incarnations),
    st.builds(Released),
    st.builds(Retired),
    st.builds(Restored),
)


def run(
    events: Sequence[Event],
    *,
    policy: SupervisionPolicy = POLICY,
    apart: float = 1.0,
    child: ChildState | None = None,
) -> tuple[ChildState, list[tuple[Effect, ...]]]:
    """Let events happen one after the other, `apart` seconds between them."""
    child, now, all_effects, random = child or ChildState(), NOON, [], Random(1)
    for event in events:
        child, effects = decide(policy, child, event, now, random)
        all_effects.append(effects)
        now += timedelta(seconds=apart)
    return child, all_effects


def crash_and_restart(times: int, *, suspect: str | None = None) -> list[Event]:
    story: list[Event] = [Wanted()]
    for number in range(1, times + 1):
        story.append(Crashed(incarnation=number, reason="KeyError", suspect=suspect))
        story.append(RestartDue(incarnation=number + 1))
    return story


@given(policies, st.lists(events, max_size=60), st.integers())
def test_incarnations_only_grow_and_every_start_has_its_own(
    policy: SupervisionPolicy, story: list[Event], seed: int
) -> None:
    child, random, started = ChildState(), Random(seed), list[int]()
    for minute, event in enumerate(story):
        after, effects = decide(policy, child, event, NOON + timedelta(minutes=minute), random)
        assert after.incarnation >= child.incarnation
        starts = [effect.incarnation for effect in effects if isinstance(effect, Start)]
        assert len(starts) == after.incarnation - child.incarnation
        started.extend(starts)
        child = after
    assert started == list(range(1, len(started) + 1))


@given(policies, st.lists(events, max_size=60), st.integers())
def test_whoever_waits_has_something_to_wait_for_and_whoever_runs_was_started(
    policy: SupervisionPolicy, story: list[Event], seed: int
) -> None:
    child, random = ChildState(), Random(seed)
    for minute, event in enumerate(story):
        after, effects = decide(policy, child, event, NOON + timedelta(minutes=minute), random)
        kinds = {type(effect) for effect in effects}
        if after.state is not child.state:
            match after.state:
                case RunState.BACKING_OFF:
                    assert kinds & {StartAfter, Escalate}
                case RunState.QUARANTINED:
                    assert ProbeAfter in kinds
                case RunState.RUNNING:
                    assert Start in kinds
                case RunState.STOPPING:
                    assert Stop in kinds
                case RunState.STOPPED:
                    assert not kinds
        child = after


@given(policies, st.integers(1, 2000), st.integers())
def test_restart_delays_grow_to_a_bound_and_are_never_beyond_it(
    policy: SupervisionPolicy, failures: int, seed: int
) -> None:
    delay = delay_before_restart(policy, failures, Random(seed))
    next_delay = delay_before_restart(policy, failures + 1, Random(seed))  # the same luck
    assert 0 < delay <= next_delay <= policy.max_delay
    at_bound = policy.first_delay * policy.factor ** min(failures - 1, 64) >= policy.max_delay
    assert next_delay > delay or at_bound
    assert delay >= (1 - policy.jitter) * min(policy.first_delay, policy.max_delay)


def test_the_default_delays_double_from_one_second_to_five_minutes() -> None:
    policy = SupervisionPolicy(jitter=0)
    delays = [delay_before_restart(policy, failures, Random(1)) for failures in range(1, 12)]
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_chance_spreads_the_restarts_of_what_failed_together() -> None:
    random = Random(1)
    delays = {delay_before_restart(POLICY, 5, random) for _ in range(100)}
    assert len(delays) == 100
    assert min(delays) >= 16 * 0.8
    assert max(delays) <= 16


@given(policies, st.integers())
def test_more_crashes_than_the_intensity_within_the_window_end_in_quarantine(
    policy: SupervisionPolicy, seed: int
) -> None:
    child, random = ChildState(), Random(seed)
    child, _ = decide(policy, child, Wanted(), NOON, random)
    for count in range(1, policy.intensity + 2):
        crash = Crashed(incarnation=child.incarnation, reason="KeyError")
        child, effects = decide(policy, child, crash, NOON + timedelta(seconds=count), random)
        if count <= policy.intensity:
            assert child.state is RunState.BACKING_OFF
            restart = RestartDue(incarnation=child.incarnation + 1)
            child, _ = decide(policy, child, restart, NOON + timedelta(seconds=count), random)
    assert child.state is RunState.QUARANTINED
    assert Quarantine(reason="KeyError") in effects
    assert ProbeAfter(seconds=policy.probe_every, incarnation=child.incarnation + 1) in effects


def test_crashes_that_are_far_enough_apart_never_end_in_quarantine() -> None:
    child, _ = run(crash_and_restart(50), apart=POLICY.window / POLICY.intensity)
    assert child.state is RunState.RUNNING
    assert len(child.crashes) <= POLICY.intensity


def test_the_first_crash_of_a_streak_is_said_once_and_so_is_recovery_with_its_duration() -> None:
    story = [*crash_and_restart(3), QuietPassed(incarnation=4), *crash_and_restart(0)]
    child, effects = run(story, apart=10)
    said = [effect for each in effects for effect in each if isinstance(effect, TroubleBegan | Recovered)]
    assert said == [TroubleBegan(reason="KeyError"), Recovered(after=timedelta(seconds=60))]
    assert (child.failures, child.crashes, child.troubled_since) == (0, (), None)


def test_a_restart_after_a_crash_sets_the_quiet_time_and_a_first_start_does_not() -> None:
    _, effects = run(crash_and_restart(1))
    assert effects[0] == (Start(incarnation=1),)
    assert effects[2] == (Start(incarnation=2), QuietAfter(seconds=POLICY.quiet, incarnation=2))


def test_quiet_that_a_later_crash_has_broken_forgives_nothing() -> None:
    child, effects = run([*crash_and_restart(2), QuietPassed(incarnation=2)])
    assert effects[-1] == ()
    assert child.failures == 2


def test_a_child_that_is_stopped_and_started_while_it_proves_itself_is_forgiven_all_the_same() -> None:
    story = [
        *crash_and_restart(1),
        StopAsked(incarnation=2),
        StoppedNormally(incarnation=2),
        Wanted(),
        QuietPassed(incarnation=2),
    ]
    child, _ = run(story)
    assert (child.state, child.incarnation, child.failures) == (RunState.RUNNING, 3, 0)


QUARANTINED, _ = run(crash_and_restart(POLICY.intensity + 1)[:-1])


def test_a_probe_that_fails_goes_back_to_quarantine_without_a_second_alarm() -> None:
    assert QUARANTINED.state is RunState.QUARANTINED
    trial = QUARANTINED.incarnation + 1
    child, effects = run(
        [ProbeDue(incarnation=trial), Crashed(incarnation=trial, reason="KeyError")],
        child=QUARANTINED,
        apart=7200,
    )
    assert child.state is RunState.QUARANTINED
    assert effects[1] == (ProbeAfter(seconds=POLICY.probe_every, incarnation=trial + 1),)


def test_a_probe_that_holds_ends_the_quarantine() -> None:
    trial = QUARANTINED.incarnation + 1
    running, _ = run([ProbeDue(incarnation=trial)], child=QUARANTINED)
    assert running.state is RunState.RUNNING
    assert running.quarantined
    child, effects = run([QuietPassed(incarnation=trial)], child=running)
    assert not child.quarantined
    assert isinstance(effects[0][0], Recovered)


def test_a_released_child_restarts_at_once_with_its_past_forgiven() -> None:
    child, effects = run([Released()], child=QUARANTINED)
    assert effects == [(Start(incarnation=QUARANTINED.incarnation + 1),)]
    assert (child.state, child.failures, child.crashes) == (RunState.RUNNING, 0, ())
    assert not child.quarantined


def test_work_for_a_child_in_quarantine_or_back_off_does_not_start_it() -> None:
    backing_off, _ = run(crash_and_restart(1)[:-1])
    for waiting in (QUARANTINED, backing_off):
        assert run([Wanted()], child=waiting) == (waiting, [()])


@pytest.mark.parametrize(
    "late",
    [
        Crashed(incarnation=1, reason="KeyError"),
        StoppedNormally(incarnation=1),
        StopAsked(incarnation=1),
        RestartDue(incarnation=2),
        RestartDue(incarnation=3),
        ProbeDue(incarnation=3),
    ],
    ids=repr,
)
def test_what_concerns_another_incarnation_changes_nothing(late: Event) -> None:
    second, _ = run(crash_and_restart(1))
    assert second.incarnation == 2
    assert run([late], child=second) == (second, [()])


def test_a_message_that_crashes_its_child_again_and_again_is_parked_on_the_last_allowed_time() -> None:
    child, effects = run(crash_and_restart(POLICY.poison_after, suspect="hint"))
    parked = [number for number, each in enumerate(effects) if Park(suspect="hint") in each]
    assert parked == [2 * POLICY.poison_after - 1]
    assert child.suspects == ()


def test_messages_are_suspected_each_for_itself_and_acquitted_when_the_child_is_well() -> None:
    story = [
        *crash_and_restart(2, suspect="a"),
        Crashed(incarnation=3, reason="KeyError", suspect="b"),
        RestartDue(incarnation=4),
    ]
    child, _ = run(story)
    assert dict(child.suspects) == {"a": 2, "b": 1}
    child, _ = run([QuietPassed(incarnation=4)], child=child)
    assert child.suspects == ()


def test_a_failure_of_infrastructure_escalates_and_nothing_restarts() -> None:
    for policy, infrastructure in ((POLICY, True), (SupervisionPolicy(escalates=True), False)):
        crash = Crashed(incarnation=1, reason="DiskFull", infrastructure=infrastructure)
        child, effects = run([Wanted(), crash, Wanted()], policy=policy)
        assert effects[1:] == [(Escalate(reason="DiskFull"),), ()]
        assert child.reason == "DiskFull"


def test_a_retired_child_stops_and_its_past_is_forgotten() -> None:
    running, _ = run(crash_and_restart(1))
    backing_off, _ = run(crash_and_restart(1)[:-1])
    child, effects = run([Retired(), StoppedNormally(incarnation=2)], child=running)
    assert effects[0] == (Stop(incarnation=2),)
    for retired in (child, run([Retired()], child=backing_off)[0], run([Retired()], child=QUARANTINED)[0]):
        assert (retired.state, retired.failures, retired.quarantined) == (RunState.STOPPED, 0, False)


def test_a_quarantine_from_the_store_holds_after_a_new_start_of_the_process() -> None:
    trial = QUARANTINED.incarnation + 1
    on_trial, _ = run([ProbeDue(incarnation=trial)], child=QUARANTINED)
    for stored in (QUARANTINED, on_trial):
        child, effects = run([Restored()], child=stored)
        assert child.state is RunState.QUARANTINED
        assert [type(effect) for effect in effects[0]] == [ProbeAfter]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_delay": 0.0},
        {"first_delay": 10.0, "max_delay": 5.0},
        {"factor": 0.5},
        {"jitter": 1.0},
        {"quiet": 0.0},
        {"intensity": 0},
        {"poison_after": 0},
    ],
    ids=repr,
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        SupervisionPolicy(**wrong)  # type: ignore[arg-type]  # one wrong value at a time, of either type

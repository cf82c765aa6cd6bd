"""One history from its seed: trouble, peace, and the judgement."""

from __future__ import annotations

import gc
import logging
import os
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from tests.simulation.history import Violation
from tests.simulation.plan import Options, Plan
from tests.simulation.verdict import Verdict
from tests.simulation.world import World

PEACE_SECONDS = 1800.0
"""How long after the last trouble everything has to be in step, beside some periods of polling."""
OUTAGES = (30.0, 600.0, 7200.0)
"""For how many seconds a service is down, or nobody gets a token."""
HISTORIES_KEPT = 8
"""How many are in memory before it is tidied up."""


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of one seed."""

    seed: int
    problem: str = ""
    """What was violated; empty where nothing was."""
    digest: str = ""
    lines: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def run(seed: int, options: Options | None = None, *, keep: bool = False) -> Result:
    """Run the history of a seed. `keep` its lines also where nothing went wrong."""
    plan = Plan.draw(seed, options or Options())
    _tidy(seed)
    world = World(plan)
    result = Result(seed=seed)
    with quiet(world):
        try:
            History(world).run()
        except Violation as violation:
            result.problem = str(violation)
        except Exception as error:  # noqa: BLE001 - whatever the connector raises is a finding
            result.problem = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        finally:
            world.close()
    result.digest, result.counts = world.told.digest(), world.told.counts
    if keep or result.problem:
        result.lines = world.told.lines
    return result


def _tidy(seed: int) -> None:
    """A history drops little before its end: to look for it again and again takes a quarter of the time."""
    if gc.isenabled():
        gc.disable()
        gc.collect()
        gc.freeze()
    if seed % HISTORIES_KEPT == 0:
        gc.collect()


class History:
    """The course of one history."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plan = world.plan
        self._dice = Random(f"{world.plan.seed}/course")
        self._seldom = Random(f"{world.plan.seed}/disk")

    def run(self) -> None:
        """All of it. Raises `Violation`."""
        world = self._world
        world.people.begin()
        world.start()
        for _ in range(self._plan.operations):
            self._pass_time()
            self._disturb()
            world.people.act()
        self._make_peace()
        self._come_to_rest()
        self._change_nothing()
        self._look_into_the_store()

    def _pass_time(self) -> None:
        """Half of what happens, happens at once; the rest is spread over some periods."""
        if self._dice.random() < 0.5:
            self._world.run(self._dice.choice((0.0, 0.02, 0.1, 0.5, 2.0)))
        else:
            self._world.run(self._dice.expovariate(1.0) * self._plan.period * 0.3)

    def _disturb(self) -> None:
        """What befalls the world as a whole."""
        world, faults, dice = self._world, self._plan.faults, self._dice
        if "outage" in faults and dice.random() < 0.06:
            world.fault("outage")
            world.outage(dice.choice(("graph", "scheduler")), dice.choice(OUTAGES))
        if "authority-down" in faults and dice.random() < 0.05:
            world.fault("authority-down")
            world.sign_in(works=False, again_after=dice.choice(OUTAGES))
        if "secret-expired" in faults and dice.random() < 0.05:
            world.fault("secret-expired")
            world.secret(works=False, again_after=dice.choice(OUTAGES))
        if "downtime" in faults and dice.random() < 0.04:
            world.fault("downtime")
            world.kill(dice.choice((60.0, 3600.0, 86400.0, 3 * 86400.0)))
        if "restore" in faults:
            if dice.random() < 0.1:
                world.back_up()
            if dice.random() < 0.03:
                world.fault("restore")
                world.restore()
        if "lost-store" in faults and dice.random() < 0.02:
            world.fault("lost-store")
            world.restore(empty=True)
        if world.ears is not None:
            world.mishaps.strike(world.ears, world.timers)
        if "full-disk" in faults and self._seldom.random() < 0.05:
            world.fault("full-disk")
            world.fill_disk(self._seldom.choice(OUTAGES))
        if "spent-token" in faults and dice.random() < 0.05:
            world.fault("spent-token")
            world.services.tenant.expire_delta_links()

    def _make_peace(self) -> None:
        """No more trouble: whatever is down comes up."""
        world = self._world
        world.told.tell(world.clock.now(), "peace", "")
        world.trouble.over = world.mishaps.over = True
        if world.ears is not None:
            world.ears.is_reachable = True
        world.crashes.stop()
        world.clear_disk()
        world.sign_in(works=True)
        world.secret(works=True)
        world.services.tenant.quirks = self._plan.quirks
        world.start()

    def _come_to_rest(self) -> None:
        """Everything is in step within the time there is for it."""
        world, period = self._world, self._plan.period
        found = ["nothing was looked at"]
        left = PEACE_SECONDS + 6 * period
        while left > 0:
            step = min(period * 1.1, 600.0)
            world.run(step)
            left -= step
            if world.connector.is_idle:
                found = _verdict(world).problems()
                if not found:
                    return
        if not world.connector.is_idle:
            raise Violation(f"the connector never came to rest; {'; '.join(found)}")
        raise Violation("; ".join([*found, *world.connector.troubled()]))

    def _change_nothing(self) -> None:
        """Polls and a full comparison, and not one write."""
        world = self._world
        quirks = self._plan.quirks
        if quirks.late_touch is not None and quirks.delta_lag:
            world.run(self._plan.period)  # what Exchange touches late is shown late, after one more poll
        world.run(self._plan.period * 1.2 + 30.0)
        if found := _verdict(world).problems():
            raise Violation(f"was in step, and is not any more: {'; '.join(found)}")
        early, before = _verdict(world), len(world.oracle.writes)
        world.told.tell(world.clock.now(), "resync", "")
        world.connector.resync()
        world.run(self._plan.period * 1.2 + 60.0)
        late = _verdict(world)
        written = [what for what in world.oracle.writes[before:] if early.is_needless(what[1])]
        needless = [what for what in written if late.is_needless(what[1])]
        if needless:
            raise Violation(f"written although nothing had changed: {needless}")
        if found := late.problems():
            raise Violation(f"was in step, and is not any more: {'; '.join(found)}")

    def _look_into_the_store(self) -> None:
        """Nothing private is on the disk, erased parts included."""
        self._world.look_into_the_store()


@contextmanager
def quiet(world: World) -> Iterator[None]:
    """Whatever is logged meanwhile is looked through for private words, and goes nowhere."""

    def look(_logger: Any, _method: str, event: Any) -> Any:
        if isinstance(event, dict) and "error" in event:
            world.oracle.fails(f"{event.get('event')}: {event['error']} at {event.get('at')}")
        if world.oracle.memory.secret:
            world.oracle.check_words(str(event), "the log")
        if DEBUG:
            world.told.tell(world.clock.now(), "log", str(event))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[look],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)


DEBUG = bool(os.environ.get("SIMULATION_LOG"))
"""Whether the connector's own log goes into the history."""


def _verdict(world: World) -> Verdict:
    return Verdict(world.oracle, world.connector.refused(), world.connector.unmade())

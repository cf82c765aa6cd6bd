"""The tenant: both services, the connector, people, and time, which jumps to wherever something happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from actors.mapping import mapper_of
from actors.runtime.clock import VirtualClock
from actors.runtime.errors import ProcessCrash
from actors.runtime.timers import VirtualTimers
from models.mapper import Mapper
from models.settings.sections import Settings
from models.storage.changes import Change
from tests.sandbox.clock import Clock
from tests.sandbox.company import SOURCE, generate
from tests.sandbox.graph.application import SecretState
from tests.sandbox.graph.tokens import SigningKey
from tests.sandbox.services import Services
from tests.sandbox.wire import Request
from tests.simulation.connector import Connector, settings_for
from tests.simulation.disk import Disk
from tests.simulation.faults import Trouble
from tests.simulation.history import Chronicle, Violation
from tests.simulation.listening import ON_THE_WAY, Ears, Mishaps
from tests.simulation.oracle import Oracle
from tests.simulation.people import People
from tests.simulation.plan import Plan
from tests.simulation.rules import Rule, RuleFile
from tests.simulation.transport import Perils

KEY = SigningKey()
"""One key for all histories: making one takes longer than a history."""

MAPPER: list[Mapper] = []
"""The mapping with its templates, which all histories share."""


def _mapper(settings: Settings) -> Mapper:
    if not MAPPER:
        MAPPER.append(mapper_of(settings))
    return MAPPER[0]


MOST_CRASHES = 12
"""In one history: more of them make it long, and show nothing more."""
TURNS_AT_ONCE = 20_000
"""Turns at one instant after which the connector is taken to run in a circle."""


class Crashes(Perils):
    """Ends the process at inputs and outputs drawn from the seed."""

    def __init__(self, dice: Random, noted: Callable[[str], None], *, every: float) -> None:
        self._dice, self._noted, self._every = dice, noted, every
        self._left = self._draw()
        self._lives = MOST_CRASHES
        self._paused = False

    def before(self, what: str) -> None:
        if self._every and self._strikes():
            self._noted(f"before {what}")
            raise ProcessCrash

    def after(self, what: str) -> None:
        if self._every and self._strikes():
            self._noted(f"after {what}")
            raise ProcessCrash

    def stop(self) -> None:
        """No more of them."""
        self._every = 0.0

    def pause(self) -> None:
        """None during what follows: it is not the process that does it."""
        self._paused = True

    def go_on(self) -> None:
        """The end of a pause."""
        self._paused = False

    def _strikes(self) -> bool:
        if self._paused:
            return False
        self._left -= 1
        if self._left > 0:
            return False
        self._left = self._draw()
        self._lives -= 1
        if not self._lives:
            self.stop()
        return True

    def _draw(self) -> int:
        return 1 + int(self._dice.expovariate(1 / self._every)) if self._every else 1


class World:
    """One tenant through one history."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.clock = VirtualClock(plan.begin)
        self.told = Chronicle(plan.begin)
        self.timers = VirtualTimers(self.clock)
        self._dice = Random(f"{plan.seed}/world")
        self.services = Services(
            seed=plan.seed, clock=Clock(self.clock.now), company="empty", key=KEY, sink=lambda delivery: None
        )
        self.services.tenant.quirks = plan.quirks
        self.services.authority.token_seconds = 3599 if "authority-down" in plan.faults else 10_000_000
        self.numbers = list(
            generate(
                self.services.tenant,
                self.services.board,
                resources=plan.resources,
                today=plan.begin.date(),
                random=Random(f"{plan.seed}/company"),
                appointments=0,
                events=0,
            )
        )
        self.oracle = Oracle(self.services, plan, self.numbers, self.clock.now)
        self.crashes = Crashes(
            Random(f"{plan.seed}/crashes"),
            self._crash_noted,
            every=Random(f"{plan.seed}/rate").choice((15, 60, 200)) if "crash" in plan.faults else 0.0,
        )
        self.trouble = Trouble(plan.faults, Random(f"{plan.seed}/trouble"), self._trouble_noted)
        self.services.traffic.faults = self.trouble  # type: ignore[assignment]  # it strikes the same way
        self.disk = Disk(self.crashes, self._committed)
        self._images: list[bytes] = []
        self.rules = RuleFile() if plan.has_rules else None
        settings = settings_for(
            self.services,
            sync=plan.sync,
            private=plan.private,
            resources_decide=plan.resources_decide,
            rules=self.rules.name if self.rules is not None else "",
        )
        self.connector = Connector(
            settings=settings,
            mapper=_mapper(settings),
            services=self.services,
            clock=self.clock,
            perils=self.crashes,
            disk=self.disk,
            dice=Random(f"{plan.seed}/connector"),
            seen=self._called,
            sent=self.oracle.leaves_for_the_board,
        )
        self.people = People(self)
        self.oracle.on_change = self._announced
        self.mishaps = Mishaps(self.services, Random(f"{plan.seed}/mishaps"), self.fault)
        self.mishaps.over = "notifications" not in plan.faults
        self.ears: Ears | None = None
        if plan.listens:
            self.listen(source_apps=(SOURCE["sourceApp"],), journey=self.mishaps.journey)
        self._turns = 0

    def listen(
        self,
        *,
        source_apps: Sequence[str] = (),
        journey: Callable[[], Sequence[float]] = lambda: (ON_THE_WAY,),
    ) -> None:
        """From its next start on, the process is told of changes through what it listens with."""
        self.ears = Ears(
            self.services,
            self.clock,
            self.timers,
            source_apps=source_apps,
            fell=self._fell,
            journey=journey,
        )
        self.connector.listen(self.ears.answer)

    # Time

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.run_until(self.clock.now() + timedelta(seconds=seconds))
        if self.connector.is_idle:
            self.oracle.rests()

    def run_until(self, when: datetime) -> None:
        """Let time pass until `when`, stopping wherever something happens."""
        while True:
            self._work()
            dues = [
                due for due in (self.connector.next_due(), self.timers.next_due(), self.services.due()) if due
            ]
            due = min(dues, default=None)
            if due is None or due > when:
                self.clock.advance_to(max(when, self.clock.now()))
                return
            if due > self.clock.now():
                self._turns = 0
                self.clock.advance_to(due)
            self.connector.fire_due()
            self.timers.fire_due()
            self.services.tick()

    def _work(self) -> None:
        """Give turns until nobody wants one at this instant."""
        try:
            while not self.oracle.violation and self.connector.run_one():
                self._turns += 1
                if self._turns > TURNS_AT_ONCE:
                    raise Violation("the connector runs in a circle")
        except ProcessCrash:
            self._fell()
        if self.oracle.violation:
            raise Violation(self.oracle.violation)
        if self.connector.failure:
            raise Violation(f"the process gave up: {self.connector.failure}")

    # The process

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self.connector.is_alive:
            return
        self.told.tell(self.clock.now(), "process", "starts")
        try:
            self.connector.start()
            if self.ears is not None:
                self.ears.open(self.connector.application, self.disk.store)
        except ProcessCrash:
            self._fell()

    def kill(self, down: float) -> None:
        """End the process at once; it starts again after `down` seconds."""
        if self.connector.is_alive:
            self.told.tell(self.clock.now(), "process", f"is killed, back in {down:.0f} s")
            self._fell(down)

    def _die(self) -> None:
        self.connector.die()
        if self.ears is not None:
            self.ears.close()

    def _fell(self, down: float | None = None) -> None:
        self._die()
        pause = self._dice.choice((0.5, 2.0, 30.0, 600.0)) if down is None else down
        self.timers.after(pause, self.start)

    def _crash_noted(self, where: str) -> None:
        self.told.count("crash")
        self.told.tell(self.clock.now(), "process", f"crashes {where}")

    # The store

    def back_up(self) -> None:
        """Somebody copies the store."""
        self._images.append(self.disk.image())

    def restore(self, *, empty: bool = False) -> None:
        """The process is stopped, and starts on an older store, or on none."""
        image = None if empty or not self._images else self._dice.choice(self._images)
        self.told.tell(self.clock.now(), "disk", "is lost" if image is None else "is restored from a backup")
        self._die()
        self.clear_disk()
        self.disk.restore(image)
        self.people.choose_again()
        self.oracle.store_forgot()
        self.timers.after(1.0, self.start)

    def fill_disk(self, seconds: float) -> None:
        """Nothing can be written to the store for so long (D11)."""
        self.told.tell(self.clock.now(), "disk", f"is full for {seconds:.0f} s")
        self.disk.is_full = True
        self.timers.after(seconds, self.clear_disk)

    def clear_disk(self) -> None:
        """There is room again."""
        self.disk.is_full = False

    def outage(self, service: str, seconds: float) -> None:
        """A service refuses everything for so long."""
        self.told.tell(self.clock.now(), service, f"is down for {seconds:.0f} s")
        self.trouble.down.add(service)
        self.timers.after(seconds, lambda: self.trouble.down.discard(service))

    def sign_in(self, *, works: bool, again_after: float | None = None) -> None:
        """The authority is up or down; down only for so many seconds, if that is given."""
        self.services.authority.up = works
        self.told.tell(self.clock.now(), "authority", "is up" if works else "is down")
        if again_after is not None:
            self.timers.after(again_after, lambda: self.sign_in(works=True))

    def secret(self, *, works: bool, again_after: float | None = None) -> None:
        """The application's secret expires, or its life is extended."""
        if again_after is not None:
            self.timers.after(again_after, lambda: self.secret(works=True))
        application = self.services.authority.application
        application.secret_state = SecretState.VALID if works else SecretState.EXPIRED
        if not works:
            self.services.graph.bearer.forget()
        self.told.tell(self.clock.now(), "authority", f"secret {'mended' if works else 'expired'}")

    # What is seen

    def _called(self, service: str, request: Request, ended: str) -> None:
        self.told.count("request")
        path = request.path.removeprefix("/v1.0")
        short = "/".join(self.told.short(part, "#") if len(part) > 24 else part for part in path.split("/"))
        self.told.tell(self.clock.now(), service, f"{request.method} {short} → {ended}")

    def _trouble_noted(self, kind: str, target: str) -> None:
        self.told.count("fault")
        self.told.count(f"fault {kind}")
        self.told.tell(self.clock.now(), "trouble", f"{kind}")

    def _committed(self, changes: list[Change]) -> None:
        names = " ".join(type(change).__name__ for change in changes)
        self.told.tell(self.clock.now(), "store", names)

    def _announced(self, line: str, wake: Callable[[Connector], None]) -> None:
        """Something was written at a service, and the connector is notified of it, if it is."""
        self.told.tell(self.clock.now(), "written", line)
        if not self.plan.notified:
            return
        dice, times = self._dice, 1
        if "notifications" in self.plan.faults and not self.trouble.over:
            times = dice.choice((0, 0, 1, 1, 2))
            if times != 1:
                self.told.count("fault")
        for _ in range(times):
            delay = dice.choice((0.05, 0.5, 3.0, 40.0))
            self.timers.after(delay, lambda: wake(self.connector))

    def prefer(self, resource: str, chosen: dict[str, Any]) -> None:
        """A resource chooses; what it chose is stored by the time it is told so."""
        self.crashes.pause()
        self.connector.prefer(resource, chosen)
        self.crashes.go_on()

    def judge_by(self, rules: tuple[Rule, ...]) -> None:
        """Other rules are in the file from now on. The process reads them when it looks there next."""
        if self.rules is not None:
            self.rules.write(rules)
            self.oracle.judges_by(rules)

    def close(self) -> None:
        """Let go of what is on disks."""
        self.disk.close()
        if self.rules is not None:
            self.rules.close()

    def fault(self, kind: str) -> None:
        """Something befalls the world as a whole."""
        self.told.count("fault")
        self.told.count(f"fault {kind}")

    def look_into_the_store(self) -> None:
        """Raises `Violation` if a private word is on the disk, erased parts included."""
        self.oracle.check_words(self.disk.image().decode("latin-1"), "the store")

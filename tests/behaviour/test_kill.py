"""D3: `kill -9` at twenty random moments during a burst of changes on both sides.

Nothing is lost, nothing is there twice, not even for a moment, and the first useful write comes within
seconds of each start. What is random is drawn from a seed, which is printed: `KILL_SEED` draws it again,
as far as real processes repeat themselves.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.behaviour.company import BOARD_ZONE, CREW, DOMAIN, SERVICE_TASK, Company
from tests.doubles import watched_for_doubles
from tests.sandbox.services import Services
from tests.services_kit import wait_until
from tests.simulation.reading import Fields, items_of, link_of, of_appointment, of_item

pytestmark = [pytest.mark.process, pytest.mark.nightly, pytest.mark.timeout(600)]

KILLS = 20
CHANGES = 500
DEAD = 12
"""How many changes of a round are made while no process runs."""
FIRST_WRITE_SECONDS = 5.0
"""Not counting the time in which the process was ready to run and other processes had the processors."""
KILLED_AT_THE_START = 0.25
"""How often a process is killed once more before it has written anything."""

Shown = tuple[str, str, datetime]
"""Whose it is, what it is called, when it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An appointment of a planner's."""

    guid: str
    subject: str
    start: datetime
    crew: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """An event that somebody made in her own calendar."""

    id: str
    subject: str
    start: datetime
    crew: int


@dataclass
class Burst:
    """What planners and people change, and what each side has to hold in the end."""

    company: Company
    dice: random.Random
    planned: list[Planned] = field(default_factory=list)
    own: list[Own] = field(default_factory=list)
    made: int = 0

    def change(self, times: int) -> None:
        """So many changes, on one side or the other."""
        for _ in range(times):
            self.made += 1
            self.dice.choice((self._plan, self._plan, self._replan, self._book, self._book, self._rebook))()

    def _plan(self) -> None:
        crew = tuple(self.dice.sample(range(CREW), self.dice.choice((1, 1, 2))))
        subject, start = f"Plan {self.made}", self._moment()
        fields = {"sourceApp": "BC", "sourceType": "SERVICE", **SERVICE_TASK}
        made = self.company.board.create(
            subject=subject, resources=[f"C{one}" for one in crew], **fields, **_walls(start)
        )
        self.planned.append(Planned(guid=made["appointmentGuid"], subject=subject, start=start, crew=crew))

    def _replan(self) -> None:
        if not self.planned:
            return
        place = self.dice.randrange(len(self.planned))
        one, board = self.planned[place], self.company.board
        match self.dice.randrange(5):
            case 0:
                board.delete(one.guid)
                del self.planned[place]
            case 1:
                self.planned[place] = replace(one, subject=f"Replan {self.made}")
                board.change(one.guid, subject=f"Replan {self.made}")
            case 2:
                crew = tuple(self.dice.sample(range(CREW), self.dice.choice((1, 2))))
                self.planned[place] = replace(one, crew=crew)
                board.change(one.guid, resources=[f"C{number}" for number in crew])
            case _:
                start = self._moment()
                self.planned[place] = replace(one, start=start)
                board.change(one.guid, **_walls(start))

    def _book(self) -> None:
        crew, subject, start = self.dice.randrange(CREW), f"Own {self.made}", self._moment()
        made = self.company.person(f"crew{crew}").create(
            subject=subject, showAs="busy", start=start, end=start + timedelta(hours=1)
        )
        self.own.append(Own(id=made["id"], subject=subject, start=start, crew=crew))

    def _rebook(self) -> None:
        if not self.own:
            return
        place = self.dice.randrange(len(self.own))
        one = self.own[place]
        person = self.company.person(f"crew{one.crew}")
        match self.dice.randrange(4):
            case 0:
                person.delete(one.id)
                del self.own[place]
            case 1:
                self.own[place] = replace(one, subject=f"Own again {self.made}")
                person.change(one.id, subject=f"Own again {self.made}")
            case _:
                start = self._moment()
                self.own[place] = replace(one, start=start)
                person.change(one.id, start=start, end=start + timedelta(hours=1))

    def _moment(self) -> datetime:
        noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        return noon + timedelta(days=2 + self.dice.randrange(60), minutes=30 * self.dice.randrange(-8, 8))

    # What there is in the end

    def expected_events(self) -> Counter[tuple[Shown, str | None]]:
        """Every event that there has to be, with its link."""
        events = Counter(((_of(one.crew), one.subject, one.start), None) for one in self.own)
        plans = ((_of(crew), one, f"{one.guid}/{_of(crew)}") for one in self.planned for crew in one.crew)
        return events + Counter(((name, one.subject, one.start), link) for name, one, link in plans)

    def expected_appointments(self) -> Counter[Shown]:
        """Every appointment that there has to be, by resource."""
        plans = Counter((_of(crew), one.subject, one.start) for one in self.planned for crew in one.crew)
        return plans + Counter((_of(one.crew), one.subject, one.start) for one in self.own)


def _of(crew: int) -> str:
    return f"C{crew}"


def _walls(start: datetime) -> dict[str, str]:
    moments = {"start": start, "end": start + timedelta(hours=1)}
    return {
        name: moment.astimezone(BOARD_ZONE).replace(tzinfo=None).isoformat()
        for name, moment in moments.items()
    }


def events_of(services: Services) -> Counter[tuple[Shown, str | None]]:
    """Every event of the crew, with its link."""
    found: Counter[tuple[Shown, str | None]] = Counter()
    for crew in range(CREW):
        held = services.tenant.mailbox_at(f"crew{crew}@{DOMAIN}")
        assert held is not None
        today = datetime.now(UTC).date()
        for item in items_of(held[0], today, today + timedelta(days=70)):
            found[((_of(crew), *_shown(of_item(item))), link_of(item.event))] += 1
    return found


def appointments_of(services: Services) -> Counter[Shown]:
    """Every appointment, by resource."""
    listed = ((one, of_appointment(one)) for one in services.board.appointments)
    return Counter((number, *_shown(fields)) for one, fields in listed for number in one.resources)


def _shown(fields: Fields) -> tuple[str, datetime]:
    _, begins, _ = fields["when"]
    return fields["subject"], begins.replace(tzinfo=BOARD_ZONE).astimezone(UTC)


def test_d3_killed_at_20_random_moments_during_500_changes_on_both_sides_nothing_is_lost_or_doubled(
    crew: Company,
) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**9))
    print(f"KILL_SEED={seed}")
    dice = random.Random(seed)
    burst, sandbox, connector = Burst(crew, dice), crew.sandbox, crew.connector
    seconds: list[float] = []
    with watched_for_doubles(sandbox) as doubles:
        for _ in range(KILLS):
            burst.change(DEAD)
            if dice.random() < KILLED_AT_THE_START:
                kill_before_it_writes(crew, dice)
            since, began = sandbox.mark(), time.monotonic()
            connector.start(wait=False)
            burst.change(CHANGES // KILLS - DEAD)
            wait_until(lambda since=since: sandbox.writes(since), 60.0, "it writes")  # type: ignore[misc]
            seconds.append(time.monotonic() - began - waited_for_processors(crew))
            more = dice.randrange(1, 30)
            wait_until(lambda since=since, more=more: written(crew, since) >= more or connector.is_in_step())  # type: ignore[misc]
            assert connector.kill() == -9
        connector.start()
        connector.wait_in_step(120.0)
        with crew.nothing_written():
            connector.wait_in_step(60.0)
        assert doubles.found == []
    print(f"first useful write after {statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s")
    assert burst.made == CHANGES
    assert sandbox.call(lambda: events_of(sandbox.services)) == burst.expected_events()
    assert sandbox.call(lambda: appointments_of(sandbox.services)) == burst.expected_appointments()
    assert connector.status()["backlog"] == {"journal": 0, "outbox": 0}
    assert connector.command("verify").code == 0
    assert max(seconds) <= FIRST_WRITE_SECONDS, seconds


def kill_before_it_writes(company: Company, dice: random.Random) -> None:
    """Start it, and kill it while it is still finding out what there is."""
    since, requests = company.sandbox.mark(), dice.randrange(30)
    company.connector.start(wait=False)
    wait_until(lambda: len(company.sandbox.requests(since)) >= requests, 60.0, "it asks")
    company.connector.kill()


def waited_for_processors(company: Company) -> float:
    """For how many seconds the process could have run and did not (Linux; elsewhere none is known)."""
    assert company.connector.process is not None
    tasks = Path(f"/proc/{company.connector.process.pid}/task")
    try:
        delays = [int((task / "schedstat").read_text().split()[1]) / 1e9 for task in tasks.iterdir()]
    except OSError:
        return 0.0
    return max(delays, default=0.0)


def written(company: Company, since: int) -> int:
    """How many writes the services got."""
    return sum(one.rows for one in company.sandbox.writes(since))

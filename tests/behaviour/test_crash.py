"""`kill -9` at any moment, then a start: everything exists once (D3, and the outcome of A1 and B1)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.behaviour.company import CREW, Company, of_wall, wall
from tests.services_kit import wait_until

pytestmark = pytest.mark.process

PEOPLE = CREW
EACH = 25


def plan_everything(company: Company) -> None:
    """200 appointments, 25 for each of the crew."""
    for number in range(PEOPLE):
        for turn in range(EACH):
            company.plan(
                f"Job {number}/{turn}",
                f"C{number}",
                hours=24 + turn * 2,
                sourceApp="BC",
                sourceType="SERVICE",
            )


def created(company: Company) -> int:
    """How many events have been created in Outlook."""
    posts = company.sandbox.requests(service="graph", method="POST", path="/events")
    return sum(one.status == 201 for one in posts)


def expect_every_event_once(company: Company) -> None:
    """Everybody has exactly the events of her appointments, each linked to its appointment."""
    planned = company.board.appointments()
    assert len(planned) == PEOPLE * EACH
    for number in range(PEOPLE):
        events = company.person(f"crew{number}").events()
        assert Counter(event["subject"] for event in events) == Counter(
            f"Job {number}/{turn}" for turn in range(EACH)
        )
        mine = {
            f"{one['appointmentGuid']}/C{number}"
            for one in planned
            if one["subject"].startswith(f"Job {number}/")
        }
        assert {company.linked(f"crew{number}", event) for event in events} == mine


@pytest.mark.parametrize(
    "moments",
    [
        (60,),
        pytest.param((1,), marks=pytest.mark.slow),
        pytest.param((130, 160), marks=pytest.mark.slow),
        pytest.param((10, 80, 199), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_200_appointments_over_8_mailboxes_exist_once_whenever_the_process_was_killed(
    crew: Company, moments: tuple[int, ...]
) -> None:
    plan_everything(crew)
    crew.connector.start(wait=False)
    for moment in moments:
        wait_until(lambda moment=moment: created(crew) >= moment, why=f"{moment} events are created")  # type: ignore[misc]
        assert crew.connector.kill() != 0
        crew.connector.start(wait=False)
    wait_until(lambda: created(crew) >= PEOPLE * EACH, 30, "every event is created")
    crew.connector.wait_in_step()
    expect_every_event_once(crew)
    with crew.nothing_written():
        crew.connector.wait_in_step()
    assert crew.connector.status()["backlog"] == {"journal": 0, "outbox": 0}


@pytest.mark.slow
def test_200_appointments_exist_once_though_answers_were_lost_before_the_kill(crew: Company) -> None:
    plan_everything(crew)
    lost = {"method": "POST", "path": "/events$"}
    crew.sandbox.fault("graph", "lost-answer", times=12, match=lost)
    crew.connector.start(wait=False)
    wait_until(lambda: created(crew) >= 40)
    crew.connector.kill()
    crew.connector.start()
    wait_until(lambda: all(len(crew.person(f"crew{n}").events()) >= EACH for n in range(PEOPLE)), 40)
    crew.connector.wait_in_step()
    expect_every_event_once(crew)


@pytest.mark.parametrize("moment", [20, *(pytest.param(late, marks=pytest.mark.slow) for late in (1, 35))])
def test_what_people_booked_exists_once_on_the_board_whenever_the_process_was_killed(
    crew: Company, moment: int
) -> None:
    begin = (datetime.now(UTC) + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    for number in range(PEOPLE):
        for turn in range(5):
            start = begin + timedelta(hours=3 * turn)
            crew.person(f"crew{number}").create(
                subject=f"Own {number}/{turn}", start=start, end=start + timedelta(hours=1), showAs="busy"
            )
    crew.connector.start(wait=False)
    wait_until(lambda: len(crew.board.appointments()) >= moment, why=f"{moment} appointments")
    crew.connector.kill()
    crew.connector.start()
    wait_until(lambda: len(crew.board.appointments()) >= PEOPLE * 5, why="every appointment")
    crew.connector.wait_in_step()
    with crew.nothing_written():
        crew.connector.wait_in_step()
    subjects = Counter(one["subject"] for one in crew.board.appointments())
    assert subjects == Counter(f"Own {number}/{turn}" for number in range(PEOPLE) for turn in range(5))


def test_d3_what_was_changed_while_the_process_was_dead_is_caught_up_within_seconds(crew: Company) -> None:
    planned = [
        crew.plan(f"Plan {turn}", "C0", "C1", hours=24 + turn, sourceApp="BC", sourceType="SERVICE")
        for turn in range(6)
    ]
    crew.connector.start()
    for turn in range(6):
        crew.sees_event("crew1", f"Plan {turn}")
    crew.connector.wait_in_step()
    crew.connector.kill()
    crew.board.delete(planned[0]["appointmentNo"])
    crew.board.change(planned[1]["appointmentNo"], subject="Renamed")
    crew.board.change(planned[2]["appointmentNo"], resources=["C1", "C2"])
    later = wall(80)
    crew.board.change(planned[3]["appointmentNo"], start=later, end=wall(82))
    crew.plan("Fresh", "C7", hours=50, sourceApp="BC", sourceType="SERVICE")
    crew.connector.start()
    crew.sees_event("crew7", "Fresh")
    crew.sees_no_event("crew0", "Plan 0")
    crew.sees_event("crew0", "Renamed")
    crew.sees_no_event("crew0", "Plan 2")
    crew.sees_event("crew2", "Plan 2")
    event = crew.sees_event("crew1", "Plan 3")
    assert event["start"]["dateTime"][:19] == of_wall(later).replace(tzinfo=None).isoformat()

"""Changes that arrive because a service tells of them (A1, A3, A6, A8, B1, B5, B6, B11, B12, C1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.behaviour.company import Company, company_at_work, instant
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import wait_until

pytestmark = pytest.mark.process

SOON = 10.0
"""Seconds, on a machine that does other things too; the polls come every hour."""
HOURLY = {"outlook_poll_seconds": 3600, "board_poll_seconds": 3600}


@pytest.fixture(scope="module")
def told(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The small company, whose services tell the connector of every change."""
    folder = tmp_path_factory.mktemp("told")
    with company_at_work(folder, signing_key, notified=True, sync=HOURLY) as company:
        wait_until(
            lambda: company.connector.status()["subscriptions"] >= 9, why="both services are subscribed to"
        )
        yield company


def soon(condition: Callable[[], object], why: str) -> None:
    """It happens long before a poll."""
    wait_until(condition, SOON, why)


def test_a1_a3_a6_a_planner_is_followed_at_once(told: Company) -> None:
    subject, renamed = told.name("Told"), told.name("Told again")
    since = told.sandbox.mark()
    planned = told.plan(subject, "R001", "R002")
    for alias in ("ann", "bert"):
        soon(lambda alias=alias: told.person(alias).having(subject=subject), "A1")  # type: ignore[misc]
    told.board.change(planned["appointmentNo"], subject=renamed)
    for alias in ("ann", "bert"):
        soon(lambda alias=alias: told.person(alias).having(subject=renamed), "A3")  # type: ignore[misc]
    told.board.delete(planned["appointmentNo"])
    for alias in ("ann", "bert"):
        soon(lambda alias=alias: not told.person(alias).having(subject=renamed), "A6")  # type: ignore[misc]
    told.connector.wait_in_step()
    assert [one.method for one in told.sandbox.writes(since)] == ["POST"] * 2 + ["PATCH"] * 2 + ["DELETE"] * 2


def test_b1_b5_b6_a_person_is_followed_at_once(told: Company) -> None:
    subject, renamed = told.name("Own"), told.name("Own again")
    since = told.sandbox.mark()
    event = told.book("ann", subject)
    soon(lambda: told.board.having(subject=subject), "B1")
    told.person("ann").change(event["id"], subject=renamed)
    soon(lambda: told.board.having(subject=renamed), "B5")
    told.person("ann").delete(event["id"])
    soon(lambda: not told.board.having(subject=renamed), "B6")
    told.connector.wait_in_step()
    assert [one.service for one in told.sandbox.writes(since)] == ["scheduler"] * 3


def test_b11_b12_what_a_person_does_to_a_board_born_event_is_answered_at_once(told: Company) -> None:
    subject = told.name("Both")
    _, (event, _) = told.plan_seen(subject, "ann", "bert")
    start = instant(event) + timedelta(hours=2)
    told.person("ann").change(event["id"], start=start, end=start + timedelta(hours=1))
    soon(lambda: instant(told.sees_event("bert", subject)) == start, "B11")
    told.person("ann").delete(event["id"])
    soon(lambda: told.person("ann").having(subject=subject), "B12")
    assert instant(told.sees_event("ann", subject)) == start


@pytest.mark.slow
def test_a8_c1_notifications_that_come_twice_and_late_and_those_of_own_writes_change_nothing(
    told: Company,
) -> None:
    for kind in ("duplicate-notification", "delay-notification"):
        for service in ("graph", "scheduler"):
            told.sandbox.fault(
                service, kind, **({"seconds": 1.5} if kind.startswith("delay") else {}), times=3
            )
        subject, renamed = told.name("Twice"), told.name("Twice again")
        since = told.sandbox.mark()
        planned = told.plan(subject, "R001")
        told.sees_event("ann", subject)
        told.board.change(planned["appointmentNo"], subject=renamed)
        told.sees_event("ann", renamed)
        event = told.book("ann", f"{renamed}, own")
        told.sees_appointment(f"{renamed}, own")
        told.person("ann").change(event["id"], importance="high")
        wait_until(lambda: told.sees_appointment(f"{renamed}, own")["importance"] == 1)  # noqa: B023 - used at once
        wait_until(lambda: told.sandbox.stats()["notificationsWaiting"] == 0, why="every notification is out")
        told.connector.wait_in_step()
        assert [(one.service, one.method) for one in told.sandbox.writes(since)] == [
            ("graph", "POST"),
            ("graph", "PATCH"),
            ("scheduler", "POST"),
            ("scheduler", "POST"),
        ]
        told.sandbox.mend()

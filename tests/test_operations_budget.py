"""Deletions that wait for evidence (BEHAVIOUR.md C10), with a whole tenant in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from models.decision import Act, Reason
from models.ids import ResourceNo
from models.storage.records import DecisionRecord, HeldBack, Outcome
from tests.office import Office, at, office_at_work
from tests.sandbox.company import SOURCE, TASKS
from tests.sandbox.graph.events import Event
from tests.sandbox.traffic import Visit
from tests.sandbox.wire import Request, Response

POLL = 300.0
MANY, FEW = 8, 3
"""More, and less, than five and a tenth of what there is."""


@pytest.fixture
def office() -> Iterator[Office]:
    """One person, told of nothing: everything is found by polling, every five minutes."""
    with office_at_work(notified=False) as working:
        yield working


def book(office: Office, count: int) -> list[Event]:
    """She books so many events, and the board shows them."""
    morning = office.clock.now().replace(tzinfo=None) + timedelta(days=1)
    booked = [
        office.person().create(
            subject=f"Visit {number}",
            start=at(morning + timedelta(hours=number)),
            end=at(morning + timedelta(hours=number + 1)),
        )
        for number in range(count)
    ]
    office.settle()
    assert len(office.board()) == count
    return booked


def plan(office: Office, count: int) -> list[str]:
    """A planner plans so many appointments, and she sees them; their GUIDs."""
    morning = office.clock.now().replace(tzinfo=None) + timedelta(days=1)
    guids = []
    for number in range(count):
        with office.planner():
            start, end = morning + timedelta(hours=number), morning + timedelta(hours=number + 1)
            fields = {
                **SOURCE,
                "jobNo": TASKS[0]["jobNo"],
                "taskNo": TASKS[0]["taskNo"],
                "resources": [office.numbers[0]],
                "subject": f"Job {number}",
                "start": start.isoformat(),
                "end": end.isoformat(),
            }
            guids.append(str(office.services.board.planner_create(fields)["appointmentGuid"]))
    office.settle()
    assert len(office.person().events()) == count
    return guids


def clear_board(office: Office, guids: list[str]) -> None:
    for guid in guids:
        with office.planner():
            office.services.board.planner_delete(guid)


def held(office: Office) -> tuple[HeldBack, ...]:
    return office.disk.store.held_back()


def run_until_held(office: Office, count: int) -> None:
    """Let time pass until so many deletions are held back."""
    for _ in range(int(2 * POLL)):
        office.run(1.0)
        if len(held(office)) == count:
            return
    raise AssertionError(f"only {len(held(office))} deletions were held back")


def decided(office: Office) -> list[DecisionRecord]:
    return list(office.disk.store.decisions_of(ResourceNo(office.numbers[0])))


def answering(office: Office, alter: Callable[[str, Request], Response | None]) -> Callable[[], None]:
    """Some requests get another answer from now on; returns what ends that."""
    genuine = office.services.visit

    def visit(service: str, request: Request) -> Visit:
        answer = yield from genuine(service, request)
        other = alter(service, request)
        return answer if other is None else replace(answer, response=other)

    office.services.visit = visit  # type: ignore[method-assign]  # a service that misbehaves

    def mend() -> None:
        office.services.visit = genuine  # type: ignore[method-assign]  # as it was

    return mend


def is_listing(request: Request) -> bool:
    return request.path == "/appointment" and "startDate" in request.query


def test_c10_a_calendar_that_is_really_cleared_is_followed_within_two_cycles(office: Office) -> None:
    for event in book(office, MANY):
        office.person().delete(event)
    cleared_at = office.clock.now()
    run_until_held(office, MANY)
    assert len(office.board()) == MANY
    office.run_until(cleared_at + timedelta(seconds=2 * POLL))
    assert office.board() == []
    assert held(office) == ()
    outcomes = [(one.act, one.reason, one.outcome) for one in decided(office)[: 2 * MANY]]
    assert outcomes.count((Act.HOLD, Reason.DELETED_IN_OUTLOOK, Outcome.HELD_BACK)) == MANY
    assert outcomes.count((Act.REMOVE_APPOINTMENT, Reason.DELETED_IN_OUTLOOK, Outcome.DONE)) == MANY


def test_c10_a_board_that_is_really_cleared_is_followed_within_two_cycles(office: Office) -> None:
    clear_board(office, plan(office, MANY))
    cleared_at = office.clock.now()
    run_until_held(office, MANY)
    assert len(office.person().events()) == MANY
    office.run_until(cleared_at + timedelta(seconds=2 * POLL))
    assert office.person().events() == []
    assert held(office) == ()


def test_c10_what_is_held_back_says_why_and_what_to_do(office: Office) -> None:
    clear_board(office, plan(office, MANY))
    run_until_held(office, MANY)
    assert all("retry" in one.reason and one.confirmations == 1 for one in held(office))


def test_c10_a_few_deletions_are_carried_out_at_once(office: Office) -> None:
    guids = plan(office, MANY)
    clear_board(office, guids[:FEW])
    office.settle()
    assert len(office.person().events()) == MANY - FEW
    assert Act.HOLD not in {one.act for one in decided(office)}


def test_c10_a_tenth_of_many_is_carried_out_at_once() -> None:
    with office_at_work(notified=False, delete_budget_count=0, delete_budget_percent=50) as office:
        clear_board(office, plan(office, MANY)[: MANY // 2])
        office.settle()
        assert len(office.person().events()) == MANY // 2
        assert Act.HOLD not in {one.act for one in decided(office)}


def test_c10_a_mailbox_that_reads_empty_loses_nothing(office: Office) -> None:
    book(office, MANY)

    def alter(service: str, request: Request) -> Response | None:
        if service != "graph" or not request.path.endswith("/calendarView/delta"):
            return None
        link = f"https://graph.microsoft.com{request.path}?$deltatoken=nothing"
        return Response(
            status=200,
            headers={"content-type": "application/json"},
            body=b'{"value": [], "@odata.deltaLink": "%s"}' % link.encode(),
        )

    mend = answering(office, alter)
    with office.writes() as written:
        office.connector.resync()
        office.settle()
        mend()
        office.connector.resync()
        office.settle()
    assert not written
    assert len(office.board()) == MANY
    assert held(office) == ()


def test_c10_a_board_that_reads_empty_loses_nothing(office: Office) -> None:
    plan(office, MANY)
    empty = Response(status=200, headers={"content-type": "application/json"}, body=b"[]")
    mend = answering(office, lambda service, request: empty if is_listing(request) else None)
    with office.writes() as written:
        office.settle()
        mend()
        office.settle()
    assert not written
    assert held(office) == ()


def test_c10_evidence_that_contradicts_itself_deletes_nothing_and_is_shown(office: Office) -> None:
    """Listed or read by themselves, the appointments are not there; one kind of listing still has them."""
    plan(office, MANY)
    empty = Response(status=200, headers={"content-type": "application/json"}, body=b"[]")
    gone = Response(status=404, headers={"content-type": "application/json"}, body=b"{}")
    asked: list[str] = []

    def alter(service: str, request: Request) -> Response | None:
        if service != "scheduler" or request.method != "GET":
            return None
        if request.path.startswith("/appointment/"):
            return gone
        if not is_listing(request):
            return None
        days = request.query.partition("endDate=")[2][:10], request.query.partition("startDate=")[2][:10]
        is_wide = days[0][:7] != days[1][:7]
        if is_wide and "resources=" in request.query:
            asked.append(request.query)
            return None
        return empty

    mend = answering(office, alter)
    with office.writes() as written:
        office.run(3 * POLL)
        assert asked, "a second reading of everything"
        assert len(held(office)) == MANY
        mend()
        office.settle()
    assert not written
    assert held(office) == (), "what is found again is not held back any more"


def test_c10_a_failing_second_reading_is_no_evidence(office: Office) -> None:
    clear_board(office, plan(office, MANY))
    run_until_held(office, MANY)
    broken = Response(status=500, headers={"content-type": "application/json"}, body=b"{}")
    mend = answering(office, lambda service, request: broken if is_listing(request) else None)
    office.run(POLL)
    assert len(office.person().events()) == MANY
    assert len(held(office)) == MANY
    mend()
    office.settle(2 * POLL)
    assert office.person().events() == []


def test_c10_what_stops_being_shared_is_taken_away_at_once_however_much_it_is(office: Office) -> None:
    for event in book(office, MANY):
        office.person().change(event, sensitivity="private")
    office.run(POLL + 1.0)
    assert office.board() == []
    assert Act.HOLD not in {one.act for one in decided(office)}


def test_c10_what_is_held_back_survives_a_crash(office: Office) -> None:
    clear_board(office, plan(office, MANY))
    run_until_held(office, MANY)
    office.kill(down=1.0)
    assert len(held(office)) == MANY
    office.settle(2 * POLL)
    assert office.person().events() == []
    assert held(office) == ()

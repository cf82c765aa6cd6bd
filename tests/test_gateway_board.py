"""The gateway to Dime.Scheduler: rows go together when they wait together, and each has its own outcome."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.clients.circuit import State
from actors.clients.errors import OutcomeUnknown, Rejected, Throttled, Unavailable
from actors.clients.metrics import ServiceState
from actors.clients.scheduler.operations import (
    ListAppointments,
    ReadAppointment,
    RemoveAppointment,
    WriteAppointment,
)
from actors.clients.transport import Answer, AnswerLost, ConnectFailed
from models.ids import AppointmentGuid, AppointmentId, ResourceNo
from models.writes import AppointmentRemoval, AppointmentWrite
from tests.clients_kit import WINDOW, HeldSenders, Rig, Seen, answer, problem_of, value_of


def write(number: int, subject: str = "x") -> WriteAppointment:
    return WriteAppointment(
        write=AppointmentWrite(
            guid=AppointmentGuid(f"g{number}"),
            resource_no=ResourceNo("R001"),
            resource_email="a@x",
            outlook_born=True,
            subject=subject,
        )
    )


def parameters(row: dict[str, list[str]]) -> dict[str, str]:
    return dict(zip(row["ParameterNames"], row["ParameterValues"], strict=True))


class Board:
    """Takes imports; refuses a call that has a row with a bad subject, as a whole."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def __call__(self, seen: Seen) -> Answer:
        if seen.method == "GET":
            return answer(200, [])
        rows = [parameters(row) for row in seen.body]
        if any(row.get("Subject") == "bad" for row in rows):
            return answer(200, {"content": '{"Error": "no"}', "statusCode": 400})
        self.written += [row["AppointmentGuid"] for row in rows]
        pairs = [
            {"Id": row["AppointmentGuid"].removeprefix("g"), "Guid": row["AppointmentGuid"]} for row in rows
        ]
        return answer(200, {"Success": True, "Appointments": pairs})


def test_rows_that_wait_together_go_together_and_each_has_its_own_answer() -> None:
    senders = HeldSenders(1)
    rig = Rig(Board(), senders=senders).board()
    outcomes = [rig.submit(write(number)) for number in range(40)]
    rig.settle()
    while senders.under_way:
        senders.finish()
        rig.settle()
    assert [value_of(one[0]).id for one in outcomes] == [str(number) for number in range(40)]
    assert [len(seen.body) for seen in rig.service.seen] == [25, 15]


def test_a_refused_row_does_not_take_the_others_with_it() -> None:
    senders = HeldSenders(1)
    board = Board()
    rig = Rig(board, senders=senders).board()
    outcomes = [rig.submit(write(number, "bad" if number == 3 else "x")) for number in range(6)]
    rig.settle()
    while senders.under_way:
        senders.finish()
        rig.settle()
    assert isinstance(problem_of(outcomes[3][0]), Rejected)
    assert [value_of(one[0]).id for number, one in enumerate(outcomes) if number != 3] == [
        "0",
        "1",
        "2",
        "4",
        "5",
    ]
    assert sorted(board.written) == ["g0", "g1", "g2", "g4", "g5"]


@pytest.mark.parametrize(
    "lost",
    [
        AnswerLost("reset"),
        answer(503),
        answer(200, {"content": '{"Error": "busy"}', "statusCode": 503}),
        answer(302),
    ],
)
def test_d2_a_write_whose_outcome_nobody_knows_is_not_repeated_blindly(lost: Answer | Exception) -> None:
    """D2, A8: the board knows no If-Match, and a planner may have changed the appointment meanwhile."""
    rig = Rig(lambda seen: lost).board()
    assert isinstance(problem_of(rig.do(write(1), within=60)), OutcomeUnknown)
    assert len(rig.service.seen) == 1


def test_d1_a_write_that_never_left_is_sent_again() -> None:
    answers: Iterator[Answer | Exception] = iter([ConnectFailed("refused"), answer(200, {"Success": True})])
    rig = Rig(lambda seen: next(answers)).board()
    assert value_of(rig.do(write(1), within=60)).guid == "g1"


def test_d1_while_the_board_is_down_reading_waits_and_writing_is_given_back() -> None:
    """D1, A8: what is to be written then is decided upon what the board says when it is up again."""
    board = Board()
    rig = Rig(lambda seen: board(seen) if seen.at >= 300.0 else answer(502)).board()
    listings = [rig.submit(ListAppointments(window=WINDOW)) for _ in range(20)]
    early = [rig.submit(write(number)) for number in range(50)]
    rig.pass_time(150)
    assert rig.snapshot().state is ServiceState.UNAVAILABLE
    late = [rig.submit(write(number)) for number in range(50)]
    rig.pass_time(145)
    assert not any(listings)
    assert {type(problem_of(one[0])) for one in early} <= {OutcomeUnknown, Unavailable}
    assert {type(problem_of(one[0])) for one in late} == {Unavailable}
    assert board.written == []
    rig.pass_time(60)
    assert all(value_of(one[0]) is not None for one in listings)
    assert rig.snapshot().circuit is State.CLOSED
    assert value_of(rig.do(write(1), within=60)).guid == "g1"


def test_d7_a_refused_key_holds_everything_back_until_it_is_accepted() -> None:
    board = Board()
    rig = Rig(lambda seen: board(seen) if seen.at >= 300.0 else answer(401)).board()
    outcomes = [rig.submit(write(number)) for number in range(5)]
    rig.pass_time(200)
    snapshot = rig.snapshot()
    assert snapshot.state is ServiceState.NOT_AUTHENTICATED
    assert "scheduler.api_key" in snapshot.remedy
    assert not any(outcomes)
    rig.pass_time(600)
    assert all(value_of(one[0]) for one in outcomes)


def test_c11_a_listing_that_fails_is_an_error_in_the_end() -> None:
    rig = Rig(lambda seen: answer(429)).board()
    assert isinstance(problem_of(rig.do(ListAppointments(window=WINDOW), within=7200)), Throttled)


def test_a_read_that_always_fails_among_successes_is_told() -> None:
    board = Board()
    rig = Rig(lambda seen: answer(500) if "/appointment/" in seen.path else board(seen)).board()
    outcomes = rig.submit(ReadAppointment(id=AppointmentId("7")))
    for number in range(100):
        value_of(rig.do(write(number)))
        rig.pass_time(1)
    assert isinstance(problem_of(outcomes[0]), Unavailable)


def test_a_removal_goes_through_the_same_door() -> None:
    rig = Rig(Board()).board()
    removal = AppointmentRemoval(
        guid=AppointmentGuid("g1"),
        id=None,
        resource_no=ResourceNo("R001"),
        resource_email="a@x",
        outlook_born=True,
    )
    assert value_of(rig.do(RemoveAppointment(removal=removal))) is None

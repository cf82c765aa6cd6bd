"""What a gateway does when a service throttles, fails, loses answers, or is gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from actors.clients.circuit import State
from actors.clients.errors import (
    Defect,
    MailboxMissing,
    Malformed,
    NotFound,
    OutcomeUnknown,
    Throttled,
    Unavailable,
)
from actors.clients.graph.operations import CreateEvent, PatchEvent, ReadEvent, ReadWindow, RemoveEvent
from actors.clients.metrics import ServiceState
from actors.clients.transport import Answer, AnswerLost, ConnectFailed
from models.event import EventDetail
from models.ids import MailboxId
from models.writes import EventPatch
from tests.clients_kit import (
    ANNA,
    BRAM,
    EVERYTHING,
    WINDOW,
    Rig,
    Seen,
    answer,
    draft,
    event_json,
    id_of,
    problem_of,
    refusal,
    value_of,
)


def read(number: int = 1, mailbox: MailboxId = ANNA) -> ReadEvent:
    return ReadEvent(mailbox=mailbox, event_id=id_of(f"E{number}"), judge=EVERYTHING)


CREATE = CreateEvent(mailbox=ANNA, draft=draft(), judge=EVERYTHING)


class Sequence:
    """A rule that answers with one thing after another, and with the last one for ever."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self._answers = iter(answers)
        self._last: Answer | Exception = answer(200, event_json())
        self._rest: Iterator[Answer | Exception] = self._answers

    def __call__(self, seen: Seen) -> Answer | Exception:
        self._last = next(self._rest, self._last)
        return self._last


GOOD = answer(200, event_json())


@pytest.mark.parametrize(
    "failure",
    [
        answer(429),
        answer(500),
        answer(502),
        answer(503),
        answer(504),
        answer(509),
        Answer(status=200, body=b"<html>"),
        AnswerLost("ReadTimeout"),
        ConnectFailed("ConnectTimeout"),
    ],
)
def test_d1_a_passing_failure_of_a_read_is_repeated(failure: Answer | Exception) -> None:
    rig = Rig(Sequence(failure, failure, GOOD)).graph()
    assert value_of(rig.do(read(), within=60)).head.id == "E1"
    assert len(rig.service.seen) == 3
    first, second, third = (seen.at for seen in rig.service.seen)
    assert third - second > second - first > 0.0, "with growing waits"


@pytest.mark.parametrize("operation", [RemoveEvent(mailbox=ANNA, event_id=id_of("E1"))])
def test_d1_a_lost_answer_to_a_deletion_is_repeated_and_gone_is_success(operation: RemoveEvent) -> None:
    rig = Rig(Sequence(AnswerLost("reset"), refusal(404, "ErrorItemNotFound"))).graph()
    assert value_of(rig.do(operation, within=60)) is None


def test_d1_retry_after_is_waited_for() -> None:
    rig = Rig(Sequence(answer(429, retry_after="7"), GOOD)).graph()
    value_of(rig.do(read(), within=60))
    assert 7.0 <= rig.service.seen[1].at <= 7.0 * 1.25


def test_d1_retry_after_of_one_mailbox_is_not_waited_for_by_another() -> None:
    def anna_is_throttled(seen: Seen) -> Answer:
        throttled = seen.mailbox == "anna" and seen.at < 20.0
        return answer(429, retry_after="20") if throttled else GOOD

    rig = Rig(anna_is_throttled).graph()
    for number in range(10):
        rig.submit(read(number))
        rig.submit(read(number, BRAM))
    rig.pass_time(60)
    bram = [seen.at for seen in rig.service.seen if seen.mailbox == "bram"]
    anna = [seen.at for seen in rig.service.seen if seen.mailbox == "anna"]
    assert bram == [0.0] * 10
    # the four that were in flight, and the one that went out between the first refusal and the second
    assert len([at for at in anna if at < 20.0]) <= 5
    assert len([at for at in anna if at >= 20.0]) == 10
    assert rig.snapshot().throttled == len(anna) - 10


def test_d1_one_refusal_holds_back_one_request_and_not_its_mailbox() -> None:
    rig = Rig(Sequence(answer(429, retry_after="9"), GOOD)).graph()
    outcomes = [rig.submit(read(number)) for number in range(8)]
    rig.settle()
    assert sum(bool(one) for one in outcomes) == 7
    rig.pass_time(9.0 * 1.25)
    assert all(value_of(one[0]) for one in outcomes)


def test_d1_a_strict_gateway_holds_back_the_mailbox_at_the_first_refusal() -> None:
    rig = Rig(Sequence(answer(429, retry_after="9"), GOOD)).graph(refusals_to_pause=1, per_mailbox=1)
    for number in range(5):
        rig.submit(read(number))
    rig.settle()
    assert len(rig.service.seen) == 1
    assert rig.snapshot().paused_lanes == 1
    rig.pass_time(9.0 * 1.25)
    assert len(rig.service.seen) == 6


def test_d1_a_service_that_throttles_is_not_down() -> None:
    rig = Rig(Sequence(*[answer(429)] * 15, GOOD)).graph()
    assert value_of(rig.do(read(), within=3600))
    assert rig.snapshot().circuit is State.CLOSED


def test_d1_throttling_without_end_is_told_at_last() -> None:
    rig = Rig(Sequence(answer(429))).graph()
    assert isinstance(problem_of(rig.do(read(), within=7200)), Throttled)


@pytest.mark.parametrize("lost", [AnswerLost("timeout"), answer(503), answer(500), answer(504)])
def test_d2_a_creation_whose_outcome_is_unknown_is_not_repeated(lost: Answer | Exception) -> None:
    rig = Rig(Sequence(lost, GOOD)).graph()
    assert isinstance(problem_of(rig.do(CREATE, within=600)), OutcomeUnknown)
    assert len(rig.service.seen) == 1


@pytest.mark.parametrize("failure", [ConnectFailed("refused"), answer(429, retry_after="1")])
def test_d2_a_creation_that_cannot_have_happened_is_repeated(failure: Answer | Exception) -> None:
    rig = Rig(Sequence(failure, answer(201, event_json()))).graph()
    assert value_of(rig.do(CREATE, within=60)).head.id == "E1"
    assert len(rig.service.seen) == 2


def test_d2_a_batch_whose_answer_is_lost_repeats_reads_and_not_creations() -> None:
    lost = iter([True])

    def rule(seen: Seen) -> Answer | Exception:
        return answer(201 if seen.method == "POST" else 200, event_json())

    rig = Rig(rule).graph(calls=1)
    send = rig.service.send
    rig.submit(read(0))
    created = [rig.submit(CREATE) for _ in range(2)]
    reads = [rig.submit(read(number)) for number in range(2)]

    def losing(call: object) -> Answer:
        given = send(call)  # type: ignore[arg-type]  # the service's own signature
        if getattr(call, "url", "").endswith("$batch") and next(lost, False):
            raise AnswerLost("reset")
        return given

    rig.service.send = losing  # type: ignore[method-assign]  # a cut line between service and client
    rig.pass_time(60)
    posts = [seen for seen in rig.service.seen if seen.method == "POST"]
    assert len(posts) == 2, "neither creation was sent again"
    assert {type(problem_of(one[0])) for one in created} == {OutcomeUnknown}
    assert all(value_of(one[0]) for one in reads)


def test_a_mailbox_that_fails_for_days_does_not_open_the_circuit_for_others() -> None:
    def anna_is_ill(seen: Seen) -> Answer:
        return refusal(503, "MailboxInfoStale") if seen.mailbox == "anna" else GOOD

    rig = Rig(anna_is_ill).graph()
    ill = [rig.submit(read(number)) for number in range(30)]
    rig.pass_time(600)
    assert {type(problem_of(one[0])) for one in ill} == {Unavailable}
    assert rig.snapshot().circuit is State.CLOSED
    assert value_of(rig.do(read(1, BRAM)))


def down_until(moment: float, failure: Answer | Exception) -> Rig:
    """A gateway to a service that is down until then."""
    return Rig(lambda seen: failure if seen.at < moment else GOOD)


@pytest.mark.parametrize("failure", [ConnectFailed("refused"), answer(503)])
def test_d1_while_a_service_is_down_work_waits_and_none_is_lost(failure: Answer | Exception) -> None:
    rig = down_until(600.0, failure).graph()
    outcomes = [rig.submit(read(number, MailboxId(f"m{number % 9}"))) for number in range(100)]
    rig.pass_time(590)
    assert rig.snapshot().state is ServiceState.UNAVAILABLE
    assert not any(outcomes), "nothing was answered, and nothing given up"
    tries = len({seen.at for seen in rig.service.seen if seen.at > 10.0})
    assert 15 <= tries <= 60, "one try now and then"
    rig.pass_time(60)
    assert all(value_of(one[0]) for one in outcomes)
    assert rig.snapshot().state is ServiceState.OK


def test_an_open_circuit_tries_with_one_request_at_a_time() -> None:
    rig = down_until(300.0, answer(503)).graph()
    for number in range(200):
        rig.submit(read(number, MailboxId(f"m{number}")))
    rig.pass_time(295)
    late = [seen.at for seen in rig.service.seen if seen.at > 10.0]
    assert len(late) == len(set(late))


def test_it_is_not_always_the_same_request_that_tries() -> None:
    def one_is_poison(seen: Seen) -> Answer:
        if seen.at < 30.0 or seen.path.endswith("E13"):
            return answer(500)
        return GOOD

    rig = Rig(one_is_poison).graph()
    outcomes = [rig.submit(read(number, MailboxId(f"m{number}"))) for number in range(20)]
    rig.pass_time(3600)
    assert isinstance(problem_of(outcomes[13][0]), Unavailable)
    assert all(value_of(one[0]) for number, one in enumerate(outcomes) if number != 13)


def test_an_answer_that_stays_unreadable_is_an_error_in_the_end() -> None:
    rig = Rig(Sequence(Answer(status=200, body=b"<html>"))).graph()
    assert isinstance(problem_of(rig.do(read(), within=600)), Malformed)
    assert len(rig.service.seen) == 3


def test_what_will_never_succeed_is_answered_at_once() -> None:
    rig = Rig(Sequence(refusal(404, "MailboxNotEnabledForRESTAPI"))).graph()
    assert isinstance(problem_of(rig.do(read())), MailboxMissing)
    assert len(rig.service.seen) == 1


def test_c11_a_listing_whose_second_page_fails_for_good_is_an_error() -> None:
    first = answer(
        200,
        {
            "value": [event_json()],
            "@odata.nextLink": "https://graph.test/v1.0/users/anna/calendarView?$skip=1",
        },
    )
    rig = Rig(Sequence(first, refusal(404, "ErrorItemNotFound"))).graph()
    problem = problem_of(rig.do(ReadWindow(mailbox=ANNA, window=WINDOW, judge=EVERYTHING), within=60))
    assert isinstance(problem, NotFound)


def test_a_page_that_fails_is_read_again_and_not_the_pages_before_it() -> None:
    first = answer(
        200,
        {
            "value": [event_json()],
            "@odata.nextLink": "https://graph.test/v1.0/users/anna/calendarView?$skip=1",
        },
    )
    rig = Rig(Sequence(first, answer(503), answer(200, {"value": [event_json("E2")]}))).graph()
    listing = value_of(rig.do(ReadWindow(mailbox=ANNA, window=WINDOW, judge=EVERYTHING), within=60))
    assert [event.head.id for event in listing.events] == ["E1", "E2"]
    assert ["skip" in seen.path for seen in rig.service.seen] == [False, True, True]


def test_e_an_operation_that_fails_inside_the_client_tells_where_and_not_what() -> None:
    def fails(detail: EventDetail) -> EventPatch:
        raise RuntimeError(f"cannot rewrite {detail.subject}")

    rig = Rig(Sequence(GOOD)).graph()
    patch = PatchEvent(
        mailbox=ANNA, event_id=id_of("E1"), judge=EVERYTHING, patch=EventPatch(), rewrite=fails
    )
    with capture_logs() as logged:
        problem = problem_of(rig.do(patch))
        problem_of(rig.do(patch))
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("the client is at fault", "error"),
        ("the client is at fault", "debug"),
    ]
    assert "Dentist" not in str(logged)
    assert isinstance(problem, Defect)
    assert problem.kind == "RuntimeError"
    assert any("fails" in line for line in problem.at)
    assert "Dentist" not in f"{problem!s} {problem!r} {problem.at}"
    assert problem.__traceback__ is None
    assert problem.__context__ is None
    assert value_of(rig.do(read(2)))


def test_the_figures_of_a_gateway_tell_what_happened() -> None:
    rig = Rig(Sequence(answer(429, retry_after="1"), answer(503), GOOD)).graph()
    value_of(rig.do(read(), within=60))
    snapshot = rig.snapshot()
    assert snapshot.requests == {"429": 1, "503": 1, "200": 1}
    assert (snapshot.retries, snapshot.throttled) == (2, 1)
    assert (snapshot.waiting, snapshot.requests_in_flight, snapshot.delayed) == (0, 0, 0)
    assert (snapshot.service, snapshot.state, snapshot.code) == ("graph", ServiceState.OK, "")

"""What a gateway does about tokens: got once, renewed in time, replaced when refused, awaited otherwise."""

from __future__ import annotations

from structlog.testing import capture_logs

from actors.clients.access import Grant
from actors.clients.errors import About, NotAuthenticated, Problem, Unavailable
from actors.clients.graph.operations import CreateEvent, ReadEvent
from actors.clients.metrics import ServiceState
from actors.clients.transport import Answer
from models.ids import MailboxId
from tests.clients_kit import (
    ANNA,
    EVERYTHING,
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

SIGN_IN = About(service="sign-in", status=401, code="AADSTS7000222")
EXPIRED = NotAuthenticated(SIGN_IN, product_code="DSEX001", remedy="make a new client secret")


def read(number: int = 1, mailbox: MailboxId = ANNA) -> ReadEvent:
    return ReadEvent(mailbox=mailbox, event_id=id_of(f"E{number}"), judge=EVERYTHING)


def well(seen: Seen) -> Answer:
    return answer(201 if seen.method == "POST" else 200, event_json())


def accepts(*tokens: str) -> object:
    """A service that knows these tokens."""

    def rule(seen: Seen) -> Answer:
        known = seen.headers["Authorization"].removeprefix("Bearer ") in tokens
        return well(seen) if known else refusal(401, "InvalidAuthenticationToken")

    return rule


def token(seen: Seen) -> str:
    return seen.headers["Authorization"].removeprefix("Bearer ")


def rig_with(rule: object, *outcomes: Grant | Problem) -> Rig:
    rig = Rig(rule)  # type: ignore[arg-type]  # a rule, made by a function that says object
    rig.credentials.outcomes = list(outcomes)
    return rig.graph()


def test_a_token_is_asked_for_once_when_it_is_first_needed() -> None:
    rig = rig_with(well, Grant(secret="t1", seconds=3600))
    rig.settle()
    assert rig.credentials.asked == 0
    for number in range(20):
        rig.submit(read(number))
    rig.settle()
    assert rig.credentials.asked == 1
    assert len(rig.service.seen) == 20


def test_a_token_is_renewed_before_it_ends_while_work_goes_on() -> None:
    rig = rig_with(well, *(Grant(secret=f"t{number}", seconds=3600) for number in range(1, 9)))
    value_of(rig.do(read()))
    rig.pass_time(3301)
    assert rig.credentials.asked == 2
    value_of(rig.do(read()))
    assert [token(seen) for seen in rig.service.seen] == ["t1", "t2"]


def test_d7_a_renewal_that_fails_leaves_the_token_that_still_holds_in_use() -> None:
    rig = rig_with(well, Grant(secret="t1", seconds=3600), EXPIRED)
    value_of(rig.do(read()))
    rig.pass_time(3310)
    assert rig.snapshot().state is ServiceState.NOT_AUTHENTICATED, "it is told in time to mend it"
    assert value_of(rig.do(read()))
    assert rig.snapshot().state is ServiceState.NOT_AUTHENTICATED
    outcomes = rig.submit(read())
    rig.pass_time(0)
    assert outcomes
    rig.pass_time(300)
    late = rig.submit(read())
    rig.pass_time(60)
    assert late == [], "the token has ended: work waits"


def test_d7_without_a_token_work_waits_and_resumes_when_it_is_mended() -> None:
    rig = rig_with(well, EXPIRED, EXPIRED, EXPIRED, Grant(secret="t1", seconds=3600))
    outcomes = [rig.submit(read(number)) for number in range(50)]
    rig.settle()
    snapshot = rig.snapshot()
    assert (snapshot.state, snapshot.code) == (ServiceState.NOT_AUTHENTICATED, "DSEX001")
    assert snapshot.remedy == "make a new client secret"
    assert snapshot.waiting == 50
    assert rig.service.seen == []
    rig.pass_time(120)
    assert rig.credentials.asked == 4
    assert all(value_of(one[0]) for one in outcomes)
    assert rig.snapshot().state is ServiceState.OK


def test_d7_refused_credentials_are_tried_again_at_most_every_few_minutes_for_ever() -> None:
    rig = rig_with(well, EXPIRED)
    outcomes = rig.submit(read())
    rig.pass_time(14 * 86400)
    assert outcomes == []
    assert 14 * 86400 / 375 <= rig.credentials.asked <= 14 * 86400 / 290


def test_d7_the_cause_is_logged_when_it_changes_and_not_every_time() -> None:
    rig = rig_with(well, EXPIRED, EXPIRED, EXPIRED, Grant(secret="t1", seconds=3600))
    with capture_logs() as logs:
        rig.do(read(), within=120)
    events = [entry["event"] for entry in logs if entry["log_level"] in ("warning", "error")]
    assert events == ["not signed in", "signed in again"]


def test_d7_an_authority_that_is_down_is_unavailable_and_no_fault_of_the_credentials() -> None:
    rig = rig_with(
        well, Unavailable(About(service="sign-in"), reached=False), Grant(secret="t1", seconds=3600)
    )
    outcomes = rig.submit(read())
    rig.settle()
    assert rig.snapshot().state is ServiceState.UNAVAILABLE
    assert rig.snapshot().remedy == ""
    rig.pass_time(10)
    assert value_of(outcomes[0])


def test_a_refused_token_is_replaced_once_and_everything_is_sent_again() -> None:
    rig = rig_with(accepts("t1"), Grant(secret="t1"), Grant(secret="t2"), Grant(secret="t3"))
    value_of(rig.do(read()))
    rig.service.rule = accepts("t2")  # type: ignore[assignment]  # a rule, made by a function that says object
    outcomes = [rig.submit(read(number, MailboxId(f"m{number}"))) for number in range(30)]
    rig.settle()
    assert all(value_of(one[0]) for one in outcomes)
    assert rig.credentials.asked == 2


def test_d2_a_creation_that_was_refused_for_its_token_is_sent_again() -> None:
    rig = rig_with(accepts("t2"), Grant(secret="t1"), Grant(secret="t2"))
    outcome = rig.do(CreateEvent(mailbox=ANNA, draft=draft(), judge=EVERYTHING), within=60)
    assert value_of(outcome).head.id == "E1"


def test_d7_tokens_that_graph_does_not_accept_at_all_are_told_and_asked_for_ever_more_slowly() -> None:
    rig = rig_with(accepts(), *(Grant(secret=f"t{number}") for number in range(100)))
    outcomes = rig.submit(read())
    rig.pass_time(600)
    assert outcomes == []
    assert rig.snapshot().code == "DSEX010"
    assert rig.credentials.asked <= 10


def test_a_request_that_is_refused_with_every_good_token_is_at_fault_itself() -> None:
    def one_is_refused(seen: Seen) -> Answer:
        return refusal(401, "UnknownError") if seen.path.endswith("E13") else well(seen)

    rig = rig_with(one_is_refused, *(Grant(secret=f"t{number}") for number in range(100)))
    odd = rig.submit(read(13))
    for number in range(600):
        rig.submit(read(number % 10, MailboxId(f"m{number}")))
        rig.pass_time(1)
        if odd:
            break
    assert isinstance(problem_of(odd[0]), NotAuthenticated)
    assert value_of(rig.do(read(1), within=60))

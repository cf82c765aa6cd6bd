"""What Graph's answers mean, status by status, through `requests` as in production."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import requests_mock
import urllib3.exceptions

from actors.clients.access import Grant
from actors.clients.errors import (
    About,
    AccessDenied,
    Conflict,
    DuplicateTransaction,
    ForeignLink,
    MailboxMissing,
    Malformed,
    NotAuthenticated,
    NotFound,
    OutcomeUnknown,
    Problem,
    Rejected,
    Throttled,
    TokenInvalid,
    Transient,
    Unavailable,
)
from actors.clients.graph.operations import CreateEvent, ReadDelta, ReadEvent, RemoveEvent
from actors.clients.graph.subscriptions import RemoveSubscription
from actors.clients.steps import Reply, Request, Steps, begin
from models.ids import Etag
from tests.clients_kit import ANNA, EVERYTHING, GRAPH, WINDOW, draft, drive, event_json, graph_wire, id_of
from tests.samples import sample

EVENT_URL = f"{GRAPH}/users/anna/events/E1"
READ = ReadEvent(mailbox=ANNA, event_id=id_of("E1"), judge=EVERYTHING)
CREATE = CreateEvent(mailbox=ANNA, draft=draft(), judge=EVERYTHING)
WORDS = "Dentist on floor 3"
REQUEST_ID = "6b1f4a0e-3c52-4d8e-9a71-20c4e5d6f7a8"


@pytest.fixture
def http() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mocker:
        yield mocker


def first_request(steps: Steps[Any]) -> Request:
    request = begin(steps, About(service="graph"))
    assert isinstance(request, Request)
    return request


def error(code: str, message: str = "x", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": REQUEST_ID}, **more}}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "ErrorInvalidRequest", Rejected),
        (400, "ErrorPropertyValidationFailure", Rejected),
        (400, "", Rejected),
        (401, "InvalidAuthenticationToken", NotAuthenticated),
        (403, "ErrorAccessDenied", AccessDenied),
        (404, "ErrorItemNotFound", NotFound),
        (404, "", NotFound),
        (404, "MailboxNotEnabledForRESTAPI", MailboxMissing),
        (404, "mailboxnotsupportedforrestapi", MailboxMissing),
        (404, "ErrorInvalidUser", MailboxMissing),
        (404, "Request_ResourceNotFound", MailboxMissing),
        (409, "ErrorIrresolvableConflict", Conflict),
        (410, "", NotFound),
        (412, "ErrorIrresolvableConflict", Conflict),
        (413, "", Rejected),
        (429, "ApplicationThrottled", Throttled),
        (500, "ErrorInternalServerError", Unavailable),
        (501, "NotImplemented", Rejected),
        (502, "", Unavailable),
        (503, "MailboxInfoStale", Unavailable),
        (504, "UnknownError", Unavailable),
        (509, "", Throttled),
        (302, "", Malformed),
    ],
)
def test_a_status_and_code_of_a_read_mean(
    http: requests_mock.Mocker, status: int, code: str, expected: type[Problem]
) -> None:
    http.get(EVENT_URL, status_code=status, json=error(code))
    with pytest.raises(expected) as raised:
        drive(READ.steps(), graph_wire())
    assert type(raised.value) is expected
    assert raised.value.about.status == status
    assert raised.value.about.code.lower() == code.lower()
    assert raised.value.about.request_id == REQUEST_ID


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_d2_a_failed_answer_to_a_creation_leaves_its_outcome_unknown(
    http: requests_mock.Mocker, status: int
) -> None:
    http.post(f"{GRAPH}/users/anna/events", status_code=status, headers={"Retry-After": "7"})
    with pytest.raises(OutcomeUnknown) as raised:
        drive(CREATE.steps(), graph_wire())
    assert raised.value.retry_after == 7.0


@pytest.mark.parametrize("status", [400, 409])
def test_a_duplicate_transaction_names_the_event_that_exists(http: requests_mock.Mocker, status: int) -> None:
    body = error("ErrorDuplicateTransactionId", **{"@event.existingEventId": "E7"})
    http.post(f"{GRAPH}/users/anna/events", status_code=status, json=body)
    http.get(f"{GRAPH}/users/anna/events/E7", json={"id": "immutable-7"})
    with pytest.raises(DuplicateTransaction) as raised:
        drive(CREATE.steps(), graph_wire())
    assert raised.value.existing_event_id == "immutable-7", "whichever of its ids the error names"


def test_a_duplicate_transaction_of_an_event_that_is_gone_names_none(http: requests_mock.Mocker) -> None:
    body = error("ErrorDuplicateTransactionId", **{"@event.existingEventId": "E7"})
    http.post(f"{GRAPH}/users/anna/events", status_code=400, json=body)
    http.get(f"{GRAPH}/users/anna/events/E7", status_code=404, json=error("ErrorItemNotFound"))
    with pytest.raises(DuplicateTransaction) as raised:
        drive(CREATE.steps(), graph_wire())
    assert raised.value.existing_event_id is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (410, "SyncStateNotFound"),
        (410, "resyncRequired"),
        (400, "BadRequest"),
        (400, "SyncStateInvalid"),
        (404, "SyncStateNotFound"),
    ],
)
def test_d5_a_delta_link_that_is_spent_or_malformed_asks_for_a_new_round(
    http: requests_mock.Mocker, status: int, code: str
) -> None:
    link = f"{GRAPH}/users/anna/calendarView/delta?$deltatoken=abc"
    http.get(link, status_code=status, json=error(code))
    with pytest.raises(TokenInvalid):
        drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, link=link).steps(), graph_wire())


def test_d5_the_recorded_answer_to_a_malformed_token_asks_for_a_new_round(http: requests_mock.Mocker) -> None:
    link = f"{GRAPH}/users/anna/calendarView/delta?$deltatoken=abc"
    http.get(link, status_code=400, json=sample("error-400-bad-deltatoken.json"))
    with pytest.raises(TokenInvalid):
        drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, link=link).steps(), graph_wire())


def test_a_first_delta_request_that_is_refused_is_not_about_a_link(http: requests_mock.Mocker) -> None:
    http.get(f"{GRAPH}/users/anna/calendarView/delta", status_code=400, json=error("ErrorInvalidRequest"))
    with pytest.raises(Rejected):
        drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, window=WINDOW).steps(), graph_wire())


def test_a_mailbox_that_is_gone_is_missing_and_not_a_spent_link(http: requests_mock.Mocker) -> None:
    link = f"{GRAPH}/users/anna/calendarView/delta?$deltatoken=abc"
    http.get(link, status_code=404, json=error("MailboxNotEnabledForRESTAPI"))
    with pytest.raises(MailboxMissing):
        drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, link=link).steps(), graph_wire())


@pytest.mark.parametrize("body", ["<html>proxy</html>", "{", '"text"', "[]", "[1, 2]"])
def test_an_answer_that_is_no_event_is_malformed_and_never_an_empty_one(
    http: requests_mock.Mocker, body: str
) -> None:
    http.get(EVENT_URL, text=body)
    with pytest.raises(Malformed):
        drive(READ.steps(), graph_wire())


def test_an_unreadable_success_of_a_creation_leaves_its_outcome_unknown(http: requests_mock.Mocker) -> None:
    http.post(f"{GRAPH}/users/anna/events", status_code=201, text="<html>created, says the proxy</html>")
    with pytest.raises(OutcomeUnknown):
        drive(CREATE.steps(), graph_wire())


@pytest.mark.parametrize(
    "failure",
    [
        requests.exceptions.ReadTimeout(WORDS),
        requests.exceptions.ConnectionError(
            urllib3.exceptions.ProtocolError("aborted", ConnectionResetError())
        ),
        requests.exceptions.ChunkedEncodingError(WORDS),
        requests.exceptions.ContentDecodingError(WORDS),
    ],
)
def test_a_lost_answer_is_unavailable_for_a_read_and_unknown_for_a_creation(
    http: requests_mock.Mocker, failure: Exception
) -> None:
    http.register_uri(requests_mock.ANY, requests_mock.ANY, exc=failure)
    with pytest.raises(Unavailable) as read:
        drive(READ.steps(), graph_wire())
    assert read.value.reached
    assert WORDS not in str(read.value)
    with pytest.raises(OutcomeUnknown):
        drive(CREATE.steps(), graph_wire())


@pytest.mark.parametrize(
    "failure",
    [
        requests.exceptions.ConnectTimeout("x"),
        requests.exceptions.ProxyError("x"),
        requests.exceptions.ConnectionError(
            urllib3.exceptions.MaxRetryError(
                urllib3.HTTPSConnectionPool("graph.test"),
                "/",
                urllib3.exceptions.NewConnectionError(
                    urllib3.connection.HTTPConnection("graph.test"), "refused"
                ),
            )
        ),
    ],
)
def test_a_connection_that_never_came_about_is_no_unknown_outcome(
    http: requests_mock.Mocker, failure: Exception
) -> None:
    http.register_uri(requests_mock.ANY, requests_mock.ANY, exc=failure)
    with pytest.raises(Unavailable) as raised:
        drive(CREATE.steps(), graph_wire())
    assert not raised.value.reached


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "2.128"}, 2.128),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "999999"}, 3600.0),
        ({"Retry-After": "Mon, 23 Nov 2026 09:00:30 GMT", "Date": "Mon, 23 Nov 2026 09:00:00 GMT"}, 30.0),
        ({"Retry-After": "Mon, 23 Nov 2026 08:00:00 GMT", "Date": "Mon, 23 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 23 Nov 2026 09:00:30 GMT"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_d1_retry_after_is_understood_in_every_form(
    http: requests_mock.Mocker, status: int, headers: dict[str, str], seconds: float | None
) -> None:
    http.get(EVENT_URL, status_code=status, headers=headers)
    with pytest.raises(Transient) as raised:
        drive(READ.steps(), graph_wire())
    assert raised.value.retry_after == seconds


def test_every_request_asks_for_immutable_ids_and_times_in_utc(http: requests_mock.Mocker) -> None:
    http.get(EVENT_URL, json=event_json())
    drive(READ.steps(), graph_wire())
    sent = http.request_history[0].headers
    assert sent["Prefer"] == 'IdType="ImmutableId", outlook.timezone="UTC"'
    assert sent["Authorization"] == "Bearer the-token"


def test_an_event_id_is_percent_encoded(http: requests_mock.Mocker) -> None:
    http.get(requests_mock.ANY, json=event_json("A/B+C=="))
    drive(ReadEvent(mailbox=ANNA, event_id=id_of("A/B+C=="), judge=EVERYTHING).steps(), graph_wire())
    assert http.request_history[0].url == f"{GRAPH}/users/anna/events/A%2FB%2BC%3D%3D"


def test_a_redirect_is_not_followed_with_the_token(http: requests_mock.Mocker) -> None:
    http.get(EVENT_URL, status_code=302, headers={"Location": "https://elsewhere.test/"})
    elsewhere = http.get("https://elsewhere.test/", json=event_json())
    with pytest.raises(Malformed):
        drive(READ.steps(), graph_wire())
    assert not elsewhere.called


FOREIGN = [
    "https://evil.test/v1.0/users/anna/calendarView/delta?$deltatoken=a",
    "http://graph.test/v1.0/users/anna/calendarView/delta?$deltatoken=a",
    "https://graph.test:8443/v1.0/users/anna/calendarView/delta?$deltatoken=a",
    "https://graph.test@evil.test/v1.0/delta",
    "https://graph.test.evil.test/v1.0/delta",
    "//evil.test/v1.0/delta",
    "https://evil.test\\@graph.test/v1.0/delta",
    "https://graph.test:99999/v1.0/delta",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("link", FOREIGN)
def test_d14_a_stored_link_to_another_host_is_never_followed(http: requests_mock.Mocker, link: str) -> None:
    http.register_uri(requests_mock.ANY, requests_mock.ANY, json={"value": []})
    with pytest.raises(ForeignLink):
        drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, link=link).steps(), graph_wire())
    assert http.request_history == []


@pytest.mark.parametrize("member", ["@odata.nextLink", "@odata.deltaLink"])
@pytest.mark.parametrize("link", FOREIGN)
def test_d14_a_page_that_leads_to_another_host_is_refused(
    http: requests_mock.Mocker, link: str, member: str
) -> None:
    http.get(f"{GRAPH}/users/anna/calendarView/delta", json={"value": [], member: link})
    with pytest.raises(ForeignLink):
        drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, window=WINDOW).steps(), graph_wire())
    assert len(http.request_history) == 1


def test_a_link_that_writes_its_host_and_port_differently_is_graph_s_own(http: requests_mock.Mocker) -> None:
    link = "https://GRAPH.test:443/v1.0/users/anna/calendarView/delta?$deltatoken=a"
    http.get(requests_mock.ANY, json={"value": [], "@odata.deltaLink": link})
    page = drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, link=link).steps(), graph_wire())
    assert page.delta_link == link


@pytest.mark.parametrize("body", [{"value": []}, {"@odata.deltaLink": f"{GRAPH}/x"}, {"value": None}, {}])
def test_c11_a_delta_page_that_leads_nowhere_or_has_no_items_is_an_error(
    http: requests_mock.Mocker, body: dict[str, Any]
) -> None:
    http.get(f"{GRAPH}/users/anna/calendarView/delta", json=body)
    with pytest.raises(Malformed):
        drive(ReadDelta(mailbox=ANNA, judge=EVERYTHING, window=WINDOW).steps(), graph_wire())


def test_a_subscription_that_is_gone_does_not_say_that_a_mailbox_is(http: requests_mock.Mocker) -> None:
    http.delete(f"{GRAPH}/subscriptions/s1", status_code=404, json=error("ResourceNotFound"))
    assert drive(RemoveSubscription(subscription_id="s1").steps(), graph_wire()) is None


@pytest.mark.parametrize("words", [WORDS, "Dentist", "ErrorDentist", "dentist-3"])
def test_e_no_text_of_a_problem_holds_what_a_person_wrote_or_what_the_service_said(
    http: requests_mock.Mocker, words: str
) -> None:
    """Also where it looks like a code or a request's id: it may be the one word of a subject."""
    said = error(words, f"The subject '{words}' is too long", target=words)
    problems = []
    for status in (400, 401, 403, 404, 409, 412, 429, 500, 503):
        http.get(EVENT_URL, status_code=status, json=said, headers={"request-id": words})
        with pytest.raises(Problem) as raised:
            drive(READ.steps(), graph_wire())
        problems.append(raised.value)
    told = " ".join(str(p) + repr(p) + repr(p.args) + repr(p.about) + p.remedy for p in problems)
    assert words not in told
    assert "anna" not in told, "a template stands in the place of ids"


def test_e_the_token_and_the_words_are_in_no_representation_of_what_is_sent() -> None:
    request = first_request(CREATE.steps())
    assert "ladder" not in repr(request)
    assert "the-token" not in repr(Grant(secret="the-token"))
    assert "anna" not in repr(request)


def inner(number: str, status: int, body: object = None, **headers: str) -> dict[str, Any]:
    return {"id": number, "status": status, "headers": headers, "body": body}


def batch(http: requests_mock.Mocker, responses: object, *, status: int = 200) -> list[Reply | Problem]:
    """The results of a read, a creation and a change that went together."""
    http.post(f"{GRAPH}/$batch", status_code=status, json=responses)
    changed = Request(
        method="PATCH", template="/users/{user}/events/{event}", path="/users/b/events/E2", body={}
    )
    requests_ = [first_request(READ.steps()), first_request(CREATE.steps()), changed]
    return graph_wire().perform(requests_, Grant(secret="the-token"))


def test_a_batch_carries_relative_urls_own_headers_and_one_token(http: requests_mock.Mocker) -> None:
    batch(http, {"responses": []})
    [sent] = http.request_history
    body = json.loads(sent.text)
    assert sent.headers["Authorization"] == "Bearer the-token"
    assert "the-token" not in sent.text
    assert [one["url"] for one in body["requests"]] == [
        "/users/anna/events/E1",
        "/users/anna/events",
        "/users/b/events/E2",
    ]
    assert body["requests"][1]["headers"]["Content-Type"] == "application/json"
    assert 'IdType="ImmutableId"' in body["requests"][0]["headers"]["Prefer"]


def test_each_inner_answer_of_a_batch_is_its_own_in_whatever_order(http: requests_mock.Mocker) -> None:
    responses = [
        inner("2", 429, error("ApplicationThrottled"), **{"retry-after": "4"}),
        {"id": 0, "status": 200, "body": event_json()},  # ids as numbers, as recorded
        inner("1", 503),
    ]
    read, created, changed = batch(http, {"responses": responses})
    assert isinstance(read, Reply)
    assert isinstance(created, OutcomeUnknown)
    assert isinstance(changed, Throttled)
    assert changed.retry_after == 4.0


def test_a_request_that_a_batch_does_not_answer_has_lost_its_answer(http: requests_mock.Mocker) -> None:
    read, created, changed = batch(http, {"responses": [inner("0", 200, event_json())]})
    assert isinstance(read, Reply)
    assert isinstance(created, OutcomeUnknown)
    assert isinstance(changed, Unavailable)


@pytest.mark.parametrize("responses", [{}, [], {"responses": None}, {"responses": ["?"]}, "text"])
def test_an_unreadable_batch_has_lost_every_answer(http: requests_mock.Mocker, responses: object) -> None:
    read, created, changed = batch(http, responses)
    assert isinstance(read, Unavailable)
    assert isinstance(created, OutcomeUnknown)
    assert isinstance(changed, Unavailable)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, [NotAuthenticated] * 3),
        (429, [Throttled] * 3),
        (503, [Unavailable, OutcomeUnknown, Unavailable]),
    ],
)
def test_what_refuses_a_batch_refuses_each_of_its_requests(
    http: requests_mock.Mocker, status: int, expected: list[type[Problem]]
) -> None:
    assert [type(result) for result in batch(http, error("x"), status=status)] == expected


def test_a_batch_that_one_request_spoils_is_sent_one_by_one(http: requests_mock.Mocker) -> None:
    http.get(EVENT_URL, json=event_json())
    http.post(f"{GRAPH}/users/anna/events", status_code=201, json=event_json())
    http.patch(f"{GRAPH}/users/b/events/E2", status_code=400, json=error("BadRequest"))
    read, created, changed = batch(http, error("BadRequest"), status=400)
    assert isinstance(read, Reply)
    assert isinstance(created, Reply)
    assert isinstance(changed, Rejected)


def test_d14_a_link_inside_a_batched_answer_is_checked_as_well(http: requests_mock.Mocker) -> None:
    page = {"value": [], "@odata.nextLink": "https://evil.test/v1.0/users?$skip=10"}
    steps = ReadDelta(mailbox=ANNA, judge=EVERYTHING, window=WINDOW).steps()
    first_request(steps)
    read, *_ = batch(http, {"responses": [inner("0", 200, page)]})
    assert isinstance(read, Reply)
    with pytest.raises(ForeignLink):
        steps.send(read)


def test_if_match_goes_with_the_request_that_names_a_version(http: requests_mock.Mocker) -> None:
    http.delete(EVENT_URL, status_code=204)
    drive(RemoveEvent(mailbox=ANNA, event_id=id_of("E1"), etag=Etag('W/"7"')).steps(), graph_wire())
    assert http.request_history[0].headers["If-Match"] == 'W/"7"'

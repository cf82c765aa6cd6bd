"""Graph's limits: four requests in flight to a mailbox, and so many in ten minutes."""

from __future__ import annotations

from random import Random

import pytest

from tests.sandbox.graph.errors import GraphError
from tests.sandbox.graph.throttle import Throttle, Window
from tests.sandbox_kit import START, Kit


@pytest.fixture
def kit() -> Kit:
    """A tenant with two people and 50 ms on the way."""
    kit = Kit.open()
    kit.services.traffic.latency["graph"] = 0.05
    return kit


def statuses(kit: Kit, count: int, *users: str) -> list[int]:
    """What `count` requests to each mailbox get that arrive at the same moment."""
    requests = [kit.request("GET", f"/users/{user}/events") for user in users for _ in range(count)]
    answers = [answer.response for _, answer in kit.together(requests)]
    return [response.status for response in answers if response is not None]


def test_four_requests_to_a_mailbox_are_served_and_the_fifth_is_refused(kit: Kit) -> None:
    assert statuses(kit, 4, kit.anna.id) == [200] * 4
    assert statuses(kit, 5, kit.anna.id) == [200] * 4 + [429]


def test_a_place_is_free_again_when_its_request_was_answered(kit: Kit) -> None:
    for _ in range(3):
        assert statuses(kit, 4, kit.anna.id) == [200] * 4


def test_mailboxes_do_not_share_their_places(kit: Kit) -> None:
    assert statuses(kit, 4, kit.anna.id, kit.bram.id) == [200] * 8


def test_a_mailbox_is_the_same_under_its_address_and_its_id(kit: Kit) -> None:
    assert statuses(kit, 3, kit.anna.id, "ANNA@contoso.test").count(429) == 2


def test_the_directory_has_no_places(kit: Kit) -> None:
    requests = [kit.request("GET", "/users") for _ in range(10)]
    answers = [answer.response for _, answer in kit.together(requests)]
    assert all(response is not None and response.status == 200 for response in answers)


def test_a_refusal_says_why_and_when_to_come_back(kit: Kit) -> None:
    requests = [kit.request("GET", f"/users/{kit.anna.id}/events") for _ in range(5)]
    response = kit.together(requests)[-1][1].response
    assert response is not None
    assert response.json()["error"]["code"] == "ApplicationThrottled"
    assert response.json()["error"]["message"] == "Application is over its MailboxConcurrency limit."
    assert response.headers["retry-after"] == "1"


def retry_after(throttle: Throttle) -> str | None:
    throttle.limits.in_flight = 0
    with pytest.raises(GraphError) as refused:
        throttle.enter("app", "mailbox")
    return refused.value.headers.get("retry-after")


def test_retry_after_is_whole_or_fractional_or_missing_as_configured() -> None:
    throttle = Throttle(now=lambda: START, random=Random(1))
    throttle.limits.retry_after_seconds = 2.0
    assert retry_after(throttle) == "2"
    throttle.limits.retry_after = "fractional"
    assert 1.0 <= float(retry_after(throttle) or 0) <= 3.0
    assert "." in (retry_after(throttle) or "")
    throttle.limits.retry_after = "missing"
    assert retry_after(throttle) is None
    throttle.limits.retry_after = "mixed"
    assert (
        len({(text is None, "." in (text or "")) for text in (retry_after(throttle) for _ in range(50))}) == 3
    )


def test_requests_are_counted_over_ten_minutes_per_mailbox(kit: Kit) -> None:
    kit.services.graph.throttle.limits.requests = 10
    path = f"/users/{kit.anna.id}/events"
    assert [kit.ask("GET", path).status for _ in range(11)] == [200] * 10 + [429]
    assert kit.ask("GET", f"/users/{kit.bram.id}/events").status == 200
    kit.advance(300)
    assert kit.ask("GET", path).status == 429
    kit.advance(601)
    assert kit.ask("GET", path).status == 200


def test_a_throttled_request_still_counts(kit: Kit) -> None:
    kit.services.graph.throttle.limits.requests = 1
    path = f"/users/{kit.anna.id}/events"
    answers = []
    for _ in range(4):
        answers.append(kit.ask("GET", path).status)
        kit.advance(400)
    assert answers == [200, 429, 429, 429]


def test_inner_requests_of_a_batch_count_one_by_one(kit: Kit) -> None:
    kit.services.graph.throttle.limits.requests = 5
    inner = [{"id": str(n), "method": "GET", "url": f"/users/{kit.anna.id}/events"} for n in range(6)]
    response = kit.ask("POST", "/$batch", {"requests": inner})
    assert response.status == 200
    assert sorted(one["status"] for one in response.json()["responses"]) == [200] * 5 + [429]


def test_a_window_forgets_what_is_older_than_its_length() -> None:
    window = Window(600)
    assert [window.count(0), window.count(1), window.count(599)] == [1, 2, 3]
    assert window.count(700) == 2
    assert window.count(5000) == 1

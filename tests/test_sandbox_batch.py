"""`$batch`: what a batch may hold, how its requests depend on each other, and how long it takes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.faults import Kind
from tests.sandbox.graph.batch import read, waves
from tests.sandbox.wire import Request, Response
from tests.sandbox_kit import Kit


@pytest.fixture
def kit() -> Kit:
    """A tenant with two people."""
    return Kit.open()


def get(number: int | str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": url, **more}


def create(number: int | str, user: str, subject: str, **more: Any) -> dict[str, Any]:
    body = {
        "subject": subject,
        "start": {"dateTime": "2026-11-24T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-24T10:00:00", "timeZone": "UTC"},
    }
    headers = {"Content-Type": "application/json"}
    return {
        "id": str(number),
        "method": "POST",
        "url": f"/users/{user}/events",
        "headers": headers,
        "body": body,
        **more,
    }


def batch(kit: Kit, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Sends a batch and returns its answers by id."""
    response = kit.ask("POST", "/$batch", {"requests": list(requests)})
    assert response.status == 200, response.body
    return by_id(response)


def by_id(response: Response | None) -> dict[str, dict[str, Any]]:
    assert response is not None
    return {answer["id"]: answer for answer in response.json()["responses"]}


def test_every_request_is_answered_under_its_id_with_its_own_status(kit: Kit) -> None:
    answers = batch(
        kit,
        get(1, f"/users/{kit.anna.id}?$select=id"),
        get(2, f"/users/{kit.anna.id}/events/nonsense"),
        create(3, kit.bram.id, "Inspection"),
        get(4, f"users/{kit.bram.id}/events"),
    )
    assert {name: answer["status"] for name, answer in answers.items()} == {
        "1": 200,
        "2": 400,
        "3": 201,
        "4": 200,
    }
    assert answers["1"]["body"]["id"] == kit.anna.id
    assert answers["2"]["body"]["error"]["code"] == "ErrorInvalidIdMalformed"
    assert answers["3"]["headers"]["Content-Type"].startswith("application/json")


def test_a_deletion_is_answered_without_a_body(kit: Kit) -> None:
    event = kit.event(kit.anna)["id"]
    answers = batch(kit, {"id": "1", "method": "DELETE", "url": f"/users/{kit.anna.id}/events/{event}"})
    assert answers["1"]["status"] == 204
    assert answers["1"]["body"] is None


@pytest.mark.parametrize(
    "requests",
    [
        None,
        [],
        [get(number, "/users") for number in range(21)],
        [get(1, "/users"), get(1, "/users")],
        [{"id": "1", "method": "GET"}],
        [get(1, "https://graph.microsoft.com/v1.0/users")],
        [{"id": "1", "method": "TRACE", "url": "/users"}],
        [get(1, "/users", dependsOn=["2"]), get(2, "/users")],
        [{"id": "1", "method": "POST", "url": "/users/x/events", "body": {}}],
    ],
    ids=["none", "empty", "21", "same id", "no url", "absolute", "method", "forward dependency", "no type"],
)
def test_a_batch_that_is_wrong_as_a_whole_is_refused_and_nothing_is_done(kit: Kit, requests: Any) -> None:
    response = kit.ask("POST", "/$batch", {"requests": requests})
    assert response.status == 400
    assert response.json()["error"]["code"] == "BadRequest"


def test_a_batch_in_a_batch_and_a_version_in_a_url_are_refused_inside(kit: Kit) -> None:
    answers = batch(kit, get(1, "/$batch"), get(2, "/v1.0/users"))
    assert [answers[name]["status"] for name in "12"] == [400, 400]


def test_a_batch_needs_a_token_like_anything_else(kit: Kit) -> None:
    assert kit.ask("POST", "/$batch", {"requests": []}, authorization="").status == 401


def test_what_depends_on_a_failure_is_not_done(kit: Kit) -> None:
    answers = batch(
        kit,
        get(1, f"/users/{kit.anna.id}/events/nonsense"),
        create(2, kit.anna.id, "Never", dependsOn=["1"]),
        create(3, kit.anna.id, "Neither", dependsOn=["2"]),
        create(4, kit.anna.id, "Done"),
    )
    assert [answers[name]["status"] for name in "1234"] == [400, 424, 424, 201]
    subjects = [event["subject"] for event in kit.ask("GET", f"/users/{kit.anna.id}/events").json()["value"]]
    assert subjects == ["Done"]


def test_preferences_count_for_the_request_that_states_them(kit: Kit) -> None:
    kit.event(kit.anna)
    path = f"/users/{kit.anna.id}/events"
    zone = {"Prefer": 'outlook.timezone="Europe/Paris"'}
    answers = batch(kit, get(1, path, headers=zone), get(2, path))
    assert answers["1"]["body"]["value"][0]["start"]["timeZone"] == "Europe/Paris"
    assert answers["2"]["body"]["value"][0]["start"]["timeZone"] == "UTC"


def test_waves_hold_four_requests_of_each_mailbox_and_keep_dependencies_apart() -> None:
    content = {
        "requests": [
            *[get(f"a{number}", f"/users/a/events/{number}") for number in range(9)],
            *[get(f"b{number}", f"/users/b/events/{number}") for number in range(5)],
            get("c", "/users/c/events"),
            get("d", "/users/c/events", dependsOn=["c"]),
        ]
    }
    inners = read(content, Request(method="POST", path="/v1.0/$batch"))
    planned = waves(inners, lambda request: request.path.split("/")[3])
    names = [[inner.id for inner in wave] for wave in planned]
    assert names == [
        ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3", "c"],
        ["a4", "a5", "a6", "a7", "b4", "d"],
        ["a8"],
    ]


@pytest.mark.parametrize(("count", "rounds"), [(1, 1), (4, 1), (5, 2), (20, 5)])
def test_a_batch_to_one_mailbox_takes_a_round_for_every_four(kit: Kit, count: int, rounds: int) -> None:
    kit.services.traffic.latency["graph"] = 0.05
    requests = [create(number, kit.anna.id, f"Visit {number}") for number in range(count)]
    [(seconds, answer)] = kit.together([kit.request("POST", "/$batch", {"requests": requests})])
    assert seconds == pytest.approx(rounds * 0.05)
    assert {one["status"] for one in by_id(answer.response).values()} == {201}
    assert kit.services.graph.throttle.highest_in_flight == min(count, 4)


def test_a_batch_over_many_mailboxes_runs_at_once(kit: Kit) -> None:
    kit.services.traffic.latency["graph"] = 0.05
    people = [kit.services.tenant.add_user(f"P {n}", f"p{n}@contoso.test") for n in range(20)]
    requests = [get(number, f"/users/{one.id}/events") for number, one in enumerate(people)]
    [(seconds, _)] = kit.together([kit.request("POST", "/$batch", {"requests": requests})])
    assert seconds == pytest.approx(0.05)


def test_two_batches_to_one_mailbox_get_in_each_others_way(kit: Kit) -> None:
    kit.services.traffic.latency["graph"] = 0.05
    requests = [get(number, f"/users/{kit.anna.id}/events") for number in range(4)]
    one = kit.request("POST", "/$batch", {"requests": requests})
    (_, first), (_, second) = kit.together([one, one])
    assert {answer["status"] for answer in by_id(first.response).values()} == {200}
    throttled = by_id(second.response)["0"]
    assert throttled["status"] == 429
    assert throttled["headers"]["Retry-After"] == "1"
    assert throttled["body"]["error"]["message"] == "Application is over its MailboxConcurrency limit."


def test_inner_requests_are_noted_with_the_batch_that_carried_them(kit: Kit) -> None:
    content = {"requests": [get(1, f"/users/{kit.anna.id}/events"), create(2, kit.bram.id, "Visit")]}
    kit.through_traffic("POST", "/$batch", content)
    outer, first, second = [entry.as_json() for entry in kit.services.recorder.since(0)]
    assert (outer["path"], outer["batch"], outer["status"]) == ("/v1.0/$batch", None, 200)
    assert [first["batch"], second["batch"]] == [outer["n"], outer["n"]]
    assert [first["mailbox"], second["mailbox"]] == [kit.anna.id, kit.bram.id]
    assert [first["status"], second["status"]] == [200, 201]
    assert second["body"]["subject"] == "Visit"


def test_a_fault_strikes_one_request_of_a_batch(kit: Kit) -> None:
    kit.services.faults.add(kind=Kind.STATUS, mailbox=kit.anna.id, status=503, retry_after=3)
    content = {"requests": [create(1, kit.anna.id, "No"), create(2, kit.bram.id, "Yes")]}
    answers = by_id(kit.through_traffic("POST", "/$batch", content).response)
    assert [answers["1"]["status"], answers["2"]["status"]] == [503, 201]
    assert answers["1"]["headers"]["Retry-After"] == "3"
    assert kit.ask("GET", f"/users/{kit.anna.id}/events").json()["value"] == []


def test_an_answer_lost_inside_is_lost_as_a_whole_after_everything_was_done(kit: Kit) -> None:
    kit.services.faults.add(kind=Kind.LOST_ANSWER, mailbox=kit.anna.id, times=1)
    content = {"requests": [create(1, kit.anna.id, "Done"), create(2, kit.bram.id, "Done")]}
    assert kit.through_traffic("POST", "/$batch", content).response is None
    for user in (kit.anna, kit.bram):
        assert len(kit.ask("GET", f"/users/{user.id}/events").json()["value"]) == 1


def test_a_batch_is_recorded_as_reset_when_its_connection_was(kit: Kit) -> None:
    kit.services.faults.add(kind=Kind.RESET, path=None, service="graph", method="POST", times=1)
    content = {"requests": [create(1, kit.anna.id, "Never")]}
    assert kit.through_traffic("POST", "/$batch", content).response is None
    assert [entry.status for entry in kit.services.recorder.since(0)] == [-1]
    assert kit.ask("GET", f"/users/{kit.anna.id}/events").json()["value"] == []


def test_a_run_replays_from_its_seed() -> None:
    """Answers, ids and the order of a batch's answers come from the seed and the clock alone."""

    def run() -> list[bytes]:
        kit = Kit.open(seed=9)
        requests = [create(number, kit.anna.id, f"Visit {number}") for number in range(8)]
        content = {"requests": requests}
        kit.services.faults.add(kind=Kind.STATUS, mailbox=kit.anna.id, status=503, probability=0.5)
        answers = [kit.through_traffic("POST", "/$batch", content).response for _ in range(3)]
        return [answer.body for answer in answers if answer is not None]

    first = run()
    assert first == run()
    assert b'"status":503' in first[0]
    assert b'"status":201' in b"".join(first)

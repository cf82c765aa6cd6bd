"""The local Graph: meetings between mailboxes of the tenant (facts §2.4, §9.8, §9.11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.calendar_harness import Harness, event, moment, weekly

GUESTS = [
    {"type": "Required", "emailAddress": {"name": "Bob", "address": "BOB@contoso.test"}},
    {"type": "optional", "emailAddress": {"address": "eve@elsewhere.test"}},
]


@pytest.fixture
def graph() -> Harness:
    return Harness()


def invited(graph: Harness, **members: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A meeting of Ann's with Bob: her event and his copy."""
    created = graph.create(attendees=GUESTS, **members)
    return created, copy_of(graph, created)


def copy_of(graph: Harness, created: dict[str, Any]) -> dict[str, Any]:
    """Bob's copy of a meeting."""
    rows = graph.call("GET", "events", user=graph.bob, filter=f"iCalUId eq '{created['iCalUId']}'").value
    assert len(rows) == 1
    return rows[0]


def respond(graph: Harness, copy: dict[str, Any], answer: str, body: Any = None) -> Any:
    """Bob answers."""
    return graph.call("POST", f"events/{copy['id']}/{answer}", body or {}, user=graph.bob)


def test_a_guest_of_the_tenant_gets_a_copy(graph: Harness) -> None:
    created, copy = invited(graph, subject="Plan")
    assert created["isOrganizer"] is True
    assert [one["emailAddress"]["name"] for one in created["attendees"]] == ["Bob", "eve@elsewhere.test"]
    assert copy["isOrganizer"] is False
    assert copy["id"] != created["id"]
    assert (copy["iCalUId"], copy["uid"], copy["subject"]) == (created["iCalUId"], created["uid"], "Plan")
    assert copy["responseStatus"]["response"] == "notResponded"
    assert (copy["showAs"], copy["transactionId"]) == ("tentative", None)
    assert copy["organizer"]["emailAddress"]["address"] == "ann@contoso.test"
    organizer = copy["attendees"][0]
    assert organizer["emailAddress"]["address"] == "ann@contoso.test"
    assert organizer["status"] == {"response": "none", "time": "0001-01-01T00:00:00Z"}
    assert [change.change_type for change in graph.changes] == ["created", "created"]


@pytest.mark.parametrize(
    ("action", "response", "show_as"),
    [("accept", "accepted", "busy"), ("tentativelyAccept", "tentativelyAccepted", "tentative")],
)
def test_an_answer_is_tallied_at_the_organiser(
    graph: Harness, action: str, response: str, show_as: str
) -> None:
    created, copy = invited(graph)
    graph.changes.clear()
    assert respond(graph, copy, action).status == 202
    at_organiser = graph.read(created["id"])
    assert at_organiser["attendees"][0]["status"] == {"response": response, "time": "2026-08-01T08:00:00Z"}
    assert at_organiser["@odata.etag"] != created["@odata.etag"]
    mine = graph.read(copy["id"], user=graph.bob)
    assert (mine["responseStatus"]["response"], mine["showAs"]) == (response, show_as)
    assert {change.user_id for change in graph.changes} == {graph.ann.id, graph.bob.id}


def test_an_answer_that_is_not_sent_stays_at_home(graph: Harness) -> None:
    created, copy = invited(graph)
    assert respond(graph, copy, "accept", {"sendResponse": False}).status == 202
    assert graph.read(created["id"])["@odata.etag"] == created["@odata.etag"]
    assert graph.read(copy["id"], user=graph.bob)["responseStatus"]["response"] == "accepted"


def test_decline_takes_the_copy_away(graph: Harness) -> None:
    created, copy = invited(graph)
    assert respond(graph, copy, "decline").status == 202
    assert graph.call("GET", f"events/{copy['id']}", user=graph.bob).code == "ErrorItemNotFound"
    assert graph.read(created["id"])["attendees"][0]["status"]["response"] == "declined"


def test_answers_that_are_refused(graph: Harness) -> None:
    created, copy = invited(graph)
    own = graph.call("POST", f"events/{created['id']}/accept", {})
    assert (own.status, own.code) == (400, "ErrorInvalidRequest")
    assert "meeting organizer" in own.message
    proposal = {"proposedNewTime": {"start": moment("2026-08-05T14:00:00")}, "sendResponse": False}
    assert respond(graph, copy, "decline", proposal).code == "ErrorInvalidParameter"
    malformed = graph.call("POST", f"events/{copy['id']}/accept", {}, user=graph.bob, if_match="not an etag")
    assert (malformed.status, malformed.code) == (500, "ErrorInternalServerError")
    attendee = graph.call("POST", f"events/{copy['id']}/cancel", {}, user=graph.bob)
    assert (attendee.status, attendee.code) == (400, "ErrorInvalidRequest")
    assert "You need to be an organizer to cancel a meeting." in attendee.message


def test_a_proposed_time_reaches_the_organiser(graph: Harness) -> None:
    created, copy = invited(graph)
    proposal = {"proposedNewTime": {"start": moment("2026-08-05T14:00:00")}}
    assert respond(graph, copy, "tentativelyAccept", proposal).status == 202
    assert "proposedNewTime" in graph.read(created["id"])["attendees"][0]


def test_an_update_reaches_the_copy_but_not_what_is_personal(graph: Harness) -> None:
    created, copy = invited(graph)
    respond(graph, copy, "accept")
    path = f"events/{copy['id']}"
    own = {"categories": ["Mine"], "reminderMinutesBeforeStart": 5, "showAs": "oof", "subject": "My name"}
    assert graph.call("PATCH", path, own, user=graph.bob).status == 200
    graph.patch(created["id"], location={"displayName": "Room A"}, subject="Renamed")
    mine = graph.read(copy["id"], user=graph.bob)
    assert (mine["subject"], mine["location"]["displayName"]) == ("Renamed", "Room A")
    assert (mine["categories"], mine["reminderMinutesBeforeStart"], mine["showAs"]) == (["Mine"], 5, "oof")
    assert mine["responseStatus"]["response"] == "accepted"


def test_a_new_time_asks_everyone_again(graph: Harness) -> None:
    created, copy = invited(graph)
    respond(graph, copy, "accept")
    graph.patch(created["id"], start=moment("2026-08-04T13:00:00"))
    assert graph.read(created["id"])["attendees"][0]["status"]["response"] == "none"
    mine = graph.read(copy["id"], user=graph.bob)
    assert (mine["responseStatus"]["response"], mine["showAs"]) == ("notResponded", "tentative")
    assert mine["start"]["dateTime"] == "2026-08-04T11:00:00.0000000"


@pytest.mark.parametrize("by", ["delete", "cancel", "uninvite"])
def test_a_cancelled_meeting_stays_in_the_copy(graph: Harness, by: str) -> None:
    created, copy = invited(graph, subject="Plan")
    if by == "delete":
        assert graph.call("DELETE", f"events/{created['id']}").status == 204
    elif by == "cancel":
        assert graph.call("POST", f"events/{created['id']}/cancel", {"comment": "sorry"}).status == 202
    else:
        assert graph.patch(created["id"], attendees=GUESTS[1:]).status == 200
    mine = graph.read(copy["id"], user=graph.bob)
    assert (mine["isCancelled"], mine["subject"]) == (True, "Canceled: Plan")
    if by != "uninvite":
        assert graph.call("GET", f"events/{created['id']}").status == 404


def test_deleting_a_copy_leaves_the_meeting_alone(graph: Harness) -> None:
    created, copy = invited(graph)
    assert graph.call("DELETE", f"events/{copy['id']}", user=graph.bob).status == 204
    assert graph.read(created["id"])["@odata.etag"] == created["@odata.etag"]


def test_forwarding_invites_the_recipient(graph: Harness) -> None:
    created = graph.create()
    to = {"toRecipients": [{"emailAddress": {"address": "bob@contoso.test", "name": "Bob"}}]}
    assert graph.call("POST", f"events/{created['id']}/forward", to).status == 202
    assert copy_of(graph, created)["isOrganizer"] is False
    assert graph.call("POST", f"events/{created['id']}/forward", {}).status == 400


def test_hidden_attendees_are_hidden_from_the_guests(graph: Harness) -> None:
    created, copy = invited(graph, hideAttendees=True)
    assert len(created["attendees"]) == 2
    assert [one["emailAddress"]["address"] for one in copy["attendees"]] == ["BOB@contoso.test"]


def test_a_series_is_copied_with_its_exceptions_and_cancellations(graph: Harness) -> None:
    created, copy = invited(graph, **weekly())
    first, second, third = graph.view("2026-08-01", "2026-08-20")
    graph.patch(second["id"], subject="Special")
    graph.call("DELETE", f"events/{third['id']}")
    rows = graph.view("2026-08-01", "2026-08-20", user=graph.bob)
    assert [(row["type"], row["subject"], row["isCancelled"]) for row in rows] == [
        ("occurrence", "Visit", False),
        ("exception", "Special", False),
        ("exception", "Canceled: Visit", True),
    ]
    respond(graph, rows[0], "decline")
    assert len(graph.view("2026-08-01", "2026-08-20", user=graph.bob)) == 2
    at_organiser = graph.read(first["id"])
    assert (at_organiser["type"], at_organiser["attendees"][0]["status"]["response"]) == (
        "exception",
        "declined",
    )
    respond(graph, rows[1], "accept")
    assert graph.read(rows[1]["id"], user=graph.bob)["responseStatus"]["response"] == "accepted"
    assert graph.read(copy["id"], user=graph.bob)["responseStatus"]["response"] == "notResponded"
    assert created["type"] == "seriesMaster"


def test_cancelling_one_occurrence_of_a_meeting(graph: Harness) -> None:
    invited(graph, **weekly())
    occurrence = graph.view("2026-08-10", "2026-08-11")[0]
    assert graph.call("POST", f"events/{occurrence['id']}/cancel", {}).status == 202
    assert graph.view("2026-08-10", "2026-08-11") == []
    [mine] = graph.view("2026-08-10", "2026-08-11", user=graph.bob)
    assert mine["isCancelled"] is True


def test_more_than_500_attendees_are_refused(graph: Harness) -> None:
    guests = [{"emailAddress": {"address": f"g{number}@elsewhere.test"}} for number in range(501)]
    assert graph.call("POST", "events", event(attendees=guests)).code == "ErrorPropertyValidationFailure"
    assert graph.call("POST", "events", event(attendees=guests[:500])).status == 201

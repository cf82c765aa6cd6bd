"""Decisions as answers to "why?": sentences that people read, JSON that tools read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.explain import ACTS, OUTCOMES, TRIGGERS, explain, remedy, sentence
from models.content import Field
from models.decision import REASONS, Act, Reason, Side
from models.ids import AppointmentGuid, AppointmentId, EventId
from models.storage.records import ChangeRecord, DecisionRecord, Outcome, ResourceState, Trigger
from tests.web_kit import ANNA, BRAM, MONDAY, record


def decision(**more: Any) -> DecisionRecord:
    known = DecisionRecord(
        id="d1",
        at=MONDAY,
        resource_no=ANNA,
        guid=AppointmentGuid("0c6b8a52"),
        appointment_id=AppointmentId("12"),
        number="rVjMXrDY",
        event_id=EventId("e1"),
        subject="Visit",
        trigger=Trigger.WEBHOOK,
        act=Act.UPDATE_EVENT,
        reason=Reason.CHANGED_ON_BOARD,
        outcome=Outcome.DONE,
    )
    return replace(known, **more)


def test_a_decision_reads_like_a_sentence() -> None:
    assert sentence(decision()) == (
        '"Visit" (rVjMXrDY) of resource ANNA: change the event in Outlook, because the appointment changed '
        "on the board; done"
    )


def test_a_rule_that_decided_is_named_with_its_message() -> None:
    """A7: the decision names the rule and its message, and what would change the outcome."""
    refused = decision(
        act=Act.DELETE_EVENT, reason=Reason.RULE_FAILED, detail='rule "Only visits": not a visit'
    )
    text = explain("Visit", [refused], []).as_text()
    assert 'because a rule does not let the appointment through (rule "Only visits": not a visit)' in text
    assert "to change this: change the appointment so that the rule passes" in text


def test_values_changes_request_ids_and_attempts_are_told() -> None:
    told = decision(
        basis=(("show-as of the event", "busy"), ("show-as that are shared", "busy, oof")),
        changes=(
            ChangeRecord(field=Field.SHOW_AS, agreed="free", board="busy", outlook="oof", winner=Side.BOARD),
        ),
        request_ids=("r-1", "r-2"),
        attempts=3,
    )
    text = explain("Visit", [told], []).as_text()
    assert "when: 2026-03-02 08:00:00 UTC, after a webhook of the board" in text
    assert "show-as that are shared: busy, oof" in text
    assert 'show as: agreed "free", board "busy", Outlook "oof"; the board counts' in text
    assert "request ids: r-1, r-2" in text
    assert "attempts: 3" in text


def test_b2_an_event_that_is_not_shared_goes_by_its_id_and_tells_what_decided() -> None:
    """B2, E: which preference, and no word of the event."""
    hidden = decision(
        guid=None,
        appointment_id=None,
        number="",
        subject="",
        act=Act.NOTHING,
        reason=Reason.SENSITIVITY_NOT_SHARED,
        basis=(("sensitivity of the event", "private"), ("sensitivities that are shared", "normal")),
        outcome=Outcome.NONE,
    )
    explained = explain("e1", [hidden], [])
    assert explained.headline == (
        "event e1 of resource ANNA: nothing was done, because the resource does not share events of this "
        "sensitivity"
    )
    assert "sensitivity of the event: private" in explained.as_text()
    assert "preferences set RESOURCE --sensitivity" in explained.as_text()
    assert explained.as_json()["decisions"][0]["values"] == {
        "sensitivity of the event": "private",
        "sensitivities that are shared": "normal",
    }


@pytest.mark.parametrize(
    "reason",
    [
        Reason.RULE_FAILED,
        Reason.OUTSIDE_WINDOW,
        Reason.TO_BOARD_OFF,
        Reason.TO_OUTLOOK_OFF,
        Reason.SHARING_OFF,
        Reason.SHOW_AS_NOT_SHARED,
        Reason.SENSITIVITY_NOT_SHARED,
        Reason.LOCKED,
        Reason.ONLY_ATTENDEE,
        Reason.HAS_GUESTS,
    ],
)
def test_what_was_not_done_says_what_would_change_that(reason: Reason) -> None:
    assert remedy(decision(act=Act.NOTHING, reason=reason, outcome=Outcome.NONE))


def test_an_item_that_was_put_aside_says_how_to_go_on() -> None:
    assert "retry" in remedy(decision(outcome=Outcome.PARKED))
    assert remedy(decision()) == ""


def test_the_latest_comes_in_full_and_the_earlier_ones_in_a_line() -> None:
    earlier = decision(
        id="d0", at=MONDAY - timedelta(hours=1), act=Act.CREATE_EVENT, reason=Reason.NEW_ON_BOARD
    )
    lines = explain("Visit", [decision(), earlier], []).as_text().splitlines()
    assert lines[-1].startswith("2026-03-02 07:00:00 UTC, after a webhook of the board: ")
    assert "create the event in Outlook" in lines[-1]


def test_what_was_pending_when_it_was_decided_anew_is_not_pending_any_more() -> None:
    """Only the latest decision about an item may still be under way."""
    first = decision(id="1", outcome=Outcome.PENDING, guid="g", event_key="e")
    hidden = decision(id="2", outcome=Outcome.NONE, act=Act.NOTHING, guid=None, event_key="e")
    other = decision(id="3", outcome=Outcome.PENDING, guid="h", event_key="f")
    told = explain("g", (other, hidden, first), ()).decisions
    assert [one.outcome for one in told] == [Outcome.PENDING, Outcome.NONE, Outcome.SUPERSEDED]
    assert "decided anew" in sentence(told[2])


def test_the_json_has_everything() -> None:
    value = explain("Visit", [decision(request_ids=("r-1",))], []).as_json()
    assert json.loads(json.dumps(value)) == value
    (told,) = value["decisions"]
    assert value["item"] == "Visit"
    assert value["found"] is True
    assert told["at"] == "2026-03-02T08:00:00Z"
    assert told["act"] == "update_event"
    assert told["reason"] == "changed_on_board"
    assert told["outcome"] == "done"
    assert told["requestIds"] == ["r-1"]
    assert told["appointmentNo"] == "rVjMXrDY"
    assert told["eventId"] == "e1"


# Where nothing was decided

OFF = record(
    BRAM, ResourceState.OFF, reason="Exchange Integration Enabled is off on the board", code="DSEX011"
)
HOMELESS = record(
    BRAM, ResourceState.NO_MAILBOX, reason="nobody in the directory has the address", code="DSEX012"
)


@pytest.mark.parametrize("asked", ["BRAM", "bram", "bram@contoso.test", "Bram"])
@pytest.mark.parametrize("off", [OFF, HOMELESS])
def test_a9_a10_a_resource_that_does_not_synchronise_says_why(asked: str, off: Any) -> None:
    """A9, A10: status and explain say which and what to do."""
    explained = explain(asked, [], [record(ANNA), off])
    assert explained.is_known
    assert off.code in explained.headline
    assert off.reason in explained.headline
    assert explained.as_json()["resources"][0]["code"] == off.code


def test_an_item_of_a_resource_that_was_switched_off_since_says_that_too() -> None:
    explained = explain("Visit", [decision()], [replace(OFF, resource_no=ANNA)])
    assert "done; resource ANNA does not synchronise (off)" in explained.headline


def test_an_unknown_item_gets_an_answer_all_the_same() -> None:
    explained = explain("Nothing of the kind", [], [record(ANNA), OFF])
    assert not explained.is_known
    assert "outside the window" in explained.headline
    assert explained.as_json()["found"] is False
    assert explained.as_text() == explained.headline


@pytest.mark.parametrize("asked", ["", "  "])
def test_a_question_without_an_item_names_nobody(asked: str) -> None:
    assert explain(asked, [], [replace(OFF, email="", display_name="")]).resources == ()


def test_there_are_words_for_every_member() -> None:
    assert ACTS.keys() == set(Act)
    assert OUTCOMES.keys() == set(Outcome)
    assert TRIGGERS.keys() == set(Trigger)
    for reason in REASONS:
        assert sentence(decision(reason=reason))

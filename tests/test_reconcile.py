"""Reconciliation: one row of BEHAVIOUR.md, one case; and properties that hold for every case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.content import Content, Field, Importance
from models.decision import REASONS, Act, Decision, Reason, Side
from models.ids import AppointmentGuid, Etag, EventId, EventKey, MailboxId, ResourceNo
from models.link import Agreed, Link, LinkState, Origin
from models.policy import Conflicts, Deletes, Edits, Policy
from models.preferences import Verdict
from models.reconcile import decide
from models.sides import GONE, BoardSide, Gone, OutlookSide
from models.when import Timed

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
AT_NINE = Timed(start=NINE, end=NINE + timedelta(hours=1))
AT_TEN = Timed(start=NINE + timedelta(hours=1), end=NINE + timedelta(hours=2))
AT_ELEVEN = Timed(start=NINE + timedelta(hours=2), end=NINE + timedelta(hours=3))
AGREED = Content(
    subject="Boiler", body="Bring keys", when=AT_NINE, importance=Importance.NORMAL, category="Service"
)


def link(origin: Origin, **changes: object) -> Link:
    made = Link(
        resource_no=ResourceNo("R1"),
        guid=AppointmentGuid("g"),
        origin=origin,
        mailbox=MailboxId("m"),
        event_id=EventId("e"),
        event_key=EventKey("e"),
        etag=Etag("1"),
        agreed=Agreed(board=AGREED, outlook=AGREED),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # any field may be named


def board(**changes: object) -> BoardSide:
    return BoardSide(content=replace(AGREED, **changes))  # type: ignore[arg-type]  # any field may be named


def outlook(**changes: object) -> OutlookSide:
    return OutlookSide(content=replace(AGREED, **changes))  # type: ignore[arg-type]  # any field may be named


def meeting(**changes: object) -> OutlookSide:
    return replace(outlook(**changes), has_guests=True)


BOARD_LINK = link(Origin.BOARD)
MEETING = link(Origin.BOARD, has_guests=True)
OUTLOOK_LINK = link(Origin.OUTLOOK)
WITHHELD = link(Origin.BOARD, state=LinkState.WITHHELD, event_id=None)
TAKEN_OFF = link(Origin.BOARD, state=LinkState.UNASSIGNED, event_id=None, agreed=None)
SUPPRESSED = link(Origin.OUTLOOK, state=LinkState.SUPPRESSED)
NOT_CREATED = link(
    Origin.BOARD, state=LinkState.UNDONE, event_id=None, agreed=Agreed(board=AGREED, outlook=Content())
)
NOT_DELETED = link(Origin.BOARD, state=LinkState.UNDONE)
"""An administrator undid that the event was created, or that a rule had it deleted."""

Case = tuple[str, Link | None, BoardSide | Gone | None, OutlookSide | Gone | None, Policy, Act, Reason]
REVERT_OUTLOOK = Policy(outlook_edits=Edits.REVERT)
REVERT_BOARD = Policy(board_edits=Edits.REVERT)
UNASSIGN = Policy(outlook_deletes=Deletes.UNASSIGN)

NOT_OUT, NOT_IN = Policy(to_outlook=False), Policy(to_board=False)

CASES: list[Case] = [
    ("A1 new on the board", None, board(), None, Policy(), Act.CREATE_EVENT, Reason.NEW_ON_BOARD),
    ("A1 direction off", None, board(), None, Policy(to_outlook=False), Act.NOTHING, Reason.TO_OUTLOOK_OFF),
    ("A3 subject changed", BOARD_LINK, board(subject="Pump"), None, Policy(), Act.UPDATE_EVENT, Reason.CHANGED_ON_BOARD),
    ("A5 unassigned", BOARD_LINK, replace(board(), assigned=False), None, Policy(), Act.DELETE_EVENT, Reason.UNASSIGNED),
    ("A5 still unassigned", TAKEN_OFF, replace(board(), assigned=False), None, Policy(), Act.NOTHING, Reason.UNASSIGNED),
    ("A5 assigned again", TAKEN_OFF, board(), None, Policy(), Act.CREATE_EVENT, Reason.NEW_ON_BOARD),
    ("A6 deleted", BOARD_LINK, GONE, None, Policy(), Act.DELETE_EVENT, Reason.DELETED_ON_BOARD),
    ("A6 deleted on both", BOARD_LINK, GONE, GONE, Policy(), Act.FORGET, Reason.GONE_ON_BOTH),
    ("A7 rule stops", BOARD_LINK, replace(board(), rule_failed="r"), None, Policy(), Act.DELETE_EVENT, Reason.RULE_FAILED),
    ("A7 rule stops, event gone", BOARD_LINK, replace(board(), rule_failed="r"), GONE, Policy(), Act.NOTHING, Reason.RULE_FAILED),
    ("A7 rule still fails", WITHHELD, replace(board(), rule_failed="r"), None, Policy(), Act.NOTHING, Reason.RULE_FAILED),
    ("A7 rule passes again", WITHHELD, board(), None, Policy(), Act.CREATE_EVENT, Reason.RULE_PASSES_AGAIN),
    ("A8 nothing changed", BOARD_LINK, board(), outlook(), Policy(), Act.NOTHING, Reason.ALREADY_IN_STEP),
    ("A12 reminder or colour", BOARD_LINK, None, outlook(), Policy(), Act.NOTHING, Reason.ALREADY_IN_STEP),
    ("A13 restore", BOARD_LINK, board(), GONE, Policy(), Act.CREATE_EVENT, Reason.RESTORED),
    ("A13 unassign", BOARD_LINK, board(), GONE, UNASSIGN, Act.REMOVE_APPOINTMENT, Reason.DELETED_IN_OUTLOOK),
    ("A13 unassign, but locked", BOARD_LINK, replace(board(), locked=True), GONE, UNASSIGN, Act.CREATE_EVENT, Reason.LOCKED),
    ("A14 outside the window", None, replace(board(), in_window=False), None, Policy(), Act.NOTHING, Reason.OUTSIDE_WINDOW),
    ("A14 left the window", BOARD_LINK, replace(board(), in_window=False), None, Policy(), Act.NOTHING, Reason.ALREADY_IN_STEP),
    ("B1 new and shared", None, None, outlook(), Policy(), Act.CREATE_APPOINTMENT, Reason.NEW_IN_OUTLOOK),
    ("B1 direction off", None, None, outlook(), Policy(to_board=False), Act.NOTHING, Reason.TO_BOARD_OFF),
    (
        "B2 not shared",
        None,
        None,
        replace(outlook(), verdict=Verdict.SHOW_AS_NOT_SHARED),
        Policy(),
        Act.NOTHING,
        Reason.SHOW_AS_NOT_SHARED,
    ),
    (
        "B3 made private",
        OUTLOOK_LINK,
        None,
        replace(outlook(), verdict=Verdict.SENSITIVITY_NOT_SHARED),
        Policy(),
        Act.REMOVE_APPOINTMENT,
        Reason.SENSITIVITY_NOT_SHARED,
    ),
    (
        "B3 masked",
        OUTLOOK_LINK,
        None,
        replace(outlook(subject="Unavailable", body=""), verdict=Verdict.MASKED),
        Policy(),
        Act.UPDATE_APPOINTMENT,
        Reason.CHANGED_IN_OUTLOOK,
    ),
    ("B5 changed", OUTLOOK_LINK, board(), outlook(when=AT_TEN), Policy(), Act.UPDATE_APPOINTMENT, Reason.CHANGED_IN_OUTLOOK),
    ("B6 deleted", OUTLOOK_LINK, None, GONE, Policy(), Act.REMOVE_APPOINTMENT, Reason.DELETED_IN_OUTLOOK),
    (
        "B6 cancelled",
        OUTLOOK_LINK,
        None,
        replace(outlook(), verdict=Verdict.CANCELLED),
        Policy(),
        Act.REMOVE_APPOINTMENT,
        Reason.CANCELLED,
    ),
    (
        "B6 declined",
        OUTLOOK_LINK,
        None,
        replace(outlook(), verdict=Verdict.DECLINED),
        Policy(),
        Act.REMOVE_APPOINTMENT,
        Reason.DECLINED,
    ),
    ("B11 accept a move", BOARD_LINK, board(), outlook(when=AT_TEN), Policy(), Act.UPDATE_APPOINTMENT, Reason.CHANGED_IN_OUTLOOK),
    ("B11 revert a move", BOARD_LINK, board(), outlook(when=AT_TEN), REVERT_OUTLOOK, Act.UPDATE_EVENT, Reason.PUT_BACK_IN_OUTLOOK),
    ("B11 subject is the board's", BOARD_LINK, board(), outlook(subject="X"), Policy(), Act.UPDATE_EVENT, Reason.PUT_BACK_IN_OUTLOOK),
    ("B11 locked", BOARD_LINK, replace(board(), locked=True), outlook(when=AT_TEN), Policy(), Act.UPDATE_EVENT, Reason.LOCKED),
    ("B14 private: nothing readable", BOARD_LINK, board(), OutlookSide(content=Content()), Policy(), Act.NOTHING, Reason.ALREADY_IN_STEP),
    ("B15 planner moves it", OUTLOOK_LINK, board(when=AT_TEN), outlook(), Policy(), Act.UPDATE_EVENT, Reason.CHANGED_ON_BOARD),
    ("B15 revert", OUTLOOK_LINK, board(when=AT_TEN), outlook(), REVERT_BOARD, Act.UPDATE_APPOINTMENT, Reason.PUT_BACK_ON_BOARD),
    (
        "B15 only an attendee",
        OUTLOOK_LINK,
        board(when=AT_TEN),
        replace(outlook(), may_change=False),
        Policy(),
        Act.UPDATE_APPOINTMENT,
        Reason.ONLY_ATTENDEE,
    ),
    ("B16 planner deletes it", OUTLOOK_LINK, GONE, None, Policy(), Act.SUPPRESS, Reason.DELETED_ON_BOARD_KEPT_IN_OUTLOOK),
    ("B16 stays away", SUPPRESSED, None, outlook(), Policy(), Act.NOTHING, Reason.DELETED_ON_BOARD_KEPT_IN_OUTLOOK),
    ("B16 until it changes", SUPPRESSED, None, outlook(when=AT_TEN), Policy(), Act.CREATE_APPOINTMENT, Reason.CHANGED_IN_OUTLOOK),
    ("C5 on the board again", SUPPRESSED, board(subject="Pump"), outlook(), Policy(), Act.ADOPT, Reason.ADOPTED),
    ("C5 on the board again, its event gone", SUPPRESSED, board(), GONE, Policy(), Act.REMOVE_APPOINTMENT, Reason.DELETED_IN_OUTLOOK),
    ("C2 different fields", BOARD_LINK, board(subject="Pump"), outlook(when=AT_TEN), Policy(), Act.UPDATE_BOTH, Reason.CHANGED_ON_BOTH),
    ("C3 the board wins", BOARD_LINK, board(when=AT_TEN), outlook(when=AT_ELEVEN), Policy(), Act.UPDATE_EVENT, Reason.CONFLICT),
    (
        "C3 Outlook wins",
        BOARD_LINK,
        board(when=AT_TEN),
        outlook(when=AT_ELEVEN),
        Policy(conflicts=Conflicts.OUTLOOK),
        Act.UPDATE_APPOINTMENT,
        Reason.CONFLICT,
    ),
    (
        "C3 the latest wins",
        OUTLOOK_LINK,
        replace(board(subject="Board"), modified_at=NINE),
        replace(outlook(subject="Person"), modified_at=NINE + timedelta(minutes=1)),
        Policy(conflicts=Conflicts.LATEST),
        Act.UPDATE_APPOINTMENT,
        Reason.CONFLICT,
    ),
    ("A3 direction off", BOARD_LINK, board(when=AT_TEN), outlook(), NOT_OUT, Act.NOTHING, Reason.TO_OUTLOOK_OFF),
    ("B11 direction off", BOARD_LINK, board(), outlook(when=AT_TEN), NOT_IN, Act.NOTHING, Reason.TO_BOARD_OFF),
    ("B5 direction off", OUTLOOK_LINK, board(), outlook(when=AT_TEN), NOT_IN, Act.NOTHING, Reason.TO_BOARD_OFF),
    ("B15 direction off", OUTLOOK_LINK, board(when=AT_TEN), outlook(), NOT_OUT, Act.NOTHING, Reason.TO_OUTLOOK_OFF),
    ("B5 locked", OUTLOOK_LINK, replace(board(), locked=True), outlook(when=AT_TEN), Policy(), Act.NOTHING, Reason.LOCKED),
    (
        "C3 Outlook would win, direction off",
        BOARD_LINK,
        board(when=AT_TEN),
        outlook(when=AT_ELEVEN),
        Policy(conflicts=Conflicts.OUTLOOK, to_board=False),
        Act.NOTHING,
        Reason.TO_BOARD_OFF,
    ),
    ("C3 the same change on both", BOARD_LINK, board(when=AT_TEN), outlook(when=AT_TEN), Policy(), Act.NOTHING, Reason.ALREADY_IN_STEP),
    ("C4 board-born, deleted in Outlook, changed on the board", BOARD_LINK, board(subject="Pump"), GONE, UNASSIGN, Act.CREATE_EVENT, Reason.CHANGED_ON_BOARD),
    ("C4 board-born, deleted on the board, changed in Outlook", BOARD_LINK, GONE, outlook(when=AT_TEN), Policy(), Act.DELETE_EVENT, Reason.DELETED_ON_BOARD),
    ("C4 Outlook-born, deleted on the board, changed in Outlook", OUTLOOK_LINK, GONE, outlook(when=AT_TEN), Policy(), Act.CREATE_APPOINTMENT, Reason.CHANGED_IN_OUTLOOK),
    ("C4 Outlook-born, deleted in Outlook, changed on the board", OUTLOOK_LINK, board(when=AT_TEN), GONE, Policy(), Act.REMOVE_APPOINTMENT, Reason.DELETED_IN_OUTLOOK),
    ("A3 others are invited", MEETING, board(subject="Pump"), None, Policy(), Act.HOLD, Reason.HAS_GUESTS),
    ("A3 others were invited just now", BOARD_LINK, board(subject="Pump"), meeting(), Policy(), Act.HOLD, Reason.HAS_GUESTS),
    ("A3 nobody is invited any more", MEETING, board(subject="Pump"), outlook(), Policy(), Act.UPDATE_EVENT, Reason.CHANGED_ON_BOARD),
    ("A3 others are invited, direction off", MEETING, board(subject="Pump"), None, NOT_OUT, Act.NOTHING, Reason.TO_OUTLOOK_OFF),
    ("A5 others are invited", MEETING, replace(board(), assigned=False), None, Policy(), Act.HOLD, Reason.HAS_GUESTS),
    ("A6 others are invited", MEETING, GONE, None, Policy(), Act.HOLD, Reason.HAS_GUESTS),
    ("A6 others were invited, deleted on both", MEETING, GONE, GONE, Policy(), Act.FORGET, Reason.GONE_ON_BOTH),
    ("A7 others are invited", MEETING, replace(board(), rule_failed="r"), None, Policy(), Act.HOLD, Reason.HAS_GUESTS),
    ("A13 others were invited", MEETING, board(), GONE, Policy(), Act.CREATE_EVENT, Reason.RESTORED),
    ("B11 accept a move of a meeting", BOARD_LINK, board(), meeting(when=AT_TEN), Policy(), Act.UPDATE_APPOINTMENT, Reason.CHANGED_IN_OUTLOOK),
    ("B11 revert a move of a meeting", BOARD_LINK, board(), meeting(when=AT_TEN), REVERT_OUTLOOK, Act.HOLD, Reason.HAS_GUESTS),
    ("B15 planner moves a meeting", OUTLOOK_LINK, board(when=AT_TEN), meeting(), Policy(), Act.UPDATE_APPOINTMENT, Reason.HAS_GUESTS),
    ("C2 different fields of a meeting", BOARD_LINK, board(subject="Pump"), meeting(when=AT_TEN), Policy(), Act.UPDATE_APPOINTMENT, Reason.CHANGED_IN_OUTLOOK),
    ("C3 the board would win over a meeting", BOARD_LINK, board(when=AT_TEN), meeting(when=AT_ELEVEN), Policy(), Act.HOLD, Reason.HAS_GUESTS),
    ("C5 both exist without a link", None, board(), outlook(), Policy(), Act.ADOPT, Reason.ADOPTED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "known", "ours", "theirs", "policy", "act", "reason"), CASES, ids=[c[0] for c in CASES]
)
def test_decides_as_the_row_says(
    name: str,
    known: Link | None,
    ours: BoardSide | Gone | None,
    theirs: OutlookSide | Gone | None,
    policy: Policy,
    act: Act,
    reason: Reason,
) -> None:
    decision = decide(known, ours, theirs, policy)

    assert (decision.act, decision.reason) == (act, reason), name


def test_a3_writes_only_the_fields_that_changed() -> None:
    decision = decide(BOARD_LINK, board(subject="Pump", importance=Importance.HIGH), None, Policy())

    assert decision.to_outlook == (Field.SUBJECT, Field.IMPORTANCE)
    assert decision.to_board == ()


def test_c3_keeps_both_values_in_the_decision() -> None:
    decision = decide(BOARD_LINK, board(when=AT_TEN), outlook(when=AT_ELEVEN), Policy())

    (change,) = decision.changes
    assert (change.agreed, change.board, change.outlook, change.winner) == (
        AT_NINE,
        AT_TEN,
        AT_ELEVEN,
        Side.BOARD,
    )


def test_b14_a_private_event_still_follows_the_board() -> None:
    decision = decide(BOARD_LINK, board(when=AT_TEN), OutlookSide(content=Content()), Policy())

    assert decision.act is Act.UPDATE_EVENT
    assert decision.to_outlook == (Field.WHEN,)


def test_a_locked_outlook_born_appointment_still_hides_what_is_no_longer_shared() -> None:
    """B3 comes before the lock."""
    masked = replace(outlook(subject="Unavailable"), verdict=Verdict.MASKED)
    locked = replace(board(), locked=True)

    assert decide(OUTLOOK_LINK, locked, masked, Policy()).to_board == (Field.SUBJECT,)
    assert decide(OUTLOOK_LINK, locked, outlook(subject="Other"), Policy()).act is Act.NOTHING


@pytest.mark.parametrize(
    ("known", "ours", "theirs", "act", "reason"),
    [
        (NOT_CREATED, board(), None, Act.NOTHING, Reason.UNDONE),
        (NOT_CREATED, None, GONE, Act.NOTHING, Reason.UNDONE),
        (NOT_CREATED, board(subject="Pump"), None, Act.CREATE_EVENT, Reason.CHANGED_ON_BOARD),
        (NOT_CREATED, replace(board(subject="Pump"), rule_failed="r"), None, Act.NOTHING, Reason.RULE_FAILED),
        (NOT_CREATED, replace(board(), assigned=False), None, Act.FORGET, Reason.GONE_ON_BOTH),
        (NOT_DELETED, replace(board(), rule_failed="r"), outlook(), Act.NOTHING, Reason.UNDONE),
        (NOT_DELETED, replace(board(), rule_failed="r"), GONE, Act.NOTHING, Reason.UNDONE),
        (
            NOT_DELETED,
            replace(board(subject="Pump"), rule_failed="r"),
            outlook(),
            Act.DELETE_EVENT,
            Reason.RULE_FAILED,
        ),
        (NOT_DELETED, board(), outlook(when=AT_TEN), Act.UPDATE_APPOINTMENT, Reason.CHANGED_IN_OUTLOOK),
        (NOT_DELETED, board(subject="Pump"), GONE, Act.CREATE_EVENT, Reason.CHANGED_ON_BOARD),
        (NOT_DELETED, GONE, outlook(), Act.DELETE_EVENT, Reason.DELETED_ON_BOARD),
    ],
)
def test_what_an_administrator_has_undone_stays_so_until_either_side_changes(
    known: Link, ours: BoardSide | Gone | None, theirs: OutlookSide | Gone | None, act: Act, reason: Reason
) -> None:
    decision = decide(known, ours, theirs, Policy())
    assert (decision.act, decision.reason) == (act, reason)


def test_a6_what_is_held_back_for_its_guests_says_what_was_wanted_and_why() -> None:
    rule = replace(board(), rule_failed="Confirmed only: not confirmed")
    decision = decide(MEETING, rule, None, Policy())

    assert decision.detail == (
        "delete event: a rule does not let the appointment through (Confirmed only: not confirmed)"
    )
    assert "others are invited" in decision.sentence


def test_every_reason_has_its_sentence() -> None:
    assert set(REASONS) == set(Reason)


# Properties: any two sides, any policy.

SUBJECTS = st.sampled_from(["Boiler", "Pump", "Roof"])
WHENS = st.sampled_from([AT_NINE, AT_TEN, AT_ELEVEN])
CONTENTS = st.builds(
    Content,
    subject=SUBJECTS,
    body=st.sampled_from(["Bring keys", "", "Call first"]),
    when=WHENS,
    importance=st.sampled_from(Importance),
    category=st.sampled_from(["", "Service", "Urgent"]),
)
POLICIES = st.builds(
    Policy,
    outlook_edits=st.sampled_from(Edits),
    outlook_deletes=st.sampled_from(Deletes),
    board_edits=st.sampled_from(Edits),
    conflicts=st.sampled_from(Conflicts),
)
ORIGINS = st.sampled_from(Origin)


def carried_out(decision: Decision, ours: Content, theirs: Content) -> tuple[Content, Content]:
    for field in decision.to_outlook:
        theirs = theirs.with_field(field, ours.get(field))
    for field in decision.to_board:
        ours = ours.with_field(field, theirs.get(field))
    return ours, theirs


@given(origin=ORIGINS, agreed=CONTENTS, ours=CONTENTS, theirs=CONTENTS, policy=POLICIES, locked=st.booleans())
def test_carrying_out_a_decision_leaves_nothing_to_decide(
    origin: Origin, agreed: Content, ours: Content, theirs: Content, policy: Policy, locked: bool
) -> None:
    known = link(origin, agreed=Agreed(board=agreed, outlook=agreed))
    locked = locked and origin is Origin.BOARD
    first = decide(known, BoardSide(content=ours, locked=locked), OutlookSide(content=theirs), policy)
    ours, theirs = carried_out(first, ours, theirs)
    then = replace(known, agreed=Agreed(board=ours, outlook=theirs))

    second = decide(then, BoardSide(content=ours, locked=locked), OutlookSide(content=theirs), policy)

    assert ours == theirs
    assert second.act is Act.NOTHING


@given(origin=ORIGINS, agreed=CONTENTS, ours=CONTENTS, theirs=CONTENTS, policy=POLICIES)
def test_what_neither_side_changed_is_written_to_neither(
    origin: Origin, agreed: Content, ours: Content, theirs: Content, policy: Policy
) -> None:
    known = link(origin, agreed=Agreed(board=agreed, outlook=agreed))

    decision = decide(known, BoardSide(content=ours), OutlookSide(content=theirs), policy)

    untouched = {field for field in Field if ours.get(field) == agreed.get(field) == theirs.get(field)}
    assert not untouched & {*decision.to_outlook, *decision.to_board}
    assert not {*decision.to_outlook} & {*decision.to_board}


@given(origin=ORIGINS, agreed=CONTENTS, ours=CONTENTS, policy=POLICIES)
def test_a_side_that_was_not_looked_at_never_causes_a_deletion(
    origin: Origin, agreed: Content, ours: Content, policy: Policy
) -> None:
    """C10, C11: only a confirmed absence deletes."""
    known = link(origin, agreed=Agreed(board=agreed, outlook=agreed))

    for decision in (
        decide(known, BoardSide(content=ours), None, policy),
        decide(known, None, OutlookSide(content=ours), policy),
        decide(known, None, None, policy),
    ):
        assert decision.act not in (Act.DELETE_EVENT, Act.REMOVE_APPOINTMENT, Act.FORGET, Act.SUPPRESS)


@given(
    agreed=CONTENTS, ours=CONTENTS, theirs=CONTENTS, policy=POLICIES, locked=st.booleans(), rule=st.booleans()
)
def test_nobody_who_is_invited_is_ever_mailed(
    agreed: Content, ours: Content, theirs: Content, policy: Policy, locked: bool, rule: bool
) -> None:
    """A3, A5-A7, B11, B15: an event with guests is not written, whoever made it and whatever was changed."""
    for origin in Origin:
        known = link(origin, agreed=Agreed(board=agreed, outlook=agreed), has_guests=origin is Origin.BOARD)
        held = OutlookSide(content=theirs, has_guests=True)
        here = BoardSide(content=ours, locked=locked, rule_failed="r" if rule else "")
        for side in (here, replace(here, assigned=False), GONE, None):
            for other in (held, None) if origin is Origin.BOARD else (held,):
                decision = decide(known, side, other, policy)
                assert decision.act not in (Act.UPDATE_EVENT, Act.UPDATE_BOTH, Act.DELETE_EVENT)

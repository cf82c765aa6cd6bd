"""Data reconciliation: from the last agreed state and both sides to one decision.

`decide` is a function of values. It reads like BEHAVIOUR.md: first what exists where, then, where both sides
exist, field by field against the state that was last agreed. A side that was not looked at (`None`) is taken
to be as it was agreed; a side that is known to be gone is `GONE`. The difference matters more than any other
here: an absence that nobody confirmed must never delete anything.
"""

from __future__ import annotations

from dataclasses import replace

from models.content import FIELDS, Content, Field
from models.decision import Act, Decision, FieldChange, Reason, Side
from models.link import Link, LinkState, Origin
from models.policy import Conflicts, Deletes, Edits, Policy
from models.preferences import Verdict
from models.sides import GONE, BoardSide, Gone, OutlookSide

BOARD_OWNED = frozenset({Field.SUBJECT, Field.BODY, Field.LOCATION})
"""Of a board-born event: edits of these in Outlook are put back (DESIGN.md "Mapping")."""
PERSON_OWNED = frozenset({Field.SHOW_AS, Field.SENSITIVITY})
"""Never taken from the board: what a person shows and shares is the person's."""

VERDICT_REASONS = {
    Verdict.SHARING_OFF: Reason.SHARING_OFF,
    Verdict.SHOW_AS_NOT_SHARED: Reason.SHOW_AS_NOT_SHARED,
    Verdict.SENSITIVITY_NOT_SHARED: Reason.SENSITIVITY_NOT_SHARED,
    Verdict.CANCELLED: Reason.CANCELLED,
    Verdict.DECLINED: Reason.DECLINED,
}


def decide(
    link: Link | None, board: BoardSide | Gone | None, outlook: OutlookSide | Gone | None, policy: Policy
) -> Decision:
    """What to do about one item. Raises nothing; the same values always give the same decision."""
    if link is None:
        return _without_link(board, outlook, policy)
    if link.origin is Origin.BOARD:
        return _board_born(link, board, outlook, policy)
    return _outlook_born(link, board, outlook, policy)


def _without_link(
    board: BoardSide | Gone | None, outlook: OutlookSide | Gone | None, policy: Policy
) -> Decision:
    """An item that nobody has agreed on yet (A1, A14, B1, B2, C5)."""
    if isinstance(board, BoardSide) and isinstance(outlook, OutlookSide):
        return Decision(act=Act.ADOPT, reason=Reason.ADOPTED)
    if isinstance(board, BoardSide):
        return _new_on_board(board, policy, Reason.NEW_ON_BOARD)
    if isinstance(outlook, OutlookSide):
        return _new_in_outlook(outlook, policy, Reason.NEW_IN_OUTLOOK)
    return _nothing(Reason.GONE_ON_BOTH)


def _new_on_board(board: BoardSide, policy: Policy, reason: Reason) -> Decision:
    if not board.assigned:
        return _nothing(Reason.UNASSIGNED)
    if not board.in_window:
        return _nothing(Reason.OUTSIDE_WINDOW)
    if board.rule_failed:
        return _nothing(Reason.RULE_FAILED, board.rule_failed)
    if not policy.to_outlook:
        return _nothing(Reason.TO_OUTLOOK_OFF)
    return Decision(act=Act.CREATE_EVENT, reason=reason, to_outlook=board.content.said)


def _new_in_outlook(outlook: OutlookSide, policy: Policy, reason: Reason) -> Decision:
    if not outlook.verdict.reaches_board:
        return _nothing(VERDICT_REASONS[outlook.verdict])
    if not outlook.in_window:
        return _nothing(Reason.OUTSIDE_WINDOW)
    if not policy.to_board:
        return _nothing(Reason.TO_BOARD_OFF)
    return Decision(act=Act.CREATE_APPOINTMENT, reason=reason, to_board=outlook.content.said)


# Board-born: the board decides whether it exists, Outlook may have a say in when and how.


def _board_born(
    link: Link, board: BoardSide | Gone | None, outlook: OutlookSide | Gone | None, policy: Policy
) -> Decision:
    if link.state is LinkState.UNASSIGNED:
        return _assigned_again(board, policy)
    if board is GONE or (isinstance(board, BoardSide) and not board.assigned):
        reason = Reason.DELETED_ON_BOARD if board is GONE else Reason.UNASSIGNED
        return _away_from_outlook(link, outlook, policy, reason)
    if link.state is LinkState.UNDONE and not _has_moved(link, board, outlook):
        return _nothing(Reason.UNDONE)
    if isinstance(board, BoardSide) and board.rule_failed:
        if link.state is LinkState.WITHHELD or link.event_id is None or outlook is GONE:
            return _nothing(Reason.RULE_FAILED, board.rule_failed)
        return _away_from_outlook(link, outlook, policy, Reason.RULE_FAILED, board.rule_failed)
    if link.state is LinkState.WITHHELD:
        if not isinstance(board, BoardSide):
            return _nothing(Reason.ALREADY_IN_STEP)
        return _new_on_board(board, policy, Reason.RULE_PASSES_AGAIN)
    if link.event_id is None and isinstance(board, BoardSide):
        return _new_on_board(board, policy, Reason.CHANGED_ON_BOARD)
    if outlook is GONE:
        return _event_deleted_by_person(link, board, policy)
    return _merge_board_born(link, board, outlook, policy)


def _assigned_again(board: BoardSide | Gone | None, policy: Policy) -> Decision:
    """The resource was taken off an appointment (A5); it may be put back on it."""
    if isinstance(board, Gone):
        return Decision(act=Act.FORGET, reason=Reason.GONE_ON_BOTH)
    if board is None:
        return _nothing(Reason.UNASSIGNED)
    return _new_on_board(board, policy, Reason.NEW_ON_BOARD)


def _away_from_outlook(
    link: Link, outlook: OutlookSide | Gone | None, policy: Policy, reason: Reason, detail: str = ""
) -> Decision:
    """The event has no business in Outlook any more (A5–A7). The board is its origin: deletion wins (C4)."""
    if outlook is GONE or link.event_id is None:
        return Decision(act=Act.FORGET, reason=Reason.GONE_ON_BOTH)
    if not policy.to_outlook:
        return _nothing(Reason.TO_OUTLOOK_OFF)
    wanted = Decision(act=Act.DELETE_EVENT, reason=reason, detail=detail)
    return _left_alone(wanted) if _has_guests(link, outlook) else wanted


def _event_deleted_by_person(link: Link, board: BoardSide | None, policy: Policy) -> Decision:
    """A13, B12, and C4: a change on the board, the item's origin, wins over the deletion."""
    if not policy.to_outlook:
        return _nothing(Reason.TO_OUTLOOK_OFF)
    changed = board is not None and bool(_changed(board.content, _agreed_board(link)))
    locked = board is not None and board.locked
    if policy.outlook_deletes is Deletes.UNASSIGN and policy.to_board and not changed and not locked:
        return Decision(act=Act.REMOVE_APPOINTMENT, reason=Reason.DELETED_IN_OUTLOOK)
    reason = Reason.CHANGED_ON_BOARD if changed else Reason.LOCKED if locked else Reason.RESTORED
    return Decision(act=Act.CREATE_EVENT, reason=reason, detail="sync.outlook_deletes")


def _merge_board_born(
    link: Link, board: BoardSide | None, outlook: OutlookSide | None, policy: Policy
) -> Decision:
    """Both exist: field by field (A3, A8, A12, B11, C2, C3)."""
    locked = board is not None and board.locked
    revert = policy.outlook_edits is Edits.REVERT or locked
    to_outlook: list[Field] = []
    to_board: list[Field] = []
    changes: list[FieldChange] = []
    refused, kept_out = False, None
    for field, ours, theirs in _changed_fields(link, board, outlook):
        if ours and theirs:
            winner = Side.BOARD if field in BOARD_OWNED or revert else _winner(board, outlook, policy)
        elif ours:
            winner = Side.BOARD
        else:
            winner = Side.BOARD if field in BOARD_OWNED or revert else Side.OUTLOOK
            refused = refused or winner is Side.BOARD
        if winner is Side.OUTLOOK and not policy.to_board:
            kept_out = Reason.TO_BOARD_OFF
            continue
        (to_outlook if winner is Side.BOARD else to_board).append(field)
        changes.append(_change(field, link, board, outlook, winner))
    if to_outlook and not policy.to_outlook:
        to_outlook, kept_out = [], Reason.TO_OUTLOOK_OFF
    put_back = Reason.LOCKED if locked else Reason.PUT_BACK_IN_OUTLOOK
    reason = put_back if refused else _merge_reason(changes)
    if not to_outlook or not _has_guests(link, outlook):
        return _writes(to_outlook, to_board, changes, reason, kept_out)
    if not to_board:
        return _left_alone(_writes(to_outlook, [], changes, reason))
    kept = [change for change in changes if change.winner is Side.OUTLOOK]
    return _writes([], to_board, kept, _merge_reason(kept))


def _has_guests(link: Link, outlook: OutlookSide | Gone | None) -> bool:
    """Whether others are invited to a board-born event: the person made a meeting of it."""
    return outlook.has_guests if isinstance(outlook, OutlookSide) else link.has_guests


def _left_alone(wanted: Decision) -> Decision:
    """The event stays as it is: its guests would be mailed every change and the deletion (facts §2.2, §2.4).

    Nothing is agreed by it: what is wanted is done as soon as nobody is invited any more.
    """
    return replace(wanted, act=Act.HOLD, reason=Reason.HAS_GUESTS, detail=wanted.sentence)


# Outlook-born: the person decides whether it exists and what is shared, the board may have a say.


def _outlook_born(
    link: Link, board: BoardSide | Gone | None, outlook: OutlookSide | Gone | None, policy: Policy
) -> Decision:
    away = board is GONE or (isinstance(board, BoardSide) and not board.assigned)
    away = away or (board is None and link.state is LinkState.SUPPRESSED)
    if isinstance(outlook, Gone):
        return _away_from_board(away, policy, Reason.DELETED_IN_OUTLOOK)
    if outlook is not None and not outlook.verdict.reaches_board:
        return _away_from_board(away, policy, VERDICT_REASONS[outlook.verdict])
    if away or isinstance(board, Gone):
        return _deleted_by_planner(link, outlook, policy)
    if link.state is LinkState.SUPPRESSED:  # it is on the board again: made while this was not remembered
        return Decision(act=Act.SUPPRESS if outlook is None else Act.ADOPT, reason=Reason.ADOPTED)
    return _merge_outlook_born(link, board, outlook, policy)


def _away_from_board(already_away: bool, policy: Policy, reason: Reason) -> Decision:
    """The appointment has no business on the board any more (B3, B6). Outlook is its origin (C4)."""
    if already_away:
        return Decision(act=Act.FORGET, reason=reason)
    if not policy.to_board:
        return _nothing(Reason.TO_BOARD_OFF)
    return Decision(act=Act.REMOVE_APPOINTMENT, reason=reason)


def _deleted_by_planner(link: Link, outlook: OutlookSide | None, policy: Policy) -> Decision:
    """B16, and C4: a change of the event, the item's origin, wins over the deletion of its appointment."""
    if outlook is not None and _changed(outlook.content, _agreed_outlook(link)):
        return _new_in_outlook(outlook, policy, Reason.CHANGED_IN_OUTLOOK)
    if link.state is LinkState.SUPPRESSED:
        return _nothing(Reason.DELETED_ON_BOARD_KEPT_IN_OUTLOOK)
    return Decision(act=Act.SUPPRESS, reason=Reason.DELETED_ON_BOARD_KEPT_IN_OUTLOOK)


def _merge_outlook_born(
    link: Link, board: BoardSide | None, outlook: OutlookSide | None, policy: Policy
) -> Decision:
    """Both exist: field by field (B5, B15, C2, C3).

    A locked appointment takes no change from Outlook, except the one that hides what is no longer shared.
    """
    to_outlook: list[Field] = []
    to_board: list[Field] = []
    changes: list[FieldChange] = []
    refused, kept_out = False, None
    locked = board is not None and board.locked and outlook is not None and outlook.verdict is Verdict.SHARED
    for field, ours, theirs in _changed_fields(link, board, outlook):
        if locked and not ours:
            kept_out = Reason.LOCKED
            continue
        allowed = _planner_may_change(field, outlook, policy)
        if ours and theirs:
            winner = _winner(board, outlook, policy) if allowed else Side.OUTLOOK
        elif ours:
            winner = Side.BOARD if allowed else Side.OUTLOOK
            refused = refused or not allowed
        else:
            winner = Side.OUTLOOK
        if winner is Side.BOARD and not policy.to_outlook:
            kept_out = Reason.TO_OUTLOOK_OFF
            continue
        (to_outlook if winner is Side.BOARD else to_board).append(field)
        changes.append(_change(field, link, board, outlook, winner))
    if to_board and not policy.to_board:
        to_board, kept_out = [], Reason.TO_BOARD_OFF
    reason = _put_back(outlook) if refused else _merge_reason(changes)
    return _writes(to_outlook, to_board, changes, reason, kept_out)


def _put_back(outlook: OutlookSide | None) -> Reason:
    """Why an edit on the board did not reach the event."""
    if outlook is not None and not outlook.may_change:
        return Reason.ONLY_ATTENDEE
    if outlook is not None and outlook.has_guests:
        return Reason.HAS_GUESTS
    return Reason.PUT_BACK_ON_BOARD


def _planner_may_change(field: Field, outlook: OutlookSide | None, policy: Policy) -> bool:
    """Whether an edit on the board of an Outlook-born appointment may reach the event (B15)."""
    if policy.board_edits is Edits.REVERT or field in PERSON_OWNED:
        return False
    if outlook is None:
        return True
    if not outlook.may_change or outlook.has_guests:
        return False
    if outlook.verdict is Verdict.MASKED:
        return field is Field.WHEN
    return field is not Field.BODY or outlook.body_replaceable


# The parts that both have in common.


def _changed_fields(
    link: Link, board: BoardSide | None, outlook: OutlookSide | None
) -> list[tuple[Field, bool, bool]]:
    """Each field that at least one side changed and on which they now differ: (field, board's, Outlook's)."""
    if _is_as_agreed(link, board, outlook):
        return []
    ours = set(_changed(board.content, _agreed_board(link))) if board is not None else set()
    if board is not None and link.origin is Origin.BOARD:
        ours.update(_never_agreed(board.content, link.agreed.board if link.agreed is not None else None))
    theirs = set(_changed(outlook.content, _agreed_outlook(link))) if outlook is not None else set()
    if outlook is not None and link.origin is Origin.OUTLOOK:
        theirs.update(
            _never_agreed(outlook.content, link.agreed.outlook if link.agreed is not None else None)
        )
    found = []
    for field in FIELDS if ours or theirs else ():
        if field not in ours and field not in theirs:
            continue
        now_board = board.content.get(field) if board is not None else _agreed_board(link).get(field)
        now_outlook = outlook.content.get(field) if outlook is not None else _agreed_outlook(link).get(field)
        if now_board is None or (now_outlook is None and field not in ours):
            continue
        if now_board != now_outlook:
            found.append((field, field in ours, field in theirs))
    return found


def _is_as_agreed(link: Link, board: BoardSide | None, outlook: OutlookSide | None) -> bool:
    """Whether each side says the very thing that was agreed, as nearly every item of every reading does."""
    agreed = link.agreed
    return (
        agreed is not None
        and (board is None or board.content is agreed.board)
        and (outlook is None or outlook.content is agreed.outlook)
    )


def _changed(now: Content, agreed: Content) -> list[Field]:
    """The fields in which a side differs from its own last agreed state; what is not said did not change."""
    return list(agreed.differences(now))


def _has_moved(link: Link, board: BoardSide | None, outlook: OutlookSide | Gone | None) -> bool:
    """Whether either side says something else than was last agreed."""
    ours = isinstance(board, BoardSide) and _changed(board.content, _agreed_board(link))
    theirs = isinstance(outlook, OutlookSide) and _changed(outlook.content, _agreed_outlook(link))
    return bool(ours or theirs)


def _never_agreed(now: Content, agreed: Content | None) -> list[Field]:
    """The fields that a link was made without, as its origin did not say them then: they hold now (C5)."""
    if agreed is None or agreed is now:
        return []
    return [field for field in now.said if agreed.get(field) is None]


def _agreed_board(link: Link) -> Content:
    return link.agreed.board if link.agreed is not None else Content()


def _agreed_outlook(link: Link) -> Content:
    return link.agreed.outlook if link.agreed is not None else Content()


def _winner(board: BoardSide | None, outlook: OutlookSide | None, policy: Policy) -> Side:
    """Which side wins a field that both changed (C3). Without both times, "latest" is the board's."""
    if policy.conflicts is not Conflicts.LATEST:
        return Side.BOARD if policy.conflicts is Conflicts.BOARD else Side.OUTLOOK
    if board is None or outlook is None or board.modified_at is None or outlook.modified_at is None:
        return Side.BOARD
    return Side.OUTLOOK if outlook.modified_at > board.modified_at else Side.BOARD


def _change(
    field: Field, link: Link, board: BoardSide | None, outlook: OutlookSide | None, winner: Side
) -> FieldChange:
    return FieldChange(
        field=field,
        agreed=_agreed_board(link).get(field),
        board=board.content.get(field) if board is not None else _agreed_board(link).get(field),
        outlook=outlook.content.get(field) if outlook is not None else _agreed_outlook(link).get(field),
        winner=winner,
    )


def _merge_reason(changes: list[FieldChange]) -> Reason:
    """One reason for a merge: who changed what."""
    by_board = any(_side_changed(change, Side.BOARD) for change in changes)
    by_outlook = any(_side_changed(change, Side.OUTLOOK) for change in changes)
    if any(_side_changed(change, Side.BOARD) and _side_changed(change, Side.OUTLOOK) for change in changes):
        return Reason.CONFLICT
    if by_board and by_outlook:
        return Reason.CHANGED_ON_BOTH
    return Reason.CHANGED_ON_BOARD if by_board else Reason.CHANGED_IN_OUTLOOK


def _side_changed(change: FieldChange, side: Side) -> bool:
    value = change.board if side is Side.BOARD else change.outlook
    return value is not None and value != change.agreed


def _writes(
    to_outlook: list[Field],
    to_board: list[Field],
    changes: list[FieldChange],
    reason: Reason,
    kept_out: Reason | None = None,
) -> Decision:
    """What is to be written; `kept_out` says what keeps the sides from agreeing where nothing may be."""
    if to_outlook and to_board:
        act = Act.UPDATE_BOTH
    elif to_outlook:
        act = Act.UPDATE_EVENT
    elif to_board:
        act = Act.UPDATE_APPOINTMENT
    else:
        return _nothing(kept_out or Reason.ALREADY_IN_STEP)
    return Decision(
        act=act, reason=reason, to_outlook=tuple(to_outlook), to_board=tuple(to_board), changes=tuple(changes)
    )


def _nothing(reason: Reason, detail: str = "") -> Decision:
    return Decision(act=Act.NOTHING, reason=reason, detail=detail)

"""Whether what was decided still stands when its turn comes.

A service that asks for patience, a long queue, or a full disk keep a write waiting for minutes. Meanwhile a
person may hide her event, so that its words are nobody's business any more (E), and a planner may change what
would be overwritten: the board knows no If-Match (A8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from actors.resource.case import Case
from actors.resource.desk import Desk
from actors.resource.sides import Lens
from models.sides import BoardSide, OutlookSide


def standing(case: Case, desk: Desk) -> Callable[[], bool]:
    """Whether both sides are to the resource, as far as it has heard, what they were when it decided, and
    nobody has told it since to look at one of them again.

    Asked on another thread than the resource's own: it looks and does nothing else.
    """
    item, lens_then = case.item, desk.lens
    asked_then = item.reread_board, item.reread_outlook

    def stands() -> bool:
        lens = desk.lens
        if (item.reread_board, item.reread_outlook) != asked_then:
            return False
        if lens is lens_then and item.board is None and item.outlook is None:
            return True
        return _is_same_board(case, lens) and _is_same_outlook(case, lens)

    return stands


def _is_same_board(case: Case, lens: Lens) -> bool:
    fact, then = case.item.board, case.board
    now = case.read_appointment if fact is None else fact.appointment
    if now is None:
        return True
    side = lens.board_side(now, case.origin, case.link)
    if isinstance(then, BoardSide) and isinstance(side, BoardSide):
        return replace(side, modified_at=then.modified_at) == then
    agreed = case.link.agreed if case.link is not None else None
    if then is None and isinstance(side, BoardSide) and agreed is not None:
        return side.assigned and not any(agreed.board.differences(side.content))
    return side is then


def _is_same_outlook(case: Case, lens: Lens) -> bool:
    fact, then = case.item.outlook, case.outlook
    now = case.read_event if fact is None else fact.event
    if now is None:
        return True
    side = lens.outlook_side(now, case.origin, case.link)
    if isinstance(then, OutlookSide) and isinstance(side, OutlookSide):
        return replace(side, modified_at=then.modified_at) == then
    agreed = case.link.agreed if case.link is not None else None
    if then is None and isinstance(side, OutlookSide) and agreed is not None:
        return side.verdict.reaches_board and not any(agreed.outlook.differences(side.content))
    return side is then

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
from models.content import Content
from models.sides import BoardSide, Gone, OutlookSide

Seen = BoardSide | OutlookSide | Gone


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
        link, board, outlook = case.link, _board_now(case, lens), _outlook_now(case, lens)
        agreed = link.agreed if link is not None else None
        said = (None, None) if agreed is None else (agreed.board, agreed.outlook)
        return _is_same(case.board, board, said[0]) and _is_same(case.outlook, outlook, said[1])

    return stands


def _board_now(case: Case, lens: Lens) -> BoardSide | Gone | None:
    fact = case.item.board
    read = case.read_appointment if fact is None else fact.appointment
    return None if read is None else lens.board_side(read, case.origin, case.link)


def _outlook_now(case: Case, lens: Lens) -> OutlookSide | Gone | None:
    fact = case.item.outlook
    read = case.read_event if fact is None else fact.event
    return None if read is None else lens.outlook_side(read, case.origin, case.link)


def _is_same(then: Seen | None, now: Seen | None, agreed: Content | None) -> bool:
    """Whether a side is what it was; where it was not looked at, what was agreed."""
    if now is None:
        return True
    if isinstance(now, Gone) or isinstance(then, Gone):
        return now is then
    if then is not None:
        return replace(now, modified_at=then.modified_at) == then
    counts = now.assigned if isinstance(now, BoardSide) else now.verdict.reaches_board
    return counts and agreed is not None and not any(agreed.differences(now.content))

"""A write whose answer nobody heard: whether its side says what was sent (D2, D3). Pure."""

from __future__ import annotations

from dataclasses import replace

from actors.resource.case import Case
from actors.resource.links import agreed_now, at, fresh, kept, told
from models.content import Content
from models.decision import Act, Side
from models.link import Agreed, Link, LinkState, Origin
from models.sides import GONE, BoardSide, OutlookSide
from models.storage.records import BeforeImage


def landed(case: Case) -> Link | None:
    """The link of an item with what its last write turns out to have achieved; None if that is nothing new.

    What that side says is then the connector's own and no change of anybody's: without this, a person who
    goes on changing an item while the process is down would be in conflict with her own earlier change, and
    what the connector deleted itself would count as deleted by her.
    """
    image, link = case.item.image, case.link
    if image is None or link is None:
        return None
    if link.agreed is None:
        return _created(case, link, image)
    if image.after is None:
        return _deleted(case, link, image)
    side = case.board if image.side is Side.BOARD else case.outlook
    if image.before is None or not case.is_shared or not isinstance(side, (BoardSide, OutlookSide)):
        return None
    made = tuple(field for field in image.after.said if side.content.get(field) == image.after.get(field))
    agreed = agreed_now(link, made, board=image.after, outlook=image.after)
    return replace(link, agreed=agreed) if agreed != link.agreed else None


def _created(case: Case, link: Link, image: BeforeImage) -> Link | None:
    """The link of an event whose appointment was made: whatever else that says by now, a planner said."""
    appointment, event, after = case.appointment, case.event, image.after
    if image.act is not Act.CREATE_APPOINTMENT or not case.is_shared:
        return None
    if after is None or appointment is None or event is None:
        return None
    on_board = kept(after.said, written=after, seen=case.board_content, before=Content())
    return replace(told(at(link, event), appointment), agreed=Agreed(board=on_board, outlook=after))


def _deleted(case: Case, link: Link, image: BeforeImage) -> Link | None:
    """The link of an item that is gone by the connector's own hand, and is wanted again by now."""
    board, outlook = case.board, case.outlook
    if link.state is not LinkState.ACTIVE:
        return None
    if image.act is Act.DELETE_EVENT and outlook is GONE and case.appointment is not None:
        taken_off = fresh(case, case.appointment, link.resource_no, link.mailbox)
        is_wanted = isinstance(board, BoardSide) and board.assigned and not board.rule_failed
        return replace(taken_off, state=LinkState.UNASSIGNED) if is_wanted else None
    if image.act is Act.REMOVE_APPOINTMENT and board is GONE and link.origin is Origin.OUTLOOK:
        is_wanted = isinstance(outlook, OutlookSide) and outlook.verdict.reaches_board
        return replace(link, agreed=None) if is_wanted else None
    return None

"""A write whose answer nobody heard: whether its side says what was sent (D2, D3). Pure."""

from __future__ import annotations

from dataclasses import replace

from actors.resource.case import Case
from actors.resource.links import agreed_now
from models.decision import Side
from models.link import Link
from models.reconcile import BoardSide, OutlookSide


def landed(case: Case) -> Link | None:
    """The link of an item with what its last write turns out to have achieved; None if that is nothing new.

    What that side says is then the connector's own and no change of anybody's: without this, a person who
    goes on changing an item while the process is down would be in conflict with her own earlier change.
    """
    image, link = case.item.image, case.link
    if image is None or image.before is None or image.after is None or not case.is_shared:
        return None
    side = case.board if image.side is Side.BOARD else case.outlook
    if link is None or link.agreed is None or not isinstance(side, (BoardSide, OutlookSide)):
        return None
    made = tuple(field for field in image.after.said if side.content.get(field) == image.after.get(field))
    agreed = agreed_now(link, made, board=image.after, outlook=image.after)
    return replace(link, agreed=agreed) if agreed != link.agreed else None

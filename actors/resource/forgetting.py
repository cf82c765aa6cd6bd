"""What is erased of an item when its owner stops sharing it: before anything else is done about it (E).

Of an Outlook-born item the words go: from its link, its decisions, its dead letter, its before-images. Of a
board-born one whose event was marked private the appointment's words stay, which are the board's; what the
person had typed into the event goes (B14).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from actors.resource.case import Case
from models.content import Content, Field
from models.ids import AppointmentGuid, ResourceNo
from models.link import Agreed, Origin
from models.preferences import Verdict
from models.sides import OutlookSide
from models.storage.changes import Change, ForgetWords, PutLink

FORGOTTEN: Final = "\x1a"
"""Stands in a link for a word that was erased. It equals nothing that either side can hold, so that the item
is compared afresh when it is shared again."""
WORDS: Final = (Field.SUBJECT, Field.BODY, Field.LOCATION, Field.CATEGORY)


class Forgetting:
    """Knows, for as long as the actor lives, of which items the words are erased already."""

    def __init__(self, resource_no: ResourceNo) -> None:
        self._resource_no = resource_no
        self._erased: set[AppointmentGuid] = set()

    def before(self, case: Case) -> tuple[Change, ...]:
        """What has to be erased before this case is carried out."""
        if case.origin is Origin.BOARD:
            return self._typed_by_person(case)
        if not isinstance(case.outlook, OutlookSide) or case.link is None:
            return ()
        if case.outlook.verdict is Verdict.SHARED:
            self._erased.discard(case.item.guid)
            return ()
        changes = self._from_store(case, typed_only=False)
        if case.link.agreed is not None:
            agreed = without_words(case.link.agreed, case.outlook.content)
            if agreed != case.link.agreed:
                changes = (PutLink(link=replace(case.link, agreed=agreed)), *changes)
        return changes

    def _typed_by_person(self, case: Case) -> tuple[Change, ...]:
        if case.event is None or case.link is None or case.link.agreed is None:
            return ()
        if case.event.detail is not None:
            self._erased.discard(case.item.guid)
            return ()
        return self._from_store(case, typed_only=True)

    def _from_store(self, case: Case, *, typed_only: bool) -> tuple[Change, ...]:
        guid, head = case.item.guid, case.head
        if guid in self._erased:
            return ()
        self._erased.add(guid)
        key = head.key if head is not None else None
        return (ForgetWords(resource_no=self._resource_no, guid=guid, event_key=key, typed_only=typed_only),)


def without_words(agreed: Agreed, shown: Content) -> Agreed:
    """An agreed state without any word but those that are shown: of a masked event, its mask."""
    board, outlook = agreed.board, agreed.outlook
    for word in WORDS:
        if board.get(word) not in (None, shown.get(word)):
            board = board.with_field(word, None)
        if outlook.get(word) not in (None, FORGOTTEN, shown.get(word)):
            outlook = outlook.with_field(word, FORGOTTEN)
    return Agreed(board=board, outlook=outlook)

"""What the other side rejects for good, or what must not be written to it: put aside until either side
changes, for an administrator to see (D9)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from actors.resource.case import Case
from actors.resource.desk import Desk
from models.decision import Act
from models.ids import AppointmentGuid
from models.storage.changes import AddDeadLetter, Change, DropDeadLetter
from models.storage.records import DeadLetter

REMOVALS: Final = frozenset({Act.DELETE_EVENT, Act.REMOVE_APPOINTMENT})


class Parking:
    """The items of one resource that were put aside."""

    def __init__(self, desk: Desk, letters: Iterable[DeadLetter]) -> None:
        """`letters` are those of an earlier life."""
        self.desk = desk
        self._letters = {letter.guid: letter for letter in letters if letter.guid is not None}

    def holds(self, guid: AppointmentGuid) -> bool:
        """Whether an item was put aside."""
        return guid in self._letters

    def clear(self) -> None:
        """Everything is worth another try."""
        self._letters.clear()

    def keeps(self, case: Case) -> bool:
        """Whether exactly this was put aside before; anything else is worth a try."""
        letter = self._letters.get(case.item.guid)
        if letter is None:
            return False
        if letter.seen == self._written(case) and case.decision.act is not Act.NOTHING:
            return True
        del self._letters[case.item.guid]
        self.desk.ports.commit(DropDeadLetter(id=letter.id))
        return False

    def looks_at_both(self, case: Case) -> bool:
        """Whether an item that was put aside is looked at on its other side first: what was to be written is
        not agreed, and only that side says it."""
        item = case.item
        if not self.holds(item.guid):
            return False
        has_event = case.link is not None and case.link.event_id is not None
        item.reread_board, item.reread_outlook = item.board is None, has_event and item.outlook is None
        if not item.reread_board and not item.reread_outlook:
            return False
        self.desk.consider(item)
        return True

    def put_aside(
        self, case: Case, reason: str, *, act: Act | None = None, code: str = "", attempts: int = 0
    ) -> Change:
        """The item waits until either side changes, and an administrator can read why."""
        item, now = case.item, self.desk.ports.now()
        letter = DeadLetter(
            id=f"{self.desk.resource.resource_no}/{item.guid}",
            resource_no=self.desk.resource.resource_no,
            guid=item.guid,
            event_key=case.link.event_key if case.link is not None else None,
            act=act or case.decision.act,
            reason=reason,
            code=code,
            seen=self._written(case),
            attempts=attempts,
            first_at=now,
            last_at=now,
        )
        self._letters[item.guid] = letter
        return AddDeadLetter(letter=letter)

    def _written(self, case: Case) -> str:
        """A fingerprint of what a decision would write: the same again would be rejected again.

        Of a removal, which writes nothing, of the versions that are to go.
        """
        written: list[object] = [
            *((field.value, case.board_content.get(field)) for field in case.decision.to_outlook),
            *((field.value, case.outlook_content.get(field)) for field in case.decision.to_board),
        ]
        if case.decision.act in REMOVALS:
            written += _versions(case)
        what = (case.decision.act.value, self.desk.resource.email, written)
        return hashlib.sha256(repr(what).encode()).hexdigest()


def _versions(case: Case) -> tuple[object, object]:
    """Of both sides, as they were seen last."""
    event, appointment, link = case.head, case.appointment, case.link
    known = (None, None) if link is None else (link.etag, link.board_modified_at)
    return event.etag if event else known[0], appointment.modified_at if appointment else known[1]

"""A resource's mailbox has changed (A11): events move, what was the old mailbox's own leaves the board."""

from __future__ import annotations

from collections.abc import Collection

from actors.resource.writer import Writer
from models.storage.changes import DropDeltaState
from models.storage.records import Intent


def relocate(writer: Writer, intents: Collection[Intent]) -> None:
    """Carry over the links that belong to another mailbox than the resource's present one.

    `intents` are those an earlier life left behind: among them deletions in an old mailbox, to be taken up.
    """
    left = {link.mailbox for link in writer.desk.book} - {writer.desk.mailbox.id}
    # should the resource come back to one of them, it has to be read in full again
    writer.course.commit(*(DropDeltaState(mailbox=mailbox) for mailbox in sorted(left)))
    for link in writer.desk.book:
        if link.mailbox != writer.desk.mailbox.id:
            writer.move_link(link)
    for intent in intents:
        if intent.guid is None and intent.event_id is not None:
            writer.guests.clear_old_mailbox(intent)
        elif intent.guid is None and intent.transaction_id:
            writer.guests.clear_unconfirmed(intent)

"""A resource's mailbox has changed (A11): events move, what was the old mailbox's own leaves the board."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

import structlog

from actors.clients.errors import AccessDenied, MailboxMissing, NotFound
from actors.clients.graph.operations import FindLinked, LinkedEvent, ReadEvent, RemoveEvent
from actors.clients.steps import Done, Failed, Outcome
from actors.resource.course import Course
from actors.resource.desk import is_being_created
from actors.resource.facts import OutlookFact
from actors.resource.imaging import image_of_moving
from actors.resource.links import without_event
from models.decision import REASONS, Act, Reason
from models.event import Event
from models.ids import MailboxId
from models.judging import Judge
from models.link import Link, LinkState, Origin
from models.sides import GONE
from models.storage.changes import (
    AddBeforeImage,
    AddDecision,
    AddIntent,
    Change,
    DropDeltaState,
    FinishIntent,
    PutLink,
)
from models.storage.records import Intent, Trigger
from models.storage.records import Outcome as Ending

log = structlog.get_logger(__name__)

RETRY_SECONDS = 30.0
UNDER_WAY_SECONDS = 120.0
"""For how long a call that nobody waits for any more may still take effect."""


class Relocation:
    """Carries over what belongs to another mailbox than the resource's present one."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.desk = course.desk

    def begin(self, intents: Collection[Intent]) -> None:
        """Move every link that was another mailbox's.

        `intents` are those that an earlier life left behind: among them deletions in an old mailbox, which
        are taken up.
        """
        book, here = self.desk.book, self.desk.mailbox.id
        left = {link.mailbox for link in book} - {here}
        # should the resource come back to one of them, it has to be read in full again
        self.course.commit(*(DropDeltaState(mailbox=mailbox) for mailbox in sorted(left)))
        for link in book:
            if link.mailbox != here:
                self._move(link)
        for intent in intents:
            if intent.guid is None and intent.event_id is not None:
                self._clear(intent)
            elif intent.guid is None and intent.transaction_id:
                self._clear_unconfirmed(intent)

    def _move(self, link: Link) -> None:
        """A board-born event is created in the new mailbox and deleted in the old one; what was the old
        mailbox's own leaves the board."""
        desk = self.desk
        if link.origin is Origin.OUTLOOK:
            # an older store may know the appointment by a number that is not its own any more
            desk.item(link.guid, Trigger.START).reread_board = True
            gone = OutlookFact(event=GONE, asked_at=desk.ports.monotonic())
            desk.learn_outlook(link.guid, gone, Trigger.START)
            return
        if link.state is LinkState.UNDONE and link.event_id is None:
            self.course.commit(PutLink(link=replace(link, mailbox=desk.mailbox.id)))
            return
        changes: list[Change] = []
        then: Callable[[], None] | None = None
        if link.event_id is not None:
            clearing = Intent(
                id=self.course.chronicle.new_id(),
                resource_no=link.resource_no,
                act=Act.DELETE_EVENT,
                mailbox=link.mailbox,
                event_id=link.event_id,
                at=desk.ports.now(),
            )
            image = image_of_moving(link, clearing, self.course.chronicle.new_id())
            changes = [AddIntent(intent=clearing), AddBeforeImage(image=image)]
            then = partial(self._clear, clearing)
        elif is_being_created(link):
            unconfirmed = Intent(
                id=self.course.chronicle.new_id(),
                resource_no=link.resource_no,
                act=Act.DELETE_EVENT,
                mailbox=link.mailbox,
                transaction_id=desk.book.transaction_of(link),
                at=desk.ports.now(),
            )
            changes = [AddIntent(intent=unconfirmed)]
            then = partial(self._clear_unconfirmed, unconfirmed)
        # should the resource come back to a mailbox, what it had there before is not meant any more
        moved = replace(
            without_event(link, desk.mailbox.id),
            generation=link.generation + 1,
            state=LinkState.ACTIVE if link.state is LinkState.UNDONE else link.state,
        )
        self.course.commit(*changes, PutLink(link=moved), then=then)

    # The old mailbox

    def _clear(self, intent: Intent) -> None:
        """Delete an event that the resource left behind in the mailbox that it had before (A11).

        One that others are invited to stays there: it is its owner's meeting. Should the resource be back in
        that mailbox, its event there is either taken up again or deleted, and never both.
        """
        mailbox, event_id = intent.mailbox, intent.event_id
        if mailbox is None or event_id is None or self.desk.ports.rehearses:
            return

        def read(outcome: Outcome) -> None:
            if not isinstance(outcome, Done):
                self._not_cleared(intent, outcome)
            elif mailbox == self.desk.mailbox.id and self.desk.book.by_event(event_id) is not None:
                self._finish(intent, Ending.NONE)
            elif outcome.value.head.has_guests:
                self._left_behind(intent, mailbox, outcome.value)
            else:
                self.desk.depart(event_id)
                removal = RemoveEvent(mailbox=mailbox, event_id=event_id, etag=outcome.value.head.etag)
                self.desk.ports.graph(removal, removed)

        def removed(outcome: Outcome) -> None:
            if isinstance(outcome, Done):
                self._finish(intent, Ending.DONE)
            else:
                self._not_cleared(intent, outcome)

        judge = Judge.of_linked(self.desk.lens.readable)
        self.desk.ports.graph(ReadEvent(mailbox=mailbox, event_id=event_id, judge=judge), read)

    def _clear_unconfirmed(self, intent: Intent) -> None:
        """Delete an event whose creation in a former mailbox was never confirmed, if there is one.

        The call may still be under way, so that its absence is believed only after a while.
        """
        mailbox = intent.mailbox
        if mailbox is None or self.desk.ports.rehearses:
            return

        def found(outcome: Outcome) -> None:
            if isinstance(outcome, Failed) and isinstance(outcome.problem, (MailboxMissing, AccessDenied)):
                self._finish(intent, Ending.NONE)
                return
            linked: tuple[LinkedEvent, ...] = outcome.value if isinstance(outcome, Done) else ()
            match = next((one for one in linked if one.transaction_id == intent.transaction_id), None)
            age = (self.desk.ports.now() - intent.at).total_seconds()
            if match is not None:
                self._clear(replace(intent, event_id=match.id))
            elif isinstance(outcome, Done) and age >= UNDER_WAY_SECONDS:
                self._finish(intent, Ending.NONE)
            else:
                self.desk.ports.later(RETRY_SECONDS, lambda: self._clear_unconfirmed(intent))

        judge = Judge.of_linked(self.desk.lens.readable)
        self.desk.ports.graph(FindLinked(mailbox=mailbox, judge=judge), found)

    def _not_cleared(self, intent: Intent, outcome: Failed) -> None:
        if isinstance(outcome.problem, (NotFound, MailboxMissing, AccessDenied)):
            self._finish(intent, Ending.NONE)
            return
        self.desk.ports.later(RETRY_SECONDS, lambda: self._clear(intent))

    def _left_behind(self, intent: Intent, mailbox: MailboxId, event: Event) -> None:
        log.info("event left in the former mailbox", mailbox=mailbox, why=REASONS[Reason.HAS_GUESTS])
        kept = self.course.chronicle.left_behind(mailbox, event.head)
        self._finish(intent, Ending.NONE, AddDecision(decision=kept))

    def _finish(self, intent: Intent, outcome: Ending, *changes: Change) -> None:
        self.course.commit(*changes, FinishIntent(id=intent.id, outcome=outcome))

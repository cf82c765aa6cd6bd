"""Events from the board that others are invited to: the person made a meeting of them.

Outlook mails guests every change of a meeting and its deletion, and nothing can be said to prevent it (facts
§2.2, §2.4). So such an event is not written: the difference stays, is explained and shown as something put
aside, and is settled as soon as nobody is invited any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import structlog

from actors.clients.errors import AccessDenied, MailboxMissing, NotFound
from actors.clients.graph.operations import FindLinked, LinkedEvent, ReadEvent, RemoveEvent
from actors.clients.steps import Done, Failed, Outcome
from actors.resource.case import Case
from actors.resource.course import Course
from actors.resource.links import moved_on
from models.decision import REASONS, Act, Reason
from models.event import Event
from models.ids import MailboxId
from models.judging import Judge
from models.storage.changes import AddDecision, Change, FinishIntent, PutLink
from models.storage.records import Intent
from models.storage.records import Outcome as Ending

log = structlog.get_logger(__name__)

RETRY_SECONDS = 30.0
UNDER_WAY_SECONDS = 120.0
"""For how long a call that nobody waits for any more may still take effect."""
REMEDY: Final = "its owner changes or deletes it in Outlook, or takes the guests off"


class Guests:
    """Leaves alone what would mail somebody."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.desk = course.desk

    def leave(self, case: Case) -> None:
        """What is wanted of an event is put aside until its guests, or either side, are others."""
        link, ports = self.course.link(case.item), self.desk.ports
        changes: list[Change] = []
        if link.agreed is not None:
            moved = moved_on(link, link.agreed, case)
            changes = [PutLink(link=moved)] if moved != link else []
        kept = self.course.kept(case, Ending.NONE if ports.rehearses else Ending.PARKED)
        wanted = Act.UPDATE_EVENT if case.decision.to_outlook else Act.DELETE_EVENT
        letter = self.course.put_aside(case, f"{REASONS[Reason.HAS_GUESTS]}; {REMEDY}", act=wanted)
        self.course.tell(case)
        self.course.commit(*changes, kept, letter, *self.course.intent_done(case.item))
        self.course.finish(case.item)

    def clear_old_mailbox(self, intent: Intent) -> None:
        """Delete an event that the resource left behind in the mailbox that it had before (A11).

        One that others are invited to stays there: it is its owner's meeting.
        """
        mailbox, event_id = intent.mailbox, intent.event_id
        if mailbox is None or event_id is None or self.desk.ports.rehearses:
            return

        def read(outcome: Outcome) -> None:
            if not isinstance(outcome, Done):
                self._not_cleared(intent, outcome)
            elif outcome.value.head.has_guests:
                self._left_behind(intent, mailbox, outcome.value)
            else:
                removal = RemoveEvent(mailbox=mailbox, event_id=event_id, etag=outcome.value.head.etag)
                self.desk.ports.graph(removal, removed)

        def removed(outcome: Outcome) -> None:
            if isinstance(outcome, Done):
                self._finish(intent, Ending.DONE)
            else:
                self._not_cleared(intent, outcome)

        judge = Judge.of_linked(self.desk.lens.readable)
        self.desk.ports.graph(ReadEvent(mailbox=mailbox, event_id=event_id, judge=judge), read)

    def clear_unconfirmed(self, intent: Intent) -> None:
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
                self.clear_old_mailbox(replace(intent, event_id=match.id))
            elif isinstance(outcome, Done) and age >= UNDER_WAY_SECONDS:
                self._finish(intent, Ending.NONE)
            else:
                self.desk.ports.later(RETRY_SECONDS, lambda: self.clear_unconfirmed(intent))

        judge = Judge.of_linked(self.desk.lens.readable)
        self.desk.ports.graph(FindLinked(mailbox=mailbox, judge=judge), found)

    def _not_cleared(self, intent: Intent, outcome: Failed) -> None:
        if isinstance(outcome.problem, (NotFound, MailboxMissing, AccessDenied)):
            self._finish(intent, Ending.NONE)
            return
        self.desk.ports.later(RETRY_SECONDS, lambda: self.clear_old_mailbox(intent))

    def _left_behind(self, intent: Intent, mailbox: MailboxId, event: Event) -> None:
        log.info("event left in the former mailbox", mailbox=mailbox, why=REASONS[Reason.HAS_GUESTS])
        kept = self.course.chronicle.left_behind(mailbox, event.head)
        self._finish(intent, Ending.NONE, AddDecision(decision=kept))

    def _finish(self, intent: Intent, outcome: Ending, *changes: Change) -> None:
        self.course.commit(*changes, FinishIntent(id=intent.id, outcome=outcome))

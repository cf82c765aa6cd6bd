"""What is written to Outlook: events created, changed and deleted."""

from __future__ import annotations

from dataclasses import replace

from actors.clients.graph.operations import CreateEvent, PatchEvent, RemoveEvent
from actors.clients.steps import Done
from actors.resource.case import Case
from actors.resource.course import Course
from actors.resource.facts import Item, OutlookFact
from actors.resource.imaging import Write
from actors.resource.links import agreed_besides, agreed_now, as_created, as_seen, fresh, undone, withheld
from actors.resource.retention import may_be_forgotten
from models.content import Content, Field
from models.decision import Act, Reason, Side
from models.event import Event
from models.link import Agreed, LinkState, Origin
from models.sides import BoardSide
from models.storage.changes import Change, DropLink, PutLink


class EventWriter:
    """Writes the events of one resource's mailbox."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.desk = course.desk

    def create(self, case: Case, *, back: Content | None = None) -> None:
        """Create the event of a board-born appointment (A1); an undo puts it `back` as it was."""
        desk, appointment = self.desk, case.appointment
        if appointment is None:
            raise LookupError("an event is created for an appointment that was read")
        link = fresh(case, appointment, *self.course.who)
        if case.link is None and back is None and may_be_forgotten(desk, appointment):
            self.course.commit(PutLink(link=link))
            self.course.recover(case.item)  # which looks for its event before another one is made
            return
        board = case.board_content
        wanted = board if back is None else board.merged_with(back)
        draft = desk.lens.mapper.event_draft(
            appointment,
            wanted,
            resource_no=link.resource_no,
            mailbox=link.mailbox,
            generation=link.generation,
        )
        operation = CreateEvent(mailbox=link.mailbox, draft=draft, judge=desk.judge())
        self.course.perform(
            case,
            Write(side=Side.OUTLOOK, act=Act.CREATE_EVENT, before=None, after=wanted),
            operation,
            lambda done: self._created(case, board, wanted, done),
            PutLink(link=link),
        )

    def _created(self, case: Case, board: Content, wanted: Content, done: Done[Event]) -> None:
        item = case.item
        if self.desk.has_departed(done.value.head.id):  # Graph may remember the ids of events that are gone
            self.course.transaction_used(item)
            return
        seen = self.desk.lens.mapper.seen_event(done.value, wanted, times_readable=True)
        # an earlier call may have made it (facts, Graph §2.1: a transaction id is answered by what it made)
        agreed = Agreed(board=board, outlook=as_created(wanted, seen))
        link = as_seen(self.course.link(item), done.value, agreed, seen)
        if isinstance(case.board, BoardSide) and case.board.rule_failed:
            link = replace(link, state=LinkState.UNDONE)  # only an undo brings back what a rule keeps out
        fact = OutlookFact(event=done.value, asked_at=self.desk.ports.monotonic())
        self.course.event_written(item, done, PutLink(link=link), fact=fact)

    def update(self, case: Case, *, back: Content | None = None) -> None:
        """Change the members that differ, under the version that was seen (A3, A4).

        An undo puts them `back` as they were: what the board says stays agreed, so that it is not written
        again.
        """
        desk, link, event = self.desk, self.course.link(case.item), case.event
        wanted, fields = case.board_content, case.decision.to_outlook
        board, changes = wanted, agreed_besides(case)
        if back is not None and link.agreed is not None:
            wanted, board = wanted.merged_with(back), link.agreed.board
            agreed_then = agreed_now(link, fields, board=board, outlook=wanted)
            changes = (PutLink(link=replace(link, agreed=agreed_then)),)
        if link.event_id is None:
            raise LookupError("only an event that exists is changed")
        if link.origin is Origin.BOARD:
            agreed = link.agreed.outlook if link.agreed is not None else None
            seen_when = event.head.when if event is not None else agreed.when if agreed is not None else None
            patch, rewrite = desk.lens.mapper.board_patch(fields, wanted, agreed, seen_when)
        elif event is not None:
            patch, rewrite = desk.lens.mapper.person_patch(fields, wanted, event)
        else:
            raise LookupError("a person's event is changed only after it was read")
        operation = PatchEvent(
            mailbox=link.mailbox,
            event_id=link.event_id,
            etag=event.head.etag if event is not None else link.etag,
            patch=patch,
            rewrite=rewrite,
            judge=desk.judge(),
        )
        before, after = case.outlook_content.only(fields), wanted.only(fields)
        self.course.perform(
            case,
            Write(side=Side.OUTLOOK, act=Act.UPDATE_EVENT, before=before, after=after),
            operation,
            lambda done: self._updated(case.item, fields, board, wanted, done),
            *changes,
        )

    def _updated(
        self, item: Item, fields: tuple[Field, ...], board: Content, wanted: Content, done: Done[Event]
    ) -> None:
        event, link = done.value, self.course.link(item)
        seen = self.desk.lens.written_event(event, link)
        agreed = agreed_now(link, fields, board=board, outlook=wanted.merged_with(seen))
        fact = OutlookFact(event=event, asked_at=self.desk.ports.monotonic())
        link = as_seen(link, event, agreed, seen)
        self.course.event_written(item, done, PutLink(link=link), fact=fact)

    def delete(self, case: Case) -> None:
        """Delete the event of an appointment that has no business in Outlook any more (A5–A7)."""
        desk, link = self.desk, self.course.link(case.item)
        if link.event_id is None:
            raise LookupError("only an event that exists is deleted")
        event_id, seen = link.event_id, case.head
        # guests who were invited since it was seen would be mailed a cancellation
        etag = seen.etag if seen is not None else link.etag
        operation = RemoveEvent(mailbox=link.mailbox, event_id=event_id, etag=etag)
        change: Change = DropLink(resource_no=link.resource_no, guid=link.guid)
        first = list[Change]()
        if case.decision.reason is Reason.UNDONE and case.appointment is not None:
            change = PutLink(link=undone(case, case.appointment, *self.course.who))
            first = [PutLink(link=replace(link, state=LinkState.UNDONE))]
        elif case.decision.reason is Reason.RULE_FAILED and case.appointment is not None:
            change = PutLink(link=withheld(case, case.appointment, *self.course.who))
        elif case.decision.reason is Reason.UNASSIGNED and case.appointment is not None:
            taken_off = fresh(case, case.appointment, *self.course.who)
            change = PutLink(link=replace(taken_off, state=LinkState.UNASSIGNED))

        def on_done(done: Done[None]) -> None:
            desk.depart(event_id)
            self.course.event_written(case.item, done, change)

        write = Write(side=Side.OUTLOOK, act=Act.DELETE_EVENT, before=case.outlook_content, after=None)
        self.course.perform(case, write, operation, on_done, *first)

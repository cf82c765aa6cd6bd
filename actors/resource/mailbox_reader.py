"""What is read from the mailbox of one resource: delta rounds, and what follows from them.

A round's link is kept only after everything the round told has been decided about and is on disk, so that a
crash in between tells it once more.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from actors.clients.errors import ForeignLink, NotFound, TokenInvalid, Unreadable
from actors.clients.graph.delta import DeltaPage, Series
from actors.clients.graph.operations import ReadDelta, ReadEvent, ReadSeries
from actors.clients.steps import Failed, Outcome
from actors.resource.adoption import Adoption
from actors.resource.board_reader import BoardReader
from actors.resource.chronicle import Chronicle
from actors.resource.desk import Desk
from actors.resource.facts import BoardFact, OutlookFact
from actors.resource.orphans import orphan_link
from actors.resource.round import Round
from models.appointment import Appointment
from models.decision import Act, Decision
from models.delete_budget import Pass
from models.event import Event, EventHead, EventType
from models.ids import AppointmentGuid, EventId
from models.link import Link, Origin, Unshared
from models.preferences import Verdict
from models.reconcile import VERDICT_REASONS
from models.sides import GONE
from models.storage.changes import AddDecision, Change, DropUnshared, PutDeltaState, PutLink, PutUnshared
from models.storage.records import DeltaState, Trigger
from models.when import Window

RETRY_SECONDS = 30.0
ANSWERS = (NotFound, Unreadable)
"""Problems after which nothing is asked again: an event is gone, or told in no form that can be read (C9)."""


class MailboxReader:
    """Reads the mailbox and tells the desk."""

    def __init__(
        self, desk: Desk, board: BoardReader, chronicle: Chronicle, state: DeltaState | None
    ) -> None:
        self.desk = desk
        self.board = board
        self.chronicle = chronicle
        self.adoption = Adoption(desk, chronicle)
        self.state = state
        """How far the mailbox has been read; None makes the next round a full one."""
        self.round: Round | None = None
        self.read_at: datetime | None = None
        """When the last round began that has been dealt with."""
        self._again: tuple[Trigger, bool] | None = None
        self.is_new = state is None
        """Whether this mailbox has never been read with the present store (C5)."""
        desk.on_decided = self._decided

    @property
    def is_idle(self) -> bool:
        """Whether no round is under way."""
        return self.round is None

    @property
    def is_reading(self) -> bool:
        """Whether pages of a round are still to come."""
        return self.round is not None and not self.round.is_read

    # Rounds

    def ask(self, trigger: Trigger, *, full: bool = False) -> None:
        """Ask the mailbox what changed; `full`: read all of the window again."""
        if self.round is not None:
            self._again = (trigger, full or (self._again is not None and self._again[1]))
            return
        state = None if full else self.state
        window = self.desk.lens.window
        self.round = Round(
            trigger=trigger,
            full=state is None,
            window=window if state is None else state.window,
            began_at=self.desk.ports.now(),
            asked_at=self.desk.ports.monotonic(),
            judge=self.desk.judge(),
            taken_away=Pass(links=len(self.desk.book)),
        )
        if state is None:
            self._read(
                self.round, ReadDelta(mailbox=self.desk.mailbox.id, judge=self.round.judge, window=window)
            )
        else:
            self._follow(self.round, state.delta_link)

    def _follow(self, turn: Round, link: str) -> None:
        self._read(turn, ReadDelta(mailbox=self.desk.mailbox.id, judge=turn.judge, link=link))

    def _read(self, turn: Round, operation: ReadDelta) -> None:
        self.desk.ports.graph(operation, lambda outcome: self._page(turn, outcome))

    def _page(self, turn: Round, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._round_failed(turn, outcome)
            return
        page: DeltaPage = outcome.value
        turn.take(page)
        if page.next_link:
            self._follow(turn, page.next_link)
        else:
            turn.delta_link = page.delta_link
            self._round_read(turn)

    def _round_failed(self, turn: Round, outcome: Failed) -> None:
        """A spent link begins a new round (D5, D14); anything else is asked again. Nothing is concluded."""
        self.round = None
        spent = isinstance(outcome.problem, (TokenInvalid, ForeignLink)) and not turn.full
        if spent:
            self.state = None
            self.ask(turn.trigger, full=True)
            return
        self.desk.ports.trouble(outcome.problem)
        self.desk.ports.later(RETRY_SECONDS, lambda: self.ask(turn.trigger, full=turn.full))

    def _round_read(self, turn: Round) -> None:
        """Every page is there: place what it tells, find out about what it only mentions."""
        turn.is_read = True
        turn.reading += 1
        for event in turn.events.values():
            self._place(event, turn)
            self._end_series(event.head, turn)
        for series in turn.series.values():
            self._place_series(series, turn)
        for master in turn.unplaced:
            self._read_series(master, turn)
        for event_id in (*turn.removed, *turn.unreadable):
            self._mentioned(event_id, turn)
        self._has_read(turn)

    def _has_read(self, turn: Round) -> None:
        """One of the readings of this round is over; after the last one, what was not seen is looked for."""
        turn.reading -= 1
        if turn.reading == 0 and turn.suspects:
            self._look_into_suspects(turn)
            return
        if turn.reading == 0 and turn.full:
            self._confirm_unseen(turn)
            if self.board.has_listed:
                self.board.resolve_orphans(turn.trigger)
        self._end_if_done(turn)

    def _look_into_suspects(self, turn: Round) -> None:
        """Events that bear an id of ours and have no link: an answer that lags behind, a store that is older
        than they are, or another application. Only what is there and not ours is the person's own."""
        suspects, turn.suspects = turn.suspects, set()
        turn.reading += 1

        def told(others: Collection[EventId]) -> None:
            turn.cleared.update(others)
            for event_id in sorted(others):
                self._read_event(event_id, turn)
            self._has_read(turn)

        self.adoption.look_into(suspects, told)

    def _decided(self, guid: AppointmentGuid) -> None:
        turn = self.round
        if turn is not None:
            turn.waiting.discard(guid)
            self._end_if_done(turn)

    def _end_if_done(self, turn: Round) -> None:
        """Keep the round's link once nothing that it told is still undecided."""
        if not turn.is_read or turn.waiting or turn.reading or self.round is not turn:
            return
        self.round, self.read_at = None, turn.began_at
        full_round_at = turn.began_at if turn.full or self.state is None else self.state.full_round_at
        self.state = DeltaState(
            mailbox=self.desk.mailbox.id,
            delta_link=turn.delta_link,
            window=turn.window,
            full_round_at=full_round_at,
        )
        self.desk.ports.commit(PutDeltaState(state=self.state))
        self.is_new = False
        if self._again is not None:
            (trigger, full), self._again = self._again, None
            self.ask(trigger, full=full)

    # Events

    def _place(self, event: Event, turn: Round) -> None:
        """Give a fact to the item that it concerns, or note that the event is not shared."""
        head = event.head
        turn.seen.add(head.key)
        if head.type is EventType.MASTER or self.desk.has_departed(head.id):
            return
        guid = self._linked_guid(head)
        if guid is not None:
            if self._is_news(guid, head, turn):
                self._tell(guid, OutlookFact(event=event, asked_at=turn.asked_at), turn)
            return
        if self._may_be_ours(head, turn):
            turn.suspects.add(head.id)
            return
        verdict = turn.judge.verdict(head)
        guid = self.desk.book.guid_for(head.key)
        fact = OutlookFact(event=event, asked_at=turn.asked_at)
        orphan = self.board.orphans.pop(guid, None)
        if orphan is not None:
            self._adopt_orphan(orphan, fact, event, turn)
        elif not verdict.reaches_board:
            self._note_unshared(head, verdict, turn.trigger)
        elif self.desk.lens.window.overlaps(head.when):
            self._tell(guid, fact, turn)

    def _tell(self, guid: AppointmentGuid, fact: OutlookFact, turn: Round) -> None:
        turn.waiting.add(guid)
        self.desk.learn_outlook(guid, fact, turn.trigger)

    def _confirm(self, guid: AppointmentGuid, turn: Round) -> None:
        """A linked event was not where it should be: ask for it by itself before anything is concluded."""
        turn.waiting.add(guid)
        self.desk.miss(guid, turn.taken_away)
        item = self.desk.item(guid, turn.trigger)
        item.reread_outlook = True
        self.desk.consider(item)

    def _place_series(self, series: Series, turn: Round) -> None:
        """Place every occurrence, and find those that are gone by what is missing (facts §0.5, B8)."""
        book, master = self.desk.book, series.master.head.id
        keys = {event.head.key for event in series.occurrences}
        stands = self._place_master(series.master, turn)
        for event in series.occurrences:
            if not stands or event.head.when != series.master.head.when:
                self._place(event, turn)
        if series.unreadable:
            return
        for link in book.of_series(master):
            if link.event_key not in keys and _took_place_in(link, turn.window):
                self._confirm(link.guid, turn)
        for item in book.unshared_of_series(master):
            if item.event_key not in keys:
                self._drop_unshared(item)

    def _place_master(self, master: Event, turn: Round) -> bool:
        """An event that has become a series; whether it still stands for its first occurrence.

        That of an appointment does. One of the person's own is gone: its occurrences stand for themselves.
        """
        book, head = self.desk.book, master.head
        unshared, guid = book.unshared(head.key), book.by_event(head.id)
        if unshared is not None:
            self._drop_unshared(unshared)
        link = None if guid is None else book.get(guid)
        if link is None:
            return False
        turn.seen.add(head.key)
        if link.origin is Origin.OUTLOOK:
            self._tell(link.guid, OutlookFact(event=GONE, asked_at=turn.asked_at), turn)
        elif self._is_news(link.guid, head, turn):
            self._tell(link.guid, OutlookFact(event=master, asked_at=turn.asked_at), turn)
        return link.origin is Origin.BOARD

    def _end_series(self, head: EventHead, turn: Round) -> None:
        """A single event that was a series: what is left of its occurrences is looked for."""
        for link in self.desk.book.of_series(head.id):
            if link.event_key != head.key:
                self._confirm(link.guid, turn)

    def _read_series(self, master: EventId, turn: Round) -> None:
        """Read a series by itself: only its occurrences, or only its removal, were on the pages."""
        turn.reading += 1
        self._ask_series(master, turn)

    def _ask_series(self, master: EventId, turn: Round) -> None:
        operation = ReadSeries(
            mailbox=self.desk.mailbox.id, master_id=master, window=turn.window, judge=turn.judge
        )
        self.desk.ports.graph(operation, lambda outcome: self._series_read(master, turn, outcome))

    def _series_read(self, master: EventId, turn: Round, outcome: Outcome) -> None:
        problem = outcome.problem if isinstance(outcome, Failed) else None
        if problem is not None and not isinstance(problem, ANSWERS):
            self.desk.ports.later(RETRY_SECONDS, lambda: self._ask_series(master, turn))
            return
        if isinstance(problem, NotFound):
            for link in self.desk.book.of_series(master):
                self._confirm(link.guid, turn)
            if master in turn.unplaced and not turn.full:
                self._again = (turn.trigger, True)  # D5: what the pages said of this series was out of date
        elif not isinstance(outcome, Failed):
            self._place_series(outcome.value, turn)
        self._has_read(turn)

    def _mentioned(self, event_id: EventId, turn: Round) -> None:
        """Something about this id changed, perhaps only outside the window (facts §0.6)."""
        book = self.desk.book
        guid, key = book.by_event(event_id), book.unshared_by_event(event_id)
        if guid is not None:
            self._confirm(guid, turn)
        elif key is not None and event_id in turn.removed:
            item = book.unshared(key)
            if item is not None:
                self._drop_unshared(item)
        elif book.of_series(event_id) or book.unshared_of_series(event_id):
            self._read_series(event_id, turn)
        elif event_id in turn.unreadable:
            self._read_event(event_id, turn)

    def _read_event(self, event_id: EventId, turn: Round) -> None:
        turn.reading += 1
        self._ask_event(event_id, turn)

    def _ask_event(self, event_id: EventId, turn: Round) -> None:
        operation = ReadEvent(mailbox=self.desk.mailbox.id, event_id=event_id, judge=turn.judge)

        def read(outcome: Outcome) -> None:
            if isinstance(outcome, Failed) and not isinstance(outcome.problem, ANSWERS):
                self.desk.ports.later(RETRY_SECONDS, lambda: self._ask_event(event_id, turn))
                return
            if not isinstance(outcome, Failed):
                self._place(outcome.value, turn)
            self._has_read(turn)

        self.desk.ports.graph(operation, read)

    def _confirm_unseen(self, turn: Round) -> None:
        """What should have been in a full round and was not."""
        turn.taken_away.read_empty = not turn.seen
        for link in self.desk.book:
            if (
                link.event_key is not None
                and link.event_key not in turn.seen
                and _took_place_in(link, turn.window)
            ):
                self._confirm(link.guid, turn)
        for item in self.desk.book.all_unshared():
            if item.event_key not in turn.seen:
                self._drop_unshared(item)

    def _linked_guid(self, head: EventHead) -> AppointmentGuid | None:
        book = self.desk.book
        guid = book.by_event(head.id) or book.by_key(head.key)
        if guid is None and head.transaction_id:
            guid = book.by_transaction(head.transaction_id)
            link = book.get(guid) if guid is not None else None
            if link is not None and link.event_id is not None:
                return None  # a copy that kept the id of its original's creation (B13)
        return guid

    def _may_be_ours(self, head: EventHead, turn: Round) -> bool:
        """Whether an event without a link bears an id that the connector may have given it."""
        is_known = head.id in turn.cleared or self.desk.book.unshared(head.key) is not None
        return bool(head.transaction_id) and not is_known

    def _is_news(self, guid: AppointmentGuid, head: EventHead, turn: Round) -> bool:
        """Whether a linked event is in another state than was agreed; our own writes are not news (C1).

        Answers may lag behind: what is older than the version we know is no news either.
        """
        link = self.desk.book.get(guid)
        if link is None or link.etag is None:
            return True
        if turn.full:
            return True
        older = (
            link.event_modified_at is not None
            and head.modified_at is not None
            and head.modified_at < link.event_modified_at
        )
        return link.etag != head.etag and not older

    # What is not shared

    def _note_unshared(self, head: EventHead, verdict: Verdict, trigger: Trigger) -> None:
        """Keep the id, the version and the verdict, and why, once (B2)."""
        known = self.desk.book.unshared(head.key)
        item = Unshared(
            resource_no=self.desk.resource.resource_no,
            mailbox=self.desk.mailbox.id,
            event_id=head.id,
            event_key=head.key,
            etag=head.etag,
            verdict=verdict,
        )
        if item == known:
            return
        self.desk.book.put_unshared(item)
        changes: list[Change] = [PutUnshared(unshared=item)]
        if known is None or known.verdict is not verdict:
            decision = Decision(act=Act.NOTHING, reason=VERDICT_REASONS[verdict])
            changes.append(AddDecision(decision=self.chronicle.unshared(head, decision, trigger)))
        self.desk.ports.commit(*changes)

    def _drop_unshared(self, item: Unshared) -> None:
        self.desk.book.drop_unshared(item.event_key)
        self.desk.ports.commit(DropUnshared(resource_no=item.resource_no, event_key=item.event_key))

    def _adopt_orphan(self, orphan: Appointment, fact: OutlookFact, event: Event, turn: Round) -> None:
        """An appointment from Outlook whose link was lost: link it again, also to take it away (C5, E)."""
        link = orphan_link(self.desk.lens, self.desk.mailbox.id, orphan, event)
        self.desk.book.put(link)
        self.desk.ports.commit(PutLink(link=link), AddDecision(decision=self.chronicle.adopted(link, event)))
        item = self.desk.item(orphan.guid, turn.trigger)
        item.board = BoardFact(appointment=orphan, asked_at=turn.asked_at)
        self._tell(orphan.guid, fact, turn)


def _took_place_in(link: Link, window: Window) -> bool:
    """Whether a reading of this window should have shown the link's event."""
    when = link.agreed.outlook.when or link.agreed.board.when if link.agreed is not None else None
    return link.event_id is not None and when is not None and window.overlaps(when)

"""Where one resource's items are decided about, one at a time.

Facts come in from both systems through the readers. As soon as nothing is under way for an item, both sides
are put before `models.reconcile.decide` and the writer carries the decision out. Whatever ends there comes
back as a new fact, until there is nothing left to decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from actors.clients.errors import NotFound, Rejected, Unreadable
from actors.clients.graph.operations import ReadEvent
from actors.clients.scheduler.operations import AppointmentListing, ListAppointments, ReadAppointment
from actors.clients.steps import Done, Failed, Outcome
from actors.resource.case import Case
from actors.resource.facts import BoardFact, Fences, Item, OutlookFact
from actors.resource.ports import Ports
from actors.resource.sides import Lens
from models.appointment import Appointment
from models.book import LinkBook
from models.decision import Act
from models.delete_budget import Pass
from models.event import Event, EventType
from models.ids import AppointmentGuid, AppointmentId, EventId
from models.judging import Judge
from models.link import Agreed, Link, LinkState, Origin
from models.mapper import Mapper
from models.policy import Policy
from models.preferences import Preferences
from models.reconcile import decide
from models.resource import Mailbox, Resource
from models.retention import is_long_past
from models.sides import GONE, BoardSide, Gone
from models.storage.changes import PutLink
from models.storage.records import Trigger
from models.when import AllDay, When, Window

FENCE_SECONDS = 3600.0
"""How long an answer may take to come in and still be recognised as older than what is known."""
FENCES_KEPT = 64
RETRY_FIRST_SECONDS = 2.0
RETRY_LONGEST_SECONDS = 300.0
FAR = timedelta(days=3653)
"""How far from now an appointment is looked for of which nobody knows when it was planned."""
LAG_SECONDS = 600.0
"""For how long answers of Graph may lag behind its own writes (facts §3.3 names no figure)."""


class Effects(Protocol):
    """Carries decisions out: the writer."""

    def carry_out(self, case: Case) -> None:
        """Do what was decided about an item."""
        ...


class Desk:
    """The items of one resource that something is the matter with, and the book of its links."""

    def __init__(
        self,
        *,
        resource: Resource,
        mailbox: Mailbox,
        lens: Lens,
        policy: Policy,
        book: LinkBook,
        ports: Ports,
    ) -> None:
        self.resource = resource
        self.mailbox = mailbox
        self.lens = lens
        self.policy = policy
        self.book = book
        self.ports = ports
        self.items: dict[AppointmentGuid, Item] = {}
        self.missing: dict[AppointmentGuid, Pass] = {}
        """What was not found where it should have been, and by which reading (C10)."""
        self._departed: dict[EventId | AppointmentGuid, float] = {}
        self._fences: dict[AppointmentGuid, Fences] = {}
        """Of items that are closed, for answers that are slower than that."""
        self.on_decided: Callable[[AppointmentGuid], None] = lambda guid: None
        """Told when everything that was known of an item has been decided about and put on disk."""
        self.takes_stray: Callable[[Appointment, Trigger], bool] = lambda appointment, trigger: False
        """Asked about an appointment that was read by itself and has no link: whether its event has to be
        looked for before anything is decided about it."""
        self.undo: Callable[[Item], None] = lambda item: None
        """Goes on with what is to be put back of an item, once nothing else is under way for it."""
        self._effects: Effects | None = None
        self.collects = False
        """Whether facts are only gathered, until `decide_collected`."""

    def employ(self, effects: Effects) -> None:
        """Say who carries decisions out."""
        self._effects = effects

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self.items

    def judge(self) -> Judge:
        """What goes with every read of the mailbox, so that nothing unshared is read."""
        lens = self.lens
        return Judge(
            preferences=lens.preferences, readable=lens.readable, board_born=self.book.board_born_events()
        )

    def look_through(self, mapper: Mapper, window: Window) -> None:
        """This mapping, its rules included, and this window hold from now on."""
        if mapper is not self.lens.mapper or window != self.lens.window:
            self.lens = replace(self.lens, mapper=mapper, window=window)

    def share(self, preferences: Preferences) -> None:
        """The resource shares something else from now on."""
        self.lens = replace(self.lens, preferences=preferences)

    def item(self, guid: AppointmentGuid, trigger: Trigger) -> Item:
        """The item of an appointment, opened if nothing was the matter with it until now."""
        item = self.items.get(guid)
        if item is None:
            fences = self._fences.get(guid) or Fences()
            item = self.items[guid] = Item(guid=guid, trigger=trigger, fences=fences)
        elif not item.waiting_for:
            item.trigger = trigger
        return item

    def miss(self, guid: AppointmentGuid, reading: Pass) -> None:
        """An item was not found by a reading that should have shown it."""
        reading.missing.add(guid)
        self.missing[guid] = reading

    def depart(self, item_id: EventId | AppointmentGuid) -> None:
        """An item is deleted by this desk: answers that lag behind may still show it for a while."""
        now = self.ports.monotonic()
        recent = {id_: at for id_, at in self._departed.items() if now - at < LAG_SECONDS}
        self._departed = {**recent, item_id: now}

    def has_departed(self, item_id: EventId | AppointmentGuid) -> bool:
        """Whether an item was deleted by this desk a short while ago."""
        return self.ports.monotonic() - self._departed.get(item_id, float("-inf")) < LAG_SECONDS

    # Facts

    def learn_board(self, guid: AppointmentGuid, fact: BoardFact, trigger: Trigger) -> None:
        """An appointment was read. What was asked before our own last write is asked again."""
        item = self.item(guid, trigger)
        if not item.learn_board(fact) and item.is_old_board(fact):
            item.reread_board = True
        self.consider(item)

    def learn_outlook(self, guid: AppointmentGuid, fact: OutlookFact, trigger: Trigger) -> None:
        """An event was read. What was asked before our own last write is asked again."""
        item = self.item(guid, trigger)
        if not item.learn_outlook(fact) and item.is_old_outlook(fact):
            item.reread_outlook = True
        self.consider(item)

    # Decisions

    def decide_collected(self) -> None:
        """Decide about everything that was learned meanwhile."""
        self.collects = False
        for item in tuple(self.items.values()):
            self.consider(item)

    def consider(self, item: Item) -> None:
        """Decide about an item, unless something is under way for it; then this happens when that ends."""
        if self.collects or item.waiting_for or self._reads_again(item):
            return
        if item.reversal is not None:
            self.undo(item)
            return
        if item.board is None and item.outlook is None:
            self.close(item)
            return
        case = self.case(item)
        if self._needs_board(case):
            self.read_board(item)
        elif self._needs_event(case):
            self.read_event(item)
        elif self._effects is not None:
            self._effects.carry_out(case)

    def close(self, item: Item) -> None:
        """Nothing is the matter with this item any more."""
        self.items.pop(item.guid, None)
        self._keep_fences(item)
        self.on_decided(item.guid)

    def _keep_fences(self, item: Item) -> None:
        self._fences[item.guid] = item.fences
        if len(self._fences) > 2 * len(self.book) + FENCES_KEPT:
            oldest = self.ports.monotonic() - FENCE_SECONDS
            self._fences = {guid: kept for guid, kept in self._fences.items() if kept.latest > oldest}

    def case(self, item: Item, *, born: Origin | None = None) -> Case:
        """An item as it is now, and what follows from it; `born` where no link says so, if that is known."""
        link = self.book.get(item.guid)
        origin = self._origin(item, link, born)
        board = None if item.board is None else self.lens.board_side(item.board.appointment, origin, link)
        outlook = None if item.outlook is None else self.lens.outlook_side(item.outlook.event, origin, link)
        # whose event is gone before its creation was confirmed is no planner's, and gets no other event
        is_of_gone_event = origin is Origin.OUTLOOK and outlook is GONE
        known = link if link is not None and (is_of_gone_event or not is_being_created(link)) else None
        return Case(
            item=item,
            link=link,
            origin=origin,
            read_appointment=item.board.appointment if item.board is not None else None,
            read_event=item.outlook.event if item.outlook is not None else None,
            board=board,
            outlook=outlook,
            decision=decide(known, board, outlook, self.policy),
        )

    def _origin(self, item: Item, link: Link | None, born: Origin | None) -> Origin:
        if link is not None:
            return link.origin
        if born is not None:
            return born
        return Origin.BOARD if item.outlook is None else Origin.OUTLOOK

    def _needs_board(self, case: Case) -> bool:
        """Whether the board has to be read first.

        It knows no If-Match, so that every change of an appointment is decided upon a fresh reading; and what
        is put back in an event is what the board says now.
        """
        if case.item.board is not None:
            return False
        act = case.decision.act
        if act is Act.REMOVE_APPOINTMENT:
            return case.origin is Origin.BOARD
        return act in (Act.CREATE_EVENT, Act.UPDATE_EVENT, Act.UPDATE_APPOINTMENT, Act.UPDATE_BOTH)

    def _needs_event(self, case: Case) -> bool:
        """Whether the event has to be read first: only it tells whether it is the person's to change, and
        only its version whether others have been invited to it."""
        act, link = case.decision.act, case.link
        if case.item.outlook is not None:
            return self._may_be_read_by_now(case.item.outlook.event, case.origin)
        if case.origin is Origin.BOARD:
            is_known = link is None or link.etag is not None
            return not is_known and act in (Act.UPDATE_EVENT, Act.UPDATE_BOTH, Act.DELETE_EVENT)
        if act is Act.NOTHING and self._may_be_unlocked(case):
            return True
        if act is Act.CREATE_EVENT:
            return True  # an appointment whose creation nobody has heard of is no planner's
        # a change that came before the deletion of its appointment outlives it (C4)
        return act in (Act.UPDATE_EVENT, Act.UPDATE_BOTH, Act.UPDATE_APPOINTMENT, Act.SUPPRESS)

    def _may_be_read_by_now(self, event: Event | Gone, origin: Origin) -> bool:
        """Whether an event came without its words, by preferences of before: masked, it would be put back."""
        if isinstance(event, Gone) or event.detail is not None or self.lens.in_force is not None:
            return False  # while preferences are only tried out, they do not change
        written = frozenset({event.head.id}) if origin is Origin.BOARD else frozenset()
        return Judge(preferences=self.lens.preferences, board_born=written).may_read(event.head)

    @staticmethod
    def _may_be_unlocked(case: Case) -> bool:
        """Whether something about an appointment has changed that its event does not show: where that was its
        lock, a change of the event may have waited for it."""
        link, appointment = case.link, case.appointment
        if link is None or link.event_id is None or appointment is None or appointment.locked:
            return False
        versions = (link.board_modified_at, appointment.modified_at)
        return None not in versions and versions[0] != versions[1]

    def _reads_again(self, item: Item) -> bool:
        if item.reread_board:
            item.reread_board = False
            self.read_board(item)
            return True
        if item.reread_outlook:
            item.reread_outlook = False
            self.read_event(item)
            return True
        return False

    # Reading one item

    def read_board(self, item: Item) -> None:
        """Read an appointment by itself; that it is gone is believed only when a listing says so too.

        What the board understands by the id in `GET /appointment/{id}` is not documented (facts,
        Dime.Scheduler "Not documented publicly"), so that a 404 alone proves nothing.
        """
        link = self.book.get(item.guid)
        known = link.appointment_id if link is not None else item.appointment_id
        item.waiting_for = "appointment"
        asked_at = self.ports.monotonic()
        operation = ReadAppointment(id=known or AppointmentId(item.guid))
        self.ports.board(operation, lambda outcome: self._appointment_read(item, asked_at, outcome))

    def _appointment_read(self, item: Item, asked_at: float, outcome: Outcome) -> None:
        if isinstance(outcome, Done) and outcome.value.guid == item.guid:
            self._board_answered(item, outcome.value, asked_at)
            return
        if isinstance(outcome, Failed) and not isinstance(outcome.problem, (NotFound, Rejected)):
            item.reread_board = _may_be_readable(outcome)
            self.pause(item)
            return
        around = self._where_it_was(item)
        operation = ListAppointments(window=around, resources=(self.resource.resource_no,))
        asked_at = self.ports.monotonic()
        self.ports.board(operation, lambda listed: self._absence_listed(item, asked_at, listed))

    def _absence_listed(self, item: Item, asked_at: float, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            item.reread_board = _may_be_readable(outcome)
            self.pause(item)
            return
        listing: AppointmentListing = outcome.value
        found = next((one for one in listing.appointments if one.guid == item.guid), None)
        if found is None and listing.unreadable:
            self.pause(item)  # what cannot be read may be it: nothing is concluded
            return
        self._board_answered(item, GONE if found is None else found, asked_at)

    def _board_answered(self, item: Item, appointment: Appointment | Gone, asked_at: float) -> None:
        item.waiting_for = ""
        if self._is_stray(item, appointment):
            self.close(item)
            return
        if isinstance(appointment, Appointment):
            self._recollect(item, appointment)
        item.learn_board(BoardFact(appointment=appointment, asked_at=asked_at))
        self.consider(item)

    def _recollect(self, item: Item, appointment: Appointment) -> None:
        """An appointment that is long past says still what was agreed before its link was forgotten: changed
        since is its event, by which the link was found again."""
        link, lens = self.book.get(item.guid), self.lens
        if link is None or link.agreed is None or link.appointment_id is not None:
            return
        if not is_long_past(appointment.when, lens.window):
            return
        side = lens.board_side(appointment, link.origin)
        if isinstance(side, BoardSide):
            link = replace(link, agreed=Agreed(board=side.content, outlook=side.content))
            self.book.put(link)
            self.ports.commit(PutLink(link=link))
            item.reread_outlook = True

    def _is_stray(self, item: Item, appointment: Appointment | Gone) -> bool:
        is_known = item.outlook is not None or item.reread_outlook or self.book.get(item.guid) is not None
        return (
            isinstance(appointment, Appointment)
            and not is_known
            and self.takes_stray(appointment, item.trigger)
        )

    def read_event(self, item: Item) -> None:
        """Read an event by itself. A 404 is its absence."""
        event_id = self._event_id(item)
        if event_id is None:
            self.close(item)
            return
        item.waiting_for = "event"
        operation = ReadEvent(mailbox=self.mailbox.id, event_id=event_id, judge=self.judge())
        asked_at = self.ports.monotonic()
        self.ports.graph(operation, lambda outcome: self._event_read(item, asked_at, outcome))

    def _event_read(self, item: Item, asked_at: float, outcome: Outcome) -> None:
        if isinstance(outcome, Failed) and not isinstance(outcome.problem, NotFound):
            self.ports.trouble(outcome.problem)
            item.reread_outlook = _may_be_readable(outcome)
            self.pause(item)
            return
        item.waiting_for = ""
        event = (
            GONE if isinstance(outcome, Failed) or self._has_become_series(item, outcome) else outcome.value
        )
        item.learn_outlook(OutlookFact(event=event, asked_at=asked_at))
        self.consider(item)

    def _has_become_series(self, item: Item, outcome: Done[Event]) -> bool:
        """An event of the person's own is gone when it has: its occurrences stand for themselves."""
        link = self.book.get(item.guid)
        is_own = link is not None and link.origin is Origin.OUTLOOK
        return is_own and outcome.value.head.type is EventType.MASTER

    def pause(self, item: Item, then: Callable[[Item], None] | None = None) -> None:
        """Something transient is wrong: look at the item again after a growing while."""
        item.tries += 1
        item.waiting_for = "pause"
        longest = min(RETRY_LONGEST_SECONDS, RETRY_FIRST_SECONDS * 2 ** min(item.tries, 10))
        seconds = longest * (0.5 + self.ports.random.random() / 2)
        self.ports.later(seconds, lambda: (then or self.resume)(item))

    def resume(self, item: Item) -> None:
        """What the item waited for is over."""
        item.waiting_for = ""
        self.consider(item)

    def _event_id(self, item: Item) -> EventId | None:
        link = self.book.get(item.guid)
        return link.event_id if link is not None and link.event_id is not None else item.event_id

    def _where_it_was(self, item: Item) -> Window:
        link = self.book.get(item.guid)
        when = link.agreed.board.when if link is not None and link.agreed is not None else None
        if link is None or when is None:
            return self.lens.window
        if link.appointment_id is None:  # found by its event, of which only the time now is known
            now = self.ports.now()
            return Window(start=now - FAR, end=now + FAR)
        return around(when, self.lens.window)


def is_being_created(link: Link) -> bool:
    """Whether a link's first write has not been confirmed: its other side may or may not exist."""
    return link.agreed is None and link.state is LinkState.ACTIVE


def _may_be_readable(outcome: Failed) -> bool:
    """Whether to ask again: what is told in no form that can be read is left as it is (C9)."""
    return not isinstance(outcome.problem, Unreadable)


def around(when: When, window: Window) -> Window:
    """A day on either side of an interval; the whole window for something that floats."""
    if isinstance(when, AllDay):
        return window
    return Window(start=when.start - timedelta(days=1), end=when.end + timedelta(days=1))

"""What is read from the board for one resource, and what follows from what is not there."""

from __future__ import annotations

from collections.abc import Collection

from actors.clients.errors import NotFound, Unreadable
from actors.clients.graph.operations import ReadEvent
from actors.clients.scheduler.operations import AppointmentListing, ListAppointments
from actors.clients.steps import Failed, Outcome
from actors.resource.desk import Desk
from actors.resource.facts import BoardFact, OutlookFact
from actors.resource.messages import AppointmentRef, BoardListed, Hint
from actors.resource.orphans import orphan_link
from models.appointment import Appointment
from models.delete_budget import Pass
from models.ids import AppointmentGuid, EventId
from models.link import Link, LinkState, Origin
from models.sides import GONE
from models.storage.changes import PutLink
from models.storage.records import Trigger
from models.when import Window

RETRY_SECONDS = 30.0
"""How long after a failed reading it is tried again."""


class BoardReader:
    """Reads the board and tells the desk."""

    def __init__(self, desk: Desk, *, source_app: str, source_type: str) -> None:
        """`source_app` and `source_type` are stamped on what the connector itself writes."""
        self.desk = desk
        self._own_stamp = (source_app.lower(), source_type.lower())
        self.orphans: dict[AppointmentGuid, Appointment] = {}
        """Appointments from Outlook that no link knows: their events may turn up (C5)."""
        self._pondered: set[AppointmentGuid] = set()
        """Those of them that were resolved once, as far as that was possible."""
        self.has_listed = False
        self._listing = False
        self._again: Trigger | None = None
        desk.takes_stray = self._takes_stray

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read."""
        return not self._listing

    def list_window(self, trigger: Trigger) -> None:
        """Read every appointment of the resource in the window."""
        if self._listing:
            self._again = trigger
            return
        self._listing = True
        desk, window = self.desk, self.desk.lens.window
        operation = ListAppointments(window=window, resources=(desk.resource.resource_no,))
        asked_at = desk.ports.monotonic()
        desk.ports.board(operation, lambda outcome: self._answered(outcome, window, asked_at, trigger))

    def _answered(self, outcome: Outcome, window: Window, asked_at: float, trigger: Trigger) -> None:
        self._listing = False
        if isinstance(outcome, Failed):
            # an error is never an empty list (C11): nothing is concluded, and it is asked again
            self.desk.ports.later(RETRY_SECONDS, lambda: self.list_window(trigger))
            return
        listing: AppointmentListing = outcome.value
        self.listed(
            BoardListed(
                appointments=listing.appointments,
                unreadable=listing.unreadable,
                window=window,
                asked_at=asked_at,
                trigger=trigger,
            )
        )
        if self._again is not None:
            again, self._again = self._again, None
            self.list_window(again)

    def listed(self, listing: BoardListed) -> None:
        """Every appointment of the resource in a window was read."""
        self.has_listed = True
        for appointment in listing.appointments:
            self.place(appointment, listing.asked_at, listing.trigger)
        listed = {appointment.guid for appointment in listing.appointments}
        reading = Pass(links=len(self.desk.book), read_empty=not listing.appointments)
        missing = [
            link.guid
            for link in self.desk.book
            if (link.appointment_id is None or link.appointment_id not in listing.unreadable)
            and link.guid not in listed
            and _belongs(link, listing.window)
        ]
        for guid in missing:
            self.desk.miss(guid, reading)
        for guid in missing:
            self._missing(guid, listing.trigger)
        self._look_for_events(listing.trigger)

    def _look_for_events(self, trigger: Trigger) -> None:
        """Of a store that was restored: the mailbox may know the events behind orphans."""
        if self.orphans.keys() - self._pondered:
            full = Hint(outlook=True, full=True, trigger=trigger)
            self.desk.ports.hint(self.desk.resource.resource_no, full)

    def read(self, keys: Collection[AppointmentRef], trigger: Trigger) -> None:
        """Read these appointments by themselves, if they are of this resource's business."""
        for key in keys:
            item = self.desk.item(self.desk.book.by_appointment(key.id) or key.guid, trigger)
            item.appointment_id = item.appointment_id or key.id
            item.reread_board = True
            self.desk.consider(item)

    def place(self, appointment: Appointment, asked_at: float, trigger: Trigger) -> None:
        """Give a fact to the item that it concerns."""
        desk, fact = self.desk, BoardFact(appointment=appointment, asked_at=asked_at)
        link = desk.book.get(appointment.guid)
        if link is not None or appointment.guid in desk.items:
            desk.learn_board(appointment.guid, fact, trigger)
        elif not appointment.is_assigned_to(desk.resource.resource_no):
            return
        elif self.is_from_outlook(appointment):
            if not desk.has_departed(appointment.guid):
                self.orphans[appointment.guid] = appointment
        else:
            desk.learn_board(appointment.guid, fact, trigger)

    def is_from_outlook(self, appointment: Appointment) -> bool:
        """Whether the connector itself wrote this appointment for an event."""
        stamp = (appointment.source_app.lower(), appointment.source_type.lower())
        return bool(appointment.exchange_id) or stamp == self._own_stamp

    def _takes_stray(self, appointment: Appointment, trigger: Trigger) -> bool:
        """An appointment from Outlook that no link of this resource knows, read by itself.

        It is another resource's and was reassigned to this one, or an orphan.
        """
        desk = self.desk
        is_of_this = appointment.is_assigned_to(desk.resource.resource_no)
        if not is_of_this or not self.is_from_outlook(appointment) or desk.has_departed(appointment.guid):
            return False
        asked_at = desk.ports.monotonic()

        def owners_known(links: Collection[Link]) -> None:
            if desk.book.get(appointment.guid) is not None or any(_is_from_outlook(link) for link in links):
                desk.learn_board(
                    appointment.guid, BoardFact(appointment=appointment, asked_at=asked_at), trigger
                )
            else:
                self.orphans[appointment.guid] = appointment
                self._look_for_events(trigger)

        desk.ports.load(lambda store: store.links_of_appointment(guid=appointment.guid), owners_known)
        return True

    def resolve_orphans(self, trigger: Trigger) -> None:
        """The mailbox was read in full, and these appointments from Outlook belong to none of its events.

        Another resource's event may be behind one that a planner reassigned: then it is treated like any
        appointment (A5). One whose event can be looked up and is gone follows it; of the others nothing can
        be proven, and they stay.
        """
        orphans, self.orphans = self.orphans, {}
        self._pondered.update(orphans)
        for guid, appointment in orphans.items():
            self._resolve(guid, appointment, trigger)

    def _resolve(self, guid: AppointmentGuid, appointment: Appointment, trigger: Trigger) -> None:
        desk = self.desk

        def owners_known(links: Collection[Link]) -> None:
            if desk.book.get(guid) is not None:
                return
            if any(_is_from_outlook(link) for link in links):
                fact = BoardFact(appointment=appointment, asked_at=desk.ports.monotonic())
                desk.learn_board(guid, fact, trigger)
            elif appointment.exchange_id:
                self._follow_event(appointment, trigger)

        desk.ports.load(lambda store: store.links_of_appointment(guid=guid), owners_known)

    def _follow_event(self, appointment: Appointment, trigger: Trigger) -> None:
        """Nothing of the appointment is kept before it is known whether its event is shared (E)."""
        desk, event_id = self.desk, EventId(appointment.exchange_id)
        operation = ReadEvent(mailbox=desk.mailbox.id, event_id=event_id, judge=desk.judge())
        asked_at = desk.ports.monotonic()

        def read(outcome: Outcome) -> None:
            problem = outcome.problem if isinstance(outcome, Failed) else None
            if isinstance(problem, Unreadable):
                return  # of what cannot be read nothing is known, and the appointment stays
            if problem is not None and not isinstance(problem, NotFound):
                desk.ports.later(RETRY_SECONDS, lambda: self._follow_event(appointment, trigger))
                return
            event = None if isinstance(outcome, Failed) else outcome.value
            if desk.book.get(appointment.guid) is None:
                link = orphan_link(desk.lens, desk.mailbox.id, appointment, event)
                desk.book.put(link)
                desk.ports.commit(PutLink(link=link))
            fact = OutlookFact(event=GONE if event is None else event, asked_at=asked_at)
            desk.learn_outlook(appointment.guid, fact, trigger)

        desk.ports.graph(operation, read)

    def _missing(self, guid: AppointmentGuid, trigger: Trigger) -> None:
        """A link's appointment was not listed: it moved, it is somebody else's now, or it is gone."""
        item = self.desk.item(guid, trigger)
        if item.board is not None and item.board.appointment is GONE:
            return
        item.reread_board = True
        self.desk.consider(item)


def _is_from_outlook(link: Link) -> bool:
    return link.origin is Origin.OUTLOOK


def _belongs(link: Link, window: Window) -> bool:
    """Whether a listing of this window should have shown the link's appointment."""
    if link.state is LinkState.SUPPRESSED or link.agreed is None or link.agreed.board.when is None:
        return False
    return window.overlaps(link.agreed.board.when)

"""Links whose items are long past: forgotten once a day, so that a book stays as large as its window."""

from __future__ import annotations

import structlog

from actors.resource.course import Course
from actors.resource.desk import Desk
from actors.resource.holding import Holding
from models.appointment import Appointment
from models.event import EventHead
from models.ids import ResourceNo
from models.link import Link
from models.retention import KEPT, has_outlived, is_long_past
from models.storage.changes import Change, DropLink, PutMeta
from models.when import day_of

log = structlog.get_logger(__name__)


def key_of(resource_no: ResourceNo) -> str:
    """Under which the store remembers that links of a resource were forgotten."""
    return f"links_forgotten/{resource_no}"


class Retention:
    """Forgets, and knows what may have been forgotten."""

    def __init__(self, course: Course, holding: Holding) -> None:
        self._course, self._holding = course, holding
        self._desk = course.desk
        self._looked_on: int | None = None

    def look_through(self) -> None:
        """Once a day, at a moment of the mailbox's own, forget the links that nobody needs any more."""
        desk = self._desk
        today = day_of(desk.mailbox.id, desk.ports.now())
        if desk.ports.rehearses or today == self._looked_on:
            return
        self._looked_on = today
        gone = [link for link in desk.book if self._is_needless(link)]
        if not gone:
            return
        log.info("links forgotten", resource=desk.resource.resource_no, links=len(gone))
        for link in gone:
            desk.book.drop(link.guid)
        forget(desk, *(DropLink(resource_no=link.resource_no, guid=link.guid) for link in gone))

    def _is_needless(self, link: Link) -> bool:
        desk = self._desk
        is_open = (
            link.guid in desk.items or self._course.parking.holds(link.guid) or self._holding.holds(link.guid)
        )
        return not is_open and has_outlived(link, desk.lens.window, desk.ports.now())


def forget(desk: Desk, *drops: Change) -> None:
    """Forget something, and remember that it was done."""
    if not desk.book.has_forgotten:
        desk.book.has_forgotten = True
        now = desk.ports.now().isoformat()
        desk.ports.commit(PutMeta(key=key_of(desk.resource.resource_no), value=now))
    if drops:
        desk.ports.commit(*drops)


def may_be_forgotten(desk: Desk, appointment: Appointment) -> bool:
    """Whether an appointment without a link may have had one, and with it an event."""
    created = appointment.created_at
    return desk.book.has_forgotten and (created is None or created < desk.ports.now() - KEPT)


def is_not_taken_up(desk: Desk, head: EventHead) -> bool:
    """Whether an event without a link is one whose link is, or would be, forgotten."""
    is_untouched = head.modified_at is not None and head.modified_at < desk.ports.now() - KEPT
    return is_untouched and is_long_past(head.when, desk.lens.window)

"""Events from the board that others are invited to: the person made a meeting of them.

Outlook mails guests every change of a meeting and its deletion, and nothing can be said to prevent it (facts
§2.2, §2.4). So such an event is not written: the difference stays, is explained and shown as something put
aside, and is settled as soon as nobody is invited any more.
"""

from __future__ import annotations

from typing import Final

from actors.resource.case import Case
from actors.resource.course import Course
from actors.resource.links import moved_on
from models.decision import REASONS, Act, Reason
from models.storage.changes import Change, PutLink
from models.storage.records import Outcome as Ending

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
        letter = self.course.parking.put_aside(case, f"{REASONS[Reason.HAS_GUESTS]}; {REMEDY}", act=wanted)
        self.course.tell(case)
        self.course.commit(*changes, kept, letter, *self.course.intent_done(case.item))
        self.course.finish(case.item)

"""Items that nothing is done about although there would be something to do: outside the window, or held off
by a setting or a lock. Why that is so is told once, and again when it is something else that keeps them out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from actors.resource.case import Case
from actors.resource.course import Course
from models.decision import Act, Reason
from models.ids import AppointmentGuid
from models.link import Origin
from models.storage.changes import AddDecision
from models.storage.records import DecisionRecord
from models.storage.records import Outcome as Ending

TOLD: Final = frozenset({Reason.OUTSIDE_WINDOW, Reason.TO_OUTLOOK_OFF, Reason.TO_BOARD_OFF, Reason.LOCKED})
"""What keeps an item out without a decision of its own being kept elsewhere."""


class KeepingOut:
    """Remembers what was told last of each item while the actor lives; the store remembers longer."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self._told: dict[AppointmentGuid, Reason] = {}

    def hear(self, case: Case) -> None:
        """A decision is about to be carried out."""
        guid, reason = case.item.guid, case.decision.reason
        if case.decision.act is not Act.NOTHING or reason not in TOLD:
            self._told.pop(guid, None)
        elif self._told.get(guid) is not reason and not self.course.desk.ports.rehearses:
            self._told[guid] = reason
            self._tell_unless_told(case, reason)

    def _tell_unless_told(self, case: Case, reason: Reason) -> None:
        desk = self.course.desk
        number, guid = desk.resource.resource_no, case.item.guid
        decision = _without_words(case, self.course.kept(case, Ending.NONE).decision)

        def answered(last: Reason | None) -> None:
            if last is not reason:
                desk.ports.commit(AddDecision(decision=decision))

        desk.ports.load(lambda store: store.last_reason(number, guid), answered)


def _without_words(case: Case, decision: DecisionRecord) -> DecisionRecord:
    """Of an event without a link nobody would erase what it says, when it is shared no longer (E)."""
    if case.origin is Origin.BOARD or case.link is not None:
        return decision
    return replace(decision, subject="", when=None, ical_uid="", changes=())

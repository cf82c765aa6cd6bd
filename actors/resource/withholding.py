"""Appointments that a rule keeps out of Outlook: what is kept of them, and when that is told again."""

from __future__ import annotations

from actors.resource.case import Case
from actors.resource.course import Course
from actors.resource.links import withheld
from models.decision import Act, Reason
from models.ids import AppointmentGuid
from models.link import LinkState
from models.storage.changes import Change, PutLink
from models.storage.records import Outcome as Ending
from models.storage.records import Trigger


class Withholding:
    """Remembers which rule was named last for each appointment, for as long as the actor lives."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self._named: dict[AppointmentGuid, str] = {}

    def hear(self, case: Case) -> None:
        """A decision is about to be carried out."""
        if case.decision.act is Act.CREATE_EVENT:
            self._named.pop(case.item.guid, None)
        elif case.decision.act is Act.DELETE_EVENT and case.decision.reason is Reason.RULE_FAILED:
            self._named[case.item.guid] = case.decision.detail

    def keep(self, case: Case) -> tuple[Change, ...]:
        """What to store of an appointment that has no event because a rule does not pass.

        A decision is kept when this begins, and when another rule stands in the way than the one that was
        named before: whoever asks why is told of the rule that counts now.
        """
        link, appointment = case.link, case.appointment
        if appointment is None:
            return ()
        kept = withheld(case, appointment, *self.course.who)
        is_new = link is None or link.state is not LinkState.WITHHELD
        named = self._named.get(case.item.guid)
        may_be_another = named is not None or kept != link or case.item.trigger is Trigger.RULES
        self._named[case.item.guid] = case.decision.detail
        changes: list[Change] = [PutLink(link=kept)] if kept != link else []
        if is_new or (may_be_another and named != case.decision.detail):
            self.course.tell(case)
            changes.append(self.course.kept(case, Ending.NONE))
        return tuple(changes)

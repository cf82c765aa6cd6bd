"""Judging one event by what its owner shares. Pure, and needs no word of what the owner wrote."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from models.content import Sensitivity
from models.event import EventHead, Response
from models.ids import EventId
from models.preferences import Preferences, PrivateEvents, StoredPreferences, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What a client needs at its edge to drop what may not be read. Travels with every read of a mailbox."""

    preferences: Preferences
    board_born: Container[EventId] = frozenset()
    """The events of this mailbox that the board wrote: their words are the board's own."""
    readable: Preferences | None = None
    """Whose words may be read, where that is less than what `preferences` share: while they are tried out."""

    @staticmethod
    def of_linked(preferences: Preferences) -> Judge:
        """For reading events that carry the link property: whichever they are, the board wrote them."""
        return Judge(preferences=preferences, board_born=_Everything())

    def verdict(self, head: EventHead) -> Verdict:
        """How much of an Outlook-born event its owner shares."""
        return judge(head, self.preferences)

    def may_read(self, head: EventHead) -> bool:
        """Whether the words of an event may leave the client's edge.

        A board-born event counts as the person's own once it is marked with a sensitivity that the person
        does not share, or when the person shares nothing (B14).
        """
        readable = self.readable or self.preferences
        if head.id in self.board_born:
            return readable.share and head.sensitivity in readable.sensitivity
        return judge(head, readable) is Verdict.SHARED


def judge(head: EventHead, preferences: Preferences) -> Verdict:
    """How much of an event is shared: first what is over, then what was chosen (B1–B3, B6)."""
    if not preferences.share:
        return Verdict.SHARING_OFF
    if head.is_cancelled:
        return Verdict.CANCELLED
    if head.response is Response.DECLINED:
        return Verdict.DECLINED
    if head.show_as not in preferences.show_as:
        return Verdict.SHOW_AS_NOT_SHARED
    if head.sensitivity in preferences.sensitivity:
        return Verdict.SHARED
    if preferences.private is PrivateEvents.MASK and head.sensitivity is not Sensitivity.NORMAL:
        return Verdict.MASKED
    return Verdict.SENSITIVITY_NOT_SHARED


def effective_preferences(
    stored: StoredPreferences | None, defaults: Preferences, *, resources_decide: bool
) -> Preferences:
    """The preferences that hold for a resource: its own where resources decide, else the defaults (B17)."""
    return stored.preferences if stored is not None and resources_decide else defaults


class _Everything:
    """A container of every event."""

    def __contains__(self, event_id: object) -> bool:
        return True

"""Taking away every event that the connector ever wrote, found by its link property (A10, B13)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from actors.asking import Answer, Asking, NotAnswered
from actors.board_webhooks import NAMELESS
from actors.clients.graph.directory import DirectoryUser, FindUser
from actors.clients.graph.operations import FindLinked, LinkedEvent, RemoveEvent
from actors.clients.graph.subscriptions import RemoveSubscription
from actors.clients.scheduler.webhooks import Change, UnsubscribeWebhook
from models.ids import EventId, MailboxId, ResourceNo, generation_of, parse_link_value
from models.judging import Judge
from models.preferences import Preferences
from models.storage.records import Service, Subscription

PASSES: Final = 3
"""How often events are removed that changed between being listed and being deleted."""
UNREAD: Final = Judge(preferences=Preferences(share=False))
"""Events are counted and deleted; not a word of them is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A mailbox that may hold events of a resource."""

    resource_no: ResourceNo
    email: str
    """Of the resource, as the board has it."""
    mailbox: MailboxId | None = None
    """None: to be looked up by the e-mail address."""


@dataclass(slots=True, kw_only=True)
class Cleared:
    """What became of one mailbox."""

    resource_no: ResourceNo
    email: str
    found: int = 0
    removed: int = 0
    left: int | None = None
    """None: nobody could count."""
    with_guests: int = 0
    """Of those found: meetings that are left to their owner, since Outlook would mail their guests a
    cancellation (facts §2.4)."""
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """For tools."""
        return {
            "resourceNo": self.resource_no,
            "mailbox": self.email,
            "found": self.found,
            "removed": self.removed,
            "left": self.left,
            "withGuests": self.with_guests,
            "problem": self.problem,
        }


class Removal:
    """Removes the events of resources, mailbox by mailbox."""

    def __init__(
        self, services: Asking, *, known: Collection[EventId], on_progress: Callable[[str], None]
    ) -> None:
        """`known` are the events that the store knows as the connector's own, if there is a store."""
        self._services, self._known, self._on_progress = services, known, on_progress
        self._seen: set[tuple[ResourceNo, MailboxId]] = set()

    def clear(self, place: Place, *, dry_run: bool) -> Cleared | None:
        """Remove what the connector wrote into one mailbox for its resource, and count what is left.

        None for a mailbox that has been cleared already.
        """
        done = Cleared(resource_no=place.resource_no, email=place.email)
        try:
            mailbox = place.mailbox or self._mailbox(place.email)
            if (place.resource_no, mailbox) in self._seen:
                return None
            self._seen.add((place.resource_no, mailbox))
            ours = self._ours(mailbox, place.resource_no)
            done.found = done.left = len(ours)
            done.with_guests = sum(one.head.has_guests for one in ours)
            if not dry_run:
                for _ in range(PASSES):
                    done.problem = ""
                    done.removed += self._remove(mailbox, ours, done)
                    ours = self._ours(mailbox, place.resource_no)
                    if not done.problem:
                        break
                done.left = len(ours)
        except NotAnswered as problem:
            done.problem = done.problem or str(problem)
        return done

    def _mailbox(self, email: str) -> MailboxId:
        user: DirectoryUser | None = self._services.graph(FindUser(email=email)).get()
        if user is None:
            raise NotAnswered(
                f"nobody in the directory has the address {email}; correct it on the board, or remove its "
                "events by the address that it had"
            )
        return user.id

    def _ours(self, mailbox: MailboxId, resource_no: ResourceNo) -> tuple[LinkedEvent, ...]:
        linked = self._services.graph(FindLinked(mailbox=mailbox, judge=UNREAD)).get()
        ours = originals(linked, mailbox, resource_no, self._known)
        return tuple(one for one in linked if one.id in ours)

    def _remove(self, mailbox: MailboxId, ours: Iterable[LinkedEvent], done: Cleared) -> int:
        asked: list[Answer[None]] = [
            self._services.graph(RemoveEvent(mailbox=mailbox, event_id=one.id, etag=one.etag))
            for one in ours
            if not one.head.has_guests
        ]
        removed = 0
        for answer in asked:
            try:
                answer.get()
            except NotAnswered as problem:
                done.problem = str(problem)
            else:
                removed += 1
                self._on_progress(f"removing: {removed} of {len(asked)} events of {done.resource_no}")
        return removed


def end_subscriptions(services: Asking, stored: Iterable[Subscription]) -> tuple[list[str], str]:
    """End what both services hold for us: the ids of those that are ended, and why others are not."""
    asked: dict[str, Answer[None]] = {}
    for one in stored:
        change = next((change for change in Change if change.value.lower() == one.kind), None)
        if one.service is Service.GRAPH:
            asked[one.id] = services.graph(RemoveSubscription(subscription_id=one.id))
        elif change is not None and not one.id.startswith(NAMELESS):
            asked[one.id] = services.board(UnsubscribeWebhook(change=change, id=one.id))
    ended: list[str] = []
    problem = ""
    for id_, answer in asked.items():
        try:
            answer.get()
        except NotAnswered as error:
            problem = str(error)
        else:
            ended.append(id_)
    return ended, problem


def originals(
    linked: Iterable[LinkedEvent],
    mailbox: MailboxId,
    resource_no: ResourceNo,
    known: Collection[EventId] = (),
) -> tuple[EventId, ...]:
    """Of the events with a link property those that the connector wrote for a resource.

    A copy carries the property of its original, and belongs to the person who made it (B13). What tells them
    apart is the transaction id, which a copy has not, or the store, where it knows the event. Should several
    have the same transaction id, the oldest is the original.
    """
    ours: dict[EventId, None] = {}
    by_transaction: dict[str, list[LinkedEvent]] = {}
    for one in linked:
        parsed = parse_link_value(one.link_value)
        if parsed is None or parsed[1] != resource_no:
            continue
        if one.id in known:
            ours[one.id] = None
        elif generation_of(one.transaction_id, parsed[0], resource_no, mailbox) is not None:
            by_transaction.setdefault(one.transaction_id, []).append(one)
    for several in by_transaction.values():
        ours[min(several, key=lambda one: one.seniority).id] = None
    return tuple(ours)

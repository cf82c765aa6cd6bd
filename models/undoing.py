"""What it takes to put an item back as it was at a moment, from the images of what was written since. Pure.

The images of one side of an item are a chain. Read backwards it says what that side was at the moment, read
forwards what the connector made of it; where both are the same, nothing is to be done, so that an undo that
is repeated does nothing, and one that is undone itself is a chain like any other. What has moved on since the
last write is somebody else's, and stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from models.content import Content, Field
from models.decision import Side
from models.ids import AppointmentGuid, AppointmentId, EventId, MailboxId
from models.link import Origin
from models.storage.records import BeforeImage, Work

AS_IT_IS = Content()
"""The item exists; nothing more is known of it, and nothing more is asked for."""


class Way(Enum):
    """What has to be done to one side of an item."""

    NOTHING = "nothing"
    """It is as it was."""
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    LEAVE = "leave"
    """It has moved on since the connector wrote it."""


class Obstacle(Enum):
    """Why an item is left as it is. A closed set: each has one sentence, in `OBSTACLES`."""

    CHANGED = "changed"
    GONE = "gone"
    BACK = "back"
    OTHER_MAILBOX = "other_mailbox"
    HAS_GUESTS = "has_guests"
    ONLY_ATTENDEE = "only_attendee"
    TYPED_INTO = "typed_into"
    NOT_SHARED = "not_shared"
    LOCKED = "locked"
    NOT_PLANNED = "not_planned"
    EVENT_GONE = "event_gone"
    NO_WORK = "no_work"
    NOT_AGREED = "not_agreed"


OBSTACLES: dict[Obstacle, str] = {
    Obstacle.CHANGED: "somebody has changed it since the connector wrote it",
    Obstacle.GONE: "it is gone since the connector wrote it",
    Obstacle.BACK: "it is there again since the connector deleted it",
    Obstacle.OTHER_MAILBOX: "the resource has another mailbox now",
    Obstacle.HAS_GUESTS: "others are invited to the event, and Outlook would mail them what is written to it",
    Obstacle.ONLY_ATTENDEE: "the person only attends this meeting; its organiser decides",
    Obstacle.TYPED_INTO: "its owner has written something of her own into it",
    Obstacle.NOT_SHARED: "its owner does not share it now",
    Obstacle.LOCKED: "the appointment is locked on the board",
    Obstacle.NOT_PLANNED: "nothing is planned on this resource for it now; plan it, and the event follows",
    Obstacle.EVENT_GONE: "its event is gone; restore that in Outlook, and the appointment follows",
    Obstacle.NOT_AGREED: "nothing is agreed about it now: it is long past, or has not settled yet",
    Obstacle.NO_WORK: "the appointment was deleted, and its job and task are not known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """One side of an item: what it was at the moment, and what the connector has made of it since."""

    guid: AppointmentGuid
    side: Side
    target: Content | None
    """As far as the connector changed it. None: it did not exist."""
    expected: tuple[Content | None, ...]
    """As the connector left it; several where nobody knows whether a write was made. None: deleted."""
    origin: Origin | None = None
    """Where the item was born, as far as the writes tell."""
    mailbox: MailboxId | None = None
    """Where it was written last."""
    appointment_id: AppointmentId | None = None
    event_id: EventId | None = None
    planned: Content | None = None
    """Of a planner's appointment that lost its resource: what the board had, before any mapping."""
    work: Work | None = None

    @property
    def is_settled(self) -> bool:
        """Whether everything that was written has been taken back already."""
        return len(self.expected) == 1 and _agree(self.target, self.expected[0])

    @property
    def brings_back(self) -> bool:
        """Whether what the connector deleted is to be there again."""
        return self.target is not None and None in self.expected


def rollbacks(images: Iterable[BeforeImage]) -> tuple[Rollback, ...]:
    """What is to be looked at, from images of one resource in any order; the first written comes first."""
    chains: dict[tuple[AppointmentGuid, Side], list[BeforeImage]] = {}
    for image in sorted(images, key=lambda one: (one.at, one.id)):
        if image.guid is not None:
            chains.setdefault((image.guid, image.side), []).append(image)
    found = (_rollback(guid, side, chain) for (guid, side), chain in chains.items())
    return tuple(one for one in found if not one.is_settled)


def way_back(rollback: Rollback, now: Content | None) -> tuple[Way, tuple[Field, ...]]:
    """What to do about an item that is `now` like this, or does not exist; and the fields of a change."""
    target = rollback.target
    if _agree(target, now):
        return Way.NOTHING, ()
    if not any(_agree(state, now) for state in rollback.expected):
        return Way.LEAVE, ()
    if target is None:
        return Way.REMOVE, ()
    return (Way.CREATE, target.said) if now is None else (Way.UPDATE, tuple(target.differences(now)))


def why_left(rollback: Rollback, now: Content | None) -> Obstacle:
    """In which way an item has moved on."""
    if now is None:
        return Obstacle.GONE
    return Obstacle.BACK if rollback.expected == (None,) else Obstacle.CHANGED


def _rollback(guid: AppointmentGuid, side: Side, chain: list[BeforeImage]) -> Rollback:
    last = chain[-1]
    loss = next((image for image in reversed(chain) if image.work is not None and image.before), None)
    return Rollback(
        guid=guid,
        side=side,
        target=_backwards(chain),
        expected=_forwards(chain),
        origin=_origin(side, chain),
        mailbox=last.mailbox,
        appointment_id=last.appointment_id,
        event_id=last.event_id,
        planned=loss.before if loss is not None else None,
        work=loss.work if loss is not None else None,
    )


def _forwards(chain: list[BeforeImage]) -> tuple[Content | None, ...]:
    states: dict[Content | None, None] = {AS_IT_IS: None}
    for image in chain:
        written = {_after(image, state): None for state in states}
        states = written if image.confirmed else {**states, **written}
    return tuple(states)


def _after(image: BeforeImage, state: Content | None) -> Content | None:
    if image.after is None or image.before is None:
        return image.after
    return (state or AS_IT_IS).merged_with(image.after)


def _backwards(chain: list[BeforeImage]) -> Content | None:
    state: Content | None = AS_IT_IS
    for image in reversed(chain):
        if image.after is None or image.before is None:
            state = image.before
        elif state is not None:  # what somebody else deleted meanwhile is not brought back
            for field in image.after.said:
                state = state.with_field(field, image.before.get(field))
    return state


def _origin(side: Side, chain: list[BeforeImage]) -> Origin | None:
    """Only events of the board's are created and deleted in Outlook; on the board those of a person's own,
    beside planners' appointments that lose a resource or get it back."""
    if all(image.before is not None and image.after is not None for image in chain):
        return None
    if side is Side.OUTLOOK or any(image.work is not None for image in chain):
        return Origin.BOARD
    return Origin.OUTLOOK


def _agree(one: Content | None, other: Content | None) -> bool:
    """Whether an item is the same in both, as far as both say anything, or exists in neither."""
    if one is None or other is None:
        return one is other
    return not any(one.differences(other))

"""The before-image of a write: what the item was and what it became, as far as that may be kept (E). Pure.

Board-born words are the board's, and those of a shared event may be known. Of a masked event nothing is kept
but its mask and its time, and of one that is not shared, or gone, nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from actors.resource.case import Case
from actors.resource.forgetting import WORDS
from models.appointment import Appointment
from models.content import Content
from models.decision import Act, Side
from models.link import Link
from models.preferences import Verdict
from models.sides import OutlookSide
from models.storage.records import BeforeImage, Intent, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What is about to be written to one side of an item."""

    side: Side
    act: Act
    before: Content | None
    """What that side has; of a change only the fields that change. None: the item does not exist there."""
    after: Content | None
    """None: it is deleted there."""
    work: Work | None = None
    """Of a planner's appointment that loses a resource, or gets it back."""


def image_of(case: Case, write: Write, intent: Intent, image_id: str) -> BeforeImage:
    """The image of a write that is about to be made."""
    appointment, link = case.appointment, case.link
    return BeforeImage(
        id=image_id,
        intent_id=intent.id,
        at=intent.at,
        resource_no=intent.resource_no,
        side=write.side,
        act=write.act,
        mailbox=intent.mailbox,
        guid=intent.guid,
        appointment_id=appointment.id if appointment else link.appointment_id if link else None,
        event_id=case.head.id if case.head else intent.event_id,
        event_key=case.head.key if case.head else intent.event_key,
        before=_as_far_as_shared(case, write.before),
        after=_as_far_as_shared(case, write.after),
        work=write.work,
    )


def image_of_moving(link: Link, intent: Intent, image_id: str) -> BeforeImage:
    """The image of an event of the board's that is deleted in a former mailbox (A11)."""
    return BeforeImage(
        id=image_id,
        intent_id=intent.id,
        at=intent.at,
        resource_no=intent.resource_no,
        side=Side.OUTLOOK,
        act=Act.DELETE_EVENT,
        mailbox=intent.mailbox,
        guid=link.guid,
        appointment_id=link.appointment_id,
        event_id=intent.event_id,
        event_key=link.event_key,
        before=link.agreed.outlook if link.agreed is not None else Content(),
    )


def completed(image: BeforeImage, link: Link | None) -> BeforeImage:
    """The image after the write: in what form the side kept what it was sent, and in which version."""
    image = replace(image, confirmed=True)
    if link is None or image.after is None:
        return image
    after = image.after
    if link.agreed is not None:
        kept = link.agreed.outlook if image.side is Side.OUTLOOK else link.agreed.board
        after = after.merged_with(kept.only(after.said))
    return replace(
        image,
        after=after,
        appointment_id=link.appointment_id or image.appointment_id,
        event_id=link.event_id or image.event_id,
        event_key=link.event_key or image.event_key,
        etag=link.etag if image.side is Side.OUTLOOK else None,
    )


def as_planned(appointment: Appointment) -> Content:
    """What a planner's appointment is on the board itself, before any template or mapping."""
    return Content(
        subject=appointment.subject,
        body=appointment.body,
        when=appointment.when,
        importance=appointment.importance,
        category=appointment.category,
    )


def _as_far_as_shared(case: Case, content: Content | None) -> Content | None:
    if content is None or case.is_shared:
        return content
    if not isinstance(case.outlook, OutlookSide) or case.outlook.verdict is not Verdict.MASKED:
        return Content()
    shown = case.outlook.content
    words = [word for word in WORDS if content.get(word) != shown.get(word)]
    return content.only([field for field in content.said if field not in words])

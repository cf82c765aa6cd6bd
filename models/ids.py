"""Identifiers of both systems: opaque strings that are compared, stored and passed on, never read."""

from __future__ import annotations

import uuid
from typing import Final, NewType

ResourceNo = NewType("ResourceNo", str)
"""A resource's number on the board, e.g. "EMP-007"."""
AppointmentId = NewType("AppointmentId", str)
"""The board's own numeric id, as text. Internal to the board; kept because its import procedures want it."""
AppointmentGuid = NewType("AppointmentGuid", str)
"""An appointment's GUID, lower case. Chosen by the client that creates it, so it recognises a repeat."""
MailboxId = NewType("MailboxId", str)
"""The directory object id of a mailbox's user: addressing by anything else breaks (facts §0.1)."""
EventId = NewType("EventId", str)
"""An event's immutable id in its mailbox (facts §2.8)."""
EventKey = NewType("EventKey", str)
"""What an event is known by for as long as it lives: see `models.event.event_key`."""
Etag = NewType("Etag", str)

CONNECTOR_NAMESPACE: Final = uuid.UUID("5b0c2a36-6f0e-4a51-9a3c-0f6a5b9d7e21")
"""Every id the connector derives comes from this name space, so that all its versions recognise their own."""

LINK_PROPERTY_ID: Final = "String {5b0c2a36-6f0e-4a51-9a3c-0f6a5b9d7e21} Name DimeSchedulerLink"
"""The single extended property by which the connector finds events it wrote, even without its store.

One fixed name, because named properties are a finite resource of a mailbox (facts §1.9).
"""

GENERATIONS: Final = 64
"""How many successive events of one link are recognised by their transaction ids."""


def link_value(guid: AppointmentGuid, resource_no: ResourceNo) -> str:
    """The value of the link property: which appointment, for which resource."""
    return f"{guid}/{resource_no}"


def parse_link_value(value: str) -> tuple[AppointmentGuid, ResourceNo] | None:
    """The inverse of `link_value`; None when the text is not one."""
    guid, slash, resource_no = value.partition("/")
    if not slash or not guid or not resource_no:
        return None
    return AppointmentGuid(guid.lower()), ResourceNo(resource_no)


def transaction_id(
    guid: AppointmentGuid, resource_no: ResourceNo, mailbox: MailboxId, generation: int
) -> str:
    """The `transactionId` of the event for a link: the same for every attempt of one creation.

    `generation` counts the events that this link has had: whether Graph remembers the id of an event that was
    deleted is unknown (facts §12), so a deliberate re-creation takes a new one.
    """
    return str(uuid.uuid5(CONNECTOR_NAMESPACE, f"event/{guid}/{resource_no}/{mailbox}/{generation}"))


def generation_of(
    transaction: str, guid: AppointmentGuid, resource_no: ResourceNo, mailbox: MailboxId
) -> int | None:
    """Which of a link's successive events was created under a transaction id; None: none of them."""
    if not transaction:
        return None
    generations = range(GENERATIONS)
    return next(
        (n for n in generations if transaction == transaction_id(guid, resource_no, mailbox, n)), None
    )


def appointment_guid(mailbox: MailboxId, key: EventKey) -> AppointmentGuid:
    """The GUID of the appointment for an Outlook-born event: creating it twice is updating it."""
    return AppointmentGuid(str(uuid.uuid5(CONNECTOR_NAMESPACE, f"appointment/{mailbox}/{key}/0")))

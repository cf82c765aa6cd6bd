"""A resource of the board, and whether and where it synchronises."""

from __future__ import annotations

from dataclasses import dataclass

from models.ids import MailboxId, ResourceNo


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A person, vehicle or room on the planning board."""

    resource_no: ResourceNo
    display_name: str = ""
    email: str = ""
    """Empty: this resource has no mailbox and cannot synchronise."""
    exchange_enabled: bool = False
    """`exchangeIntegrationEnabled`: false leaves the resource alone (A10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Where a resource's events live."""

    id: MailboxId
    email: str

"""The figures of `status`, as one reading."""

from __future__ import annotations

from peewee import SQL, Select, fn

from models.storage.records import Counts
from models.storage.schema import (
    DeadLetterRow,
    HeldBackRow,
    JournalRow,
    LinkRow,
    OutboxRow,
    SubscriptionRow,
    SupervisionRow,
)
from models.storage.session import Session


def counts(session: Session) -> Counts:
    """How much there is of what."""
    ((journal, outbox, letters, held, quarantined, links, subscriptions),) = session.fetch(_counts)
    return Counts(
        journal=journal,
        outbox=outbox,
        dead_letters=letters,
        held_back=held,
        quarantined=quarantined,
        links=links,
        subscriptions=subscriptions,
    )


def _counts() -> object:
    everything = fn.COUNT(SQL("*"))
    return Select(
        columns=[
            JournalRow.select(everything),
            OutboxRow.select(everything),
            DeadLetterRow.select(everything),
            HeldBackRow.select(everything),
            SupervisionRow.select(everything).where(SupervisionRow.quarantined),
            LinkRow.select(everything),
            SubscriptionRow.select(everything),
        ]
    )

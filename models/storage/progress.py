"""How far the connector has read, what the services notify it of, and facts of the whole installation."""

from __future__ import annotations

from collections.abc import Sequence

from models.ids import MailboxId
from models.storage import codec
from models.storage.changes import DropDeltaState, DropSubscription, PutDeltaState, PutMeta, PutSubscription
from models.storage.records import DeltaState, Service, Subscription
from models.storage.schema import DeltaStateRow, MetaRow, SubscriptionRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer
from models.when import Window


def delta_state(session: Session, mailbox: MailboxId) -> DeltaState | None:
    """How far a mailbox has been read; None if it never was, or must be read anew."""
    rows = session.fetch(_one_delta_state, mailbox)
    return _delta(rows[0]) if rows else None


def subscriptions(session: Session) -> tuple[Subscription, ...]:
    """All subscriptions, those first that expire first."""
    return tuple(map(_subscription, session.fetch(_all_subscriptions)))


def subscription(session: Session, subscription_id: str) -> Subscription | None:
    """One subscription."""
    rows = session.fetch(_one_subscription, subscription_id)
    return _subscription(rows[0]) if rows else None


def meta(session: Session, key: str) -> str | None:
    """A named fact of the whole installation."""
    rows = session.fetch(_one_meta, key)
    return str(rows[0][0]) if rows else None


def _put_delta_states(session: Session, changes: Sequence[PutDeltaState]) -> None:
    session.many(_put_delta_state, [_delta_row(change.state) for change in changes])


def _drop_delta_states(session: Session, changes: Sequence[DropDeltaState]) -> None:
    session.many(_drop_delta_state, [(change.mailbox,) for change in changes])


def _put_subscriptions(session: Session, changes: Sequence[PutSubscription]) -> None:
    session.many(_put_subscription, [_subscription_row(change.subscription) for change in changes])


def _drop_subscriptions(session: Session, changes: Sequence[DropSubscription]) -> None:
    session.many(_drop_subscription, [(change.id,) for change in changes])


def _put_all_meta(session: Session, changes: Sequence[PutMeta]) -> None:
    session.many(_put_meta, [(change.key, change.value) for change in changes])


WRITERS: Writers = {
    PutDeltaState: writer(_put_delta_states, "delta_states"),
    DropDeltaState: writer(_drop_delta_states, "delta_states"),
    PutSubscription: writer(_put_subscriptions, "subscriptions"),
    DropSubscription: writer(_drop_subscriptions, "subscriptions"),
    PutMeta: writer(_put_all_meta, "meta"),
}


def _delta_row(state: DeltaState) -> Row:
    return (
        state.mailbox,
        state.delta_link,
        codec.instant(state.window.start),
        codec.instant(state.window.end),
        codec.instant(state.full_round_at),
    )


def _delta(row: Row) -> DeltaState:
    mailbox, delta_link, start, end, full_round_at = row
    return DeltaState(
        mailbox=MailboxId(mailbox),
        delta_link=delta_link,
        window=Window(start=codec.to_instant(start), end=codec.to_instant(end)),
        full_round_at=codec.to_instant(full_round_at),
    )


def _subscription_row(item: Subscription) -> Row:
    return (
        item.id,
        item.service.value,
        item.mailbox,
        item.source_app,
        item.kind,
        item.url,
        item.client_state,
        codec.instant(item.created_at),
        codec.optional_instant(item.expires_at),
    )


def _subscription(row: Row) -> Subscription:
    subscription_id, service, mailbox, source_app, kind, url, client_state, created_at, expires_at = row
    return Subscription(
        id=subscription_id,
        service=Service(service),
        mailbox=mailbox,
        source_app=source_app,
        kind=kind,
        url=url,
        client_state=client_state,
        created_at=codec.to_instant(created_at),
        expires_at=codec.to_optional_instant(expires_at),
    )


def _one_delta_state() -> object:
    return DeltaStateRow.select(*columns(DeltaStateRow)).where(DeltaStateRow.mailbox == "")


def _put_delta_state() -> object:
    return upsert(DeltaStateRow)


def _drop_delta_state() -> object:
    return DeltaStateRow.delete().where(DeltaStateRow.mailbox == "")


def _all_subscriptions() -> object:
    in_order = SubscriptionRow.select(*columns(SubscriptionRow))
    return in_order.order_by(SubscriptionRow.expires_at, SubscriptionRow.id)


def _one_subscription() -> object:
    return SubscriptionRow.select(*columns(SubscriptionRow)).where(SubscriptionRow.id == "")


def _put_subscription() -> object:
    return upsert(SubscriptionRow)


def _drop_subscription() -> object:
    return SubscriptionRow.delete().where(SubscriptionRow.id == "")


def _one_meta() -> object:
    return MetaRow.select(MetaRow.value).where(MetaRow.key == "")


def _put_meta() -> object:
    return upsert(MetaRow)

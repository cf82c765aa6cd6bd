"""Resources, their preferences, and how their actors fare."""

from __future__ import annotations

from collections.abc import Sequence

from models.content import Sensitivity, ShowAs
from models.ids import ResourceNo
from models.preferences import Preferences, PrivateEvents, StoredPreferences
from models.storage import codec
from models.storage.changes import (
    DropSupervision,
    MarkInStep,
    PutPreferences,
    PutResource,
    PutSupervision,
)
from models.storage.records import ResourcePreferences, ResourceRecord, ResourceState
from models.storage.schema import PreferencesRow, ResourceRow, SupervisionRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer
from models.supervision import ChildState


def resources(session: Session) -> tuple[ResourceRecord, ...]:
    """All resources, by number."""
    return tuple(map(_resource, session.fetch(_all_resources)))


def resource_of(session: Session, resource_no: ResourceNo) -> ResourceRecord | None:
    """One resource."""
    rows = session.fetch(_one_resource, resource_no)
    return _resource(rows[0]) if rows else None


def preferences_of(session: Session, resource_no: ResourceNo) -> ResourcePreferences | None:
    """A resource's own preferences; None if it has not chosen."""
    rows = session.fetch(_one_preferences, resource_no)
    return _preferences(rows[0]) if rows else None


def all_preferences(session: Session) -> dict[ResourceNo, ResourcePreferences]:
    """The preferences of every resource that has chosen."""
    every = map(_preferences, session.fetch(_all_preferences))
    return {item.resource_no: item for item in every}


def all_supervision(session: Session) -> dict[ResourceNo, ChildState]:
    """How the actors fare that ever failed."""
    return {ResourceNo(no): codec.to_child(child) for no, child in session.fetch(_all_supervision)}


def _put_resources(session: Session, changes: Sequence[PutResource]) -> None:
    session.many(_put_resource, [_resource_row(change.resource) for change in changes])


def _mark_in_step(session: Session, changes: Sequence[MarkInStep]) -> None:
    session.many(_set_in_step, [(codec.instant(change.at), change.resource_no) for change in changes])


def _put_all_preferences(session: Session, changes: Sequence[PutPreferences]) -> None:
    session.many(_put_preferences, [_preferences_row(change) for change in changes])


def _put_all_supervision(session: Session, changes: Sequence[PutSupervision]) -> None:
    rows = [(change.resource_no, change.child.quarantined, codec.child(change.child)) for change in changes]
    session.many(_put_supervision, rows)


def _drop_all_supervision(session: Session, changes: Sequence[DropSupervision]) -> None:
    session.many(_drop_supervision, [(change.resource_no,) for change in changes])


WRITERS: Writers = {
    PutResource: writer(_put_resources, "resources"),
    MarkInStep: writer(_mark_in_step, "resources"),
    PutPreferences: writer(_put_all_preferences, "preferences"),
    PutSupervision: writer(_put_all_supervision, "supervision"),
    DropSupervision: writer(_drop_all_supervision, "supervision"),
}


def _resource_row(resource: ResourceRecord) -> Row:
    return (
        resource.resource_no,
        resource.display_name,
        resource.email,
        resource.enabled,
        resource.mailbox,
        resource.state.value,
        resource.reason,
        resource.code,
        codec.instant(resource.updated_at),
        codec.optional_instant(resource.in_step_at),
    )


def _resource(row: Row) -> ResourceRecord:
    resource_no, display_name, email, enabled, mailbox, state, reason, code, updated_at, in_step_at = row
    return ResourceRecord(
        resource_no=ResourceNo(resource_no),
        display_name=display_name,
        email=email,
        enabled=bool(enabled),
        mailbox=mailbox,
        state=ResourceState(state),
        reason=reason,
        code=code,
        updated_at=codec.to_instant(updated_at),
        in_step_at=codec.to_optional_instant(in_step_at),
    )


def _preferences_row(change: PutPreferences) -> Row:
    chosen = change.stored.preferences
    return (
        change.resource_no,
        chosen.share,
        codec.texts(sorted(value.value for value in chosen.show_as)),
        codec.texts(sorted(value.value for value in chosen.sensitivity)),
        chosen.private.value,
        change.stored.set_by,
        codec.instant(change.stored.set_at),
        change.locked,
    )


def _preferences(row: Row) -> ResourcePreferences:
    resource_no, share, show_as, sensitivity, private, set_by, set_at, locked = row
    chosen = Preferences(
        share=bool(share),
        show_as=frozenset(map(ShowAs, codec.to_texts(show_as))),
        sensitivity=frozenset(map(Sensitivity, codec.to_texts(sensitivity))),
        private=PrivateEvents(private),
    )
    return ResourcePreferences(
        resource_no=ResourceNo(resource_no),
        stored=StoredPreferences(preferences=chosen, set_by=set_by, set_at=codec.to_instant(set_at)),
        locked=bool(locked),
    )


def _all_resources() -> object:
    return ResourceRow.select(*columns(ResourceRow)).order_by(ResourceRow.resource_no)


def _one_resource() -> object:
    return ResourceRow.select(*columns(ResourceRow)).where(ResourceRow.resource_no == "")


def _put_resource() -> object:
    return upsert(ResourceRow, keep=("in_step_at",))


def _set_in_step() -> object:
    return ResourceRow.update({ResourceRow.in_step_at: ""}).where(ResourceRow.resource_no == "")


def _all_preferences() -> object:
    return PreferencesRow.select(*columns(PreferencesRow)).order_by(PreferencesRow.resource_no)


def _one_preferences() -> object:
    return PreferencesRow.select(*columns(PreferencesRow)).where(PreferencesRow.resource_no == "")


def _put_preferences() -> object:
    return upsert(PreferencesRow)


def _all_supervision() -> object:
    return SupervisionRow.select(SupervisionRow.resource_no, SupervisionRow.child_json)


def _put_supervision() -> object:
    return upsert(SupervisionRow)


def _drop_supervision() -> object:
    return SupervisionRow.delete().where(SupervisionRow.resource_no == "")

"""The tables, as peewee knows them.

The models belong to no database: a query is built here or beside its use, and runs on the connection of the
`Store` that asks (`models.storage.session`), so that any number of stores can be open in one process.
Instants are texts of fixed width in UTC and sort as they are; enums are their values; `*_json` is
`models.storage.codec`. What the tables are made of in SQL stands in `models.storage.migrations`, frozen; a
test holds both together.
"""

from __future__ import annotations

from typing import Any

from peewee import BooleanField, CompositeKey, IntegerField, Model, TextField


class Row(Model):
    """What the tables have in common."""

    class Meta:
        legacy_table_names = False


class MetaRow(Row):
    """Named facts of the whole installation, the schema's version among them."""

    key = TextField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


class ResourceRow(Row):
    """`ResourceRecord`."""

    resource_no = TextField(primary_key=True)
    display_name = TextField()
    email = TextField()
    enabled = BooleanField()
    mailbox = TextField(null=True)
    state = TextField()
    reason = TextField()
    code = TextField()
    updated_at = TextField()
    in_step_at = TextField(null=True)

    class Meta:
        table_name = "resources"


class PreferencesRow(Row):
    """`ResourcePreferences`."""

    resource_no = TextField(primary_key=True)
    share = BooleanField()
    show_as = TextField()
    sensitivity = TextField()
    private = TextField()
    set_by = TextField()
    set_at = TextField()
    locked = BooleanField()

    class Meta:
        table_name = "preferences"


class SupervisionRow(Row):
    """`ChildState`, by resource."""

    resource_no = TextField(primary_key=True)
    quarantined = BooleanField()
    child_json = TextField()

    class Meta:
        table_name = "supervision"


class ClaimRow(Row):
    """Which process works for a resource, where several share a PostgreSQL store (D12)."""

    resource_no = TextField(primary_key=True)
    holder = IntegerField()

    class Meta:
        table_name = "claims"


class LinkRow(Row):
    """`Link`. The agreed contents are those of board-born and shared items; an unshared event has no link."""

    resource_no = TextField()
    guid = TextField(index=True)
    origin = TextField()
    state = TextField()
    mailbox = TextField()
    appointment_id = TextField(null=True, index=True)
    number = TextField()
    event_id = TextField(null=True)
    event_key = TextField(null=True)
    etag = TextField(null=True)
    event_modified_at = TextField(null=True)
    board_modified_at = TextField(null=True)
    generation = IntegerField()
    agreed_json = TextField(null=True)
    has_guests = BooleanField()

    class Meta:
        table_name = "links"
        primary_key = CompositeKey("resource_no", "guid")
        indexes = ((("mailbox", "event_id"), False),)


class UnsharedRow(Row):
    """`Unshared`: ids, a version and a verdict. No column of this table may ever hold a word of an event."""

    resource_no = TextField()
    event_key = TextField()
    mailbox = TextField()
    event_id = TextField()
    etag = TextField()
    verdict = TextField()

    class Meta:
        table_name = "unshared"
        primary_key = CompositeKey("resource_no", "event_key")


class JournalRow(Row):
    """`JournalEntry`."""

    id = TextField(primary_key=True)
    received_at = TextField()
    source = TextField()
    kind = TextField()
    mailbox = TextField(null=True)
    subscription_id = TextField()
    references_json = TextField()
    attempts = IntegerField()

    class Meta:
        table_name = "journal"
        indexes = ((("received_at", "id"), False),)


class OutboxRow(Row):
    """`Intent`."""

    id = TextField(primary_key=True)
    resource_no = TextField()
    act = TextField()
    mailbox = TextField(null=True)
    guid = TextField(null=True)
    event_key = TextField(null=True)
    event_id = TextField(null=True)
    transaction_id = TextField()
    generation = IntegerField()
    at = TextField()
    attempts = IntegerField()

    class Meta:
        table_name = "outbox"
        indexes = ((("resource_no", "at"), False),)


class DeadLetterRow(Row):
    """`DeadLetter`."""

    id = TextField(primary_key=True)
    resource_no = TextField(index=True)
    guid = TextField(null=True)
    event_key = TextField(null=True)
    act = TextField()
    reason = TextField()
    code = TextField()
    detail = TextField()
    seen = TextField()
    attempts = IntegerField()
    first_at = TextField()
    last_at = TextField()

    class Meta:
        table_name = "dead_letters"


class HeldBackRow(Row):
    """`HeldBack`."""

    resource_no = TextField()
    guid = TextField()
    act = TextField()
    event_key = TextField(null=True)
    reason = TextField()
    since = TextField()
    confirmations = IntegerField()

    class Meta:
        table_name = "held_back"
        primary_key = CompositeKey("resource_no", "guid")


class DecisionRow(Row):
    """`DecisionRecord`. `item` is what its names in `decision_names` lead to."""

    id = TextField(primary_key=True)
    item = TextField()
    at = TextField(index=True)
    resource_no = TextField()
    mailbox = TextField(null=True)
    guid = TextField(null=True)
    appointment_id = TextField(null=True)
    number = TextField()
    event_id = TextField(null=True)
    event_key = TextField(null=True)
    ical_uid = TextField()
    subject = TextField()
    side = TextField(null=True)
    trigger = TextField()
    act = TextField()
    reason = TextField()
    detail = TextField()
    basis_json = TextField()
    changes_json = TextField()
    outcome = TextField()
    request_ids_json = TextField()
    attempts = IntegerField()
    starts_at = TextField(null=True)
    ends_at = TextField(null=True)

    class Meta:
        table_name = "decisions"
        indexes = (
            (("item", "at"), False),
            (("resource_no", "at"), False),
            (("resource_no", "starts_at"), False),
        )


class DecisionNameRow(Row):
    """A name by which a person may ask for an item: one row for each, however often it is decided about."""

    kind = TextField()
    name = TextField()
    item = TextField(index=True)

    class Meta:
        table_name = "decision_names"
        primary_key = CompositeKey("kind", "name", "item")


class SubjectWordRow(Row):
    """A word of a subject that is a name in `decision_names`: for finding the subject by a part of it."""

    word = TextField()
    subject = TextField()

    class Meta:
        table_name = "subject_words"
        primary_key = CompositeKey("word", "subject")


class DeltaStateRow(Row):
    """`DeltaState`."""

    mailbox = TextField(primary_key=True)
    delta_link = TextField()
    window_start = TextField()
    window_end = TextField()
    full_round_at = TextField()

    class Meta:
        table_name = "delta_states"


class SubscriptionRow(Row):
    """`Subscription`."""

    id = TextField(primary_key=True)
    service = TextField()
    mailbox = TextField(null=True, index=True)
    source_app = TextField()
    kind = TextField()
    url = TextField()
    client_state = TextField()
    created_at = TextField()
    expires_at = TextField(null=True)

    class Meta:
        table_name = "subscriptions"


class BeforeImageRow(Row):
    """`BeforeImage`."""

    id = TextField(primary_key=True)
    intent_id = TextField(index=True)
    at = TextField(index=True)
    resource_no = TextField()
    side = TextField()
    act = TextField()
    mailbox = TextField(null=True)
    guid = TextField(null=True)
    appointment_id = TextField(null=True)
    event_id = TextField(null=True)
    event_key = TextField(null=True)
    etag = TextField(null=True)
    before_json = TextField(null=True)
    after_json = TextField(null=True)
    work_json = TextField(null=True)
    confirmed = BooleanField()

    class Meta:
        table_name = "before_images"
        indexes = ((("resource_no", "at"), False),)


class AuditRow(Row):
    """`Audit`."""

    resource_no = TextField(primary_key=True)
    at = TextField()
    compared = IntegerField()
    found = IntegerField()
    repaired = IntegerField()
    problem = TextField()

    class Meta:
        table_name = "audits"


TABLES: tuple[type[Row], ...] = (
    MetaRow,
    ResourceRow,
    PreferencesRow,
    SupervisionRow,
    ClaimRow,
    LinkRow,
    UnsharedRow,
    JournalRow,
    OutboxRow,
    DeadLetterRow,
    HeldBackRow,
    DecisionRow,
    DecisionNameRow,
    SubjectWordRow,
    DeltaStateRow,
    SubscriptionRow,
    BeforeImageRow,
    AuditRow,
)


def columns(table: type[Row]) -> list[Any]:
    """All columns of a table, in their order."""
    meta: Any = table._meta
    return list(meta.sorted_fields)


def upsert(table: type[Row], *, keep: tuple[str, ...] = (), absent_only: bool = False) -> object:
    """Inserts one row of all columns, in their order; a row with the same key is replaced, or left alone.

    `keep` names columns that an existing row keeps.
    """
    meta: Any = table._meta
    fields = columns(table)
    key = [field.column_name for field in meta.get_primary_keys()]
    query: Any = table.insert_many([[None] * len(fields)], fields=fields)
    if absent_only:
        return query.on_conflict(action="NOTHING", conflict_target=key)
    rest = [field.column_name for field in fields if field.column_name not in (*key, *keep)]
    return query.on_conflict(conflict_target=key, preserve=rest)

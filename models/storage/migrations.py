"""The schema's history, forward only. A store is brought up to date when it is opened for writing.

A step that has been released is never edited: what it makes is frozen here as SQL that SQLite and PostgreSQL
both read. A change of the schema is a new step at the end of `STEPS`, and the model in `schema` beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.storage.errors import StoreCorrupt, StoreNewer, StoreOlder
from models.storage.schema import MetaRow, SubjectWordRow, upsert
from models.storage.session import Session
from models.storage.words import words_of

Step = Callable[[Session], None]

SCHEMA_VERSION_KEY = "schema_version"

_AT_ONCE = 10_000
"""Rows that a step holds in memory while it rewrites a table."""

_VERSION_1 = """
CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE resources (
    resource_no TEXT NOT NULL PRIMARY KEY, display_name TEXT NOT NULL, email TEXT NOT NULL,
    enabled BOOLEAN NOT NULL, mailbox TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, code TEXT NOT NULL,
    updated_at TEXT NOT NULL, in_step_at TEXT);
CREATE TABLE preferences (
    resource_no TEXT NOT NULL PRIMARY KEY, share BOOLEAN NOT NULL, show_as TEXT NOT NULL,
    sensitivity TEXT NOT NULL, private TEXT NOT NULL, set_by TEXT NOT NULL, set_at TEXT NOT NULL,
    locked BOOLEAN NOT NULL);
CREATE TABLE supervision (
    resource_no TEXT NOT NULL PRIMARY KEY, quarantined BOOLEAN NOT NULL, child_json TEXT NOT NULL);
CREATE TABLE claims (resource_no TEXT NOT NULL PRIMARY KEY, holder INTEGER NOT NULL);
CREATE TABLE links (
    resource_no TEXT NOT NULL, guid TEXT NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL,
    mailbox TEXT NOT NULL, appointment_id TEXT, number TEXT NOT NULL, event_id TEXT, event_key TEXT,
    etag TEXT, event_modified_at TEXT, board_modified_at TEXT, generation INTEGER NOT NULL, agreed_json TEXT,
    PRIMARY KEY (resource_no, guid));
CREATE INDEX links_guid ON links (guid);
CREATE INDEX links_appointment_id ON links (appointment_id);
CREATE INDEX links_mailbox_event_id ON links (mailbox, event_id);
CREATE TABLE unshared (
    resource_no TEXT NOT NULL, event_key TEXT NOT NULL, mailbox TEXT NOT NULL, event_id TEXT NOT NULL,
    etag TEXT NOT NULL, verdict TEXT NOT NULL, PRIMARY KEY (resource_no, event_key)){compact};
CREATE TABLE journal (
    id TEXT NOT NULL PRIMARY KEY, received_at TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
    mailbox TEXT, subscription_id TEXT NOT NULL, references_json TEXT NOT NULL, attempts INTEGER NOT NULL);
CREATE INDEX journal_received_at_id ON journal (received_at, id);
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY, resource_no TEXT NOT NULL, act TEXT NOT NULL, mailbox TEXT, guid TEXT,
    event_key TEXT, event_id TEXT, transaction_id TEXT NOT NULL, generation INTEGER NOT NULL,
    at TEXT NOT NULL, attempts INTEGER NOT NULL);
CREATE INDEX outbox_resource_no_at ON outbox (resource_no, at);
CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY, resource_no TEXT NOT NULL, guid TEXT, event_key TEXT, act TEXT NOT NULL,
    reason TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, seen TEXT NOT NULL,
    attempts INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL);
CREATE INDEX dead_letters_resource_no ON dead_letters (resource_no);
CREATE TABLE held_back (
    resource_no TEXT NOT NULL, guid TEXT NOT NULL, act TEXT NOT NULL, event_key TEXT, reason TEXT NOT NULL,
    since TEXT NOT NULL, confirmations INTEGER NOT NULL, PRIMARY KEY (resource_no, guid));
CREATE TABLE decisions (
    id TEXT NOT NULL PRIMARY KEY, item TEXT NOT NULL, at TEXT NOT NULL, resource_no TEXT NOT NULL,
    mailbox TEXT, guid TEXT, appointment_id TEXT, number TEXT NOT NULL, event_id TEXT, event_key TEXT,
    ical_uid TEXT NOT NULL, subject TEXT NOT NULL, side TEXT, trigger TEXT NOT NULL, act TEXT NOT NULL,
    reason TEXT NOT NULL, detail TEXT NOT NULL, basis_json TEXT NOT NULL, changes_json TEXT NOT NULL,
    outcome TEXT NOT NULL, request_ids_json TEXT NOT NULL, attempts INTEGER NOT NULL);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_item_at ON decisions (item, at);
CREATE INDEX decisions_resource_no_at ON decisions (resource_no, at);
CREATE TABLE decision_names (
    kind TEXT NOT NULL, name TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (kind, name, item)){compact};
CREATE INDEX decision_names_item ON decision_names (item);
CREATE TABLE delta_states (
    mailbox TEXT NOT NULL PRIMARY KEY, delta_link TEXT NOT NULL, window_start TEXT NOT NULL,
    window_end TEXT NOT NULL, full_round_at TEXT NOT NULL);
CREATE TABLE subscriptions (
    id TEXT NOT NULL PRIMARY KEY, service TEXT NOT NULL, mailbox TEXT, source_app TEXT NOT NULL,
    kind TEXT NOT NULL, url TEXT NOT NULL, client_state TEXT NOT NULL, created_at TEXT NOT NULL,
    expires_at TEXT);
CREATE INDEX subscriptions_mailbox ON subscriptions (mailbox);
CREATE TABLE before_images (
    id TEXT NOT NULL PRIMARY KEY, intent_id TEXT NOT NULL, at TEXT NOT NULL, resource_no TEXT NOT NULL,
    side TEXT NOT NULL, act TEXT NOT NULL, mailbox TEXT, guid TEXT, appointment_id TEXT, event_id TEXT,
    event_key TEXT, etag TEXT, before_json TEXT, after_json TEXT, undone_at TEXT);
CREATE INDEX before_images_at ON before_images (at);
CREATE INDEX before_images_intent_id ON before_images (intent_id);
CREATE INDEX before_images_resource_no_at ON before_images (resource_no, at)
"""


def _version_1(session: Session) -> None:
    # Tables that are little more than their key are kept in it, where the database can.
    compact = " WITHOUT ROWID" if session.is_sqlite else ""
    for statement in _VERSION_1.format(compact=compact).split(";"):
        session.execute(statement)


_VERSION_2 = """
CREATE TABLE subject_words (
    word TEXT {bytewise} NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (word, subject)){compact}
"""


def _version_2(session: Session) -> None:
    """The words of subjects, so that a part of one is found without reading all of them."""
    # Prefixes are ranges only where words are compared byte by byte, as SQLite does anyway.
    compact, bytewise = (" WITHOUT ROWID", "") if session.is_sqlite else ("", 'COLLATE "C"')
    session.execute(_VERSION_2.format(compact=compact, bytewise=bytewise))
    named = session.execute("SELECT DISTINCT name FROM decision_names WHERE kind = 'subject'", returns=True)
    for first in range(0, len(named), _AT_ONCE):
        some = (subject for (subject,) in named[first : first + _AT_ONCE])
        session.many(_put_word, [(word, subject) for subject in some for word in words_of(subject)])


def _version_3(session: Session) -> None:
    """Whether others are invited to an event: nobody knows of those in the store, so each is read anew."""
    session.execute("ALTER TABLE links ADD COLUMN has_guests BOOLEAN NOT NULL DEFAULT FALSE")
    session.execute("UPDATE links SET etag = NULL WHERE origin = 'board'")


_VERSION_4 = """
CREATE TABLE audits (
    resource_no TEXT NOT NULL PRIMARY KEY, at TEXT NOT NULL, compared INTEGER NOT NULL,
    found INTEGER NOT NULL, repaired INTEGER NOT NULL, problem TEXT NOT NULL);
ALTER TABLE before_images DROP COLUMN undone_at;
ALTER TABLE before_images ADD COLUMN work_json TEXT;
ALTER TABLE before_images ADD COLUMN confirmed BOOLEAN NOT NULL DEFAULT FALSE
"""


def _version_4(session: Session) -> None:
    """The results of audits; and what an appointment was planned for, with what it was."""
    for statement in _VERSION_4.split(";"):
        session.execute(statement)


def _version_5(session: Session) -> None:
    """When the items of decisions take place, so that they are found by it."""
    session.execute("ALTER TABLE decisions ADD COLUMN starts_at TEXT")
    session.execute("ALTER TABLE decisions ADD COLUMN ends_at TEXT")
    session.execute("CREATE INDEX decisions_resource_no_starts_at ON decisions (resource_no, starts_at)")


STEPS: tuple[Step, ...] = (_version_1, _version_2, _version_3, _version_4, _version_5)
"""The first step makes version 1."""


def migrate(session: Session, store: str, steps: Sequence[Step] = STEPS) -> None:
    """Brings a store to the version that `steps` end with, inside the caller's transaction.

    `store` names it in messages. Raises `StoreNewer` for a version beyond them, and `StoreCorrupt` for an
    SQLite file that belongs to another program.
    """
    found = version_of(session)
    if found > len(steps):
        raise StoreNewer(store, found, len(steps))
    if found == 0 and session.is_sqlite and session.tables():
        raise StoreCorrupt(store, "it holds the tables of another program")
    for step in steps[found:]:
        step(session)
    if found < len(steps):
        session.many(_put_version, [(SCHEMA_VERSION_KEY, str(len(steps)))])


def require_current(session: Session, store: str, steps: Sequence[Step] = STEPS) -> None:
    """Raises `StoreNewer` or `StoreOlder` unless a store is at the version that `steps` end with."""
    found = version_of(session)
    if found > len(steps):
        raise StoreNewer(store, found, len(steps))
    if found < len(steps):
        raise StoreOlder(store, found, len(steps))


def version_of(session: Session) -> int:
    """The schema's version; 0 of a database without our tables."""
    if "meta" not in session.tables():
        return 0
    rows = session.fetch(_version, SCHEMA_VERSION_KEY)
    return int(rows[0][0]) if rows else 0


def _version() -> object:
    return MetaRow.select(MetaRow.value).where(MetaRow.key == "")


def _put_version() -> object:
    return upsert(MetaRow)


def _put_word() -> object:
    return upsert(SubjectWordRow, absent_only=True)

"""The schema: made step by step, never backwards, and with no place for what is not shared."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from playhouse.schema_diff import diff_models  # type: ignore[import-untyped]  # peewee's stubs leave it out

from models.ids import Etag, EventId, EventKey
from models.link import Unshared
from models.preferences import Verdict
from models.storage import migrations
from models.storage.changes import PutLink, PutUnshared
from models.storage.errors import StoreNewer
from models.storage.migrations import STEPS, Step
from models.storage.schema import TABLES, columns
from models.storage.session import Session
from models.storage.store import Store
from tests.storage_kit import BOX, KINDS, R1, decision, link, store_url

VERSION_1 = Path(__file__).parent / "stores" / "version-1.sql"
"""A store as the first version left it: `sqlite3 store.db .dump`. Never edited."""

WORDS = {
    "meta": {"value"},
    "resources": {"display_name", "email", "reason"},
    "preferences": {"set_by"},
    "supervision": {"child_json"},
    "links": {"number", "agreed_json"},
    "unshared": set[str](),
    "dead_letters": {"reason", "detail"},
    "held_back": {"reason"},
    "decisions": {"number", "subject", "detail", "basis_json", "changes_json"},
    "decision_names": {"name"},
    "subject_words": {"word", "subject"},
    "before_images": {"before_json", "after_json"},
    "audits": {"problem"},
}
"""The columns that may hold words at all, every one of them only of board-born and shared items."""
REFERENCES = {
    "resource_no", "guid", "appointment_id", "event_id", "event_key", "mailbox", "etag", "id", "item",
    "intent_id", "subscription_id", "transaction_id", "references_json", "request_ids_json", "ical_uid",
    "source_app", "url", "client_state", "delta_link", "seen", "key",
    "work_json",
}  # fmt: skip
CLOSED_SETS = {
    "state", "origin", "verdict", "act", "side", "trigger", "outcome", "source", "kind", "service", "code",
    "show_as", "sensitivity", "private",
}  # fmt: skip
MOMENTS = {
    "updated_at", "in_step_at", "set_at", "received_at", "at", "first_at", "last_at", "since", "created_at",
    "expires_at", "full_round_at", "window_start", "window_end", "event_modified_at",
    "board_modified_at", "starts_at", "ends_at",
}  # fmt: skip
REASONS_OF_A_CLOSED_SET = {("decisions", "reason")}


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with store_url(request.param, tmp_path) as made:
        yield made


def add_colour(session: Session) -> None:
    session.execute("ALTER TABLE links ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'")


def break_down(session: Session) -> None:
    session.execute("ALTER TABLE links ADD COLUMN half TEXT")
    raise RuntimeError("in the middle of a step")


def version(store: Store) -> int:
    return migrations.version_of(store._backend.reader)


def test_a_new_store_has_the_tables_that_the_models_describe(url: str) -> None:
    store = Store.open(url)
    database: Any = store._backend.writer._database
    (schema,) = store._backend.writer.execute(
        "SELECT 'main'" if url.startswith("sqlite") else "SELECT current_schema()", returns=True
    )[0]
    for table in TABLES:
        meta: Any = table._meta
        meta.schema = schema
    try:
        difference = diff_models(database, TABLES)
    finally:
        for table in TABLES:
            meta = table._meta
            meta.schema = None
    assert str(difference) == ""
    assert version(store) == len(STEPS)
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_older_store_is_brought_up_to_date_when_it_is_opened(kind: str, tmp_path: Path) -> None:
    with store_url(kind, tmp_path) as url:
        store = Store.open(url)
        store.apply([PutLink(link=link())])
        store.close()

        store = Store.open(url, steps=(*STEPS, add_colour))
        assert version(store) == len(STEPS) + 1
        assert store._backend.reader.execute("SELECT colour FROM links", returns=True) == [("grey",)]
        assert store.links_of(R1) == (link(),)
        store.close()

        with pytest.raises(StoreNewer):
            Store.open(url)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_step_that_fails_leaves_the_store_as_it_was(kind: str, tmp_path: Path) -> None:
    with store_url(kind, tmp_path) as url:
        store = Store.open(url)
        store.apply([PutLink(link=link())])
        store.close()
        with pytest.raises(RuntimeError, match="in the middle of a step"):
            Store.open(url, steps=(*STEPS, add_colour, break_down))
        store = Store.open(url)
        assert version(store) == len(STEPS)
        assert store.links_of(R1) == (link(),)
        store.close()


def test_every_step_runs_once(tmp_path: Path) -> None:
    ran: list[int] = []

    def step(number: int) -> Step:
        return lambda session: ran.append(number)

    url = f"sqlite:///{tmp_path}/s.db"
    for steps in ((step(1),), (step(1), step(2)), (step(1), step(2), step(3)), (step(1), step(2), step(3))):
        Store.open(url, steps=(*STEPS, *steps)).close()
    assert ran == [1, 2, 3]


def test_a_store_of_the_first_version_is_read_by_this_one(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s.db") as old:
        old.executescript(VERSION_1.read_text(encoding="utf-8"))
    old.close()
    store = Store.open(f"sqlite:///{tmp_path}/s.db")
    assert version(store) == len(STEPS)
    assert store.links_of(R1) == (link(etag=None, has_guests=False),), (
        "whether its event has guests is asked again"
    )
    assert store.decisions("APP-1") == (decision(),)
    assert store.decisions("überprüf") == (decision(),), "words are entered for what was decided before"
    assert [event.verdict for event in store.unshared_of(R1)] == [Verdict.SENSITIVITY_NOT_SHARED]
    store.close()


def test_e_no_column_is_there_for_the_words_of_an_unshared_event() -> None:
    """E: a new column is a decision: it belongs to one of the sets above, or holds a number or a flag."""
    for table in TABLES:
        meta: Any = table._meta
        name = meta.table_name
        for column in columns(table):
            if column.field_type != "TEXT" or (name, column.name) in REASONS_OF_A_CLOSED_SET:
                continue
            known = REFERENCES | CLOSED_SETS | MOMENTS | WORDS.get(name, set())
            assert column.name in known, f"{name}.{column.name} may hold words"


def test_e_an_unshared_event_is_ids_a_version_and_a_verdict(tmp_path: Path) -> None:
    assert {field.name for field in fields(Unshared)} == {
        "resource_no", "mailbox", "event_id", "event_key", "etag", "verdict",
    }  # fmt: skip
    event = Unshared(
        resource_no=R1,
        mailbox=BOX,
        event_id=EventId("e"),
        event_key=EventKey("k"),
        etag=Etag("1"),
        verdict=Verdict.SHARING_OFF,
    )
    store = Store.open(f"sqlite:///{tmp_path}/s.db")
    store.apply([PutUnshared(unshared=event)])
    kept = store._backend.reader.execute("SELECT * FROM unshared", returns=True)
    assert kept == [(R1, "k", BOX, "e", "1", "sharing_off")]
    store.close()

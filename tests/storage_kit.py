"""What the tests of the store share: a store of each kind, and values to keep in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import strategies as st

from models.content import Content, Field, Importance, Sensitivity, ShowAs
from models.decision import Act, Reason, Side
from models.ids import AppointmentGuid, AppointmentId, Etag, EventId, EventKey, MailboxId, ResourceNo
from models.link import Agreed, Link, LinkState, Origin
from models.storage.records import ChangeRecord, DecisionRecord, Outcome, Trigger
from models.when import AllDay, Timed

POSTGRES = "EXCHANGE_CONNECTOR_TEST_POSTGRES"
"""Names the environment variable with the URL of a database in which the tests may make schemas."""

KINDS = ("sqlite", "memory", "postgres")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
R1, R2 = ResourceNo("EMP-001"), ResourceNo("EMP-002")
BOX = MailboxId("9f7a2f0e-0000-4000-8000-000000000001")


def later(**by: float) -> datetime:
    """A moment after NOON."""
    return NOON + timedelta(**by)


@contextmanager
def store_url(kind: str, tmp_path: Path) -> Iterator[str]:
    """Where a new store of a kind can be made."""
    if kind == "memory":
        yield "sqlite:///:memory:"
    elif kind == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
    else:
        with postgres_url() as url:
            yield url


@contextmanager
def postgres_url() -> Iterator[str]:
    """A schema of its own in the PostgreSQL database for tests; skips the test where there is none."""
    base = os.environ.get(POSTGRES)
    if not base:
        pytest.skip(f"{POSTGRES} names no PostgreSQL database to test with")
    import psycopg

    schema = f"test_{uuid4().hex}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            yield f"{base}{'&' if '?' in base else '?'}options={quote(f'-csearch_path={schema}')}"
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


def content(**said: Any) -> Content:
    """A content with everything in it."""
    full: dict[str, Any] = {
        "subject": "Visit",
        "body": "Bring the ladder\nand the long one",
        "location": "Ghent",
        "when": Timed(start=NOON, end=later(hours=1)),
        "importance": Importance.HIGH,
        "category": "Install",
        "show_as": ShowAs.BUSY,
        "sensitivity": Sensitivity.NORMAL,
    }
    return Content(**{**full, **said})


def link(guid: str = "g1", resource_no: ResourceNo = R1, **changed: Any) -> Link:
    """A link with everything in it."""
    full: dict[str, Any] = {
        "resource_no": resource_no,
        "guid": AppointmentGuid(guid),
        "origin": Origin.BOARD,
        "state": LinkState.ACTIVE,
        "mailbox": BOX,
        "appointment_id": AppointmentId("1"),
        "number": "APP-1",
        "event_id": EventId(f"event-{guid}"),
        "event_key": EventKey(f"event-{guid}"),
        "etag": Etag('W/"1"'),
        "event_modified_at": NOON,
        "board_modified_at": later(seconds=0.123456),
        "has_guests": True,
        "generation": 2,
        "agreed": Agreed(board=content(), outlook=content(body="<p>")),
    }
    return Link(**{**full, **changed})


def decision(decision_id: str = "d1", **changed: Any) -> DecisionRecord:
    """A decision with everything in it."""
    full: dict[str, Any] = {
        "id": decision_id,
        "at": NOON,
        "resource_no": R1,
        "mailbox": BOX,
        "guid": AppointmentGuid("0a0b0c0d-0000-4000-8000-000000000001"),
        "appointment_id": AppointmentId("4711"),
        "number": "APP-1",
        "event_id": EventId("AAkALg=="),
        "event_key": EventKey("AAkALg=="),
        "ical_uid": "040000008200E",
        "subject": "Boiler Überprüfung",
        "side": Side.BOARD,
        "trigger": Trigger.WEBHOOK,
        "act": Act.UPDATE_EVENT,
        "reason": Reason.CHANGED_ON_BOARD,
        "detail": "rule X",
        "basis": (("rule", "Only planned"), ("appointment.Category", "Install")),
        "changes": (
            ChangeRecord(field=Field.SUBJECT, agreed="a", board="b", outlook="c", winner=Side.BOARD),
        ),
        "outcome": Outcome.PENDING,
        "request_ids": ("r1", "r2"),
        "attempts": 1,
    }
    return DecisionRecord(**{**full, **changed})


def texts() -> st.SearchStrategy[str]:
    """Any text, the odd ones that services send included."""
    odd = st.sampled_from(["", "\0", "\ud800", "a\r\nb", "👷🏽", "'\"\\", "\u2028", "e\u0301"])
    return st.text(max_size=30) | odd


def moments() -> st.SearchStrategy[datetime]:
    """Any instant, in UTC."""
    return st.datetimes(timezones=st.just(UTC))


def contents() -> st.SearchStrategy[Content]:
    """Any content."""
    timed = st.builds(Timed, start=moments(), end=moments())
    days = st.builds(AllDay, first=st.dates(), until=st.dates(max_value=date.max))
    return st.builds(
        Content,
        subject=st.none() | texts(),
        body=st.none() | texts(),
        location=st.none() | texts(),
        when=st.none() | timed | days,
        importance=st.none() | st.sampled_from(Importance),
        category=st.none() | texts(),
        show_as=st.none() | st.sampled_from(ShowAs),
        sensitivity=st.none() | st.sampled_from(Sensitivity),
    )


def agreements() -> st.SearchStrategy[Agreed]:
    """Any agreed state, equal on both sides as it usually is, or not."""
    same = contents().map(lambda both: Agreed(board=both, outlook=both))
    return same | st.builds(Agreed, board=contents(), outlook=contents())

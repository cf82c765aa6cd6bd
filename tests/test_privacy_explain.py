"""`explain` finds an item by each of its names, and answers quickly among very many decisions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from actors.explain import explain
from models.decision import Act, Reason
from models.ids import AppointmentGuid, AppointmentId, EventId, EventKey, ResourceNo
from models.storage.changes import AddDecision
from models.storage.records import DecisionRecord, Trigger
from models.storage.store import Store

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
MANY = 100_000
"""Decisions, each about an item of its own."""
ANSWER_SECONDS = 0.1


def record(number: int) -> DecisionRecord:
    return DecisionRecord(
        id=f"{number:016x}",
        at=BEGIN + timedelta(seconds=number),
        resource_no=ResourceNo(f"R{number % 1000}"),
        guid=AppointmentGuid(f"guid-{number}"),
        appointment_id=AppointmentId(f"id-{number}"),
        number=f"no-{number}",
        event_id=EventId(f"event-{number}"),
        event_key=EventKey(f"key-{number}"),
        ical_uid=f"ical-{number}",
        subject=f"Visit {number} in town",
        trigger=Trigger.POLL,
        act=Act.CREATE_EVENT,
        reason=Reason.NEW_ON_BOARD,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with very many decisions about as many items."""
    folder: Path = tmp_path_factory.mktemp("decisions")
    opened = Store.open(f"sqlite:///{folder / 'store.db'}")
    for first in range(0, MANY, 10_000):
        opened.apply(AddDecision(decision=record(number)) for number in range(first, first + 10_000))
    yield opened
    opened.close()


@pytest.mark.nightly
@pytest.mark.parametrize(
    "asked",
    [
        "no-77777",
        "id-77777",
        "guid-77777",
        "GUID-77777",
        "event-77777",
        "ical-77777",
        "Visit 77777 in town",
        "77777 in",
    ],
)
def test_any_name_finds_one_of_very_many_decisions_at_once(store: Store, asked: str) -> None:
    began = time.perf_counter()
    explained = explain(asked, store.decisions(asked, 20), store.resources())
    took = time.perf_counter() - began
    assert [one.guid for one in explained.decisions] == ["guid-77777"]
    assert took < ANSWER_SECONDS


@pytest.mark.nightly
def test_what_was_decided_for_a_resource_at_a_time_is_found_at_once(store: Store) -> None:
    since = BEGIN + timedelta(seconds=50_000)
    began = time.perf_counter()
    found = store.decisions_of(ResourceNo("R5"), since=since, until=since + timedelta(hours=1), limit=20)
    took = time.perf_counter() - began
    assert found
    assert all(since <= one.at < since + timedelta(hours=1) for one in found)
    assert took < ANSWER_SECONDS

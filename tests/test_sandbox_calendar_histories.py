"""The local Graph: whatever happens in a mailbox, a client of delta rounds ends with what a view shows.

Histories are drawn from a seed; the client knows only what facts §3 tells a client to do.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.calendar_harness import Harness, event, moment, weekly
from tests.sandbox.graph.quirks import Quirks

START, END = "2026-08-01", "2026-09-01"
STEPS = 40


@dataclass(slots=True)
class DeltaClient:
    """Keeps singles by id and series by their master, replaced whole."""

    graph: Harness
    link: str | None = None
    singles: dict[str, dict[str, Any]] = field(default_factory=dict)
    series: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def catch_up(self, page_size: int) -> None:
        """One round; a forgotten link means a new first round."""
        prefer = f"odata.maxpagesize={page_size}"
        if self.link is not None and self.graph.follow(self.link, prefer=prefer).status == 410:
            self.link = None
        if self.link is None:
            self.singles, self.series = {}, {}
        items, self.link = self.graph.round(self.link, prefer=prefer, start=START, end=END)
        for item in items:
            self._take(item)

    def _take(self, item: dict[str, Any]) -> None:
        item_id = item["id"]
        if "@removed" in item:
            self.singles.pop(item_id, None)
            self.series.pop(item_id, None)
            return
        match item["type"]:
            case "singleInstance":
                self.series.pop(item_id, None)
                self.singles[item_id] = item
            case "seriesMaster":
                self.singles.pop(item_id, None)
                self.series[item_id] = {}
            case _:
                self.series[item["seriesMasterId"]][item_id] = item

    def seen(self) -> dict[str, tuple[str, str, str]]:
        """What the client believes to lie in the window: type, start and etag by id."""
        items = [*self.singles.values(), *(one for found in self.series.values() for one in found.values())]
        return {one["id"]: _essence(one) for one in items}


def _essence(item: dict[str, Any]) -> tuple[str, str, str]:
    return item["type"], item["start"]["dateTime"], item["@odata.etag"]


class Person:
    """Does something in Ann's or Bob's mailbox at every step."""

    def __init__(self, graph: Harness, dice: random.Random) -> None:
        self._graph = graph
        self._dice = dice

    def act(self) -> None:
        """One step; what the service refuses is no step."""
        user = self._dice.choice([self._graph.ann, self._graph.bob])
        rows = self._graph.view("2026-07-01", "2026-10-31", user=user)
        masters = self._graph.call("GET", "events", user=user, top="1000").value
        choice = self._dice.random()
        if choice < 0.3 or not rows:
            self._graph.call("POST", "events", self._payload(), user=user)
            return
        target = self._dice.choice(rows if choice < 0.8 else masters)
        path = f"events/{target['id']}"
        match self._dice.choice(["subject", "time", "delete", "answer", "recurrence"]):
            case "subject":
                self._graph.call("PATCH", path, {"subject": self._word()}, user=user)
            case "time":
                self._graph.call("PATCH", path, self._time(), user=user)
            case "delete":
                self._graph.call("DELETE", path, user=user)
            case "answer":
                self._graph.call("POST", f"{path}/{self._dice.choice(['accept', 'decline'])}", {}, user=user)
            case _:
                recurrence = self._dice.choice([None, weekly("monday", "thursday")["recurrence"]])
                self._graph.call("PATCH", path, {"recurrence": recurrence}, user=user)

    def _payload(self) -> dict[str, Any]:
        members: dict[str, Any] = {"subject": self._word()}
        if self._dice.random() < 0.4:
            members |= weekly(*self._dice.sample(["monday", "tuesday", "friday"], 2))
        else:
            members |= self._time()
        if self._dice.random() < 0.4:
            guest = self._dice.choice(["ann", "bob"])
            members["attendees"] = [{"emailAddress": {"address": f"{guest}@contoso.test"}}]
        return event(**members)

    def _time(self) -> dict[str, Any]:
        day, hour = self._dice.randint(1, 31), self._dice.randint(0, 22)
        month = self._dice.choice(["07", "08", "08", "09"])
        date = f"2026-{month}-{min(day, 30):02}"
        return {"start": moment(f"{date}T{hour:02}:00:00"), "end": moment(f"{date}T{hour + 1:02}:00:00")}

    def _word(self) -> str:
        return f"word {self._dice.randrange(1000)}"


@pytest.mark.parametrize("seed", range(12))
def test_a_client_of_delta_rounds_sees_what_a_view_shows(seed: int) -> None:
    dice = random.Random(seed)
    graph = Harness(
        Quirks(
            delta_generations=dice.choice([2, 8]),
            delta_scan=dice.choice([1, 5, 1000]),
            delta_replay_probability=dice.choice([0.0, 0.3]),
            late_touch=dice.choice([None, timedelta(seconds=5)]),
        ),
        seed=seed,
    )
    person, client = Person(graph, dice), DeltaClient(graph)
    for _ in range(STEPS):
        person.act()
        graph.advance(seconds=dice.randint(0, 4))
        if dice.random() < 0.2:
            client.catch_up(dice.choice([1, 3, 50]))
        if dice.random() < 0.03:
            graph.tenant.expire_delta_links()
    graph.advance(minutes=1)
    client.catch_up(3)
    shown = {row["id"]: _essence(row) for row in graph.view(START, END)}
    assert client.seen() == shown
    assert {kind for kind, _, _ in shown.values()} & {"occurrence", "singleInstance"}


@pytest.mark.parametrize("seed", range(5))
def test_behind_every_copy_stands_a_meeting_or_it_is_cancelled(seed: int) -> None:
    dice = random.Random(1000 + seed)
    graph = Harness(seed=seed)
    person = Person(graph, dice)
    for _ in range(STEPS):
        person.act()
    by_uid = {
        row["uid"]: row
        for user in (graph.ann, graph.bob)
        for row in _events(graph, user)
        if row["isOrganizer"]
    }
    copies = [
        row for user in (graph.ann, graph.bob) for row in _events(graph, user) if not row["isOrganizer"]
    ]
    assert copies
    for copy in copies:
        original = by_uid.get(copy["uid"])
        assert copy["isCancelled"] or original is not None
        if original is not None and not copy["isCancelled"]:
            assert copy["organizer"] == original["organizer"]


def _events(graph: Harness, user: Any) -> list[dict[str, Any]]:
    return graph.call("GET", "events", user=user, top="1000").value

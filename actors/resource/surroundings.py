"""What a resource actor is given: what holds for everybody, whom it may turn to, what the store knows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pykka import ActorRef

from actors.resource.hints import Hints
from actors.resource.messages import Hint
from actors.runtime.clock import Clock
from actors.runtime.timers import Timers
from actors.undo import Undo
from models.delete_budget import DeleteBudget
from models.ids import MailboxId, ResourceNo
from models.link import Link, Unshared
from models.mapper import Mapper
from models.policy import Policy
from models.preferences import Preferences
from models.storage.changes import Change
from models.storage.records import BeforeImage, DeadLetter, DeltaState, HeldBack, Intent, ResourcePreferences
from models.when import Window, window_around


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What holds for every resource at this moment. Replaced as a whole when something of it changes."""

    mapper: Mapper
    policy: Policy
    delete_budget: DeleteBudget
    confirm_seconds: float
    """How long a deletion in doubt waits for its second reading (C10)."""
    defaults: Preferences
    resources_decide: bool
    past_days: int
    future_days: int
    source_app: str
    source_type: str

    def window(self, now: datetime) -> Window:
        """The synchronised window at this moment."""
        return window_around(now, past_days=self.past_days, future_days=self.future_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything that a resource actor is given: the others, and what is injected everywhere."""

    graph: ActorRef[Any]
    scheduler: ActorRef[Any]
    store: ActorRef[Any]
    hints: Hints
    clock: Clock
    timers: Timers
    random: random.Random
    configuration: Callable[[], Configuration]
    hint: Callable[[ResourceNo, Hint], None]
    trouble: Callable[[ResourceNo, Exception], None]
    settled: Callable[[ResourceNo], None]
    """Told whenever the resource has nothing left to do."""
    wrote: Callable[[ResourceNo], None]
    """Told whenever something is written for the resource, and when that has ended."""
    passivate: Callable[[ResourceNo, int], None]
    looked_into: set[tuple[ResourceNo, MailboxId]]
    """For whom, and where, this process has looked for events that an earlier one wrote."""
    undo: Callable[[ResourceNo], Undo | None] = lambda number: None
    """The undo that waits for this resource, if any does."""
    undone: Callable[[ResourceNo, int], None] = lambda number, incarnation: None
    """Told when an undo is through with a resource that is at rest."""
    rehearses: bool = False
    """Whether nothing may be written to either system."""
    note: Callable[[Iterable[Change]], None] | None = None
    """Told at once of what would be stored, in a rehearsal: nobody has to wait for a disk."""
    judges_anew: bool = False
    """Whether events were judged by other settings than these, so that mailboxes are read in full."""
    in_force: Callable[[ResourceNo], Preferences | None] = lambda number: None
    """What a resource shares, while other preferences are only tried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What the store knows of a resource."""

    links: tuple[Link, ...]
    unshared: tuple[Unshared, ...]
    intents: tuple[Intent, ...]
    images: Mapping[str, BeforeImage]
    """Of the writes that those intents were for, by intent, as far as they were begun."""
    parked: tuple[DeadLetter, ...]
    held: tuple[HeldBack, ...]
    preferences: ResourcePreferences | None
    delta: DeltaState | None
    has_forgotten: bool
    """Whether links were dropped because their items were long past."""

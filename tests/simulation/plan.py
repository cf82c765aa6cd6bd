"""What one history is made of: drawn from its seed before it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.sandbox.graph.quirks import Quirks
from tests.simulation.faults import EVERY, SELDOM, SELDOM_CHANCE

DAYS_IN_YEAR = 365
STRANGE_DAYS = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
)
"""When clocks in Brussels change: one history in four lies across such a day."""
FEW = 3
"""Kinds of trouble of which all are wanted."""
WITH_RULES = 0.25
"""In how many of the histories an administrator sets rules."""
DECIDED_FOR = 0.05
"""In how many of them nobody asks what resources choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says of every history."""

    operations: int = 50
    faults: frozenset[str] = EVERY
    """The kinds of trouble that may strike."""
    acts: frozenset[str] | None = None
    """What people and planners do; None for everything."""
    listens: bool = False
    """Whether the connector is told of changes through subscriptions, webhooks, hooks and journal."""
    governed: bool = True
    """Whether some of the histories have an administrator, with rules, who may decide for all resources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings of one history."""

    seed: int
    begin: datetime
    resources: int
    period: float
    """Seconds between two polls; what people do is spread accordingly."""
    operations: int
    faults: frozenset[str]
    acts: frozenset[str] | None
    sync: dict[str, Any] = field(default_factory=dict)
    """The connector's `[sync]`."""
    private: str = "hide"
    quirks: Quirks = field(default_factory=Quirks)
    notified: bool = True
    """Whether changes are announced to the connector, as subscriptions and webhooks do."""
    listens: bool = False
    """Whether they are announced by those themselves, through its hooks and its journal."""
    has_rules: bool = False
    """Whether an administrator says by rules what goes to Outlook."""
    resources_decide: bool = True
    """Whether what resources choose to share counts (B17)."""

    @staticmethod
    def draw(seed: int, options: Options) -> Plan:
        """The plan of a seed."""
        dice, governing = Random(f"{seed}/plan"), Random(f"{seed}/governing")
        governed = options.governed and options.acts is None
        period = dice.choice((120.0, 300.0, 1800.0, 21600.0))
        begin = datetime(2026, 1, 5, 6, tzinfo=UTC) + timedelta(days=dice.randrange(DAYS_IN_YEAR))
        if dice.random() < 0.25:
            begin = dice.choice(STRANGE_DAYS) - timedelta(days=dice.randrange(3), hours=dice.randrange(20))
        return Plan(
            seed=seed,
            begin=begin,
            resources=dice.choice((2, 2, 3, 4)),
            period=period,
            operations=options.operations,
            faults=_some(dice, options.faults.difference(SELDOM)) | _seldom(seed, options.faults),
            acts=options.acts,
            sync={
                "past_days": dice.choice((2, 5)),
                "future_days": dice.choice((6, 20)),
                "outlook_edits": dice.choice(("accept", "accept", "revert")),
                "outlook_deletes": dice.choice(("restore", "restore", "unassign")),
                "board_edits": dice.choice(("accept", "accept", "revert")),
                "conflicts": dice.choice(("board", "board", "outlook", "latest")),
                "outlook_poll_seconds": int(period),
                "board_poll_seconds": int(period),
            },
            private=dice.choice(("hide", "hide", "mask")),
            quirks=_quirks(dice),
            notified=dice.random() < 0.5 and not options.listens,
            listens=options.listens,
            has_rules=governing.random() < WITH_RULES and governed,
            resources_decide=governing.random() >= DECIDED_FOR or not governed,
        )


def _some(dice: Random, allowed: frozenset[str]) -> frozenset[str]:
    """Which kinds of trouble this history has: none, a few, or all. Few at a time reach further."""
    kinds = sorted(allowed)
    style = dice.random()
    if not kinds or style < 0.1:
        return frozenset()
    if style < 0.6:
        return frozenset(dice.sample(kinds, min(len(kinds), dice.randint(1, 3))))
    return frozenset(kinds)


def _seldom(seed: int, allowed: frozenset[str]) -> frozenset[str]:
    """Where only a few kinds of trouble are allowed, these are as likely as any."""
    dice, chance = Random(f"{seed}/seldom"), SELDOM_CHANCE if len(allowed) > FEW else 1.0
    return frozenset(kind for kind in SELDOM if dice.random() < chance and kind in allowed)


def _quirks(dice: Random) -> Quirks:
    """How this tenant behaves where the sources disagree (facts, Graph §12)."""
    return Quirks(
        second_delete=dice.choice((404, 400)),
        occurrence_ical_uid=dice.choice(("series", "own")),
        pattern_change_drops_exceptions=dice.random() < 0.7,
        numbered_reads_as_end_date=dice.random() < 0.3,
        delta_occurrence_zone=dice.choice(("series", "prefer")),
        duplicate_transaction_status=dice.choice((400, 409)),
        transaction_survives_delete=dice.random() < 0.3,
        late_touch=timedelta(seconds=dice.choice((2, 20))) if dice.random() < 0.3 else None,
        removed_reason_outside_window=dice.choice(("deleted", "changed")),
        removed_in_first_round=dice.random() < 0.3,
        delta_lag=timedelta(seconds=dice.choice((0, 0, 0, 3, 15))),
        delta_page_size=dice.choice((2, 5, 50)),
        delta_replay_probability=0.1 if dice.random() < 0.2 else 0.0,
        deleted_readable_for=timedelta(0),
    )

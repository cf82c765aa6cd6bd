"""The mapper: it owns rules, templates and category names, and hands out frozen snapshots of them.

Applying a snapshot is a pure function, so that no resource waits in a queue for arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from pykka import ActorRef

from actors.clients.scheduler.operations import Category, ListCategories
from actors.clients.steps import Failed, Outcome, Priority, Submit
from actors.rules_watch import RulesWatch
from actors.runtime.pooled import PooledActor
from actors.runtime.timers import Timers
from models.categories import CategoryMap
from models.mapper import Mapper
from models.rules import load_rules
from models.settings.sections import Settings, WriteRoute
from models.templates import compile_templates
from models.zones import find_zone

log = structlog.get_logger(__name__)

RELOAD_SECONDS = 600.0
"""How often the board is asked for its categories, unless it is polled less often than that."""
RETRY_SECONDS = 30.0
"""How soon it is asked again after it has not answered; each time twice as late."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Ask the board for its categories."""


@dataclass(frozen=True, slots=True)
class LookAtRules:
    """See whether the rule file has changed."""


@dataclass(frozen=True, slots=True)
class _Categories:
    outcome: Outcome


def mapper_of(settings: Settings) -> Mapper:
    """The mapping as the settings have it. Raises `SettingError` for a broken template or rule file."""
    mapping = settings.mapping
    find_zone("UTC")  # reads the zone database, once: all senders would at the first event otherwise
    return Mapper(
        zone=settings.scheduler.time_zone,
        templates=compile_templates(subject=mapping.subject, body=mapping.body, location=mapping.location),
        rules=load_rules(settings.rules.file, settings.scheduler.time_zone),
        categories=CategoryMap(
            categories=dict(mapping.categories), board_categories=dict(mapping.board_categories)
        ),
        show_as=mapping.show_as,
        reminder_minutes=mapping.reminder_minutes,
        mask_subject=settings.defaults.mask_subject,
        carries_show_as=settings.scheduler.write_route is WriteRoute.EXCHANGE_APPOINTMENT,
    )


def with_categories(mapper: Mapper, categories: Iterable[Category]) -> Mapper:
    """The mapping with the categories that the board has."""
    known = frozenset(category.name for category in categories)
    return replace(mapper, categories=replace(mapper.categories, known=known))


class MapperActor(PooledActor):
    """Keeps the current snapshot up to date."""

    def __init__(
        self,
        *,
        mapper: Mapper,
        scheduler: ActorRef[Any],
        timers: Timers,
        publish: Callable[[Mapper], None],
        reload_seconds: float = RELOAD_SECONDS,
        rules: RulesWatch | None = None,
        judge_again: Callable[[], None] = lambda: None,
        compare_again: Callable[[], None] = lambda: None,
    ) -> None:
        """`publish` is given every new snapshot; it replaces a reference and does nothing else.

        `rules` watches the rule file, if there is one. `judge_again` is called after new rules were
        published: what was judged by the old ones has to be judged anew (A7). `compare_again` is called
        after the board turned out to know other categories: its own is found among an event's by them.
        """
        super().__init__()
        self._mapper = mapper
        self._scheduler = scheduler
        self._timers = timers
        self._publish = publish
        self._reload_seconds = reload_seconds
        self._rules = rules
        self._judge_again = judge_again
        self._compare_again = compare_again
        self._unanswered = 0

    def on_start(self) -> None:
        self._publish(self._mapper)
        self._ask()
        self._look_at_rules()

    def on_receive(self, message: object) -> object:
        match message:
            case Reload():
                self._ask()
            case LookAtRules():
                self._look_at_rules()
            case _Categories():
                self._learn(message.outcome)
            case _:
                return super().on_receive(message)
        return None

    def _ask(self) -> None:
        self._scheduler.tell(
            Submit(
                operation=ListCategories(),
                reply=lambda outcome: self.actor_ref.tell(_Categories(outcome)),
                priority=Priority.CATCH_UP,
            )
        )

    def _look_at_rules(self) -> None:
        """Reads a file: the mapper has a thread of its own, on which nobody else waits."""
        if self._rules is None:
            return
        rules, seconds = self._rules.look()
        self._timers.after(seconds, lambda: self.actor_ref.tell(LookAtRules()))
        if rules is not None:
            self._mapper = replace(self._mapper, rules=rules)
            self._publish(self._mapper)
            self._judge_again()

    def _learn(self, outcome: Outcome) -> None:
        self._unanswered = self._unanswered + 1 if isinstance(outcome, Failed) else 0
        seconds = self._reload_seconds
        if self._unanswered:
            seconds = min(seconds, RETRY_SECONDS * 2 ** min(self._unanswered - 1, 10))
        self._timers.after(seconds, lambda: self.actor_ref.tell(Reload()))
        if isinstance(outcome, Failed):
            return
        categories: tuple[Category, ...] = outcome.value
        mapper = with_categories(self._mapper, categories)
        if mapper.categories.known == self._mapper.categories.known:
            return
        self._mapper = mapper
        self._publish(self._mapper)
        log.info("categories", known=len(mapper.categories.known))
        self._compare_again()

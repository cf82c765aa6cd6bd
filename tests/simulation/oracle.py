"""What must be true, computed from what both services hold and who wrote it.

Imports nothing of the connector. At every committed write it checks what may never be, not even for a
moment. What each side has to hold in the end stands in `verdict.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from tests.sandbox.graph.events import Item
from tests.sandbox.graph.mailbox import Change, Mailbox
from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.ledger import BoardChange
from tests.sandbox.services import Services
from tests.simulation.history import Violation
from tests.simulation.plan import Plan
from tests.simulation.reading import EventRef, Fields, exchange_id, link_of, of_appointment, of_item, tokens
from tests.simulation.rules import Rule

CONNECTOR = "connector"
ORDERED = ("subject", "when")
"""Fields of which people never give the same value twice."""
RULES_ARE_READ = timedelta(seconds=310)
"""How long after they were written the connector knows of new rules."""
EVERYTHING = {"share": True, "show_as": ("busy", "oof"), "sensitivity": ("normal",)}


class Wakeable(Protocol):
    """The connector as far as services notify it."""

    def mailbox_changed(self, mailbox: str) -> None:
        """Graph notifies."""
        ...

    def appointment_changed(self, guid: str, number: int, resources: tuple[str, ...]) -> None:
        """Dime.Scheduler notifies."""
        ...


@dataclass(slots=True)
class Known:
    """What was last seen of an appointment or an event, and what people wrote into it."""

    fields: Fields
    made_by: str
    made_at: int
    link: str | None = None
    touched_at: int = 0
    """The last change by a person or planner."""
    written_at: int = 0
    """The last change by the connector."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one side's people said last of one field."""

    at: int
    value: Any


@dataclass(slots=True)
class Memory:
    """Who said what, for as long as the history lasts."""

    said: dict[tuple[str, str, str], Said] = field(default_factory=dict)
    """By item, field and side ("planner", or the resource whose mailbox it is)."""
    ever: dict[tuple[str, str], set[Any]] = field(default_factory=dict)
    """Every value that people gave to a field of an item."""
    order: dict[tuple[str, str, str], dict[Any, int]] = field(default_factory=dict)
    """When people last gave it each of these values; by item, field and side."""
    person_deleted: set[str] = field(default_factory=set)
    """Links whose event was deleted by its owner."""
    taken_away: dict[str, int] = field(default_factory=dict)
    """When the connector last deleted an event of a link."""
    given_up: dict[tuple[str, str], int] = field(default_factory=dict)
    """When the connector last took an appointment from a resource whose event it stands for. By event and
    resource."""
    dropped: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    """Outlook-born appointments that a planner took from a resource: when, and whether the sides agreed then
    and the connector knew. By event and resource."""
    secret: set[str] = field(default_factory=set)
    public: set[str] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    """Appointments that were locked at some time: what people did to their events then was put back."""
    refused: set[str] = field(default_factory=set)
    """Events that were a meeting or showed only their time at some time: what planners said then was put
    back."""
    homes: dict[str, dict[str, None]] = field(default_factory=dict)
    """The mailboxes that a resource had."""
    resource_changed: dict[str, int] = field(default_factory=dict)
    """When a resource, its preferences or its assignment changed last."""
    assignment_changed: dict[tuple[str, str], int] = field(default_factory=dict)
    judged: dict[str, tuple[bool | None, int]] = field(default_factory=dict)
    """Whether an appointment passes the rules, and since when that is so; None where that depends on whether
    the connector has read the latest."""
    has_passed: set[str] = field(default_factory=set)
    """Appointments that passed the rules at some time."""
    held_back: set[str] = field(default_factory=set)
    """Appointments that did not pass the rules at some time: what people did to their events then is gone."""


class Oracle:
    """Sees every write."""

    def __init__(
        self, services: Services, plan: Plan, numbers: list[str], now: Callable[[], datetime]
    ) -> None:
        self.services, self.plan, self.numbers, self.now = services, plan, numbers, now
        self.board, self.tenant = services.board, services.tenant
        self.appointments: dict[str, Known] = {}
        self.events: dict[tuple[str, int], Known] = {}
        self.memory = Memory()
        self.preferences: dict[str, dict[str, Any]] = {}
        self.writes: list[tuple[str, Fields]] = []
        """Everything that the connector wrote: what was done, and to what."""
        self.forgot_at = 0
        """When the store was last lost or restored."""
        self.is_learning = False
        """Whether the connector may still not know again what it knew before that."""
        self._slow_to_learn: set[str] = set()
        """Resources that did not synchronise when the store was lost or restored: of them nothing is known
        again until they are switched on, and that is heard of."""
        self._rested_at = 0
        """When the connector had nothing left to do for the last time."""
        self.on_change: Callable[[str, Callable[[Wakeable], None]], None] = lambda line, wake: None
        self.violation = ""
        """What was violated first; empty while nothing was."""
        self.typed: set[str] = set()
        """Words that people wrote into events of the connector."""
        self._rules: tuple[Rule, ...] | None = None
        """What is in the file; None before there is one: the process begins with the first ones."""
        self._former_rules: list[tuple[tuple[Rule, ...], datetime]] = []
        """Which the connector may still judge by, and until when."""
        self._who = CONNECTOR
        self._n = 0
        self.board.listeners.append(self._board_changed)
        self.tenant.listeners.append(self._mailbox_changed)

    @contextmanager
    def acting(self, who: str) -> Iterator[None]:
        """Whatever is written meanwhile, `who` has written."""
        before, self._who = self._who, who
        try:
            yield
        finally:
            self._who = before

    def preferences_of(self, resource: str) -> dict[str, Any]:
        """What a resource shares."""
        chosen = self.preferences.get(resource) if self.plan.resources_decide else None
        return chosen or {**EVERYTHING, "private": self.plan.private}

    def prefers(self, resource: str, chosen: dict[str, Any]) -> None:
        """A resource has chosen; None gives it back to the defaults."""
        self.preferences[resource] = chosen
        self.resource_touched(resource)

    def resource_touched(self, resource: str) -> None:
        """Something about a resource has changed: much may follow from it."""
        self._n += 1
        self.memory.resource_changed[resource] = self._n
        self._look_at_secrets(resource)

    def judges_by(self, rules: tuple[Rule, ...]) -> None:
        """Other rules say from now on what goes to Outlook."""
        self._n += 1
        if self._rules is not None:
            self._former_rules.append((self._rules, self.now() + RULES_ARE_READ))
        self._rules = rules
        for appointment in self.board.appointments:
            self._judge(appointment)

    def passes(self, appointment: Appointment, rules: Sequence[Rule] | None = None) -> bool:
        """Whether rules, or else those that are in the file, let an appointment go to Outlook."""
        return all(rule.passes(appointment) for rule in (self._rules if rules is None else rules) or ())

    def _judge(self, appointment: Appointment) -> None:
        memory, guid = self.memory, appointment.guid
        former = [rules for rules, until in self._former_rules if self.now() <= until]
        verdicts = {self.passes(appointment, rules) for rules in (self._rules or (), *former)}
        if True in verdicts:
            memory.has_passed.add(guid)
        if False in verdicts:
            memory.held_back.add(guid)
        passes = verdicts.pop() if len(verdicts) == 1 else None
        if guid not in memory.judged or memory.judged[guid][0] is not passes:
            memory.judged[guid] = (passes, self._n)

    def store_forgot(self) -> None:
        """The connector has lost part of its memory."""
        self._n += 1
        self.forgot_at = self._n
        self.is_learning = True
        self._slow_to_learn |= {number for number in self.numbers if self.mailbox_of(number) is None}

    def rests(self) -> None:
        """The connector has nothing left to do: it knows of everything that it wrote."""
        self._rested_at, self.is_learning = self._n, False

    def fails(self, what: str) -> None:
        """An actor of the connector failed: what its supervisor makes of that hides the defect."""
        self.violation = self.violation or what

    def _violated(self, what: str) -> Violation:
        """Something is wrong for good, also where whoever called would take it for the failure of a call."""
        self.violation = self.violation or what
        return Violation(what)

    # Who is who

    def mailbox_of(self, resource: str) -> Mailbox | None:
        """The mailbox that a resource synchronises with, if it does."""
        record = self.board.records["resource"].find(resource)
        if record is None or not record.get("exchangeIntegrationEnabled") or not record.get("email"):
            return None
        user = self.tenant.find_user(record["email"])
        return self.tenant.mailbox(user.id) if user is not None and user.has_mailbox else None

    def resource_at(self, mailbox: str) -> str | None:
        """Whose mailbox it is."""
        for number in self.numbers:
            record = self.board.records["resource"].find(number)
            user = self.tenant.find_user(record["email"]) if record and record.get("email") else None
            if user is not None and user.id == mailbox:
                return number
        return None

    def verdict(self, resource: str, item: Item) -> str:
        """How much of a person's own event its owner shares: "all", "time" or ""."""
        chosen, content, event = self.preferences_of(resource), item.content(), item.event
        exception = item.exception
        answer = exception.answer if exception and exception.answer else event.answer
        if not chosen["share"] or event.is_cancelled or (exception and exception.is_cancelled):
            return ""
        if answer.response == "declined" or content.show_as not in chosen["show_as"]:
            return ""
        if content.sensitivity in chosen["sensitivity"]:
            return "all"
        return "time" if chosen["private"] == "mask" and content.sensitivity != "normal" else ""

    # Every write on the board

    def _board_changed(self, change: BoardChange) -> None:
        self._n += 1
        now = change.appointment
        known = self.appointments.get(now.guid)
        fields = of_appointment(now)
        by_connector = self._who == CONNECTOR
        if change.action != "deleted":
            self._judge(now)
        if by_connector:
            self.writes.append((change.action, fields))
            self._check_board_write(change, known, fields)
        else:
            self._remember_planner(change, known, fields)
        if change.action == "deleted":
            self.appointments.pop(now.guid, None)
            for name in fields:  # what was said of it has precedence no more
                said = self.memory.said.get((now.guid, name, "planner"))
                if said is not None:
                    self.memory.said[now.guid, name, "planner"] = Said(0, said.value)
        else:
            made_by, made_at = (known.made_by, known.made_at) if known else (self._who, self._n)
            seen = Known(fields=fields, made_by=made_by, made_at=made_at)
            seen.touched_at = known.touched_at if known else 0
            seen.written_at = known.written_at if known else 0
            if by_connector:
                seen.written_at = self._n
            else:
                seen.touched_at = self._n
            self.appointments[now.guid] = seen
        self.on_change(
            f"{self._who} {change.action} {now.guid[:8]} {_told(known, fields)}",
            lambda to: to.appointment_changed(now.guid, now.id, now.resources),
        )

    def _remember_planner(self, change: BoardChange, known: Known | None, fields: Fields) -> None:
        now, memory = change.appointment, self.memory
        memory.public |= tokens(now.subject, now.body)
        if now.locked:
            memory.locked.add(now.guid)
        for name, value in fields.items():
            if known is None or known.fields.get(name) != value:
                memory.said[now.guid, name, "planner"] = Said(self._n, value)
                memory.order.setdefault((now.guid, name, "planner"), {})[value] = self._n
                memory.ever.setdefault((now.guid, name), set()).add(value)
        before = known.fields["resources"] if known else ()
        after = () if change.action == "deleted" else now.resources
        for resource in {*before} ^ {*after}:
            memory.assignment_changed[now.guid, resource] = self._n
            if resource in before and now.exchange is not None and now.exchange.exchange_id:
                agreed = self._agrees(resource, now) and self._is_heard_of(known)
                agreed = agreed and not (self.is_learning or resource in self._slow_to_learn)
                memory.dropped[now.exchange.exchange_id, resource] = (self._n, agreed)

    def _is_heard_of(self, known: Known | None) -> bool:
        """Whether the connector knows that it made this: what it does not, it makes again (D3)."""
        return known is None or known.made_at <= self._rested_at

    def _agrees(self, resource: str, appointment: Appointment) -> bool:
        found = self.find_event(resource, (appointment.exchange and appointment.exchange.exchange_id) or "")
        known = self.appointments.get(appointment.guid)
        if found is None or known is None or self.verdict(resource, found) != "all":
            return False  # what is to be hidden from now on is a change that the board has not heard of
        event = of_item(found)
        names = ("subject", "when", "body", "importance", "show_as", "sensitivity")
        category, labels = known.fields["category"], event["categories"]
        is_labelled = category in labels if category else not labels
        return is_labelled and all(event[name] == known.fields[name] for name in names)

    def _check_board_write(self, change: BoardChange, known: Known | None, fields: Fields) -> None:
        now = change.appointment
        if change.action == "created":
            mark = now.exchange.exchange_id if now.exchange else None
            for other in self.board.appointments:
                same = other.exchange is not None and other.exchange.exchange_id == mark
                if other.guid != now.guid and same and set(other.resources) & set(now.resources):
                    raise self._violated(f"two appointments for one event: {other.guid} and {now.guid}")
            return
        if known is None:
            return
        if change.action != "deleted":
            self._check_order(now.guid, self._names_of(now), self.numbers, known.fields, fields)
        kept = () if change.action == "deleted" else now.resources
        for resource in set(known.fields["resources"]) - set(kept):
            self._check_removal(resource, now, known)
        if set(kept) - set(known.fields["resources"]) and known.made_by != CONNECTOR:
            raise self._violated(f"the connector assigned a resource to {now.guid}")

    def _names_of(self, appointment: Appointment) -> list[str]:
        """Under which names people's words about an appointment are remembered: its own, and its event's."""
        mark = appointment.exchange.exchange_id if appointment.exchange else ""
        found = [self.find_event(resource, mark or "") for resource in appointment.resources]
        events = [item.event for item in found if item is not None and item.day is None]
        homes = [self._mailbox_id(resource) for resource in appointment.resources]
        return [appointment.guid, *(f"{home}/{event.number}" for home in homes for event in events)]

    def _check_order(
        self, where: str, names: list[str], sides: Sequence[str], before: Fields, after: Fields
    ) -> None:
        """What one of these said last gives way to what somebody else said, or to what is put back, but never
        to what the same had said before and is carried over too late (A8)."""
        if self.forgot_at:
            return
        for name in ORDERED:
            old, new = before[name], after[name]
            if old == new:
                continue
            for key in names:
                for side in sides:
                    said = self.memory.order.get((key, name, side), {})
                    if old in said and new in said and said[new] < said[old]:
                        raise self._violated(f"{where} {name}: {new} is older than {old}, which it overwrote")

    def _check_removal(self, resource: str, appointment: Appointment, known: Known) -> None:
        memory, guid = self.memory, appointment.guid
        if known.made_by != CONNECTOR:
            wanted, link = self.plan.sync["outlook_deletes"] == "unassign", f"{guid}/{resource}"
            # a store from before it knows the event, and not that it was the connector that deleted it
            is_forgotten = 0 < memory.taken_away.get(link, 0) < self.forgot_at
            if not (wanted and (is_forgotten or link in memory.person_deleted)):
                raise self._violated(
                    f"a planner's appointment was taken from {resource} without cause: {guid}"
                )
            return
        mark = appointment.exchange.exchange_id if appointment.exchange else ""
        memory.given_up[mark or "", resource] = self._n
        found = self.find_event(resource, mark or "")
        if found is None or not self.verdict(resource, found):
            return
        since = max(known.written_at, 1)
        event = self.events.get((self._mailbox_id(resource), found.event.number))
        changed = max(
            memory.resource_changed.get(resource, 0), event.touched_at if event else 0, self.forgot_at
        )
        if changed < since:
            raise self._violated(f"the appointment of a shared event was removed without cause: {guid}")

    # Every write in a mailbox

    def _mailbox_changed(self, change: Change) -> None:
        self._n += 1
        mailbox = self.tenant.mailbox(change.user_id)
        by_connector = self._who == CONNECTOR
        event = mailbox._by_id.get(change.immutable_id)
        if event is None and change.change_type != "deleted":
            return  # one occurrence: its master is announced as well
        if event is None:
            number = next(
                number
                for number, grave in mailbox.graves.items()
                if grave.event.immutable_id == change.immutable_id
            )
            self._event_gone(mailbox, number, by_connector)
            return
        key = (change.user_id, event.number)
        known = self.events.get(key)
        fields = of_item(event.item)
        if by_connector:
            if known is None or fields != known.fields:
                self.writes.append((change.change_type, fields))
            self._check_event_write(mailbox, event.item, known, fields)
        else:
            self._remember_person(change.user_id, event.item, known, fields)
        made_by, made_at = (known.made_by, known.made_at) if known else (self._who, self._n)
        seen = Known(fields=fields, made_by=made_by, made_at=made_at, link=link_of(event))
        seen.touched_at = self._n if not by_connector else known.touched_at if known else 0
        seen.written_at = self._n if by_connector else known.written_at if known else 0
        self.events[key] = seen
        if made_by == CONNECTOR and known is None:
            self._check_once(mailbox, seen.link)
            self._check_rules(seen.link or "")
        if event.content.attendees:
            self.memory.refused.add(f"{change.user_id}/{event.number}")
        resource = self.resource_at(change.user_id)
        if resource is not None and not by_connector:
            self._look_at_secrets(resource)
        self._tell_event(change.user_id, f"{change.change_type} e{event.number} {_told(known, fields)}")

    def _event_gone(self, mailbox: Mailbox, number: int, by_connector: bool) -> None:
        known = self.events.pop((mailbox.user_id, number), None)
        if known is not None and by_connector:
            self.writes.append(("deleted", known.fields))
            self.memory.taken_away[known.link or ""] = self._n
            self._check_event_deletion(mailbox, known, number)
        elif known is not None and known.made_by == CONNECTOR and known.link is not None:
            self.memory.person_deleted.add(known.link)
        resource = self.resource_at(mailbox.user_id)
        if resource is not None and not by_connector:
            self.resource_touched(resource)
        self._tell_event(mailbox.user_id, f"deleted e{number}")

    def _tell_event(self, user_id: str, line: str) -> None:
        self.on_change(f"{self._who} {line} of {user_id[:6]}", lambda to: to.mailbox_changed(user_id))

    def _remember_person(self, user_id: str, item: Item, known: Known | None, fields: Fields) -> None:
        side = self.resource_at(user_id) or user_id
        link = link_of(item.event)
        own = known is None or known.made_by != CONNECTOR
        name_of = f"{user_id}/{item.event.number}" if own else (link or "").partition("/")[0]
        for name, value in fields.items():
            if known is None or known.fields.get(name) != value:
                self.memory.said[name_of, name, side] = Said(self._n, value)
                self.memory.order.setdefault((name_of, name, side), {})[value] = self._n
                self.memory.ever.setdefault((name_of, name), set()).add(value)

    def _check_event_write(self, mailbox: Mailbox, item: Item, known: Known | None, fields: Fields) -> None:
        if known is None:
            return
        if item.event.content.attendees and fields != known.fields:
            raise self._violated(f"a meeting was changed, and its guests are mailed: e{item.event.number}")
        own = f"{mailbox.user_id}/{item.event.number}"
        guid = (known.link or "").partition("/")[0] or self._appointment_of(mailbox, item)
        self._check_order(own, [own, *([guid] if guid else [])], ("planner",), known.fields, fields)
        if known.made_by != CONNECTOR and fields != known.fields:
            if self.plan.sync["board_edits"] == "revert":
                raise self._violated(f"a person's event was changed: e{item.event.number}")
            if fields["show_as"] != known.fields["show_as"]:
                raise self._violated(f"the show-as of a person's event was changed: e{item.event.number}")
        if known.made_by == CONNECTOR:
            lost = {
                word for word in tokens(known.fields["body"]) - tokens(fields["body"]) if word in self.typed
            }
            if lost:
                raise self._violated(f"words of a person were lost from e{item.event.number}: {sorted(lost)}")

    def _appointment_of(self, mailbox: Mailbox, item: Item) -> str:
        mark = exchange_id(mailbox, item)
        marked = (
            one.guid
            for one in self.board.appointments
            if one.exchange is not None and one.exchange.exchange_id == mark
        )
        return next(marked, "")

    def _check_event_deletion(self, mailbox: Mailbox, known: Known, number: int) -> None:
        if known.made_by != CONNECTOR:
            raise self._violated(f"a person's event was deleted: e{number}")
        if mailbox.graves[number].event.content.attendees:
            raise self._violated(f"a meeting was deleted, and its guests are mailed: e{number}")
        guid, _, resource = (known.link or "").partition("/")
        appointment = self.board.appointments.with_guid(guid)
        home = self.mailbox_of(resource)
        if appointment is None or resource not in appointment.resources or home is not mailbox:
            return
        passes, since = self.memory.judged[guid]
        if not passes:
            return
        changed = max(
            self.memory.assignment_changed.get((guid, resource), 0),
            self.memory.resource_changed.get(resource, 0),
            self.forgot_at,
            since,
        )
        if changed < known.made_at:
            raise self._violated(f"the event of an appointment was deleted without cause: {guid}/{resource}")

    def _check_once(self, mailbox: Mailbox, link: str | None) -> None:
        twins = [
            number
            for (user_id, number), known in self.events.items()
            if user_id == mailbox.user_id and known.made_by == CONNECTOR and known.link == link
        ]
        if len(twins) > 1:
            raise self._violated(f"an appointment has {len(twins)} events in one mailbox: {link} {twins}")

    def _check_rules(self, link: str) -> None:
        if link.partition("/")[0] not in self.memory.has_passed:
            raise self._violated(f"an event was made of what no rule has let through: {link}")

    # Privacy

    def leaves_for_the_board(self, body: bytes) -> None:
        """A request is on its way to the board."""
        self.check_words(body.decode(errors="replace"), "a request to Dime.Scheduler")

    def check_words(self, text: str, where: str) -> None:
        """No word of what is not shared may be in there."""
        found = tokens(text) & self.memory.secret
        if found:
            raise self._violated(f"private words in {where}: {sorted(found)}")

    def _look_at_secrets(self, resource: str) -> None:
        """Which words of a mailbox may be known, and which may not."""
        record, memory = self.board.records["resource"].get(resource), self.memory
        user = self.tenant.find_user(str(record.get("email") or ""))
        if user is None:
            return
        homes = memory.homes.setdefault(resource, {})
        homes[user.id] = None
        for home in homes:
            self._look_at_words(resource, self.tenant.mailbox(home), is_former=home != user.id)

    def _look_at_words(self, resource: str, mailbox: Mailbox, *, is_former: bool) -> None:
        """Of a mailbox that was the resource's until a moment ago, words are at most known, and no secret:
        the connector may not have heard that it is not any more."""
        memory = self.memory
        for item in _all_items(mailbox):
            content = item.content()
            words = tokens(content.subject or "", content.body.text)
            known = self.events.get((mailbox.user_id, item.event.number))
            if known is not None and known.made_by == CONNECTOR:
                chosen = self.preferences_of(resource)
                shared = chosen["share"] and content.sensitivity in chosen["sensitivity"]
                words = {word for word in words if word in self.typed}
            else:
                verdict = self.verdict(resource, item)
                shared = verdict == "all"
                if verdict == "time":
                    memory.refused.add(f"{mailbox.user_id}/{item.event.number}")
            if shared:
                memory.public |= words
                memory.secret -= words
            elif not is_former:
                memory.secret |= words - memory.public

    # What is where

    def find_event(self, resource: str, mark: str) -> Item | None:
        """The event of a resource's mailbox that the board knows by this id."""
        mailbox = self.mailbox_of(resource)
        if mailbox is None or not mark:
            return None
        event = mailbox._by_id.get(mark)
        if event is not None:
            return event.item
        try:
            return mailbox.find(mark)
        except Exception:  # noqa: BLE001 - whatever Graph would answer: it is not there
            return None

    def _mailbox_id(self, resource: str) -> str:
        mailbox = self.mailbox_of(resource)
        return mailbox.user_id if mailbox is not None else ""

    def event_ref(self, mailbox: Mailbox, item: Item) -> EventRef:
        """What an item is known by here."""
        return EventRef(mailbox.user_id, item.event.number, item.day)


def _all_items(mailbox: Mailbox) -> Iterator[Item]:
    for event in list(mailbox.events(mailbox.default_calendar)):
        yield event.item
        for day in event.exceptions:
            yield Item(event=event, day=day)


def _told(known: Known | None, fields: Fields) -> str:
    changed = {
        name: value for name, value in fields.items() if known is None or known.fields.get(name) != value
    }
    return " ".join(f"{name}={_plain(value)}" for name, value in changed.items() if value or known)


def _plain(value: Any) -> str:
    if isinstance(value, tuple) and len(value) == 3 and isinstance(value[1], datetime):
        return f"{value[0]}:{value[1]:%m-%dT%H:%M}/{value[2]:%m-%dT%H:%M}"
    return str(value)


def window_edges(plan: Plan, now: datetime, margin: timedelta) -> tuple[datetime, datetime]:
    """The window, made wider by a margin, or narrower by a negative one."""
    return (
        now - timedelta(days=plan.sync["past_days"]) - margin,
        now + timedelta(days=plan.sync["future_days"]) + margin,
    )

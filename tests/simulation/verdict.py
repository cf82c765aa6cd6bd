"""What each side has to hold once the world is at peace, and where that is not so."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from tests.sandbox.graph.events import Item
from tests.sandbox.graph.mailbox import Mailbox
from tests.sandbox.scheduler.appointments import Appointment
from tests.simulation.oracle import CONNECTOR, Oracle, Said, window_edges
from tests.simulation.reading import (
    MASK,
    Fields,
    exchange_id,
    items_of,
    link_of,
    of_appointment,
    of_item,
    span,
)

WIDE = timedelta(days=3)
CLOSE = timedelta(days=-1)
UNIQUE = ("when", "subject", "body")
"""Fields of which no two writes are the same."""


class Verdict:
    """The final judgement over both services."""

    def __init__(self, oracle: Oracle, refused: Collection[str] = (), unmade: Collection[str] = ()) -> None:
        """`refused` are appointments whose values Graph takes for no event, and which are put aside (D9);
        `unmade` are resources for whose events the board made or took away no appointment."""
        self._oracle = oracle
        self._refused = refused
        self._unmade = unmade
        now = oracle.now()
        self._inner = window_edges(oracle.plan, now, CLOSE)
        self._outer = window_edges(oracle.plan, now, WIDE)

    def problems(self) -> list[str]:
        """Everything that is not as it has to be."""
        found: list[str] = []
        self._marked = self._marked_events()
        for resource in self._oracle.numbers:
            mailbox = self._oracle.mailbox_of(resource)
            if mailbox is not None:
                found += self._board_born(resource, mailbox)
                found += self._outlook_born(resource, mailbox)
        found += self._strays()
        return found

    def is_needless(self, fields: Fields) -> bool:
        """Whether a write that nothing called for is not about something at the edge of the window."""
        return self._inside(fields)

    # Board-born

    def _marked_events(self) -> dict[str, list[tuple[Mailbox, Item]]]:
        """The connector's own events by link."""
        marked: dict[str, list[tuple[Mailbox, Item]]] = {}
        for (user_id, number), known in self._oracle.events.items():
            mailbox = self._oracle.tenant.mailbox(user_id)
            event = mailbox.by_number(number)
            if known.made_by == CONNECTOR and event is not None:
                marked.setdefault(link_of(event) or "", []).append((mailbox, event.item))
        return marked

    def _board_born(self, resource: str, mailbox: Mailbox) -> Iterator[str]:
        for appointment in self._oracle.board.appointments:
            if resource not in appointment.resources or self._is_from_outlook(appointment):
                continue
            link = f"{appointment.guid}/{resource}"
            events = self._marked.get(link, [])
            wanted = of_appointment(appointment)
            events = [one for one in events if one[0] is mailbox or not self._stays_behind(*one)]
            if not self._oracle.passes(appointment):
                if self._inside(wanted) and any(not item.event.content.attendees for _, item in events):
                    yield f"{link} has an event, and a rule does not let it through"
                continue
            if len(events) > 1:
                yield f"{link} has {len(events)} events"
            elif not events:
                if self._inside(wanted):
                    yield f"{link} has no event"
            elif events[0][0] is not mailbox:
                yield f"{link} has its event in another mailbox"
            else:
                yield from self._compare_board_born(resource, appointment, wanted, events[0][1])

    def _compare_board_born(
        self, resource: str, appointment: Appointment, wanted: Fields, item: Item
    ) -> Iterator[str]:
        held = of_item(item)
        if item.event.content.attendees or not (self._inside(wanted) or self._inside(held)):
            return
        readable = self._is_readable(resource, item)
        if not readable and not self._inside(wanted):
            return  # it was moved into the window in private: there the appointment is not looked for
        where = f"{appointment.guid}/{resource}"
        for name in ("when", "subject", "importance"):
            touched = self._said(appointment.guid, name, resource)
            if held[name] != wanted[name] and (readable or not touched):
                yield f"{where} {name}: board {wanted[name]}, Outlook {held[name]}"
        if wanted["body"] and wanted["body"] not in held["body"] and readable:
            yield f"{where} body: board {wanted['body']}, Outlook {held['body']}"
        touched = self._said(appointment.guid, "categories", resource)
        if wanted["category"] and wanted["category"] not in held["categories"] and readable:
            yield f"{where} category: board {wanted['category']}, Outlook {held['categories']}"
        yield from self._sourced(where, appointment.guid, wanted, self._board_sides(appointment))

    def _is_readable(self, resource: str, item: Item) -> bool:
        """Whether a resource shows what it has made of an event of the board's (B14)."""
        chosen = self._oracle.preferences_of(resource)
        return bool(chosen["share"]) and item.content().sensitivity in chosen["sensitivity"]

    def _somebody_hides(self, sides: list[str], guid: str) -> bool:
        """Whether one of these resources does not show its event, so that nobody heard its last word."""
        events = [(side, item) for side in sides for _, item in self._marked.get(f"{guid}/{side}", ())]
        return any(not self._is_readable(side, item) for side, item in events)

    def _board_sides(self, appointment: Appointment) -> list[str]:
        sides = ["planner"]
        if self._oracle.plan.sync["outlook_edits"] == "accept":
            sides += self._oracle.numbers
        return sides

    # Outlook-born

    def _outlook_born(self, resource: str, mailbox: Mailbox) -> Iterator[str]:
        by_mark: dict[str, list[Appointment]] = {}
        for appointment in self._oracle.board.appointments:
            if self._is_from_outlook(appointment) and resource in appointment.resources:
                mark = appointment.exchange.exchange_id if appointment.exchange else ""
                by_mark.setdefault(mark or "", []).append(appointment)
        first, last = (moment.date() for moment in self._outer)
        for item in items_of(mailbox, first, last):
            known = self._oracle.events.get((mailbox.user_id, item.event.number))
            if known is None or known.made_by == CONNECTOR:
                continue
            mark = exchange_id(mailbox, item)
            listed = by_mark.pop(mark, [])
            yield from self._compare_outlook_born(resource, mailbox, item, listed, mark)
        for mark, left in by_mark.items():
            for appointment in left:
                if self._inside(of_appointment(appointment)) and not self._was_away(resource):
                    yield f"{appointment.guid}/{resource} stands for an event that is gone ({mark[-6:]})"

    def _was_away(self, resource: str) -> bool:
        """Whether the board named another address for a while, and refused the one the connector knew."""
        return resource in self._unmade and len(self._oracle.memory.homes[resource]) > 1

    def _compare_outlook_born(
        self, resource: str, mailbox: Mailbox, item: Item, listed: list[Appointment], mark: str
    ) -> Iterator[str]:
        verdict, held = self._oracle.verdict(resource, item), of_item(item)
        where = f"e{item.event.number}{f'@{item.day}' if item.day else ''}/{resource}"
        if len(listed) > 1:
            yield f"{where} has {len(listed)} appointments"
        if not verdict:
            if any(self._inside(of_appointment(one)) for one in listed) and self._inside(held):
                yield f"{where} is not shared and has an appointment"
            return
        if not listed:
            may_be_missing = self._was_away(resource) or self._may_be_missing(resource, mailbox, item, mark)
            if self._inside(held) and not may_be_missing:
                yield f"{where} is shared and has no appointment"
            return
        shown = of_appointment(listed[0])
        if self._must_be_missing(resource, mailbox, item, mark):
            yield f"{where} was deleted by a planner and is back"
        is_put_aside = item.day is not None and listed[0].guid in self._refused
        if shown["locked"] or is_put_aside or not (self._inside(held) or self._inside(shown)):
            return
        names = ("when", "subject", "body", "importance") if verdict == "all" else ("when",)
        for name in names:
            if held[name] != shown[name]:
                yield f"{where} {name}: Outlook {held[name]}, board {shown[name]}"
        if verdict == "time" and shown["subject"] != MASK["subject"]:
            yield f"{where} is masked and shows {shown['subject']}"
        told = held if verdict == "all" else MASK
        for name in ("show_as", "sensitivity"):
            if told[name] != shown[name]:
                yield f"{where} {name}: to be shown {told[name]}, board {shown[name]}"
        if item.day is None and verdict == "all" and item.event.is_organizer:
            yield from self._sourced_in_outlook(where, resource, mailbox, item, listed[0], held)

    def _may_be_missing(self, resource: str, mailbox: Mailbox, item: Item, mark: str) -> bool:
        if 0 < self._oracle.memory.given_up.get((mark, resource), 0) < self._oracle.forgot_at:
            return True  # an older store has it, and takes its absence for a planner's word
        dropped = self._oracle.memory.dropped.get((mark, resource))
        if dropped is None:
            return False
        at, agreed = dropped
        known = self._oracle.events[mailbox.user_id, item.event.number]
        name = f"{mailbox.user_id}/{item.event.number}"
        said = [self._said(name, field, resource) for field in ("subject", "when")]
        changed = max((one.at for one in said if one is not None), default=0)
        return item.day is not None or not agreed or changed <= at or known.touched_at <= at

    def _must_be_missing(self, resource: str, mailbox: Mailbox, item: Item, mark: str) -> bool:
        dropped = self._oracle.memory.dropped.get((mark, resource))
        if dropped is None or item.day is not None:
            return False
        at, agreed = dropped
        known = self._oracle.events[mailbox.user_id, item.event.number]
        changed = max(
            known.touched_at,
            known.written_at,
            self._oracle.forgot_at,
            self._oracle.memory.resource_changed.get(resource, 0),
        )
        return agreed and changed < at

    def _sourced_in_outlook(
        self,
        where: str,
        resource: str,
        mailbox: Mailbox,
        item: Item,
        appointment: Appointment,
        held: Fields,
    ) -> Iterator[str]:
        """A value is what the person said last or, if that counts, the planner."""
        memory, key = self._oracle.memory, f"{mailbox.user_id}/{item.event.number}"
        accept = self._oracle.plan.sync["board_edits"] == "accept" and not item.event.content.attendees
        for name in UNIQUE:
            person = memory.said.get((key, name, resource))
            # a body with more in it than text is the person's alone
            counts = accept and name != "body"
            planner = memory.said.get((appointment.guid, name, "planner")) if accept else None
            if key in memory.refused and held[name] in memory.ever.get((key, name), ()):
                continue  # what planners said then was put back
            if planner and not planner.at and held[name] in memory.ever[appointment.guid, name]:
                continue  # the last word about an appointment that was deleted may never have been heard
            heard = [person] if person else []
            yield from self._judge_source(where, name, held[name], planner, heard, binds=(counts, counts))

    def _sourced(self, where: str, guid: str, shown: Fields, sides: list[str]) -> Iterator[str]:
        for name in UNIQUE:
            board_owned = name in ("subject", "body")
            people = [self._said(guid, name, side) for side in sides if side != "planner" and not board_owned]
            planner, heard = self._said(guid, name, "planner"), [one for one in people if one]
            refused = guid in self._oracle.memory.locked or self._somebody_left(sides, shown["resources"])
            refused = refused or self._somebody_hides(sides, guid) or guid in self._oracle.memory.held_back
            if refused and shown[name] in self._oracle.memory.ever.get((guid, name), ()):
                continue  # what they said last may never have been heard, or was put back
            yield from self._judge_source(where, name, shown[name], planner, heard, binds=(True, False))

    def _somebody_left(self, sides: list[str], planned: tuple[str, ...]) -> bool:
        """Whether one of these resources does not synchronise at present, or not with this appointment."""
        people = [side for side in sides if side != "planner"]
        return any(side not in planned or self._oracle.mailbox_of(side) is None for side in people)

    def _judge_source(
        self,
        where: str,
        name: str,
        value: Any,
        planner: Said | None,
        people: list[Said],
        *,
        binds: tuple[bool, bool],
    ) -> Iterator[str]:
        said = [*people, *([planner] if planner else [])]
        if not said:
            return
        if self._oracle.forgot_at:
            return  # what was agreed is forgotten, and an older value may count as the newer one
        if value not in [one.value for one in said]:
            yield f"{where} {name} is {value}, which nobody said last: {[str(one.value) for one in said]}"
            return
        last, conflicts = max(said, key=lambda one: one.at), self._oracle.plan.sync["conflicts"]
        if planner is not None and planner.at == 0:
            return  # it was said of an appointment that is gone, and may have reached the event before
        planner_binds, person_binds = binds
        has_precedence = (
            planner_binds and conflicts == "board"
            if last is planner
            else person_binds and conflicts == "outlook"
        )
        if has_precedence and value != last.value and self._oracle.forgot_at == 0:
            yield f"{where} {name} is {value}, although {last.value} was said later and has precedence"

    # Neither

    def _strays(self) -> Iterator[str]:
        """Events of the connector that stand for nothing."""
        for link, events in self._marked.items():
            guid, _, resource = link.partition("/")
            home = self._oracle.mailbox_of(resource)
            appointment = self._oracle.board.appointments.with_guid(guid)
            if home is None:
                continue
            for mailbox, item in events:
                if item.event.content.attendees or (
                    mailbox is not home and self._stays_behind(mailbox, item)
                ):
                    continue
                if mailbox is not home:
                    yield f"{link} was left behind in another mailbox: e{item.event.number}"
                elif not self._inside(of_item(item)) or self._was_moved_in_private(guid, resource, item):
                    continue
                elif appointment is None or resource not in appointment.resources:
                    yield f"{link} has an event and is not planned: e{item.event.number}"

    def _was_moved_in_private(self, guid: str, resource: str, item: Item) -> bool:
        """Whether an event is where nobody can know it to be: its appointment was planned outside of the
        window, and is not looked for before the window comes to it."""
        planned = self._oracle.memory.order.get((guid, "when", "planner"), {})
        elsewhere = any(not self._inside({**of_item(item), "when": when}) for when in planned)
        return elsewhere and not self._is_readable(resource, item)

    def _stays_behind(self, mailbox: Mailbox, item: Item) -> bool:
        """Whether an event is left in a former mailbox: others are invited to it, or nobody can know of it,
        as the store that knew is gone."""
        if item.event.content.attendees:
            return True
        return self._oracle.events[mailbox.user_id, item.event.number].made_at < self._oracle.forgot_at

    def _said(self, name: str, field: str, side: str) -> Said | None:
        return self._oracle.memory.said.get((name, field, side))

    def _is_from_outlook(self, appointment: Appointment) -> bool:
        known = self._oracle.appointments.get(appointment.guid)
        return known is not None and known.made_by == CONNECTOR

    def _inside(self, fields: Fields) -> bool:
        """Whether something lies in the window beyond doubt."""
        start, end = span(fields["when"])
        return start < self._inner[1] and end > self._inner[0] and end > start

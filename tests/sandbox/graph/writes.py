"""What a write does: events are made, changed, deleted, answered, and others hear of it (facts §2)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tests.sandbox.graph import errors
from tests.sandbox.graph.events import Answer, Content, Event, Item, Person
from tests.sandbox.graph.identity import meeting_uid
from tests.sandbox.graph.mailbox import Calendar, Mailbox, Transaction
from tests.sandbox.graph.meetings import Meetings, set_fields
from tests.sandbox.graph.payloads import (
    Edit,
    changed_content,
    new_content,
    read_edit,
    with_online_meeting,
)
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.graph.recurrence import Recurrence, read_recurrence

JOIN_URL = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_{token}%40thread.v2/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes to one mailbox on behalf of one call."""

    mailbox: Mailbox
    owner: Person
    meetings: Meetings
    quirks: Quirks
    later: Callable[[Mailbox, Event], None]
    """Told of every event written, for what Exchange does to it afterwards."""
    by_person: bool = False

    def create(self, calendar: Calendar, payload: Any) -> Item:
        """A new event, or the one that the same transactionId made before (facts §2.1)."""
        transaction = payload.get("transactionId") if isinstance(payload, Mapping) else None
        if transaction is not None:
            known = self._known_transaction(transaction, payload)
            if known is not None:
                return known.item
        edit = read_edit(payload, creating=True, by_person=self.by_person)
        content, recurrence = _begun(new_content(edit), edit)
        if edit.wants_online and self.quirks.online_meetings:
            token = self.mailbox.random.randbytes(16).hex()
            content = with_online_meeting(content, JOIN_URL.format(token=token))
        event = self._new_event(calendar, content)
        event.recurrence = recurrence
        event.transaction_id = self._localevent() if self.by_person and transaction is None else transaction
        event.extended = {key: value for key, value in edit.extended.items() if value is not None}
        if transaction is not None:
            self.mailbox.transactions[transaction] = Transaction(
                fingerprint=_fingerprint(payload), event=event, at=event.created
            )
        self.mailbox.announce(event, "created")
        self.meetings.send(event)
        self.later(self.mailbox, event)
        return event.item

    def copy(self, item: Item) -> Item:
        """A person copies an event in Outlook: everything but its identity and its guests."""
        original, content = item.event, item.content()
        copied = self._new_event(self.mailbox.calendar(original.calendar_id), replace(content, attendees=()))
        copied.recurrence = original.recurrence if item.day is None else None
        copied.extended = dict(item.extended())
        self.mailbox.announce(copied, "created")
        return copied.item

    def change(self, item: Item, payload: Any) -> Item:
        """A PATCH: of an event, or of one occurrence, which becomes an exception (facts §2.2)."""
        if isinstance(payload, Mapping) and "transactionId" in payload:
            raise errors.invalid_request(
                "Your request can't be completed. ClientId/TransactionId is immutable and cannot be updated."
            )
        edit = read_edit(payload, creating=False, by_person=self.by_person)
        event, before = item.event, item.content()
        if item.day is None:
            self._change_event(event, edit)
        else:
            self._change_occurrence(event, item.day, edit)
        self.mailbox.announce(event, day=item.day)
        self.meetings.send(event, before=before, day=item.day)
        self.later(self.mailbox, event)
        return item

    def delete(self, item: Item) -> None:
        """A DELETE, or a cancellation: guests keep their copies, marked as cancelled (facts §2.4)."""
        event = item.event
        self.meetings.cancel(event, item.day)
        if item.day is None:
            self._forget_transaction(event)
            self.mailbox.remove(event)
            return
        event.removed_dates.add(item.day)
        event.exceptions.pop(item.day, None)
        self.mailbox.announce(event)

    def answer(self, item: Item, response: str, payload: Any) -> None:
        """accept, decline or tentativelyAccept (facts §2.4)."""
        body = payload if isinstance(payload, Mapping) else {}
        event, tell, proposed = item.event, body.get("sendResponse", True), body.get("proposedNewTime")
        if event.is_organizer:
            raise errors.invalid_request(
                "Your request can't be completed. You can't respond to this meeting because you're the "
                "meeting organizer."
            )
        if proposed is not None and (not tell or not item.content().allow_new_time_proposals):
            raise errors.GraphError(
                400, "ErrorInvalidParameter", "A new time can only be proposed when a response is sent."
            )
        now = self.mailbox.now()
        self.meetings.answer(item, response, at=now, tell=bool(tell), proposed=proposed)
        if response == "declined":
            self._decline(item)
            return
        show_as = "tentative" if response == "tentativelyAccepted" else "busy"
        attendees = tuple(
            replace(one, answer=Answer(response=response)) if one.person.is_at(self.owner.address) else one
            for one in item.content().attendees
        )
        set_fields(event, item.day, {"show_as": show_as, "attendees": attendees}, now)
        if item.day is None:
            event.answer = Answer(response=response, at=now)
        else:
            event.exceptions[item.day].answer = Answer(response=response, at=now)
        self.mailbox.announce(event, day=item.day)

    def forward(self, item: Item, payload: Any) -> None:
        """Forwarding makes the recipients guests of the organiser's meeting."""
        body = payload if isinstance(payload, Mapping) else {}
        recipients = body.get("toRecipients", body.get("ToRecipients"))
        if not isinstance(recipients, list) or not recipients:
            raise errors.validation_failure()
        if not item.event.is_organizer:
            return  # the organiser's client decides what becomes of it
        added = read_edit({"attendees": recipients}, creating=False, by_person=self.by_person)
        before = item.content()
        known = {one.person.address.casefold() for one in before.attendees}
        new = [one for one in added.fields["attendees"] if one.person.address.casefold() not in known]
        set_fields(item.event, item.day, {"attendees": (*before.attendees, *new)}, self.mailbox.now())
        self.mailbox.announce(item.event, day=item.day)
        self.meetings.send(item.event, before=before, day=item.day)

    def _localevent(self) -> str:
        """The transactionId that Outlook gives to what a person makes (facts §1.1)."""
        return f"localevent:{uuid.UUID(int=self.mailbox.random.getrandbits(128), version=4)}"

    def _new_event(self, calendar: Calendar, content: Content) -> Event:
        uid = meeting_uid(self.mailbox.now(), self.mailbox.random)
        return self.mailbox.new_event(calendar=calendar, content=content, uid=uid, owner=self.owner)

    def _known_transaction(self, transaction: Any, payload: Any) -> Event | None:
        if not isinstance(transaction, str):
            raise errors.bad_request(
                f"Cannot convert the literal '{transaction}' to the expected type 'Edm.String'."
            )
        known, memory = self.mailbox.transactions.get(transaction), self.quirks.transaction_memory
        if known is None or (memory is not None and self.mailbox.now() - known.at > memory):
            return None
        if known.fingerprint == _fingerprint(payload):
            return known.event
        raise errors.GraphError(
            self.quirks.duplicate_transaction_status,
            "ErrorDuplicateTransactionId",
            "Your request can't be completed. The TransactionId specified in the request has already been "
            "used to create a different event.",
            extra={"@event.existingEventId": known.event.id},
        )

    def _forget_transaction(self, event: Event) -> None:
        if event.transaction_id is not None and not self.quirks.transaction_survives_delete:
            self.mailbox.transactions.pop(event.transaction_id, None)

    def _change_event(self, event: Event, edit: Edit) -> None:
        content = changed_content(event.content, edit)
        if edit.wants_online and not content.is_online and self.quirks.online_meetings:
            token = self.mailbox.random.randbytes(16).hex()
            content = with_online_meeting(content, JOIN_URL.format(token=token))
        content, recurrence = _recurring(event, content, edit)
        is_new_pattern = event.recurrence is not None and not event.recurrence.same_pattern(recurrence)
        if is_new_pattern and (recurrence is None or self.quirks.pattern_change_drops_exceptions):
            event.exceptions, event.removed_dates = {}, set()
        event.recurrence = recurrence
        event.put(content)
        if recurrence is not None:
            event.exceptions = {
                day: one for day, one in event.exceptions.items() if recurrence.dates(day, day)
            }
        for key, value in edit.extended.items():
            if value is None:
                event.extended.pop(key, None)
            else:
                event.extended[key] = value

    def _change_occurrence(self, event: Event, day: date, edit: Edit) -> None:
        if edit.recurrence is not None:
            raise errors.validation_failure()
        content = changed_content(event.content_on(day), edit)
        if edit.fields.keys() & {"start", "end"}:
            _stay_between_neighbours(event, day, content)
        fields = {name: getattr(content, name) for name in edit.fields}
        if content.is_online != event.content.is_online:
            fields |= {name: getattr(content, name) for name in ("is_online", "online_provider", "join_url")}
        set_fields(event, day, fields, self.mailbox.now())
        own = {key: value for key, value in edit.extended.items() if value is not None}
        event.exceptions[day].extended = {**event.exceptions[day].extended, **own}

    def _decline(self, item: Item) -> None:
        """Decline takes the event out of the calendar (facts §2.4)."""
        if item.day is None:
            self.mailbox.remove(item.event)
            return
        item.event.removed_dates.add(item.day)
        item.event.exceptions.pop(item.day, None)
        self.mailbox.announce(item.event)


def _begun(content: Content, edit: Edit) -> tuple[Content, Recurrence | None]:
    """New content with its recurrence; the start moves to the first date of the pattern."""
    if edit.recurrence is None:
        return content, None
    recurrence = read_recurrence(edit.recurrence, starts=content.start.local.date(), zone=content.start.zone)
    days = (recurrence.start - content.start.local.date()).days
    if days:
        content = replace(content, start=content.start.moved(days), end=content.end.moved(days))
    return content, recurrence


def _recurring(event: Event, content: Content, edit: Edit) -> tuple[Content, Recurrence | None]:
    """Changed content with the recurrence that it has from now on (facts §1.7)."""
    if edit.has_recurrence:
        return _begun(content, edit)
    current = event.recurrence
    if current is None:
        return content, None
    if edit.fields.keys() & {"start", "end"} and {content.start.zone, content.end.zone} != {current.zone}:
        raise errors.validation_failure()
    starts = content.start.local.date()
    if starts == current.start:
        return content, current
    shown = current.shown()
    shown["range"]["startDate"] = starts.isoformat()
    return _begun(content, replace(edit, recurrence=shown))


def _stay_between_neighbours(event: Event, day: date, content: Content) -> None:
    """An occurrence stays strictly between the days of its neighbours (facts §1.7)."""
    before, after = event.neighbours(day)
    moved_to, ends = content.start.local.date(), content.end.local
    last = ends.date() if ends.time() != ends.min.time() or ends == content.start.local else None
    crosses = (before is not None and moved_to <= before) or (
        after is not None and (moved_to >= after or (last is not None and last >= after))
    )
    if crosses:
        raise errors.GraphError(
            400,
            "ErrorOccurrenceCrossingBoundary",
            "Modified occurrence is crossing or overlapping adjacent occurrence.",
        )


def _fingerprint(payload: Any) -> str:
    """One text for equal payloads."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"))

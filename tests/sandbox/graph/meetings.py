"""Meetings: what the organiser's writes do in the attendees' mailboxes, and their answers in the organiser's
(facts §2.1, §2.4, §9.8, §9.11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Protocol

from tests.sandbox.graph.events import (
    Answer,
    Attendee,
    Content,
    Event,
    Item,
    Person,
    SeriesException,
)
from tests.sandbox.graph.mailbox import Mailbox

CANCELED = "Canceled: "
PERSONAL = ("show_as", "categories", "is_reminder_on", "reminder_minutes", "sensitivity")
"""What belongs to the owner of a copy: an organiser's update leaves it alone (facts §2.2)."""
UNANSWERED = Answer(response="notResponded")


class Directory(Protocol):
    """Finds the mailbox behind an address."""

    def mailbox_at(self, address: str) -> tuple[Mailbox, Person] | None:
        """The mailbox and its owner, or None when the address is not one of this tenant's."""
        ...


class Meetings:
    """Carries invitations, updates, cancellations and answers between mailboxes."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def send(self, event: Event, *, before: Content | None = None, day: date | None = None) -> None:
        """The organiser made or changed a meeting, or one occurrence of it: every attendee's copy follows."""
        if not event.is_organizer:
            return
        content = event.content if day is None else event.content_on(day)
        if before is not None and _moved(before, content):
            self._forget_answers(event, day)
        for attendee, mailbox, owner in self._guests(event, event.content.attendees):
            self._deliver(event, attendee, mailbox, owner, day, renewed=_moved(before, content))
        stayed = [one.person.address.casefold() for one in content.attendees]
        for attendee, mailbox, _ in self._guests(event, before.attendees if before else ()):
            if attendee.person.address.casefold() not in stayed:
                self._withdraw(event, mailbox, day)

    def cancel(self, event: Event, day: date | None = None) -> None:
        """The organiser cancelled or deleted a meeting, or one occurrence: the copies stay, marked."""
        if event.is_organizer:
            content = event.content if day is None else event.content_on(day)
            for _, mailbox, _ in self._guests(event, content.attendees):
                self._withdraw(event, mailbox, day)

    def answer(
        self, item: Item, response: str, *, at: datetime, tell: bool, proposed: Mapping[str, Any] | None
    ) -> None:
        """The owner of a copy answered: the organiser's event takes it in, if it was sent."""
        event = item.event
        found = self._directory.mailbox_at(event.organizer.address)
        original = found[0].by_uid(event.uid) if found else None
        if not tell or found is None or original is None or not original.is_organizer:
            return
        content = original.content if item.day is None else original.content_on(item.day)
        attendees = tuple(
            replace(one, answer=Answer(response=response, at=at), proposed=proposed)
            if one.person.is_at(event.owner.address)
            else one
            for one in content.attendees
        )
        set_fields(original, item.day, {"attendees": attendees}, at)
        found[0].announce(original, day=item.day)

    def _guests(
        self, event: Event, attendees: tuple[Attendee, ...]
    ) -> Iterator[tuple[Attendee, Mailbox, Person]]:
        for attendee in attendees:
            found = self._directory.mailbox_at(attendee.person.address)
            if found is not None and not event.organizer.is_at(found[1].address):
                yield attendee, *found

    def _deliver(
        self,
        event: Event,
        attendee: Attendee,
        mailbox: Mailbox,
        owner: Person,
        day: date | None,
        *,
        renewed: bool,
    ) -> None:
        copy = mailbox.by_uid(event.uid)
        if copy is None:
            self._invite(event, mailbox, owner)
            return
        if renewed and day is None:
            copy.answer = UNANSWERED
        kept = {name: getattr(copy.content, name) for name in PERSONAL}
        if renewed:
            kept["show_as"] = "tentative"
        copy.put(replace(event.content, attendees=_as_seen(event.organizer, event.content), **kept))
        copy.is_cancelled = False
        _mirror_series(event, copy)
        mailbox.announce(copy, day=day if day in copy.exceptions else None)

    def _invite(self, event: Event, mailbox: Mailbox, owner: Person) -> None:
        seen = replace(
            event.content,
            attendees=_as_seen(event.organizer, event.content),
            show_as="tentative" if event.content.show_as != "free" else "free",
            categories=(),
            is_reminder_on=True,
            reminder_minutes=15,
        )
        copy = mailbox.new_event(calendar=mailbox.default_calendar, content=seen, uid=event.uid, owner=owner)
        copy.organizer, copy.is_organizer, copy.answer = event.organizer, False, UNANSWERED
        _mirror_series(event, copy)
        mailbox.announce(copy, "created")

    def _withdraw(self, event: Event, mailbox: Mailbox, day: date | None) -> None:
        copy = mailbox.by_uid(event.uid)
        if copy is None or (day is not None and not copy.has_occurrence(day)):
            return
        if day is None:
            copy.put(replace(copy.content, subject=_canceled(copy.content.subject), show_as="free"))
            copy.is_cancelled = True
        else:
            subject = _canceled(copy.content_on(day).subject)
            set_fields(copy, day, {"subject": subject, "show_as": "free"}, mailbox.now())
            copy.exceptions[day].is_cancelled = True
        mailbox.announce(copy, day=day)

    def _forget_answers(self, event: Event, day: date | None) -> None:
        content = event.content if day is None else event.content_on(day)
        if any(one.answer.response != "none" for one in content.attendees):
            attendees = tuple(replace(one, answer=Answer(), proposed=None) for one in content.attendees)
            set_fields(event, day, {"attendees": attendees}, event.modified)


def set_fields(event: Event, day: date | None, fields: Mapping[str, Any], at: datetime) -> None:
    """Sets fields of an event's content, or of one occurrence, which thereby becomes an exception."""
    if day is None:
        event.put(replace(event.content, **fields))
        return
    known = event.exceptions.get(day)
    if known is None:
        event.exceptions[day] = SeriesException(overrides=dict(fields), created=at, modified=at)
    else:
        known.overrides = {**known.overrides, **fields}
        known.modified = at


def _as_seen(organizer: Person, content: Content) -> tuple[Attendee, ...]:
    """The attendees in an attendee's copy: the organiser stands among them (facts §9.11)."""
    others = tuple(one for one in content.attendees if not one.person.is_at(organizer.address))
    return (Attendee(person=organizer), *others)


def _mirror_series(event: Event, copy: Event) -> None:
    """The copy's series becomes that of the original; cancelled occurrences of the copy stay."""
    if event.recurrence is None or not event.recurrence.same_pattern(copy.recurrence):
        copy.removed_dates, copy.exceptions = set(), {}
    copy.recurrence = event.recurrence
    gone = event.removed_dates - {day for day, one in copy.exceptions.items() if one.is_cancelled}
    copy.removed_dates = copy.removed_dates | gone if event.is_series else set()
    kept = {day: one for day, one in copy.exceptions.items() if one.is_cancelled and event.is_series}
    for day, exception in event.exceptions.items():
        if day in copy.removed_dates:
            continue
        overrides = {name: value for name, value in exception.overrides.items() if name not in PERSONAL}
        if "attendees" in overrides:
            overrides["attendees"] = _as_seen(event.organizer, event.content_on(day))
        known = copy.exceptions.get(day)
        kept[day] = SeriesException(
            overrides=overrides,
            created=known.created if known else exception.created,
            modified=exception.modified,
            answer=known.answer if known else None,
        )
    copy.exceptions = kept


def _moved(before: Content | None, after: Content) -> bool:
    return before is not None and before.span() != after.span()


def _canceled(subject: str | None) -> str:
    return f"{CANCELED}{subject or ''}"

"""Appointments and how they are found: by id, guid, number, resource and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LONGEST_BUCKETED = timedelta(days=62)
"""Longer appointments are looked at on every listing of their resources instead of being filed by day."""
EVERYONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFacts:
    """What only the Exchange procedures carry (facts §1.13)."""

    exchange_id: str | None = None
    ical_uid: str | None = None
    show_as: int | None = None
    sensitivity: int | None = None
    categories: tuple[str, ...] = ()
    created_by_exchange: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Appointment:
    """One appointment. Times are naive wall clock of the board; collections are replaced, never mutated,
    so that a shallow copy is a snapshot."""

    id: int
    number: str
    guid: str
    start: datetime
    end: datetime
    source_app: str = ""
    source_type: str = ""
    job_no: str | None = None
    task_no: str | None = None
    resources: tuple[str, ...] = ()
    """Resource numbers in order of assignment."""
    subject: str = ""
    body: str = ""
    is_all_day: bool = False
    category: str | None = None
    time_marker: str | None = None
    importance: int = 0
    locked: bool = False
    back_office_id: str = ""
    back_office_parent_id: str = ""
    planning_uom: str = ""
    planning_uom_conversion: float | None = None
    planning_quantity: float | None = None
    use_fix_planning_quantity: bool = False
    round_to_uom: bool = False
    is_manual: bool = False
    field_values: tuple[tuple[str, str], ...] = ()
    uris: tuple[tuple[str, str], ...] = ()
    exchange: ExchangeFacts | None = None
    recurrence: str | None = None
    """What the appointments of one recurring request share."""
    created_at: datetime
    created_by: str
    modified_at: datetime
    modified_by: str
    version: int = 1
    rendered: tuple[object, bytes] | None = field(default=None, repr=False)
    """What it was rendered from, and the JSON."""


class Shelf:
    """All appointments; a listing of one resource touches only that resource's days."""

    def __init__(self) -> None:
        self._by_id: dict[int, Appointment] = {}
        self._by_guid: dict[str, Appointment] = {}
        self._by_number: dict[str, Appointment] = {}
        self._days: dict[str, dict[int, dict[int, Appointment]]] = {}
        self._long: dict[str, dict[int, Appointment]] = {}
        self._next_id = 1001

    def __iter__(self) -> Iterator[Appointment]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def next_id(self) -> int:
        """A number that no appointment ever had."""
        self._next_id += 1
        return self._next_id - 1

    def with_id(self, number: int) -> Appointment | None:
        """By internal id."""
        return self._by_id.get(number)

    def with_guid(self, guid: str) -> Appointment | None:
        """By guid, in lower case."""
        return self._by_guid.get(guid)

    def with_number(self, number: str) -> Appointment | None:
        """By appointment number, case-sensitive: numbers are random letters of both cases."""
        return self._by_number.get(number)

    def add(self, appointment: Appointment) -> None:
        """Files a new appointment."""
        self._by_id[appointment.id] = appointment
        self._by_guid[appointment.guid] = appointment
        self._by_number[appointment.number] = appointment
        self.file(appointment)

    def remove(self, appointment: Appointment) -> None:
        """Takes an appointment away for good."""
        self.unfile(appointment)
        del self._by_id[appointment.id]
        del self._by_guid[appointment.guid]
        del self._by_number[appointment.number]

    def file(self, appointment: Appointment) -> None:
        """Enters it under its days and resources. Call `unfile` before either changes, and this after."""
        for owner, days in self._places(appointment):
            if days is None:
                self._long.setdefault(owner, {})[appointment.id] = appointment
                continue
            calendar = self._days.setdefault(owner, {})
            for day in days:
                calendar.setdefault(day, {})[appointment.id] = appointment

    def unfile(self, appointment: Appointment) -> None:
        """Takes it out of its days and resources."""
        for owner, days in self._places(appointment):
            if days is None:
                self._long[owner].pop(appointment.id, None)
                continue
            calendar = self._days.get(owner, {})
            for day in days:
                bucket = calendar.get(day, {})
                bucket.pop(appointment.id, None)
                if not bucket:
                    calendar.pop(day, None)

    def overlapping(
        self, start: datetime, end: datetime, resources: Iterable[str] | None
    ) -> list[Appointment]:
        """Appointments that share time with [start, end), by start and id; None: of every resource.

        One without length counts when it lies in the range; touching ends do not overlap (inferred).
        """
        owners = (EVERYONE,) if resources is None else {number.lower() for number in resources}
        found: dict[int, Appointment] = {}
        first, last = start.toordinal(), end.toordinal()
        for owner in owners:
            found.update(self._long.get(owner, {}))
            calendar = self._days.get(owner, {})
            if last - first < len(calendar):
                for day in range(first, last + 1):
                    found.update(calendar.get(day, {}))
            else:
                for day, bucket in calendar.items():
                    if first <= day <= last:
                        found.update(bucket)
        hits = [each for each in found.values() if _overlaps(each, start, end)]
        hits.sort(key=lambda each: (each.start, each.id))
        return hits

    @staticmethod
    def _places(appointment: Appointment) -> Iterator[tuple[str, range | None]]:
        days = None
        if appointment.end - appointment.start <= LONGEST_BUCKETED:
            days = range(appointment.start.toordinal(), appointment.end.toordinal() + 1)
        yield EVERYONE, days
        for number in appointment.resources:
            yield number.lower(), days


def _overlaps(appointment: Appointment, start: datetime, end: datetime) -> bool:
    if appointment.start == appointment.end:
        return start <= appointment.start < end
    return appointment.start < end and appointment.end > start

"""Recurrence: the six patterns and three ranges, and the dates they mean (facts §1.7).

Dates are those of the series' own zone; what instants they are is decided where a date meets a wall clock.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from itertools import count, islice
from typing import Any

from tests.sandbox.graph import errors

WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
INDEXES = ("first", "second", "third", "fourth", "last")
PATTERNS = ("daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly")
RANGES = ("endDate", "noEnd", "numbered")
LATEST_END = date(4500, 9, 1)
NO_DATE = "0001-01-01"
DAYS_PER_PERIOD = {"daily": 1, "weekly": 7, "absoluteMonthly": 31, "relativeMonthly": 31}


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """A patternedRecurrence that was checked. The start is always one of its dates."""

    pattern: str
    interval: int
    month: int = 0
    day_of_month: int = 0
    days: tuple[str, ...] = ()
    first_day: str = "sunday"
    index: str = "first"
    range: str
    start: date
    end: date | None = None
    count: int = 0
    zone: str

    def dates(self, first: date, last: date) -> list[date]:
        """The dates of the series in [first, last], in order."""
        until = min(last, self.final) if self.final else last
        found = []
        for day in self._from(first):
            if day > until:
                break
            if day >= first:
                found.append(day)
        return found

    @cached_property
    def final(self) -> date | None:
        """The latest date that the range allows; None for a series without end."""
        if self.range == "numbered":
            return list(islice(self._from(self.start), self.count))[-1]
        return self.end

    @property
    def reach(self) -> int:
        """Days in which at least two dates of the pattern lie."""
        return (2 * self.interval + 1) * DAYS_PER_PERIOD.get(self.pattern, 366) + 31

    def same_pattern(self, other: Recurrence | None) -> bool:
        """Whether both mean the same rule, whatever their ranges end with."""
        if other is None:
            return False
        return replace(self, range="noEnd", end=None, count=0) == replace(
            other, range="noEnd", end=None, count=0
        )

    def ended(self) -> Recurrence:
        """The same dates, with a numbered range written as the end date that it comes to."""
        return replace(self, range="endDate", end=self.final, count=0) if self.count else self

    def shown(self) -> dict[str, Any]:
        """As a response carries it: every member filled in."""
        pattern: dict[str, Any] = {
            "type": self.pattern,
            "interval": self.interval,
            "month": self.month,
            "dayOfMonth": self.day_of_month,
        }
        if self.days:
            pattern["daysOfWeek"] = list(self.days)
        pattern |= {"firstDayOfWeek": self.first_day, "index": self.index}
        return {
            "pattern": pattern,
            "range": {
                "type": self.range,
                "startDate": self.start.isoformat(),
                "endDate": self.end.isoformat() if self.end else NO_DATE,
                "recurrenceTimeZone": self.zone,
                "numberOfOccurrences": self.count,
            },
        }

    def _from(self, first: date) -> Iterator[date]:
        """The dates of the pattern from about `first` on, none before the start, no range applied."""
        begin = max(first, self.start)
        periods = self._periods(begin)
        for period in periods:
            for day in sorted(period):
                if day >= self.start:
                    yield day

    def _periods(self, begin: date) -> Iterator[list[date]]:
        """The dates of each period (day, week, month, year) that the interval names, from `begin`'s on."""
        try:
            match self.pattern:
                case "daily":
                    skipped = (begin - self.start).days // self.interval
                    for step in count(skipped):
                        yield [self.start + timedelta(days=step * self.interval)]
                case "weekly":
                    anchor = self._week_of(self.start)
                    skipped = (self._week_of(begin) - anchor).days // 7 // self.interval
                    offsets = [(WEEK.index(d) - WEEK.index(self.first_day)) % 7 for d in self.days]
                    for step in count(skipped):
                        week = anchor + timedelta(weeks=step * self.interval)
                        yield [week + timedelta(days=offset) for offset in offsets]
                case "absoluteMonthly" | "relativeMonthly":
                    anchor_month = self.start.year * 12 + self.start.month - 1
                    skipped = (begin.year * 12 + begin.month - 1 - anchor_month) // self.interval
                    for step in count(skipped):
                        year, month = divmod(anchor_month + step * self.interval, 12)
                        yield [self._day_in(year, month + 1)]
                case _:
                    skipped = (begin.year - self.start.year) // self.interval
                    for step in count(skipped):
                        yield [self._day_in(self.start.year + step * self.interval, self.month)]
        except (OverflowError, ValueError):
            return  # the calendar ends with the year 9999

    def _week_of(self, day: date) -> date:
        """The first day of the week that a day lies in, weeks beginning with `first_day`."""
        return day - timedelta(days=(day.isoweekday() - WEEK.index(self.first_day)) % 7)

    def _day_in(self, year: int, month: int) -> date:
        """The pattern's day in a month. A month that is too short has its last day instead."""
        length = calendar.monthrange(year, month)[1]
        if self.pattern.startswith("absolute"):
            return date(year, month, min(self.day_of_month, length))
        wanted = {WEEK.index(name) for name in self.days}
        matching = [day for day in range(1, length + 1) if date(year, month, day).isoweekday() % 7 in wanted]
        position = -1 if self.index == "last" else INDEXES.index(self.index)
        return date(year, month, matching[position])


def read_recurrence(payload: Any, *, starts: date, zone: str) -> Recurrence:
    """A recurrence as a client sent it, for an event that starts on `starts` in `zone`.

    The start moves to the first date of the pattern. Raises the refusals of facts §1.7.
    """
    pattern, scope = _object(payload, "pattern"), _object(payload, "range")
    kind = _one_of(pattern.get("type"), PATTERNS, "recurrencePatternType")
    interval = _whole(pattern, "interval")
    if interval is None and kind == "daily":
        raise errors.GraphError(500, "ErrorInternalServerError", "An internal server error occurred.")
    days = _days(pattern.get("daysOfWeek"))
    relative = kind in ("weekly", "relativeMonthly", "relativeYearly")
    absolute = kind in ("absoluteMonthly", "absoluteYearly")
    yearly = kind.endswith("Yearly")
    day_of_month, month = _whole(pattern, "dayOfMonth") or 0, _whole(pattern, "month") or 0
    first_day = _one_of(pattern.get("firstDayOfWeek") or "sunday", WEEK, "dayOfWeek")
    index = _one_of(pattern.get("index") or "first", INDEXES, "weekIndex")
    _require(interval is not None and 1 <= interval <= 999)
    _require(not relative or bool(days))
    _require(not absolute or 1 <= day_of_month <= 31)
    _require(not yearly or 1 <= month <= 12)
    recurrence = Recurrence(
        pattern=kind,
        interval=interval or 1,
        month=month if yearly else 0,
        day_of_month=day_of_month if absolute else 0,
        days=days if relative else (),
        first_day=first_day,
        index=index if kind.startswith("relative") else "first",
        **_range(scope, starts, zone),
    )
    return _begun(recurrence)


def _range(scope: Mapping[str, Any], starts: date, zone: str) -> dict[str, Any]:
    kind = _one_of(scope.get("type"), RANGES, "recurrenceRangeType")
    start = _date(scope.get("startDate"))
    _require(start == starts)
    sent_zone = scope.get("recurrenceTimeZone")
    _require(sent_zone in (None, "", zone))
    end, number = None, 0
    if kind == "endDate":
        end = _date(scope.get("endDate"))
        _require(end >= start)
        if end > LATEST_END:
            raise errors.GraphError(
                400, "ErrorRecurrenceEndDateTooBig", "The recurrence end date is too far in the future."
            )
    if kind == "numbered":
        number = _whole(scope, "numberOfOccurrences") or 0
        _require(1 <= number <= 999)
    return {"range": kind, "start": start, "end": end, "count": number, "zone": zone}


def _begun(recurrence: Recurrence) -> Recurrence:
    """The same recurrence, starting on its first date. Raises when it has none."""
    horizon = recurrence.start + timedelta(days=recurrence.reach)
    dates = recurrence.dates(recurrence.start, horizon)
    _require(bool(dates))
    return replace(recurrence, start=dates[0]) if dates[0] != recurrence.start else recurrence


def _require(condition: bool) -> None:
    if not condition:
        raise errors.validation_failure()


def _object(payload: Any, name: str) -> Mapping[str, Any]:
    found = payload.get(name) if isinstance(payload, Mapping) else None
    _require(isinstance(found, Mapping))
    return found if isinstance(found, Mapping) else {}


def _one_of(value: Any, allowed: tuple[str, ...], type_name: str) -> str:
    """An enum member in its own spelling; input is read in any letter case (facts §1.2)."""
    for member in allowed:
        if isinstance(value, str) and member.casefold() == value.casefold():
            return member
    _require(value is not None)
    raise errors.bad_request(
        f"Cannot convert the literal '{value}' to the expected type 'microsoft.graph.{type_name}'."
    )


def _days(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise errors.bad_request("Cannot read 'daysOfWeek': a collection is expected.")
    named = {_one_of(day, WEEK, "dayOfWeek") for day in value}
    return tuple(day for day in WEEK if day in named)


def _whole(members: Mapping[str, Any], name: str) -> int | None:
    value = members.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise errors.bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.Int32'.")
    return value


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise errors.bad_request(
            f"Cannot convert the literal '{value}' to the expected type 'Edm.Date'."
        ) from None

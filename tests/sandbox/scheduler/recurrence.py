"""Recurring appointments: one request becomes appointments of their own (facts §1.12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from dateutil.rrule import rrule, rruleset, rrulestr

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.casing import require
from tests.sandbox.scheduler.errors import InvalidField, RuleBroken
from tests.sandbox.scheduler.ledger import Ledger, Writer
from tests.sandbox.scheduler.writes import existing, remove, upsert

MOST = 730
"""Appointments that one request may make."""


def create_recurring(ledger: Ledger, values: Mapping[str, Any], writer: Writer) -> list[Appointment]:
    """One appointment per date of the rule (an iCalendar RRULE with an end), all of the length of the first.

    The task may be named without its source, as in the vendor's example. Raises Refusal.
    """
    require(values, ("start", "end", "resourceNo", "taskNo", "jobNo", "recurrenceRule"))
    start: datetime = values["start"]
    starts = _starts(values["recurrenceRule"], start)
    if not starts:
        raise RuleBroken("The recurrence rule has no occurrences.")
    identity = ("appointmentId", "appointmentGuid", "appointmentNo")
    common = {name: value for name, value in values.items() if name not in identity}
    common |= _source(ledger, values)
    length = values["end"] - start
    common["recurrenceId"] = ledger.new_guid()
    return [upsert(ledger, {**common, "start": moment, "end": moment + length}, writer) for moment in starts]


def delete_recurring(ledger: Ledger, values: Mapping[str, Any], writer: Writer) -> list[Appointment]:
    """Deletes every appointment of a recurrence, named by it or by one of its appointments."""
    series = values.get("recurrenceId") or existing(ledger, values).recurrence
    if not series:
        raise RuleBroken("The appointment is not part of a recurrence.")
    doomed = [each for each in ledger.appointments if each.recurrence == series]
    return [remove(ledger, each, writer) for each in doomed]


def _starts(rule: str, start: datetime) -> list[datetime]:
    text = rule.strip().removeprefix("RRULE:")
    if "COUNT=" not in text.upper() and "UNTIL=" not in text.upper():
        raise InvalidField("recurrenceRule", "A recurrence ends on a date (UNTIL) or after a count (COUNT).")
    try:
        parsed: rrule | rruleset = rrulestr(text.replace("Z", ""), dtstart=start)
        starts = list(islice(parsed, MOST + 1))
    except (ValueError, TypeError, AttributeError) as problem:
        raise InvalidField("recurrenceRule", f"'{rule}' is not a recurrence rule: {problem}") from None
    if len(starts) > MOST:
        raise RuleBroken(f"A recurrence may have {MOST} appointments at most.")
    return starts


def _source(ledger: Ledger, values: Mapping[str, Any]) -> dict[str, str]:
    if values.get("sourceApp") and values.get("sourceType"):
        return {}
    for task in ledger.records["task"]:
        if task["jobNo"] == values["jobNo"] and task["taskNo"] == values["taskNo"]:
            return {"sourceApp": task["sourceApp"], "sourceType": task["sourceType"]}
    raise RuleBroken(f"The specified task '{values['taskNo']}' of job '{values['jobNo']}' does not exist.")

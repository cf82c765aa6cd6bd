"""How this Dime.Scheduler is spoken to: what the settings decide about every request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from zoneinfo import ZoneInfo


class WriteRoute(Enum):
    """How Outlook-born appointments reach the board. The values are those of `scheduler.write_route`."""

    EXCHANGE_APPOINTMENT = "exchange_appointment"
    """The Exchange procedures through /import: no job, no task, the resource by its e-mail (facts §1.13)."""
    TASK = "task"
    """An ordinary appointment under one job and task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The settings of `[scheduler]` that requests and answers depend on."""

    zone: ZoneInfo
    """The board's wall clock."""
    source_app: str
    source_type: str
    write_route: WriteRoute = WriteRoute.EXCHANGE_APPOINTMENT
    job_no: str = ""
    task_no: str = ""
    """Where Outlook-born appointments go with `WriteRoute.TASK`."""
    honour_offset: bool = False
    """Whether a `Z` or offset beside a time counts, in both directions (facts §2.7)."""

"""Where the vendor's sources disagree or are silent: one switch each; defaults are working assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How this Dime.Scheduler behaves where facts call a point disputed, unknown or inferred."""

    time_zone: str = "Europe/Brussels"
    """IANA name of the board's wall clock; no schema carries a zone (facts §2.7)."""
    offset_reading: Literal["ignore", "convert"] = "ignore"
    """A `Z` or offset on an incoming time: dropped, as .NET's "u" format suggests, or honoured (§2.7)."""
    time_style: Literal["naive", "wall_z", "utc_z"] = "naive"
    """Outgoing start and end: naive wall clock, wall clock with a false `Z`, or true UTC (§2.7)."""
    time_names: Literal["start", "startDate"] = "start"
    """Names of start and end in `GET /appointment` (§3.1: uncertain which)."""
    assignment_list: Literal["assignments", "resources"] = "assignments"
    """Name of the collection of assignments in `GET /appointment` (§3.2)."""
    write_answer: Literal["envelope", "flat"] = "envelope"
    """`{content, contentType, statusCode}` (SDKs) or `{success, message, status, phrase}` (§2.2)."""
    failure_content: Literal["error", "success_false"] = "error"
    """A failure inside HTTP 200: inner status 400 with `{Error, Description}`, or inner status 200 with
    `{Success: false, ...}` (§2.4)."""
    webhook_shape: Literal["swagger", "sample", "flat"] = "swagger"
    """The published document: mixed casing of PP-swagger, the sample of 2025, or Zapier's flat one (§2.8)."""
    quiet_back_office: bool = True
    """A write with SentFromBackOffice is not published to hooks of the same source app (§2.6, inferred)."""
    exchange_source_app: str = "EXCHANGE"
    exchange_source_type: str = "OUTLOOK"
    """What appointments made by mboc_upsertExchangeAppointment are stamped with (inferred: the procedure
    takes no source)."""
    unknown_parameters: Literal["refuse", "ignore"] = "refuse"
    """An import parameter that the procedure does not have: SQL Server refuses such a call (inferred)."""
    unknown_label: Literal["refuse", "ignore"] = "refuse"
    """A category or time marker that does not exist ("ignore": the appointment has none; unknown)."""
    delete_missing: Literal["succeed", "fail"] = "succeed"
    """Deleting what is not there: no rows affected is no error in SQL (inferred)."""
    insert_matches: Literal["identity", "content"] = "identity"
    """An upsert without id: always a new appointment, or the one with the same task, resource and times
    ("inserted if it does not exist", §2.6)."""
    locked_refuses_times: bool = False
    """Whether the board itself refuses to move a locked appointment through the API; by default locking is
    the duty of the client."""
    webhook_limit: int = 50
    """Subscriptions beyond this many are refused with 429 (§2.8)."""

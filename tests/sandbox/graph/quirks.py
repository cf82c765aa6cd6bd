"""Where the sources disagree about Graph, or leave a gap: one switch each (facts §12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How this tenant behaves where facts call a point disputed, unknown or inferred."""

    second_delete: Literal[404, 400] = 404
    """Work accounts answer 404 ErrorItemNotFound, personal ones 400 ErrorInvalidRequest (§2.4)."""
    occurrence_ical_uid: Literal["series", "own"] = "series"
    """Whether plain occurrences share the iCalUId of their master or carry their date in it (§1.8)."""
    pattern_change_drops_exceptions: bool = True
    """What the Exchange protocol says; not observed through Graph (§1.7, §12)."""
    numbered_reads_as_end_date: bool = False
    """Whether a `numbered` range reads back as the `endDate` that it comes to (§12)."""
    online_meetings: bool = True
    """Whether calendars allow Teams meetings; without, `isOnlineMeeting` is ignored silently (§2.1)."""
    delta_occurrence_zone: Literal["series", "prefer"] = "series"
    """The zone of bare occurrences in a delta round under Prefer outlook.timezone (§3.3)."""
    racing_write_status: Literal[412, 409] = 412
    """What the loser of two racing writes gets (§2.3)."""
    racing_write_probability: float = 0.0
    """How often a PATCH or DELETE without If-Match loses a race with a server-side write."""
    duplicate_transaction_status: Literal[400, 409] = 400
    """A used transactionId with another payload (§2.1)."""
    transaction_survives_delete: bool = False
    """Whether a transactionId stays used after its event was deleted (§12: unknown)."""
    transaction_memory: timedelta | None = None
    """How long a transactionId is remembered; None: for ever (§12: unknown)."""
    late_touch: timedelta | None = None
    """Exchange may change the changeKey once more, this long after a write; None: never (§9.2)."""
    removed_reason_outside_window: Literal["deleted", "changed"] = "deleted"
    """The reason of `@removed` for an event that exists outside the window (§3.3)."""
    removed_in_first_round: bool = False
    """`@removed` can appear already in the initial round (§3.3)."""
    delta_lag: timedelta = timedelta(0)
    """Changes younger than this are not yet in a delta round (§3.3: no read-after-write guarantee)."""
    delta_generations: int = 8
    """Delta links of a sync state that are honoured, counted from the newest; older ones get 410 (§3.5)."""
    delta_page_size: int = 50
    """Items per page without Prefer odata.maxpagesize."""
    delta_scan: int = 1000
    """Changed items examined per page: a page may be empty and still have a nextLink (§3.2)."""
    delta_replay_probability: float = 0.0
    """How often an item of a round is sent a second time in the same page (§3.3)."""
    deleted_readable_for: timedelta = timedelta(0)
    """A deleted event may still be read by id for a while (§2.4: soft delete, inferred)."""

"""Which records of a kind are too old or too many."""

from __future__ import annotations

from datetime import datetime

from models.storage import codec
from models.storage.session import Row, Session, Statement


def to_drop(
    session: Session, *, before: datetime, keep: int, at_most: int, nth_latest: Statement, older: Statement
) -> list[Row]:
    """Those from before a moment, and all but the latest `keep`, the oldest first; at most so many.

    `nth_latest` selects one moment by how many later records there are, `older` records up to a moment.
    """
    cut = codec.instant(before)
    beyond = session.fetch(nth_latest, 1, keep)
    if beyond:
        cut = max(cut, beyond[0][0])
    return session.fetch(older, cut, at_most)

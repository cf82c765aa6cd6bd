"""Values to the texts of the tables' columns, and back, exactly.

Instants are texts of fixed width, so that the database sorts them; contents are JSON objects of the fields
that say something. JSON is kept in ASCII: every text a service may send, however odd, survives any database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from models.content import Content, Field, Importance, Sensitivity, ShowAs
from models.decision import Side
from models.json_text import parse_json
from models.link import Agreed
from models.storage.records import ChangeRecord
from models.supervision import ChildState, RunState
from models.when import AllDay, Timed, When


def instant(moment: datetime) -> str:
    """An aware moment as text: "2026-03-29T01:00:00.000000+00:00"."""
    if moment.tzinfo is None:
        raise ValueError("the store keeps aware moments only")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def optional_instant(moment: datetime | None) -> str | None:
    """`instant`, where there may be none."""
    return None if moment is None else instant(moment)


def to_instant(text: str) -> datetime:
    """The inverse of `instant`."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def to_optional_instant(text: str | None) -> datetime | None:
    """The inverse of `optional_instant`."""
    return None if text is None else to_instant(text)


def edges(when: When | None) -> tuple[str | None, str | None]:
    """Start and end of an interval as texts that sort: instants, or dates for whole days."""
    if when is None:
        return None, None
    if isinstance(when, AllDay):
        return when.first.isoformat(), when.until.isoformat()
    return instant(when.start), instant(when.end)


def to_when(start: str | None, end: str | None) -> When | None:
    """The inverse of `edges`."""
    if start is None or end is None:
        return None
    if len(start) == len("2026-03-29"):
        return AllDay(first=date.fromisoformat(start), until=date.fromisoformat(end))
    return Timed(start=to_instant(start), end=to_instant(end))


def content(value: Content) -> str:
    """A content as a JSON object of the fields that it says anything about."""
    return _dump(_content_members(value))


def optional_content(value: Content | None) -> str | None:
    """`content`, where there may be none."""
    return None if value is None else content(value)


def to_content(text: str) -> Content:
    """The inverse of `content`."""
    return _content(parse_json(text))


def to_optional_content(text: str | None) -> Content | None:
    """The inverse of `optional_content`."""
    return None if text is None else to_content(text)


def agreed(value: Agreed | None) -> str | None:
    """Both agreed contents; the second is left out while both are equal, as they usually are."""
    if value is None:
        return None
    members = {"board": _content_members(value.board)}
    if value.outlook != value.board:
        members["outlook"] = _content_members(value.outlook)
    return _dump(members)


def to_agreed(text: str | None) -> Agreed | None:
    """The inverse of `agreed`."""
    if text is None:
        return None
    members = parse_json(text)
    board = _content(members["board"])
    return Agreed(board=board, outlook=_content(members["outlook"]) if "outlook" in members else board)


def changes(values: Iterable[ChangeRecord]) -> str:
    """The fields that a decision settled."""
    return _dump([[c.field.value, c.agreed, c.board, c.outlook, c.winner.value] for c in values])


def to_changes(text: str) -> tuple[ChangeRecord, ...]:
    """The inverse of `changes`."""
    return tuple(
        ChangeRecord(field=Field(field), agreed=was, board=board, outlook=outlook, winner=Side(winner))
        for field, was, board, outlook, winner in parse_json(text)
    )


def texts(values: Iterable[str]) -> str:
    """A sequence of texts."""
    return _dump(list(values))


def to_texts(text: str) -> tuple[str, ...]:
    """The inverse of `texts`."""
    return tuple(parse_json(text))


def pairs(values: Iterable[tuple[str, str]]) -> str:
    """A sequence of names with their values."""
    return _dump([list(pair) for pair in values])


def to_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The inverse of `pairs`."""
    return tuple((name, value) for name, value in parse_json(text))


def child(state: ChildState) -> str:
    """What a supervisor remembers. Suspects are kept whose key is a text: others mean nothing later."""
    return _dump(
        {
            "state": state.state.value,
            "incarnation": state.incarnation,
            "since": optional_instant(state.since),
            "probing": state.probing,
            "failures": state.failures,
            "crashed_incarnation": state.crashed_incarnation,
            "troubled_since": optional_instant(state.troubled_since),
            "crashes": [instant(moment) for moment in state.crashes],
            "suspects": [[key, count] for key, count in state.suspects if isinstance(key, str)],
            "reason": state.reason,
        }
    )


def to_child(text: str) -> ChildState:
    """The inverse of `child`."""
    members = parse_json(text)
    return ChildState(
        state=RunState(members["state"]),
        incarnation=members["incarnation"],
        since=to_optional_instant(members["since"]),
        probing=members["probing"],
        failures=members["failures"],
        crashed_incarnation=members["crashed_incarnation"],
        troubled_since=to_optional_instant(members["troubled_since"]),
        crashes=tuple(map(to_instant, members["crashes"])),
        suspects=tuple((key, count) for key, count in members["suspects"]),
        reason=members["reason"],
    )


def _content_members(value: Content) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name in ("subject", "body", "location", "category"):
        said = getattr(value, name)
        if said is not None:
            members[name] = said
    for name in ("importance", "show_as", "sensitivity"):
        said = getattr(value, name)
        if said is not None:
            members[name] = said.value
    if value.when is not None:
        members["when"] = _when_members(value.when)
    return members


def _content(members: dict[str, Any]) -> Content:
    importance = members.get("importance")
    show_as = members.get("show_as")
    sensitivity = members.get("sensitivity")
    when = members.get("when")
    return Content(
        subject=members.get("subject"),
        body=members.get("body"),
        location=members.get("location"),
        when=None if when is None else _when(when),
        importance=None if importance is None else Importance(importance),
        category=members.get("category"),
        show_as=None if show_as is None else ShowAs(show_as),
        sensitivity=None if sensitivity is None else Sensitivity(sensitivity),
    )


def _when_members(when: When) -> dict[str, str]:
    if isinstance(when, AllDay):
        return {"first": when.first.isoformat(), "until": when.until.isoformat()}
    return {"start": when.start.isoformat(), "end": when.end.isoformat()}


def _when(members: dict[str, str]) -> When:
    if "first" in members:
        return AllDay(first=date.fromisoformat(members["first"]), until=date.fromisoformat(members["until"]))
    return Timed(start=datetime.fromisoformat(members["start"]), end=datetime.fromisoformat(members["end"]))


def _dump(value: Any) -> str:  # noqa: ANN401  # whatever JSON can hold
    return json.dumps(value, separators=(",", ":"))

"""What is sent to Graph: an event as JSON, with no member that was not asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from models.ids import LINK_PROPERTY_ID
from models.when import When
from models.writes import EventDraft, EventPatch
from models.zones import graph_times


def draft_body(draft: EventDraft) -> dict[str, Any]:
    """The body that creates an event. It names no attendees, so nobody is mailed (A1)."""
    body = {
        "subject": draft.subject,
        "body": _html(draft.body_html),
        **_times(draft.when),
        "importance": draft.importance.value,
        "categories": list(draft.categories),
        "showAs": draft.show_as.value,
        "transactionId": draft.transaction_id,
        **_link(draft.link_value),
    }
    if draft.location:
        body["location"] = {"displayName": draft.location}
    if draft.reminder_minutes is not None:
        body |= {"isReminderOn": True, "reminderMinutesBeforeStart": draft.reminder_minutes}
    return body


def patch_body(patch: EventPatch) -> dict[str, Any]:
    """The body that changes an event."""
    body: dict[str, Any] = {}
    if patch.subject is not None:
        body["subject"] = patch.subject
    if patch.body_html is not None:
        body["body"] = _html(patch.body_html)
    if patch.when is not None:
        wanted = {"start": patch.start_changed, "end": patch.end_changed, "isAllDay": patch.all_day_changed}
        body |= {name: value for name, value in _times(patch.when).items() if wanted[name]}
    if patch.importance is not None:
        body["importance"] = patch.importance.value
    if patch.categories is not None:
        body["categories"] = list(patch.categories)
    if patch.location is not None:
        body["location"] = {"displayName": patch.location}
    if patch.show_as is not None:
        body["showAs"] = patch.show_as.value
    if patch.link_value is not None:
        body |= _link(patch.link_value)
    return body


def combined(patch: EventPatch, rewritten: EventPatch) -> EventPatch:
    """Both patches in one; where both change a member, the rewritten one knows the event and counts."""
    said = {item.name: getattr(rewritten, item.name) for item in fields(rewritten)}
    if rewritten.when is None:
        said = {name: value for name, value in said.items() if not name.endswith("_changed")}
    changes: Mapping[str, Any] = {name: value for name, value in said.items() if value is not None}
    return replace(patch, **changes)


def _times(when: When) -> dict[str, Any]:
    start, end, is_all_day = graph_times(when)
    return {"start": _moment(start), "end": _moment(end), "isAllDay": is_all_day}


def _moment(moment: tuple[str, str]) -> dict[str, str]:
    return {"dateTime": moment[0], "timeZone": moment[1]}


def _html(content: str) -> dict[str, str]:
    return {"contentType": "html", "content": content}


def _link(value: str) -> dict[str, Any]:
    return {"singleValueExtendedProperties": [{"id": LINK_PROPERTY_ID, "value": value}]}

"""The routes of calendars as such: their list, their making and unmaking (facts §8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.graph import errors
from tests.sandbox.graph.desk import Desk
from tests.sandbox.graph.mailbox import Calendar
from tests.sandbox.wire import Response

GROUP_CLASS = "0006f0b7-0000-0000-c000-000000000046"
COLORS = frozenset(
    {"auto", "lightBlue", "lightGreen", "lightOrange", "lightGray", "lightYellow"}
    | {"lightTeal", "lightPink", "lightBrown", "lightRed", "maxColor"}
)


def calendars_route(desk: Desk) -> Response:
    """Answers a call on …/calendars."""
    match desk.call.method:
        case "GET":
            top = desk.call.option("$top")
            calendars = list(desk.mailbox.calendars.by_id.values())
            shown = [_shown(desk, one) for one in calendars]
            return desk.rows("calendars", shown[: int(top)] if top and top.isdigit() else shown)
        case "POST":
            name, color = _members(desk)
            if not name or any(one.name == name for one in desk.mailbox.calendars.by_id.values()):
                raise errors.GraphError(
                    409, "ErrorFolderExists", "A folder with the specified name already exists."
                )
            calendar = desk.mailbox.add_calendar(name, color=color or "auto")
            return desk.json(201, _entity(desk, calendar, "calendars"))
        case _:
            raise errors.method_not_allowed()


def calendar_route(desk: Desk) -> Response:
    """Answers a call on …/calendar or …/calendars/{id}."""
    calendar = desk.listed_calendar
    match desk.call.method:
        case "GET":
            return desk.json(200, _entity(desk, calendar, "calendars"))
        case "PATCH":
            name, color = _members(desk)
            calendar.name, calendar.color = name or calendar.name, color or calendar.color
            calendar.change_key = desk.mailbox.store.change_key(desk.mailbox.next_change())
            return desk.json(200, _entity(desk, calendar, "calendars"))
        case "DELETE":
            if calendar.is_default:
                raise errors.GraphError(
                    400, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted."
                )
            desk.mailbox.remove_calendar(calendar)
            return desk.done(204)
        case _:
            raise errors.method_not_allowed()


def groups_route(desk: Desk) -> Response:
    """Answers a call on …/calendarGroups."""
    if desk.call.method != "GET":
        raise errors.method_not_allowed()
    group = {
        "id": desk.mailbox.group_id,
        "name": "My Calendars",
        "classId": GROUP_CLASS,
        "changeKey": desk.mailbox.default_calendar.change_key,
    }
    return desk.rows("calendarGroups", [group])


def _entity(desk: Desk, calendar: Calendar, collection: str) -> dict[str, Any]:
    user = desk.call.segments[1]
    context = f"{desk.call.base_url}/$metadata#users('{user}')/{collection}/$entity"
    return {"@odata.context": context, **_shown(desk, calendar)}


def _shown(desk: Desk, calendar: Calendar) -> dict[str, Any]:
    provider = "teamsForBusiness" if desk.quirks.online_meetings else "unknown"
    owner = desk.writer.owner
    content = {
        "id": calendar.id,
        "name": calendar.name,
        "color": calendar.color,
        "hexColor": calendar.hex_color,
        "groupClassId": GROUP_CLASS,
        "isDefaultCalendar": calendar.is_default,
        "changeKey": calendar.change_key,
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": [provider],
        "defaultOnlineMeetingProvider": provider,
        "isTallyingResponses": calendar.is_default,
        "isRemovable": not calendar.is_default,
        "owner": {"name": owner.name, "address": owner.address},
    }
    select = desk.call.option("$select")
    if not select:
        return content
    wanted = {name.strip() for name in select.split(",")} | {"id"}
    for name in sorted(wanted - content.keys()):
        raise errors.bad_request(
            f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
            "'microsoft.graph.calendar'."
        )
    return {name: value for name, value in content.items() if name in wanted}


def _members(desk: Desk) -> tuple[str | None, str | None]:
    body = desk.call.body
    if not isinstance(body, Mapping):
        raise errors.bad_request("Unable to read JSON request payload.")
    color = body.get("color")
    if color is not None and color not in COLORS:
        raise errors.bad_request(
            f"Cannot convert the literal '{color}' to the expected type 'microsoft.graph.calendarColor'."
        )
    return body.get("name"), color

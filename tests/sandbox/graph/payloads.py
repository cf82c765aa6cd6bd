"""What clients write: the members of an event payload, checked and turned into content (facts §1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.sandbox.graph import errors, times
from tests.sandbox.graph.bodies import Body
from tests.sandbox.graph.events import Attendee, Content, ExtendedProperty, Location, Person
from tests.sandbox.graph.times import WallTime

IMPORTANCE = ("low", "normal", "high")
SENSITIVITY = ("normal", "personal", "private", "confidential")
SHOW_AS = ("unknown", "free", "tentative", "busy", "oof", "workingElsewhere")
ATTENDEE_TYPES = ("required", "optional", "resource")
ONLINE_PROVIDERS = ("unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness")
BODY_TYPES = ("text", "html")
MAX_ATTENDEES = 500
PROPERTY_ID = re.compile(
    r"(?P<type>\w+)\s+(?:(?P<guid>\{[0-9a-f-]{36}\})\s+(?P<kind>name|id)\s+(?P<name>.+)|(?P<tag>0x[0-9a-f]{1,8}))",
    re.I,
)
TEAMS_RULE = "_" * 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What one payload asks for. Read-only and unknown members are left out (facts §2.1, §2.2)."""

    fields: Mapping[str, Any]
    """New values for fields of `Content`."""
    has_recurrence: bool = False
    recurrence: Any = None
    """As sent; None takes the recurrence away."""
    extended: Mapping[str, ExtendedProperty | None] = field(default_factory=dict)
    """Extended properties by key; None takes one away."""
    wants_online: bool = False


def read_edit(payload: Any, *, creating: bool, by_person: bool) -> Edit:
    """The edit in a POST (`creating`) or PATCH body. A person's client may use `tzone://` zones.

    Raises the refusals for members of a wrong type, unknown enum members and unknown zones.
    """
    if not isinstance(payload, Mapping):
        raise errors.bad_request("Unable to read JSON request payload.")
    fields: dict[str, Any] = {}
    for name, (target, reader) in READERS.items():
        if name in payload:
            fields[target] = reader(payload[name])
    for name in ("start", "end"):
        if payload.get(name) is not None:
            fields[name] = _moment(payload[name], creating=creating, by_person=by_person)
    if payload.get("locations") is not None:
        fields["locations"] = tuple(_location(entry) for entry in _list(payload["locations"], "locations"))
        fields["location"] = _joined(fields["locations"])
    if "location" in payload and not fields.get("locations"):
        location = _location(payload["location"]) if payload["location"] is not None else None
        named = location is not None and bool(location["displayName"])
        fields["location"] = location if named else None
        fields["locations"] = (location,) if named else ()
    return Edit(
        fields=fields,
        has_recurrence="recurrence" in payload,
        recurrence=payload.get("recurrence"),
        extended=_extended(payload),
        wants_online=payload.get("isOnlineMeeting") is True,
    )


def new_content(edit: Edit) -> Content:
    """The content of a new event. Raises when start or end is missing, or they do not fit together."""
    if "start" not in edit.fields or "end" not in edit.fields:
        raise errors.validation_failure()
    return checked(Content(**edit.fields))


def changed_content(current: Content, edit: Edit) -> Content:
    """The content after a PATCH. Attendees who stay keep their answers."""
    fields = dict(edit.fields)
    if "attendees" in fields:
        fields["attendees"] = tuple(_with_answer(one, current.attendees) for one in fields["attendees"])
    content = replace(current, **fields)
    if content.join_url and "body" in fields and content.join_url not in content.body.html:
        content = replace(content, is_online=False, online_provider="unknown", join_url=None)
    return checked(content)


def checked(content: Content) -> Content:
    """The content, if its times fit together (facts §1.5)."""
    if content.is_all_day:
        for name, moment in (("Start", content.start), ("End", content.end)):
            if moment.local.time() != datetime.min.time():
                raise errors.invalid_request(
                    f"The Event.{name} property for an all-day event needs to be set to midnight."
                )
        if content.start.zone != content.end.zone:
            raise errors.invalid_request(
                "The Event.Start and Event.End of an all-day event need to be in the same time zone."
            )
        if content.end.local - content.start.local < timedelta(days=1):
            raise errors.validation_failure()
    elif content.end.instant() < content.start.instant():
        raise errors.validation_failure()
    if len(content.attendees) > MAX_ATTENDEES:
        raise errors.validation_failure()
    return content


def with_online_meeting(content: Content, join_url: str) -> Content:
    """The content as a Teams meeting: the join block stands at the end of the body."""
    block = (
        f'<br>\r\n<div style="width:100%"><span style="white-space:nowrap; color:#5F5F5F; opacity:.36">'
        f'{TEAMS_RULE}</span>\r\n</div>\r\n<div class="me-email-text" lang="en-US" style="color:#252424">\r\n'
        '<div style="margin-top:24px; margin-bottom:20px"><span style="font-size:24px; color:#252424">'
        f'Microsoft Teams meeting</span>\r\n</div>\r\n<a href="{join_url}" class="me-email-headline">'
        "Click here to join the meeting</a>\r\n</div>\r\n"
        f'<div style="width:100%"><span style="white-space:nowrap; color:#5F5F5F; opacity:.36">{TEAMS_RULE}'
        "</span>\r\n</div>"
    )
    return replace(
        content,
        is_online=True,
        online_provider="teamsForBusiness",
        join_url=join_url,
        body=content.body.with_appendix(block),
    )


def property_key(property_id: Any) -> str:
    """One key for all spellings of an extended property's id: only the name's letter case counts."""
    match = PROPERTY_ID.fullmatch(property_id.strip()) if isinstance(property_id, str) else None
    if match is None:
        raise errors.GraphError(400, "ErrorInvalidProperty", f"The property ID '{property_id}' is not valid.")
    kind, name, tag = match["kind"], match["name"], match["tag"]
    if tag:
        return f"{match['type']} {tag}".lower()
    shown_name = name.lower() if kind.lower() == "id" else name
    return f"{match['type']} {match['guid']} {kind} ".lower() + shown_name


def _extended(payload: Mapping[str, Any]) -> dict[str, ExtendedProperty | None]:
    found: dict[str, ExtendedProperty | None] = {}
    for member, is_many in (("singleValueExtendedProperties", False), ("multiValueExtendedProperties", True)):
        for entry in _list(payload.get(member) or [], member):
            if not isinstance(entry, Mapping):
                raise errors.bad_request(f"Cannot read '{member}': an object is expected.")
            key, value = property_key(entry.get("id")), entry.get("value")
            if value is None:
                found[key] = None
            elif is_many:
                values = tuple(_text(one) for one in _list(value, "value"))
                found[key] = ExtendedProperty(id=entry["id"], value=values)
            else:
                found[key] = ExtendedProperty(id=entry["id"], value=_text(value))
    return found


def _moment(value: Any, *, creating: bool, by_person: bool) -> WallTime:
    if not isinstance(value, Mapping):
        raise errors.bad_request("Cannot read a dateTimeTimeZone: an object is expected.")
    name = value.get("timeZone")
    if name is None and not creating:
        raise errors.validation_failure()
    name = _text(name) if name is not None else "UTC"
    if times.is_custom(name) and not by_person:
        raise errors.unsupported_zone(name)
    where = times.zone(name)
    local, has_offset = times.parse_local(value.get("dateTime"))
    if has_offset:
        local = times.to_local(local.replace(tzinfo=UTC), where)
    return WallTime(local, name)


def _location(value: Any) -> Location:
    if not isinstance(value, Mapping):
        raise errors.bad_request("Cannot read a location: an object is expected.")
    name = _text(value.get("displayName") or "")
    location: dict[str, Any] = {"displayName": name, "locationType": value.get("locationType") or "default"}
    if name:
        location |= {"uniqueId": value.get("uniqueId") or name, "uniqueIdType": "private"}
    else:
        location["uniqueIdType"] = "unknown"
    for member in ("address", "coordinates", "locationEmailAddress", "locationUri"):
        if value.get(member):
            location[member] = value[member]
    return location


def _joined(locations: tuple[Location, ...]) -> Location | None:
    if len(locations) < 2:
        return locations[0] if locations else None
    return _location({"displayName": "; ".join(entry["displayName"] for entry in locations)})


def _attendees(value: Any) -> tuple[Attendee, ...]:
    return tuple(_attendee(entry) for entry in _list(value or [], "attendees"))


def _attendee(value: Any) -> Attendee:
    address = value.get("emailAddress") if isinstance(value, Mapping) else None
    if not isinstance(address, Mapping) or not address.get("address"):
        raise errors.validation_failure()
    mail = _text(address["address"])
    return Attendee(
        person=Person(name=_text(address.get("name") or mail), address=mail),
        kind=_enum(ATTENDEE_TYPES, "attendeeType")(value.get("type") or "required"),
    )


def _with_answer(attendee: Attendee, before: tuple[Attendee, ...]) -> Attendee:
    for known in before:
        if known.person.is_at(attendee.person.address):
            return replace(attendee, answer=known.answer, proposed=known.proposed)
    return attendee


def _body(value: Any) -> Body:
    if value is None:
        return Body()
    if not isinstance(value, Mapping):
        raise errors.bad_request("Cannot read an itemBody: an object is expected.")
    content = _text(value.get("content") or "")
    kind = _enum(BODY_TYPES, "bodyType")(value.get("contentType") or "text")
    return Body.of_html(content) if kind == "html" else Body.of_text(content)


def _enum(allowed: tuple[str, ...], type_name: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        for member in allowed:
            if isinstance(value, str) and member.casefold() == value.casefold():
                return member
        raise errors.bad_request(
            f"Cannot convert the literal '{value}' to the expected type 'microsoft.graph.{type_name}'."
        )

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise errors.bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.String'.")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise errors.bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.Boolean'.")
    return value


def _minutes(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise errors.bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.Int32'.")
    return value


def _list(value: Any, member: str) -> list[Any]:
    if not isinstance(value, list):
        raise errors.bad_request(f"Cannot read '{member}': a collection is expected.")
    return value


def _categories(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_text(entry) for entry in _list(value or [], "categories")))


READERS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "subject": ("subject", _text_or_none),
    "body": ("body", _body),
    "isAllDay": ("is_all_day", _flag),
    "importance": ("importance", _enum(IMPORTANCE, "importance")),
    "sensitivity": ("sensitivity", _enum(SENSITIVITY, "sensitivity")),
    "showAs": ("show_as", _enum(SHOW_AS, "freeBusyStatus")),
    "categories": ("categories", _categories),
    "attendees": ("attendees", _attendees),
    "isReminderOn": ("is_reminder_on", _flag),
    "reminderMinutesBeforeStart": ("reminder_minutes", _minutes),
    "responseRequested": ("response_requested", _flag),
    "allowNewTimeProposals": ("allow_new_time_proposals", _flag),
    "hideAttendees": ("hide_attendees", _flag),
}
"""Member of a payload -> field of `Content`, and how it is read."""

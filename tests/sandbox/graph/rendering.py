"""Events as responses carry them: exactly the members of the captured payloads (facts §1.1, §3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandbox.graph import identity, times
from tests.sandbox.graph.call import Prefer
from tests.sandbox.graph.events import Answer, Attendee, Content, Event, Item
from tests.sandbox.graph.mailbox import Mailbox
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.graph.times import WallTime

NO_LOCATION: Mapping[str, Any] = {
    "displayName": "",
    "locationType": "default",
    "uniqueIdType": "unknown",
    "address": {},
    "coordinates": {},
}
WEB_LINK = "https://outlook.office365.com/owa/?itemid={id}&exvsurl=1&path=/calendar/item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Writes the events of one mailbox under the preferences of one request."""

    mailbox: Mailbox
    prefer: Prefer
    quirks: Quirks

    def id_of(self, item: Item) -> str:
        """The id in the space that the request prefers."""
        event, store = item.event, self.mailbox.store
        if self.prefer.immutable_ids:
            return event.immutable_id if item.day is None else store.immutable_id(event.number, item.day)
        return event.id if item.day is None else store.event_id(event.number, item.day)

    def etag_of(self, item: Item) -> str:
        """The `@odata.etag`."""
        return f'W/"{self.mailbox.change_key(item)}"'

    def event(self, item: Item) -> dict[str, Any]:
        """The default property set."""
        event, content, exception = item.event, item.content(), item.exception
        item_id = self.id_of(item)
        change_key = self.mailbox.change_key(item)
        master_id = self.id_of(event.item) if item.day else None
        is_cancelled = event.is_cancelled or bool(exception and exception.is_cancelled)
        answer = exception.answer if exception and exception.answer else event.answer
        return {
            "@odata.etag": f'W/"{change_key}"',
            "id": item_id,
            "createdDateTime": times.timestamp(exception.created if exception else event.created),
            "lastModifiedDateTime": times.timestamp(exception.modified if exception else event.modified),
            "changeKey": change_key,
            "categories": list(content.categories),
            "transactionId": event.transaction_id,
            "originalStartTimeZone": content.start.zone,
            "originalEndTimeZone": content.end.zone,
            "iCalUId": self.ical_uid(item),
            "uid": event.uid,
            "reminderMinutesBeforeStart": content.reminder_minutes,
            "isReminderOn": content.is_reminder_on,
            "hasAttachments": False,
            "subject": content.subject,
            "bodyPreview": content.body.preview,
            "importance": content.importance,
            "sensitivity": content.sensitivity,
            "isAllDay": content.is_all_day,
            "isCancelled": is_cancelled,
            "isOrganizer": event.is_organizer,
            "responseRequested": content.response_requested,
            "seriesMasterId": master_id,
            "showAs": content.show_as,
            "type": item.kind,
            "webLink": WEB_LINK.format(id=item_id.replace("=", "%3D")),
            "onlineMeetingUrl": None,
            "isOnlineMeeting": content.is_online,
            "onlineMeetingProvider": content.online_provider,
            "allowNewTimeProposals": content.allow_new_time_proposals,
            "occurrenceId": identity.occurrence_name(master_id, item.day) if master_id and item.day else None,
            "isDraft": False,
            "hideAttendees": content.hide_attendees,
            "responseStatus": _answer(answer),
            "body": self._body(content),
            "start": self._moment(content.start, content),
            "end": self._moment(content.until, content),
            "location": dict(content.location or NO_LOCATION),
            "locations": [dict(location) for location in content.locations],
            "recurrence": self._recurrence(event) if item.day is None else None,
            "attendees": self._attendees(event, content),
            "organizer": event.organizer.shown(),
            "onlineMeeting": {"joinUrl": content.join_url} if content.join_url else None,
        }

    def stub(self, item: Item) -> dict[str, Any]:
        """A plain occurrence as a delta round carries it: seven members, in the zone of its series when the
        request prefers any zone (facts §3.3, disputed)."""
        content = item.content()
        wanted = self.prefer.time_zone
        if wanted is not None and self.quirks.delta_occurrence_zone == "series":
            wanted = content.start.zone
        return {
            "@odata.type": "#microsoft.graph.event",
            "@odata.etag": self.etag_of(item),
            "id": self.id_of(item),
            "seriesMasterId": self.id_of(Item(event=item.event)),
            "type": "occurrence",
            "start": times.shown(content.start, wanted, floating=content.is_all_day),
            "end": times.shown(content.until, wanted, floating=content.is_all_day),
        }

    def on_request(self, item: Item) -> dict[str, Any]:
        """Members that are sent only when `$select` names them (facts §1.8, §2.7)."""
        event = item.event
        original = None
        if item.day is not None:
            plain = event.plain_content(item.day)
            original = times.timestamp(plain.span()[0])
        master_id = self.id_of(event.item)
        removed = sorted(event.removed_dates) if item.day is None else []
        return {
            "originalStart": original,
            "cancelledOccurrences": [identity.occurrence_name(master_id, day) for day in removed],
        }

    def ical_uid(self, item: Item) -> str:
        """The iCalUId: an exception carries its original date in it (facts §1.8)."""
        dated = item.kind == "exception" or self.quirks.occurrence_ical_uid == "own"
        return identity.dated_uid(item.event.uid, item.day) if item.day and dated else item.event.uid

    def _recurrence(self, event: Event) -> dict[str, Any] | None:
        if event.recurrence is None:
            return None
        ended = self.quirks.numbered_reads_as_end_date
        return (event.recurrence.ended() if ended else event.recurrence).shown()

    def _moment(self, moment: WallTime, content: Content) -> dict[str, str]:
        return times.shown(moment, self.prefer.time_zone, floating=content.is_all_day)

    def _body(self, content: Content) -> dict[str, str]:
        if self.prefer.body_type == "text":
            return {"contentType": "text", "content": content.body.text}
        return {"contentType": "html", "content": content.body.html}

    def _attendees(self, event: Event, content: Content) -> list[dict[str, Any]]:
        if content.hide_attendees and not event.is_organizer:
            return [_attendee(one) for one in content.attendees if one.person.is_at(event.owner.address)]
        return [_attendee(one) for one in content.attendees]


def _answer(answer: Answer) -> dict[str, str]:
    at = times.NO_TIME if answer.at is None else times.timestamp(answer.at)
    return {"response": answer.response, "time": at}


def _attendee(attendee: Attendee) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": attendee.kind, "status": _answer(attendee.answer)}
    shown |= attendee.person.shown()
    if attendee.proposed is not None:
        shown["proposedNewTime"] = dict(attendee.proposed)
    return shown

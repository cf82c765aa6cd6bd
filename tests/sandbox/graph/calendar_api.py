"""Every route below /users/{u} that is about calendars and events: who is meant, and which room answers."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from tests.sandbox.graph import errors
from tests.sandbox.graph.calendar_routes import calendar_route, calendars_route, groups_route
from tests.sandbox.graph.call import Call, Prefer
from tests.sandbox.graph.delta import DeltaRounds
from tests.sandbox.graph.desk import Desk
from tests.sandbox.graph.event_routes import event_route
from tests.sandbox.graph.mailbox import Calendar, Mailbox
from tests.sandbox.graph.meetings import Meetings
from tests.sandbox.graph.odata import Options, read_options
from tests.sandbox.graph.rendering import Renderer
from tests.sandbox.graph.tenant import Tenant, User
from tests.sandbox.graph.times import zone
from tests.sandbox.graph.translation import translation_route
from tests.sandbox.graph.views import in_window, read_window
from tests.sandbox.graph.writes import Writer
from tests.sandbox.wire import Response

__all__ = ["CalendarApi", "Call", "Prefer"]

NOT_SELECTABLE_IN_VIEW = ("createdDateTime", "lastModifiedDateTime")
"""Named in `$select` of a calendar view, these stay away (facts §2.5)."""


class CalendarApi:
    """Answers calls on users' calendars. Raises `GraphError` for everything that Graph refuses."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._meetings = Meetings(tenant)
        self._delta = DeltaRounds(tenant)

    def handle(self, call: Call) -> Response:
        """The answer to one call."""
        self._tenant.settle()
        user = self._user(call)
        if call.prefer.time_zone is not None:
            zone(call.prefer.time_zone)
        mailbox = self._tenant.mailbox(user.id)
        calendar, scope, rest = _scoped(mailbox, call.segments[2:])
        return self._route(self._desk(call, user, mailbox, calendar, scope), rest)

    def _user(self, call: Call) -> User:
        """Whose mailbox it is. Raises what a missing or ailing mailbox answers (facts §7)."""
        key = call.segments[1]
        user = self._tenant.find_user(key)
        if user is None:
            if "@" in key:
                raise errors.GraphError(404, "ErrorInvalidUser", f"The requested user '{key}' is invalid.")
            raise errors.no_such_user(key)
        if not user.has_mailbox:
            raise errors.mailbox_refusal("MailboxNotEnabledForRESTAPI", key)
        if user.mailbox_problem not in (None, "OnPremises") and call.actor == "app":
            raise errors.mailbox_refusal(user.mailbox_problem, user.mail or user.user_principal_name)
        return user

    def _desk(self, call: Call, user: User, mailbox: Mailbox, calendar: Calendar | None, scope: str) -> Desk:
        quirks = self._tenant.quirks
        return Desk(
            call=call,
            mailbox=mailbox,
            calendar=calendar,
            scope=scope,
            renderer=Renderer(mailbox=mailbox, prefer=call.prefer, quirks=quirks),
            writer=Writer(
                mailbox=mailbox,
                owner=self._tenant.owner(user.id),
                meetings=self._meetings,
                quirks=quirks,
                later=self._tenant.written,
                by_person=call.actor == "user",
            ),
            quirks=quirks,
        )

    def _route(self, desk: Desk, rest: tuple[str, ...]) -> Response:
        match rest:
            case ("events",):
                return _events(desk)
            case ("events", "delta"):
                return _undocumented_delta(desk)
            case ("events", event_id, *below):
                return event_route(desk, event_id, tuple(below))
            case ("calendarView",):
                return _view(desk)
            case ("calendarView", "delta"):
                return self._delta_page(desk)
            case () if desk.calendar is not None:
                return calendar_route(desk)
            case ("calendars",):
                return calendars_route(desk)
            case ("calendarGroups",):
                return groups_route(desk)
            case ("translateExchangeIds",) if desk.calendar is None:
                return translation_route(desk)
            case _:
                raise errors.segment_not_found(rest[0] if rest else "")

    def _delta_page(self, desk: Desk) -> Response:
        _only(desk, "GET")
        page = self._delta.page(desk.call, desk.listed_calendar, desk.renderer)
        return desk.json(200, page, applied=("odata.track-changes",))


def _scoped(mailbox: Mailbox, segments: tuple[str, ...]) -> tuple[Calendar | None, str, tuple[str, ...]]:
    """The calendar that a path names, how contexts name it, and the rest of the path."""
    match segments:
        case ("calendarGroups", group_id, "calendars", *rest):
            if group_id != mailbox.group_id:
                raise errors.item_not_found()
            return _scoped(mailbox, ("calendars", *rest))
        case ("calendars", calendar_id, *rest):
            calendar = mailbox.calendar(calendar_id)
            return calendar, f"calendars('{quote(calendar_id, safe='')}')/", tuple(rest)
        case ("calendar", *rest):
            return mailbox.default_calendar, "calendar/", tuple(rest)
        case _:
            return None, "", segments


def _events(desk: Desk) -> Response:
    """Singles and masters, or a new event."""
    if desk.call.method == "POST":
        item = desk.writer.create(desk.listed_calendar, desk.call.body)
        response = desk.event(201, item)
        place = f"{desk.call.base_url}/users('{desk.call.segments[1]}')/events('{desk.renderer.id_of(item)}')"
        return Response(
            status=response.status, headers={**response.headers, "location": place}, body=response.body
        )
    _only(desk, "GET")
    items = [event.item for event in desk.mailbox.events(desk.listed_calendar)]
    return desk.collection("events", items, read_options(desk.call))


def _view(desk: Desk) -> Response:
    """Occurrences, exceptions and singles of a window."""
    _only(desk, "GET")
    items = in_window(desk.mailbox.events(desk.listed_calendar), read_window(desk.call))
    return desk.collection("calendarView", items, _view_options(read_options(desk.call)))


def _view_options(options: Options) -> Options:
    if options.select is None:
        return options
    kept = tuple(name for name in options.select if name not in NOT_SELECTABLE_IN_VIEW)
    return replace(options, select=kept or ("id",))


def _undocumented_delta(desk: Desk) -> Response:
    """events/delta is documented for beta only; v1.0 answers it badly (facts §3.1)."""
    if desk.call.option("$top") is not None:
        raise errors.GraphError(
            400, "ErrorInvalidUrlQuery", "The parameter '$top' is not supported with change tracking."
        )
    raise errors.GraphError(500, "UnknownError", "")


def _only(desk: Desk, method: str) -> None:
    if desk.call.method != method:
        raise errors.method_not_allowed()

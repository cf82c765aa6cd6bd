"""The control interface: act as a planner or as a person in Outlook, look, and inject faults (README.md).

Plain HTTP and JSON on loopback, no credentials. What is done here is not throttled, not delayed, not struck
by faults and not in the log of requests; its effects are those of a person's work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.sandbox.control_answers import ControlError, as_json, moment, nothing
from tests.sandbox.control_microsoft import MicrosoftControl, user_as_json
from tests.sandbox.faults import SERVICES, fault_fields
from tests.sandbox.graph.call import Call, Prefer
from tests.sandbox.graph.errors import GraphError
from tests.sandbox.scheduler.errors import NotFound
from tests.sandbox.scheduler.rendering import dump
from tests.sandbox.services import Services
from tests.sandbox.wire import Request, Response

ROUTES = """\
GET    /                                      this list
a planner on the board (JSON as the board shows it; fires webhooks)
GET    /board/appointments                    POST /board/appointments
GET    /board/appointments/{guid|no|id}       PATCH, DELETE likewise
GET    /board/resources                       POST /board/resources
PATCH  /board/resources/{resourceNo}
a person in Outlook (JSON as Graph's own)
GET    /mailboxes
GET    /mailboxes/{id|email}/events           POST likewise
GET    /mailboxes/{m}/calendarView?startDateTime=&endDateTime=
GET    /mailboxes/{m}/events/{id}             PATCH, DELETE likewise
POST   /mailboxes/{m}/events/{id}/copy        also accept, decline, tentativelyAccept, cancel
looking
GET    /requests?since=N                      DELETE /requests
GET    /stats
faults
POST   /faults                                GET, DELETE /faults    DELETE /faults/{id}
PUT    /latency {"service", "seconds"}        GET /latency
GET    /clock                                 PUT /clock {"now", "frozen"}   DELETE /clock
POST   /clock/advance {"seconds"}
POST   /graph/delta-tokens/expire {"mailbox"?}
GET    /graph/subscriptions
POST   /graph/subscriptions/{id}/remove
POST   /graph/subscriptions/{id}/lifecycle {"event"}
GET    /graph/notifications                   PUT {"collectSeconds", "retrySeconds", "duplicates",
                                                   "echoProbability"}
GET    /graph/limits                          PUT {"inFlight", "requests", "retryAfter", ...}
POST   /graph/users {"displayName", "mail"}
PUT    /graph/users/{id|email} {any field of a user}
GET    /authority                             PUT {"secret": "valid|expired|rotated", "up", "enabled",
                                                   "roles", "rbac", "tokenSeconds", "certificate": PEM}
"""


class Control:
    """Carries out what the control interface is asked."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._microsoft = MicrosoftControl(services)

    def handle(self, request: Request) -> Response:
        """The answer to one control request."""
        segments = tuple(unquote(part) for part in request.path.split("/") if part)
        try:
            body = json.loads(request.body) if request.body.strip() else None
        except ValueError as problem:
            return as_json({"error": f"the body is not JSON: {problem}"}, 400)
        query = parse_qs(request.query, keep_blank_values=True)
        try:
            return self._route(request, segments, query, body)
        except GraphError as refusal:
            error = {"code": refusal.code, "message": refusal.message, **refusal.extra}
            return as_json({"error": error}, refusal.status)
        except ControlError as problem:
            return as_json({"error": str(problem)}, problem.status)
        except NotFound as refusal:
            return as_json({"error": str(refusal)}, 404)
        except (ValueError, TypeError, KeyError) as problem:
            return as_json({"error": f"{type(problem).__name__}: {problem}"}, 400)

    def _route(
        self, request: Request, segments: tuple[str, ...], query: Mapping[str, list[str]], body: Any
    ) -> Response:
        match request.method, segments:
            case "GET", ():
                return Response(
                    status=200, headers={"content-type": "text/plain; charset=utf-8"}, body=ROUTES.encode()
                )
            case _, ("board", *rest):
                return self._planner(request.method, rest, _object(body))
            case _, ("mailboxes", *rest):
                return self._person(request, rest, query, body)
            case _, ("graph", *rest):
                return self._microsoft.graph(request.method, rest, _object(body))
            case _:
                return self._around(request.method, segments, query, body)

    def _around(
        self, method: str, segments: tuple[str, ...], query: Mapping[str, list[str]], body: Any
    ) -> Response:
        match method, segments:
            case "GET", ("requests",):
                return self._requests(int(query.get("since", ["0"])[0]))
            case "DELETE", ("requests",):
                self._services.recorder.clear()
                return nothing()
            case "GET", ("stats",):
                return as_json(self._stats())
            case _, ("faults", *rest):
                return self._faults(method, rest, body)
            case "GET" | "PUT", ("latency",):
                return self._latency(_object(body) if method == "PUT" else {})
            case _, ("clock", *rest):
                return self._clock(method, rest, _object(body))
            case "GET" | "PUT", ("authority",):
                return self._microsoft.authority(_object(body))
            case _:
                raise ControlError(404, f"{method} /{'/'.join(segments)} is not a route; GET / lists them")

    def _planner(self, method: str, rest: list[str], given: Mapping[str, Any]) -> Response:
        board = self._services.board
        match method, rest:
            case "GET", ["appointments"]:
                return _shown(board.planner_list())
            case "POST", ["appointments"]:
                return _shown(board.planner_create(given), 201)
            case "GET", ["appointments", key]:
                return _shown(board.planner_get(key))
            case "PATCH", ["appointments", key]:
                return _shown(board.planner_change(key, given))
            case "DELETE", ["appointments", key]:
                board.planner_delete(key)
                return nothing()
            case "GET", ["resources"]:
                return _shown(board.resources_list())
            case "POST", ["resources"]:
                return _shown(board.resource_create(given), 201)
            case "PATCH", ["resources", number]:
                return _shown(board.resource_change(number, given))
            case _:
                raise ControlError(404, f"{method} /board/{'/'.join(rest)} is not a route; GET / lists them")

    def _person(
        self, request: Request, rest: list[str], query: Mapping[str, list[str]], body: Any
    ) -> Response:
        if not rest:
            return as_json(
                [user_as_json(user) for user in self._services.tenant.users.values() if user.has_mailbox]
            )
        name, *segments = rest
        if not segments:
            return as_json(user_as_json(self._microsoft.find(name)))
        call = Call(
            method=request.method,
            segments=("users", self._microsoft.find(name).id, *segments),
            query=query,
            prefer=Prefer.parse(request.headers.get("prefer", "")),
            if_match=request.headers.get("if-match"),
            body=body,
            base_url=f"http://{request.headers.get('host', 'localhost')}",
            actor="user",
        )
        return self._services.graph.calendar.handle(call)

    def _requests(self, since: int) -> Response:
        recorder = self._services.recorder
        entries = [entry.as_json() for entry in recorder.since(since)]
        return as_json({"next": recorder.next_number, "requests": entries})

    def _stats(self) -> dict[str, Any]:
        services = self._services
        subscriptions = services.graph.subscriptions
        return {
            "requests": {name: services.recorder.counts[name] for name in SERVICES},
            "deliveries": dict(services.deliveries),
            "notificationsWaiting": subscriptions.notifier.waiting,
            "subscriptions": len(subscriptions.active),
            "throttled": services.graph.throttle.refused,
            "highestInFlight": services.graph.throttle.highest_in_flight,
            "faults": [fault.as_json() for fault in services.faults],
            "now": moment(services.clock.now()),
        }

    def _faults(self, method: str, rest: list[str], body: Any) -> Response:
        faults = self._services.faults
        match method, rest:
            case "GET", []:
                return as_json([fault.as_json() for fault in faults])
            case "POST", []:
                fields = fault_fields(body)
                if fields["mailbox"] is not None:
                    fields["mailbox"] = self._microsoft.find(fields["mailbox"]).id
                return as_json({"id": faults.add(**fields).id}, 201)
            case "DELETE", []:
                faults.clear()
                return nothing()
            case "DELETE", [name]:
                if not faults.remove(name):
                    raise ControlError(404, f"no fault is called {name}; it may be used up")
                return nothing()
            case _:
                raise ControlError(405, "faults take GET, POST and DELETE")

    def _latency(self, given: Mapping[str, Any]) -> Response:
        latency = self._services.traffic.latency
        if given:
            seconds = float(given["seconds"])
            names = [given["service"]] if given.get("service") else list(SERVICES)
            for name in names:
                if name not in latency:
                    raise ControlError(400, f"service must be one of {list(SERVICES)}")
                latency[name] = seconds
        return as_json(latency)

    def _clock(self, method: str, rest: list[str], given: Mapping[str, Any]) -> Response:
        clock = self._services.clock
        match method, rest:
            case "GET", []:
                pass
            case "PUT", []:
                wanted = datetime.fromisoformat(given["now"]) if "now" in given else clock.now()
                clock.set(wanted, frozen=bool(given.get("frozen", False)))
            case "DELETE", []:
                clock.release()
            case "POST", ["advance"]:
                clock.advance(float(given["seconds"]))
            case _:
                raise ControlError(404, "the clock takes GET, PUT and DELETE, and POST /clock/advance")
        self._services.tick()
        return as_json({"now": moment(clock.now()), "frozen": clock.frozen})


def _shown(document: Any, status: int = 200) -> Response:
    """What the board shows, rendered as the board renders it."""
    return Response(status=status, headers={"content-type": "application/json"}, body=dump(document))


def _object(body: Any) -> Mapping[str, Any]:
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ControlError(400, "the body must be a JSON object")
    return body

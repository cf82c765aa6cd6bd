"""The control interface: act as a planner or as a person in Outlook, look, and inject faults (README.md).

Plain HTTP and JSON on loopback, no credentials. What is done here is not throttled, not delayed, not struck
by faults and not in the log of requests; its effects are those of a person's work.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.sandbox.faults import SERVICES, fault_fields
from tests.sandbox.graph.authority import SecretState
from tests.sandbox.graph.call import Call, Prefer
from tests.sandbox.graph.errors import GraphError
from tests.sandbox.graph.subscriptions import Subscription
from tests.sandbox.graph.tenant import User
from tests.sandbox.graph.throttle import Limits
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


class ControlError(Exception):
    """A control request that cannot be done, in words for the person who sent it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Carries out what the control interface is asked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def handle(self, request: Request) -> Response:
        """The answer to one control request."""
        segments = tuple(unquote(part) for part in request.path.split("/") if part)
        try:
            body = json.loads(request.body) if request.body.strip() else None
        except ValueError as problem:
            return _json({"error": f"the body is not JSON: {problem}"}, 400)
        query = parse_qs(request.query, keep_blank_values=True)
        try:
            return self._route(request, segments, query, body)
        except GraphError as refusal:
            error = {"code": refusal.code, "message": refusal.message, **refusal.extra}
            return _json({"error": error}, refusal.status)
        except ControlError as problem:
            return _json({"error": str(problem)}, problem.status)
        except NotFound as refusal:
            return _json({"error": str(refusal)}, 404)
        except (ValueError, TypeError, KeyError) as problem:
            return _json({"error": f"{type(problem).__name__}: {problem}"}, 400)

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
                return self._graph(request.method, rest, _object(body))
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
                return _nothing()
            case "GET", ("stats",):
                return _json(self._stats())
            case _, ("faults", *rest):
                return self._faults(method, rest, body)
            case "GET" | "PUT", ("latency",):
                return self._latency(_object(body) if method == "PUT" else {})
            case _, ("clock", *rest):
                return self._clock(method, rest, _object(body))
            case "GET" | "PUT", ("authority",):
                return self._authority(_object(body))
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
                return _nothing()
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
            return _json([_user(user) for user in self._services.tenant.users.values() if user.has_mailbox])
        name, *segments = rest
        if not segments:
            return _json(_user(self._find(name)))
        call = Call(
            method=request.method,
            segments=("users", self._find(name).id, *segments),
            query=query,
            prefer=Prefer.parse(request.headers.get("prefer", "")),
            if_match=request.headers.get("if-match"),
            body=body,
            base_url=f"http://{request.headers.get('host', 'localhost')}",
            actor="user",
        )
        return self._services.graph.calendar.handle(call)

    def _find(self, name: str) -> User:
        user = self._services.tenant.find_user(name)
        if user is None:
            raise ControlError(404, f"no user has the id or address {name}")
        return user

    def _requests(self, since: int) -> Response:
        recorder = self._services.recorder
        entries = [entry.as_json() for entry in recorder.since(since)]
        return _json({"next": recorder.next_number, "requests": entries})

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
            "now": _moment(services.clock.now()),
        }

    def _faults(self, method: str, rest: list[str], body: Any) -> Response:
        faults = self._services.faults
        match method, rest:
            case "GET", []:
                return _json([fault.as_json() for fault in faults])
            case "POST", []:
                fields = fault_fields(body)
                if fields["mailbox"] is not None:
                    fields["mailbox"] = self._find(fields["mailbox"]).id
                return _json({"id": faults.add(**fields).id}, 201)
            case "DELETE", []:
                faults.clear()
                return _nothing()
            case "DELETE", [name]:
                if not faults.remove(name):
                    raise ControlError(404, f"no fault is called {name}; it may be used up")
                return _nothing()
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
        return _json(latency)

    def _clock(self, method: str, rest: list[str], given: Mapping[str, Any]) -> Response:
        clock = self._services.clock
        match method, rest:
            case "GET", []:
                pass
            case "PUT", []:
                moment = datetime.fromisoformat(given["now"]) if "now" in given else clock.now()
                clock.set(moment, frozen=bool(given.get("frozen", False)))
            case "DELETE", []:
                clock.release()
            case "POST", ["advance"]:
                clock.advance(float(given["seconds"]))
            case _:
                raise ControlError(404, "the clock takes GET, PUT and DELETE, and POST /clock/advance")
        self._services.tick()
        return _json({"now": _moment(clock.now()), "frozen": clock.frozen})

    def _graph(self, method: str, rest: list[str], given: Mapping[str, Any]) -> Response:
        graph = self._services.graph
        match method, rest:
            case "POST", ["delta-tokens", "expire"]:
                mailbox = given.get("mailbox")
                self._services.tenant.expire_delta_links(self._find(mailbox).id if mailbox else None)
                return _nothing()
            case "GET", ["subscriptions"]:
                return _json([_subscription(one) for one in graph.subscriptions.active])
            case "POST", ["subscriptions", name, "remove"]:
                return self._done(graph.subscriptions.remove(name), name)
            case "POST", ["subscriptions", name, "lifecycle"]:
                return self._done(graph.subscriptions.lifecycle(name, str(given["event"])), name)
            case "GET" | "PUT", ["notifications"]:
                return self._notifications(given)
            case "GET" | "PUT", ["limits"]:
                return self._limits(given)
            case "POST", ["users"]:
                fields = _user_fields(given)
                name, mail = fields.pop("display_name"), fields.pop("mail", None)
                user = self._services.tenant.add_user(name, mail, **fields)
                return _json(_user(user), 201)
            case "GET", ["users", name]:
                return _json(_user(self._find(name)))
            case "PUT", ["users", name]:
                user = self._find(name)
                for field, value in _user_fields(given).items():
                    setattr(user, field, value)
                graph.users.reindex()
                return _json(_user(user))
            case _:
                raise ControlError(404, f"{method} /graph/{'/'.join(rest)} is not a route; GET / lists them")

    def _done(self, found: bool, name: str) -> Response:
        if not found:
            raise ControlError(404, f"no subscription has the id {name}")
        return _nothing()

    def _notifications(self, given: Mapping[str, Any]) -> Response:
        subscriptions = self._services.graph.subscriptions
        notifier = subscriptions.notifier
        notifier.collect_seconds = float(given.get("collectSeconds", notifier.collect_seconds))
        notifier.retry_seconds = float(given.get("retrySeconds", notifier.retry_seconds))
        subscriptions.echo_probability = float(given.get("echoProbability", subscriptions.echo_probability))
        if given.get("duplicates") in (409, 201):
            subscriptions.duplicates = given["duplicates"]
        return _json(
            {
                "collectSeconds": notifier.collect_seconds,
                "retrySeconds": notifier.retry_seconds,
                "duplicates": subscriptions.duplicates,
                "echoProbability": subscriptions.echo_probability,
            }
        )

    def _limits(self, given: Mapping[str, Any]) -> Response:
        limits = self._services.graph.throttle.limits
        names = {_camel(field.name): field.name for field in dataclasses.fields(Limits)}
        for name, value in given.items():
            if name not in names:
                raise ControlError(400, f"no limit is called {name}; there are {sorted(names)}")
            setattr(limits, names[name], value)
        return _json({name: getattr(limits, field) for name, field in names.items()})

    def _authority(self, given: Mapping[str, Any]) -> Response:
        authority = self._services.authority
        application = authority.application
        if "secret" in given:
            application.secret_state = SecretState(given["secret"])
            if application.secret_state is SecretState.ROTATED:
                application.secret = authority.new_secret()
        authority.up = bool(given.get("up", authority.up))
        application.enabled = bool(given.get("enabled", application.enabled))
        application.roles = tuple(given.get("roles", application.roles))
        authority.token_seconds = int(given.get("tokenSeconds", authority.token_seconds))
        thumbprint = application.register(given["certificate"]) if "certificate" in given else None
        bearer = self._services.graph.bearer
        bearer.rbac = bool(given.get("rbac", bearer.rbac))
        bearer.forget()
        shown = {
            "secret": str(application.secret_state),
            "clientSecret": application.secret,
            "up": authority.up,
            "enabled": application.enabled,
            "roles": list(application.roles),
            "rbac": bearer.rbac,
            "tokenSeconds": authority.token_seconds,
            "certificates": sorted(application.certificates),
            "password": authority.password,
        }
        return _json(shown if thumbprint is None else {**shown, "thumbprint": thumbprint})


def _json(content: Any, status: int = 200) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(status=status, headers={"content-type": "application/json; charset=utf-8"}, body=body)


def _shown(document: Any, status: int = 200) -> Response:
    """What the board shows, rendered as the board renders it."""
    return Response(status=status, headers={"content-type": "application/json"}, body=dump(document))


def _nothing() -> Response:
    return Response(status=204)


def _object(body: Any) -> Mapping[str, Any]:
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ControlError(400, "the body must be a JSON object")
    return body


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _user(user: User) -> dict[str, Any]:
    shown = {_camel(field.name): getattr(user, field.name) for field in dataclasses.fields(User)}
    return {**shown, "email": user.mail}


def _user_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `User` in a JSON object, in snake_case or camelCase."""
    names = {field.name: field.name for field in dataclasses.fields(User)}
    names |= {_camel(name): name for name in names}
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name not in names:
            raise ControlError(400, f"a user has no field {name}; there are {sorted(set(names.values()))}")
        fields[names[name]] = tuple(value) if isinstance(value, list) else value
    return fields


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "mailbox": subscription.user_id,
        "resource": subscription.resource,
        "changeType": subscription.change_type,
        "notificationUrl": subscription.notification_url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "clientState": subscription.client_state,
        "expirationDateTime": _moment(subscription.expires),
        "immutableIds": subscription.immutable_ids,
    }

"""Microsoft Graph's front door: who calls, what they ask, and how refusals are worded (facts §6, §7).

Behind it: the calendar, the directory, subscriptions. A batch comes back in through the same door, once for
each request in it.
"""

from __future__ import annotations

import json
import random as randomness
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from tests.sandbox.faults import Fault
from tests.sandbox.graph.authority import Authority
from tests.sandbox.graph.batch import BatchRun
from tests.sandbox.graph.bearer import Bearer, Caller
from tests.sandbox.graph.calendar_api import CalendarApi
from tests.sandbox.graph.call import JSON_HEADERS, Call, Prefer
from tests.sandbox.graph.errors import GraphError, bad_request, method_not_allowed, segment_not_found
from tests.sandbox.graph.paths import Place, locate, query_options
from tests.sandbox.graph.subscriptions import Subscriptions
from tests.sandbox.graph.tenant import Tenant
from tests.sandbox.graph.throttle import Throttle
from tests.sandbox.graph.users_api import UsersApi
from tests.sandbox.traffic import Answer, Traffic, Visit, Wait, fault_body, fault_headers
from tests.sandbox.wire import Delivery, Outcall, Request, Response

NO_PREFERENCES = Prefer()
LARGEST_BODY = 4 * 1024 * 1024
METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"})
DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"001",'
    '"RoleInstance":"SANDBOX00000001"}}'
)
DEFAULT_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    404: "ErrorItemNotFound",
    409: "ErrorIrresolvableConflict",
    410: "SyncStateNotFound",
    412: "ErrorIrresolvableConflict",
    429: "ApplicationThrottled",
    500: "ErrorInternalServerError",
    503: "ErrorInternalServerTransientError",
    504: "UnknownError",
}


class GraphService:
    """Graph v1.0 of one tenant, as a service that answers one request at a time.

    `handle` answers at once. `visit` also models time: latency, the four requests in flight, and the waves in
    which Graph works through a batch.
    """

    def __init__(
        self,
        *,
        tenant: Tenant,
        authority: Authority,
        now: Callable[[], datetime],
        random: randomness.Random,
        send: Callable[[Delivery], None],
    ) -> None:
        self._now = now
        self._random = random
        self.tenant = tenant
        self.throttle = Throttle(now=now, random=random)
        self.bearer = Bearer(authority=authority, now=now)
        self.users = UsersApi(tenant)
        self.calendar = CalendarApi(tenant)
        self.subscriptions = Subscriptions(
            tenant=tenant, authority=authority, now=now, random=random, send=send
        )
        self._date: tuple[int, str] = (0, "")

    def handle(self, request: Request) -> Response | Outcall:
        """The answer to one request; a batch is worked through at once, without limits of concurrency."""
        try:
            place = locate(request.path)
        except GraphError as refusal:
            return self.refusal(request, refusal)
        if place.segments == ("$batch",):
            return self._batch_at_once(request)
        return self._serve(request, place)

    def visit(self, request: Request, traffic: Traffic) -> Visit:
        """The way of one request through latency, faults and limits (see `traffic`)."""
        try:
            place = locate(request.path)
        except GraphError:
            return traffic.carry(traffic.begin("graph", request), self.handle, request)
        if place.segments == ("$batch",):
            return self._visit_batch(request, traffic)
        return self._visit_one(request, place, traffic)

    def serve(self, request: Request) -> Response | Outcall:
        """The answer to one request of a batch; a batch in a batch is refused."""
        try:
            place = locate(request.path)
            if place.segments == ("$batch",):
                raise bad_request("A batch request cannot contain another batch request.")
        except GraphError as refusal:
            return self.refusal(request, refusal)
        return self._serve(request, place)

    def mailbox(self, request: Request) -> str | None:
        """The object id of the user whose mailbox a request is about, or None."""
        try:
            return self._mailbox(locate(request.path), request)
        except GraphError:
            return None

    def application(self, request: Request) -> str:
        """The id of the calling application, empty when the door will refuse it."""
        caller = self.bearer.glance(request.headers)
        return caller.application if caller else ""

    def _mailbox(self, place: Place, request: Request) -> str | None:
        key = place.user_key
        if key is None:
            return None
        if key == "me":
            caller = self.bearer.glance(request.headers)
            return caller.user_id if caller else None
        user = self.tenant.find_user(key)
        return user.id if user else None

    def refusal(self, request: Request, refusal: GraphError) -> Response:
        """The JSON envelope of an error (facts §7), complete with its ids."""
        request_id = self._guid()
        client_request_id = request.headers.get("client-request-id", request_id)
        now = self._now()
        error = {
            "code": refusal.code,
            "message": refusal.message,
            **refusal.extra,
            "innerError": {
                "date": f"{now:%Y-%m-%dT%H:%M:%S}",
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }
        headers = {**JSON_HEADERS, **self._standard_headers(request_id, client_request_id), **refusal.headers}
        body = json.dumps({"error": error}, separators=(",", ":")).encode()
        return Response(status=refusal.status, headers=headers, body=body)

    def struck(self, request: Request, fault: Fault) -> Response:
        """What a status fault answers, in Graph's shape unless the fault brings a body."""
        code = fault.code or DEFAULT_CODES.get(fault.status, "UnknownError")
        message = fault.message
        if not message and code == "ApplicationThrottled":
            message = "Application is over its MailboxConcurrency limit."
        response = self.refusal(request, GraphError(fault.status, code, message))
        own = fault_body(fault)
        content_type = response.headers["content-type"]
        return Response(
            status=fault.status,
            headers={**response.headers, **fault_headers(fault, content_type)},
            body=response.body if own is None else own,
        )

    def _serve(self, request: Request, place: Place) -> Response | Outcall:
        try:
            result = self._dispatch(request, place)
        except GraphError as refusal:
            return self.refusal(request, refusal)
        if isinstance(result, Outcall):
            return self._later(request, result)
        return self._dress(request, result)

    def _later(self, request: Request, outcall: Outcall) -> Outcall:
        def resume(reply: Response | None) -> Response | Outcall:
            try:
                result = outcall.resume(reply)
            except GraphError as refusal:
                return self.refusal(request, refusal)
            if isinstance(result, Outcall):
                return self._later(request, result)
            return self._dress(request, result)

        return Outcall(delivery=outcall.delivery, resume=resume)

    def _dispatch(self, request: Request, place: Place) -> Response | Outcall:
        if place.version != "v1.0":
            raise GraphError(
                404, "ResourceNotFound", f"Invalid version: {place.version}. This tenant serves v1.0 only."
            )
        if request.method not in METHODS:
            raise method_not_allowed()
        caller = self.bearer.caller(request.headers)
        if not place.segments:
            raise bad_request("Resource not found for the segment ''.")
        call = Call(
            method=request.method,
            segments=self._own(place, caller),
            query=query_options(request.query),
            prefer=_preferences(request.headers),
            if_match=request.headers.get("if-match"),
            body=_json_body(request),
            base_url=f"https://{request.headers.get('host', 'graph.microsoft.com')}/v1.0",
        )
        return self._room(call, caller)

    def _room(self, call: Call, caller: Caller) -> Response | Outcall:
        match call.segments:
            case ("subscriptions", *_):
                self.throttle.count_subscription_call(caller.application, call.method)
                return self.subscriptions.handle(call, caller)
            case ("organization", *_):
                caller.may_read_directory()
                return self.users.handle(call)
            case ("users", key, room, *_) if room not in ("mailboxSettings", "outlook"):
                self._count(caller, key)
                caller.may_use_calendar(key, call, self.tenant)
                return self.calendar.handle(call)
            case ("users", key, room, *_):
                self._count(caller, key)
                caller.may_read_settings(key, room, self.tenant)
                return self.users.handle(call)
            case ("users", *_):
                caller.may_read_directory()
                return self.users.handle(call)
            case _:
                raise segment_not_found(call.segments[0])

    def _own(self, place: Place, caller: Caller) -> tuple[str, ...]:
        if place.segments[0] != "me":
            return place.segments
        if caller.user_id is None:
            raise bad_request("/me request is only valid with delegated authentication flow.")
        return ("users", caller.user_id, *place.segments[1:])

    def _count(self, caller: Caller, key: str) -> None:
        user = self.tenant.find_user(key)
        if user is not None:
            self.throttle.count(caller.application, user.id)

    def _dress(self, request: Request, response: Response) -> Response:
        request_id = self._guid()
        client_request_id = request.headers.get("client-request-id", request_id)
        headers = {**response.headers, **self._standard_headers(request_id, client_request_id)}
        return Response(status=response.status, headers=headers, body=response.body)

    def _standard_headers(self, request_id: str, client_request_id: str) -> dict[str, str]:
        return {
            "date": self._http_date(),
            "cache-control": "no-store",
            "odata-version": "4.0",
            "request-id": request_id,
            "client-request-id": client_request_id,
            "x-ms-ags-diagnostic": DIAGNOSTIC,
            "strict-transport-security": "max-age=31536000",
        }

    def _http_date(self) -> str:
        now = self._now()
        second = int(now.timestamp())
        if second != self._date[0]:
            self._date = (second, format_datetime(now, usegmt=True))
        return self._date[1]

    def _guid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # One request at a time, with the limits of concurrency.

    def _visit_one(self, request: Request, place: Place, traffic: Traffic) -> Visit:
        mailbox = self._mailbox(place, request)
        passage = traffic.begin("graph", request, mailbox)
        if mailbox is None:
            return (yield from traffic.carry(passage, lambda asked: self._serve(asked, place), request))
        application = self.application(request)
        try:
            self.throttle.enter(application, mailbox)
        except GraphError as refusal:
            yield Wait(passage.seconds)
            return passage.conclude(request, self.refusal(request, refusal))
        try:
            return (yield from traffic.carry(passage, lambda asked: self._serve(asked, place), request))
        finally:
            self.throttle.leave(application, mailbox)

    # Batches (facts §5.3).

    def _open_batch(self, request: Request) -> BatchRun:
        self.bearer.caller(request.headers)
        if request.method != "POST":
            raise method_not_allowed()
        return BatchRun(door=self, outer=request, content=_json_body(request), random=self._random)

    def _batch_at_once(self, request: Request) -> Response | Outcall:
        try:
            run = self._open_batch(request).at_once()
        except GraphError as refusal:
            return self.refusal(request, refusal)
        return self._advance(request, run, None)

    def _advance(self, request: Request, run: Visit, reply: Response | None) -> Response | Outcall:
        try:
            step = run.send(reply)
        except StopIteration as end:
            answer: Answer = end.value
            return self._dress(request, answer.response or Response(status=502))
        if not isinstance(step, Delivery):
            raise TypeError("working through a batch at once takes no time")
        return Outcall(delivery=step, resume=lambda answer: self._advance(request, run, answer))

    def _visit_batch(self, request: Request, traffic: Traffic) -> Visit:
        passage = traffic.begin("graph", request)
        answer = passage.early(request)
        if answer is None:
            try:
                run = self._open_batch(request)
            except GraphError as refusal:
                answer = passage.conclude(request, self.refusal(request, refusal))
            else:
                answer = yield from run.over_time(passage, traffic)
                if answer.response is not None:
                    whole = passage.conclude(request, self._dress(request, answer.response))
                    return Answer(whole.response, truncated=answer.truncated or whole.truncated)
                return answer
        if passage.seconds > 0:
            yield Wait(passage.seconds)
        return answer


def _preferences(headers: Mapping[str, str]) -> Prefer:
    header = headers.get("prefer")
    return Prefer.parse(header) if header else NO_PREFERENCES


def _json_body(request: Request) -> Any:
    """The body as JSON, None without one. Raises GraphError 400, 413 or 415 (facts §2.1, §7)."""
    if len(request.body) > LARGEST_BODY:
        raise GraphError(413, "RequestEntityTooLarge", "The request is too large: the limit is 4 MB.")
    if not request.body or request.method in ("GET", "HEAD", "DELETE"):
        return None
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise GraphError(
            415,
            "RequestBodyRead",
            "A supported MIME type could not be found that matches the content type of the request: "
            f"'{content_type}'. The supported type is 'application/json'.",
        )
    try:
        return json.loads(request.body)
    except ValueError:
        raise bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of "
            "valid JSON format."
        ) from None

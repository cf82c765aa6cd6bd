"""The HTTP API of Dime.Scheduler: who may come in, and which room a path leads to (facts §2.1, §2.2)."""

from __future__ import annotations

import json
import random as randomness
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.sandbox.scheduler.api import Api
from tests.sandbox.scheduler.board import Board
from tests.sandbox.scheduler.envelope import json_response, problem
from tests.sandbox.scheduler.errors import InvalidField, NotFound, Refusal
from tests.sandbox.scheduler.webhooks import EVENTS, TooManyWebhooks, Webhooks
from tests.sandbox.wire import Delivery, Request, Response

LEGACY_PREFIXES = ("v0.1", "api")
"""Base paths that older clients put before the routes."""
UNLICENSED = frozenset(("geocode", "optimization", "recommendation"))
"""Modules of their own that have nothing to do with calendars; this installation has no licence for them."""


class SchedulerService:
    """One Dime.Scheduler. `handle` answers requests; what it sends on its own goes to `send`, and the shell
    reports each outcome to `delivered`."""

    def __init__(
        self,
        board: Board,
        *,
        api_key: str,
        now: Callable[[], datetime],
        random: randomness.Random,
        send: Callable[[Delivery], None],
        logins: Mapping[str, str] | None = None,
    ) -> None:
        self.board = board
        self.webhooks = Webhooks(board, now=now, random=random, send=send)
        self._api = Api(board)
        self._api_key = api_key
        self._random = random
        self._logins = dict(logins or {})
        self._tokens: dict[str, str] = {}
        board.listeners.append(self.webhooks.publish)

    def handle(self, request: Request) -> Response:
        """The answer to any request."""
        segments = [unquote(part) for part in request.path.split("/") if part]
        if segments and segments[0].lower() in LEGACY_PREFIXES:
            segments = segments[1:]
        try:
            return self._answer(request, segments)
        except NotFound as refusal:
            return problem(self._random, 404, str(refusal))
        except TooManyWebhooks as refusal:
            return problem(self._random, 429, str(refusal))
        except InvalidField as refusal:
            return problem(self._random, 400, str(refusal), errors={refusal.field: [str(refusal)]})
        except Refusal as refusal:
            return problem(self._random, 400, str(refusal))

    def delivered(self, delivery: Delivery, status: int | None) -> float | None:
        """See `Webhooks.delivered`: seconds until the next attempt, or None."""
        return self.webhooks.delivered(delivery, status)

    def _answer(self, request: Request, segments: list[str]) -> Response:
        if not segments:
            raise NotFound("There is nothing at this address.")
        route = segments[0].lower()
        if route == "token" and request.method == "POST":
            return self._token(request)
        user = self._user(request)
        if user is None:
            return problem(
                self._random,
                401,
                "The API key is missing or not valid.",
                headers={"www-authenticate": 'ApiKey realm="Dime.Scheduler", Bearer'},
            )
        if route in UNLICENSED:
            return problem(
                self._random, 403, f"The licence of this environment does not include '{segments[0]}'."
            )
        if route == "webhooks":
            return self._webhook(request, segments[1:])
        query = parse_qs(request.query, keep_blank_values=True)
        if request.method == "GET":
            return self._api.read(segments, query)
        if request.method not in ("POST", "PUT", "DELETE"):
            return problem(self._random, 405, f"{request.method} is not a method of this address.")
        answer = self._api.write(request.method, segments, self._body(request), user)
        if answer is None:
            return problem(self._random, 405, f"{request.method} is not a method of this address.")
        return answer

    def _user(self, request: Request) -> str | None:
        """Who sends the request, by API key or bearer token; None for a stranger."""
        key = request.headers.get("x-api-key")
        if key is not None:
            return "api" if key == self._api_key else None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._tokens.get(token) if scheme.lower() == "bearer" else None

    def _token(self, request: Request) -> Response:
        """A bearer token for a user with a password: forms accounts only."""
        body = self._body(request)
        if not isinstance(body, dict):
            raise InvalidField("username", "The username field is required.")
        given = {name.lower(): value for name, value in body.items()}
        name, password = str(given.get("username", "")), given.get("password")
        user = self.board.records["user"].find(name)
        known = self._logins.get(name) or (user or {}).get("password")
        if not known or password != known or (user or {}).get("type", 1) != 1:
            return problem(self._random, 401, "The user name or the password is not correct.")
        token = f"{self._random.getrandbits(256):064x}"
        self._tokens[token] = name
        return json_response({"token": token})

    def _webhook(self, request: Request, segments: list[str]) -> Response:
        """Subscriptions: POST /webhooks/{event} and DELETE /webhooks/{event}/{id} (facts §2.8)."""
        if not segments or segments[0].lower() not in EVENTS:
            raise NotFound("There is no such webhook.")
        if request.method == "POST" and len(segments) == 1:
            body = self._body(request)
            if not isinstance(body, dict):
                raise InvalidField("notificationURL", "The notificationURL field is required.")
            hook = self.webhooks.subscribe(segments[0], body)
            location = f"/webhooks/{segments[0]}/{hook.id}"
            return Response(status=201, headers={"location": location, "content-length": "0"})
        if request.method == "DELETE" and len(segments) == 2:
            self.webhooks.unsubscribe(segments[0], segments[1])
            return Response(status=200)
        return problem(self._random, 405, f"{request.method} is not a method of this address.")

    @staticmethod
    def _body(request: Request) -> Any:
        content_type = request.headers.get("content-type", "json")
        if "json" not in content_type:
            raise InvalidField("$", f"A body of type '{content_type}' is not understood: send JSON.")
        if not request.body:
            raise InvalidField("$", "A non-empty request body is required.")
        try:
            return request.json()
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidField("$", f"The body is not JSON: {error}") from None

"""The Flask application: the routes together, and what holds for every answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from actors.intake import Intake
from actors.runtime.clock import Clock
from actors.runtime.errors import log_failure
from actors.web.access import ApiAccess, Login
from actors.web.answers import problem
from actors.web.api import api
from actors.web.facade import Facade
from actors.web.health import health
from actors.web.hooks import LARGEST_BODY, hooks
from models.storage.store import Store

log = structlog.get_logger(__name__)

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the routes are made of."""

    intake: Intake
    facade: Facade
    store: Store
    """For reading: each thread of the listener has a connection of its own."""
    clock: Clock
    scheduler_login: Login
    """What Dime.Scheduler has to show; an empty one asks for nothing."""
    access: ApiAccess


def create_app(parts: Parts, more: Iterable[Blueprint] = ()) -> Flask:
    """The application. `more` are further pages, such as the console's."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.strict_slashes = False
    app.register_blueprint(
        hooks(intake=parts.intake, store=parts.store, scheduler_login=parts.scheduler_login)
    )
    app.register_blueprint(health(facade=parts.facade))
    app.register_blueprint(api(facade=parts.facade, access=parts.access))
    for blueprint in more:
        app.register_blueprint(blueprint)
    _log_requests(app, parts.clock)
    _answer_errors(app)
    return app


def _log_requests(app: Flask, clock: Clock) -> None:
    """Say that a request came, by its route and not by its address: that may hold a subject or a name."""

    @app.before_request
    def begin() -> None:
        g.begun = clock.monotonic()

    @app.after_request
    def end(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        begun = g.pop("begun", None)
        log.debug(
            "request",
            method=request.method if request.url_rule is not None else "",
            route="" if request.url_rule is None else request.url_rule.rule,
            status=response.status_code,
            ms=0.0 if begun is None else round(1000 * (clock.monotonic() - begun), 1),
        )
        return response


def _answer_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR.value
        return problem(error.name.lower(), status, _kept_headers(error))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log_failure(
            log, "request failed", error, route="" if request.url_rule is None else request.url_rule.rule
        )
        return problem("this failed; the log of the process says where", HTTPStatus.INTERNAL_SERVER_ERROR)


def _kept_headers(error: HTTPException) -> dict[str, str]:
    """`Allow` and the like; not what describes the page that this answer replaces."""
    return {name: value for name, value in error.get_headers() if not name.lower().startswith("content-")}

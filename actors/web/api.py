"""`/api/*`: status, preferences, explanations and commands, for the administrator and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import structlog
from flask import Blueprint, Response, request

from actors.committing import NotStored
from actors.web import preferences as wire
from actors.web.access import ApiAccess
from actors.web.answers import answer, problem, unauthorized
from actors.web.facade import Facade, NoSuchResource, NotNow
from actors.web.notifications import Unreadable, read_json
from models.ids import ResourceNo
from models.preferences_table import ADMINISTRATOR, TableError
from models.storage.errors import StoreError
from models.zones import instant_of

log = structlog.get_logger(__name__)

DECISIONS_SHOWN: Final = 20
DECISIONS_AT_MOST: Final = 1_000


class Misused(Exception):  # noqa: N818 - named for what it is
    """A request that asks for nothing that there is; the text says what there is."""


def api(*, facade: Facade, access: ApiAccess) -> Blueprint:
    """The routes under `/api`."""
    blueprint = Blueprint("api", __name__, url_prefix="/api")

    @blueprint.before_request
    def guard() -> Response | None:
        if access.permits(request.authorization):
            return None
        log.warning("api refused", route="" if request.url_rule is None else request.url_rule.rule)
        return unauthorized(_how_to_sign_in(access))

    @blueprint.get("/status")
    def status() -> Response:
        return answer(facade.status().as_json())

    @blueprint.get("/explain/<path:item>")
    def explanation(item: str) -> Response:
        explained = facade.explain(item, _limit())
        return answer(explained.as_json(), HTTPStatus.OK if explained.is_known else HTTPStatus.NOT_FOUND)

    @blueprint.get("/resources/<path:resource_no>/preferences")
    def preferences(resource_no: str) -> Response:
        return answer(wire.show(facade.preferences(ResourceNo(resource_no))))

    @blueprint.put("/resources/<path:resource_no>/preferences")
    def choose(resource_no: str) -> Response:
        number, asked = ResourceNo(resource_no), _json()
        if isinstance(asked, Mapping) and asked.get("resourceNo", resource_no) != resource_no:
            raise wire.Invalid("resourceNo: the address names another resource")
        wanted = wire.changed(facade.preferences(number).chosen, asked)
        lock = wire.locked(asked)
        return answer(wire.show(facade.set_preferences(number, wanted, set_by=ADMINISTRATOR, locked=lock)))

    @blueprint.post("/preferences")
    def take_table() -> Response:
        table = _object({"table"}).get("table")
        if not isinstance(table, str):
            raise Misused('send {"table": "…"}, with the CSV of `preferences export` as text')
        return answer({"resources": facade.import_preferences(table)})

    @blueprint.post("/resync")
    def resync() -> Response:
        asked = _object({"resource"})
        return answer({"resources": facade.resync(_resource(asked))}, HTTPStatus.ACCEPTED)

    @blueprint.post("/retry")
    def retry() -> Response:
        asked = _object({"id", "resource", "all"})
        dead_letter, resource_no = asked.get("id"), _resource(asked)
        everything = asked.get("all") is True
        if dead_letter is not None and (not isinstance(dead_letter, str) or not dead_letter):
            raise Misused("id: the id of a dead letter, as text")
        if [dead_letter is not None, resource_no is not None, everything].count(True) != 1:
            raise Misused('send one of: {"id": "…"}, {"resource": "…"}, {"all": true}')
        done = facade.retry(dead_letter=dead_letter or "", resource_no=resource_no, everything=everything)
        return answer(done, HTTPStatus.ACCEPTED)

    @blueprint.post("/undo")
    def undo() -> Response:
        asked = _object({"since", "resource", "dryRun"})
        dry_run = asked.get("dryRun") is True
        done = facade.put_back(_moment(asked.get("since")), _resource(asked), dry_run=dry_run)
        return answer(done, HTTPStatus.ACCEPTED)

    @blueprint.get("/undo")
    def undoing() -> Response:
        return answer(facade.undoing())

    @blueprint.post("/forget")
    def forget() -> Response:
        resource_no = _resource(_object({"resource"}))
        if resource_no is None:
            raise Misused('send {"resource": "…"}')
        return answer({"links": facade.forget(resource_no)}, HTTPStatus.ACCEPTED)

    _say_what_is_wrong(blueprint)
    return blueprint


def _say_what_is_wrong(blueprint: Blueprint) -> None:
    @blueprint.errorhandler(NoSuchResource)
    def unknown(error: NoSuchResource) -> Response:
        return problem(str(error) or "there is no such resource", HTTPStatus.NOT_FOUND)

    @blueprint.errorhandler(NotNow)
    def not_now(error: NotNow) -> Response:
        return problem(str(error), HTTPStatus.CONFLICT)

    @blueprint.errorhandler(TableError)
    def wrong_table(error: TableError) -> Response:
        return problem("\n".join(error.problems), HTTPStatus.BAD_REQUEST)

    @blueprint.errorhandler(wire.Invalid)
    @blueprint.errorhandler(Misused)
    @blueprint.errorhandler(Unreadable)
    def invalid(error: Exception) -> Response:
        return problem(str(error), HTTPStatus.BAD_REQUEST)

    @blueprint.errorhandler(NotStored)
    def not_stored(error: NotStored) -> Response:
        return problem("it was not stored: the store refuses at the moment", HTTPStatus.SERVICE_UNAVAILABLE)

    @blueprint.errorhandler(StoreError)
    def unreadable(error: StoreError) -> Response:
        return problem(str(error), HTTPStatus.SERVICE_UNAVAILABLE)


def _how_to_sign_in(access: ApiAccess) -> str:
    if access.admin_password:
        return "sign in as admin with server.admin_password"
    return "set server.admin_password to open the API; the command line beside the process needs none"


def _json() -> object:
    return read_json(request.get_data(cache=False))


def _object(known: set[str]) -> Mapping[str, Any]:
    asked = _json() if request.content_length else {}
    if not isinstance(asked, Mapping):
        raise Misused("send an object")
    for name in asked:
        if name not in known:
            raise Misused(f"{name!r:.60} is unknown here; there are: {', '.join(sorted(known))}")
    return asked


def _resource(asked: Mapping[str, Any]) -> ResourceNo | None:
    value = asked.get("resource")
    if value is not None and (not isinstance(value, str) or not value):
        raise Misused("resource: the number of a resource, as text, or null")
    return None if value is None else ResourceNo(value)


def _moment(value: object) -> datetime:
    try:
        return instant_of(datetime.fromisoformat(value if isinstance(value, str) else ""), None)
    except ValueError:
        raise Misused("since: a moment with its zone, such as 2026-03-02T09:00:00+00:00") from None


def _limit() -> int:
    given = request.args.get("limit", str(DECISIONS_SHOWN))
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= DECISIONS_AT_MOST:
        raise Misused(f"limit: a number from 1 to {DECISIONS_AT_MOST}")
    return int(given)

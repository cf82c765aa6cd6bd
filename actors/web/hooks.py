"""The hooks: what Graph and Dime.Scheduler call when something has changed.

Each proves who it is before anything is done; what is acknowledged is on disk (Graph takes 202,
Dime.Scheduler nothing but 200). Whatever is refused is logged without a word of what was sent (D13).
"""

from __future__ import annotations

import html
from http import HTTPStatus
from typing import Final

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from actors.clients.scheduler.codec import Notice, read_notices
from actors.committing import NotStored
from actors.intake import Intake, Notified
from actors.web.access import Login, same
from actors.web.answers import answer, problem, unauthorized
from actors.web.notifications import Item, Unreadable, read_items, read_json
from models.storage.errors import StoreError
from models.storage.records import JournalSource
from models.storage.store import Store

log = structlog.get_logger(__name__)

LARGEST_BODY: Final = 1_000_000
"""Bytes. A delivery of a hundred items has some 60,000."""
LONGEST_TOKEN: Final = 2_000
"""Characters of a validation token; Graph's have about a hundred (facts §4.2)."""

ACCEPTED: Final = HTTPStatus.ACCEPTED.value
NOT_STORED: Final = "it cannot be stored at the moment; send it again"


def hooks(*, intake: Intake, store: Store, scheduler_login: Login) -> Blueprint:
    """The routes under `/hooks`."""
    blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
    graph = GraphHook(intake, store)
    board = SchedulerHook(intake, scheduler_login)

    @blueprint.post("/graph")
    def changes() -> Response:
        return graph.receive(JournalSource.GRAPH)

    @blueprint.post("/graph/lifecycle")
    def lifecycle() -> Response:
        return graph.receive(JournalSource.LIFECYCLE)

    @blueprint.post("/scheduler/<any(created, updated, deleted):kind>")
    def appointments(kind: str) -> Response:
        return board.receive(kind)

    return blueprint


class GraphHook:
    """What Graph calls: with a token that it wants back, or with notifications (facts §4.2–§4.4)."""

    def __init__(self, intake: Intake, store: Store) -> None:
        self._intake, self._store = intake, store

    def receive(self, source: JournalSource) -> Response:
        """Answer one call."""
        token = request.args.get("validationToken")
        if token is not None:
            return _validation(token)
        try:
            items = read_items(_body())
            known = self._known(items)
            if not known:
                _refused("no subscription of ours, or a wrong clientState")
                return unauthorized("no item has the clientState of a subscription", challenge=False)
            self._intake.from_graph(known, source)
        except Unreadable as unreadable:
            _refused(str(unreadable))
            return problem(str(unreadable), HTTPStatus.BAD_REQUEST)
        except (NotStored, StoreError):
            return _not_stored()
        return answer({"accepted": len(known)}, ACCEPTED)

    def _known(self, items: tuple[Item, ...]) -> tuple[Notified, ...]:
        """The items whose sender knows the subscription's secret.

        Graph collects the items of several subscriptions in one call, and repeats a call that is refused, for
        hours: one item of a subscription that was just removed must not keep the others away.
        """
        found: list[Notified] = []
        for item in items:
            subscription = self._store.subscription(item.subscription_id)
            state = "" if subscription is None else subscription.client_state
            if same(item.client_state, state) and subscription is not None and state:
                found.append(Notified(subscription=subscription, kind=item.kind, event_id=item.event_id))
        if found and len(found) < len(items):
            _refused("some items: no subscription of ours, or a wrong clientState", len(items) - len(found))
        return tuple(found)


class SchedulerHook:
    """What Dime.Scheduler calls; the address says what happened, since a payload does not (facts §2.8)."""

    def __init__(self, intake: Intake, login: Login) -> None:
        self._intake, self._login = intake, login

    def receive(self, kind: str) -> Response:
        """Answer one call."""
        if self._login.is_asked_for and not self._login.accepts(request.authorization):
            _refused("wrong or missing Basic credentials")
            return unauthorized("wrong or missing credentials")
        try:
            notices = _notices(_body())
            self._intake.from_scheduler(notices, kind)
        except Unreadable as unreadable:
            _refused(str(unreadable))
            return problem(str(unreadable), HTTPStatus.BAD_REQUEST)
        except (NotStored, StoreError):
            return _not_stored()
        return answer({"accepted": len(notices)})


def _notices(body: bytes) -> tuple[Notice, ...]:
    notices = read_notices(read_json(body))
    named = tuple(one for one in notices if one.id is not None or one.guid is not None or one.resources)
    if not named:
        raise Unreadable("the body names no appointment and no resource")
    return named


def _validation(token: str) -> Response:
    """Graph's handshake. The token goes back as text and escaped, so that no browser takes it for a page."""
    if len(token) > LONGEST_TOKEN or not token.isprintable():
        _refused("validation token too long, or not text")
        return problem("the validation token is too long, or not text", HTTPStatus.BAD_REQUEST)
    return Response(html.escape(token, quote=False), mimetype="text/plain")


def _body() -> bytes:
    """The body, as far as it is one. Raises `Unreadable`, and `RequestEntityTooLarge` above the limit."""
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        _refused("body too large")
        raise
    except ClientDisconnected:
        raise Unreadable("the body is not complete") from None


def _not_stored() -> Response:
    log.warning("hook not acknowledged: the store refuses", hook=_hook())
    return problem(NOT_STORED, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "10"})


def _refused(why: str, items: int = 1) -> None:
    log.warning("hook refused", hook=_hook(), why=why, items=items)


def _hook() -> str:
    return "" if request.url_rule is None else request.url_rule.rule

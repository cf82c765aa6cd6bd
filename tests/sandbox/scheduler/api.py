"""The routes: reading lists and single things, and writing one object or an array (facts §2.2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.board import Board
from tests.sandbox.scheduler.envelope import failure, json_response, raw_response, success
from tests.sandbox.scheduler.errors import InvalidField, NotFound, RuleBroken
from tests.sandbox.scheduler.imports import Outcome, perform, run_import, run_setup
from tests.sandbox.scheduler.kinds import KINDS
from tests.sandbox.scheduler.operations import routes
from tests.sandbox.scheduler.records import Record
from tests.sandbox.scheduler.rendering import appointment_json, show, show_all
from tests.sandbox.wire import Response

Query = Mapping[str, list[str]]
USER_ADMINISTRATION = ["administration", "users"]
"""NetSDK's path of users: api/Administration/Users/{Create,Update,Delete}."""


class Api:
    """What a client that may come in can read and write."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._kinds = {route.lower(): kind.name for kind in KINDS for route in (*kind.routes, kind.name)}
        self._listings: Mapping[str, Callable[[Query], list[dict[str, Any]]]] = {
            "task": self._tasks,
            "notification": self._notifications,
            "resourceCapacity": lambda query: self._dated("resourceCapacity", "date", query),
            "timeEntry": lambda query: self._dated("timeEntry", "date", query),
            "timeSession": lambda query: self._dated("timeSession", "start", query),
        }

    def read(self, segments: list[str], query: Query) -> Response:
        """GET. Raises NotFound, InvalidField."""
        route = segments[0].lower()
        if route == "appointment":
            return self._appointment(segments[1]) if len(segments) > 1 else self._appointments(query)
        kind = self._kinds.get(route)
        if kind is None or len(segments) > 2:
            raise NotFound("There is nothing at this address.")
        if len(segments) == 2:
            return json_response(show(self._single(kind, segments[1]), self._board.wall))
        listing = self._listings.get(kind)
        if listing is not None:
            return json_response(listing({name.lower(): values for name, values in query.items()}))
        return json_response(show_all(self._board.records[kind], self._board.wall))

    def write(self, method: str, segments: list[str], body: Any, user: str) -> Response | None:
        """POST, PUT and DELETE; None where the path has no such method. Raises NotFound, InvalidField."""
        lowered = [segment.lower() for segment in segments]
        if lowered[:2] == USER_ADMINISTRATION and len(lowered) == 3:
            return self._entities("user", "DELETE" if lowered[2] == "delete" else method, body, user)
        if lowered[0] == "import" and method == "POST":
            return self._import(lowered[1:], body, user)
        if len(segments) > 1:
            raise NotFound("There is nothing at this address.")
        if lowered[0] in routes():
            return self._entities(lowered[0], method, body, user)
        if lowered[0] in self._kinds:
            return None
        raise NotFound("There is nothing at this address.")

    def _entities(self, route: str, method: str, body: Any, user: str) -> Response:
        """One object, or an array whose objects are written in order.

        A value that breaks the schema is refused before anything is written (400); what the database refuses
        is told inside HTTP 200, and the objects before it stay written.
        """
        operations = routes()[route]
        operation = operations.delete if method == "DELETE" else operations.upsert
        entities = body if isinstance(body, list) else [body]
        for entity in entities:
            if not isinstance(entity, dict):
                raise InvalidField("$", "An entity is a JSON object.")
            operation.schema.read(entity, self._board.wall)
        touched: list[Appointment] = []
        for number, entity in enumerate(entities):
            try:
                touched += perform(self._board, operation, entity, user)
            except (InvalidField, RuleBroken) as refusal:
                if number == 0 and isinstance(refusal, InvalidField):
                    raise
                return failure(self._board.quirks, "ImportFailed", str(refusal), touched)
        return success(self._board.quirks, touched)

    def _import(self, rest: list[str], body: Any, user: str) -> Response:
        if rest == ["setup"]:
            if not isinstance(body, dict):
                raise InvalidField("$", "The body is an object of lists.")
            return self._told(run_setup(self._board, body, user))
        if rest:
            raise NotFound("There is nothing at this address.")
        return self._told(run_import(self._board, body if isinstance(body, list) else [body], user))

    def _told(self, outcome: Outcome) -> Response:
        if outcome.problems:
            description = "; ".join(outcome.problems)
            return failure(self._board.quirks, "ImportFailed", description, outcome.appointments)
        return success(self._board.quirks, outcome.appointments)

    def _appointment(self, key: str) -> Response:
        return raw_response(appointment_json(self._board, self._board.get_appointment(key)))

    def _appointments(self, query: Query) -> Response:
        """Appointments that overlap [startDate, endDate), of all resources or of the named ones."""
        given = {name.lower(): values for name, values in query.items()}
        start, end = self._moment(given, "startDate"), self._moment(given, "endDate")
        resources = [number for number in given.get("resources", []) if number] or None
        found = self._board.appointments.overlapping(start, end, resources)
        return raw_response(b"[" + b",".join([appointment_json(self._board, each) for each in found]) + b"]")

    def _moment(self, query: Query, name: str) -> Any:
        values = query.get(name.lower())
        if not values or not values[0]:
            raise InvalidField(name, f"The {name} field is required.")
        try:
            return self._board.wall.read(values[0])
        except ValueError:
            raise InvalidField(name, f"The value '{values[0]}' is not valid for {name}.") from None

    def _single(self, kind: str, key: str) -> Record:
        """A record by the last column of its key, as GET /job/{jobNo} has it."""
        drawer = self._board.records[kind]
        found = drawer.by(drawer.kind.key[-1], key)
        if found is None:
            raise NotFound(f"There is no {kind} '{key}'.")
        return {name: value for name, value in found.items() if name not in drawer.kind.hidden}

    def _tasks(self, query: Query) -> list[dict[str, Any]]:
        """Tasks, the open ones if asked, page by page from 1."""
        tasks: Iterable[Record] = self._board.records["task"]
        if "isopen" in query:
            is_open = query["isopen"][0].lower() in ("true", "1")
            tasks = (task for task in tasks if bool(task.get("isComplete")) is not is_open)
        shown = [show(task, self._board.wall) for task in tasks]
        return _page(shown, query, "pagesize")

    def _notifications(self, query: Query) -> list[dict[str, Any]]:
        shown = show_all(self._board.records["notification"], self._board.wall)
        if query.get("filter", [""])[0]:
            shown = [each for each in shown if _passes(each, query["filter"][0])]
        for part in reversed(query.get("sort", [""])[0].split(",")):
            column, _, direction = part.strip().partition(":")
            if column:
                shown.sort(key=lambda each, name=column: str(each.get(name, "")), reverse=direction == "desc")  # type: ignore[misc]
        return _page(shown, query, "limit")

    def _dated(self, kind: str, column: str, query: Query) -> list[dict[str, Any]]:
        """Records whose date lies in the inclusive range of days start..end; all without a range."""
        records: Iterable[Record] = self._board.records[kind]
        if "start" in query or "end" in query:
            first, last = self._moment(query, "start").date(), self._moment(query, "end").date()
            records = (each for each in records if each.get(column) and first <= each[column].date() <= last)
        return [show(each, self._board.wall) for each in records]


def _page(shown: list[dict[str, Any]], query: Query, size_name: str) -> list[dict[str, Any]]:
    """One page, counted from 1; everything without a size."""
    try:
        size = int(query.get(size_name, ["0"])[0])
        page = int(query.get("page", ["1"])[0])
    except ValueError:
        raise InvalidField("page", "page and the size of a page are whole numbers.") from None
    if size <= 0:
        return shown
    return shown[max(page - 1, 0) * size : max(page, 1) * size]


def _passes(shown: Mapping[str, Any], text: str) -> bool:
    """The older filter style: one or more {operator, value, property}."""
    try:
        filters = json.loads(text)
        conditions = filters if isinstance(filters, list) else [filters]
        for condition in conditions:
            actual, wanted = str(shown.get(condition["property"], "")), str(condition["value"])
            fits = wanted.lower() in actual.lower() if condition["operator"] == "like" else actual == wanted
            if not fits:
                return False
    except (ValueError, KeyError, TypeError):
        raise InvalidField("filter", "filter is JSON: {operator, value, property}.") from None
    return True

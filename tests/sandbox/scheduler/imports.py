"""`POST /import`: stored procedures with parallel lists of names and values (facts §2.3, §2.4).

Rows run in order, each for itself: a row that fails undoes nothing of the others and the rest still runs. The
answer is then a failure that names every row that failed, so a client that needs certainty per row sends one
row per request. (The vendor documents neither; this is the reading in which a failure is never silent.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.errors import InvalidField, Refusal, RuleBroken
from tests.sandbox.scheduler.ledger import Ledger, Writer
from tests.sandbox.scheduler.operations import Operation, procedures, routes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an import."""

    appointments: list[Appointment]
    problems: list[str]


def run_import(ledger: Ledger, rows: list[Any], user: str) -> Outcome:
    """Runs every row. Problems are told in order."""
    touched: list[Appointment] = []
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        name = ""
        try:
            name = _procedure(row)
            operation, given = _read_row(name, row)
            touched += perform(ledger, operation, given, user, unknown=ledger.quirks.unknown_parameters)
        except Refusal as refusal:
            place = f"row {number}, " if len(rows) > 1 else ""
            problems.append(f"{place}{name}: {refusal}" if name else f"{place}{refusal}")
    return Outcome(appointments=touched, problems=problems)


def perform(
    ledger: Ledger, operation: Operation, given: Mapping[str, Any], user: str, *, unknown: Any = "ignore"
) -> list[Appointment]:
    """Reads the values and carries the write out. Raises Refusal."""
    values = operation.schema.read(given, ledger.wall, unknown=unknown)
    app = ledger.quirks.exchange_source_app if operation.exchange else values.get("sourceApp")
    writer = Writer(
        user=user,
        source_app=app,
        from_back_office=operation.exchange or values.get("sentFromBackOffice", True),
    )
    return operation.run(ledger, values, writer)


def _procedure(row: Any) -> str:
    """The name of the procedure that a row calls."""
    name = _members(row).get("storedprocedurename") if isinstance(row, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise InvalidField("StoredProcedureName", "The StoredProcedureName field is required.")
    return name.strip()


def _read_row(name: str, row: Mapping[str, Any]) -> tuple[Operation, dict[str, Any]]:
    """The procedure and its parameters."""
    operation = procedures().get(name.lower())
    if operation is None:
        raise RuleBroken(f"Could not find stored procedure '{name}'.")
    members = _members(row)
    names, values = members.get("parameternames"), members.get("parametervalues")
    if not isinstance(names, list) or not isinstance(values, list) or len(names) != len(values):
        raise InvalidField(
            "ParameterNames", "ParameterNames and ParameterValues must be lists of one length."
        )
    if not all(isinstance(each, str) for each in names):
        raise InvalidField("ParameterNames", "ParameterNames must be a list of strings.")
    return operation, dict(zip(names, values, strict=True))


def _members(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in row.items()}


def run_setup(ledger: Ledger, payload: Mapping[str, Any], user: str) -> Outcome:
    """`POST /import/setup`: lists of records under the names of their routes (inferred: a first filling)."""
    touched: list[Appointment] = []
    problems: list[str] = []
    for name, entities in payload.items():
        route = routes().get(name.lower()) or routes().get(name.lower().removesuffix("s"))
        if route is None:
            problems.append(f"{name}: there is nothing of this name to import")
            continue
        for entity in entities if isinstance(entities, list) else [entities]:
            try:
                if not isinstance(entity, dict):
                    raise InvalidField(name, "An entity is an object.")
                touched += perform(ledger, route.upsert, entity, user)
            except Refusal as refusal:
                problems.append(f"{name}: {refusal}")
    return Outcome(appointments=touched, problems=problems)

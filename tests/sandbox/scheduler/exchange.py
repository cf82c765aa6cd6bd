"""The procedures of the vendor's own Exchange connector: appointments without job and task (facts §1.13)."""

from __future__ import annotations

from dataclasses import replace

from tests.sandbox.scheduler.appointments import Appointment, ExchangeFacts
from tests.sandbox.scheduler.casing import require
from tests.sandbox.scheduler.errors import InvalidField, RuleBroken
from tests.sandbox.scheduler.ledger import Ledger, Writer
from tests.sandbox.scheduler.writes import (
    Values,
    add,
    apply,
    delete,
    find,
    refuse_move_of_locked,
    scalars,
    with_resource,
)


def upsert_exchange(ledger: Ledger, values: Values, writer: Writer) -> Appointment:
    """mboc_upsertExchangeAppointment: no job, no task, the resource by e-mail (facts §1.13).

    Categories, when sent, decide the category: the first that the board knows by name or display name, or
    none (inferred). On an appointment that exists, the resource is added if it is not assigned yet.
    """
    _check_exchange_enums(values)
    appointment = find(ledger, values)
    number: str | None = None
    if values.get("resourceEmail"):
        number = _resource_by_email(ledger, values["resourceEmail"])
    changes = scalars(ledger, values, appointment)
    before = appointment.exchange if appointment else None
    changes["exchange"] = _exchange_facts(values, before)
    if "categories" in values:
        changes["category"] = _first_known(ledger, values["categories"])
    if appointment is None:
        require(values, ("start", "end", "resourceEmail"))
        changes |= {
            "source_app": ledger.quirks.exchange_source_app,
            "source_type": ledger.quirks.exchange_source_type,
            "resources": (number,) if number else (),
        }
        return add(ledger, values, changes, writer)
    if number:
        changes["resources"] = with_resource(appointment.resources, number)
    refuse_move_of_locked(ledger, appointment, changes, writer)
    return apply(ledger, appointment, changes, writer)


def delete_exchange(ledger: Ledger, values: Values, writer: Writer) -> Appointment | None:
    """mboc_deleteExchangeAppointment: takes the same parameters; with an e-mail only that assignment goes
    (inferred from ResourceNo of mboc_deleteAppointment)."""
    named = dict(values)
    if values.get("resourceEmail"):
        named["resourceNo"] = _resource_by_email(ledger, values["resourceEmail"])
    return delete(ledger, named, writer)


def _check_exchange_enums(values: Values) -> None:
    for name, highest in (("showAs", 6), ("sensitivity", 4)):
        if name in values and not 0 <= values[name] <= highest:
            raise InvalidField(name, f"{name} is a number from 1 to {highest}, not {values[name]}.")


def _exchange_facts(values: Values, before: ExchangeFacts | None) -> ExchangeFacts:
    given = {
        attribute: values[name]
        for name, attribute in (
            ("exchangeId", "exchange_id"),
            ("iCalUId", "ical_uid"),
            ("categories", "categories"),
            ("createdByExchange", "created_by_exchange"),
            ("showAs", "show_as"),
            ("sensitivity", "sensitivity"),
        )
        if name in values and not (name in ("showAs", "sensitivity") and values[name] == 0)
    }
    return replace(before or ExchangeFacts(), **given)


def _resource_by_email(ledger: Ledger, email: str) -> str:
    found = ledger.records["resource"].by("email", email)
    if found is None:
        raise RuleBroken(f"No resource has the e-mail address '{email}'.")
    return str(found["resourceNo"])


def _first_known(ledger: Ledger, names: tuple[str, ...]) -> str | None:
    categories = ledger.records["category"]
    for name in names:
        record = categories.find(name) or categories.by("displayName", name)
        if record is not None:
            return str(record["name"])
    return None

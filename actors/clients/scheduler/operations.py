"""What can be asked of the planning board. Each operation is a value; its steps are the requests it takes."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import quote, urlencode

from actors.clients.errors import Malformed, NotFound, Rejected, Unreadable
from actors.clients.scheduler.codec import ListedRow, read_appointment, read_listed, read_resource
from actors.clients.scheduler.dialect import Dialect, WriteRoute
from actors.clients.scheduler.envelope import rows
from actors.clients.scheduler.writing import (
    board_delete,
    board_upsert,
    exchange_delete,
    exchange_upsert,
    plain_times,
    task_appointment,
)
from actors.clients.steps import Operation, Reply, Request, Steps
from models.appointment import Appointment
from models.ids import AppointmentGuid, AppointmentId, ResourceNo
from models.record import Record
from models.resource import Resource
from models.when import Window
from models.writes import AppointmentRemoval, AppointmentWrite
from models.zones import to_wall

T_co = TypeVar("T_co", covariant=True)

IMPORT = "/import"
APPOINTMENT = "/appointment/{appointment}"

MARGIN = timedelta(days=1)
"""Whether the ends of a range belong to it is not documented: it is asked for a day wider on either side."""

RESOURCES_PER_LISTING = 50
"""Resource numbers in one URL."""


class SchedulerOperation(Operation[T_co], Protocol[T_co]):
    """An operation of Dime.Scheduler."""

    def steps(self, dialect: Dialect) -> Generator[Request, Reply, T_co]:
        """The requests it takes, and what it returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentListing:
    """The appointments of a range; never a part of them (C11)."""

    appointments: tuple[Appointment, ...]
    unreadable: tuple[AppointmentId, ...] = ()
    """Appointments that are there, but have no GUID or no time that can be read; "" for one without an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAppointments:
    """The appointments in a window, of some resources or of all; up to a day outside of it as well."""

    is_write: ClassVar[bool] = False
    window: Window
    resources: tuple[ResourceNo, ...] | None = None

    def steps(self, dialect: Dialect) -> Steps[AppointmentListing]:
        bounds = [
            ("startDate", to_wall(self.window.start - MARGIN, dialect.zone).isoformat()),
            ("endDate", to_wall(self.window.end + MARGIN, dialect.zone).isoformat()),
        ]
        found: dict[AppointmentId, Appointment] = {}
        unreadable: dict[AppointmentId, None] = {}
        for some in self._portions():
            query = urlencode(bounds + [("resources", number) for number in some])
            reply = yield Request(
                method="GET",
                template="/appointment",
                path=f"/appointment?{query}",
                alone=True,
                each=ListedRow.of,
            )
            for row in rows(reply.body, reply.about):
                id_, appointment = read_listed(row, dialect)
                if id_ is None or appointment is None:
                    unreadable[id_ or AppointmentId("")] = None
                else:
                    found[id_] = appointment
        return AppointmentListing(appointments=tuple(found.values()), unreadable=tuple(unreadable))

    def _portions(self) -> list[tuple[ResourceNo, ...]]:
        if self.resources is None:
            return [()]
        size = RESOURCES_PER_LISTING
        return [self.resources[at : at + size] for at in range(0, len(self.resources), size)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAppointment:
    """One appointment by its id. Raises `NotFound`."""

    is_write: ClassVar[bool] = False
    id: AppointmentId

    def steps(self, dialect: Dialect) -> Steps[Appointment]:
        reply = yield _get(self.id)
        appointment = read_appointment(_only_row(reply), dialect)
        if appointment is None:
            raise Unreadable(reply.about)
        return appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An appointment that was written, as far as the board says which."""

    guid: AppointmentGuid
    id: AppointmentId | None
    """None where the answer does not name it: the next listing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAppointment:
    """Creates or changes an appointment.

    Doing it again makes no second one: the GUID is the client's own. But the board knows no If-Match, and
    what a planner did in between would be lost: a call whose outcome nobody knows is not repeated blindly.
    """

    is_write: ClassVar[bool] = True
    write: AppointmentWrite

    def steps(self, dialect: Dialect) -> Steps[Written]:
        write = self.write
        if not write.outlook_born:
            reply = yield _import(board_upsert(write, dialect))
        elif dialect.write_route is WriteRoute.EXCHANGE_APPOINTMENT:
            if write.clears_all_day:
                yield _import(plain_times(write, dialect))
            reply = yield _import(exchange_upsert(write, dialect))
        else:
            body = task_appointment(write, dialect)
            route = "/appointment"
            reply = yield Request(method="POST", template=route, path=route, body=body, repeatable=False)
        return Written(guid=write.guid, id=_written_id(reply.body, write.guid) or write.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAppointment:
    """Takes a resource off an appointment, which goes with its last one. That it is gone is success."""

    is_write: ClassVar[bool] = True
    removal: AppointmentRemoval

    def steps(self, dialect: Dialect) -> Steps[None]:
        try:
            yield _import(self._row(dialect))
        except NotFound:
            return
        except Rejected:
            if self.removal.id is None:
                raise
            try:
                reply = yield _get(self.removal.id)
            except NotFound:
                return
            appointment = read_appointment(_only_row(reply), dialect)
            if appointment is None or appointment.is_assigned_to(self.removal.resource_no):
                raise

    def _row(self, dialect: Dialect) -> dict[str, Any]:
        removal = self.removal
        if not removal.outlook_born:
            return board_delete(removal, source_app=removal.source_app, source_type=removal.source_type)
        if dialect.write_route is WriteRoute.EXCHANGE_APPOINTMENT:
            return exchange_delete(removal)
        return board_delete(removal, source_app=dialect.source_app, source_type=dialect.source_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListResources:
    """Every resource of the board."""

    is_write: ClassVar[bool] = False

    def steps(self, dialect: Dialect) -> Steps[tuple[Resource, ...]]:
        reply = yield Request(method="GET", template="/resource", path="/resource", alone=True)
        resources = (read_resource(row) for row in rows(reply.body, reply.about))
        return tuple(resource for resource in resources if resource is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category of the board."""

    name: str
    display_name: str = ""
    color: str = ""
    """As "#rrggbb"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCategories:
    """Every category of the board."""

    is_write: ClassVar[bool] = False

    def steps(self, dialect: Dialect) -> Steps[tuple[Category, ...]]:
        try:
            reply = yield Request(method="GET", template="/category", path="/category")
        except NotFound:  # the older route (facts §2.2)
            reply = yield Request(method="GET", template="/categories", path="/categories")
        records = (Record(row) for row in rows(reply.body, reply.about))
        named = ((record, _said(record, "name") or _said(record, "categoryName")) for record in records)
        return tuple(
            Category(name=name, display_name=_said(record, "displayName"), color=_said(record, "color"))
            for record, name in named
            if name
        )


def _get(id_: AppointmentId) -> Request:
    return Request(method="GET", template=APPOINTMENT, path=f"/appointment/{quote(id_, safe='')}")


def _import(row: Mapping[str, Any]) -> Request:
    template = f"{IMPORT} {row['StoredProcedureName']}"
    return Request(method="POST", template=template, path=IMPORT, body=row, repeatable=False)


def _only_row(reply: Reply) -> Mapping[str, Any]:
    """The one object of an answer. Nothing, or an empty list, is an item that does not exist."""
    body: object = reply.body
    if isinstance(body, list):
        body = body[0] if body else None
    if body is None:
        raise NotFound(reply.about, product_code="")
    if not isinstance(body, Mapping):
        raise Malformed(reply.about)
    return body


def _written_id(body: object, guid: AppointmentGuid) -> AppointmentId | None:
    """The id of the appointment with `guid` in the answer to a write, of whatever shape (facts §2.4)."""
    answers = body if isinstance(body, list) else [body]
    for answer in answers:
        if not isinstance(answer, Mapping):
            continue
        record = Record(answer)
        listed = record.get("appointments")
        for one in listed if isinstance(listed, tuple) else (record,):
            if isinstance(one, Record) and guid in (_guid(one, "guid"), _guid(one, "appointmentGuid")):
                id_ = one.get("id") or one.get("appointmentId")
                return AppointmentId(str(id_)) if id_ else None
    return None


def _said(record: Record, name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


def _guid(record: Record, name: str) -> str:
    return _said(record, name).strip("{} ").lower()

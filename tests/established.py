"""A tenant of any size in which the connector has done its first work already: every event is there, every
link is kept. It is made in seconds, where working it off takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from actors.assembly import remember_judging
from actors.clients.graph.codec import read_event
from actors.clients.graph.writing import draft_body
from actors.clients.scheduler.codec import read_appointment
from actors.clients.scheduler.dialect import Dialect
from actors.commandline.options import settings_of
from actors.mapping import mapper_of
from actors.resource.links import at, told
from models.appointment import Appointment
from models.ids import MailboxId, ResourceNo
from models.judging import Judge
from models.link import Agreed, Link, Origin
from models.mapper import Mapper
from models.preferences import Preferences
from models.settings.sections import Settings
from models.storage.changes import PutLink, PutResource
from models.storage.records import ResourceRecord, ResourceState
from models.storage.store import Store
from tests.process_kit import Connector, connector_for
from tests.sandbox.company import generate
from tests.sandbox.graph.calendar_api import CalendarApi
from tests.sandbox.graph.call import Call, Prefer
from tests.sandbox.graph.tokens import SigningKey
from tests.sandbox.services import Services
from tests.services_kit import Sandbox, sandbox_of

TOGETHER = 0.83
"""Every fifth appointment is for another resource too: this share of them gives each the number asked for."""


@contextmanager
def established(
    folder: Path, *, resources: int, appointments: int, key: SigningKey | None = None
) -> Iterator[tuple[Sandbox, Connector]]:
    """So many people with about as many appointments each, both services, and a connector in step with them.

    The connector does not run. It polls so seldom that nothing happens by itself.
    """
    services = Services(company="empty", key=key)
    populate(services, resources=resources, appointments=appointments)
    polls = {"board_poll_seconds": 3_600, "outlook_poll_seconds": 3_600}
    with (
        sandbox_of(services) as sandbox,
        connector_for(sandbox, folder, sync=polls) as connector,
    ):
        settings = settings_of(connector.config, {})
        store = Store.open(connector.store_url)
        try:
            # nobody has asked the services for anything yet, so that this thread may have them
            work_off(services, settings, store)
            remember_judging(store, settings)
        finally:
            store.close()
        read = connector.ask("resync")
        assert read.code == 0, read.stderr
        yield sandbox, connector


def populate(services: Services, *, resources: int, appointments: int) -> None:
    """Plan so many appointments for each of so many people, who have nothing else in their calendars."""
    generate(
        services.tenant,
        services.board,
        resources=resources,
        today=services.clock.now().date(),
        random=Random("established"),
        appointments=round(appointments * TOGETHER),
        events=0,
    )


def work_off(services: Services, settings: Settings, store: Store) -> None:
    """Put every appointment into the calendars of its resources, and keep a link for each."""
    mapper, calendars = mapper_of(settings), CalendarApi(services.tenant)
    dialect = Dialect(zone=settings.scheduler.time_zone, source_app="", source_type="")
    records = {record.resource_no: record for record in _records(services)}
    store.apply(PutResource(resource=record) for record in records.values())
    links: list[PutLink] = []
    for listed in services.board.planner_list():
        appointment = read_appointment(listed, dialect)
        if appointment is None:
            raise ValueError("an appointment of the board cannot be read")
        for number in appointment.resources:
            mailbox = records[number].mailbox
            if mailbox is not None:
                link = Link(resource_no=number, guid=appointment.guid, origin=Origin.BOARD, mailbox=mailbox)
                links.append(PutLink(link=_written(link, appointment, mapper, calendars)))
    store.apply(links)


def _written(link: Link, appointment: Appointment, mapper: Mapper, calendars: CalendarApi) -> Link:
    """A link to the event that was just made for it."""
    wanted = mapper.wanted_event(appointment)
    draft = mapper.event_draft(
        appointment, wanted, resource_no=link.resource_no, mailbox=link.mailbox, generation=link.generation
    )
    call = Call(
        method="POST",
        segments=("users", link.mailbox, "events"),
        body=draft_body(draft),
        prefer=Prefer(immutable_ids=True),
    )
    event = read_event(calendars.handle(call).json(), Judge.of_linked(Preferences()))
    if event is None:
        raise ValueError("an event that was made cannot be read")
    agreed = Agreed(board=wanted, outlook=wanted.merged_with(mapper.seen_event(event, wanted)))
    return replace(told(at(link, event), appointment), agreed=agreed)


def _records(services: Services) -> Iterator[ResourceRecord]:
    """Every resource as the roster knows it once it has looked it up."""
    for listed in services.board.records["resource"]:
        user = services.tenant.find_user(str(listed["email"]))
        yield ResourceRecord(
            resource_no=ResourceNo(str(listed["resourceNo"])),
            display_name=str(listed["displayName"]),
            email=str(listed["email"]),
            enabled=True,
            mailbox=None if user is None else MailboxId(user.id),
            state=ResourceState.ACTIVE,
            updated_at=services.clock.now(),
        )

"""Running the application for one command, until nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import Final

from actors.application import Application
from actors.asking import Asking, NotAnswered
from actors.assembly import open_transport, outside_of
from actors.clients.scheduler.operations import ListCategories
from actors.commandline.telling import Failure, unknown_resource
from actors.gateways import Outside
from actors.mapping import mapper_of, with_categories
from actors.rehearsal import ReadingOnly, Rehearsal
from actors.runtime.system import Runtime
from actors.settling import Progress, Settled, Settling
from models.ids import ResourceNo
from models.mapper import Mapper
from models.settings.sections import Settings
from models.storage.store import Store

STOP_SECONDS: Final = 2.0


def mapper_asked(settings: Settings, services: Asking) -> Mapper:
    """The mapping with the board's categories, which also shows whether the board answers.

    Raises `Failure`.
    """
    try:
        return with_categories(mapper_of(settings), services.board(ListCategories()).get())
    except NotAnswered as problem:
        raise Failure(f"the board cannot be read: {problem}") from None


@contextmanager
def application_for(
    settings: Settings,
    store: Store,
    *,
    only: Container[ResourceNo] | None = None,
    rehearsal: Rehearsal | None = None,
    mapper: Mapper | None = None,
    at_rest: bool = False,
) -> Iterator[Application]:
    """An application that has started; it stops with the block. With a rehearsal it cannot write anything.

    `only` restricts it to some resources. `at_rest`: nobody synchronises; it waits for what it is told to do.
    """
    mapper = mapper or mapper_of(settings)
    # a rehearsal thinks more than it waits, and threads that think keep each other from it
    runtime = Runtime.production() if rehearsal is None else Runtime.production(resource_threads=1)
    transport = open_transport(settings)
    outside = outside_of(settings, transport)
    if rehearsal is not None:
        reading = ReadingOnly(transport)
        outside = Outside(graph=reading, scheduler=reading, credentials=outside.credentials)
    application = Application(
        settings,
        runtime=runtime,
        store=store,
        outside=outside,
        mapper=mapper,
        only=only,
        rehearsal=rehearsal,
        audits=False,
    )
    runtime.start()
    try:
        if at_rest:
            application.prepare()
        else:
            application.start()
        yield application
    finally:
        application.stop()
        runtime.stop(STOP_SECONDS)
        transport.close()


def one_or_all(resource: str | None) -> Container[ResourceNo] | None:
    """The resource that a command was asked about, or None for all of them."""
    return None if resource is None else frozenset({ResourceNo(resource)})


def settle(
    application: Application,
    show: Callable[[Progress], None],
    *,
    resource: str | None,
    rehearsal: Rehearsal | None = None,
) -> Settled:
    """Wait until nothing is left to do. Raises `Failure` if the one resource asked for is unknown."""
    size = (lambda: application.changes) if rehearsal is None else (lambda: rehearsal.size)
    settled = Settling(application, size=size, on_progress=show).wait()
    known = {record.resource_no for record in application.records}
    if resource is not None and settled.is_complete and resource not in known:
        raise unknown_resource(resource)
    return settled

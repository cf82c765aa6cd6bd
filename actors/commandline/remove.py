"""`remove`: take away every event that the connector ever wrote."""

from __future__ import annotations

from collections.abc import Iterable

from actors.asking import Asking, NotAnswered, asking
from actors.clients.scheduler.operations import ListResources
from actors.commandline.options import store_url
from actors.commandline.progress import Display
from actors.commandline.reach import RunningProcess, running_process
from actors.commandline.telling import Failure, tell, tell_aside, tell_json, unknown_resource
from actors.removal import Cleared, Place, Removal, end_subscriptions
from actors.runtime.clock import SystemClock
from models.link import Link, Origin
from models.resource import Resource
from models.settings.sections import Settings
from models.storage.changes import DropLink, DropSubscription
from models.storage.errors import StoreMissing
from models.storage.store import Store


def remove(settings: Settings, *, resource: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove the events of a resource, or of all. Raises `Failure` unless nothing is left."""
    process = running_process(settings)
    if process is not None and not dry_run:
        _refuse_while_it_synchronises(process, resource)
    store = _store(settings, writes=process is None and not dry_run)
    try:
        with asking(settings) as services, Display("removing", SystemClock()) as display:
            resources = _resources(services, store, resource)
            links = _board_born(store, resources)
            known = {link.event_id for link in links if link.event_id is not None}
            removal = Removal(services, known=known, on_progress=display.say)
            told = [removal.clear(place, dry_run=dry_run) for place in _places(resources, links)]
            cleared = [one for one in told if one is not None]
            if not dry_run:
                _forget(cleared, links, store, process)
            ends_all = resource is None and not dry_run and process is None
            problem = _unsubscribe(services, store) if ends_all and store is not None else ""
    finally:
        if store is not None:
            store.close()
    _tell(cleared, dry_run=dry_run, as_json=as_json)
    if problem:
        tell_aside(f"some subscriptions were not ended; they end by themselves within days: {problem}")


def _refuse_while_it_synchronises(process: RunningProcess, resource: str | None) -> None:
    """The process would put back at once what is taken away from a resource that synchronises."""
    listed = process.ask("GET", "/api/status").required()["resources"]
    active = [
        one["resourceNo"]
        for one in listed
        if one["state"] in ("active", "quarantined") and resource in (None, one["resourceNo"])
    ]
    if active:
        raise Failure(
            f"{', '.join(active)}: the running process synchronises them, and their events would come back; "
            "turn Exchange Integration Enabled off on the board and wait a minute, or stop the process"
        )


def _store(settings: Settings, *, writes: bool) -> Store | None:
    """The store, if there is one: its events are found without it too."""
    try:
        store = Store.open(store_url(settings), read_only=True)
    except StoreMissing:
        return None
    if not writes:
        return store
    store.close()
    return Store.open(store_url(settings))


def _resources(services: Asking, store: Store | None, wanted: str | None) -> list[Resource]:
    """The resources of the board, and those that were on it once. Raises `Failure` for an unknown one."""
    try:
        found = {one.resource_no: one for one in services.board(ListResources()).get()}
    except NotAnswered as problem:
        raise Failure(f"the resources of the board cannot be read: {problem}") from None
    for record in store.resources() if store is not None else ():
        gone = Resource(resource_no=record.resource_no, email=record.email)
        found.setdefault(record.resource_no, gone)
    resources = [one for one in found.values() if wanted is None or one.resource_no == wanted]
    if wanted is not None and not resources:
        raise unknown_resource(wanted)
    return resources


def _board_born(store: Store | None, resources: Iterable[Resource]) -> list[Link]:
    if store is None:
        return []
    links = [link for one in resources for link in store.links_of(one.resource_no)]
    return [link for link in links if link.origin is Origin.BOARD]


def _places(resources: Iterable[Resource], links: Iterable[Link]) -> list[Place]:
    """Every mailbox in which events of these resources may be: the present ones, and those of the links."""
    emails = {one.resource_no: one.email for one in resources}
    places = [Place(resource_no=number, email=email) for number, email in emails.items() if email]
    used = dict.fromkeys((link.resource_no, link.mailbox) for link in links)
    for number, mailbox in used:
        places.append(Place(resource_no=number, email=emails[number] or mailbox, mailbox=mailbox))
    return places


def _forget(
    cleared: Iterable[Cleared], links: Iterable[Link], store: Store | None, process: RunningProcess | None
) -> None:
    """What was taken away was not deleted by its person: no link may say that it is still there."""
    removed = {one.resource_no for one in cleared if one.left == one.with_guests and not one.problem}
    failed = {one.resource_no for one in cleared if one.left != one.with_guests or one.problem}
    for number in sorted(removed - failed):
        if process is not None:
            process.ask("POST", "/api/forget", {"resource": number}).required()
        elif store is not None:
            store.apply(
                DropLink(resource_no=number, guid=link.guid) for link in links if link.resource_no == number
            )


def _unsubscribe(services: Asking, store: Store) -> str:
    """End webhooks and subscriptions; why some could not be ended, empty if all were."""
    ended, problem = end_subscriptions(services, store.subscriptions())
    store.apply(DropSubscription(id=one) for one in ended)
    return problem


def _tell(cleared: list[Cleared], *, dry_run: bool, as_json: bool) -> None:
    found, removed = sum(one.found for one in cleared), sum(one.removed for one in cleared)
    left = sum(one.left or 0 for one in cleared)
    unknown = [one for one in cleared if one.problem]
    if as_json:
        tell_json(
            {
                "dryRun": dry_run,
                "found": found,
                "removed": removed,
                "left": left,
                "resources": [one.as_json() for one in cleared],
            }
        )
    else:
        tell(*(_line(one, dry_run=dry_run) for one in cleared if one.found or one.problem))
        would = f"{found} events would be removed" if dry_run else f"{removed} events removed, {left} left"
        tell(f"in all: {would}")
    if unknown or (left and not dry_run):
        raise Failure(f"{len(unknown)} mailboxes could not be cleared, and {left} events are left")


def _line(one: Cleared, *, dry_run: bool) -> str:
    done = f"{one.found} events" if dry_run else f"{one.removed} events removed, {one.left} left"
    problem = f"; {one.problem}" if one.problem else ""
    if one.with_guests:
        problem += f"; {one.with_guests} stay, for Outlook would mail their guests: delete them in Outlook"
    return f"{one.resource_no} <{one.email}>: {done}{problem}"

"""`preferences show` and `preferences set`: what a resource shares with the planners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from actors.commandline.options import store_url
from actors.commandline.reach import running_process
from actors.commandline.telling import tell, tell_aside, tell_json, unknown_resource
from actors.runtime.clock import SystemClock
from actors.web import preferences as wire
from actors.web.facade import PreferencesView
from models.ids import ResourceNo
from models.preferences import StoredPreferences
from models.preferences_table import ADMINISTRATOR
from models.settings.sections import Settings
from models.storage.changes import PutPreferences
from models.storage.store import Store


def show(settings: Settings, resource: str, *, as_json: bool) -> None:
    """What a resource shares. Raises `Failure` for one that is not known."""
    process = running_process(settings)
    if process is not None:
        document = process.ask("GET", _path(resource)).required()
    else:
        store = Store.open(store_url(settings), read_only=True)
        try:
            if store.resource_of(ResourceNo(resource)) is None:
                raise unknown_resource(resource)
            document = wire.show(_view(store, settings, ResourceNo(resource)))
        finally:
            store.close()
    _tell(document, as_json=as_json)


def choose(settings: Settings, resource: str, asked: Mapping[str, Any]) -> None:
    """Set what a resource shares; what is not asked for stays as it is."""
    process = running_process(settings)
    if process is not None:
        document = process.ask("PUT", _path(resource), dict(asked)).required()
    else:
        document = _choose_in_store(settings, ResourceNo(resource), asked)
    _tell(document, as_json=False)


def _choose_in_store(settings: Settings, number: ResourceNo, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Without a process: the next one judges by it from its start."""
    store = Store.open(store_url(settings))
    try:
        record = store.resource_of(number)
        if record is None and store.resources():
            raise unknown_resource(number)
        if record is None:
            tell_aside(f"no resource is known yet; this holds for {number} once the board lists it")
        own = store.preferences_of(number)
        present = own.stored.preferences if own is not None else settings.default_preferences()
        stored = StoredPreferences(
            preferences=wire.changed(present, asked), set_by=ADMINISTRATOR, set_at=SystemClock().now()
        )
        lock = wire.locked(asked)
        locked = (own is not None and own.locked) if lock is None else lock
        store.apply([PutPreferences(resource_no=number, stored=stored, locked=locked)])
        return wire.show(_view(store, settings, number))
    finally:
        store.close()


def _view(store: Store, settings: Settings, number: ResourceNo) -> PreferencesView:
    return PreferencesView.of(
        number,
        store.preferences_of(number),
        settings.default_preferences(),
        resources_decide=settings.defaults.resources_decide,
    )


def _tell(document: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        tell_json(document)
        return
    by = f"chosen by {document['setBy']} at {document['setAt']}" if document["setBy"] else "the defaults"
    chosen = {name: document[name] for name in document["effective"]}
    lock = "; locked: only an administrator changes it" if document["locked"] else ""
    tell(f"resource {document['resourceNo']}: {by}{lock}", *_lines(document["effective"]))
    if chosen != document["effective"]:
        tell("its own choice does not count (defaults.resources_decide is false):", *_lines(chosen))


def _lines(said: Mapping[str, Any]) -> list[str]:
    return [
        f"  shares       {'yes' if said['share'] else 'no'}",
        f"  show-as      {', '.join(said['showAs']) or 'none'}",
        f"  sensitivity  {', '.join(said['sensitivity']) or 'none'}",
        f"  private      {said['private']}",
    ]


def _path(resource: str) -> str:
    return f"/api/resources/{quote(resource, safe='')}/preferences"

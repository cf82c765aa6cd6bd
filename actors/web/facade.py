"""What the web asks of the rest of the process, and the values that it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from actors.clients.metrics import Snapshot
from actors.explain import Explanation
from actors.status import StatusReport
from models.ids import ResourceNo
from models.judging import effective_preferences
from models.preferences import Preferences
from models.storage.records import ResourcePreferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the process can do its work."""

    ready: bool
    reason: str = ""
    """A sentence for the administrator; empty when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesView:
    """What a resource shares, as it chose and as it holds."""

    resource_no: ResourceNo
    chosen: Preferences
    """Its own choice; the defaults where it has none."""
    effective: Preferences
    set_by: str | None = None
    """None: it has not chosen."""
    set_at: datetime | None = None
    locked: bool = False
    """Whether only an administrator may change it."""

    @classmethod
    def of(
        cls,
        resource_no: ResourceNo,
        own: ResourcePreferences | None,
        defaults: Preferences,
        *,
        resources_decide: bool,
    ) -> PreferencesView:
        """From a resource's own choice, if it has made one, and what holds for everybody."""
        stored = None if own is None else own.stored
        return cls(
            resource_no=resource_no,
            chosen=defaults if stored is None else stored.preferences,
            effective=effective_preferences(stored, defaults, resources_decide=resources_decide),
            set_by=None if stored is None else stored.set_by,
            set_at=None if stored is None else stored.set_at,
            locked=own is not None and own.locked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What `/metrics` shows: counts, and no name of anybody or anything."""

    status: StatusReport
    snapshots: tuple[Snapshot, ...] = ()
    decisions: Mapping[str, int] = field(default_factory=dict)
    """Decisions since the start by act."""
    links: int = 0
    busy: int = 0
    """Resources with something left to do."""


class NoSuchResource(Exception):  # noqa: N818 - named for what is wrong
    """The board has no such resource, as far as the connector knows."""


class NotNow(Exception):  # noqa: N818 - named for what is wrong
    """What was asked cannot be done at the moment; the text says why and what to do."""


class Facade(Protocol):
    """The process, as an administrator's tools see it. Any thread may call it; nothing takes long."""

    def readiness(self) -> Readiness:
        """Whether the roster is loaded and the store can be written."""
        ...

    def status(self) -> StatusReport:
        """The object of `status --json`. Raises `StoreError`."""
        ...

    def figures(self) -> Figures:
        """The counters that exist. Raises `StoreError`."""
        ...

    def explain(self, item: str, limit: int) -> Explanation:
        """What was decided about an item, the latest first. Raises `StoreError`."""
        ...

    def preferences(self, resource_no: ResourceNo) -> PreferencesView:
        """What a resource shares. Raises `NoSuchResource`, `StoreError`."""
        ...

    def set_preferences(
        self, resource_no: ResourceNo, chosen: Preferences, *, set_by: str, locked: bool | None = None
    ) -> PreferencesView:
        """Store a resource's choice and have its events judged again at once (B10).

        `locked` is for administrators: whether the resource may change it from now on; None leaves that as it
        is. Raises `NoSuchResource`, `NotNow` for a resource that may not, `NotStored`, `StoreError`.
        """
        ...

    def import_preferences(self, table: str) -> int:
        """Store the choices of a table, all or none, as the administrator's; how many resources it named.

        Raises `models.preferences_table.TableError`, `NotStored`, `StoreError`.
        """
        ...

    def resync(self, resource_no: ResourceNo | None) -> int:
        """Have one resource, or all, read and compared in full; how many.

        Raises `NoSuchResource`, and `NotNow` for one that does not synchronise.
        """
        ...

    def retry(
        self, *, dead_letter: str = "", resource_no: ResourceNo | None = None, everything: bool = False
    ) -> Mapping[str, Any]:
        """Dead letters, deletions held back and quarantined resources back to work: how many of each.

        Raises `NoSuchResource`, `NotNow` for an unknown dead letter, `NotStored`, `StoreError`.
        """
        ...

    def put_back(
        self, since: datetime, resource_no: ResourceNo | None, *, dry_run: bool
    ) -> Mapping[str, Any]:
        """Have everything put back that was written since a moment; how it stands, as `undoing` tells.

        Raises `NoSuchResource`, `NotNow` while another undo is under way, `StoreError`.
        """
        ...

    def undoing(self) -> Mapping[str, Any]:
        """How the last undo stands. Raises `NotNow` if there was none."""
        ...

    def forget(self, resource_no: ResourceNo) -> int:
        """Forget the events of a resource that does not synchronise, as they were removed; how many.

        Raises `NoSuchResource`, `NotNow` for one that synchronises, `NotStored`, `StoreError`.
        """
        ...

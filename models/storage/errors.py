"""What can be wrong with the store, one type per remedy.

StoreError
├── StoreHeld          another process writes to it: stop that one, or use another storage.url
├── StoreSucceeded     another process took over while we were cut off: start again
├── StoreReplaced      another file took the place of ours, a backup perhaps: start again
├── StoreNewer         written by a newer version: install that version
├── StoreOlder         opened for reading before the process brought it up to date: start the process once
├── StoreCorrupt       not a store, or damaged: put it aside, start with a new one
└── StoreUnavailable   may pass by itself, or when the administrator has acted
    ├── StoreMissing   there is no store
    │   └── StoreRemoved   its file was removed while in use: it can be written again
    ├── StoreFull      the disk is full
    └── StoreBusy      locked for too long by somebody else
"""

# ruff: noqa: N818  # the types are named for what is wrong, so that the tree above reads as one

from __future__ import annotations

from models.storage.records import StoreHolder


class StoreError(Exception):
    """Something is wrong with the store. `what` says what, `remedy` what to do; neither holds a password."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class StoreHeld(StoreError):
    """Another process has the store open for writing."""

    def __init__(self, store: str, holder: StoreHolder | None) -> None:
        who = "another process"
        if holder is not None:
            since = f" since {holder.since.isoformat(timespec='seconds')}" if holder.since else ""
            who = f"process {holder.pid} on {holder.host}{since}"
        super().__init__(
            f"the store {store} is in use by {who}",
            "stop that process first, or give this one its own storage.url",
        )
        self.holder = holder


class StoreSucceeded(StoreError):
    """The connection was lost for so long that another process works for our resources now (PostgreSQL)."""

    def __init__(self, store: str) -> None:
        super().__init__(
            f"while the store {store} could not be reached, another process took over resources of this one",
            "start this process again: it takes on what is free",
        )


class StoreReplaced(StoreError):
    """The file was replaced while it was in use, by a backup perhaps; what we write would be lost with it."""

    def __init__(self, store: str) -> None:
        super().__init__(
            f"the file of the store {store} was replaced by another while it was in use",
            "start this process again: it opens what is there now",
        )


class StoreNewer(StoreError):
    """The store was written by a newer version, whose meaning this one cannot know."""

    def __init__(self, store: str, found: int, known: int) -> None:
        super().__init__(
            f"the store {store} has schema version {found}; this program knows versions up to {known}",
            "install the version that wrote it, or a newer one",
        )
        self.found = found
        self.known = known


class StoreOlder(StoreError):
    """The store has not been brought up to date yet, and may only be read here."""

    def __init__(self, store: str, found: int, known: int) -> None:
        super().__init__(
            f"the store {store} has schema version {found}; this program needs version {known}",
            "start the process once: `exchange-connector run` brings the store up to date",
        )
        self.found = found
        self.known = known


class StoreCorrupt(StoreError):
    """The file is damaged or no store at all.

    A lost store is no lost work: events are recognised by their link property and adopted (C5).
    """

    def __init__(self, store: str, said: str) -> None:
        super().__init__(
            f"the store {store} cannot be read ({said})",
            "move the file and those beside it (-wal, -shm) away and start again: the connector recognises"
            " its events and builds a new store; or put a backup in its place",
        )


class StoreUnavailable(StoreError):
    """The store cannot be used now."""


class StoreMissing(StoreUnavailable):
    """There is no store."""


class StoreRemoved(StoreMissing):
    """The file was removed while it was in use; what it held is still open, and can be written again."""

    def __init__(self, store: str) -> None:
        super().__init__(
            f"the file of the store {store} was removed while it was in use",
            "put it back, or a backup in its place; after a minute the process writes it again from what it"
            " has open",
        )


class StoreFull(StoreUnavailable):
    """There is no room left to write."""


class StoreBusy(StoreUnavailable):
    """Somebody else has locked the database for longer than it is worth waiting."""

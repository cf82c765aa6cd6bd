"""What differs between the databases a store may live in. `sqlite` and `postgres` are the two there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

from peewee import PeeweeException

from models.ids import ResourceNo
from models.storage.errors import StoreError
from models.storage.session import Session


class Backend(Protocol):
    """One opened database."""

    label: str
    """Names the store in messages, without a password."""
    reader: Session
    """Reads, from any thread."""
    is_shared: bool
    """Whether several processes may have it open for writing, each for resources of its own (D12)."""

    @property
    def writer(self) -> Session:
        """Writes, one thread at a time. Raises `StoreError` when it has been lost and cannot be had again."""
        ...

    def lock_schema(self) -> None:
        """Inside a transaction of the writer: nobody else changes the schema until it ends."""
        ...

    def fault(self, error: Exception) -> StoreError | None:
        """What an error of the driver means for the administrator; None for one that is a bug."""
        ...

    def check_present(self) -> None:
        """Raises `StoreRemoved` when the database has been taken away under our feet."""
        ...

    def write_again(self) -> None:
        """Brings back what `check_present` misses, with all that was ever committed. Raises `StoreError`."""
        ...

    def erase(self) -> bool:
        """Have what was erased leave the files as well; False: not now, ask again."""
        ...

    def claim(self, resource_nos: Collection[ResourceNo]) -> frozenset[ResourceNo]:
        """Takes on the resources that no other living process works for; answers with all that are ours."""
        ...

    def close(self) -> None:
        """Closes every connection of every thread."""
        ...


@contextmanager
def translated(backend: Backend) -> Iterator[None]:
    """Errors of the driver come out as `StoreError`, wherever they have a meaning for the administrator."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        fault = backend.fault(cause_of(error))
        if fault is None:
            raise
        raise fault from error


def cause_of(error: Exception) -> Exception:
    """The driver's own error inside peewee's, which may be wrapped more than once."""
    original = getattr(error, "orig", None)
    if isinstance(error, PeeweeException) and isinstance(original, Exception):
        return cause_of(original)
    return error

"""How changes are written: many of one kind at a time, in an order that no reader can tell from theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.storage.changes import Change
from models.storage.session import Session


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes changes of one type.

    `write` takes a list of them; `tables` names all that it touches.
    """

    write: Callable[[Session, Sequence[Any]], None]
    tables: frozenset[str]


Writers = Mapping[type, Writer]


def writer(write: Callable[[Session, Sequence[Any]], None], *tables: str) -> Writer:
    """A `Writer`, in fewer words."""
    return Writer(write, frozenset(tables))


@dataclass(slots=True)
class Batch:
    """Changes of one type that are written together."""

    kind: type
    writer: Writer
    changes: list[Change] = field(default_factory=list)


def batches(changes: Iterable[Change], writers: Writers) -> list[Batch]:
    """The changes in as few batches as keep the order of all that touch the same table."""
    made: list[Batch] = []
    for change in changes:
        kind = type(change)
        _batch_for(kind, writers[kind], made).changes.append(change)
    return made


def _batch_for(kind: type, its_writer: Writer, made: list[Batch]) -> Batch:
    for batch in reversed(made):
        if batch.kind is kind:
            return batch
        if batch.writer.tables & its_writer.tables:
            break
    batch = Batch(kind, its_writer)
    made.append(batch)
    return batch

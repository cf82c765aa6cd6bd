"""What a kind of record is, and columns that several kinds have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.scheduler.casing import Field, Schema, texts
from tests.sandbox.scheduler.values import ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of record: `key` identifies one, `required` must be set to create one."""

    schema: Schema
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    """First path segments, compared in lower case."""
    upsert: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    """Names of import procedures."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a new record holds where nobody sets it; otherwise a boolean is false and the rest null."""
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Columns that are never read back."""

    @property
    def name(self) -> str:
        """The name of the kind, e.g. "resourceCapacity"."""
        return self.schema.name


def kind(
    name: str,
    fields: tuple[Field, ...],
    *,
    key: str,
    required: str = "",
    routes: str | None = None,
    noun: str | None = None,
    hidden: str = "",
) -> Kind:
    """A kind whose procedures are `mboc_upsert<noun>` and `mboc_delete<noun>`."""
    keys = tuple(key.split())
    return Kind(
        schema=Schema(name=name, fields=fields),
        key=keys,
        required=(*keys, *required.split()),
        routes=tuple((name if routes is None else routes).split()),
        upsert=(f"mboc_upsert{noun}",) if noun else (),
        delete=(f"mboc_delete{noun}",) if noun else (),
        hidden=frozenset(hidden.split()),
    )


SOURCE = (*texts(30, "sourceApp"), *texts(10, "sourceType"))
WORK = texts(50, "jobNo", "taskNo")
LINK = (
    Field("uri", ValueType.TEXT, 1000, ("Url", "pUrl", "addressUrl")),
    Field("description", ValueType.TEXT, 255, ("UrlDesc", "pUrlDesc")),
)
LINKS = tuple(
    column
    for n in (1, 2, 3)
    for column in (
        Field(f"url{n}", ValueType.TEXT, 1000),
        Field(f"urlDescription{n}", ValueType.TEXT, 255, (f"urldesc{n}",)),
    )
)

"""What to say of a name that means nothing: what there is instead, and which of it is most like it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from models.expressions.members import members
from models.expressions.schema import Kind, Schema
from models.expressions.statics import types

FUNCTIONS: Final = ("iif", "np", "isnull")


def no_member(schema: Schema, name: str, *, called: bool) -> str:
    """Of `value.name`, or `value.name(…)` where called."""
    what = "method" if called else "property"
    if schema.kind is Kind.OBJECT:
        known = [prop.name for prop in (schema.properties or {}).values()]
    else:
        known = [one.name for one in members().get(schema.kind, {}).values() if one.is_property is not called]
    near = nearest(name, known)
    hint = f"; did you mean {near}?" if near else f"; it has {', '.join(known[:12])}" if known else ""
    return f"{schema.label} has no {what} {name}{hint}"


def no_name(name: str, roots: Mapping[str, Schema], *, called: bool = False) -> str:
    """Of a name that nothing stands before."""
    if called:
        near = nearest(name, [*FUNCTIONS, *(one.name for one in types().values() if one.conversions)])
        return f"there is no function {name}{f'; did you mean {near}?' if near else ''}"
    for root, schema in roots.items():
        prop = schema.property(name)
        if prop is not None:
            return f"there is nothing called {name} here; did you mean {root}.{prop.name}?"
    near = nearest(name, roots)
    hint = f"did you mean {near}?" if near else f"an expression begins at {' or '.join(roots)}"
    return f"there is nothing called {name} here; {hint}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`, or empty where none is much like it."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower()[:100], list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""

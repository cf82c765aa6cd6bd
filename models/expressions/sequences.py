"""Lists: `Any`, `All`, `Count`, `First` and their like, with a condition on each item or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from models.expressions.code import Code, Frame, Run, spend
from models.expressions.errors import Fault, NullFault
from models.expressions.operators import NUMERIC, check_alike, combine, converted
from models.expressions.paths import EXPECTED, null_fault
from models.expressions.schema import ANY, BOOL, INT, TEXT, Kind, Schema, list_of
from models.expressions.values import comparable, conformer, is_number, kind_of, shown, text_order

ON_ITEMS: Final = frozenset(
    {"any", "all", "count", "first", "firstordefault", "last", "lastordefault", "where", "select", "sum",
     "min", "max", "average", "distinct"}
)  # fmt: skip
"""Methods of lists whose argument is about an item."""
NEEDS_BODY: Final = frozenset({"all", "where", "select"})
CONDITIONS: Final = ON_ITEMS - {"select", "sum", "min", "max", "average", "distinct"}
"""Methods whose argument is a condition; that of the others is a value."""

Items = Callable[[Frame], Sequence[object]]


def apply(
    method: str, source: Code, slot: int, body: Code | None, position: int, zone: tzinfo | None
) -> Code:
    """The code of `source.method(body)`. While `body` runs, the item is in `slot` of the frame.

    Raises:
        Fault: the method does not apply to such items.
    """
    item = source.schema.item or ANY
    items = _items(source, item, position, zone)
    value = body.schema if body is not None else item
    if method in ("any", "all", "count"):
        run = {"any": _any, "all": _all, "count": _count}[method](items, slot, body)
        return Code(run=run, schema=INT if method == "count" else BOOL, position=position, nullable=False)
    if method in ("first", "firstordefault", "last", "lastordefault"):
        path = f"{source.path}.{method.removesuffix('ordefault').title()}()" if source.path else ""
        run = _pick(items, slot, body, position, last="last" in method, default="default" in method)
        return Code(run=run, schema=item, position=position, path=path, nullable="default" in method)
    if method == "where" and body is not None:
        return Code(run=_where(items, slot, body.run), schema=source.schema, position=position,
                    path=source.path, nullable=False)  # fmt: skip
    if method == "select":
        return Code(run=_select(items, slot, body), schema=list_of(value), position=position, nullable=False)
    if method == "distinct":
        return Code(run=_distinct(items), schema=source.schema, position=position, nullable=False)
    if method in ("sum", "average") and value.kind not in NUMERIC | {Kind.ANY, Kind.DURATION}:
        raise Fault(f"{method.title()} takes numbers, not {value.label}", position)
    run = _fold(method, _values(items, slot, body), position)
    return Code(run=run, schema=value if method != "average" else ANY, position=position)


def contains(source: Code, value: Code, position: int, zone: tzinfo | None) -> Code:
    """The code of `source.Contains(value)`."""
    item = source.schema.item or ANY
    items = _items(source, item, position, zone)
    value = converted(value, item, zone)
    check_alike(item, value.schema, position)
    wanted = value.run
    if source.constant and isinstance(source.value, tuple) and Kind.ANY not in (item.kind, value.schema.kind):
        known = frozenset(source.value)
        return Code(run=lambda frame: wanted(frame) in known, schema=BOOL, position=position, nullable=False)

    def run(frame: Frame) -> object:
        sought = wanted(frame)
        return any(_same(one, sought, position) for one in items(frame))

    return Code(run=run, schema=BOOL, position=position, nullable=False)


def _same(one: object, other: object, position: int) -> bool:
    if one is None or other is None:
        return one is other
    if is_number(one) and is_number(other):
        return one == other
    if type(one) is not type(other):
        raise Fault(f"compares {kind_of(one)} with {kind_of(other)}", position)
    return one == other


def _items(source: Code, item: Schema, position: int, zone: tzinfo | None) -> Items:
    """What gives the items as the language knows them, and counts each as a step."""
    run, path = source.run, source.path
    conform, expected = conformer(item, zone), EXPECTED.get(item.kind, type(None))

    def conformed(value: object) -> object:
        try:
            return None if value is None else conform(value)
        except ValueError as error:
            raise Fault(f"an item of {path or 'the list'} is {error}", position, path=path) from None

    def items(frame: Frame) -> Sequence[object]:
        values = run(frame)
        if type(values) is not tuple:
            if values is None:
                raise NullFault(f"{path or 'the list'} is NULL, so it has no items", position, path=path)
            raise Fault(f"{path or 'this'} is {kind_of(values)}, not a list", position, path=path)
        spend(frame, len(values), position)
        for value in values:
            if type(value) is not expected:
                return [conformed(one) for one in values]
        return values

    return items


def _matching(items: Items, slot: int, body: Code | None) -> Callable[[Frame], Iterator[object]]:
    run = body.run if body is not None else None

    def matching(frame: Frame) -> Iterator[object]:
        for item in items(frame):
            frame[slot] = item
            if run is None or run(frame) is True:
                yield item

    return matching


def _values(items: Items, slot: int, body: Code | None) -> Items:
    if body is None:
        return items
    run = body.run

    def values(frame: Frame) -> Sequence[object]:
        found = []
        for item in items(frame):
            frame[slot] = item
            found.append(run(frame))
        return found

    return values


def _any(items: Items, slot: int, body: Code | None) -> Run:
    if body is None:
        return lambda frame: len(items(frame)) > 0
    run = body.run

    def any_of(frame: Frame) -> object:
        for item in items(frame):
            frame[slot] = item
            if run(frame) is True:
                return True
        return False

    return any_of


def _all(items: Items, slot: int, body: Code | None) -> Run:
    run = body.run if body is not None else None

    def all_of(frame: Frame) -> object:
        for item in items(frame):
            frame[slot] = item
            if run is not None and run(frame) is not True:
                return False
        return True

    return all_of


def _count(items: Items, slot: int, body: Code | None) -> Run:
    matching = _matching(items, slot, body)
    return lambda frame: sum(1 for _ in matching(frame))


def _pick(items: Items, slot: int, body: Code | None, position: int, *, last: bool, default: bool) -> Run:
    matching = _matching(items, slot, body)

    def run(frame: Frame) -> object:
        found: list[object] = []
        for item in matching(frame):
            found = [item]
            if not last:
                break
        if not found and not default:
            raise Fault("no item matches; FirstOrDefault would give NULL", position)
        return found[0] if found else None

    return run


def _where(items: Items, slot: int, body: Run) -> Run:
    def run(frame: Frame) -> object:
        kept = []
        for item in items(frame):
            frame[slot] = item
            if body(frame) is True:
                kept.append(item)
        return tuple(kept)

    return run


def _select(items: Items, slot: int, body: Code | None) -> Run:
    values = _values(items, slot, body)
    return lambda frame: tuple(values(frame))


def _distinct(items: Items) -> Run:
    return lambda frame: tuple(dict.fromkeys(items(frame)))


def _fold(method: str, values: Items, position: int) -> Run:
    """Sum, Average, Min or Max; NULL counts as not there, as of nullable numbers in the engine."""

    def run(frame: Frame) -> object:
        present = [value for value in values(frame) if value is not None]
        if not present:
            return 0 if method == "sum" else None
        try:
            if method in ("min", "max"):
                return _extreme(present, most=method == "max")
            total = present[0]
            for value in present[1:]:
                total = combine("+", total, value)
            return total if method == "sum" else combine("/", combine("*", total, Decimal(1)), len(present))
        except (ValueError, OverflowError) as error:
            raise Fault(str(error), position) from None

    return run


def _extreme(present: list[Any], *, most: bool) -> object:
    for value in present[1:]:
        comparable(present[0], value)
    key = text_order if isinstance(present[0], str) else None
    return max(present, key=key) if most else min(present, key=key)


def at(source: Code, index: Code, position: int, zone: tzinfo | None) -> Code:
    """The code of `source[index]`, of a list or a text."""
    item = TEXT if source.schema.kind is Kind.TEXT else source.schema.item or ANY
    look, where, path = source.run, index.run, source.path
    conform = conformer(item, zone)

    def run(frame: Frame) -> object:
        values, wanted = look(frame), where(frame)
        if values is None or wanted is None:
            raise null_fault(path if values is None else index.path, "[…]", position)
        if not isinstance(values, (tuple, str)) or not isinstance(wanted, int):
            raise Fault(f"{kind_of(values)} has nothing at {shown(wanted)}", position, path=path)
        if not 0 <= wanted < len(values):
            raise Fault(
                f"it has {len(values)}, counted from 0; there is none at {wanted}", position, path=path
            )
        try:
            return None if values[wanted] is None else conform(values[wanted])
        except ValueError as error:
            raise Fault(f"an item of {path or 'the list'} is {error}", position, path=path) from None

    return Code(run=run, schema=item, position=position, path=f"{path}[]" if path else "")

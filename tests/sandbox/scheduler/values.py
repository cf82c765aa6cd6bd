"""Values as clients write them: every date format of facts §2.7, booleans, numbers, guids, lists."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal
from zoneinfo import ZoneInfo

MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?)?\s?(?:Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)
SPAN = re.compile(r"-?(?:\d+\.)?\d{1,2}:\d\d(?::\d\d(?:\.\d{1,7})?)?")
TRUE = frozenset({"true", "1"})
FALSE = frozenset({"false", "0"})
BIGINT = 2**63


class ValueType(Enum):
    """The column types that occur."""

    TEXT = "text"
    INT = "a whole number"
    DECIMAL = "a decimal number"
    BIT = "a boolean"
    MOMENT = "a date"
    SPAN = "a time span"
    GUID = "a GUID"
    LIST = "a list"


class Wall:
    """The board's wall clock: reads incoming times and writes outgoing ones."""

    def __init__(
        self,
        *,
        zone: str,
        offset_reading: Literal["ignore", "convert"],
        time_style: Literal["naive", "wall_z", "utc_z"],
    ) -> None:
        self._zone = ZoneInfo(zone)
        self._offset_reading = offset_reading
        self._time_style = time_style

    def read(self, text: str) -> datetime:
        """A naive wall-clock time. Raises ValueError when `text` is none of the formats of facts §2.7."""
        text = text.strip()
        if not MOMENT.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text.upper().replace(" Z", "Z"))
        if moment.tzinfo is None:
            return moment
        if self._offset_reading == "convert":
            moment = moment.astimezone(self._zone)
        return moment.replace(tzinfo=None)

    def write(self, moment: datetime) -> str:
        """A naive wall-clock time as the API shows it."""
        if self._time_style == "naive":
            return _iso(moment)
        if self._time_style == "wall_z":
            return _iso(moment) + "Z"
        return _iso(moment.replace(tzinfo=self._zone).astimezone(UTC).replace(tzinfo=None)) + "Z"

    def of(self, instant: datetime) -> datetime:
        """The wall-clock time of an aware instant."""
        return instant.astimezone(self._zone).replace(tzinfo=None)


def stamp(instant: datetime) -> str:
    """A server time (created, modified): UTC with milliseconds and without a suffix (inferred)."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def read_value(kind: ValueType, given: Any, wall: Wall) -> Any:
    """`given` as a value of `kind`, or None where it stands for "not set".

    Null is unset for every type, empty text for every type but TEXT and LIST. Raises ValueError.
    """
    if given is None or (given == "" and kind not in (ValueType.TEXT, ValueType.LIST)):
        return None
    if isinstance(given, (dict, set)):
        raise ValueError(given)  # noqa: TRY004 - one kind of refusal for the caller
    if kind is ValueType.MOMENT:
        return wall.read(str(given))
    return READERS[kind](given)


def _text(given: Any) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, list):
        raise ValueError(given)  # noqa: TRY004 - one kind of refusal for the caller
    return str(given)


def _whole(given: Any) -> int:
    if isinstance(given, bool):
        raise ValueError(given)  # noqa: TRY004 - one kind of refusal for the caller
    number = int(given) if isinstance(given, str) else given
    if number != int(number) or not -BIGINT <= number < BIGINT:
        raise ValueError(given)
    return int(number)


def _decimal(given: Any) -> float:
    if isinstance(given, bool):
        raise ValueError(given)  # noqa: TRY004 - one kind of refusal for the caller
    number = float(given)
    return int(number) if number == int(number) else number


def _bit(given: Any) -> bool:
    text = str(given).strip().lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ValueError(given)


def _span(given: Any) -> int | str:
    """Ticks (NetSDK) or hh:mm:ss, kept as they came."""
    if isinstance(given, str) and SPAN.fullmatch(given):
        return given
    return _whole(given)


def _guid(given: Any) -> str:
    return str(uuid.UUID(str(given)))


def _list(given: Any) -> tuple[str, ...]:
    """A JSON list, or values joined with `;` (facts §2.3)."""
    parts = given if isinstance(given, list) else str(given).split(";")
    return tuple(text for part in parts if (text := _text(part).strip()))


READERS: Mapping[ValueType, Callable[[Any], Any]] = {
    ValueType.TEXT: _text,
    ValueType.INT: _whole,
    ValueType.DECIMAL: _decimal,
    ValueType.BIT: _bit,
    ValueType.SPAN: _span,
    ValueType.GUID: _guid,
    ValueType.LIST: _list,
}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")

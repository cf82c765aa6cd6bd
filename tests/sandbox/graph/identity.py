"""How Exchange builds ids, change keys and meeting uids (facts §1.8).

A default id holds the mailbox and the MAPI entry of the item; the id of an occurrence adds the .NET ticks of
the midnight of its original date, so that it is known beforehand and survives becoming an exception. Clients
must not read any of this.
"""

from __future__ import annotations

import base64
import binascii
import random as randomness
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

ENTRY = b"\x00\x00\x00\x00"
DEFAULT_PREFIX = b"\x00\x03\x24\x00"
IMMUTABLE_PREFIX = b"\x00\x09"
EVENT_FOLDER = b"\x00\x00\x00\x00\x01\x0d\x00\x00"
CALENDAR_FOLDER = b"\x00\x00\x00\x00\x01\x06\x00\x00"
IMMUTABLE_PROVIDER = bytes.fromhex("1d840311aa6611cd9bc800aa002f845a")
OCCURRENCE_CHANGE = bytes.fromhex("0f00000016000000")
GLOBAL_OBJECT = "040000008200E00074C5B7101A82E008"
TICKS_PER_DAY = 864_000_000_000
FILE_TIME_EPOCH = datetime(1601, 1, 1)  # noqa: DTZ001 - only differences of UTC readings are taken


@dataclass(frozen=True, slots=True)
class Store:
    """What tells the ids of one mailbox from those of another."""

    mailbox: str
    """A GUID as text; every default id of the mailbox holds it."""
    provider: bytes
    replica: bytes

    @classmethod
    def draw(cls, random: randomness.Random) -> Store:
        """The store of a new mailbox."""
        return cls(
            mailbox=str(uuid.UUID(int=random.getrandbits(128), version=4)),
            provider=random.randbytes(16),
            replica=random.randbytes(16),
        )

    def _entry(self, number: int, folder: bytes) -> bytes:
        return (
            ENTRY + self.provider + b"\x07\x00" + self.replica + folder + self.replica
            + number.to_bytes(6, "big") + b"\x00\x00"
        )  # fmt: skip

    def _immutable_entry(self, number: int) -> bytes:
        return (
            ENTRY + IMMUTABLE_PROVIDER + b"\x0d\x00" + self.replica + number.to_bytes(6, "big") + b"\x00\x00"
        )

    def event_id(self, number: int, day: date | None = None) -> str:
        """The default id of an item, or of an occurrence of it."""
        entry = self._entry(number, EVENT_FOLDER)
        return _encode(DEFAULT_PREFIX + self.mailbox.encode() + _framed(entry, day))

    def calendar_id(self, number: int) -> str:
        """The id of a calendar; it is the same in both id spaces (facts §2.8)."""
        entry = self._entry(number, CALENDAR_FOLDER)
        return _encode(DEFAULT_PREFIX + self.mailbox.encode() + _framed(entry, None))

    def immutable_id(self, number: int, day: date | None = None) -> str:
        """The immutable id of an item, or of an occurrence of it."""
        return _encode(IMMUTABLE_PREFIX + _framed(self._immutable_entry(number), day))

    def change_key(self, change: int) -> str:
        """The change key for the mailbox's change with this number."""
        return base64.b64encode(self.replica + change.to_bytes(6, "big")).decode()

    def occurrence_change_key(self, change: int) -> str:
        """The change key of a plain occurrence: its master's, wrapped."""
        return base64.b64encode(OCCURRENCE_CHANGE + self.replica + change.to_bytes(6, "big")).decode()


@dataclass(frozen=True, slots=True)
class ItemId:
    """A well-formed id, taken apart."""

    replica: bytes
    number: int
    day: date | None
    """The original date, when the id is that of an occurrence or an exception."""


def read_item_id(text: str) -> ItemId | None:
    """What a well-formed id of either space says, or None for a text that is not one."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if raw.startswith(DEFAULT_PREFIX):
        day, entry = _unframed(raw[40:])
        well_formed = len(entry) == 70 and entry[38:46] == EVENT_FOLDER
    elif raw.startswith(IMMUTABLE_PREFIX):
        day, entry = _unframed(raw[2:])
        well_formed = len(entry) == 46
    else:
        return None
    if not well_formed:
        return None
    return ItemId(replica=entry[-24:-8], number=int.from_bytes(entry[-8:-2], "big"), day=day)


def meeting_uid(created: datetime, random: randomness.Random) -> str:
    """A new GlobalObjectId in hex: creation time and a GUID, no date."""
    age = created.replace(tzinfo=None) - FILE_TIME_EPOCH
    ticks = age // timedelta(microseconds=1) * 10
    stamp = ticks.to_bytes(8, "little").hex().upper()
    return f"{GLOBAL_OBJECT}00000000{stamp}000000000000000010000000{random.randbytes(16).hex().upper()}"


def dated_uid(uid: str, day: date) -> str:
    """The uid of one instance of a series: the original date in bytes 16 to 19."""
    return f"{uid[:32]}{day.year:04X}{day.month:02X}{day.day:02X}{uid[40:]}"


def occurrence_name(master_id: str, day: date) -> str:
    """An `occurrenceId`."""
    return f"OID.{master_id}.{day.isoformat()}"


def _framed(entry: bytes, day: date | None) -> bytes:
    if day is None:
        return b"\x00" + len(entry).to_bytes(2, "little") + entry
    ticks = (day.toordinal() - 1) * TICKS_PER_DAY
    inner = b"\x08" + ticks.to_bytes(8, "big") + len(entry).to_bytes(2, "little") + entry
    return b"\x01" + len(inner).to_bytes(2, "little") + inner + b"\x10"


def _unframed(framed: bytes) -> tuple[date | None, bytes]:
    if framed[:1] == b"\x00":
        return None, framed[3:]
    if framed[:1] != b"\x01" or framed[3:4] != b"\x08" or framed[-1:] != b"\x10":
        return None, b""
    days, rest = divmod(int.from_bytes(framed[4:12], "big"), TICKS_PER_DAY)
    if rest or not 0 <= days < date.max.toordinal():
        return None, b""
    return date.fromordinal(days + 1), framed[14:-1]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()

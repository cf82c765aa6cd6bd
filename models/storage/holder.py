"""A file that one process holds: the operating system lets go of it however the process ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from models.storage.records import StoreHolder


class HeldError(Exception):
    """Somebody else holds the file."""

    def __init__(self, holder: StoreHolder | None) -> None:
        super().__init__("held")
        self.holder = holder


class HolderFile:
    """Held from the moment it is made until it is released.

    The file stays where it is: taking it away would let two processes hold two files of one name.
    """

    def __init__(self, path: Path) -> None:
        """Takes the file. Raises `HeldError`, or `OSError` where it cannot be made."""
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            if isinstance(error, BlockingIOError):
                raise HeldError(_read(path)) from None
            raise
        self._write(json.dumps({"pid": os.getpid(), "host": platform.node()}))

    @property
    def is_in_place(self) -> bool:
        """Whether it still is what others find under its name."""
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Lets go."""
        with contextlib.suppress(OSError):  # on a full disk the name may stay: the lock does not
            self._write("")
        os.close(self._file)

    def _write(self, text: str) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)


def _read(path: Path) -> StoreHolder | None:
    """Who wrote the file last, and when; None while that cannot be told."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return StoreHolder(pid=int(said["pid"]), host=str(said["host"]), since=since)
    except (OSError, ValueError, KeyError, TypeError):
        return None

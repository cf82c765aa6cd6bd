"""Files that commands read and write, and what is told when that is not possible."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from actors.commandline.telling import Code, Failure


def text_of(file: Path) -> str:
    """What a file says. Raises `Failure`."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}", code=Code.MISUSED) from None
    except UnicodeDecodeError:
        raise Failure(f"{file} is no UTF-8 text; save it as UTF-8", code=Code.MISUSED) from None


def write_privately(file: Path, text: str) -> None:
    """Write a file that nobody but its owner reads, whole or not at all. Raises `Failure`."""
    replace_file(file, text, mode=0o600)


def replace_file(file: Path, text: str, *, mode: int | None = None) -> None:
    """Put a text in the place of what a file says, whole or not at all; who may read it stays as it is.

    Raises `Failure`.
    """
    try:
        if mode is None:
            mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        handle, made = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise _cannot_write(file, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        Path(made).chmod(mode)
        os.replace(made, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(made)
        raise _cannot_write(file, error) from None


def _cannot_write(file: Path, error: OSError) -> Failure:
    return Failure(f"{file} cannot be written: {error.strerror}", code=Code.MISUSED)

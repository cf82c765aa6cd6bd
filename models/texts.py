"""Text in one common form, so that what two services store differently is not taken for a change."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

SUBJECT_LIMIT: Final = 255
"""UTF-16 units. Neither side documents a limit (facts §12); 255 is what Outlook's own clients take."""
LOCATION_LIMIT: Final = 255
"""UTF-16 units, as for a subject."""
BODY_LIMIT: Final = 32_000
"""UTF-16 units of plain text: below the 32 KB at which Exchange treats a text property as a large one."""

LINE_END: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
TAB: Final = " " * 4


def normal_text(text: str) -> str:
    """Several lines: ended by \\n, without trailing blanks, blank lines at either end, or control characters.

    Tabs and non-breaking spaces become spaces, because HTML cannot tell them apart (facts §1.6).
    """
    if text.isascii() and text.isprintable():
        return text.rstrip()
    plain = LINE_END.sub("\n", text).replace("\t", TAB).replace("\xa0", " ")
    lines = (_printable(line).rstrip() for line in plain.split("\n"))
    return "\n".join(lines).strip("\n")


def normal_line(text: str) -> str:
    """One line: `normal_text` with line ends as spaces and nothing around it."""
    return normal_text(text).replace("\n", " ").strip()


def shortened(text: str, limit: int) -> str:
    """`text` in at most `limit` UTF-16 units, with an ellipsis where something was cut; shortening it again
    changes nothing."""
    if 2 * len(text) <= limit:
        return text
    units = text.encode("utf-16-le", "ignore")
    if len(units) <= 2 * limit:
        return text
    return units[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def normal_subject(text: str) -> str:
    """A subject as both sides can hold it."""
    return shortened(normal_line(text), SUBJECT_LIMIT)


def normal_location(text: str) -> str:
    """A location as both sides can hold it."""
    return shortened(normal_line(text), LOCATION_LIMIT)


def normal_body(text: str) -> str:
    """A body as both sides can hold it."""
    return shortened(normal_text(text), BODY_LIMIT)


def _printable(line: str) -> str:
    """Without what Exchange cannot store: control characters, lone surrogates, byte order marks."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(
        char for char in line if unicodedata.category(char) not in ("Cc", "Cs") and char != "\ufeff"
    )

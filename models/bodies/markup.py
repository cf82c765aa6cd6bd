"""HTML as a row of pieces with their places, so that one part can be replaced and the rest kept to the byte.

Takes any text, well-formed or not, in time proportional to its length: bodies come from whoever sends an
invitation. Follows the tokenizer of the HTML standard as far as finding tags goes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

RAW_ELEMENTS: Final = frozenset(
    {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}
)
"""Elements whose content holds no tags."""

TAG_NAME: Final = re.compile(r"</?([A-Za-z][^\s/>]*)")
TAG_PART: Final = re.compile(r"""=\s*"[^"]*(?:"|\Z)|=\s*'[^']*(?:'|\Z)|>""")
ATTRIBUTE: Final = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


class Kind(Enum):
    """What a piece of markup is."""

    TEXT = auto()
    START = auto()
    END = auto()
    OTHER = auto()
    """A comment, a declaration, a tag without an end, the content of a raw element: not read as text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the source; all pieces together are the whole of it."""

    kind: Kind
    start: int
    end: int
    name: str = ""
    """Of a tag, in lower case."""


def pieces(source: str) -> Iterator[Piece]:
    """The source, piece by piece."""
    place = 0
    while place < len(source):
        opening = source.find("<", place)
        if opening < 0:
            opening = len(source)
        if opening > place:
            yield Piece(Kind.TEXT, place, opening)
        if opening == len(source):
            return
        piece = _markup_at(source, opening)
        yield piece
        place = piece.end
        if piece.kind is Kind.START and piece.name in RAW_ELEMENTS:
            closing = re.compile(rf"</{piece.name}[\s/>]", re.IGNORECASE).search(source, place)
            end = closing.start() if closing else len(source)
            if end > place:
                yield Piece(Kind.OTHER, place, end)
            place = end


def attributes(source: str, piece: Piece) -> Mapping[str, str]:
    """The attributes of a start tag, names in lower case, character references resolved."""
    inside = source[piece.start + 1 + len(piece.name) : piece.end]
    found: dict[str, str] = {}
    for match in ATTRIBUTE.finditer(inside):
        name, double, single, bare = match.groups()
        found.setdefault(name.lower(), html.unescape(double or single or bare or ""))
    return found


def _markup_at(source: str, opening: int) -> Piece:
    if source.startswith("<!--", opening):
        return Piece(Kind.OTHER, opening, _after(source, "-->", opening + 2))
    tag = TAG_NAME.match(source, opening)
    if tag is not None:
        end = _tag_end(source, tag.end())
        if end is None:
            return Piece(Kind.OTHER, opening, len(source))
        kind = Kind.END if source[opening + 1] == "/" else Kind.START
        return Piece(kind, opening, end, tag.group(1).lower())
    if source.startswith(("<!", "<?", "</"), opening):
        return Piece(Kind.OTHER, opening, _after(source, ">", opening))
    return Piece(Kind.TEXT, opening, opening + 1)


def _tag_end(source: str, place: int) -> int | None:
    """Where the tag ends; None for one that is never closed, which is no tag."""
    while part := TAG_PART.search(source, place):
        place = part.end()
        if part.group() == ">":
            return place
    return None


def _after(source: str, text: str, place: int) -> int:
    found = source.find(text, place)
    return found + len(text) if found >= 0 else len(source)

"""The board's own block in the body of an event: a single-cell table that the board alone writes.

What stands before and after it is the person's and is kept to the byte. Exchange rewrites what it is given
(facts §1.6): comments go, ids and classes get a prefix `x_` with every rewriting, line ends and blanks
change, `tbody` comes in between. So the block carries two marks that do not depend on each other, either of
which is enough: a class, read without its prefixes, and a private-use language tag. Attributes of both kinds,
and inline styles, are in the body of the captured Teams meeting as Exchange gives it back
(facts/graph-samples, event-teams-meeting.json). Where neither mark is left, or the table is not closed, there
is no block, and nothing is replaced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from models.bodies.markup import Kind, Piece, attributes, pieces
from models.bodies.plain import html_of, text_of
from models.texts import normal_text

MARK_CLASS: Final = "dime-scheduler-block"
MARK_LANGUAGE: Final = "x-dime-scheduler"
OPENING: Final = (
    f'<table class="{MARK_CLASS}" lang="{MARK_LANGUAGE}" style="border-collapse:collapse">\r\n'
    '<tr><td style="border-left:3px solid #8a94a6; padding:0 0 0 8px">'
)
CLOSING: Final = "</td></tr></table>"

JOIN_BLOCK: Final = re.compile(
    r"me-email-text|meeting-code|teams\.(?:microsoft|live)\.com/(?:l/meetup-join|meet/)"
    r"|aka\.ms/jointeamsmeeting",
    re.IGNORECASE,
)
"""What only the join block of a Teams meeting holds. Losing it disables the meeting (facts §1.6)."""


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int


def read_block(source: str) -> str | None:
    """The text of the board's block, in the common form; None where there is none to be found."""
    span = _find(source)
    return text_of(source[span.start : span.end]) if span is not None else None


def with_block(source: str, text: str) -> str:
    """The body with the board's text in its block: in place of the one that is there, else on top.

    Without text there is no block: one that is there is taken out, and nothing is put on top.
    """
    block = f"{OPENING}{html_of(text)}{CLOSING}" if normal_text(text) else ""
    span = _find(source) or _top(source)
    return source[: span.start] + block + source[span.end :]


def _find(source: str) -> _Span | None:
    """The outermost closed table that carries a mark. One that swallowed a join block is left alone."""
    opened: list[tuple[int, bool]] = []
    found: _Span | None = None
    for piece in pieces(source):
        if piece.name != "table":
            continue
        if piece.kind is Kind.START:
            opened.append((piece.start, _is_marked(source, piece)))
        elif piece.kind is Kind.END and opened:
            start, marked = opened.pop()
            if marked and (found is None or start < found.start):
                found = _Span(start, piece.end)
    if found is None or JOIN_BLOCK.search(source, found.start, found.end):
        return None
    return found


def _is_marked(source: str, piece: Piece) -> bool:
    found = attributes(source, piece)
    classes = (re.sub(r"^(?:x_)+", "", name) for name in found.get("class", "").lower().split())
    return MARK_CLASS in classes or found.get("lang", "").lower() == MARK_LANGUAGE


def _top(source: str) -> _Span:
    """The empty span where a block goes that is new: at the beginning of what is shown."""
    place = 0
    for piece in pieces(source):
        if piece.name == "body" and piece.kind is Kind.START:
            return _Span(piece.end, piece.end)
        if (piece.name, piece.kind) in (("html", Kind.START), ("head", Kind.END)):
            place = piece.end
    return _Span(place, place)

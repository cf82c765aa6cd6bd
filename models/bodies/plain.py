"""HTML to plain text and back, stable under what Exchange makes of a body (facts §1.6)."""

from __future__ import annotations

import html
import re
from typing import Final

from models.bodies.markup import Kind, Piece, attributes, pieces
from models.event import EventDetail
from models.texts import BODY_LIMIT, normal_text, shortened

LINE_BREAK: Final = "<br>\r\n"
BLANKS: Final = re.compile(r"[ \t\r\n\f]+")
KEPT_BLANK: Final = re.compile(r"^ | (?= )")
BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset"}
    | {"figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main"}
    | {"nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)
LINK_SCHEMES: Final = ("http://", "https://", "mailto:", "tel:")

PLAIN_TAGS: Final = frozenset(
    {"html", "head", "meta", "style", "body", "div", "p", "br", "span", "font", "o:p"}
)
PLAIN_STYLES: Final = frozenset(
    {"font-family", "font-size", "font-variant-ligatures", "line-height", "direction", "white-space"}
    | {"margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "text-indent"}
    | {"padding", "padding-top", "padding-right", "padding-bottom", "padding-left"}
)
"""Properties that every mail client writes by itself; a person's emphasis is not among them."""
PLAIN_VALUES: Final = frozenset(
    {"normal", "400", "initial", "inherit", "transparent", "left", "start", "windowtext", "black"}
    | {"#000", "#000000", "rgb(0,0,0)", "rgba(0,0,0,1)", "white", "#fff", "#ffffff", "rgb(255,255,255)"}
)


def text_of(source: str) -> str:
    """The words of an HTML body as plain text in the common form; a link's address follows its words."""
    page = _Page()
    for piece in pieces(source):
        if piece.kind is Kind.TEXT:
            page.write(html.unescape(source[piece.start : piece.end]))
        elif piece.kind is Kind.START:
            page.open(source, piece)
        elif piece.kind is Kind.END:
            page.close(piece.name)
    return page.text()


def html_of(text: str) -> str:
    """Plain text as HTML that reads back as the same text; nothing in it is taken for markup."""
    lines = (
        KEPT_BLANK.sub("&nbsp;", html.escape(line, quote=False)) for line in normal_text(text).split("\n")
    )
    return LINE_BREAK.join(lines)


def replaceable(detail: EventDetail) -> bool:
    """Whether a planner's text may take the place of the whole body of a person's event (B15).

    Only where nothing of the person's is lost by it: no attachment that the body may refer to, no online
    meeting, which a body without its join block would end (facts §1.6), no formatting, link or picture, and
    no text beyond what the board was given.
    """
    if detail.is_online_meeting or detail.has_attachments:
        return False
    source = detail.body_html
    starts = (piece for piece in pieces(source) if piece.kind is Kind.START)
    if not all(_is_plain(source, piece) for piece in starts):
        return False
    text = text_of(source)
    return shortened(text, BODY_LIMIT) == text


def _is_plain(source: str, piece: Piece) -> bool:
    if piece.name not in PLAIN_TAGS:
        return False
    found = attributes(source, piece)
    if piece.name == "font" and found.get("color", "black").lower() not in PLAIN_VALUES:
        return False
    return all(_is_plain_style(rule) for rule in found.get("style", "").split(";"))


def _is_plain_style(rule: str) -> bool:
    name, _, value = rule.partition(":")
    return name.strip().lower() in PLAIN_STYLES | {""} or "".join(value.lower().split()) in PLAIN_VALUES


class _Page:
    """Lines as a browser would break them. Within a line, a plain space is one that may collapse."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._preformatted = 0
        self._links: list[tuple[str, list[str]]] = []

    def text(self) -> str:
        """Everything written, in the common form."""
        self._end_block()
        return normal_text("\n".join(self._lines))

    def write(self, text: str) -> None:
        """Words between tags."""
        if self._preformatted:
            for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
                if number:
                    self._end_line()
                self._add(line.replace(" ", "\xa0"))
            return
        text = BLANKS.sub(" ", text)
        if not self._line or self._line[-1].endswith(" "):
            text = text.removeprefix(" ")
        self._add(text)

    def open(self, source: str, piece: Piece) -> None:
        """A start tag."""
        if piece.name == "br":
            self._end_line()
        elif piece.name == "a":
            self._links.append((attributes(source, piece).get("href", "").strip(), []))
        elif piece.name in ("td", "th"):
            if self._line:
                self._add("\t")
        elif piece.name in BLOCKS:
            self._end_block()
            self._preformatted += piece.name == "pre"
            if piece.name == "li":
                self._add("- ")

    def close(self, name: str) -> None:
        """An end tag."""
        if name == "a" and self._links:
            address, said = self._links.pop()
            words = "".join(said).strip()
            if words and address.lower().startswith(LINK_SCHEMES) and words not in address:
                self._add(f" <{address}>")
        elif name in BLOCKS:
            self._end_block()
            if name == "pre":
                self._preformatted = max(0, self._preformatted - 1)

    def _add(self, text: str) -> None:
        if text:
            self._line.append(text)
            if self._links:
                self._links[-1][1].append(text)

    def _end_line(self) -> None:
        self._lines.append("".join(self._line))
        self._line.clear()

    def _end_block(self) -> None:
        """A block begins on a line of its own, and an empty rest of a line before it shows nothing."""
        if "".join(self._line).strip(" "):
            self._end_line()
        self._line.clear()

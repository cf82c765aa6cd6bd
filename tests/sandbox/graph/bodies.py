"""What Exchange makes of a body (facts §1.6): text is wrapped, HTML is cleaned, both read back as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser

PREVIEW_LENGTH = 255
WRAP_AT = 100
"""Columns after which Exchange breaks a line of HTML at the next blank."""

TEXT_SHELL = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
    '<meta name="Generator" content="Microsoft Exchange Server">\r\n'
    "<!-- converted from text -->\r\n"
    "<style><!-- .EmailQuote {{ margin-left: 1pt; padding-left: 4pt; "
    "border-left: #800000 2px solid; }} --></style></head>\r\n"
    '<body>\r\n<font size="2"><span style="font-size:11pt;"><div class="PlainText">{content}</div>'
    "</span></font>\r\n</body>\r\n</html>\r\n"
)
HTML_SHELL = (
    '<html>\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
    "{head}</head>\r\n<body>\r\n{content}\r\n</body>\r\n</html>\r\n"
)
WRAPPERS = frozenset({"html", "head", "body", "meta", "title", "base", "link", "xml"})
DROPPED_WITH_CONTENT = frozenset({"script", "iframe", "object", "applet", "svg", "math", "template", "title"})
DROPPED_TAGS = frozenset({"form", "input", "button", "select", "option", "textarea", "embed", "frame"})
VOID = frozenset({"br", "hr", "img", "wbr", "col", "area"})
BLOCKS = frozenset(
    {"div", "p", "table", "tr", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"}
)
KEPT_ATTRIBUTES = frozenset(
    {"href", "src", "alt", "title", "style", "class", "id", "name", "align", "valign", "width", "height"}
    | {"border", "cellpadding", "cellspacing", "colspan", "rowspan", "bgcolor", "color", "face", "size"}
    | {"dir", "lang", "start", "type", "target", "rel"}
)
PREFIXED = frozenset({"id", "class", "name"})
UNSAFE_URL = re.compile(r"\s*(javascript|vbscript|data)\s*:", re.I)
UNSAFE_STYLE = re.compile(r"expression\s*\(|javascript\s*:|position\s*:|behavior\s*:", re.I)
STYLE_SELECTOR = re.compile(r"([.#])(?=[A-Za-z_][\w-]*[^{};]*\{)")
BLANKS = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True)
class Body:
    """A stored body. The empty one is that of an event made without a body."""

    html: str = ""

    @classmethod
    def of_text(cls, text: str) -> Body:
        """A body written as text."""
        lines = html.escape(text, quote=False).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        content = "<br>\r\n".join(_kept_blanks(line) for line in lines)
        return cls(TEXT_SHELL.format(content=content or "&nbsp;"))

    @classmethod
    def of_html(cls, markup: str) -> Body:
        """A body written as HTML: comments, scripts and handlers go, ids and classes are prefixed with `x_`,
        blanks and line ends change."""
        if not markup:
            return cls()
        cleaner = _Cleaner()
        cleaner.feed(markup)
        cleaner.close()
        return cls(HTML_SHELL.format(head=cleaner.head(), content=cleaner.content()))

    @classmethod
    def of_trusted_html(cls, markup: str) -> Body:
        """HTML that Exchange wrote itself, e.g. the join block of an online meeting."""
        return cls(HTML_SHELL.format(head="", content=markup))

    @cached_property
    def text(self) -> str:
        """The body as `Prefer: outlook.body-content-type="text"` reads it."""
        return _text_of(self.html, links=True)

    @cached_property
    def preview(self) -> str:
        """The `bodyPreview`."""
        lines = (line.strip() for line in _text_of(self.html, links=False).split("\r\n"))
        return "\r\n".join(line for line in lines if line)[:PREVIEW_LENGTH]

    def with_appendix(self, markup: str) -> Body:
        """The body with trusted HTML at its end."""
        if "</body>" not in self.html:
            return Body.of_trusted_html(markup)
        before, _, after = self.html.rpartition("\r\n</body>")
        return Body(f"{before}\r\n{markup}\r\n</body>{after}")


def _kept_blanks(line: str) -> str:
    return re.sub(r"^ | (?= )", "&nbsp;", line)


class _Cleaner(HTMLParser):
    """Writes what it reads, without what Exchange takes out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._styles: list[str] = []
        self._column = 0
        self._dropping: list[str] = []
        self._in_style = False
        self._preformatted = 0

    def head(self) -> str:
        """The style sheets, class names prefixed."""
        return "".join(f"<style>\r\n<!--\r\n{css}\r\n-->\r\n</style>" for css in self._styles)

    def content(self) -> str:
        """What goes between the body tags."""
        return "".join(self._parts).strip()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in DROPPED_WITH_CONTENT:
            self._dropping.append(tag)
        if tag == "style":
            self._in_style = True
        if self._dropping or tag == "style" or tag in WRAPPERS or tag in DROPPED_TAGS or ":" in tag:
            return
        self._preformatted += tag == "pre"
        kept = "".join(f' {name}="{html.escape(value)}"' for name, value in _kept_attributes(attrs))
        self._write(f"<{tag}{kept}>")
        if tag == "br":
            self._break_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropping:
            while self._dropping.pop() != tag:
                continue
            return
        if tag == "style":
            self._in_style = False
        if self._dropping or tag == "style" or tag in WRAPPERS | DROPPED_TAGS | VOID or ":" in tag:
            return
        self._preformatted -= tag == "pre"
        self._write(f"</{tag}>")
        if tag in BLOCKS:
            self._break_line()

    def handle_data(self, data: str) -> None:
        if self._dropping:
            return
        if self._in_style:
            css = re.sub(r"<!--|-->", "", data).strip()
            if css and not UNSAFE_STYLE.search(css):
                self._styles.append(STYLE_SELECTOR.sub(r"\1x_", css))
            return
        if self._preformatted:
            self._write(html.escape(data, quote=False))
            return
        text = BLANKS.sub(" ", data)
        if text == " " and self._column == 0:
            return
        for word in re.split(r"(?= )", html.escape(text, quote=False).replace("\xa0", "&nbsp;")):
            if word.startswith(" ") and self._column + len(word) > WRAP_AT:
                self._break_line()
            self._write(word)

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._column += len(text)

    def _break_line(self) -> None:
        if not self._preformatted:
            self._parts.append("\r\n")
            self._column = 0


def _kept_attributes(attrs: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]]:
    kept = []
    for name, value in attrs:
        text = value or ""
        if name not in KEPT_ATTRIBUTES or (name in ("href", "src") and UNSAFE_URL.match(text)):
            continue
        if name == "style" and UNSAFE_STYLE.search(text):
            continue
        if name in PREFIXED:
            text = " ".join(f"x_{part}" for part in text.split())
        kept.append((name, text))
    return kept


class _Reader(HTMLParser):
    """Reads the words and the line ends out of HTML."""

    def __init__(self, *, links: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._links = links
        self._lines: list[str] = [""]
        self._skipping = 0
        self._preformatted = 0
        self._targets: list[str] = []

    def text(self) -> str:
        """The text, lines ended by CRLF."""
        lines = [line.rstrip(" ").replace("\xa0", " ") for line in self._lines]
        while lines and not lines[-1].strip():
            lines.pop()
        while lines and not lines[0].strip():
            lines.pop(0)
        return "\r\n".join(lines)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in ("head", "style", "script"):
            self._skipping += 1
        elif tag == "br":
            self._lines.append("")
        elif tag == "pre":
            self._preformatted += 1
        elif tag == "a":
            self._targets.append(dict(attrs).get("href") or "")
        if tag in BLOCKS:
            self._begin_block(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("head", "style", "script"):
            self._skipping = max(0, self._skipping - 1)
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
        elif tag == "a" and self._targets:
            target = self._targets.pop()
            if target and self._links and not self._lines[-1].endswith(target):
                self._lines[-1] += f"<{target}>"
        if tag in BLOCKS:
            self._begin_block(tag)

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        if self._preformatted:
            first, *others = data.replace("\r\n", "\n").split("\n")
            self._lines[-1] += first
            self._lines.extend(others)
            return
        text = BLANKS.sub(" ", data)
        if not self._lines[-1] or self._lines[-1].endswith(" "):
            text = text.removeprefix(" ")
        self._lines[-1] += text

    def _begin_block(self, tag: str) -> None:
        if self._lines[-1].strip(" "):
            self._lines.append("")
        if tag == "p" and len(self._lines) > 1 and self._lines[-2].strip():
            self._lines.append("")


def _text_of(markup: str, *, links: bool) -> str:
    if not markup:
        return ""
    reader = _Reader(links=links)
    reader.feed(markup)
    reader.close()
    text = reader.text()
    return "" if text.strip() == "" else text

"""Bodies: text to HTML and back, and the board's block among a person's words (A12, B11, B15)."""

from __future__ import annotations

import html
import re
import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.bodies import html_of, read_block, replaceable, text_of, with_block
from models.bodies.block import CLOSING, MARK_CLASS, MARK_LANGUAGE, OPENING
from models.bodies.markup import pieces
from models.content import Importance
from models.event import EventDetail
from models.texts import BODY_LIMIT, normal_body, normal_line, normal_subject, normal_text, shortened
from tests.samples import html_bodies, sample
from tests.sandbox.graph.bodies import Body

TEXTS = st.text(
    st.one_of(st.sampled_from(" \t\n\r\xa0<>&;\"'#-_aé€😀"), st.characters(exclude_categories=["Cs"])),
    max_size=80,
)
"""Whatever a planner may type, with the characters that trouble HTML made common."""
MARKUP = st.lists(
    st.one_of(
        TEXTS.map(html.escape),
        st.sampled_from(
            [
                *(
                    "<div>",
                    "</div>",
                    "<br>",
                    "<p class=x_MsoNormal>",
                    "</p>",
                    "<table>",
                    "</table>",
                    "<td>",
                    "</tr>",
                ),
                *(
                    "<html>",
                    "<head>",
                    "</head>",
                    "<body lang=EN>",
                    "</body>",
                    "</html>",
                    "\r\n",
                    "&nbsp;",
                    "<!-- -->",
                ),
                *(
                    "<!--",
                    "-->",
                    "<style>",
                    "</style>",
                    '<a title="',
                    "'",
                    ">",
                    "<",
                    "</",
                    "<![if !x]>",
                    "<![endif]>",
                ),
            ]
        ),
    ),
    max_size=12,
).map("".join)
"""What may stand around the block, well-formed or not."""


def typed(text: str) -> str:
    """A fragment as a mail client would write what a person types."""
    return "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in text.split("\n"))


def rewritten(source: str) -> str:
    """A harsher rewriting than the sandbox's: no comments, no ids, upper-case tags, other quotes, `tbody`."""
    source = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    source = re.sub(r'(class)="([^"]*)"', r"\1='x_\2'", source)
    source = source.replace("<tr>", "<tbody><tr>").replace("</tr>", "</tr></tbody>")
    source = re.sub(r"<(/?)(table|td|tr|div|br)\b", lambda tag: tag.group().upper(), source)
    return f"<html><head></head>\r\n<body>\r\n{source}\r\n</body></html>\r\n"


def detail_of(source: str) -> EventDetail:
    return EventDetail(subject="", body_html=source, importance=Importance.NORMAL)


@given(TEXTS)
@example("")
@example("  indented\n\n\nfar  apart\t\ttabs \xa0 end  ")
@example("&amp; &nbsp; <br> <!-- -->")
def test_text_reads_back_from_its_html(text: str) -> None:
    assert text_of(html_of(text)) == normal_text(text)
    assert text_of(Body.of_html(html_of(text)).html) == normal_text(text)
    assert text_of(Body.of_text(normal_text(text)).html) == normal_text(text)


@given(TEXTS)
def test_the_common_form_is_stable(text: str) -> None:
    for form in (normal_text, normal_line, normal_subject, normal_body):
        assert form(form(text)) == form(text)


@given(TEXTS, st.integers(1, 60))
def test_what_is_too_long_is_cut_once_and_for_all(text: str, limit: int) -> None:
    cut = shortened(text, limit)
    assert len(cut.encode("utf-16-le")) <= 2 * limit
    assert shortened(cut, limit) == cut
    assert cut == text or cut.endswith("…")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<p class=x_MsoNormal>one</p>\r\n<p>&nbsp;</p>\r\n<p>two\r\n words</p>", "one\n\ntwo words"),
        ("<div>a<br></div><div>b</div>", "a\nb"),
        ("one<!-- two --><style>p {}</style><script>three()</script> four", "one four"),
        ('<a href="https://x.test/y">here</a>', "here <https://x.test/y>"),
        ('<a href="https://x.test/y">https://x.test/y</a>', "https://x.test/y"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ("<ul><li>one</li><li>two</li></ul>three", "- one\n- two\nthree"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a    b\nc"),
        ("<pre>a  b\n  c</pre>d", "a  b\n  c\nd"),
        ("1 < 2 && 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("<b>bo</b>ld <i> and </i> slanted", "bold and slanted"),
        ('<div title="a > b">c</div>', "c"),
        ("<div unclosed='x", ""),
    ],
)
def test_html_is_read_as_a_person_would(source: str, text: str) -> None:
    assert text_of(source) == text


def test_captured_bodies_are_read() -> None:
    read = {text_of(body) for body in html_bodies()}
    assert {"A single timed event.", "Standup agenda", ""} <= read
    assert "Let's kick-start this event planning!" in read


def test_a_captured_join_block_reads_as_text_with_its_link() -> None:
    text = text_of(sample("event-teams-meeting.json")["body"]["content"])
    assert "Klik hier om deel te nemen aan de vergadering <https://teams.live.com/meet/" in text
    assert "<div" not in text


@given(MARKUP)
@example("<a b='\"><c")
def test_pieces_are_the_whole_source(source: str) -> None:
    found = list(pieces(source))
    assert "".join(source[piece.start : piece.end] for piece in found) == source
    assert all(piece.end > piece.start for piece in found)


@pytest.mark.parametrize(
    "unit", ["<", "<a ", '<a b="', "<!--", "</", "&#", "<table class=x ", "<style>", "<a b= "]
)
def test_a_hostile_body_takes_time_in_proportion_to_its_length(unit: str) -> None:
    def seconds(length: int) -> float:
        source = unit * (length // len(unit))
        begin = time.process_time()
        text_of(source)
        read_block(source)
        return time.process_time() - begin

    seconds(10_000)
    assert seconds(160_000) < 20 * max(seconds(40_000), 0.01)


# The board's block


@given(MARKUP, TEXTS)
@example('<table class="x_dime-scheduler-block"><body>', "text")
@example("<!-- <body>", "text")
@example("<style><body></style><body>", "text")
@example('<a title="<div><html>', "text")
@example("</head", "text")
def test_a12_a_new_block_loses_nothing_around_it(source: str, text: str) -> None:
    spliced = with_block(source, text)
    assert (read_block(spliced) or "") == normal_text(text)
    block = f"{OPENING}{html_of(text)}{CLOSING}" if normal_text(text) else ""
    place = spliced.index(block)
    assert spliced[:place] + spliced[place + len(block) :] == source


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_a12_a_replaced_block_leaves_every_byte_before_and_after_it(
    above: str, below: str, old: str, new: str
) -> None:
    before, after = f"<html><body>{typed(above)}", f"{typed(below)}</body></html>"
    first = f"{before}{with_block('', old)}{after}" if normal_text(old) else with_block(before + after, "")
    second = with_block(first, new)
    assert (read_block(second) or "") == normal_text(new)
    if normal_text(old):
        assert second == f"{before}{with_block('', new)}{after}"
        assert with_block(second, "") == before + after or not normal_text(new)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_a12_the_block_is_recognised_after_exchange_rewrote_the_body_again_and_again(
    above: str, below: str, old: str, new: str
) -> None:
    source = f"{typed(above)}{with_block('', old)}{typed(below)}"
    once = Body.of_html(source).html
    assert (read_block(once) or "") == normal_text(old)
    changed = Body.of_html(with_block(once, new)).html
    assert (read_block(changed) or "") == normal_text(new)
    others = with_block(changed, "")
    assert text_of(others) == text_of(with_block(once, ""))
    harsh = rewritten(with_block(changed, new))
    assert (read_block(harsh) or "") == normal_text(new)


@pytest.mark.parametrize(
    "opening",
    [
        f'<table class="x_x_{MARK_CLASS}">',
        f'<TABLE BORDER=0 CLASS="other x_{MARK_CLASS}">',
        f"<table lang={MARK_LANGUAGE.upper()}>",
        OPENING.partition("\r\n")[0],
    ],
)
def test_either_mark_is_enough(opening: str) -> None:
    source = f"<p>mine</p>{opening}<tbody><tr><td>the board's</td></tr></tbody></table><p>mine too</p>"
    assert read_block(source) == "the board's"
    assert with_block(source, "new") == f"<p>mine</p>{with_block('', 'new')}<p>mine too</p>"


@pytest.mark.parametrize(
    "source",
    [
        "<p>just words</p>",
        "<table><tr><td>a person's table</td></tr></table>",
        f'<table class="{MARK_CLASS}"><tr><td>never closed',
        f'<table class="{MARK_CLASS}"><table></table>',
        f'<!-- <table class="{MARK_CLASS}"></table> -->',
        f'<div class="{MARK_CLASS}">not a table</div>',
    ],
)
def test_where_no_block_can_be_found_nothing_of_the_persons_is_removed(source: str) -> None:
    assert read_block(source) is None
    assert with_block(source, "new") == with_block("", "new") + source
    assert with_block(source, "") == source


def test_a_table_that_a_person_puts_into_the_block_does_not_end_it() -> None:
    source = with_block("<p>before</p>", "text").replace("text", "<table><tr><td>in</td></tr></table>out")
    assert read_block(source) == "in\nout"
    assert with_block(source, "new").endswith("</table><p>before</p>")


def test_of_two_copies_of_a_block_the_upper_one_is_the_boards() -> None:
    block = with_block("", "board")
    assert with_block(block + block, "new") == with_block("", "new") + block


def test_a12_a_join_block_is_never_touched() -> None:
    source = sample("event-teams-meeting.json")["body"]["content"]
    spliced = with_block(source, "text")
    assert with_block(spliced, "") == source
    assert text_of(spliced).startswith("text\n")
    assert text_of(spliced).endswith(text_of(source))


def test_a12_a_block_that_swallowed_a_join_block_is_left_alone() -> None:
    body = sample("event-teams-meeting.json")["body"]["content"]
    join = body[body.index("<br>") : body.index("</body>")]
    source = with_block("", "text").replace("text", join)
    assert read_block(source) is None
    assert source in with_block(source, "new")


# Whether a planner's text may take the place of a person's


def test_b15_a_captured_body_of_plain_text_may_be_replaced() -> None:
    for name in ("event-single-organizer.json", "event-allday.json", "event-docs-multi-location.json"):
        assert replaceable(detail_of(sample(name)["body"]["content"])), name


@pytest.mark.parametrize(
    "source",
    [
        "",
        "words",
        '<div class="elementToProof" style="font-family: Aptos; color: rgb(0, 0, 0);">words</div>',
        '<html><head><style>p {margin:0}</style></head><body><p class="MsoNormal">words</p></body></html>',
        '<font color="#000000" size=2><span style="font-weight: normal">words</span></font>',
    ],
)
def test_b15_what_a_mail_client_adds_by_itself_is_plain(source: str) -> None:
    assert replaceable(detail_of(source))


@pytest.mark.parametrize(
    "source",
    [
        "<b>bold</b>",
        '<span style="font-weight:bold">bold</span>',
        '<span style="color:red">red</span>',
        '<span style="display:none">hidden</span>',
        '<font color="red">red</font>',
        '<a href="https://x.test">link</a>',
        '<img src="cid:1">',
        "<ul><li>item</li></ul>",
        "<table><tr><td>cell</td></tr></table>",
        "x" * (BODY_LIMIT + 1),
    ],
)
def test_b15_what_a_person_formed_linked_or_attached_is_not_plain(source: str) -> None:
    assert not replaceable(detail_of(source))


def test_b15_an_online_meeting_or_attachments_are_never_replaced() -> None:
    plain = detail_of("words")
    assert not replaceable(replace(plain, is_online_meeting=True))
    assert not replaceable(replace(plain, has_attachments=True))
    assert not replaceable(detail_of(sample("event-teams-meeting.json")["body"]["content"]))

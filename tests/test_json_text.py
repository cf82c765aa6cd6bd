"""JSON from elsewhere: whichever parser takes it, the value is that of the standard library."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.json_text import LARGE, digest_of, parse_json, rows_in_pieces
from models.record import Record

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=VALUES, ascii_only=st.booleans())
def test_a_text_is_read_as_the_standard_library_reads_it(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text) == json.loads(text)
    encoded = text.encode("utf-8", "surrogatepass")
    assert parse_json(encoded) == json.loads(encoded)


@pytest.mark.parametrize(
    "text",
    [
        '"\\ud800"',
        '{"half": "a\\udc00b"}',
        b"\xef\xbb\xbf[1]",
        "[1]".encode("utf-16"),
        "-Infinity",
        "[1e400]",
        '{"a": 1, "a": 2}',
    ],
)
def test_what_the_fast_parser_refuses_is_read_all_the_same(text: str | bytes) -> None:
    assert parse_json(text) == json.loads(text)


def test_not_a_number_is_read_too() -> None:
    assert math.isnan(parse_json("NaN"))


@pytest.mark.parametrize("text", ["", "{", "<html>", b"\xff\xfe\xfd", "[1,]", "nul"])
def test_what_is_no_json_is_an_error(text: str | bytes) -> None:
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        parse_json(text)


def test_what_is_nested_too_deep_is_an_error() -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse_json("[" * 100_000)


def test_a_large_text_is_read_like_a_small_one() -> None:
    row = {"subject": "Mount rails", "minutes": 45, "half": "\ud800"}
    rows = [row] * (LARGE // len(json.dumps(row)) + 1)
    text = json.dumps(rows)
    assert len(text) > LARGE
    assert parse_json(text) == rows


ROWS = st.dictionaries(st.sampled_from(["id", "", '"},{"id":', "other"]), VALUES, max_size=3)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9) | st.lists(st.builds(lambda row: {"id": 1, **row}, ROWS)), ROWS),
        min_size=1,
        max_size=8,
    ),
    size=st.integers(0, 200),
    gap=st.sampled_from([(",", ":"), (", ", ": ")]),
)
def test_a_list_that_is_read_in_pieces_has_the_same_rows(
    rows: list[tuple[object, dict[str, object]]], size: int, gap: tuple[str, str]
) -> None:
    """Also where objects in a row, and words in a string, look like the place between two rows."""
    listed = [{"id": own, **rest} for own, rest in rows]
    text = json.dumps(listed, separators=gap).encode()
    found = rows_in_pieces(text, size)
    assert found is None or found == json.loads(text)


def test_rows_are_read_in_pieces_whatever_lies_within_them() -> None:
    row = {"id": 1, "words": '},{"id":2}', "assignments": [{"id": 2}, {"id": 3}], "task": {"id": 4}}
    text = json.dumps([row] * 40, separators=(",", ":")).encode()
    for size in range(len(text) // 30):
        assert rows_in_pieces(text, size) == [row] * 40


@pytest.mark.parametrize(
    "text", ["[]", "{}", "[1]", '[{"id":1},{"id":2}', '[{"id":1},{"id":2}]]', '[{"id":1}x,{"id":2}]']
)
def test_what_is_no_list_of_rows_is_not_read_in_pieces(text: str) -> None:
    assert rows_in_pieces(text.encode(), 1) is None


@pytest.mark.parametrize("count", [3, LARGE // 25], ids=["short", "long"])
def test_what_is_made_of_the_objects_of_a_list_is_kept_in_their_place(count: int) -> None:
    rows = [{"id": number, "more": {"id": 0}} for number in range(count)]
    text = json.dumps(rows).encode()
    assert parse_json(text, lambda row: row["id"]) == list(range(count))
    assert parse_json(text) == rows


def test_of_what_is_no_object_in_a_list_and_no_list_nothing_is_made() -> None:
    assert parse_json('[1, {"id": 2}, [{"id": 3}]]', lambda row: row["id"]) == [1, 2, [{"id": 3}]]
    assert parse_json('{"id": {"id": 4}}', lambda row: row["id"]) == {"id": {"id": 4}}


NAMED = st.dictionaries(st.text(max_size=3), VALUES, max_size=12)


@given(row=NAMED, inner=NAMED)
def test_the_record_of_an_object_is_that_of_its_dictionary(
    row: dict[str, object], inner: dict[str, object]
) -> None:
    whole = {**row, "inner": inner}
    assert Record.of_json(json.loads(json.dumps(whole))) == Record(whole)


@given(one=VALUES, other=VALUES)
def test_digests_tell_values_apart_and_equal_ones_not(one: object, other: object) -> None:
    assert digest_of(one) == digest_of(json.loads(json.dumps(one)))
    if json.dumps(one) != json.dumps(other):
        assert digest_of(one) != digest_of(other)


@pytest.mark.parametrize("value", [{"half": "\ud800"}, {"count": 2**80}])
def test_what_no_utf_8_holds_has_a_digest_too(value: object) -> None:
    assert digest_of(value) == digest_of(json.loads(json.dumps(value)))
    assert digest_of(value) != digest_of({"half": "\ud801"})

"""What goes into a column comes out of it, exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.content import Content, Field
from models.decision import Side
from models.link import Agreed
from models.storage import codec
from models.storage.records import ChangeRecord
from models.supervision import ChildState, RunState
from models.when import Timed
from tests.storage_kit import agreements, content, contents, moments, texts


@given(contents())
def test_a_content_comes_back_as_it_was(value: Content) -> None:
    assert codec.to_content(codec.content(value)) == value


@given(contents())
def test_a_content_is_kept_in_ascii(value: Content) -> None:
    assert codec.content(value).isascii()


@given(agreements())
def test_an_agreed_state_comes_back_as_it_was(value: Agreed) -> None:
    assert codec.to_agreed(codec.agreed(value)) == value


def test_what_both_sides_agree_on_is_kept_once() -> None:
    same = codec.agreed(Agreed(board=content(), outlook=content()))
    assert same is not None
    assert list(json.loads(same)) == ["board"]
    assert codec.agreed(None) is None


@given(moments(), moments())
def test_instants_sort_as_their_texts_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (codec.instant(one) < codec.instant(other))
    assert codec.to_instant(codec.instant(one)) == one


def test_an_instant_of_another_zone_is_kept_in_utc() -> None:
    brussels = datetime(2026, 7, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    assert codec.instant(brussels) == "2026-07-01T12:30:00.000000+00:00"
    assert codec.to_instant(codec.instant(brussels)).tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        codec.instant(datetime(2026, 7, 1))  # noqa: DTZ001  # that is what is refused


def test_a_timed_interval_comes_back_in_utc_itself() -> None:
    when = codec.to_content(codec.content(content())).when
    assert isinstance(when, Timed)
    assert when.start.tzinfo is UTC


@given(
    st.lists(
        st.builds(
            ChangeRecord,
            field=st.sampled_from(Field),
            agreed=texts(),
            board=texts(),
            outlook=texts(),
            winner=st.sampled_from(Side),
        )
    )
)
def test_changes_come_back_as_they_were(changes: list[ChangeRecord]) -> None:
    assert codec.to_changes(codec.changes(changes)) == tuple(changes)


@given(st.lists(st.tuples(texts(), texts())))
def test_pairs_come_back_as_they_were(pairs: list[tuple[str, str]]) -> None:
    assert codec.to_pairs(codec.pairs(pairs)) == tuple(pairs)


@given(
    st.builds(
        ChildState,
        state=st.sampled_from(RunState),
        incarnation=st.integers(0, 10**9),
        since=st.none() | moments(),
        probing=st.booleans(),
        failures=st.integers(0, 99),
        crashed_incarnation=st.integers(0, 99),
        troubled_since=st.none() | moments(),
        crashes=st.lists(moments(), max_size=3).map(tuple),
        suspects=st.lists(st.tuples(texts(), st.integers(1, 9)), max_size=3).map(tuple),
        reason=texts(),
    )
)
def test_the_state_of_a_child_comes_back_as_it_was(child: ChildState) -> None:
    assert codec.to_child(codec.child(child)) == child


def test_a_suspect_that_is_no_text_is_not_kept() -> None:
    child = ChildState(suspects=((("tuple", 1), 2), ("text", 1)))
    assert codec.to_child(codec.child(child)).suspects == (("text", 1),)

"""Values that are made often are frozen dataclasses like any other."""

from __future__ import annotations

import copy
import inspect
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from models.made_often import made_often


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Often:
    name: str
    place: int = 7
    others: list[int] = field(default_factory=list)


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Positive:
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("below zero")


def test_it_is_made_compared_shown_and_copied_as_any_other() -> None:
    one = Often(name="a")
    assert (one.name, one.place, one.others) == ("a", 7, [])
    assert one == Often(name="a", place=7, others=[]) != Often(name="a", place=8)
    assert repr(one) == "Often(name='a', place=7, others=[])"
    assert replace(one, place=9) == Often(name="a", place=9)
    assert copy.deepcopy(one) == one
    assert [member.name for member in fields(Often)] == ["name", "place", "others"]


def test_each_has_a_default_of_its_own() -> None:
    one, other = Often(name="a"), Often(name="b")
    one.others.append(1)
    assert other.others == []


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Often(name="a").name = "b"  # type: ignore[misc]  # that is what must not be possible
    with pytest.raises(FrozenInstanceError):
        del Often(name="a").name


def test_what_is_missing_or_unknown_or_not_named_is_refused() -> None:
    assert list(inspect.signature(Often).parameters) == ["name", "place", "others"]
    with pytest.raises(TypeError, match="name"):
        Often()  # type: ignore[call-arg]  # that is what must be refused
    with pytest.raises(TypeError, match="colour"):
        Often(name="a", colour="red")  # type: ignore[call-arg]  # likewise
    with pytest.raises(TypeError, match="positional"):
        Often("a")  # type: ignore[call-arg]  # likewise


def test_what_it_checks_it_goes_on_checking() -> None:
    assert Positive(number=1).number == 1
    with pytest.raises(ValueError, match="below zero"):
        Positive(number=-1)

"""Single keys of a configuration file are changed, and everything else in it stays as somebody wrote it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings.editing import NotEditable, with_values

WRITTEN = """# our connector
[scheduler]
url = "https://board.test"   # the one in the cellar
[defaults]   # what holds for those who have not chosen
share = true
show_as = [
    "busy",  # of course
    "oof",
]
mask_subject = "Busy # not a comment"  # a comment

[rules]
file = ""
"""


def test_a_key_is_replaced_and_its_neighbours_and_comments_stay() -> None:
    edited = with_values(WRITTEN, "defaults", {"show_as": ["tentative"], "mask_subject": "Away"})
    assert edited == WRITTEN.replace(
        'show_as = [\n    "busy",  # of course\n    "oof",\n]', 'show_as = ["tentative"]'
    ).replace('"Busy # not a comment"', '"Away"')


def test_a_key_that_is_not_there_goes_to_the_end_of_its_section() -> None:
    edited = with_values(WRITTEN, "defaults", {"private": "mask"})
    assert 'a comment\nprivate = "mask"\n\n[rules]' in edited


def test_a_section_that_is_not_there_is_added() -> None:
    assert with_values("[rules]\nfile = ''", "defaults", {"share": False}) == (
        "[rules]\nfile = ''\n[defaults]\nshare = false\n"
    )
    assert with_values("", "rules", {"file": 'C:\\rules "x".json'}) == (
        '[rules]\nfile = "C:\\\\rules \\"x\\".json"\n'
    )


@pytest.mark.parametrize(
    "written",
    [
        "defaults = { share = true }\n",
        "defaults.share = true\n",
        '"defaults" = { share = true }\n[rules]\nfile = ""\n',
        '[defaults]\n"share" = true\n',
        "no toml at all",
    ],
)
def test_what_is_written_in_another_way_is_left_to_a_person(written: str) -> None:
    with pytest.raises(NotEditable):
        with_values(written, "defaults", {"share": False})


VALUES = st.one_of(st.booleans(), st.text(max_size=20), st.lists(st.text(max_size=8), max_size=3))


@given(st.dictionaries(st.sampled_from(["share", "show_as", "private"]), VALUES), st.text(max_size=30))
def test_whatever_comes_of_it_says_what_was_wanted_and_nothing_else(
    values: dict[str, Any], note: str
) -> None:
    written = WRITTEN + "".join(f"# {line}\n" for line in note.splitlines())
    try:
        edited = with_values(written, "defaults", values)
    except NotEditable:
        return
    wanted = tomllib.loads(written)
    wanted["defaults"].update(values)
    assert tomllib.loads(edited) == wanted

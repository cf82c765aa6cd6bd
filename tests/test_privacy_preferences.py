"""Preferences: judged, locked, as tables: every show-as and sensitivity, hidden and masked (B2–B4, B17)."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.content import Sensitivity, ShowAs
from models.event import EventHead, EventType
from models.ids import Etag, EventId, ResourceNo
from models.judging import effective_preferences, judge
from models.preferences import Preferences, PrivateEvents, StoredPreferences, Verdict
from models.preferences_table import ADMINISTRATOR, TableError, imported, read_table, write_table
from models.storage.changes import PutPreferences
from models.storage.records import ResourcePreferences, Trigger
from models.when import Timed
from tests.process_kit import Connector
from tests.services_kit import Sandbox, hours_from_now, wait_until
from tests.web_kit import ANNA, BRAM, CONTROL_KEY, Office, client, office

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = {"Authorization": f"Bearer {CONTROL_KEY}"}

several_show_as = st.frozensets(st.sampled_from(ShowAs))
several_sensitivities = st.frozensets(st.sampled_from(Sensitivity))
preferences = st.builds(
    Preferences,
    share=st.booleans(),
    show_as=several_show_as,
    sensitivity=several_sensitivities,
    private=st.sampled_from(PrivateEvents),
)


def head(show_as: ShowAs, sensitivity: Sensitivity) -> EventHead:
    when = Timed(start=NOON, end=NOON + timedelta(hours=1))
    return EventHead(
        id=EventId("e"),
        etag=Etag("v"),
        type=EventType.SINGLE,
        when=when,
        show_as=show_as,
        sensitivity=sensitivity,
    )


@pytest.mark.parametrize(("show_as", "sensitivity"), list(itertools.product(ShowAs, Sensitivity)))
@given(chosen=preferences)
def test_b2_b3_b4_each_show_as_and_sensitivity_is_shared_if_it_was_chosen(
    show_as: ShowAs, sensitivity: Sensitivity, chosen: Preferences
) -> None:
    """B1–B4: all six values of show-as with all four sensitivities, under any preferences."""
    verdict = judge(head(show_as, sensitivity), chosen)
    if not chosen.share:
        assert verdict is Verdict.SHARING_OFF
    elif show_as not in chosen.show_as:
        assert verdict is Verdict.SHOW_AS_NOT_SHARED
    elif sensitivity in chosen.sensitivity:
        assert verdict is Verdict.SHARED
    elif chosen.private is PrivateEvents.MASK and sensitivity is not Sensitivity.NORMAL:
        assert verdict is Verdict.MASKED
    else:
        assert verdict is Verdict.SENSITIVITY_NOT_SHARED


@given(own=preferences, defaults=preferences)
def test_b17_where_resources_do_not_decide_the_defaults_judge(
    own: Preferences, defaults: Preferences
) -> None:
    stored = StoredPreferences(preferences=own, set_by="resource", set_at=NOON)
    assert effective_preferences(stored, defaults, resources_decide=False) == defaults
    assert effective_preferences(stored, defaults, resources_decide=True) == own
    assert effective_preferences(None, defaults, resources_decide=True) == defaults


# Tables


@given(st.lists(st.tuples(preferences, st.booleans()), max_size=8))
def test_a_table_that_was_exported_changes_nothing_when_it_is_imported(
    chosen: list[tuple[Preferences, bool]],
) -> None:
    known = {
        ResourceNo(f"R{number}"): ResourcePreferences(
            resource_no=ResourceNo(f"R{number}"),
            stored=StoredPreferences(preferences=one, set_by="resource", set_at=NOON),
            locked=locked,
        )
        for number, (one, locked) in enumerate(chosen)
    }
    table = write_table(known, known, Preferences())
    choices = read_table(table, known)
    assert [choice.applied_to(Preferences()) for choice in choices] == [one for one, _ in chosen]
    assert imported(choices, known, Preferences(), NOON) == []


@pytest.mark.parametrize(
    "text", ["resourceNo,showAs\nR1,oof busy\n", "\ufeffResourceNo;SHOWAS\r\nR1;Oof,BUSY\r\n"]
)
def test_a_table_of_any_spreadsheet_is_read_and_an_empty_cell_leaves_what_is(text: str) -> None:
    (choice,) = read_table(text, {ResourceNo("R1")})
    present = Preferences(share=False, private=PrivateEvents.MASK)
    assert choice.applied_to(present) == Preferences(
        share=False, private=PrivateEvents.MASK, show_as=frozenset({ShowAs.OOF, ShowAs.BUSY})
    )
    (change,) = imported([choice], {}, present, NOON)
    assert (change.stored.set_by, change.stored.set_at, change.locked) == (ADMINISTRATOR, NOON, False)


def test_everything_that_is_wrong_in_a_table_is_named_by_its_line() -> None:
    text = "resourceNo,share,showAs,private\nR1,perhaps,busy,hide\n\nR9,yes,bussy,blur\nR1,yes,,\n,no,,,\n"
    with pytest.raises(TableError) as caught:
        read_table(text, {ResourceNo("R1")})
    told = caught.value.problems
    assert told[0] == "line 2: share: 'perhaps' is neither yes nor no"
    assert "line 4: showAs: 'bussy' is none of: free, tentative, busy" in told[1]
    assert told[2].startswith("line 4: private: 'blur'")
    assert told[3] == "line 4: the board lists no resource 'R9'"
    assert "line 5: resource R1 is there twice" in told
    assert "line 6: resourceNo is empty" in told


@pytest.mark.parametrize(
    "text", ["", "share\nyes\n", "resourceNo,colour\nR1,red\n", "resourceNo,share,share\n"]
)
def test_a_table_without_its_columns_is_refused(text: str) -> None:
    with pytest.raises(TableError) as caught:
        read_table(text, ())
    assert all(problem.startswith("line 1: ") for problem in caught.value.problems)


@pytest.mark.parametrize("text", ['resourceNo,share\nR1,"yes\n' + "R2,no\n" * 30_000, "x" * 200_000])
def test_a_quote_that_is_never_closed_is_a_problem_of_its_line(text: str) -> None:
    with pytest.raises(TableError, match=r"^line \d+: field larger than field limit"):
        read_table(text, ())


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_names_what_is_wrong(text: str) -> None:
    with contextlib.suppress(TableError):
        read_table(text, ())
        return
    with pytest.raises(TableError) as caught:
        read_table(text, ())
    problems = caught.value.problems
    assert problems
    assert all(problem.startswith("line ") for problem in problems)


# In the process


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as opened:
        opened.employ(ANNA, BRAM)
        yield opened


def test_b10_a_table_is_taken_whole_and_everybody_in_it_is_judged_anew(place: Office) -> None:
    web = client(place)
    table = "resourceNo,share,locked\nANNA,no,yes\nBRAM,yes,\n"
    answer = web.post("/api/preferences", headers=KEY, json={"table": table})
    assert answer.get_json() == {"resources": 2}
    own = place.store.preferences_of(ANNA)
    assert own is not None
    assert (own.stored.preferences.share, own.locked, own.stored.set_by) == (False, True, ADMINISTRATOR)
    for number in (ANNA, BRAM):
        hint = place.hint_of(number)
        assert hint is not None
        assert (hint.preferences, hint.trigger) == (True, Trigger.PREFERENCES)


def test_of_a_table_with_one_bad_line_nothing_is_taken(place: Office) -> None:
    answer = client(place).post(
        "/api/preferences", headers=KEY, json={"table": "resourceNo,share\nANNA,no\nNOBODY,no\n"}
    )
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "line 3: the board lists no resource 'NOBODY'"
    assert place.store.preferences_of(ANNA) is None
    assert place.hint_of(ANNA) is None


def test_e_what_an_administrator_has_locked_only_an_administrator_changes(place: Office) -> None:
    stored = StoredPreferences(preferences=Preferences(share=False), set_by=ADMINISTRATOR, set_at=NOON)
    place.put(PutPreferences(resource_no=ANNA, stored=stored, locked=True))
    with pytest.raises(Exception, match="an administrator has locked"):
        place.administration.set_preferences(ANNA, Preferences(), set_by="anna@contoso.test")
    with pytest.raises(Exception, match="an administrator"):
        place.administration.set_preferences(BRAM, Preferences(), set_by="bram@contoso.test", locked=False)
    answer = client(place).put("/api/resources/ANNA/preferences", headers=KEY, json={"share": True})
    assert (answer.get_json()["share"], answer.get_json()["locked"]) == (True, True)
    answer = client(place).put("/api/resources/ANNA/preferences", headers=KEY, json={"locked": False})
    assert (answer.get_json()["share"], answer.get_json()["locked"]) == (True, False)


@pytest.mark.slow
def test_b10_a_table_imported_beside_the_process_reaches_the_board_at_once(
    sandbox: Sandbox, connector: Connector, tmp_path: Path
) -> None:
    """B10: by the command line while the process runs, and judged against the events that there are."""
    ann = sandbox.mailbox("ann@contoso.test")
    ann.create(subject="Dentist", start=hours_from_now(30), end=hours_from_now(31), showAs="tentative")
    connector.configure(sync={"outlook_poll_seconds": 3600, "board_poll_seconds": 3600})
    connector.start()
    connector.wait_in_step()
    assert not sandbox.board.having(subject="Dentist")
    table = tmp_path / "table.csv"
    exported = connector.command("preferences", "export", str(table))
    assert exported.code == 0, exported.stderr
    rows = table.read_text(encoding="utf-8").replace("R001,yes,busy oof", "R001,yes,tentative busy oof")
    table.write_text(rows.replace("R002,yes", "R002,perhaps"), encoding="utf-8")
    refused = connector.command("preferences", "import", str(table))
    assert refused.code == 1
    assert "line 3: share: 'perhaps' is neither yes nor no" in refused.stderr
    assert connector.command("preferences", "show", "R001", "--json").json["setBy"] is None
    table.write_text(rows, encoding="utf-8")
    assert connector.command("preferences", "import", str(table)).code == 0
    wait_until(lambda: sandbox.board.having(subject="Dentist"), why="the board follows")

"""Work on many resources is shared by several processes, and its outcome is as if there were one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.commandline.shares import MOST_SHARES, RESOURCES_EACH, Share, shares_of
from models.ids import ResourceNo
from tests.established import established
from tests.process_kit import bare_environment
from tests.services_kit import wait_until
from tests.shared_work import NUMBERS, SECRET

ROOT = Path(__file__).parent.parent

NOTHING_PASSES = {
    "Rules": [{"Name": "All", "Rules": [{"Name": "Never", "Expression": 'appointment.Subject == "-"'}]}]
}

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process does all by itself")


def outcome(what: str, code: int = 0) -> tuple[Any, str]:
    """What `tests.shared_work` says on stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.shared_work", what],
        cwd=ROOT, env=bare_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout), done.stderr


def in_order(document: Any) -> Any:
    """A plan, whichever of a resource's items were decided about first."""
    for one in document["resources"]:
        one["acts"].sort(key=json.dumps)
    return document


@given(st.text(max_size=20), st.integers(1, 16))
def test_every_resource_is_in_one_share_and_always_in_the_same(number: str, count: int) -> None:
    parts = [Share(part, count) for part in range(count)]
    (first,) = [part for part in parts if ResourceNo(number) in part]
    assert ResourceNo(number) in Share(first.number, count)


@pytest.mark.parametrize(
    ("resources", "cores", "count"),
    [
        (0, 8, 1),
        (2 * RESOURCES_EACH - 1, 8, 1),
        (2 * RESOURCES_EACH, 8, 2),
        (2 * RESOURCES_EACH, 1, 1),
        (100_000, 2, 2),
        (100_000, 64, MOST_SHARES),
    ],
)
@on_linux
def test_there_are_as_many_shares_as_are_worth_their_beginning(
    monkeypatch: pytest.MonkeyPatch, resources: int, cores: int, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert shares_of(resources) == tuple(Share(number, count) for number in range(count))


@on_linux
def test_a_process_of_several_threads_is_not_copied() -> None:
    assert outcome("threads")[0] == 1


@on_linux
def test_what_each_process_found_comes_together_and_all_are_told_of_at_a_time() -> None:
    said, _ = outcome("whose")
    numbers, processes, niceness = zip(*said["found"], strict=True)
    assert sorted(number for some in numbers for number in some) == sorted(NUMBERS)
    assert all(len(some) > len(NUMBERS) / 6 for some in numbers)
    assert len({said["own"], *processes}) == 4
    assert min(niceness) > 0, "the process that synchronises comes first"
    assert said["shown"][-1] == [True, len(NUMBERS), 6]


@on_linux
def test_a_problem_of_one_is_told_as_ever_and_ends_the_others() -> None:
    assert outcome("fails")[0] == {"lines": ["[graph]: is missing; write it"], "code": 2}
    said, _ = outcome("held")
    assert "the store store.db is in use by another process" in said["lines"][0]
    assert said["code"] == 2


@on_linux
def test_e_a_defect_is_told_by_its_type_and_place_and_not_by_what_it_says() -> None:
    said, told = outcome("breaks")
    assert "has ended early (exit code 70)" in said["lines"][0]
    assert said["code"] == 70
    assert "KeyError" in told
    assert "shared_work.py" in told
    assert SECRET not in told


@on_linux
def test_a_process_that_is_killed_is_said_to_have_ended() -> None:
    said, _ = outcome("killed")
    assert "has ended early (exit code -9)" in said["lines"][0]


@on_linux
def test_processes_of_which_nobody_waits_for_the_answer_end() -> None:
    left, told = outcome("orphans", code=-9)
    assert len(left) == 3
    wait_until(lambda: not any(is_alive(pid) for pid in left), 20, "they have ended")
    assert told == ""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may still be listed until somebody asks how."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return False


@pytest.mark.slow
@on_linux
def test_what_a_plan_says_does_not_depend_on_how_many_cores_there_are(tmp_path: Path) -> None:
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        pytest.skip("there is one core only")
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(NOTHING_PASSES), encoding="utf-8")
    with established(tmp_path, resources=2 * RESOURCES_EACH, appointments=2) as (sandbox, connector):
        mark, said = sandbox.mark(), list[Any]()
        for used in (cores, {min(cores)}):
            os.sched_setaffinity(0, used)
            try:
                planned = connector.command("plan", "--json", "--rules", str(rules))
            finally:
                os.sched_setaffinity(0, cores)
            assert planned.code == 0, planned.stderr
            said.append(in_order(planned.json))
        listings = [one for one in sandbox.requests(mark, service="scheduler") if "/appointment?" in one.path]
        assert sandbox.writes(mark) == []
    assert said[0] == said[1]
    assert said[0]["totals"]["delete_event"] > 2 * RESOURCES_EACH
    assert len({one.path for one in listings}) > 2, "each reads of the board what it needs"

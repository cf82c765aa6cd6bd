"""A rehearsal keeps its threads together, and leaves the process as it was."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from actors.commandline.rehearsing import on_one_core

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads stay where they are")


def cores_of_a_new_thread() -> set[int]:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(os.sched_getaffinity, 0).result()


def test_threads_that_a_rehearsal_starts_share_a_core_and_later_ones_do_not() -> None:
    before = os.sched_getaffinity(0)
    with on_one_core():
        assert len(cores_of_a_new_thread()) == 1
    assert cores_of_a_new_thread() == before


def test_where_it_is_forbidden_a_rehearsal_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(pid: int, mask: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", forbidden)
    before = os.sched_getaffinity(0)
    with on_one_core():
        assert cores_of_a_new_thread() == before

"""Work in shares, as a program of its own: only a process of one thread may be copied.

`python -m tests.shared_work WHAT` prints the outcome as one JSON document.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from actors.commandline.shares import Say, Share, Team, shares_of
from actors.commandline.telling import Failure
from actors.logs import configure_logging
from actors.settling import Progress
from models.ids import ResourceNo
from models.setting_error import SettingError
from models.storage.errors import StoreHeld

NUMBERS = tuple(ResourceNo(f"R{number}") for number in range(100))
SHARES = tuple(Share(number, 3) for number in range(3))
SECRET = "a subject that nobody may read"


def whose(share: Share, say: Say) -> tuple[tuple[ResourceNo, ...], int, int]:
    """Which resources a share has, in which process, and how often that process gives way."""
    mine = tuple(number for number in NUMBERS if number in share)
    say(Progress(loaded=True, resources=len(mine), busy=frozenset(mine[:2])))
    return mine, os.getpid(), os.nice(0)


def fails(share: Share, say: Say) -> None:
    """The middle one cannot read its settings; the others would work for ever."""
    if share.number == 1:
        raise SettingError("[graph]", "is missing", "write it")
    threading.Event().wait()


def finds_the_store_held(share: Share, say: Say) -> None:
    """The store says whose it is."""
    raise StoreHeld("store.db", None)


def breaks(share: Share, say: Say) -> None:
    """A defect, with something private in its message."""
    raise KeyError(SECRET)


def is_killed(share: Share, say: Say) -> None:
    """As the system kills what takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def goes_on_talking(share: Share, say: Say) -> None:
    """Has always something to say."""
    while True:
        say(Progress(loaded=False, resources=0, busy=frozenset()))
        threading.Event().wait(0.01)


def leave_behind() -> None:
    """Tell which processes work, and be killed."""
    with Team(SHARES, goes_on_talking) as team:
        print(json.dumps([one.process.pid for one in team._running.values()]), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


WORKS = {"whose": whose, "fails": fails, "held": finds_the_store_held, "breaks": breaks, "killed": is_killed}


def main(what: str) -> None:
    """Print what came of it."""
    if what == "threads":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        print(json.dumps(len(shares_of(100_000))))
        return
    configure_logging(readable=True)
    if what == "orphans":
        leave_behind()
    shown = list[Progress]()
    try:
        with Team(SHARES, WORKS[what]) as team:
            found = team.found(shown.append)
    except Failure as failure:
        print(json.dumps({"lines": failure.lines, "code": failure.code}))
        return
    seen = [[one.loaded, one.resources, len(one.busy)] for one in shown]
    print(json.dumps({"found": found, "shown": seen, "own": os.getpid()}))


if __name__ == "__main__":
    main(sys.argv[1])

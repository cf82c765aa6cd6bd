"""Errors of the execution model, and how any error is described without what it carries.

    ActorError
    ├── WouldDeadlockError     wait for the reply as a message, or put the two actors on different dispatchers
    ├── SendersClosedError     the process is stopping: the work was not begun; the next start does it
    └── LivelockError          a simulation that should have come to rest did not: look at who tells whom

    InfrastructureError        what the whole process stands on has failed: it stops, with an exit code not 0
    ProcessCrash               a simulated kill -9: unwinds to the simulator through everything

An exception's text may hold a subject, a name or an address, and so may the local variables of its frames.
Logs therefore get what `log_failure` puts in them, never `str(error)` and never `exc_info`.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

FRAMES_SHOWN = 30
"""Innermost frames kept for each exception: enough to find the line, short enough for a recursion error."""

CAUSES_SHOWN = 8
"""Exceptions followed along `__cause__` and `__context__`."""


class ActorError(Exception):
    """What goes wrong in the execution model itself."""


class WouldDeadlockError(ActorError):
    """An actor was about to wait for an answer on the threads that would have to produce it."""


class SendersClosedError(ActorError):
    """Work was handed to senders that are stopping; it was not begun."""


class LivelockError(ActorError):
    """A single-threaded run did not come to rest within the number of steps it was given."""


class InfrastructureError(Exception):
    """The store, the timers or something else that everything stands on has failed.

    Raised inside an actor it is not answered with a restart: the supervisor escalates, the process exits
    with a code other than 0 and the service manager starts it anew.
    """


class ProcessCrash(BaseException):
    """The simulated process dies at this line. The runtime never treats it as the failure of one actor."""


def log_failure(log: Any, event: str, error: BaseException, **fields: object) -> None:  # noqa: ANN401 - structlog's
    """Log an error by its type and the places it passed, at the level "error"."""
    log.error(event, **fields, error=type_name(error), at=safe_traceback(error))


def type_name(error: BaseException) -> str:
    """The qualified name of the error's type: `ValueError`, `actors.graph.errors.Throttled`."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def safe_traceback(error: BaseException) -> list[str]:
    """Where the error came from, innermost frame last: types and code locations, no texts, no values.

    Causes follow after the error they led to.
    """
    lines: list[str] = []
    current: BaseException | None = error
    relation = ""
    for _ in range(CAUSES_SHOWN):
        if current is None:
            break
        lines.append(relation + type_name(current))
        lines.extend(_locations(current))
        if current.__cause__ is not None:
            current, relation = current.__cause__, "caused by "
        elif current.__suppress_context__:
            break
        else:
            current, relation = current.__context__, "while handling "
    return lines


def _locations(error: BaseException) -> list[str]:
    # walk_tb gives code and line numbers without reading source text or repr()ing a local
    frames = [
        f"  {'/'.join(Path(frame.f_code.co_filename).parts[-3:])}:{line} {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-FRAMES_SHOWN:]

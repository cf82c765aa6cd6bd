"""An operation told as the requests it takes, one after another, without performing any of them.

Its steps are a generator: it yields a `Request`, is resumed with the `Reply` or, if there is none, has the
`Problem` thrown into it, and returns its value. Whoever drives it decides when each request goes out, alone
or together with others, and what is repeated. So reading page after page, or looking whether a refused
deletion was needless, reads like a few lines of blocking code and blocks nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from actors.clients.errors import About, Defect, Malformed, Problem
from actors.clients.transport import ANSWER_SECONDS, Headers
from actors.runtime.errors import safe_traceback, type_name
from models.json_text import EachRow

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of an operation, relative to its service."""

    method: str
    template: str
    """The path with names in the place of ids, for texts and metrics."""
    path: str = field(default="", repr=False)
    """The path with its query, percent-encoded, under the service's base URL; or else `link`."""
    link: str = field(default="", repr=False)
    """An absolute URL that the service gave."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    """A JSON value; None for no body."""
    repeatable: bool = True
    """Whether doing it twice is the same as doing it once. If not, a lost answer is an unknown outcome."""
    alone: bool = False
    """Whether it must not share a call with others: large answers, long waits."""
    timeout: float = ANSWER_SECONDS
    each: EachRow | None = field(default=None, repr=False, compare=False)
    """What makes of the objects that it lists what is kept of them: an answer may be a hundred megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one request that succeeded."""

    about: About
    body: Any = field(default=None, repr=False)
    """The JSON value; None where the answer has no body."""
    headers: Headers = field(default_factory=Headers)
    base_url: str = field(default="", repr=False)
    """The service's own base URL: links have to lead there."""

    def mapping(self) -> Mapping[str, Any]:
        """The body, which has to be an object. Raises `Malformed`."""
        if not isinstance(self.body, Mapping):
            raise Malformed(self.about)
        return self.body


Steps: TypeAlias = Generator[Request, Reply, T]


class Priority(IntEnum):
    """Whose turn it is first. Within one priority mailboxes take turns."""

    CHANGE = 0
    """Somebody changed something and waits to see it on the other side."""
    CATCH_UP = 1
    """A poll, a first synchronisation."""
    BACKGROUND = 2
    """An audit, a renewal that is not due yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[T]):
    """An operation that has its value."""

    value: T = field(repr=False)
    request_id: str = ""
    """Of the last request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An operation that has none."""

    problem: Problem
    request_id: str = ""


Outcome: TypeAlias = Done[Any] | Failed


class Operation(Protocol[T_co]):
    """What the operations of either system have in common."""

    @property
    def is_write(self) -> bool:
        """Whether it changes anything at the service."""
        ...


def always() -> bool:
    """What stands whatever happens."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Asks a gateway to perform an operation."""

    operation: Operation[Any]
    reply: Callable[[Outcome], None]
    """Called exactly once, on the gateway's turn: it tells somebody and does nothing else."""
    priority: Priority = Priority.CATCH_UP
    stands: Callable[[], bool] = always
    """Whether it is still wanted: asked on the gateway's turn before each of its requests goes out, and again
    where that is repeated. It looks and does nothing else. What does not stand fails as `Overtaken`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Generic[T]):
    """What steps return when they are through."""

    value: T = field(repr=False)


Progress: TypeAlias = Request | Finished[Any] | Problem


def begin(steps: Steps[Any], about: About) -> Progress:
    """Run steps to their first request."""
    return _run(lambda: next(steps), about)


def resume(steps: Steps[Any], result: Reply | Problem) -> Progress:
    """Give steps the answer to what they asked, or the lack of one, and run them to their next request."""
    if isinstance(result, Reply):
        return _run(lambda: steps.send(result), result.about)
    return _run(lambda: steps.throw(result), result.about)


def _run(go_on: Callable[[], Request], about: About) -> Progress:
    try:
        return go_on()
    except StopIteration as end:
        return Finished(value=end.value)
    except Problem as problem:
        return _bare(problem)
    except Exception as error:  # noqa: BLE001 - an operation that fails must not take the gateway with it
        kind, at = type_name(error), tuple(safe_traceback(error))
    return Defect(about, kind=kind, at=at)


def _bare(problem: Problem) -> Problem:
    """The problem without the frames and the errors it came through: they hold what was sent and received."""
    problem.__cause__ = problem.__context__ = None
    return problem.with_traceback(None)

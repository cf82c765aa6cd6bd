"""What the process says about itself, on stderr: JSON by the line, or text for a person at a terminal.

Only fields of the list below come out, each as a plain value: whatever else is given to a logger is
dropped, so that no subject, body, address or secret gets into a log by a careless line (BEHAVIOUR.md E). An
error is its type and the places it passed. Of what libraries log, only who and where remain: their texts may
quote what they were sent.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

from actors.runtime.errors import safe_traceback, type_name

FIELDS: Final = frozenset(
    {
        "act",
        "actor",
        "after_seconds",
        "appointment",
        "at",
        "backlog",
        "busy",
        "by",
        "changes",
        "code",
        "dead_letters",
        "entries",
        "dry_run",
        "error",
        "event",
        "hook",
        "items",
        "key",
        "kind",
        "known",
        "lag_seconds",
        "level",
        "lifecycle",
        "links",
        "logger",
        "mailbox",
        "messages",
        "method",
        "ms",
        "pid",
        "problem",
        "reason",
        "remedy",
        "repaired",
        "resource",
        "resources",
        "route",
        "service",
        "signal",
        "since",
        "source_app",
        "state",
        "status",
        "supervisor",
        "threads",
        "timestamp",
        "url",
        "why",
        "worker",
    }
)
"""What may be logged: what happened, to which resource, why, where. Numbers and ids stand for items."""

LONGEST_TEXT: Final = 600
"""Characters kept of a text."""
LONGEST_LIST: Final = 80

PRINTED: Final = ("resource", "appointment", "act", "why")
"""What stands first in a line for people."""

Event = MutableMapping[str, Any]


class Sink:
    """Writes lines. A full disk or a closed pipe behind stderr loses the line and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.lost = 0

    def __call__(self, *args: object) -> Sink:
        """The logger for a name: all of them write here."""
        return self

    def msg(self, message: str) -> None:
        """Write one line."""
        with self._lock:
            try:
                self._stream.write(message + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # ValueError: the stream is closed
                self.lost += 1

    debug = info = warning = warn = error = critical = exception = log = msg


class FromLibraries(logging.Handler):
    """Passes on that a library logged something, and from where; not what."""

    def emit(self, record: logging.LogRecord) -> None:
        place = f"{'/'.join(Path(record.pathname).parts[-2:])}:{record.lineno} {record.funcName}"
        error = record.exc_info[1] if record.exc_info else None
        fields: dict[str, object] = {"logger": record.name, "at": [place]}
        if error is not None:
            fields |= {"error": type_name(error), "at": [place, *safe_traceback(error)]}
        structlog.get_logger().log(max(record.levelno, logging.WARNING), "a library reports", **fields)


def configure_logging(
    stream: TextIO | None = None, *, readable: bool | None = None, level: int = logging.INFO
) -> None:
    """Send everything that is logged to `stream`, by default stderr.

    `readable` is text for people in place of JSON; by default what suits the stream. `level` is the least
    that is logged; of libraries it is never less than a warning.
    """
    to = sys.stderr if stream is None else stream
    for_people = to.isatty() if readable is None else readable
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            bare_errors,
            only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(for_people=for_people, colors=to.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=Sink(to),
        cache_logger_on_first_use=False,
    )
    handler = FromLibraries(logging.WARNING)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in tuple(logging.root.manager.loggerDict):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def bare_errors(_logger: object, _method: str, event: Event) -> Event:
    """An exception becomes its type and the places it passed."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if isinstance(given, tuple):
        error = given[1]
    if error is not None:
        event["error"], event["at"] = type_name(error), safe_traceback(error)
    return event


def only_allowed(_logger: object, _method: str, event: Event) -> Event:
    """Fields of the list, as plain values."""
    return {name: _plain(value) for name, value in event.items() if name in FIELDS}


def _plain(value: object) -> object:
    """A value without the chance to show more than it is: an object's `repr` may hold anything."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        text = str(value)
        return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in list(value)[:LONGEST_LIST]]
    return type(value).__name__


def _rendering(*, for_people: bool, colors: bool) -> Iterable[Any]:
    if not for_people:
        return [_in_order, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [_places_as_text, structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=20)]


def _in_order(_logger: object, _method: str, event: Event) -> Event:
    first = {name: event[name] for name in ("timestamp", "level", "event") if name in event}
    return {**first, **event}


def _places_as_text(_logger: object, _method: str, event: Event) -> Event:
    """For people: what matters first, and places below each other."""
    ordered = {name: event.pop(name) for name in PRINTED if name in event}
    places = event.pop("at", None)
    shown = {name: value for name, value in event.items() if value not in ("", None)}
    if isinstance(places, list):
        shown["event"] = "\n    ".join([str(shown.get("event", "")), *map(str, places)])
    return {**shown, **ordered}


def _uncaught(_kind: type[BaseException], error: BaseException, _places: TracebackType | None) -> None:
    structlog.get_logger().critical("stopped by an error", exc_info=error)


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        structlog.get_logger().error(
            "a thread has ended by an error",
            exc_info=args.exc_value,
            worker="" if args.thread is None else args.thread.name,
        )


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    structlog.get_logger().error("an error while tidying up", exc_info=args.exc_value)

"""E: nothing private gets into the log, whoever logs it and however carelessly."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from actors.logs import FIELDS, LONGEST_TEXT, Sink, configure_logging
from tests.log_kit import logging_restored

ROOT = Path(__file__).parent.parent
LOG_FAILURE = ROOT / "actors" / "runtime" / "errors.py"
"""Where `log_failure` passes on what it is given; whoever calls it is looked at."""
CANARY = "canary-7431"
LEVELS = ("debug", "info", "warning", "error", "critical", "exception")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged while the test runs; afterwards logging is as it was."""
    stream = io.StringIO()
    with logging_restored():
        configure_logging(stream, readable=False)
        yield stream


class Careless:
    """An object whose text gives away what it holds."""

    def __repr__(self) -> str:
        return CANARY

    __str__ = __repr__


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def fail(text: str) -> None:
    subject = text
    raise ValueError(f"cannot read {subject}")


def test_e_a_field_that_is_not_on_the_list_is_dropped(log: io.StringIO) -> None:
    structlog.get_logger().info("decision", resource="R001", subject=CANARY, body=CANARY, token=CANARY)
    (line,) = lines(log)
    assert line["event"] == "decision"
    assert line["resource"] == "R001"
    assert CANARY not in log.getvalue()


def test_e_a_value_that_is_not_plain_shows_only_its_type(log: io.StringIO) -> None:
    structlog.get_logger().info(
        "x", reason=Careless(), items=[Careless(), 1], backlog={"journal": Careless()}, at=(Careless(),)
    )
    assert lines(log)[0]["reason"] == "Careless"
    assert lines(log)[0]["items"] == ["Careless", 1]
    assert CANARY not in log.getvalue()


def test_e_an_exception_is_its_type_and_the_places_it_passed(log: io.StringIO) -> None:
    try:
        fail(CANARY)
    except ValueError as error:
        structlog.get_logger().exception("failed")
        structlog.get_logger().error("failed", exc_info=error)
        structlog.get_logger().error("failed", exc_info=(ValueError, error, error.__traceback__))
    for line in lines(log):
        assert line["error"] == "ValueError"
        assert any("test_logs.py" in place and "fail" in place for place in line["at"])
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize("name", ["urllib3.connectionpool", "waitress", "werkzeug", "msal.token", "peewee"])
def test_e_of_a_library_only_who_and_where_remain(log: io.StringIO, name: str) -> None:
    library = logging.getLogger(name)
    library.info("connecting to %s", CANARY)
    library.debug("%s", CANARY)
    library.warning("retrying %s with " + CANARY, CANARY, extra={"body": CANARY})
    try:
        fail(CANARY)
    except ValueError:
        library.exception("failed with %s", CANARY)
    warning, failure = lines(log)
    assert warning["level"] == "warning"
    assert warning["logger"] == failure["logger"] == name
    assert any("test_logs.py" in place for place in warning["at"])
    assert failure["error"] == "ValueError"
    assert CANARY not in log.getvalue()


def test_e_a_library_with_a_handler_of_its_own_writes_nothing_past_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    library = logging.getLogger("a.library.of.its.own")
    library.addHandler(logging.StreamHandler(sys.stderr))
    library.propagate = False
    stream = io.StringIO()
    with logging_restored():
        configure_logging(stream, readable=False)
        library.error(CANARY)
    assert "a.library.of.its.own" in stream.getvalue()
    assert CANARY not in stream.getvalue() + capsys.readouterr().err


def test_e_a_python_warning_is_stripped_too(log: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(CANARY, stacklevel=1)
    assert lines(log)[0]["logger"] == "py.warnings"
    assert CANARY not in log.getvalue()


def test_e_what_nobody_caught_is_logged_without_its_text(log: io.StringIO) -> None:
    thread = threading.Thread(target=fail, args=(CANARY,), name="worker-1")
    thread.start()
    thread.join()
    try:
        fail(CANARY)
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    in_thread, in_main = lines(log)
    assert in_thread["worker"] == "worker-1"
    assert in_thread["error"] == in_main["error"] == "ValueError"
    assert CANARY not in log.getvalue()


def test_a_text_is_cut_where_somebody_logs_a_novel(log: io.StringIO) -> None:
    structlog.get_logger().warning("x", reason="n" * 10_000)
    assert len(lines(log)[0]["reason"]) == LONGEST_TEXT


def test_e_text_for_people_holds_no_more_than_json(log: io.StringIO) -> None:
    stream = io.StringIO()
    configure_logging(stream, readable=True)
    try:
        fail(CANARY)
    except ValueError:
        structlog.get_logger().exception("call failed", resource="R001", subject=CANARY)
    shown = stream.getvalue()
    assert "call failed" in shown
    assert "R001" in shown
    assert "test_logs.py" in shown
    assert CANARY not in shown


def test_d11_a_log_that_cannot_be_written_loses_lines_and_nothing_else() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    sink = Sink(Full())
    sink.msg("one")
    closed = io.StringIO()
    closed.close()
    shut = Sink(closed)
    shut.msg("two")
    assert (sink.lost, shut.lost) == (1, 1)


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger in the product, with where it is."""
    for path in sorted([*(ROOT / "actors").rglob("*.py"), *(ROOT / "models").rglob("*.py")]):
        if path == LOG_FAILURE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _is_log_call(node.func):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _is_log_call(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in ("log_failure", "say")
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LEVELS
        and isinstance(function.value, ast.Name)
        and function.value.id == "log"
    )


def test_every_field_that_the_product_logs_is_on_the_list() -> None:
    """What is not would be dropped: whoever logs it should know."""
    found = list(log_calls())
    assert len(found) > 30
    unknown = [
        f"{place}: {keyword.arg}"
        for place, call in found
        for keyword in call.keywords
        if keyword.arg is not None and keyword.arg not in FIELDS
    ]
    assert unknown == []


def test_e_what_happened_is_always_a_constant_text() -> None:
    """A text that is put together could hold anything."""
    composed = []
    for place, call in log_calls():
        is_failure = isinstance(call.func, ast.Name) and call.func.id == "log_failure"
        event = call.args[1 if is_failure else 0]
        is_constant = isinstance(event, ast.Constant) or (
            isinstance(event, ast.IfExp)
            and isinstance(event.body, ast.Constant)
            and isinstance(event.orelse, ast.Constant)
        )
        if not is_constant:
            composed.append(place)
    assert composed == []

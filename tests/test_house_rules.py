"""What holds for every module of the product, checked on its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = sorted([*(ROOT / "actors").rglob("*.py"), *(ROOT / "models").rglob("*.py")])
MODELS = sorted((ROOT / "models").rglob("*.py"))
SANDBOX = sorted((ROOT / "tests" / "sandbox").rglob("*.py"))
SYSTEM_CLOCK = ROOT / "actors" / "runtime" / "clock.py"

LONGEST_FILE = 450
"""Lines. A file is a room with one purpose; a longer one has two."""

CLOCK_CALLS = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "threading.Timer",
    "time.gmtime",
    "time.localtime",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.sleep",
    "time.time",
    "time.time_ns",
}
RANDOM_CALLS = {
    f"random.{name}"
    for name in (
        "betavariate", "choice", "choices", "expovariate", "gauss", "getrandbits", "randbytes", "randint",
        "random", "randrange", "sample", "seed", "shuffle", "triangular", "uniform",
    )
} | {"os.urandom", "uuid.uuid1", "uuid.uuid4"}  # fmt: skip


def names_used(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every dotted name in a module with its line, imports resolved: `dt.now` is `datetime.datetime.now`."""
    meaning: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                # "import a.b" binds a; "import a.b as c" binds the whole of it
                first = alias.name.split(".")[0]
                meaning[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                meaning[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        parts: list[str] = []
        inner: ast.expr | None = node if isinstance(node, ast.Attribute | ast.Name) else None
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in meaning:
            yield ".".join([meaning[inner.id], *reversed(parts)]), inner.lineno


def imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every module that a module imports, anywhere in it, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def places(paths: list[Path], forbidden: set[str], *, by_import: bool) -> list[str]:
    found = []
    for path in paths:
        for name, line in imports(parse(path)) if by_import else names_used(parse(path)):
            if name in forbidden or (by_import and name.split(".")[0] in forbidden):
                found.append(f"{path.relative_to(ROOT)}:{line} {name}")
    return found


def test_there_is_something_to_check() -> None:
    assert SYSTEM_CLOCK in PRODUCT
    assert MODELS
    assert SANDBOX


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "from time import sleep as nap\nnap(1)",
        "from datetime import UTC, datetime\ndatetime.now(UTC)",
        "import datetime as dt\ndt.datetime.now()",
        "import datetime\nclass A:\n    def f(self):\n        return datetime.date.today()",
        "from random import shuffle\nshuffle([])",
        "import uuid\nuuid.uuid4()",
    ],
)
def test_the_scan_sees_through_the_ways_to_import_a_clock_or_a_die(source: str) -> None:
    assert {name for name, _ in names_used(ast.parse(source))} & (CLOCK_CALLS | RANDOM_CALLS)


def test_the_scan_lets_injected_time_and_randomness_pass() -> None:
    source = "from random import Random\ndef f(clock, random: Random):\n    return clock.now(), random.choice"
    assert not {name for name, _ in names_used(ast.parse(source))} & (CLOCK_CALLS | RANDOM_CALLS)


def test_only_the_system_clock_asks_what_time_it_is_or_sleeps() -> None:
    others = [path for path in PRODUCT if path != SYSTEM_CLOCK]
    assert places(others, CLOCK_CALLS, by_import=False) == []


def test_randomness_comes_from_what_is_handed_in() -> None:
    assert places(PRODUCT, RANDOM_CALLS, by_import=False) == []


def test_models_do_not_know_actors() -> None:
    assert places(MODELS, {"actors"}, by_import=True) == []


def test_models_start_no_thread_and_open_no_connection() -> None:
    outside = {"asyncio", "concurrent", "http", "multiprocessing", "requests", "socket", "subprocess"}
    assert places(MODELS, outside | {"urllib.request"}, by_import=True) == []
    assert places(MODELS, {"threading.Thread", "threading.Timer"}, by_import=False) == []


def test_the_sandbox_shares_nothing_with_the_connector() -> None:
    assert places(SANDBOX, {"actors", "models"}, by_import=True) == []


def test_every_module_says_what_it_is_for() -> None:
    assert [str(path.relative_to(ROOT)) for path in PRODUCT if not ast.get_docstring(parse(path))] == []


def test_no_file_grows_into_two() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in PRODUCT}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}

"""Payloads recorded from the real services, read where they are; they are never copied into the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "facts" / "graph-samples"


def sample(name: str) -> Any:
    """One payload; skips the test where the samples are not at hand."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{path} is not there: the recorded payloads are not part of the project")
    return json.loads(path.read_text(encoding="utf-8"))


def html_bodies() -> list[str]:
    """Every HTML body in the samples."""
    if not SAMPLES.exists():
        pytest.skip(f"{SAMPLES} is not there: the recorded payloads are not part of the project")
    return [body for path in sorted(SAMPLES.glob("*.json")) for body in _bodies(sample(path.name))]


def _bodies(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if str(value.get("contentType")).lower() == "html" and value.get("content"):
            yield value["content"]
        for member in value.values():
            yield from _bodies(member)
    elif isinstance(value, list):
        for member in value:
            yield from _bodies(member)

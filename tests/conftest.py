"""Fixtures for tests of the whole process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process_kit import Connector, connector_for
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Sandbox, sandbox_running


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """One key for every sandbox: making one takes longer than a test."""
    return SigningKey()


@pytest.fixture
def sandbox(signing_key: SigningKey) -> Iterator[Sandbox]:
    """Both services with the small company, fresh for the test."""
    with sandbox_running(key=signing_key) as running:
        yield running


@pytest.fixture
def connector(sandbox: Sandbox, tmp_path: Path) -> Iterator[Connector]:
    """A connector that is configured for the sandbox and not yet started; it polls every second."""
    with connector_for(sandbox, tmp_path) as configured:
        yield configured

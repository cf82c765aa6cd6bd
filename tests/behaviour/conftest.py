"""Companies at work that the tests of a module share, each with a subject of its own for everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.company import CREW, SERVICE_TASK, Company, company_at_work
from tests.process_kit import Connector, connector_for
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Sandbox, sandbox_running

HOUR = 3600
LATENCY = 0.02


@pytest.fixture(scope="module")
def company(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The small company with the settings that nobody has changed, polling every second."""
    with company_at_work(tmp_path_factory.mktemp("company"), signing_key) as working:
        yield working


@pytest.fixture(scope="module")
def strict(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Outlook has no say: edits are put back, deletions unassign; of conflicts Outlook wins."""
    sync = {"outlook_edits": "revert", "outlook_deletes": "unassign", "conflicts": "outlook"}
    with company_at_work(tmp_path_factory.mktemp("strict"), signing_key, sync=sync) as working:
        yield working


@pytest.fixture(scope="module")
def board_first(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The board is read every second, the mailboxes hardly ever: what a person does is met by a write."""
    sync = {"outlook_poll_seconds": HOUR}
    with company_at_work(tmp_path_factory.mktemp("board-first"), signing_key, sync=sync) as working:
        yield working


@pytest.fixture
def fresh(sandbox: Sandbox, connector: Connector, tmp_path: Path) -> Company:
    """A company of the test's own, whose connector has not been started."""
    return Company(sandbox, connector)


@pytest.fixture
def crew(signing_key: SigningKey, tmp_path: Path) -> Iterator[Company]:
    """Eight people whose calendars and planning are empty; the connector has not been started."""
    with (
        sandbox_running(company="empty", key=signing_key) as sandbox,
        connector_for(sandbox, tmp_path) as connector,
    ):
        for number in range(CREW):
            mail = f"crew{number}@contoso.test"
            sandbox.control("POST", "/graph/users", {"displayName": f"Crew {number}", "mail": mail})
            sandbox.board.add_resource(f"C{number}", email=mail, exchangeIntegrationEnabled=True)
        task = {"sourceApp": "BC", "sourceType": "SERVICE", **SERVICE_TASK}
        records = sandbox.services.board.records
        sandbox.call(lambda: records["job"].upsert({**task, "shortDescription": "Work"}))
        sandbox.call(lambda: records["task"].upsert({**task, "shortDescription": "Work"}))
        sandbox.latency(LATENCY)
        yield Company(sandbox, connector)

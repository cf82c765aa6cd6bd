"""The running process, as a command beside it reaches it: by what it has left in the store."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

from actors.commandline.options import store_url
from actors.commandline.telling import Failure
from actors.web.access import CONTROL_KEY, CONTROL_URL
from models.settings.sections import Settings
from models.storage.errors import StoreMissing
from models.storage.store import Store

ANSWER_SECONDS: Final = 10.0


class DoesNotAnswer(Failure):
    """The process was found and says nothing, or nothing that can be read."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"the running process does not answer ({kind}); look into its log, or start it again"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer of the process."""

    status: int
    body: Any

    @property
    def is_success(self) -> bool:
        """Whether it did what it was asked."""
        return self.status < HTTPStatus.BAD_REQUEST

    def required(self) -> Any:  # noqa: ANN401 - any JSON value
        """The body of a success. Raises `Failure` with what the process says is wrong."""
        if self.is_success:
            return self.body
        told = self.body.get("error") if isinstance(self.body, dict) else None
        raise Failure(str(told or f"the running process answers {self.status}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningProcess:
    """A process that answers."""

    url: str
    key: str = field(repr=False)

    def ask(self, method: str, path: str, body: object = None) -> Said:
        """Ask its API. Raises `DoesNotAnswer`."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        # no proxy stands between two processes of one machine, whatever the environment says
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            said = answer.read()
            return Said(status=answer.status, body=json.loads(said) if said else None)
        except (OSError, HTTPException, ValueError) as error:
            raise DoesNotAnswer(type(error).__name__) from None
        finally:
            connection.close()


def running_process(settings: Settings) -> RunningProcess | None:
    """The process that works with these settings' store; None if none answers. Raises `StoreError`."""
    try:
        store = Store.open(store_url(settings), read_only=True)
    except StoreMissing:
        return None
    try:
        url, key = store.meta(CONTROL_URL), store.meta(CONTROL_KEY)
    finally:
        store.close()
    if not url or not key:
        return None
    process = RunningProcess(url=url, key=key)
    try:
        answers = process.ask("GET", "/api/status").status != HTTPStatus.UNAUTHORIZED
    except DoesNotAnswer:
        return None
    return process if answers else None

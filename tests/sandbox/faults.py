"""Faults that a test or a person asks for: which requests and deliveries they strike, and how."""

from __future__ import annotations

import random as randomness
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SERVICES = ("graph", "authority", "scheduler")


class Kind(StrEnum):
    """What goes wrong. The first six strike requests, the last three what a service sends by itself."""

    STATUS = "status"
    """Another answer; nothing was done, unless the fault says `commit`."""
    RESET = "reset"
    """The connection is reset before anything was done."""
    DELAY = "delay"
    """The answer comes later."""
    LOST_ANSWER = "lost-answer"
    """Everything was done, then the connection is reset."""
    TRUNCATE = "truncate"
    """Everything was done; the answer breaks off in the middle."""
    MALFORMED = "malformed"
    """Everything was done; the body of the answer is not JSON."""
    DROP_NOTIFICATION = "drop-notification"
    DUPLICATE_NOTIFICATION = "duplicate-notification"
    DELAY_NOTIFICATION = "delay-notification"


NOTIFICATION_KINDS = frozenset({Kind.DROP_NOTIFICATION, Kind.DUPLICATE_NOTIFICATION, Kind.DELAY_NOTIFICATION})

MEMBERS = frozenset(
    [
        "service",
        "match",
        "kind",
        "status",
        "code",
        "message",
        "body",
        "headers",
        "retryAfter",
        "seconds",
        "times",
        "probability",
        "commit",
    ]
)


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault; it strikes `times` matching requests (None: for ever), each with `probability`."""

    id: str
    kind: Kind
    service: str | None = None
    method: str | None = None
    path: re.Pattern[str] | None = None
    """Searched in the path and query of a request, or in the URL of a delivery."""
    mailbox: str | None = None
    """Object id of the mailbox."""
    status: int = 503
    code: str | None = None
    message: str = ""
    body: Any = None
    """The body of the answer: text is sent as it is, anything else as JSON. None: the service's own shape."""
    headers: Mapping[str, str] | None = None
    retry_after: float | str | None = None
    seconds: float = 0.0
    times: int | None = None
    probability: float = 1.0
    commit: bool = False
    """With kind `status`: the request is carried out first."""
    struck: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fault as `GET /faults` shows it."""
        match = {
            "method": self.method,
            "path": self.path.pattern if self.path else None,
            "mailbox": self.mailbox,
        }
        shown: dict[str, Any] = {
            "id": self.id,
            "service": self.service,
            "kind": str(self.kind),
            "match": {name: value for name, value in match.items() if value is not None},
            "times": self.times,
            "probability": self.probability,
            "struck": self.struck,
        }
        if self.kind is Kind.STATUS:
            shown |= {"status": self.status, "code": self.code, "commit": self.commit}
            shown |= {"retryAfter": self.retry_after}
        if self.kind in (Kind.DELAY, Kind.DELAY_NOTIFICATION):
            shown["seconds"] = self.seconds
        return shown


class Faults:
    """The faults in force, tried in the order in which they were added; the first that strikes is the one."""

    def __init__(self, random: randomness.Random) -> None:
        self._random = random
        self._faults: dict[str, Fault] = {}
        self._added = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults.values())

    def add(self, **fields: Any) -> Fault:
        """A new fault; `fields` are those of `Fault` but for `id` and `struck`."""
        self._added += 1
        fault = Fault(id=f"fault-{self._added}", **fields)
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        """Whether there was such a fault."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """No faults from here on."""
        self._faults.clear()

    def strike(
        self,
        service: str,
        method: str,
        target: str,
        mailboxes: frozenset[str] | None,
        *,
        delivery: bool = False,
    ) -> Fault | None:
        """The fault that hits this request, or this delivery, if one does; it is counted."""
        if not self._faults:
            return None
        for fault in list(self._faults.values()):
            if (fault.kind in NOTIFICATION_KINDS) is not delivery:
                continue
            if not _meets(fault, service, method, target, mailboxes):
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            fault.struck += 1
            if fault.times is not None and fault.struck >= fault.times:
                del self._faults[fault.id]
            return fault
        return None


def _meets(fault: Fault, service: str, method: str, target: str, mailboxes: frozenset[str] | None) -> bool:
    return (
        (fault.service is None or fault.service == service)
        and (fault.method is None or fault.method == method)
        and (fault.mailbox is None or (mailboxes is not None and fault.mailbox in mailboxes))
        and (fault.path is None or fault.path.search(target) is not None)
    )


def fault_fields(given: Any) -> dict[str, Any]:
    """The fields of a `Fault` from the JSON of the control interface.

    Raises ValueError, in words for the person who wrote it.
    """
    if not isinstance(given, dict):
        raise ValueError("a fault is a JSON object")  # noqa: TRY004 - one kind of refusal for the caller
    unknown = set(given) - MEMBERS
    if unknown:
        raise ValueError(f"unknown members {sorted(unknown)}; known are {sorted(MEMBERS)}")
    try:
        kind = Kind(given.get("kind", ""))
    except ValueError:
        raise ValueError(f"kind must be one of {[str(kind) for kind in Kind]}") from None
    service = given.get("service")
    if service is not None and service not in SERVICES:
        raise ValueError(f"service must be one of {list(SERVICES)}")
    match = given.get("match") or {}
    if not isinstance(match, dict) or set(match) - {"method", "path", "mailbox"}:
        raise ValueError('match takes "method", "path" (a regular expression) and "mailbox"')
    try:
        path = re.compile(match["path"]) if match.get("path") else None
    except re.error as problem:
        raise ValueError(f"match.path is not a regular expression: {problem}") from None
    return {
        "kind": kind,
        "service": service,
        "method": match["method"].upper() if match.get("method") else None,
        "path": path,
        "mailbox": match.get("mailbox"),
        "status": int(given.get("status", 503)),
        "code": given.get("code"),
        "message": str(given.get("message", "")),
        "body": given.get("body"),
        "headers": given.get("headers"),
        "retry_after": given.get("retryAfter"),
        "seconds": float(given.get("seconds", 0.0)),
        "times": None if given.get("times") is None else int(given["times"]),
        "probability": float(given.get("probability", 1.0)),
        "commit": bool(given.get("commit", False)),
    }

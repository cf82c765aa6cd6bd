"""The object of `status --json` and `GET /api/status`, from values: whether a process runs beside or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from actors.clients.metrics import ServiceState, Snapshot
from actors.rules_watch import RulesStanding
from models.ids import MailboxId, ResourceNo
from models.storage.records import Audit, Counts, DeadLetter, HeldBack, ResourceRecord, ResourceState

NOT_RUNNING: Final = "not_running"
ELSEWHERE: Final = "another process on the same store works for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Work that is not done yet."""

    journal: int
    outbox: int

    def as_json(self) -> dict[str, Any]:
        """As the contract spells it."""
        return {"journal": self.journal, "outbox": self.outbox}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStatus:
    """One resource."""

    resource_no: ResourceNo
    mailbox: str
    """The address of its mailbox, as the board has it."""
    state: ResourceState
    lag_seconds: float | None
    """For how long something of it has been waiting; None where nobody can tell."""
    fresh_seconds: float | None
    """For how long nobody has looked: since both sides were last known to agree. None: they never were."""
    reason: str
    """A sentence for the administrator, remedy included; empty while all is well."""
    audit: Audit | None = None
    """How the last comparison of both sides in full ended; None: there was none yet."""

    def as_json(self) -> dict[str, Any]:
        """As the contract spells it, and how the last audit ended."""
        return {
            "resourceNo": self.resource_no,
            "mailbox": self.mailbox,
            "state": self.state.value,
            "lagSeconds": None if self.lag_seconds is None else round(self.lag_seconds, 3),
            "freshSeconds": None if self.fresh_seconds is None else round(self.fresh_seconds, 3),
            "reason": self.reason,
            "audit": None if self.audit is None else _audit_json(self.audit),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """One of the two services."""

    state: str
    """"ok", "unavailable", "not_authenticated"; "not_running" where no process asks it anything."""
    code: str = ""
    """The product's own code (DSEX001–040), where one fits."""
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the contract spells it."""
        return {"state": self.state, "code": self.code, "remedy": self.remedy}


UNASKED: Final = ServiceStatus(state=NOT_RUNNING, remedy="start the process: exchange-connector run")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """How everything is, at one moment."""

    backlog: Backlog
    resources: tuple[ResourceStatus, ...]
    dead_letters: int
    held_back: int
    quarantined: int
    subscriptions: int
    graph: ServiceStatus = field(default=UNASKED)
    scheduler: ServiceStatus = field(default=UNASKED)
    rules: RulesStanding = field(default_factory=RulesStanding)

    @property
    def largest_lag(self) -> float:
        """Seconds for which the most patient resource has been waiting."""
        return max((one.lag_seconds or 0.0 for one in self.resources), default=0.0)

    def as_json(self) -> dict[str, Any]:
        """As the contract spells it (DESIGN.md "Command line"), and how the rules stand."""
        return {
            "backlog": self.backlog.as_json(),
            "resources": [one.as_json() for one in self.resources],
            "deadLetters": self.dead_letters,
            "heldBack": self.held_back,
            "quarantined": self.quarantined,
            "subscriptions": self.subscriptions,
            "services": {"graph": self.graph.as_json(), "scheduler": self.scheduler.as_json()},
            "rules": self.rules.as_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What only a running process knows."""

    lags: Mapping[ResourceNo, float] = field(default_factory=dict)
    polled: Mapping[MailboxId, str] = field(default_factory=dict)
    """Why a mailbox is polled and not listened to."""
    elsewhere: Collection[ResourceNo] = ()
    """Those that another process on the same store works for."""
    graph: Snapshot | None = None
    scheduler: Snapshot | None = None


def build_status(
    *,
    counts: Counts,
    resources: Iterable[ResourceRecord],
    now: datetime,
    live: Live | None = None,
    held: Iterable[HeldBack] = (),
    letters: Iterable[DeadLetter] = (),
    audits: Mapping[ResourceNo, Audit] | None = None,
    rules: RulesStanding | None = None,
) -> StatusReport:
    """The status, from what the store says and, if a process runs, from what it knows.

    Without one, a resource lags by the time since its two sides were last known to agree.
    """
    waiting = Counter(one.resource_no for one in held)
    audited = audits or {}
    aside: dict[ResourceNo, list[DeadLetter]] = {}
    for letter in letters:
        aside.setdefault(letter.resource_no, []).append(letter)
    return StatusReport(
        backlog=Backlog(journal=counts.journal, outbox=counts.outbox),
        resources=tuple(
            _resource(
                one,
                now,
                live,
                held=waiting[one.resource_no],
                aside=aside.get(one.resource_no, ()),
                audit=audited.get(one.resource_no),
            )
            for one in resources
        ),
        dead_letters=counts.dead_letters,
        held_back=counts.held_back,
        quarantined=counts.quarantined,
        subscriptions=counts.subscriptions,
        graph=_service(live.graph) if live is not None else UNASKED,
        scheduler=_service(live.scheduler) if live is not None else UNASKED,
        rules=rules or RulesStanding(),
    )


def _resource(
    record: ResourceRecord,
    now: datetime,
    live: Live | None,
    *,
    held: int,
    aside: Sequence[DeadLetter],
    audit: Audit | None,
) -> ResourceStatus:
    reason = record.reason or "; ".join(_reasons(record, live, held, aside, audit))
    in_step_at = record.in_step_at
    fresh = None if in_step_at is None else max(0.0, (now - in_step_at).total_seconds())
    lag = fresh if live is None else live.lags.get(record.resource_no, 0.0)
    return ResourceStatus(
        resource_no=record.resource_no,
        mailbox=record.email,
        state=record.state,
        lag_seconds=lag,
        fresh_seconds=fresh,
        reason=reason,
        audit=audit,
    )


def _audit_json(audit: Audit) -> dict[str, Any]:
    return {
        "at": f"{audit.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "compared": audit.compared,
        "found": audit.found,
        "repaired": audit.repaired,
        "left": audit.left,
        "problem": audit.problem,
    }


def _reasons(
    record: ResourceRecord,
    live: Live | None,
    held: int,
    aside: Sequence[DeadLetter],
    audit: Audit | None,
) -> Iterator[str]:
    """What is not as it should be with a resource that works, the worst first."""
    if live is not None and record.resource_no in live.elsewhere:
        yield ELSEWHERE
    if held:
        yield (
            f"{held} deletions are held back until a second reading agrees; if they are right, "
            "`exchange-connector retry --all` lets them pass"
        )
    if aside:
        latest = max(aside, key=lambda letter: letter.last_at)
        act = latest.act.value.replace("_", " ")
        yield f"put aside: {len(aside)} (`exchange-connector retry` lists them); {act}: {latest.reason}"
    if audit is not None and audit.left:
        yield (
            f"the last audit found {audit.left} items that differ and could not mend them; "
            f"`exchange-connector verify --resource {record.resource_no}` names them"
        )
    if audit is not None and audit.problem:
        yield f"the last audit could not compare both sides: {audit.problem}"
    if live is not None and record.mailbox is not None and record.mailbox in live.polled:
        yield live.polled[record.mailbox]


def _service(snapshot: Snapshot | None) -> ServiceStatus:
    """A service whose gateway did not say how it is cannot be relied on."""
    if snapshot is None:
        return ServiceStatus(
            state=ServiceState.UNAVAILABLE.value, remedy="the gateway does not answer; look into the log"
        )
    return ServiceStatus(state=snapshot.state.value, code=snapshot.code, remedy=snapshot.remedy)

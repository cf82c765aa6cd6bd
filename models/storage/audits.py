"""When both sides of a resource were last compared in full, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from models.ids import ResourceNo
from models.storage import codec
from models.storage.changes import PutAudit
from models.storage.records import Audit
from models.storage.schema import AuditRow, columns, upsert
from models.storage.session import Row, Session
from models.storage.writing import Writers, writer


def audits(session: Session) -> dict[ResourceNo, Audit]:
    """The last audit of every resource that has had one."""
    return {audit.resource_no: audit for audit in map(_audit, session.fetch(_all_audits))}


def _put_audits(session: Session, changes: Sequence[PutAudit]) -> None:
    session.many(_put_audit, [_row(change.audit) for change in changes])


WRITERS: Writers = {PutAudit: writer(_put_audits, "audits")}


def _row(audit: Audit) -> Row:
    return (
        audit.resource_no,
        codec.instant(audit.at),
        audit.compared,
        audit.found,
        audit.repaired,
        audit.problem,
    )


def _audit(row: Row) -> Audit:
    resource_no, at, compared, found, repaired, problem = row
    return Audit(
        resource_no=ResourceNo(resource_no),
        at=codec.to_instant(at),
        compared=compared,
        found=found,
        repaired=repaired,
        problem=problem,
    )


def _all_audits() -> object:
    return AuditRow.select(*columns(AuditRow))


def _put_audit() -> object:
    return upsert(AuditRow)

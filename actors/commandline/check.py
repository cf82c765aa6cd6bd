"""`check`: credentials, permissions, reachability and the mailbox of every resource, one line each."""

from __future__ import annotations

from actors.assembly import open_transport, outside_of
from actors.checkup import Checkup, Finding
from actors.commandline.telling import Failure, tell
from actors.mapping import mapper_of
from actors.runtime.system import Runtime
from models.settings.loading import advice
from models.settings.sections import Settings


def check(settings: Settings) -> None:
    """Try everything that a run needs. Raises `Failure` if anything fails."""
    mapper_of(settings)
    tell("ok    configuration: it can be read, and its templates too")
    for problem in advice(settings):
        tell(f"note  {problem.line}")
    runtime, transport = Runtime.production(), open_transport(settings)
    failed = 0
    runtime.start()
    try:
        for finding in Checkup(settings, outside_of(settings, transport), runtime).findings():
            tell(_line(finding))
            failed += not finding.is_good
    finally:
        runtime.stop(1.0)
        transport.close()
    if failed:
        raise Failure(f"{failed} of these have to be mended")


def _line(finding: Finding) -> str:
    code = f"[{finding.code}] " if finding.code else ""
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    return f"{'ok   ' if finding.is_good else 'WRONG'} {finding.subject}: {code}{finding.said}{remedy}"

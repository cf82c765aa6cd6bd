"""`run`: the unattended process."""

from __future__ import annotations

import os
import signal
from typing import Final

import structlog

from actors.assembly import open_transport, outside_of
from actors.commandline.options import store_url
from actors.commandline.signals import Signals
from actors.commandline.telling import Code, Failure
from actors.logs import configure_logging
from actors.mapping import mapper_of
from actors.process import Process
from actors.runtime.system import Runtime
from actors.web.server import CannotListen
from models.settings.loading import advice
from models.settings.sections import Settings
from models.storage.store import Store

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 0.5
"""How often it is seen whether the process has failed or has something to do by the minute."""


def run(settings: Settings) -> None:
    """Run until a signal or a failure ends it. Raises `Failure`, and what is wrong at the start."""
    configure_logging()
    for problem in advice(settings):
        log.warning("configuration", key=problem.key, problem=problem.what, remedy=problem.remedy)
    mapper = mapper_of(settings)
    store = Store.open(store_url(settings))
    transport = open_transport(settings)
    process = Process(
        settings,
        runtime=Runtime.production(),
        store=store,
        transport=transport,
        outside=outside_of(settings, transport),
        mapper=mapper,
    )
    with Signals() as signals:
        try:
            process.start()
            log.info("started", pid=os.getpid())
            _attend(process, signals)
        except CannotListen as error:
            raise Failure(str(error), code=Code.MISUSED) from None
        finally:
            signals.stopping()
            process.stop()
            log.info("stopped")


def _attend(process: Process, signals: Signals) -> None:
    """Wait for a reason to stop."""
    while not process.application.failed.is_set():
        if (came := signals.wait(LOOK_SECONDS)) is not None:
            log.info("stopping", signal=signal.Signals(came).name)
            return
        process.look_after()
    raise Failure(
        f"cannot go on: {process.application.failure}; the service manager starts the process again",
        code=Code.CANNOT_GO_ON,
    )

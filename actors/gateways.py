"""How the gateways to both services are made from settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.clients.access import Credentials
from actors.clients.grants import Surroundings
from actors.clients.scheduler.dialect import Dialect, WriteRoute
from actors.clients.transport import Transport
from models.settings.sections import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the application reaches the two services through."""

    graph: Transport
    scheduler: Transport
    credentials: Credentials


def graph_arguments(settings: Settings, outside: Outside, surroundings: Surroundings) -> dict[str, Any]:
    """What `GraphGateway` is started with."""
    return {
        "transport": outside.graph,
        "credentials": outside.credentials,
        "graph_url": settings.microsoft365.graph_url,
        "surroundings": surroundings,
    }


def scheduler_arguments(settings: Settings, outside: Outside, surroundings: Surroundings) -> dict[str, Any]:
    """What `SchedulerGateway` is started with."""
    scheduler = settings.scheduler
    return {
        "transport": outside.scheduler,
        "api_key": scheduler.api_key.get_secret_value(),
        "scheduler_url": scheduler.url,
        "dialect": Dialect(
            zone=scheduler.time_zone,
            source_app=scheduler.source_app,
            source_type=scheduler.source_type,
            write_route=WriteRoute(scheduler.write_route.value),
            job_no=scheduler.job_no,
            task_no=scheduler.task_no,
        ),
        "surroundings": surroundings,
    }

"""Whether the process lives, whether it can work, and its figures: for service managers and Prometheus."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from actors.web.answers import answer
from actors.web.facade import Facade
from actors.web.metrics import FiguresCollector


def health(*, facade: Facade) -> Blueprint:
    """`/health/*` and `/metrics`. They name nobody, and are open to whoever reaches the listener."""
    blueprint = Blueprint("health", __name__)
    registry = CollectorRegistry()
    registry.register(FiguresCollector(facade))

    @blueprint.get("/health/live")
    def live() -> Response:
        return answer({"status": "live"})

    @blueprint.get("/health/ready")
    def ready() -> Response:
        readiness = facade.readiness()
        if readiness.ready:
            return answer({"status": "ready"})
        return answer({"status": "not ready", "reason": readiness.reason}, HTTPStatus.SERVICE_UNAVAILABLE)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return blueprint

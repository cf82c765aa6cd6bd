"""The figures of the process for Prometheus, taken when they are asked for. They name nobody and nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from actors.clients.metrics import ServiceState, Snapshot
from actors.web.facade import Figures
from models.decision import Act
from models.storage.errors import StoreError
from models.storage.records import ResourceState

PREFIX: Final = "exchange_connector"


class HasFigures(Protocol):
    """Whoever knows the figures."""

    def figures(self) -> Figures:
        """The figures of this moment. Raises `StoreError`."""
        ...


class FiguresCollector(Collector):
    """Turns the figures of one moment into metrics."""

    def __init__(self, source: HasFigures) -> None:
        self._source = source

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time: registering asks nobody for figures."""
        return ()

    def collect(self) -> Iterator[Metric]:
        try:
            figures = self._source.figures()
        except StoreError:  # a store that cannot be read is a figure too
            yield _gauge("store_readable", "Whether the store can be read", 0)
            return
        yield _gauge("store_readable", "Whether the store can be read", 1)
        yield from _work(figures)
        yield from _resources(figures)
        yield from _services(figures.snapshots)


def _work(figures: Figures) -> Iterator[Metric]:
    status = figures.status
    yield _gauge("journal_entries", "Notifications that are not handled yet", status.backlog.journal)
    yield _gauge("outbox_intents", "Effects whose outcome is not known yet", status.backlog.outbox)
    yield _gauge("dead_letters", "Items put aside", status.dead_letters)
    yield _gauge("held_back_deletions", "Deletions that wait for evidence", status.held_back)
    yield _gauge("subscriptions", "Subscriptions with either service", status.subscriptions)
    yield _gauge("links", "Appointments and events that are kept in step", figures.links)
    acts = {act.value: figures.decisions.get(act.value, 0) for act in Act}
    yield _counter("decisions", "Decisions since the start", "act", acts)


def _resources(figures: Figures) -> Iterator[Metric]:
    states = Counter(one.state for one in figures.status.resources)
    by_state = {state.value: states.get(state, 0) for state in ResourceState}
    yield _gauges("resources", "Resources by state", "state", by_state)
    yield _gauge("quarantined_resources", "Resources in quarantine", figures.status.quarantined)
    yield _gauge("busy_resources", "Resources with something left to do", figures.busy)
    yield _gauge("lag_seconds_max", "The longest wait of any resource", figures.status.largest_lag)
    audits = [one.audit for one in figures.status.resources if one.audit is not None]
    yield _gauge("audited_resources", "Resources whose two sides were compared in full", len(audits))
    items = {
        "found": sum(one.found for one in audits),
        "repaired": sum(one.repaired for one in audits),
        "left": sum(one.left for one in audits),
    }
    yield _gauges("audit_differences", "Items that differed at the last audits", "state", items)
    failed = sum(1 for one in audits if one.problem)
    yield _gauge("failed_audits", "Resources whose last audit could not compare both sides", failed)


def _services(snapshots: tuple[Snapshot, ...]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        f"{PREFIX}_requests", "Requests by service and class of status", labels=["service", "status"]
    )
    for snapshot in snapshots:
        for status, count in sorted(_by_class(snapshot.requests).items()):
            requests.add_metric([snapshot.service, status], count)
    yield requests

    def counter(name: str, text: str, value: Mapping[str, float]) -> Metric:
        return _counter(name, text, "service", value)

    def gauges(name: str, text: str, value: Mapping[str, float]) -> Metric:
        return _gauges(name, text, "service", value)

    yield counter("retries", "Requests made again", {one.service: one.retries for one in snapshots})
    yield counter(
        "throttled", "Answers that asked to slow down", {one.service: one.throttled for one in snapshots}
    )
    yield counter("bundles", "Calls with several requests", {one.service: one.bundles for one in snapshots})
    yield gauges(
        "requests_in_flight", "Requests under way", {one.service: one.requests_in_flight for one in snapshots}
    )
    yield gauges("requests_waiting", "Requests in line", {one.service: one.waiting for one in snapshots})
    yield gauges(
        "requests_delayed",
        "Requests that wait for another try",
        {one.service: one.delayed for one in snapshots},
    )
    yield gauges(
        "service_up",
        "Whether a service answers and takes the credentials",
        {one.service: int(one.state is ServiceState.OK) for one in snapshots},
    )


def _by_class(requests: Mapping[str, int]) -> Counter[str]:
    """Counts by "2xx", "4xx", …, and "none" for requests without an answer."""
    classes: Counter[str] = Counter()
    for status, count in requests.items():
        classes[f"{status[0]}xx" if status[:1].isdigit() else "none"] += count
    return classes


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric


def _counter(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric

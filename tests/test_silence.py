"""Notifications that stay away (D4, D6): nothing is missed, and the status says since when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from actors.status import Live, build_status
from tests.office import Office, lasting, occurring, office_at_work, weekly
from tests.simulation.plan import Plan

HOUR = 3600.0
START = datetime(2026, 3, 9, 9)  # noqa: DTZ001 - a wall clock


def freshness(office: Office) -> float:
    """The figure of the only resource, as `status --json` shows it."""
    store = office.disk.store
    report = build_status(
        counts=store.counts(), resources=store.resources(), now=office.clock.now(), live=Live()
    )
    (resource,) = report.as_json()["resources"]
    return float(resource["freshSeconds"])


def test_d4_an_hour_without_notifications_misses_nothing_and_shows_in_the_status() -> None:
    """D4: a series with an exception, and a deletion, while nobody tells; then notifications again."""
    seldom = {"outlook_poll_seconds": 4 * 3600, "board_poll_seconds": 4 * 3600}
    with office_at_work(future_days=60, **seldom) as office:
        person = office.person()
        gone = person.create(subject="Gone", **lasting(START))
        office.settle()
        assert freshness(office) < 500

        office.plan = _notified(office, notified=False)
        person.delete(gone)
        series = person.create(
            subject="Weekly",
            recurrence=occurring(weekly("monday"), START.date(), times=6),
            **lasting(START + timedelta(hours=2)),
        )
        person.change(person.occurrences(series)[2], subject="Once")
        office.run(HOUR)
        assert person.shown() != person.shared()
        assert HOUR - 60 < freshness(office) < 2 * HOUR

        office.plan = _notified(office, notified=True)
        person.create(subject="Last", **lasting(START + timedelta(days=1)))
        with office.writes() as written:
            office.settle()
        assert person.shown() == person.shared()
        assert len(person.shown()) == 7
        assert written.total() == 8
        assert freshness(office) < 500


def test_d4_without_any_notification_polling_finds_everything() -> None:
    """D4, D6: a mailbox that cannot be listened to is polled."""
    with office_at_work(future_days=60, notified=False) as office:
        person = office.person()
        event = person.create(subject="Visit", **lasting(START))
        office.settle()
        person.change(event, subject="Another visit")
        office.settle()
        assert person.shown() == person.shared()
        assert freshness(office) <= 400


def _notified(office: Office, *, notified: bool) -> Plan:
    return replace(office.plan, notified=notified)

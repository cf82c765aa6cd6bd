"""A company at work: both services, the connector between them, and what people see on either side."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import requests

from tests.process_kit import Connector, connector_for
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Calendar, Json, PlanningBoard, Requested, Sandbox, sandbox_running, wait_until

BOARD_ZONE = ZoneInfo("Europe/Brussels")
DOMAIN = "contoso.test"
LINK_PROPERTY = "String {5b0c2a36-6f0e-4a51-9a3c-0f6a5b9d7e21} Name DimeSchedulerLink"
SERVICE_TASK = {"jobNo": "SRV-1001", "taskNo": "10"}
CREW = 8
"""How many people are in the company whose calendars and planning are empty (`crew`)."""


def wall(hours: float) -> str:
    """A whole minute that many hours from now, as the board writes it."""
    moment = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)
    return moment.astimezone(BOARD_ZONE).replace(tzinfo=None).isoformat()


def instant(item: Json, end: str = "start") -> datetime:
    """When an event starts or ends, as an instant in UTC."""
    said = item[end]
    return (
        datetime.fromisoformat(said["dateTime"][:19])
        .replace(tzinfo=ZoneInfo(said["timeZone"]))
        .astimezone(UTC)
    )


def of_wall(text: str) -> datetime:
    """An instant in UTC of a time of the board."""
    return datetime.fromisoformat(text).replace(tzinfo=BOARD_ZONE).astimezone(UTC)


def text_of(event: Json) -> str:
    """What a person reads in an event, without its markup; line ends and runs of blanks are one blank."""
    words = re.sub(r"<[^>]*>", " ", event["body"]["content"])
    return " ".join(html.unescape(words).split())


def resources_of(appointment: Json) -> list[str]:
    """The resources on which an appointment is planned."""
    return sorted(one["resource"]["resourceNo"] for one in appointment["assignments"])


@dataclass(slots=True)
class Company:
    """Both services and a connector."""

    sandbox: Sandbox
    connector: Connector
    subjects: int = field(default=0)

    @property
    def board(self) -> PlanningBoard:
        """A planner."""
        return self.sandbox.board

    def person(self, alias: str) -> Calendar:
        """Somebody at her calendar; `ann` stands for `ann@contoso.test`."""
        return self.sandbox.mailbox(alias if "@" in alias else f"{alias}@{DOMAIN}")

    # What planners and people do

    def name(self, what: str) -> str:
        """A subject that nothing else in this company has."""
        self.subjects += 1
        return f"{what} {self.subjects}"

    def plan(
        self, subject: str, *resources: str, hours: float = 30.0, length: float = 1.0, **more: Any
    ) -> Json:
        """A planner plans an appointment of the service task."""
        fields = {
            "subject": subject,
            "start": wall(hours),
            "end": wall(hours + length),
            **SERVICE_TASK,
            **more,
        }
        return self.board.create(resources=list(resources), **fields)

    def plan_seen(self, subject: str, *aliases: str, **more: Any) -> tuple[Json, list[Json]]:
        """A planner plans an appointment for these people, who find it in their calendars."""
        planned = self.plan(subject, *(NUMBERS[alias] for alias in aliases), **more)
        events = [self.sees_event(alias, subject) for alias in aliases]
        self.connector.wait_in_step()
        return planned, events

    def book(
        self, alias: str, subject: str, *, hours: float = 40.0, length: float = 1.0, **more: Any
    ) -> Json:
        """A person puts something into her calendar that she shares, unless `more` says otherwise."""
        begin = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)
        fields = {"start": begin, "end": begin + timedelta(hours=length), "showAs": "busy", **more}
        return self.person(alias).create(subject=subject, **fields)

    def book_seen(self, alias: str, subject: str, **more: Any) -> tuple[Json, Json]:
        """A person puts something into her calendar, and a planner finds it on the board."""
        event = self.book(alias, subject, **more)
        appointment = self.sees_appointment(subject)
        self.connector.wait_in_step()
        return event, appointment

    def share(self, resource_no: str, **preferences: Any) -> Json:
        """A resource's preferences are set."""
        answer = self.connector.put(f"/api/resources/{quote(resource_no, safe='')}/preferences", preferences)
        assert answer.status_code == 200, answer.text
        chosen: Json = answer.json()
        return chosen

    # What they see

    def sees_event(self, alias: str, subject: str) -> Json:
        """The one event with this subject, as soon as it is there."""
        found = wait_until(
            lambda: self.person(alias).having(subject=subject), why=f"{alias} sees {subject!r}"
        )
        assert len(found) == 1
        return found[0]

    def sees_no_event(self, alias: str, subject: str) -> None:
        """Wait until no event has this subject."""
        wait_until(lambda: not self.person(alias).having(subject=subject), why=f"{subject!r} leaves {alias}")

    def sees_appointment(self, subject: str) -> Json:
        """The one appointment with this subject, as soon as it is there."""
        found = wait_until(lambda: self.board.having(subject=subject), why=f"the board shows {subject!r}")
        assert len(found) == 1
        return found[0]

    def sees_no_appointment(self, subject: str) -> None:
        """Wait until no appointment has this subject."""
        wait_until(lambda: not self.board.having(subject=subject), why=f"{subject!r} leaves the board")

    def linked(self, alias: str, event: Json) -> str:
        """The link property of an event; empty where it has none."""
        expand = f"singleValueExtendedProperties($filter=id eq '{LINK_PROPERTY}')"
        url = f"/mailboxes/{quote(self.person(alias).address, safe='')}/events/{quote(event['id'], safe='')}"
        said = self.sandbox.control("GET", f"{url}?{urlencode({'$expand': expand})}")
        return str(next((one["value"] for one in said.get("singleValueExtendedProperties", ())), ""))

    def explained(self, item: str) -> Json:
        """What the connector says about an item."""
        said: Json = wait_until(
            lambda: self.connector.get(f"/api/explain/{quote(item, safe='')}", authorised=True) or {},
            why=f"{item} can be explained",
        )
        return said

    def state_of(self, resource_no: str) -> Json:
        """A resource in the status."""
        found = [one for one in self.connector.status()["resources"] if one["resourceNo"] == resource_no]
        assert found, f"the status does not know {resource_no}"
        return found[0]

    def employ(self, resource_no: str, alias: str, *, email: str = "") -> None:
        """Somebody new: a person with a mailbox, and a resource that synchronises."""
        mail = f"{alias}@{DOMAIN}"
        self.sandbox.control("POST", "/graph/users", {"displayName": alias.title(), "mail": mail})
        self.board.add_resource(resource_no, email=email or mail, exchangeIntegrationEnabled=True)
        wait_until(lambda: self.state_of(resource_no)["state"] == "active", why=f"{resource_no} takes part")

    def dismiss(self, resource_no: str) -> None:
        """A resource does not synchronise any more."""
        self.board.change_resource(resource_no, exchangeIntegrationEnabled=False)
        wait_until(lambda: self.state_of(resource_no)["state"] == "off", why=f"{resource_no} is left alone")

    # What is asked and written

    def look_around(self) -> None:
        """Have both sides read in full now, and wait until nothing has been left to do."""
        self.ask_to_look()
        self.connector.wait_in_step()

    def ask_to_look(self) -> None:
        """Have both sides read in full."""
        with self.connector.store() as store:
            key = store.meta("control_key")
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{self.connector.url}/api/resync"
        answer = requests.post(url, headers=headers, timeout=5, proxies={"http": ""})
        assert answer.status_code == 202, answer.text

    def let_polls_pass(self) -> None:
        """Wait until both sides have been polled after this moment, and nothing has been left to do.

        Of two listings of the board that began after now, the first one has been handed on; a mailbox counts
        as busy until what was read has been decided.
        """
        since = self.sandbox.mark()
        status = self.connector.status()["resources"]
        addresses = {one["mailbox"].lower() for one in status if one["state"] == "active"}
        mailboxes = {box["id"] for box in self._mailboxes() if box["email"].lower() in addresses}

        def has_looked() -> bool:
            asked = [one for one in self.sandbox.requests(since, method="GET") if one.status == 200]
            listings = sum(one.service == "scheduler" and "/appointment?" in one.path for one in asked)
            read = Counter(one.mailbox for one in asked if "/calendarView/delta" in one.path)
            return listings > 1 and all(read[mailbox] for mailbox in mailboxes)

        wait_until(has_looked, why="both sides are polled again")
        self.connector.wait_in_step()

    @contextlib.contextmanager
    def nothing_written(self) -> Iterator[None]:
        """Nothing that people see is written during the block and by what follows from it."""
        since = self.sandbox.mark()
        yield
        self.look_around()
        written = [shown(one) for one in self.sandbox.writes(since)]
        assert not written, "\n".join(written)

    @contextlib.contextmanager
    def written(self) -> Iterator[list[Requested]]:
        """Collect what is written during the block and by all that follows from it."""
        since, found = self.sandbox.mark(), list[Requested]()
        yield found
        self.look_around()
        found += self.sandbox.writes(since)

    def _mailboxes(self) -> list[Json]:
        found: list[Json] = self.sandbox.control("GET", "/mailboxes")
        return found


NUMBERS = {"ann": "R001", "bert": "R002", "chloe": "R003", "david": "R004", "van1": "VAN1"}
"""Who is which resource."""


def shown(request: Requested) -> str:
    """A request in a line, for the message of a failed assertion."""
    return f"{request.service} {request.method} {request.path} {request.status} {json.dumps(request.body)}"


@contextlib.contextmanager
def company_at_work(
    folder: Path,
    key: SigningKey,
    *,
    company: str | int = "small",
    notified: bool = False,
    **settings: Mapping[str, Any],
) -> Iterator[Company]:
    """A company whose connector has finished its first synchronisation."""
    with (
        sandbox_running(company=company, key=key) as sandbox,
        connector_for(sandbox, folder, notified=notified, **settings) as connector,
    ):
        connector.start()
        connector.wait_in_step()
        yield Company(sandbox, connector)

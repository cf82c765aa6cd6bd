"""A small company on the board and in Outlook, and larger ones by number.

What the small one is for: every kind of resource that a connector must treat differently, a week of
planning, and Outlook events of every show-as and every sensitivity. Preferences live in the connector;
`PREFERENCES` says which ones this company's people have chosen.
"""

from __future__ import annotations

import random as randomness
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.sandbox.graph.calendar_api import CalendarApi, Call
from tests.sandbox.graph.tenant import Tenant
from tests.sandbox.scheduler.board import Board

ZONE = "Europe/Brussels"
MAILBOX_ZONE = "Romance Standard Time"
SOURCE = {"sourceApp": "BC", "sourceType": "SERVICE"}

SHOW_AS = ("free", "tentative", "busy", "oof", "workingElsewhere")
SENSITIVITIES = ("normal", "personal", "private", "confidential")

PREFERENCES: Mapping[str, Mapping[str, Any]] = {
    "R003": {"share": False, "showAs": [], "sensitivity": [], "private": "hide"},
    "R004": {
        "share": True,
        "showAs": [*SHOW_AS, "unknown"],
        "sensitivity": list(SENSITIVITIES),
        "private": "mask",
    },
}
"""By resource number, as `PUT /api/resources/{resourceNo}/preferences` of the connector takes them. Whoever
is not named keeps the connector's defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One resource, and its mailbox if it has one."""

    number: str
    name: str
    alias: str | None
    """The e-mail address before the @; None: no address at all."""
    type: str = "Technician"
    department: str = "Service"
    synchronised: bool = True
    has_mailbox: bool = True


MEMBERS = (
    Member(number="R001", name="Ann De Smet", alias="ann"),
    Member(number="R002", name="Bert Claes", alias="bert"),
    Member(number="R003", name="Chloé Martin", alias="chloe", department="Sales"),
    Member(number="R004", name="David Janssens", alias="david", department="Projects"),
    Member(number="R005", name="Emma Wouters", alias="emma", synchronised=False),
    Member(number="R006", name="Filip Peeters", alias="filip", has_mailbox=False),
    Member(number="VAN1", name="Van 1", alias="van1", type="Vehicle", department="Fleet"),
    Member(number="ROOM1", name="Training room", alias="training.room", type="Room", department="Office"),
    Member(number="SUB1", name="Janssens Subcontracting", alias=None, type="Subcontractor"),
)
"""R003 shares nothing, R004 everything; R005 is not synchronised, R006 has an address without a mailbox, SUB1
has no address."""

CATEGORIES = (
    ("SERVICE", "Service", "#2e7d32"),
    ("INSTALL", "Installation", "#1565c0"),
    ("TRAINING", "Training", "#6a1b9a"),
    ("INTERNAL", "Internal", "#616161"),
    ("ABSENCE", "Absence", "#c62828"),
)
TIME_MARKERS = (("PLANNED", "#9e9e9e"), ("IN PROCESS", "#fb8c00"), ("DONE", "#43a047"))

JOBS: tuple[Mapping[str, Any], ...] = (
    {
        **SOURCE,
        "jobNo": "SRV-1001",
        "shortDescription": "Heat pump maintenance",
        "description": "Yearly maintenance contract",
        "customerNo": "C100",
        "customerName": "Brouwerij De Linde",
        "contactName": "Karel Maes",
        "contactPhone": "+32 16 00 01 00",
        "siteName": "Brewery",
        "siteStreet": "Vaartkom",
        "siteStreetNo": "12",
        "sitePostcode": "3000",
        "siteCity": "Leuven",
        "siteCountry": "BE",
    },
    {
        **SOURCE,
        "jobNo": "PRJ-2002",
        "shortDescription": "Solar roof Gent",
        "description": "Installation of 120 panels",
        "customerNo": "C200",
        "customerName": "Stad Gent",
        "siteName": "Sports hall",
        "siteCity": "Gent",
        "siteCountry": "BE",
    },
    {
        **SOURCE,
        "jobNo": "INT-1",
        "shortDescription": "Internal",
        "description": "Meetings, training, absence",
    },
)
TASKS: tuple[Mapping[str, Any], ...] = (
    {
        **SOURCE,
        "jobNo": "SRV-1001",
        "taskNo": "10",
        "shortDescription": "Inspect heat pump",
        "category": "SERVICE",
        "freeText1": "Bring filter set B",
        "freeBit1": True,
        "durationInSeconds": 7200,
    },
    {
        **SOURCE,
        "jobNo": "SRV-1001",
        "taskNo": "20",
        "shortDescription": "Replace compressor",
        "category": "SERVICE",
    },
    {**SOURCE, "jobNo": "PRJ-2002", "taskNo": "10", "shortDescription": "Mount rails", "category": "INSTALL"},
    {
        **SOURCE,
        "jobNo": "PRJ-2002",
        "taskNo": "20",
        "shortDescription": "Wire inverter",
        "category": "INSTALL",
    },
    {**SOURCE, "jobNo": "INT-1", "taskNo": "MEET", "shortDescription": "Meeting", "category": "INTERNAL"},
    {**SOURCE, "jobNo": "INT-1", "taskNo": "TRAIN", "shortDescription": "Training", "category": "TRAINING"},
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One appointment: working day counted from today, hours of the day, task, resources, other fields."""

    day: int
    start: float
    end: float
    job: str
    task: str
    resources: tuple[str, ...]
    fields: Mapping[str, Any]


def _plan(day: int, start: float, end: float, work: str, *resources: str, **fields: Any) -> Plan:
    job, _, task = work.partition("/")
    return Plan(day, start, end, job, task, resources, fields)


WEEK = (
    _plan(-2, 8, 10, "SRV-1001/10", "R001", timeMarker="DONE"),
    _plan(-2, 13, 17, "PRJ-2002/10", "R002", "R004", "VAN1", subject="Unload rails"),
    _plan(-1, 9, 12, "SRV-1001/20", "R001", importance=1, subject="Compressor: urgent"),
    _plan(-1, 8, 16.5, "PRJ-2002/10", "R002", "R004", "VAN1"),
    _plan(0, 8.5, 10, "INT-1/MEET", "R001", "R002", "R003", "R004", "ROOM1", subject="Planning of the week"),
    _plan(
        0,
        10.5,
        12,
        "SRV-1001/10",
        "R001",
        timeMarker="IN PROCESS",
        body="Ask for Karel.\nParking at the back.",
    ),
    _plan(0, 13, 17, "PRJ-2002/20", "R004", "R005"),
    _plan(0, 13, 14.25, "SRV-1001/10", "R006", "SUB1"),
    _plan(1, 8, 12, "SRV-1001/20", "R002", "VAN1", locked=True, subject="Crane booked: do not move"),
    _plan(1, 9, 10.5, "INT-1/MEET", "R003", subject="Offer for Brouwerij De Linde", importance=2),
    _plan(1, 0, 24, "INT-1/TRAIN", "R005", "ROOM1", isAllDay=True, subject="First aid training"),
    _plan(2, 7.5, 16, "PRJ-2002/10", "R001", "R002", "R004", "VAN1"),
    _plan(2, 14, 15, "INT-1/MEET", "R003", "ROOM1", locked=True, subject="Safety briefing"),
    _plan(3, 8, 10, "SRV-1001/10", "R001", timeMarker="PLANNED"),
    _plan(3, 22, 26, "SRV-1001/20", "R002", subject="Night work: compressor"),
    _plan(4, 9, 12, "PRJ-2002/20", "R004"),
    _plan(4, 13, 15.5, "SRV-1001/10", "R001", "SUB1"),
)


def seed_company(
    company: str | int,
    *,
    tenant: Tenant,
    board: Board,
    now: Callable[[], datetime],
    random: randomness.Random,
) -> None:
    """The company of that name: "small", "empty", or a number of generated resources."""
    today = now().astimezone(ZoneInfo(ZONE)).date()
    if company == "small":
        seed(tenant, board, today=today)
    elif company != "empty":
        generate(tenant, board, resources=int(company), today=today, random=random)


def seed(tenant: Tenant, board: Board, *, today: date) -> None:
    """The small company, with a week of planning and of Outlook events around `today`."""
    for member in MEMBERS:
        add_member(tenant, board, member)
    _labels_and_work(board)
    for plan in WEEK:
        _schedule(board, plan, today)
    _outlook(tenant, today)


def add_member(tenant: Tenant, board: Board, member: Member) -> None:
    """A resource and, if it has an address, its directory object."""
    mail = f"{member.alias}@{tenant.domain}" if member.alias else None
    if mail is not None:
        tenant.add_user(member.name, mail, has_mailbox=member.has_mailbox, time_zone=MAILBOX_ZONE)
    board.resource_create(
        {
            **SOURCE,
            "resourceNo": member.number,
            "resourceName": member.name,
            "displayName": member.name,
            "resourceType": member.type,
            "department": member.department,
            "email": mail or "",
            "exchangeIntegrationEnabled": member.synchronised,
        }
    )


def _labels_and_work(board: Board) -> None:
    records = board.records
    for name, display_name, color in CATEGORIES:
        records["category"].upsert({"name": name, "displayName": display_name, "color": color})
    for name, color in TIME_MARKERS:
        records["timeMarker"].upsert({"name": name, "color": color})
    for number, kind in enumerate(sorted({member.type for member in MEMBERS}), start=1):
        records["resourceType"].upsert({"id": number, "displayName": kind})
    for job in JOBS:
        records["job"].upsert(job)
    for task in TASKS:
        records["task"].upsert(task)


def _schedule(board: Board, plan: Plan, today: date) -> None:
    day = working_day(today, plan.day)
    board.planner_create(
        {
            **SOURCE,
            "jobNo": plan.job,
            "taskNo": plan.task,
            "resources": list(plan.resources),
            "start": at(day, plan.start),
            "end": at(day, plan.end),
            **plan.fields,
        }
    )


def working_day(today: date, offset: int) -> date:
    """The day that many working days from today; a weekend counts as the Monday after it."""
    day = today
    while day.weekday() > 4:
        day += timedelta(days=1)
    step = 1 if offset > 0 else -1
    for _ in range(abs(offset)):
        day += timedelta(days=step)
        while day.weekday() > 4:
            day += timedelta(days=step)
    return day


def at(day: date, hours: float) -> str:
    """A wall-clock time, hours from the midnight that begins `day`."""
    return (datetime.combine(day, time()) + timedelta(hours=hours)).isoformat()


def _outlook(tenant: Tenant, today: date) -> None:
    """What people have in their calendars. Each does it as the person would, through Outlook."""
    people = Outlook(tenant)
    for offset, show_as in zip((-2, -1, 0, 1, 2), SHOW_AS, strict=True):
        for alias in ("ann", "david"):
            people.book(alias, f"Outlook {show_as}", today, offset, 16, 16.5, showAs=show_as)
    for offset, sensitivity in zip((-1, 0, 1, 3), SENSITIVITIES, strict=True):
        for alias in ("bert", "david"):
            people.book(alias, f"Outlook {sensitivity}", today, offset, 17, 17.5, sensitivity=sensitivity)
    for alias, subject in (("chloe", "Coffee with a customer"), ("emma", "Dentist"), ("van1", "Garage")):
        people.book(alias, subject, today, 2, 11, 12, showAs="oof", body="Not for the planning board.")
    people.book(
        "ann",
        "Team stand-up",
        today,
        -2,
        8,
        8.25,
        recurrence=weekly(working_day(today, -2)),
        categories=["Internal"],
    )
    people.book("bert", "Holiday", today, 4, 0, 24, isAllDay=True, showAs="oof", categories=["Absence"])
    people.book(
        "david",
        "Site visit with the architect",
        today,
        3,
        10,
        11.5,
        attendees=[people.attendee("ann"), people.attendee("bert")],
        location={"displayName": "Sports hall, Gent"},
        importance="high",
    )


def weekly(first: date) -> dict[str, Any]:
    """A weekly pattern on the weekday of its first date, for a quarter of a year."""
    return {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [first.strftime("%A").lower()]},
        "range": {"type": "numbered", "startDate": first.isoformat(), "numberOfOccurrences": 13},
    }


class Outlook:
    """People at their own calendars."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._calendars = CalendarApi(tenant)

    def book(
        self, alias: str, subject: str, today: date, offset: int, start: float, end: float, **fields: Any
    ) -> None:
        """The person puts an event into the default calendar, on a working day counted from today."""
        day = working_day(today, offset)
        text = fields.pop("body", f"{subject}: written in Outlook.")
        event = {
            "subject": subject,
            "body": {"contentType": "text", "content": text},
            "start": {"dateTime": at(day, start), "timeZone": ZONE},
            "end": {"dateTime": at(day, end), "timeZone": ZONE},
            **fields,
        }
        self.post(f"{alias}@{self._tenant.domain}", event)

    def post(self, address: str, event: Mapping[str, Any]) -> None:
        """An event in Graph's own words."""
        user = self._tenant.find_user(address)
        if user is None:
            raise ValueError(f"nobody in this tenant has the address {address}")
        call = Call(method="POST", segments=("users", user.id, "events"), body=dict(event), actor="user")
        self._calendars.handle(call)

    def attendee(self, alias: str) -> dict[str, Any]:
        """A colleague as an attendee."""
        user = self._tenant.find_user(f"{alias}@{self._tenant.domain}")
        if user is None:
            raise ValueError(f"nobody in this tenant has the alias {alias}")
        return {"type": "required", "emailAddress": {"address": user.mail, "name": user.display_name}}


def generate(
    tenant: Tenant,
    board: Board,
    *,
    resources: int,
    today: date,
    random: randomness.Random,
    appointments: int = 5,
    events: int = 5,
) -> Sequence[str]:
    """A company of any size: per resource a mailbox, `appointments` on the board and `events` in Outlook over
    the two weeks around `today`; one appointment in five is for two resources. Returns the resource numbers.
    """
    _labels_and_work(board)
    people = Outlook(tenant)
    numbers = [f"R{n:05d}" for n in range(1, resources + 1)]
    for n, number in enumerate(numbers, start=1):
        add_member(tenant, board, Member(number=number, name=f"Person {n:05d}", alias=f"person{n:05d}"))
    for n, number in enumerate(numbers, start=1):
        for _ in range(appointments):
            task = TASKS[random.randrange(len(TASKS))]
            together = {number, numbers[random.randrange(resources)]} if random.random() < 0.2 else {number}
            start, end = _some_time(random)
            work = f"{task['jobNo']}/{task['taskNo']}"
            day = random.randint(-5, 5)
            _schedule(board, _plan(day, start, end, work, *sorted(together)), today)
        for _ in range(events):
            start, end = _some_time(random)
            people.book(
                f"person{n:05d}",
                f"Outlook event {random.randrange(10_000)}",
                today,
                random.randint(-5, 5),
                start,
                end,
                showAs=random.choice(SHOW_AS),
                sensitivity=random.choice(SENSITIVITIES),
            )
    return numbers


def _some_time(random: randomness.Random) -> tuple[float, float]:
    start = random.randrange(7 * 4, 16 * 4) / 4
    return start, start + random.randint(2, 16) / 4

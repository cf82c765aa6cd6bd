"""What planners and people do, drawn from the seed: each of them at any time, also at the same time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.sandbox.company import SOURCE, TASKS
from tests.sandbox.graph.calendar_api import CalendarApi, Call
from tests.sandbox.graph.errors import GraphError
from tests.sandbox.graph.events import Event, Item
from tests.sandbox.graph.mailbox import Mailbox
from tests.sandbox.scheduler.appointments import Appointment
from tests.sandbox.scheduler.errors import Refusal
from tests.simulation.oracle import CONNECTOR
from tests.simulation.reading import ZONE, exchange_id
from tests.simulation.rules import CHOICES

if TYPE_CHECKING:
    from tests.simulation.world import World

CATEGORIES = ("SERVICE", "INSTALL", "TRAINING", "INTERNAL", "ABSENCE")
SHARED = ({"showAs": "busy"}, {"showAs": "oof"})
HIDDEN = (
    {"showAs": "free"},
    {"showAs": "tentative"},
    {"sensitivity": "private"},
    {"sensitivity": "personal"},
    {"sensitivity": "confidential"},
    {"showAs": "workingElsewhere"},
)
PREFERENCES = (
    {"share": True, "show_as": ("busy", "oof"), "sensitivity": ("normal",)},
    {"share": False, "show_as": (), "sensitivity": ()},
    {"share": True, "show_as": ("busy", "oof", "tentative", "free"), "sensitivity": ("normal",)},
    {"share": True, "show_as": ("busy",), "sensitivity": ("normal", "personal")},
    {
        "share": True,
        "show_as": ("free", "tentative", "busy", "oof", "workingElsewhere", "unknown"),
        "sensitivity": ("normal", "personal", "private", "confidential"),
    },
)
ZONES = ("Europe/Brussels", "Europe/Brussels", "Romance Standard Time", "UTC", "America/New_York")


@dataclass(frozen=True, slots=True)
class Act:
    """Something that people do, and how often compared with the others."""

    name: str
    weight: int


ACTS = (
    Act("plan", 14),
    Act("move_appointment", 9),
    Act("edit_appointment", 9),
    Act("label_appointment", 4),
    Act("reassign", 6),
    Act("unplan", 5),
    Act("lock", 2),
    Act("book", 14),
    Act("move_event", 9),
    Act("edit_event", 8),
    Act("label_event", 4),
    Act("hide_or_show", 6),
    Act("delete_event", 5),
    Act("copy_event", 2),
    Act("type_into_event", 4),
    Act("book_series", 3),
    Act("change_occurrence", 5),
    Act("delete_occurrence", 4),
    Act("change_series", 3),
    Act("invite", 3),
    Act("answer", 4),
    Act("cancel", 2),
    Act("switch_resource", 2),
    Act("move_mailbox", 1),
    Act("prefer", 3),
)
GUESTS = (Act("invite_to_planned", 2), Act("take_guests_off", 1))
"""What people do besides, in some of the histories: an event of the board becomes a meeting of theirs."""
RULES_OFTEN = 0.06
"""How often new rules are what happens next, in a history that has them."""
NAMES = frozenset(act.name for act in (*ACTS, *GUESTS))

WITH_GUESTS = 0.2
"""In how many of the histories people invite others to what planners planned."""
GUESTS_OFTEN = 0.1
"""How often something of that is what happens next."""


class People:
    """Everybody but the connector."""

    def __init__(self, world: World) -> None:
        plan = world.plan
        self._world, self._dice = world, Random(f"{plan.seed}/people")
        self._oracle, self._services = world.oracle, world.services
        self._board, self._tenant = world.services.board, world.services.tenant
        self._calendars = CalendarApi(self._tenant)
        self._acts = [act for act in ACTS if plan.acts is None or act.name in plan.acts]
        self._guests = Random(f"{plan.seed}/guests")
        self._with_guests = self._guests.random() < WITH_GUESTS and plan.acts is None
        self._governing = Random(f"{plan.seed}/administrator")
        self._written = 0
        self._spare = {number: f"{number.lower()}@{self._tenant.domain}" for number in world.numbers}
        self._minutes = 0

    def begin(self) -> None:
        """What there is before the connector runs for the first time."""
        if self._world.rules is not None:
            self._do("change_rules")
        for name in ("plan", "book", "plan", "book", "book"):
            if any(act.name == name for act in self._acts):
                self._do(name)

    def act(self) -> None:
        """Somebody does something."""
        if self._world.rules is not None and self._governing.random() < RULES_OFTEN:
            self._do("change_rules")
            return
        dice, acts = self._dice, self._acts
        if self._with_guests and self._guests.random() < GUESTS_OFTEN:
            dice, acts = self._guests, list(GUESTS)
        self._do(dice.choices(acts, [act.weight for act in acts])[0].name)

    def choose_again(self) -> None:
        """The store was replaced: what resources chose may be gone, and they choose once more."""
        for number in self._world.numbers:
            chosen = self._oracle.preferences.pop(number, None)
            if chosen is not None:
                self._oracle.prefers(number, chosen)
                self._world.prefer(number, chosen)

    def _do(self, name: str) -> None:
        act: Callable[[], str | None] = getattr(self, f"_{name}")
        side = "planner" if name in PLANNERS else "person"
        with self._oracle.acting(side):
            try:
                said = act()
            except (GraphError, Refusal) as refusal:
                said = f"refused: {refusal}"
        self._world.told.count(f"act {name}")
        self._world.told.count("act")
        self._world.told.tell(self._world.clock.now(), side, f"{name} {said or 'has nothing to do it to'}")

    # Planners

    def _plan(self) -> str:
        dice = self._dice
        task = dice.choice(TASKS)
        start, end = self._some_time()
        resources = dice.sample(self._world.numbers, 2 if dice.random() < 0.3 else 1)
        fields = {
            **SOURCE,
            "jobNo": task["jobNo"],
            "taskNo": task["taskNo"],
            "resources": resources,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "isAllDay": start.time() == end.time() == datetime.min.time(),
            "subject": self._word("Plan"),
            "body": self._word("Plan body") if dice.random() < 0.5 else "",
            "importance": dice.choice((0, 0, 1, 2)),
            "category": dice.choice((*CATEGORIES, "")),
        }
        created = self._board.planner_create(fields)
        return f"{created['appointmentGuid'][:8]} for {resources}"

    def _move_appointment(self) -> str | None:
        appointment = self._some_appointment()
        if appointment is None:
            return None
        start, end = self._some_time()
        if self._is_of_a_series(appointment):
            # an occurrence stays between its neighbours; Graph refuses more, and the item would be parked
            start = appointment.start + timedelta(minutes=self._minute(1, 90))
            end = start + timedelta(minutes=self._minute(10, 30))
            if _days_everywhere(appointment.start) != _days_everywhere(start) or _days_everywhere(
                start
            ) != _days_everywhere(end):
                return None
        elif self._dice.random() < 0.3 and appointment.start + timedelta(minutes=15) < appointment.end:
            start, end = appointment.start, appointment.start + timedelta(minutes=self._minute(15, 300))
        whole = start.time() == end.time() == datetime.min.time()
        fields = {"start": start.isoformat(), "end": end.isoformat(), "isAllDay": whole}
        return self._change(appointment, fields)

    def _edit_appointment(self) -> str | None:
        appointment = self._some_appointment()
        if appointment is None:
            return None
        field = self._dice.choice(("subject", "body"))
        return self._change(appointment, {field: self._word(f"Planned {field}")})

    def _label_appointment(self) -> str | None:
        appointment = self._some_appointment()
        if appointment is None:
            return None
        if self._dice.random() < 0.5:
            return self._change(appointment, {"importance": self._dice.choice((0, 1, 2))})
        return self._change(appointment, {"category": self._dice.choice((*CATEGORIES, ""))})

    def _reassign(self) -> str | None:
        appointment = self._some_appointment(own=True)
        if appointment is None:
            return None
        count = min(len(self._world.numbers), self._dice.choice((1, 1, 2)))
        return self._change(appointment, {"resources": self._dice.sample(self._world.numbers, count)})

    def _unplan(self) -> str | None:
        appointment = self._some_appointment()
        if appointment is None:
            return None
        self._board.planner_delete(appointment.guid)
        return appointment.guid[:8]

    def _lock(self) -> str | None:
        appointment = self._some_appointment()
        if appointment is None:
            return None
        return self._change(appointment, {"locked": not appointment.locked})

    def _change(self, appointment: Appointment, fields: dict[str, Any]) -> str:
        self._board.planner_change(appointment.guid, fields)
        return f"{appointment.guid[:8]} {fields}"

    # People

    def _book(self) -> str | None:
        return self._post(self._some_owner(), {})

    def _book_series(self) -> str | None:
        start, _ = self._some_time()
        end = start + timedelta(minutes=self._minute(20, 90))
        if start.date() != end.date():
            return None
        days = self._dice.choice(("daily", "weekly", "weekly", "absoluteMonthly"))
        pattern: dict[str, Any] = {"type": days, "interval": self._dice.choice((1, 1, 2))}
        if days == "weekly":
            pattern |= {"daysOfWeek": [start.strftime("%A").lower()], "firstDayOfWeek": "monday"}
        if days == "absoluteMonthly":
            pattern |= {"dayOfMonth": start.day}
        reach: dict[str, Any] = {"type": "numbered", "numberOfOccurrences": self._dice.randint(2, 5)}
        if days == "weekly" and self._dice.random() < 0.3:
            reach = {"type": "noEnd"}
        recurrence = {"pattern": pattern, "range": {**reach, "startDate": start.date().isoformat()}}
        return self._post(self._some_owner(), {"recurrence": recurrence}, (start, end))

    def _invite(self) -> str | None:
        owner = self._some_owner()
        guests = [number for number in self._world.numbers if number != owner]
        attendees = [
            {"type": "required", "emailAddress": {"address": self._address(number), "name": number}}
            for number in self._dice.sample(guests, min(len(guests), self._dice.choice((1, 2))))
            if self._address(number)
        ]
        return self._post(owner, {"attendees": attendees, **self._dice.choice(SHARED)}) if attendees else None

    def _post(
        self, owner: str, fields: dict[str, Any], when: tuple[datetime, datetime] | None = None
    ) -> str | None:
        mailbox = self._mailbox(owner)
        if mailbox is None:
            return None
        dice, start_end = self._dice, when or self._some_time()
        body = self._word("Own words") if dice.random() < 0.5 else ""
        event: dict[str, Any] = {
            "subject": self._word("Own"),
            "importance": dice.choice(("normal", "normal", "high", "low")),
            **self._times(*start_end),
            **(dice.choice(SHARED) if dice.random() < 0.7 else dice.choice(HIDDEN)),
            **fields,
        }
        if body:
            event["body"] = {"contentType": dice.choice(("text", "html")), "content": body}
        if dice.random() < 0.3:
            event["categories"] = [dice.choice((*CATEGORIES, "Holiday"))]
        self._graph("POST", mailbox, (), event)
        return f"in {owner}: {event['subject']} {event.get('showAs')} {event.get('sensitivity', '')}"

    def _move_event(self) -> str | None:
        found = self._some_event(lambda event: not event.is_series)
        if found is None:
            return None
        return self._patch(found, self._times(*self._some_time()))

    def _edit_event(self) -> str | None:
        found = self._some_event(lambda event: True)
        if found is None:
            return None
        _, mailbox, item = found
        is_own = self._is_own(mailbox, item.event)
        if not is_own or self._dice.random() < 0.5:
            word = self._word("Own edit")
            if not is_own:
                self._oracle.typed.add(word.split()[-1])
            return self._patch(found, {"subject": word})
        word = self._word("Own body")
        return self._patch(found, {"body": {"contentType": "html", "content": f"<p>{word}</p>"}})

    def _label_event(self) -> str | None:
        found = self._some_event(lambda event: True)
        if found is None:
            return None
        _, mailbox, item = found
        if self._dice.random() < 0.5:
            return self._patch(found, {"importance": self._dice.choice(("normal", "high", "low"))})
        entries = item.content().categories
        if self._is_own(mailbox, item.event):
            return self._patch(found, {"categories": [self._dice.choice((*CATEGORIES, "Holiday"))]})
        return self._patch(found, {"categories": [*entries, "Holiday"]})

    def _hide_or_show(self) -> str | None:
        found = self._some_event(lambda event: True)
        if found is None:
            return None
        field, value = self._dice.choice(
            (
                ("sensitivity", "private"),
                ("sensitivity", "normal"),
                ("sensitivity", "personal"),
                ("showAs", "free"),
                ("showAs", "busy"),
                ("showAs", "oof"),
            )
        )
        return self._patch(found, {field: value})

    def _type_into_event(self) -> str | None:
        """The person adds a line under what the board wrote (A12)."""
        found = self._some_event(lambda event: not event.is_series)
        if found is None or self._is_own(found[1], found[2].event):
            return None
        word = self._word("Note to self")
        self._oracle.typed.add(word.split()[-1])
        body = found[2].content().body.html
        end = body.lower().rfind("</body>")
        added = f"<p>{word}</p>"
        content = f"{body[:end]}{added}{body[end:]}" if end >= 0 else body + added
        return self._patch(found, {"body": {"contentType": "html", "content": content}})

    def _delete_event(self) -> str | None:
        found = self._some_event(lambda event: True)
        if found is None:
            return None
        self._graph("DELETE", found[1], (exchange_id(found[1], found[2]),))
        return f"e{found[2].event.number} of {found[0]}"

    def _copy_event(self) -> str | None:
        found = self._some_event(lambda event: not event.is_series)
        if found is None:
            return None
        self._graph("POST", found[1], (exchange_id(found[1], found[2]), "copy"))
        return f"e{found[2].event.number} of {found[0]}"

    def _change_occurrence(self) -> str | None:
        found = self._some_occurrence()
        if found is None:
            return None
        if self._dice.random() < 0.5:
            return self._patch(found, {"subject": self._word("Own once")})
        content = found[2].content()
        start = content.start.local + timedelta(minutes=self._minute(1, 100))
        if start.date() != content.start.local.date() or content.is_all_day:
            return None
        zone = content.start.zone
        end = start + timedelta(minutes=20)
        if end.date() != start.date():
            return None
        return self._patch(
            found,
            {
                "start": {"dateTime": start.isoformat(), "timeZone": zone},
                "end": {"dateTime": end.isoformat(), "timeZone": zone},
            },
        )

    def _delete_occurrence(self) -> str | None:
        found = self._some_occurrence()
        if found is None:
            return None
        self._graph("DELETE", found[1], (exchange_id(found[1], found[2]),))
        return f"e{found[2].event.number}@{found[2].day} of {found[0]}"

    def _change_series(self) -> str | None:
        found = self._some_event(lambda event: event.is_series)
        if found is None or found[2].event.recurrence is None:
            return None
        shown = found[2].event.recurrence.shown()
        shown["range"] = {
            "type": "numbered",
            "startDate": shown["range"]["startDate"],
            "numberOfOccurrences": self._dice.randint(2, 6),
        }
        shown["pattern"]["interval"] = self._dice.choice((1, 2, 3))
        return self._patch(found, {"recurrence": shown})

    def _answer(self) -> str | None:
        found = self._some_event(lambda event: not event.is_organizer and not event.is_cancelled)
        if found is None:
            return None
        answer = self._dice.choice(("accept", "tentativelyAccept", "decline"))
        self._graph("POST", found[1], (exchange_id(found[1], found[2]), answer), {})
        return f"{answer} e{found[2].event.number} of {found[0]}"

    def _cancel(self) -> str | None:
        found = self._some_event(lambda event: event.is_organizer and bool(event.content.attendees))
        if found is None:
            return None
        self._graph("POST", found[1], (exchange_id(found[1], found[2]), "cancel"), {})
        return f"e{found[2].event.number} of {found[0]}"

    def _invite_to_planned(self) -> str | None:
        found = self._some_event(lambda event: event.is_organizer and not event.content.attendees)
        if found is None or self._is_own(found[1], found[2].event):
            return None
        guest = self._dice.choice(self._world.numbers)
        address = "guest@elsewhere.test" if guest == found[0] else self._address(guest)
        return self._patch(found, {"attendees": [{"type": "required", "emailAddress": {"address": address}}]})

    def _take_guests_off(self) -> str | None:
        found = self._some_event(lambda event: event.is_organizer and bool(event.content.attendees))
        return None if found is None else self._patch(found, {"attendees": []})

    # Administrators

    def _switch_resource(self) -> str:
        number = self._dice.choice(self._world.numbers)
        record = self._board.records["resource"].get(number)
        enabled = not record.get("exchangeIntegrationEnabled")
        self._board.resource_change(number, {"exchangeIntegrationEnabled": enabled})
        self._oracle.resource_touched(number)
        return f"{number} {'on' if enabled else 'off'}"

    def _move_mailbox(self) -> str:
        number = self._dice.choice(self._world.numbers)
        address, self._spare[number] = self._spare[number], self._address(number)
        if self._tenant.find_user(address) is None:
            self._tenant.add_user(f"Spare {number}", address)
        self._board.resource_change(number, {"email": address})
        self._oracle.resource_touched(number)
        return f"of {number} to {address}"

    def _prefer(self) -> str:
        number = self._dice.choice(self._world.numbers)
        chosen = {**self._dice.choice(PREFERENCES), "private": self._dice.choice(("hide", "mask"))}
        if self._world.disk.is_full:
            return "refused: it cannot be stored"
        self._oracle.prefers(number, chosen)
        self._world.prefer(number, chosen)
        return f"{number} {chosen}"

    def _change_rules(self) -> str:
        chosen = self._governing.choice(CHOICES)
        self._world.judge_by(chosen)
        return " and ".join(rule.name for rule in chosen) or "let everything through"

    # Finding something to do it to

    def _some_appointment(self, *, own: bool = False) -> Appointment | None:
        """An appointment on the board; `own`: one that a planner made."""
        listed = [
            each
            for each in self._board.appointments
            if not own or self._oracle.appointments[each.guid].made_by != CONNECTOR
        ]
        return self._dice.choice(listed) if listed else None

    def _is_of_a_series(self, appointment: Appointment) -> bool:
        mark = appointment.exchange.exchange_id if appointment.exchange else None
        found = [self._oracle.find_event(number, mark or "") for number in appointment.resources]
        return any(item is not None and item.day is not None for item in found)

    def _some_owner(self) -> str:
        return self._dice.choice(self._world.numbers)

    def _some_event(self, fits: Callable[[Event], bool]) -> tuple[str, Mailbox, Item] | None:
        owner = self._some_owner()
        mailbox = self._mailbox(owner)
        if mailbox is None:
            return None
        listed = [event for event in mailbox.events(mailbox.default_calendar) if fits(event)]
        return (owner, mailbox, self._dice.choice(listed).item) if listed else None

    def _some_occurrence(self) -> tuple[str, Mailbox, Item] | None:
        found = self._some_event(lambda event: event.is_series)
        if found is None:
            return None
        today = self._world.clock.now().date()
        days = found[2].event.dates(today - timedelta(days=5), today + timedelta(days=25))
        return (found[0], found[1], Item(event=found[2].event, day=self._dice.choice(days))) if days else None

    def _is_own(self, mailbox: Mailbox, event: Event) -> bool:
        return self._oracle.events[mailbox.user_id, event.number].made_by != CONNECTOR

    def _mailbox(self, number: str) -> Mailbox | None:
        user = self._tenant.find_user(self._address(number))
        return self._tenant.mailbox(user.id) if user is not None else None

    def _address(self, number: str) -> str:
        return str(self._board.records["resource"].get(number).get("email") or "")

    # Doing it

    def _patch(self, found: tuple[str, Mailbox, Item], fields: dict[str, Any]) -> str:
        owner, mailbox, item = found
        self._graph("PATCH", mailbox, (exchange_id(mailbox, item),), fields)
        return f"e{item.event.number}{f'@{item.day}' if item.day else ''} of {owner}: {_brief(fields)}"

    def _graph(
        self, method: str, mailbox: Mailbox, rest: tuple[str, ...], body: dict[str, Any] | None = None
    ) -> None:
        segments = ("users", mailbox.user_id, "events", *rest)
        self._calendars.handle(Call(method=method, segments=segments, body=body, actor="user"))

    def _word(self, text: str) -> str:
        self._written += 1
        return f"{text} W{self._written:05d}q"

    def _some_time(self) -> tuple[datetime, datetime]:
        """A time that nobody has had yet, on the board's wall clock; sometimes whole days."""
        dice, today = self._dice, self._world.clock.now().astimezone(ZONE).date()
        day: date = today + timedelta(days=dice.choice((-1, 0, 0, 1, 1, 2, 3, 5, 8, 13, 21)))
        begins = datetime.combine(day, datetime.min.time())
        if dice.random() < 0.1:
            return begins, begins + timedelta(days=dice.choice((1, 1, 2, 5)))
        begins += timedelta(minutes=self._minute(0, 23 * 60))
        return begins, begins + timedelta(minutes=self._minute(10, 240))

    def _minute(self, low: int, high: int) -> int:
        return self._dice.randint(low, high)

    def _times(self, start: datetime, end: datetime) -> dict[str, Any]:
        whole = start.time() == end.time() == datetime.min.time()
        if whole:
            moment = {"timeZone": self._dice.choice(ZONES)}
            return {
                "isAllDay": True,
                "start": {"dateTime": start.isoformat(), **moment},
                "end": {"dateTime": end.isoformat(), **moment},
            }
        moment = {"timeZone": "Europe/Brussels"}
        return {
            "isAllDay": False,
            "start": {"dateTime": start.isoformat(), **moment},
            "end": {"dateTime": end.isoformat(), **moment},
        }


PLANNERS = frozenset(
    ("plan", "move_appointment", "edit_appointment", "label_appointment", "reassign", "unplan", "lock")
)


def _days_everywhere(wall: datetime) -> tuple[date, ...]:
    """On which day a moment of the board's wall clock is, in each of the zones that series have."""
    moment = wall.replace(tzinfo=ZONE)
    return tuple(
        moment.astimezone(ZoneInfo(zone)).date() for zone in ("Europe/Brussels", "UTC", "America/New_York")
    )


def _brief(fields: dict[str, Any]) -> str:
    shown = {
        name: value.get("dateTime", value.get("content", "…")) if isinstance(value, dict) else value
        for name, value in fields.items()
    }
    return " ".join(f"{name}={str(value)[:60]}" for name, value in shown.items())

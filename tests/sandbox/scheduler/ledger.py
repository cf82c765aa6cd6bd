"""What is on the board: records and appointments, how they are found, and who hears of changes."""

from __future__ import annotations

import random as randomness
import string
import uuid
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tests.sandbox.scheduler.appointments import Appointment, Shelf
from tests.sandbox.scheduler.errors import NotFound, RuleBroken
from tests.sandbox.scheduler.quirks import Quirks
from tests.sandbox.scheduler.records import Record, Records
from tests.sandbox.scheduler.values import Wall

LETTERS = string.ascii_letters + string.digits
Action = Literal["created", "updated", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes: a planner at the board, or a back office through the API."""

    user: str
    planner: bool = False
    source_app: str | None = None
    """The source app a request names, if it names one."""
    from_back_office: bool = False
    """SentFromBackOffice, true by default for everything that comes through the API (facts §2.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardChange:
    """Something happened to an appointment; `appointment` is a snapshot, the last one for a deletion."""

    action: Action
    appointment: Appointment
    writer: Writer


class Ledger:
    """State and look-ups. Time and randomness come from outside: a run replays from its seed."""

    def __init__(
        self, *, now: Callable[[], datetime], random: randomness.Random, quirks: Quirks | None = None
    ) -> None:
        self.now = now
        self.random = random
        self.quirks = quirks or Quirks()
        self.wall = Wall(
            zone=self.quirks.time_zone,
            offset_reading=self.quirks.offset_reading,
            time_style=self.quirks.time_style,
        )
        self.records = Records(now)
        self.appointments = Shelf()
        self.listeners: list[Callable[[BoardChange], None]] = []

    def find_appointment(self, key: str) -> Appointment | None:
        """By guid, appointment number or internal id, in that order (facts: what `{id}` means is unknown)."""
        found = self.appointments.with_guid(key.lower()) or self.appointments.with_number(key)
        if found is None and key.isdecimal():
            found = self.appointments.with_id(int(key))
        return found

    def get_appointment(self, key: str) -> Appointment:
        """As `find_appointment`. Raises NotFound."""
        found = self.find_appointment(key)
        if found is None:
            raise NotFound(f"There is no appointment '{key}'.")
        return found

    def resource(self, number: str) -> Record:
        """The resource with this number. Raises RuleBroken."""
        found = self.records["resource"].find(number)
        if found is None:
            raise RuleBroken(f"The resource '{number}' does not exist.")
        return found

    def task_of(self, appointment: Appointment) -> Record | None:
        """The task of an appointment, if it has one."""
        if appointment.job_no is None or appointment.task_no is None:
            return None
        return self.records["task"].find(
            appointment.source_app, appointment.source_type, appointment.job_no, appointment.task_no
        )

    def new_guid(self) -> str:
        """A guid that the board chooses."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_number(self) -> str:
        """An appointment number that the board chooses: eight letters and digits, as in facts §2.8."""
        while True:
            number = "".join(self.random.choices(LETTERS, k=8))
            if self.appointments.with_number(number) is None:
                return number

    def tell(self, action: Action, appointment: Appointment, writer: Writer) -> None:
        """Lets every listener know, with a snapshot that later changes do not touch."""
        if self.listeners:
            change = BoardChange(action=action, appointment=copy(appointment), writer=writer)
            for listener in self.listeners:
                listener(change)

"""The templates of `[mapping]`: how an appointment's fields become an event's subject, body and location.

Jinja2 in its sandbox, so that a template can read the appointment and nothing else. Compiled once; a value
that every resource can use at the same time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import ChainableUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.appointment import Appointment
from models.made_often import made_often
from models.record import Record, frozen
from models.setting_error import SettingError
from models.when import AllDay

PLAIN_FIELD: Final = re.compile(r"\s*\{\{-?\s*[Aa]ppointment\.((?i:subject|body))\s*-?\}\}\s*")
"""A template that only names a field: it needs no engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFailure:
    """A template that could not be filled in for one appointment; the plain field stands in for it."""

    key: str
    """The setting: "mapping.subject", "mapping.body" or "mapping.location"."""
    message: str


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What the templates make of one appointment, not yet in the common form."""

    subject: str
    body: str
    location: str | None
    """None where there is no template for it: the location is the person's."""
    failures: tuple[TemplateFailure, ...] = ()


class Label(str):
    """A name that is more than a name: `appointment.category` is text, `appointment.category.color` works."""

    __slots__ = ("record",)
    record: Record

    @classmethod
    def of(cls, name: str, record: Record) -> Label:
        """The name, with everything the board says about what it names."""
        label = cls(name)
        label.record = record
        return label


class _Environment(ImmutableSandboxedEnvironment):
    """Finds the properties of a record before the methods of the class that holds it."""

    def getattr(self, obj: object, attribute: str) -> object:
        record = obj.record if isinstance(obj, Label) else obj
        if isinstance(record, Record) and attribute in record:
            return record[attribute]
        if isinstance(obj, Record):
            return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        if isinstance(obj, Record) and isinstance(argument, str):
            return self.getattr(obj, argument)
        return super().getitem(obj, argument)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """One setting with its compiled template; None for one that only names its own field."""

    key: str
    source: str
    template: Template | None = field(compare=False)

    def fill(self, plain: str, values: dict[str, object], failures: list[TemplateFailure]) -> str:
        """The text for one appointment, or `plain` where the template fails."""
        if self.template is None:
            return plain
        try:
            return self.template.render(values)
        except Exception as error:  # noqa: BLE001 - a template runs whatever its author wrote
            failures.append(TemplateFailure(key=self.key, message=_said(error)))
            return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The compiled templates."""

    subject: _Slot
    body: _Slot
    location: _Slot | None

    def render(self, appointment: Appointment, zone: ZoneInfo) -> Rendered:
        """The templates filled in; `zone` is the board's, in which start and end are told.

        What an appointment does not have is empty. A template that fails does not stop the appointment: its
        plain field (for the location: nothing) goes out, and the failure says which template it was.
        """
        if self.location is None and self.subject.template is None and self.body.template is None:
            return Rendered(subject=appointment.subject, body=appointment.body, location=None)
        record = appointment_values(appointment, zone)
        values: dict[str, object] = {"appointment": record, "Appointment": record}
        failures: list[TemplateFailure] = []
        return Rendered(
            subject=self.subject.fill(appointment.subject, values, failures),
            body=self.body.fill(appointment.body, values, failures),
            location=self.location.fill("", values, failures) if self.location else None,
            failures=tuple(failures),
        )


def compile_templates(*, subject: str, body: str, location: str) -> Templates:
    """The templates of `mapping.subject`, `mapping.body` and `mapping.location`.

    Raises:
        SettingError: a template is not one; names the key.
    """
    # No escaping: the results are plain text, which is escaped where it becomes HTML.
    environment = _Environment(undefined=ChainableUndefined, finalize=_shown, autoescape=False)
    return Templates(
        subject=_slot(environment, "subject", subject),
        body=_slot(environment, "body", body),
        location=_slot(environment, "location", location) if location.strip() else None,
    )


def appointment_values(appointment: Appointment, zone: ZoneInfo) -> Record:
    """Everything a template can name: what the board delivered, over it what the connector made of it.

    Names are found in any letter case. `task` and `job` are at hand wherever the board put them, start and
    end are times of the board's wall clock, and a category is its name with its properties.
    """
    delivered = appointment.record
    start, end = _walls(appointment, zone)
    task = delivered.get("task", Record({}))
    job = task.get("job") if isinstance(task, Record) else None
    job_values = {"jobNo": delivered.get("jobNo")} if "jobNo" in delivered else {}
    return Record(
        {
            "task": Record({"taskNo": delivered["taskNo"]}) if "taskNo" in delivered else task,
            "job": job or Record(job_values),
            "resources": appointment.resources,
            **{name.lower(): value for name, value in delivered.items()},
            "id": appointment.id,
            "number": appointment.number,
            "appointmentno": appointment.number,
            "guid": appointment.guid,
            "appointmentguid": appointment.guid,
            "subject": appointment.subject,
            "body": appointment.body,
            "start": start,
            "startdate": start,
            "end": end,
            "enddate": end,
            "isallday": isinstance(appointment.when, AllDay),
            "importance": appointment.importance.value,
            "locked": appointment.locked,
            "category": _category(appointment),
        }
    )


def _slot(environment: _Environment, name: str, source: str) -> _Slot:
    key = f"mapping.{name}"
    plain = PLAIN_FIELD.fullmatch(source)
    if plain is not None and plain.group(1).lower() == name:
        return _Slot(key=key, source=source, template=None)
    try:
        return _Slot(key=key, source=source, template=environment.from_string(source))
    except TemplateError as error:
        raise SettingError(key, f"not a template: {error}", "see the Jinja2 documentation") from error


def _category(appointment: Appointment) -> Label:
    delivered = frozen(appointment.record.get("category"))
    name = appointment.category
    return Label.of(name, delivered if isinstance(delivered, Record) else Record({"name": name}))


def _walls(appointment: Appointment, zone: ZoneInfo) -> tuple[datetime, datetime]:
    when = appointment.when
    if isinstance(when, AllDay):
        return datetime.combine(when.first, time(), zone), datetime.combine(when.until, time(), zone)
    return when.start.astimezone(zone), when.end.astimezone(zone)


def _shown(value: object) -> object:
    return "" if value is None else value


def _said(error: Exception) -> str:
    """What went wrong, without the values: a failure is shown where an appointment's words may not be."""
    return error.message or type(error).__name__ if isinstance(error, TemplateError) else type(error).__name__

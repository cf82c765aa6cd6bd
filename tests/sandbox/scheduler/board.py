"""The planning board as people use it: planners move appointments, an administrator keeps the resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.scheduler.casing import fold, require
from tests.sandbox.scheduler.errors import RuleBroken
from tests.sandbox.scheduler.ledger import BoardChange, Ledger, Writer
from tests.sandbox.scheduler.quirks import Quirks
from tests.sandbox.scheduler.records import Record
from tests.sandbox.scheduler.rendering import document, show
from tests.sandbox.scheduler.schemas import PLANNER
from tests.sandbox.scheduler.writes import find, remove, upsert

__all__ = ["Board", "BoardChange", "Quirks"]

TASK_KEY = ("sourceApp", "sourceType", "jobNo", "taskNo")
PLANNER_USER = Writer(user="planner", planner=True)


class Board(Ledger):
    """State, look-ups and the planner's point of view. Names are read in any letter case, values as the API
    reads them; every action is published to the hooks that match. Refusals are `Refusal`s (ValueError), of
    which `NotFound` is also a LookupError.
    """

    def planner_list(self) -> list[dict[str, Any]]:
        """Every appointment, as `GET /appointment` shows it, in order of start."""
        return [
            document(self, each) for each in sorted(self.appointments, key=lambda each: (each.start, each.id))
        ]

    def planner_get(self, key: str) -> dict[str, Any]:
        """One appointment by guid, number or id. Raises NotFound."""
        return document(self, self.get_appointment(key))

    def planner_create(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Plans a task. `fields` as POST /appointment, and `resources` for several at once.

        The task may be named without its source; without any task the first open one is planned.
        Raises Refusal.
        """
        values = PLANNER.read(_as_written(fields), self.wall)
        values.pop("appointmentId", None)
        if find(self, values) is not None:
            raise RuleBroken("An appointment with this guid or number exists already.")
        task = self._planned_task(values)
        values |= {name: task[name] for name in TASK_KEY}
        return document(self, upsert(self, values, PLANNER_USER))

    def planner_change(self, key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Moves, edits, reassigns or locks: any field of POST /appointment. `resources` replaces the whole
        set of assignments, `resourceNo` adds one; null or an empty category takes it away. Raises Refusal.
        """
        appointment = self.get_appointment(key)
        values = PLANNER.read(_as_written(fields), self.wall)
        values["appointmentId"] = appointment.id
        values.pop("appointmentGuid", None)
        return document(self, upsert(self, values, PLANNER_USER))

    def planner_delete(self, key: str) -> None:
        """Deletes an appointment with all its assignments. Raises NotFound."""
        remove(self, self.get_appointment(key), PLANNER_USER)

    def resources_list(self) -> list[dict[str, Any]]:
        """Every resource, as `GET /resource` shows it."""
        return [show(record, self.wall) for record in self.records["resource"]]

    def resource_create(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Adds a resource. Raises Refusal."""
        drawer = self.records["resource"]
        values = drawer.kind.schema.read(fields, self.wall)
        require(values, ("resourceNo",))
        if drawer.find(values["resourceNo"]) is not None:
            raise RuleBroken(f"The resource '{values['resourceNo']}' exists already.")
        return show(drawer.upsert(values), self.wall)

    def resource_change(self, number: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Changes a resource; null clears a text. Raises NotFound, InvalidField."""
        drawer = self.records["resource"]
        record = drawer.get(number)
        values = drawer.kind.schema.read(_clearing(fields), self.wall)
        return show(drawer.upsert({**values, "resourceNo": record["resourceNo"]}), self.wall)

    def _planned_task(self, values: Mapping[str, Any]) -> Record:
        """The task that the values name as far as they do; the first open one if they name none."""
        wanted = {name: values[name].lower() for name in TASK_KEY if values.get(name)}
        for task in self.records["task"]:
            if all(task[name].lower() == value for name, value in wanted.items()) and (
                wanted or not task.get("isComplete")
            ):
                return task
        raise RuleBroken(
            f"There is no task {wanted} to plan." if wanted else "There is no open task to plan."
        )


def _as_written(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the board shows, as it is written: labels, task and assignments stand for their names."""
    written: dict[str, Any] = {}
    for name, value in _clearing(fields).items():
        match fold(name), value:
            case "category" | "timemarker", dict():
                written[name] = value.get("name", "")
            case "task", dict():
                job = value.get("job") or value
                written |= {"jobNo": job.get("jobNo"), "taskNo": value.get("taskNo")}
            case "assignments" | "resources", list():
                written["resources"] = [_number(each) for each in value]
            case _:
                written[name] = value
    return written


def _number(assignment: Any) -> Any:
    """The resource number of an assignment, however it is shown."""
    if not isinstance(assignment, dict):
        return assignment
    shown = assignment.get("resource") or assignment
    return shown.get("resourceNo")


def _clearing(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Null as a person means it: the field is emptied."""
    return {name: "" if value is None else value for name, value in fields.items()}

"""An appointment as the board has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from models.content import Importance, Sensitivity, ShowAs
from models.ids import AppointmentGuid, AppointmentId, ResourceNo
from models.made_often import made_often
from models.record import Record
from models.when import When


@made_often
@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One appointment, read from the board in whichever of its shapes (facts, Dime.Scheduler §2.8, §3.1)."""

    id: AppointmentId
    number: str
    """The `appointmentNo` that planners see; may be empty."""
    guid: AppointmentGuid
    subject: str
    body: str
    """Plain text, line ends as \\n."""
    when: When
    importance: Importance = Importance.NORMAL
    category: str = ""
    locked: bool = False
    resources: tuple[ResourceNo, ...] = ()
    source_app: str = ""
    source_type: str = ""
    show_as: ShowAs | None = None
    """None where the board does not deliver it, as for every appointment that is not Outlook-born."""
    sensitivity: Sensitivity | None = None
    exchange_id: str = ""
    created_at: datetime | None = None
    modified_at: datetime | None = None
    record: Record = field(default_factory=lambda: Record({}))
    """Everything the board delivered, for rules and templates."""
    said: int = field(default=0, compare=False)
    """Of one that was listed: another number, in one process, where anything that was delivered differs."""

    @property
    def version(self) -> int:
        """Another number, in one process, where anything of it differs."""
        return self.said or hash(self)

    def is_assigned_to(self, resource_no: ResourceNo) -> bool:
        """Whether the resource is one of those it is planned on."""
        return resource_no in self.resources

"""What a rehearsal came to, in one piece or in several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from actors.rehearsal import Rehearsal
from actors.settling import Settled
from models.decision import Act
from models.ids import AppointmentGuid, ResourceNo
from models.link import Link
from models.storage.records import DecisionRecord, Intent, ResourceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What would be done for some resources, or for all of them."""

    records: tuple[ResourceRecord, ...]
    """The resources that were looked at."""
    decisions: tuple[DecisionRecord, ...]
    """What would be done; of a resource in the order in which it was decided."""
    links: Mapping[tuple[ResourceNo, AppointmentGuid], Link]
    """What was learned of their items, where that was anything new."""
    left_behind: tuple[Intent, ...]
    """Events that would be deleted in mailboxes which their resources do not have any more (A11)."""
    settled: Settled

    @classmethod
    def of(cls, rehearsal: Rehearsal, records: Iterable[ResourceRecord], settled: Settled) -> Self:
        """Of a rehearsal that has come to its end."""
        decisions = tuple(one for one in rehearsal.decisions if one.act is not Act.NOTHING)
        learned = {
            (one.resource_no, one.guid): link
            for one in decisions
            if one.guid is not None and (link := rehearsal.link_of(one)) is not None
        }
        return cls(
            records=tuple(records),
            decisions=decisions,
            links=learned,
            left_behind=rehearsal.left_behind,
            settled=settled,
        )

    @classmethod
    def of_all(cls, parts: Iterable[Findings]) -> Self:
        """Of several, each about other resources."""
        parts = tuple(parts)
        return cls(
            records=tuple(one for part in parts for one in part.records),
            decisions=tuple(one for part in parts for one in part.decisions),
            links={key: link for part in parts for key, link in part.links.items()},
            left_behind=tuple(one for part in parts for one in part.left_behind),
            settled=Settled(
                unsettled=tuple(sorted(number for part in parts for number in part.settled.unsettled)),
                problem=next((part.settled.problem for part in parts if part.settled.problem), ""),
            ),
        )

    def link_of(self, decision: DecisionRecord) -> Link | None:
        """What was learned of a decision's item."""
        return None if decision.guid is None else self.links.get((decision.resource_no, decision.guid))

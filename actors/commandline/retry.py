"""`retry`: dead letters, deletions held back and quarantined resources back to work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from actors.commandline.options import store_url
from actors.commandline.reach import running_process
from actors.commandline.telling import Failure, tell
from actors.resource.holding import ENOUGH
from models.ids import MailboxId, ResourceNo
from models.settings.sections import Settings
from models.storage.changes import (
    Change,
    DropDeadLetter,
    DropDeltaState,
    DropSupervision,
    PutHeldBack,
    PutResource,
)
from models.storage.records import DeadLetter, HeldBack, ResourceRecord, ResourceState
from models.storage.store import Store


def listed(settings: Settings) -> None:
    """Say what there is to retry."""
    store = Store.open(store_url(settings), read_only=True)
    try:
        waiting = Waiting.of(store, None)
    finally:
        store.close()
    lines = list(waiting.lines())
    tell(*(lines or ["there is nothing to retry"]))


def retry(settings: Settings, *, item: str | None) -> None:
    """Put one item or resource, or everything, back to work. Raises `Failure` for an unknown one."""
    process = running_process(settings)
    store = Store.open(store_url(settings), read_only=process is not None)
    try:
        waiting = Waiting.of(store, item)
        if item is not None and waiting.is_empty:
            raise Failure(f"nothing of the name {item} is to be retried; `retry` alone lists what is")
        if process is None:
            store.apply(waiting.released())
            tell(_sentence(waiting.counts()), "no process is running: the next `run` takes them up")
            return
    finally:
        store.close()
    body: dict[str, Any] = {"all": True} if item is None else waiting.asked(item)
    tell(_sentence(process.ask("POST", "/api/retry", body).required()))


class Waiting:
    """What was put aside."""

    def __init__(
        self,
        letters: Iterable[DeadLetter],
        held: Iterable[HeldBack],
        quarantined: Iterable[ResourceRecord],
        mailboxes: Mapping[ResourceNo, MailboxId],
    ) -> None:
        self.letters, self.held, self.quarantined = tuple(letters), tuple(held), tuple(quarantined)
        self._mailboxes = {mailboxes[one.resource_no] for one in self.letters if one.resource_no in mailboxes}

    @staticmethod
    def of(store: Store, item: str | None) -> Waiting:
        """What there is by that name: an id, or a resource's number; None: all of it."""
        records = store.resources()
        return Waiting(
            (one for one in store.dead_letters() if item in (None, one.id, one.resource_no)),
            (one for one in store.held_back() if item in (None, one.id, one.resource_no)),
            (
                one
                for one in records
                if one.state is ResourceState.QUARANTINED and item in (None, one.resource_no)
            ),
            {one.resource_no: one.mailbox for one in records if one.mailbox is not None},
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.letters or self.held or self.quarantined)

    def asked(self, item: str) -> dict[str, Any]:
        """What the process is asked."""
        ids = {one.id for one in self.letters} | {one.id for one in self.held}
        return {"id": item} if item in ids else {"resource": item}

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        return {
            "deadLetters": len(self.letters),
            "heldBack": len(self.held),
            "resources": len(self.quarantined),
        }

    def released(self) -> list[Change]:
        """What to write so that the next start takes all of it up."""
        changes: list[Change] = [DropDeadLetter(id=one.id) for one in self.letters]
        changes += [PutHeldBack(held=replace(one, confirmations=ENOUGH)) for one in self.held]
        changes += [DropDeltaState(mailbox=mailbox) for mailbox in sorted(self._mailboxes)]
        for record in self.quarantined:
            changes.append(DropSupervision(resource_no=record.resource_no))
            back = replace(record, state=ResourceState.ACTIVE, reason="", code="")
            changes.append(PutResource(resource=back))
        return changes

    def lines(self) -> Iterable[str]:
        """One line each."""
        for letter in self.letters:
            yield f"{letter.id}: {letter.act.value.replace('_', ' ')} was given up; {letter.reason}"
        for held in self.held:
            yield f"{held.id}: {held.act.value.replace('_', ' ')} is held back; {held.reason}"
        for record in self.quarantined:
            yield f"{record.resource_no}: in quarantine; {record.reason}"


def _sentence(done: Mapping[str, Any]) -> str:
    return (
        f"back to work: {done['deadLetters']} dead letters, {done['heldBack']} deletions held back, "
        f"{done['resources']} resources from quarantine"
    )

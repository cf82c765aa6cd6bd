"""Trying, once, everything that a run stands on. Reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from actors.asking import Asking, NotAnswered, services_of
from actors.clients.errors import AccessDenied, MailboxMissing, Problem
from actors.clients.graph.directory import FindUser
from actors.clients.graph.operations import ReadWindow
from actors.clients.scheduler.operations import ListResources
from actors.gateways import Outside
from actors.runtime.system import Runtime
from models.ids import MailboxId
from models.judging import Judge
from models.preferences import Preferences
from models.resource import Resource
from models.settings.sections import Settings
from models.when import Window

ANSWER_SECONDS: Final = 20.0
"""How long an answer is waited for, repetitions included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried."""

    subject: str
    is_good: bool
    said: str
    code: str = ""
    remedy: str = ""


class Checkup:
    """Tries things in the order in which they depend on each other."""

    def __init__(self, settings: Settings, outside: Outside, runtime: Runtime) -> None:
        """`runtime` has to run."""
        self._settings, self._outside, self._runtime = settings, outside, runtime

    def findings(self) -> Iterator[Finding]:
        """Everything that was found, as it is found."""
        with services_of(self._settings, self._outside, self._runtime, patience=ANSWER_SECONDS) as services:
            resources, finding = self._read_resources(services)
            yield finding
            signed_in = self._sign_in()
            yield signed_in
            for resource in resources:
                if signed_in.is_good or not resource.exchange_enabled:
                    yield self._mailbox(resource, services)

    def _read_resources(self, services: Asking) -> tuple[tuple[Resource, ...], Finding]:
        subject = f"Dime.Scheduler at {self._settings.scheduler.url}"
        try:
            resources = services.board(ListResources()).get()
        except NotAnswered as refused:
            return (), _wrong(subject, refused)
        synchronised = sum(resource.exchange_enabled for resource in resources)
        said = f"it answers, and lists {len(resources)} resources, {synchronised} of them to synchronise"
        return resources, Finding(subject=subject, is_good=True, said=said)

    def _sign_in(self) -> Finding:
        subject = f"sign-in at {self._settings.microsoft365.authority}"
        try:
            self._outside.credentials.acquire()
        except Problem as problem:
            return _wrong(subject, NotAnswered.because_of(problem))
        return Finding(subject=subject, is_good=True, said="the application's credentials are accepted")

    def _mailbox(self, resource: Resource, services: Asking) -> Finding:
        subject = f"resource {resource.resource_no}"
        if not resource.exchange_enabled:
            return Finding(subject=subject, is_good=True, said="is not to synchronise")
        if not resource.email:
            said, remedy = "has no e-mail address", "give it one on the board"
            return Finding(subject=subject, is_good=False, said=said, remedy=remedy)
        try:
            user = services.graph(FindUser(email=resource.email)).get()
        except NotAnswered as refused:
            return _wrong(subject, refused)
        if user is None:
            return Finding(
                subject=subject,
                is_good=False,
                said=f"nobody in the directory has the address {resource.email}",
                code="DSEX012",
                remedy="correct the resource's e-mail on the board, or give that person a mailbox",
            )
        return self._calendar(subject, resource, user.id, services)

    def _calendar(self, subject: str, resource: Resource, mailbox: MailboxId, services: Asking) -> Finding:
        """Whether the application may read the calendar; of what it holds nothing is looked at."""
        now = self._runtime.clock.now()
        operation = ReadWindow(
            mailbox=mailbox,
            window=Window(start=now, end=now + timedelta(minutes=1)),
            judge=Judge(preferences=Preferences(share=False)),
        )
        try:
            services.graph(operation).get()
        except NotAnswered as refused:
            is_of_mailbox = isinstance(refused.problem, (AccessDenied, MailboxMissing))
            return _wrong(f"{subject}, mailbox {resource.email}" if is_of_mailbox else subject, refused)
        return Finding(subject=subject, is_good=True, said=f"the calendar of {resource.email} opens")


def _wrong(subject: str, refused: NotAnswered) -> Finding:
    return Finding(
        subject=subject, is_good=False, said=refused.said, code=refused.code, remedy=refused.remedy
    )

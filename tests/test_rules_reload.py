"""A rule file that changes under the running process: new rules hold, broken ones are refused (A7)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from actors.board_watch import BoardWatch, TellAll
from actors.clients.errors import About, Unavailable
from actors.clients.scheduler.operations import AppointmentListing
from actors.clients.steps import Done, Failed
from actors.mapping import MapperActor
from actors.resource.hints import Hints
from actors.router import Active, Directory, Router
from actors.rules_watch import LOOK_SECONDS, STILL_SECONDS, RulesWatch
from actors.runtime.system import Runtime, SimulatedRuntime
from models.ids import MailboxId, ResourceNo
from models.mapper import Mapper
from models.resource import Mailbox, Resource
from models.rules import Rules, RulesError, RulesFile, Sight, load_rules
from models.storage.records import Trigger
from models.templates import compile_templates
from models.when import window_around
from tests.test_rules import appointment, rule, section

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
R1 = ResourceNo("R1")


def write(file: Path, *rules: object, text: str | None = None) -> None:
    """Write a file, and give it a time of its own: a test is quicker than a file system's clock."""
    stamp = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(json.dumps(section(*rules)) if text is None else text, encoding="utf-8")
    os.utime(file, ns=(stamp + 1_000_000, stamp + 1_000_000))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.json"
    write(path, rule("A", "true"))
    return path


class Inbox:
    """Something that is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def tell(self, message: object) -> None:
        self.told.append(message)


@dataclass
class Stage:
    """A mapper that watches a rule file, on a virtual clock."""

    runtime: SimulatedRuntime
    published: list[Mapper] = field(default_factory=list)
    judged_again: list[int] = field(default_factory=list)
    """How many snapshots had been published each time."""
    watch: RulesWatch | None = None

    def start(self, file: Path) -> None:
        rules = load_rules(str(file))
        self.watch = RulesWatch(RulesFile(str(file)), rules, self.runtime.clock)
        self.actor = MapperActor.start(
            mapper=Mapper(
                zone=ZoneInfo("UTC"),
                templates=compile_templates(subject="", body="", location=""),
                rules=rules,
            ),
            scheduler=Inbox(),
            timers=self.runtime.timers,
            publish=self.published.append,
            rules=self.watch,
            judge_again=lambda: self.judged_again.append(len(self.published)),
            dispatcher=self.runtime.pinned["mapper"],
        )
        self.runtime.settle()

    def pass_time(self, seconds: float = LOOK_SECONDS + STILL_SECONDS) -> None:
        self.runtime.run_until(self.runtime.clock.now() + timedelta(seconds=seconds))

    @property
    def names(self) -> list[str]:
        """The rules in force."""
        return [one.name for one in self.published[-1].rules.rules]

    @property
    def refused(self) -> tuple[str, ...]:
        assert self.watch is not None
        return self.watch.standing.refused


@pytest.fixture
def stage(file: Path) -> Iterator[Stage]:
    stage = Stage(Runtime.simulated(1, BEGIN))
    stage.start(file)
    yield stage
    stage.actor.stop(block=False)
    stage.runtime.resources.run_until_idle()


# In force


def test_a7_new_rules_are_published_and_everything_is_judged_again(stage: Stage, file: Path) -> None:
    assert stage.names == ["A"]
    write(file, rule("A", "true"), rule("B", "false"))
    stage.pass_time()
    assert stage.names == ["A", "B"]
    assert not stage.published[-1].check(appointment()).passed
    assert stage.judged_again == [2], "after the new rules were published, once"
    stage.pass_time(60)
    assert (len(stage.published), stage.judged_again) == (2, [2])


def test_a7_a_file_that_says_the_same_in_other_words_changes_nothing(stage: Stage, file: Path) -> None:
    write(
        file,
        text='{"Logging": {}, /* more */ "rules": ' + json.dumps(section(rule("A", "true"))["Rules"]) + "}",
    )
    stage.pass_time(60)
    os.utime(file)
    stage.pass_time(60)
    assert (len(stage.published), stage.judged_again) == (1, [])


def test_a7_a_file_that_is_being_written_is_left_alone_until_it_stands_still(
    stage: Stage, file: Path
) -> None:
    whole = json.dumps(section(rule("B", "false")))
    stage.pass_time(LOOK_SECONDS - STILL_SECONDS)
    with capture_logs() as logs:
        for cut in (10, 30, len(whole)):
            write(file, text=whole[:cut])
            stage.pass_time(STILL_SECONDS)
        assert stage.names == ["A"]
        stage.pass_time(STILL_SECONDS)
    assert stage.names == ["B"]
    assert [entry for entry in logs if entry["log_level"] == "error"] == []


def test_a7_rules_may_be_taken_away_and_come_back(stage: Stage, file: Path) -> None:
    write(file, text='{"Rules": []}')
    stage.pass_time()
    assert stage.names == []
    write(file, rule("A", "true"))
    stage.pass_time()
    assert stage.names == ["A"]
    assert len(stage.judged_again) == 2


def test_a_change_between_the_start_and_the_first_look_is_not_missed(file: Path) -> None:
    stage = Stage(Runtime.simulated(1, BEGIN))
    rules = load_rules(str(file))
    watch = RulesWatch(RulesFile(str(file)), rules, stage.runtime.clock)
    write(file, rule("B", "false"))
    found, _ = watch.look()
    assert found is not None
    assert [one.name for one in found.rules] == ["B"]


# Refused

BROKEN: list[tuple[str, Callable[[Path], None]]] = [
    ("expression", lambda file: write(file, rule("A", "appointment.")),),
    ("json", lambda file: write(file, text='{"Rules": [')),
    ("section", lambda file: write(file, text="{}")),
    ("empty", lambda file: write(file, text="")),
    ("gone", lambda file: file.unlink()),
]  # fmt: skip


@pytest.mark.parametrize("breaks", [how for _, how in BROKEN], ids=[name for name, _ in BROKEN])
def test_a7_a_broken_file_is_refused_once_and_the_old_rules_stay(
    stage: Stage, file: Path, breaks: Callable[[Path], None]
) -> None:
    assert stage.refused == ()
    with capture_logs() as logs:
        breaks(file)
        stage.pass_time(60)
    assert stage.names == ["A"]
    assert (len(stage.published), stage.judged_again) == (1, [])
    (told,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert told["problem"] == list(stage.refused)
    assert str(file) in told["problem"][0]
    assert stage.watch is not None
    assert stage.watch.standing.refused_at is not None
    assert stage.watch.standing.as_json()["rules"] == 1


def test_every_problem_of_a_refused_file_is_told(stage: Stage, file: Path) -> None:
    write(file, rule("A", "appointment."), rule("B", "1 +"))
    stage.pass_time()
    assert len(stage.refused) == 2
    assert 'rule "A"' in stage.refused[0]
    assert 'rule "B"' in stage.refused[1]


@pytest.mark.parametrize("other", [False, True])
def test_a_file_that_is_mended_is_in_force_again(stage: Stage, file: Path, other: bool) -> None:
    write(file, text="{")
    stage.pass_time()
    assert stage.refused
    write(file, rule("B" if other else "A", "true"))
    stage.pass_time()
    assert stage.refused == ()
    assert stage.names == (["B"] if other else ["A"])
    assert stage.judged_again == ([2] if other else [])


def test_another_broken_file_is_told_again(stage: Stage, file: Path) -> None:
    with capture_logs() as logs:
        for text in ("{", "[", "[", "{"):
            write(file, text=text)
            stage.pass_time()
    assert len([entry for entry in logs if entry["log_level"] == "error"]) == 3


# The file by itself


def test_the_looks_at_a_file_in_their_order(file: Path) -> None:
    looks = RulesFile(str(file))
    assert isinstance(looks.look(), Rules)
    assert looks.look() is Sight.SAME
    write(file, rule("B", "true"))
    assert looks.look() is Sight.MOVING
    assert isinstance(looks.look(), Rules)
    file.unlink()
    assert looks.look() is Sight.MOVING
    assert isinstance(looks.look(), RulesError)
    assert looks.look() is Sight.SAME
    write(file, rule("B", "true"))
    assert looks.look() is Sight.MOVING
    assert isinstance(looks.look(), Rules), "it was refused in between, so that it is news"


def test_a_file_that_could_not_be_read_is_tried_again_without_having_changed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> bytes:
        raise RulesError([*load_error(name).parts])

    def load_error(name: str) -> RulesError:
        with pytest.raises(RulesError) as caught:
            load_rules(name + ".gone")
        return caught.value

    looks = RulesFile(str(file))
    with monkeypatch.context() as patch:
        patch.setattr("models.rules.file.read_file", refuse)
        assert isinstance(looks.look(), RulesError)
        assert looks.look() is Sight.SAME
    assert isinstance(looks.look(), Rules)


# Who is told


class Board(Inbox):
    """Dime.Scheduler as the watch asks it."""

    def answer(self, *, fails: bool = False) -> None:
        (submitted,) = self.told
        self.told.clear()
        planned = replace(appointment(), resources=(R1,))
        problem = Unavailable(About(service="board", method="GET", path="/appointment"))
        listing = AppointmentListing(appointments=(planned,))
        submitted.reply(Failed(problem=problem) if fails else Done(value=listing))


@dataclass
class Watched:
    """The board's watch, and one resource to tell."""

    runtime: SimulatedRuntime
    board: Board = field(default_factory=Board)
    hints: Hints = field(default_factory=Hints)

    def start(self) -> None:
        router = Router(self.hints, self.runtime.clock)
        active = Active(resource=Resource(resource_no=R1), mailbox=Mailbox(id=MailboxId("m"), email="m@x"))
        router.directory = Directory(resources={R1: active})
        self.actor = BoardWatch.start(
            scheduler=self.board,
            router=router,
            clock=self.runtime.clock,
            timers=self.runtime.timers,
            every_seconds=60.0,
            window=lambda: window_around(BEGIN, past_days=1, future_days=1),
            dispatcher=self.runtime.pinned["router"],
        )
        self.runtime.settle()

    def told(self, *, fails: bool = False) -> Trigger | None:
        """What the resource is told when the board has answered: why, or None for nothing."""
        self.board.answer(fails=fails)
        self.runtime.settle()
        listing = self.hints.take(R1)[1]
        return None if listing is None else listing.trigger

    def judge_again(self) -> None:
        self.actor.tell(TellAll(Trigger.RULES))
        self.runtime.settle()

    def pass_time(self, seconds: float) -> None:
        self.runtime.run_until(self.runtime.clock.now() + timedelta(seconds=seconds))


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched(Runtime.simulated(1, BEGIN))
    watched.start()
    yield watched
    watched.actor.stop(block=False)
    watched.runtime.resources.run_until_idle()


def test_a7_after_new_rules_everybody_is_told_what_the_board_holds_though_nothing_changed(
    watched: Watched,
) -> None:
    assert watched.told() is Trigger.POLL
    watched.pass_time(60)
    assert watched.told() is None, "nothing changed"
    watched.judge_again()
    assert watched.told() is Trigger.RULES
    watched.pass_time(60)
    assert watched.told() is None, "once is enough"


def test_a7_new_rules_are_not_forgotten_when_the_board_cannot_be_read(watched: Watched) -> None:
    assert watched.told() is Trigger.POLL
    watched.judge_again()
    assert watched.told(fails=True) is None
    watched.pass_time(60)
    assert watched.told() is Trigger.RULES


def test_new_rules_during_a_reading_do_not_read_twice(watched: Watched) -> None:
    watched.judge_again()
    assert watched.told() is Trigger.RULES
    assert watched.board.told == []


def test_the_board_is_read_at_its_own_pace_however_often_the_rules_change(watched: Watched) -> None:
    watched.told()
    for _ in range(5):
        watched.judge_again()
        watched.told()
    watched.pass_time(59)
    assert watched.board.told == []
    watched.pass_time(1)
    assert len(watched.board.told) == 1

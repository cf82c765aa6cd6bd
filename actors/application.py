"""The process without its listener: every actor, put together in the order of their dependence.

What is injected everywhere (time, randomness, transport, who runs next) comes in from outside, so that the
same application runs unattended, answers one command, or replays a history in one thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container
from datetime import timedelta
from typing import Any

import structlog
from pykka import ActorRef

from actors.auditor import AuditNeighbours, Auditor
from actors.board_watch import BoardWatch, TellAll
from actors.clients.gateway import TakeSnapshot
from actors.clients.grants import Surroundings as ClientSurroundings
from actors.clients.graph.gateway import GraphGateway
from actors.clients.metrics import Snapshot
from actors.clients.scheduler.gateway import SchedulerGateway
from actors.gateways import Outside, graph_arguments, scheduler_arguments
from actors.mailbox_watch import MailboxWatch
from actors.mapping import RELOAD_SECONDS, MapperActor
from actors.rehearsal import Rehearsal, RehearsalStoreActor
from actors.resource.actor import ResourceActor
from actors.resource.hints import Hints
from actors.resource.messages import Hint
from actors.resource.surroundings import Configuration, Surroundings
from actors.roster import Quarantined, Roster, RosterNeighbours, Trouble
from actors.router import Router
from actors.rules_watch import RulesStanding, RulesWatch
from actors.runtime.pooled import PooledActor, Termination, watch
from actors.runtime.system import Runtime
from actors.store_actor import Commit, StoreActor
from actors.supervision_messages import Key, Passivate, StopAll
from actors.supervisor import Supervisor
from actors.tally import DecisionTally
from actors.undos import Undos
from models.decision import Act
from models.ids import MailboxId, ResourceNo
from models.mapper import Mapper
from models.rules import Rules, RulesFile
from models.settings.sections import Settings
from models.storage.changes import AddDeadLetter, PutSupervision
from models.storage.records import DeadLetter, ResourceRecord, Trigger
from models.storage.store import Store
from models.supervision import ChildState, SupervisionPolicy
from models.when import Window

log = structlog.get_logger(__name__)

STOP_SECONDS = 8.0
"""How long resource actors get to end their turns; SIGTERM promises an end within 10 s."""
A_DAY = 86_400.0


class Application:
    """Everything that runs."""

    def __init__(
        self,
        settings: Settings,
        *,
        runtime: Runtime,
        store: Store,
        outside: Outside,
        mapper: Mapper,
        only: Container[ResourceNo] | None = None,
        rehearsal: Rehearsal | None = None,
        audits: bool = True,
    ) -> None:
        """`only` restricts a command to some resources; with a `rehearsal` nothing is written anywhere.

        `audits`: whether both sides are compared in full once in a period, as an unattended process does.
        """
        self.settings = settings
        self.runtime = runtime
        self.store = store
        self.hints = Hints()
        self.router = Router(self.hints, runtime.clock)
        self.loaded = threading.Event()
        """Set once every resource of the board has been looked at."""
        self.listed = threading.Event()
        """Set once every resource has been told what the board holds."""
        self.failed = threading.Event()
        """Set when the process cannot go on: it has to stop with an exit code that is not 0."""
        self.failure = ""
        self.store_problem = ""
        """What is wrong with the store; empty while it is well."""
        self.on_loaded: Callable[[], None] = lambda: None
        """Called when it is known who synchronises, before anybody is asked what changed."""
        self.tally = DecisionTally()
        self.undos = Undos(self.router)
        self.roster: ActorRef[Any] | None = None
        self._rehearsal = rehearsal
        self._audits = audits and rehearsal is None
        self._outside = outside
        self._only = only
        self._looked_into: set[tuple[ResourceNo, MailboxId]] = set()
        self._configuration = self._configured(mapper)
        self.rules_watch = self._watch_over(mapper.rules)
        """Knows how the rules stand; None without a rule file."""
        self._started: list[ActorRef[Any]] = []

    # From start to stop

    def prepare(self) -> None:
        """Start the actors that all others need; nobody synchronises yet."""
        self.store_actor = self._start_store_actor()
        around = self._client_surroundings()
        self.graph = self.employ(
            GraphGateway, "gateway", **graph_arguments(self.settings, self._outside, around)
        )
        self.scheduler = self.employ(
            SchedulerGateway, "gateway", **scheduler_arguments(self.settings, self._outside, around)
        )
        self.mapper = self.employ(
            MapperActor,
            "mapper",
            mapper=self._configuration.mapper,
            scheduler=self.scheduler,
            timers=self.runtime.timers,
            publish=self._publish,
            reload_seconds=max(RELOAD_SECONDS, float(self.settings.sync.board_poll_seconds)),
            rules=self.rules_watch,
            judge_again=self._judge_again,
            compare_again=self._compare_again,
        )
        self.supervisor = self.employ(Supervisor, "supervisor", **self._supervisor_arguments())
        self.router.connect(self.supervisor)
        self.undos.connect(self.supervisor)

    def start(self) -> None:
        """Start every actor. Nothing here waits for a service."""
        if not self._started:
            self.prepare()
        self.roster = self.employ(
            Roster,
            "router",
            neighbours=self._neighbours(),
            every_seconds=self._every(self.settings.sync.board_poll_seconds),
            known=self.store.resources(),
            only=self._only,
            shares=self.store.is_shared and self._rehearsal is None,
            on_loaded=self._roster_loaded,
        )

    def _roster_loaded(self) -> None:
        """Every resource is known: from here on the two sides are watched."""
        settings, runtime = self.settings, self.runtime
        self.loaded.set()
        self.on_loaded()
        self.board_watch = self.employ(
            BoardWatch,
            "router",
            scheduler=self.scheduler,
            router=self.router,
            clock=runtime.clock,
            timers=runtime.timers,
            every_seconds=self._every(settings.sync.board_poll_seconds),
            window=self.window,
            reads_all=self._only is None,
            on_listed=self.listed.set,
        )
        self.mailbox_watch = self.employ(
            MailboxWatch,
            "router",
            router=self.router,
            clock=runtime.clock,
            timers=runtime.timers,
            random=runtime.random,
            every_seconds=self._every(settings.sync.outlook_poll_seconds),
        )
        if self._audits:
            self.employ(
                Auditor,
                "resources",
                neighbours=self._audit_neighbours(),
                configuration=lambda: self._configuration,
                every=timedelta(hours=settings.sync.audit_hours),
            )

    def stop(self) -> None:
        """Stop every actor, resources first: what they asked to be written is written."""
        if hasattr(self, "supervisor") and self.supervisor.is_alive():
            stopped = threading.Event()
            self.supervisor.tell(StopAll(reply=stopped.set))
            stopped.wait(STOP_SECONDS)
        for ref in reversed(self._started):
            if ref.is_alive():
                ref.stop(block=False)
        for ref in reversed(self._started):
            ref.actor_stopped.wait(1.0)

    # What others ask

    @property
    def changes(self) -> int:
        """How many decisions since the start changed something."""
        return sum(count for act, count in self.tally.by_act().items() if act != Act.NOTHING.value)

    @property
    def records(self) -> tuple[ResourceRecord, ...]:
        """Every resource as the roster sees it now."""
        return tuple(self.router.directory.records)

    def rules_standing(self) -> RulesStanding:
        """Which rules are in force, and whether their file says something that cannot be used."""
        return RulesStanding() if self.rules_watch is None else self.rules_watch.standing

    def window(self) -> Window:
        """The synchronised window now."""
        return self._configuration.window(self.runtime.clock.now())

    def snapshots(self) -> tuple[Snapshot, Snapshot]:
        """Both gateways at this moment, Graph's first. Not to be asked from a gateway's thread."""
        asked = [gateway.ask(TakeSnapshot(), block=False) for gateway in (self.graph, self.scheduler)]
        graph, scheduler = (future.get(timeout=5.0) for future in asked)
        return graph, scheduler

    def resync(self, resource_no: ResourceNo | None) -> None:
        """Read both sides of a resource, or of all, in full."""
        numbers = list(self.router.directory.resources) if resource_no is None else [resource_no]
        for number in numbers:
            self.router.hint(number, Hint.everything(Trigger.COMMAND))

    # How the actors are made

    def employ(self, kind: type[PooledActor], place: str, *args: Any, **kwargs: Any) -> ActorRef[Any]:  # noqa: ANN401 - each actor has its own
        """Start one more actor on a thread of its own kind, or on those of the resources.

        It is watched, and stopped with the others.
        """
        dispatcher = self.runtime.resources if place == "resources" else self.runtime.pinned[place]
        ref = kind.start(*args, dispatcher=dispatcher, **kwargs)
        watch(ref, lambda termination: self._ended(kind.__name__, termination))
        self._started.append(ref)
        return ref

    def _every(self, seconds: int) -> float:
        """How often something is polled. A rehearsal tells of one moment, however long it takes."""
        return float(seconds) if self._rehearsal is None else A_DAY

    def _start_store_actor(self) -> ActorRef[Any]:
        if self._rehearsal is not None:
            return self.employ(RehearsalStoreActor, "store", self.store, self._rehearsal)
        timers, clock = self.runtime.timers, self.runtime.clock
        told = (self.tally.note, self._store_is, self._escalate)
        return self.employ(StoreActor, "store", self.store, timers, clock, *told)

    def _store_is(self, problem: str) -> None:
        self.store_problem = problem

    def _ended(self, name: str, termination: Termination) -> None:
        if termination.error is not None:
            self._escalate(f"{name} has failed: {type(termination.error).__name__}")

    def _escalate(self, reason: str) -> None:
        self.failure = reason
        log.critical("cannot go on", reason=reason, remedy="the service manager restarts the process")
        self.failed.set()

    def _client_surroundings(self) -> ClientSurroundings:
        runtime = self.runtime
        return ClientSurroundings(
            clock=runtime.clock, timers=runtime.timers, random=runtime.random, senders=runtime.senders
        )

    def _supervisor_arguments(self) -> dict[str, Any]:
        return {
            "name": "resources",
            "policy": SupervisionPolicy(),
            "factory": self._resource_actor,
            "timers": self.runtime.timers,
            "clock": self.runtime.clock,
            "random": self.runtime.random,
            "on_quarantine": self._quarantined,
            "on_poison": self._poisoned,
            "on_escalate": self._escalate,
            "persist": self._persist,
            "restored": self.store.all_supervision(),
        }

    def _neighbours(self) -> RosterNeighbours:
        return RosterNeighbours(
            graph=self.graph,
            scheduler=self.scheduler,
            store=self.store_actor,
            supervisor=self.supervisor,
            router=self.router,
            clock=self.runtime.clock,
            timers=self.runtime.timers,
        )

    def _audit_neighbours(self) -> AuditNeighbours:
        return AuditNeighbours(
            graph=self.graph,
            scheduler=self.scheduler,
            store=self.store_actor,
            router=self.router,
            clock=self.runtime.clock,
            timers=self.runtime.timers,
        )

    def _resource_actor(self, key: Key, incarnation: int) -> ActorRef[Any]:
        number = ResourceNo(str(key))
        active = self.router.directory.resources.get(number)
        given = active or self.undos.at_rest(number)
        return ResourceActor.start(
            resource=given.resource,
            mailbox=given.mailbox,
            incarnation=incarnation,
            surroundings=self._surroundings(),
            at_rest=active is None,
            dispatcher=self.runtime.resources,
        )

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            graph=self.graph,
            scheduler=self.scheduler,
            store=self.store_actor,
            hints=self.hints,
            clock=self.runtime.clock,
            timers=self.runtime.timers,
            random=self.runtime.random,
            configuration=lambda: self._configuration,
            hint=self.router.hint,
            trouble=self._troubled,
            undo=self.undos.waiting_for,
            undone=self.undos.ended_at_rest,
            settled=self.router.settled,
            wrote=self.router.wrote,
            passivate=lambda number, life: self.supervisor.tell(Passivate(key=number, incarnation=life)),
            looked_into=self._looked_into,
            rehearses=self._rehearsal is not None,
            note=None if self._rehearsal is None else self._rehearsal.note,
            judges_anew=self._rehearsal is not None and self._rehearsal.judges_anew,
            in_force=lambda number: None if self._rehearsal is None else self._rehearsal.in_force(number),
        )

    # What the actors tell

    def _configured(self, mapper: Mapper) -> Configuration:
        settings = self.settings
        return Configuration(
            mapper=mapper,
            policy=settings.sync.policy(),
            delete_budget=settings.sync.delete_budget(),
            confirm_seconds=settings.sync.confirm_seconds(),
            defaults=settings.default_preferences(),
            resources_decide=settings.defaults.resources_decide,
            past_days=settings.sync.past_days,
            future_days=settings.sync.future_days,
            source_app=settings.scheduler.source_app,
            source_type=settings.scheduler.source_type,
        )

    def _watch_over(self, rules: Rules) -> RulesWatch | None:
        said = self.settings
        if not said.rules.file.strip() or self._rehearsal is not None:
            return None  # a rehearsal judges by the rules that it was given, to its end
        return RulesWatch(RulesFile(said.rules.file, said.scheduler.time_zone), rules, self.runtime.clock)

    def _judge_again(self) -> None:
        """New rules are published: whoever was judged by the old ones is judged anew (A7)."""
        if self.loaded.is_set():
            self.board_watch.tell(TellAll(Trigger.RULES))

    def _compare_again(self) -> None:
        """Other categories are known: what events were taken to say may be something else now."""
        for number in list(self.router.directory.resources):
            self.router.hint(number, Hint(outlook=True, full=True, trigger=Trigger.RULES))

    def _publish(self, mapper: Mapper) -> None:
        """A new snapshot of the mapping holds for every resource from its next start or hint on."""
        self._configuration = self._configured(mapper)

    def _quarantined(self, key: Key, reason: str) -> None:
        number = ResourceNo(str(key))
        self.undos.quarantined(number, reason)
        self._tell_roster(Quarantined(number, reason))

    def _troubled(self, number: ResourceNo, problem: Exception) -> None:
        self.undos.troubled(number, problem)
        self._tell_roster(Trouble(number, problem))

    def _tell_roster(self, message: object) -> None:
        """Without a roster nobody synchronises, and nobody has to be told who does not."""
        if self.roster is not None:
            self.roster.tell(message)

    def _persist(self, key: Key, child: ChildState) -> None:
        number = ResourceNo(str(key))
        self.store_actor.tell(Commit((PutSupervision(resource_no=number, child=child),)))
        if not child.quarantined:
            self._tell_roster(Quarantined(number, ""))

    def _poisoned(self, key: Key, message: object, error: BaseException) -> None:
        """A message that crashed its resource again and again is put aside, and the resource goes on."""
        now = self.runtime.clock.now()
        letter = DeadLetter(
            id=f"{key}/message/{now.timestamp():.6f}",
            resource_no=ResourceNo(str(key)),
            act=Act.NOTHING,
            reason=(
                f"handling a {type(message).__name__} failed with {type(error).__name__}; "
                "run `retry`, and report it if it comes back"
            ),
            code="DSUNK001",
            first_at=now,
            last_at=now,
        )
        self.store_actor.tell(Commit((AddDeadLetter(letter=letter),)))

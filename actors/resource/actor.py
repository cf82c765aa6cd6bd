"""The actor of one resource: it owns the resource's links and serialises everything that happens to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from pykka import ActorDeadError

from actors.clients.graph.operations import GraphOperation
from actors.clients.scheduler.operations import SchedulerOperation
from actors.clients.steps import Outcome, Priority, Submit, always
from actors.resource.board_reader import BoardReader
from actors.resource.chronicle import Chronicle
from actors.resource.course import Course
from actors.resource.desk import Desk, is_being_created
from actors.resource.holding import Holding
from actors.resource.mailbox_reader import MailboxReader
from actors.resource.messages import Hint, Run, Wake
from actors.resource.parking import Parking
from actors.resource.relocation import Relocation
from actors.resource.retention import Retention, key_of
from actors.resource.sides import Lens
from actors.resource.surroundings import Loaded, Surroundings
from actors.resource.undoing import Undoing
from actors.resource.writer import Writer
from actors.runtime.pooled import PooledActor
from actors.store_actor import Commit, Query
from models.book import LinkBook
from models.ids import ResourceNo
from models.judging import effective_preferences
from models.preferences import Preferences
from models.resource import Mailbox, Resource
from models.storage.changes import Change, FinishJournal, MarkInStep
from models.storage.records import DeltaState, ResourcePreferences, Trigger
from models.storage.store import Store
from models.when import day_of

T = TypeVar("T")

IDLE_SECONDS = 600.0
"""An actor with nothing to do for this long stops; the next hint starts it again from the store."""
LISTING_SECONDS = 30.0
"""How long a new mailbox waits for the board's watch before it lists its own appointments."""


class ResourceActor(PooledActor):
    """One resource. See the package's README for who does what inside."""

    def __init__(
        self,
        *,
        resource: Resource,
        mailbox: Mailbox,
        incarnation: int,
        surroundings: Surroundings,
        at_rest: bool = False,
    ) -> None:
        """`at_rest`: the resource does not synchronise; an undo is carried out for it, and nothing else."""
        super().__init__()
        self.at_rest = at_rest
        self.resource, self.mailbox, self.incarnation = resource, mailbox, incarnation
        self.around = surroundings
        self.random = surroundings.random
        self.rehearses = surroundings.rehearses
        self._desk: Desk | None = None
        self._board: BoardReader | None = None
        self._reader: MailboxReader | None = None
        self._course: Course | None = None
        self._holding: Holding | None = None
        self._retention: Retention | None = None
        self._undoing: Undoing | None = None
        self._ready = False
        self._reloading = False
        self._journal: tuple[str, ...] = ()
        self._was_busy = True
        self._idle_since = 0.0

    def on_start(self) -> None:
        number, mailbox = self.resource.resource_no, self.mailbox.id
        self.around.hints.restore(number)

        def read(store: Store) -> Loaded:
            intents = store.pending_intents(number)
            return Loaded(
                links=store.links_of(number),
                unshared=store.unshared_of(number),
                intents=intents,
                images=store.images_of_intents(intent.id for intent in intents),
                parked=store.dead_letters(number),
                held=store.held_back(number),
                preferences=store.preferences_of(number),
                delta=store.delta_state(mailbox),
                has_forgotten=store.meta(key_of(number)) is not None,
            )

        self.load(read, self._loaded)

    def on_receive(self, message: object) -> object:
        match message:
            case Run():
                if message.incarnation == self.incarnation:
                    message.then()
            case Wake():
                self._take_hints()
            case _:
                return super().on_receive(message)
        self._look_around()
        return None

    def on_stop(self) -> None:
        if self._undoing is not None:
            self._undoing.stop()

    # From the store to work

    def _loaded(self, loaded: Loaded) -> None:
        configuration, now = self.around.configuration(), self.now()
        lens = Lens(
            resource_no=self.resource.resource_no,
            preferences=self._effective(loaded.preferences),
            mapper=configuration.mapper,
            window=configuration.window(now),
            in_force=self.around.in_force(self.resource.resource_no),
        )
        book = LinkBook(self.mailbox.id, loaded.links, loaded.unshared)
        book.has_forgotten = loaded.has_forgotten
        desk = Desk(
            resource=self.resource,
            mailbox=self.mailbox,
            lens=lens,
            policy=configuration.policy,
            book=book,
            ports=self,
        )
        chronicle = Chronicle(
            resource_no=self.resource.resource_no,
            mailbox=self.mailbox.id,
            preferences=lambda: desk.lens.preferences,
            mapper=lambda: desk.lens.mapper,
            clock=self.around.clock,
            random=self.random,
            names_values=not self.rehearses,
        )
        self._desk = desk
        self._course = Course(desk, chronicle, Parking(desk, loaded.parked))
        self._holding = Holding(
            self._course,
            budget=configuration.delete_budget,
            confirm_seconds=configuration.confirm_seconds,
            held=loaded.held,
        )
        self._retention = Retention(self._course, self._holding)
        writer = Writer(self._course, self._holding)
        desk.employ(writer)
        self._undoing = Undoing(self._course, at_rest=self.at_rest, on_end=self._undone)
        if self.at_rest:
            self._ready = True
            self._take_undo()
            return
        self._board = BoardReader(
            desk, source_app=configuration.source_app, source_type=configuration.source_type
        )
        self._reader = MailboxReader(desk, self._board, chronicle, loaded.delta)
        Relocation(self._course).begin(loaded.intents)
        place = (self.resource.resource_no, self.mailbox.id)

        def begin() -> None:
            self.around.looked_into.add(place)
            self._begin(loaded)

        # once in each process: the store may be a backup, which nothing in it tells; a rehearsal takes it for
        # what it is, and spares every mailbox that reading
        if self._reader.is_new or not (self.rehearses or place in self.around.looked_into):
            self._reader.adoption.adopt_all(begin)
        else:
            begin()

    def _begin(self, loaded: Loaded) -> None:
        """Finish what an earlier life began, then listen."""
        if self._desk is None or self._course is None or self._reader is None:
            return
        # in a rehearsal nothing is urgent: each item is decided about once, upon both sides
        self._desk.collects = self.rehearses
        intents = loaded.intents
        unfinished = {intent.guid: intent for intent in intents if intent.guid is not None}
        for link in self._desk.book:
            if link.guid in unfinished or is_being_created(link):
                item = self._desk.item(link.guid, Trigger.RECOVERY)
                item.intent = unfinished[link.guid].id if link.guid in unfinished else ""
                item.image = loaded.images.get(item.intent)
                self._course.recover(item)
        self._course.drop_intents(
            intent
            for intent in intents
            if intent.guid is not None and self._desk.book.get(intent.guid) is None
        )
        if self._holding is not None:
            self._holding.take_up()
        self._ready = True
        if loaded.delta is not None and self._judges_anew(loaded, loaded.delta, self._desk.lens):
            anew = Hint(outlook=True, full=True, trigger=Trigger.PREFERENCES)
            self.around.hints.leave(self.resource.resource_no, anew)
        self._take_hints()

    def _judges_anew(self, loaded: Loaded, delta: DeltaState, lens: Lens) -> bool:
        """Whether something decides that did not when the mailbox was last read in full (B10, B17)."""
        if self.around.judges_anew or lens.in_force not in (None, lens.preferences):
            return True
        chosen = loaded.preferences
        return chosen is not None and chosen.stored.set_at >= delta.full_round_at

    # Undoing

    def _take_undo(self) -> None:
        undo = self.around.undo(self.resource.resource_no) if self._ready else None
        if undo is not None and self._undoing is not None:
            self._undoing.take(undo)
        elif self.at_rest and self._ready:
            self._undone()

    def _undone(self) -> None:
        if self.at_rest:
            self.around.undone(self.resource.resource_no, self.incarnation)

    # Hints

    def _take_hints(self) -> None:
        self._take_undo()
        if not self._ready or self._desk is None or self._board is None or self._reader is None:
            return
        hint, listing = self.around.hints.take(self.resource.resource_no)
        self._was_busy = self._was_busy or hint is not None or listing is not None
        configuration = self.around.configuration()
        self._desk.look_through(configuration.mapper, configuration.window(self.now()))
        if listing is not None:
            self._board.listed(listing)
        if hint is not None:
            self._heed(hint, self._desk, self._board, self._reader)
        if self._reader.is_new and not self._board.has_listed:
            self.later(LISTING_SECONDS, self._list_if_not_told)

    def _list_if_not_told(self) -> None:
        """The board's watch tells everybody what it reads; one who came late asks for itself."""
        if self._board is not None and not self._board.has_listed:
            self._board.list_window(Trigger.START)

    def _heed(self, hint: Hint, desk: Desk, board: BoardReader, reader: MailboxReader) -> None:
        self._journal += hint.journal
        if hint.trigger is Trigger.RETRY and self._course is not None and self._holding is not None:
            self._course.parking.clear()
            self._holding.insist()
        if hint.board:
            board.list_window(hint.trigger)
        elif hint.appointments:
            board.read(hint.appointments, hint.trigger)
        if hint.preferences:
            self._reload_preferences(desk, reader)
        elif (hint.outlook or hint.full) and not (reader.is_new and reader.is_idle):
            reader.ask(hint.trigger, full=hint.full or self._window_is_old(reader))

    def _reload_preferences(self, desk: Desk, reader: MailboxReader) -> None:
        def loaded(stored: ResourcePreferences | None) -> None:
            self._reloading = False
            desk.share(self._effective(stored))
            if not (reader.is_new and reader.is_idle):
                reader.ask(Trigger.PREFERENCES, full=True)

        self._reloading = True
        self.load(lambda store: store.preferences_of(self.resource.resource_no), loaded)

    def _effective(self, stored: ResourcePreferences | None) -> Preferences:
        configuration = self.around.configuration()
        return effective_preferences(
            stored.stored if stored is not None else None,
            configuration.defaults,
            resources_decide=configuration.resources_decide,
        )

    def _window_is_old(self, reader: MailboxReader) -> bool:
        """The window is frozen in the delta link; once a day, each mailbox at a moment of its own, it moves
        on with a new round (facts §3.4)."""
        if reader.state is None:
            return True
        return day_of(self.mailbox.id, reader.state.full_round_at) != day_of(self.mailbox.id, self.now())

    def _look_around(self) -> None:
        """Whether there is nothing left to do: then hints are done, and rest may be near."""
        if not self._ready or self._desk is None or self._board is None or self._reader is None:
            return
        held = self._holding
        if self._reader.is_new and self._reader.is_idle and self._board.has_listed:
            # what the board has from Outlook must be known before the mailbox is read (C5)
            self._reader.ask(Trigger.START)
        if self._desk.collects and self._board.has_listed and not self._reader.is_reading:
            self._desk.decide_collected()
        reads = not (self._board.is_idle and self._reader.is_idle) or self._reader.is_new or self._reloading
        undoes = self._undoing is not None and not self._undoing.is_idle
        idle = self._desk.is_idle and not reads and not undoes and (held is None or held.is_idle)
        if idle and self._was_busy:
            if held is not None:
                held.rest()
            if self._journal:
                done, self._journal = self._journal, ()
                self.commit(FinishJournal(ids=done))
            self._mark_in_step(self._reader)
            if self._retention is not None:
                self._retention.look_through()
            self.around.hints.settle(self.resource.resource_no)
            self.around.settled(self.resource.resource_no)
            self._idle_since = since = self.monotonic()
            self.later(IDLE_SECONDS, lambda: self._rest(since))
        self._was_busy = not idle

    def _mark_in_step(self, reader: MailboxReader) -> None:
        """Both sides agree, as they were when the mailbox was last asked."""
        if reader.read_at is not None:
            mark = MarkInStep(resource_no=self.resource.resource_no, at=reader.read_at)
            reader.read_at = None
            self.commit(mark)

    def _rest(self, since: float) -> None:
        if since == self._idle_since and not self._was_busy:
            self.around.passivate(self.resource.resource_no, self.incarnation)

    # The ports

    def now(self) -> datetime:
        return self.around.clock.now()

    def monotonic(self) -> float:
        return self.around.clock.monotonic()

    def graph(
        self,
        operation: GraphOperation[Any],
        then: Callable[[Outcome], None],
        stands: Callable[[], bool] = always,
    ) -> None:
        self.around.graph.tell(self._submit(operation, then, stands))

    def board(
        self,
        operation: SchedulerOperation[Any],
        then: Callable[[Outcome], None],
        stands: Callable[[], bool] = always,
    ) -> None:
        self.around.scheduler.tell(self._submit(operation, then, stands))

    def commit(self, *changes: Change, then: Callable[[], None] | None = None) -> None:
        if self.around.note is not None:
            self.around.note(changes)
            if then is not None:
                self._run(then)
            return
        back = None if then is None else lambda: self._run(then)
        self.around.store.tell(Commit(changes=changes, then=back))

    def load(self, query: Callable[[Store], T], then: Callable[[T], None]) -> None:
        self.around.store.tell(
            Query(
                read=query,
                then=lambda answer: self._run(lambda: then(answer)),
                failed=lambda error: self._run(lambda: _fail(error)),
            )
        )

    def later(self, seconds: float, then: Callable[[], None]) -> None:
        self.around.timers.after(seconds, lambda: self._run(then))

    def wrote(self) -> None:
        self.around.wrote(self.resource.resource_no)

    def hint(self, resource_no: ResourceNo, hint: Hint) -> None:
        self.around.hint(resource_no, hint)

    def trouble(self, problem: Exception) -> None:
        self.around.trouble(self.resource.resource_no, problem)
        if self.at_rest:
            self._take_undo()  # which has ended, if this is the end of it

    def _submit(
        self,
        operation: Any,  # noqa: ANN401 - of either service
        then: Callable[[Outcome], None],
        stands: Callable[[], bool],
    ) -> Submit:
        """What waits for its turn when this actor stops is not done: the resource is left alone from then on
        (A10), has another mailbox (A11), or looks at both sides again when it starts."""
        priority = Priority.CHANGE if operation.is_write else Priority.CATCH_UP
        return Submit(
            operation=operation,
            reply=lambda outcome: self._run(lambda: then(outcome)),
            priority=priority,
            stands=lambda: self.actor_ref.is_alive() and stands(),
        )

    def _run(self, then: Callable[[], None]) -> None:
        """Have something done in a turn of this actor; by now it may have stopped, and then it is moot."""
        try:
            self.actor_ref.tell(Run(then, self.incarnation))
        except ActorDeadError:
            return


def _fail(error: Exception) -> None:
    """What this resource has in the store cannot be understood: its supervisor decides what becomes of it."""
    raise error

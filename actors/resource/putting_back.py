"""What an undo finds when it looks at an item, what stands in its way, and what is agreed by it. Pure."""

from __future__ import annotations

from dataclasses import replace

from actors.resource.case import Case
from actors.resource.forgetting import WORDS
from actors.resource.links import at, told, undone
from models.bodies import text_of, with_block
from models.content import Content
from models.decision import Side
from models.event import Event
from models.ids import MailboxId, ResourceNo
from models.link import Agreed, Link, LinkState, Origin
from models.preferences import Verdict
from models.sides import BoardSide, OutlookSide
from models.storage.changes import Change, DropLink, PutLink
from models.texts import normal_body
from models.undoing import Obstacle, Rollback, Way


def now_on(side: Side, case: Case) -> Content | None:
    """What a side has of an item now; None: nothing. An appointment counts while the resource is on it."""
    if side is Side.OUTLOOK:
        return case.outlook.content if isinstance(case.outlook, OutlookSide) else None
    is_there = isinstance(case.board, BoardSide) and case.board.assigned
    return case.board.content if is_there and isinstance(case.board, BoardSide) else None


def hidden(rollback: Rollback, case: Case) -> Obstacle | None:
    """Whether its owner keeps to herself what the event says, so that nobody can tell what became of it."""
    if rollback.side is Side.BOARD or case.event is None or case.event.detail is not None:
        return None
    target = rollback.target
    asks_for_words = target is None or any(target.get(word) is not None for word in WORDS)
    return Obstacle.NOT_SHARED if asks_for_words else None


def obstacle(rollback: Rollback, way: Way, case: Case, mailbox: MailboxId) -> Obstacle | None:
    """What stands in the way of putting an item back that has not moved on."""
    if not _is_known_enough(rollback, way, case):
        return Obstacle.NOT_AGREED
    if rollback.side is Side.OUTLOOK:
        return _in_outlook(rollback, way, case, mailbox)
    if way is not Way.CREATE and isinstance(case.board, BoardSide) and case.board.locked:
        return Obstacle.LOCKED
    if case.origin is Origin.BOARD:
        return _for_planners(rollback, way, case)
    if way is Way.REMOVE:
        return None
    if not isinstance(case.outlook, OutlookSide):
        return Obstacle.EVENT_GONE
    shared = (Verdict.SHARED, Verdict.MASKED) if way is Way.CREATE else (Verdict.SHARED,)
    return None if case.outlook.verdict in shared else Obstacle.NOT_SHARED


def _is_known_enough(rollback: Rollback, way: Way, case: Case) -> bool:
    """Whether there is a link to go by, where what is there already is changed or taken away."""
    if way is Way.CREATE or (
        case.origin is Origin.BOARD and rollback.side is Side.BOARD and way is Way.REMOVE
    ):
        return True
    link = case.link
    if link is None or link.agreed is None:
        return False
    return rollback.side is Side.BOARD or link.event_id is not None


def _in_outlook(rollback: Rollback, way: Way, case: Case, mailbox: MailboxId) -> Obstacle | None:
    if rollback.mailbox not in (None, mailbox):
        return Obstacle.OTHER_MAILBOX
    if way is Way.CREATE:
        is_planned = isinstance(case.board, BoardSide) and case.board.assigned
        return None if is_planned else Obstacle.NOT_PLANNED
    event = case.event
    if event is None:
        return Obstacle.GONE
    if not event.head.is_organizer:
        return Obstacle.ONLY_ATTENDEE
    if event.head.has_guests:
        return Obstacle.HAS_GUESTS
    return Obstacle.TYPED_INTO if way is Way.REMOVE and _is_typed_into(event) else None


def _for_planners(rollback: Rollback, way: Way, case: Case) -> Obstacle | None:
    """A planner's appointment comes back with the job and task that it was planned for."""
    if way is not Way.CREATE or case.appointment is not None:
        return None
    work = rollback.work
    return None if work is not None and work.job_no and work.task_no else Obstacle.NO_WORK


def _is_typed_into(event: Event) -> bool:
    """Whether an event of the board's holds more than the board put there."""
    detail = event.detail
    if detail is None:
        return True
    return detail.has_attachments or bool(normal_body(text_of(with_block(detail.body_html, ""))))


def agreed_by(rollback: Rollback, case: Case, who: tuple[ResourceNo, MailboxId]) -> tuple[Change, ...]:
    """What is agreed once an item was found to be put back, by a call whose answer was lost."""
    link, side = case.link, rollback.side
    if link is None:
        return ()
    if side is Side.OUTLOOK and rollback.target is None:
        if case.appointment is None:
            return (DropLink(resource_no=link.resource_no, guid=link.guid),)
        return (PutLink(link=undone(case, case.appointment, *who)),)
    if side is Side.BOARD and rollback.target is None:
        is_own = link.origin is Origin.OUTLOOK
        return (PutLink(link=replace(link, state=LinkState.SUPPRESSED)),) if is_own else ()
    return (PutLink(link=_with_both(link, rollback, case)),)


def _with_both(link: Link, rollback: Rollback, case: Case) -> Link:
    """A link whose sides were both read, of which one was put back."""
    board = case.board.content if isinstance(case.board, BoardSide) else Content()
    outlook = case.outlook.content if isinstance(case.outlook, OutlookSide) else Content()
    former = link.agreed
    if former is None or rollback.brings_back:
        agreed = Agreed(board=board, outlook=outlook)
    elif rollback.side is Side.OUTLOOK:
        agreed = Agreed(board=former.board, outlook=former.outlook.merged_with(outlook))
    else:
        agreed = Agreed(board=former.board.merged_with(board), outlook=former.outlook)
    state = link.state
    if isinstance(case.board, BoardSide) and case.board.rule_failed:
        state = LinkState.UNDONE
    if case.event is not None:
        link = at(link, case.event)
    if case.appointment is not None:
        link = told(link, case.appointment)
    return replace(link, state=state, agreed=agreed)

"""From before-images to what would put an item back: chains, writes nobody is sure of, and what moved on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.content import Content, Field, Importance
from models.decision import Act, Side
from models.ids import AppointmentGuid, ResourceNo
from models.link import Origin
from models.storage.records import BeforeImage, Work
from models.undoing import OBSTACLES, Obstacle, Rollback, Way, rollbacks, way_back, why_left

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
BOILER = Content(subject="Boiler", body="Bring keys", importance=Importance.NORMAL)
PUMP = Content(subject="Pump", body="Bring keys", importance=Importance.NORMAL)
ROOF = Content(subject="Roof", body="", importance=Importance.HIGH)
Step = tuple[Content | None, Content | None]


def image(place: int, before: Content | None, after: Content | None, **more: object) -> BeforeImage:
    act = Act.CREATE_EVENT if before is None else Act.DELETE_EVENT if after is None else Act.UPDATE_EVENT
    fields: dict[str, object] = {
        "side": Side.OUTLOOK,
        "guid": AppointmentGuid("g1"),
        "confirmed": True,
        **more,
    }
    return BeforeImage(
        id=f"{place:04}",
        intent_id=f"i{place}",
        at=NINE + timedelta(minutes=place),
        resource_no=ResourceNo("R1"),
        act=act,
        before=before,
        after=after,
        **fields,  # type: ignore[arg-type]  # members of the record
    )


def chain(*steps: Step, unsure: frozenset[int] = frozenset()) -> list[BeforeImage]:
    """The images of one writes after another."""
    return [
        image(place, before, after, confirmed=place not in unsure)
        for place, (before, after) in enumerate(steps)
    ]


def only(images: list[BeforeImage]) -> Rollback:
    (found,) = rollbacks(images)
    return found


SUBJECT = (Field.SUBJECT,)
TO_PUMP: Step = (BOILER.only(SUBJECT), PUMP.only(SUBJECT))
TO_ROOF: Step = (PUMP.only(SUBJECT), ROOF.only(SUBJECT))


@pytest.mark.parametrize(
    ("steps", "now", "way", "fields"),
    [
        ([(None, BOILER)], BOILER, Way.REMOVE, ()),
        ([(None, BOILER)], None, Way.NOTHING, ()),
        ([(None, BOILER)], PUMP, Way.LEAVE, ()),
        ([TO_PUMP], PUMP, Way.UPDATE, SUBJECT),
        ([TO_PUMP], BOILER, Way.NOTHING, ()),
        ([TO_PUMP], ROOF, Way.LEAVE, ()),
        ([TO_PUMP], None, Way.LEAVE, ()),
        ([TO_PUMP], PUMP.with_field(Field.BODY, "typed meanwhile"), Way.UPDATE, SUBJECT),
        ([TO_PUMP, TO_ROOF], PUMP.with_field(Field.SUBJECT, "Roof"), Way.UPDATE, SUBJECT),
        ([(None, BOILER), TO_PUMP], PUMP, Way.REMOVE, ()),
        ([(BOILER, None)], None, Way.CREATE, (Field.SUBJECT, Field.BODY, Field.IMPORTANCE)),
        ([(BOILER, None)], BOILER, Way.NOTHING, ()),
        ([(BOILER, None)], PUMP, Way.LEAVE, ()),
        ([(BOILER, None), (None, PUMP)], PUMP, Way.UPDATE, SUBJECT),
        ([TO_PUMP, (PUMP, None)], None, Way.CREATE, (Field.SUBJECT, Field.BODY, Field.IMPORTANCE)),
    ],
)
def test_the_way_back(steps: list[Step], now: Content | None, way: Way, fields: tuple[Field, ...]) -> None:
    assert way_back(only(chain(*steps)), now) == (way, fields)


@pytest.mark.parametrize(
    "steps",
    [
        [(None, BOILER), (BOILER, None)],
        [(BOILER, None), (None, BOILER)],
        [TO_PUMP, (PUMP.only(SUBJECT), BOILER.only(SUBJECT))],
        [(None, BOILER), (BOILER, None), (None, BOILER), (BOILER, None)],
        [(Content(), None), (None, BOILER)],
    ],
)
def test_what_was_taken_back_already_is_not_even_looked_at(steps: list[Step]) -> None:
    assert rollbacks(chain(*steps)) == ()


def test_a_write_of_which_nobody_knows_whether_it_was_made_may_have_been() -> None:
    taken_back = chain(TO_PUMP, (PUMP.only(SUBJECT), BOILER.only(SUBJECT)), unsure=frozenset({1}))
    rollback = only(taken_back)
    assert way_back(rollback, BOILER) == (Way.NOTHING, ())
    assert way_back(rollback, PUMP) == (Way.UPDATE, SUBJECT)
    assert way_back(rollback, ROOF) == (Way.LEAVE, ())
    deleted = only(chain((BOILER, None), unsure=frozenset({0})))
    assert way_back(deleted, BOILER) == (Way.NOTHING, ())
    assert way_back(deleted, None)[0] is Way.CREATE


def test_what_was_erased_from_an_image_is_not_put_back_from_an_earlier_one() -> None:
    """E: what it was called before nobody may know; its importance is known."""
    hidden = (Content(), ROOF.only(SUBJECT))
    rollback = only(chain(hidden, (ROOF.only((Field.IMPORTANCE,)), BOILER.only((Field.IMPORTANCE,)))))
    assert rollback.target == ROOF.only((Field.IMPORTANCE,))


def test_each_side_of_each_item_is_a_chain_of_its_own_and_the_writes_tell_where_it_was_born() -> None:
    images = [
        image(0, None, BOILER),
        image(1, PUMP.only(SUBJECT), BOILER.only(SUBJECT), side=Side.BOARD),
        image(2, None, PUMP, side=Side.BOARD, guid=AppointmentGuid("g2")),
        image(3, ROOF, None, side=Side.BOARD, guid=AppointmentGuid("g3"), work=Work(job_no="J", task_no="1")),
        image(4, BOILER, None, guid=None),
    ]
    found = {(one.guid, one.side): one for one in rollbacks(reversed(images))}
    assert {key: one.origin for key, one in found.items()} == {
        ("g1", Side.OUTLOOK): Origin.BOARD,
        ("g1", Side.BOARD): None,
        ("g2", Side.BOARD): Origin.OUTLOOK,
        ("g3", Side.BOARD): Origin.BOARD,
    }
    lost = found[AppointmentGuid("g3"), Side.BOARD]
    assert (lost.planned, lost.work) == (ROOF, Work(job_no="J", task_no="1"))


def test_why_an_item_is_left_and_every_obstacle_has_its_sentence() -> None:
    assert why_left(only(chain(TO_PUMP)), None) is Obstacle.GONE
    assert why_left(only(chain((None, BOILER))), PUMP) is Obstacle.CHANGED
    assert why_left(only(chain((BOILER, None))), PUMP) is Obstacle.BACK
    assert set(OBSTACLES) == set(Obstacle)


STATES = st.one_of(st.none(), st.sampled_from([BOILER, PUMP, ROOF]))


@given(st.lists(STATES, min_size=2, max_size=8))
def test_after_any_history_the_way_back_leads_to_where_it_began(states: list[Content | None]) -> None:
    """Whole states one after the other: from the last the way leads to the first, and from there nowhere."""
    steps = [(one, two) for one, two in pairwise(states) if one != two]
    first, last = states[0], states[-1]
    for rollback in rollbacks(chain(*steps)):
        way, fields = way_back(rollback, last)
        match way:
            case Way.REMOVE:
                assert first is None
            case Way.CREATE:
                assert last is None
                assert rollback.target is not None
                assert not any(rollback.target.differences(first or Content()))
            case Way.UPDATE:
                assert first is not None
                assert last is not None
                assert fields == tuple(last.differences(first))
            case _:
                raise AssertionError(way)
        assert way_back(rollback, first)[0] is Way.NOTHING
    if not rollbacks(chain(*steps)):
        assert first == last or None not in (first, last)
        assert first is last is None or not any((first or Content()).differences(last or Content()))

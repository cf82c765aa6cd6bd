"""Both sides of an item are to be changed at once (A3, A12), and the process ends in between (D2, D3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.office import Office, office_at_work

NINE = datetime(2026, 3, 3, 9)  # noqa: DTZ001 - the board's wall clock
PLACES = 40
"""More inputs and outputs than it takes."""


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work() as office:
        yield office


def test_d3_what_a_person_changed_reaches_the_board_wherever_the_process_ends(office: Office) -> None:
    """A3, A12, D3: the subject is put back in the event, the importance is taken over by the board."""
    office.schedule("Boiler", NINE)
    office.settle()
    (event,), (appointment,) = office.person().events(), office.board()
    for place in range(1, PLACES):
        importance = ("high", "low")[place % 2]
        office.crashes._every, office.crashes._left, office.crashes._lives = 1e9, place, 2
        office.person().change(event, subject="Boiler, urgent!", importance=importance)
        office.run(1000.0)
        office.crashes.stop()
        office.settle()
        assert (event.content.subject, event.content.importance) == ("Boiler", importance), place
        assert (appointment.subject, appointment.importance) == ("Boiler", 1 + place % 2), place
        assert len(office.board()) == len(office.person().events()) == 1

"""How long an appointment is judged by a rule of five conditions, in CPU microseconds on one core.

    python -m tests.bench_rules [APPOINTMENTS]

Trust the number where the machine does nothing else: a shared core counts its cache misses, too.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import Any, Final

from models.appointment import Appointment
from models.rules import Rules, compile_rules
from tests.bench_expressions import APPOINTMENT, RULE
from tests.test_rules import appointment, rule, section

OTHER: Final = {**APPOINTMENT, "Importance": 0}
"""Fails at the last of the conditions."""


def microseconds(rules: Rules, record: dict[str, Any], judgements: int) -> float:
    """CPU time for one judgement, the message of a rule that does not pass included."""
    judged: Appointment = appointment(record)
    check = rules.check
    gc.disable()
    try:
        began = time.process_time()
        for _ in range(judgements):
            check(judged).failure  # noqa: B018 - a property that has to be computed
        return (time.process_time() - began) / judgements * 1e6
    finally:
        gc.enable()


def one_rule() -> Rules:
    return compile_rules(json.dumps(section(rule("Five", RULE))).encode(), file="rules.json")


def main() -> None:
    judgements = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    for name, record in (("passes", APPOINTMENT), ("does not pass", OTHER)):
        print(f"{name}: {microseconds(one_rule(), record, judgements):.1f} µs")


def test_an_appointment_is_judged_by_five_conditions_in_ten_microseconds() -> None:
    rules = one_rule()
    assert rules.check(appointment(APPOINTMENT)).passed
    assert not rules.check(appointment(OTHER)).passed
    assert min(microseconds(rules, APPOINTMENT, 20_000) for _ in range(3)) < 10.0
    assert min(microseconds(rules, OTHER, 20_000) for _ in range(3)) < 20.0


if __name__ == "__main__":
    main()

"""How long a million evaluations of a rule of five conditions take on one core, in CPU seconds.

    python -m tests.bench_expressions [EVALUATIONS]

Trust the number where the machine does nothing else: a shared core counts its cache misses, too.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import Final

from models.expressions import appointment_schema, compile_expression
from models.record import Record

RULE: Final = (
    'appointment.Category <> NULL AND appointment.Category.Name == "SERVICE" AND '
    "appointment.Task <> NULL AND appointment.Task.FreeBit1 == true AND appointment.Importance == 1"
)
MIXED: Final = (
    'appointment.Subject <> NULL AND appointment.Subject.Contains("service") AND '
    "appointment.Importance in (1, 2) AND "
    'appointment.Task?.Job?.SourceApp == "BC" AND appointment.Resources.Any(ResourceNo == "R1")'
)
APPOINTMENT: Final = {
    "Id": 1212993,
    "Subject": "Boiler service",
    "StartDate": "2025-10-02T09:00:00",
    "Importance": 1,
    "Category": {"Name": "SERVICE", "Color": "#FF0000"},
    "Task": {"TaskNo": "T-10", "FreeBit1": True, "Job": {"JobNo": "J-7", "SourceApp": "BC"}},
    "Resources": [{"ResourceNo": "R1"}, {"ResourceNo": "R2"}],
}


def seconds(rule: str, evaluations: int) -> float:
    """CPU seconds for so many evaluations, every one of which has to look at all conditions."""
    expression = compile_expression(rule, roots={"appointment": appointment_schema()})
    roots = {"appointment": Record(APPOINTMENT)}
    assert expression.evaluate(roots)
    evaluate = expression.evaluate
    gc.disable()
    try:
        began = time.process_time()
        for _ in range(evaluations):
            evaluate(roots)
        return time.process_time() - began
    finally:
        gc.enable()


def main() -> None:
    evaluations = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for name, rule in (("five conditions on properties", RULE), ("five of every sort", MIXED)):
        print(f"{name}: {seconds(rule, evaluations):.2f} s for {evaluations:,} evaluations")


def test_a_million_evaluations_of_five_conditions_take_less_than_five_seconds() -> None:
    assert min(seconds(RULE, 100_000) for _ in range(3)) * 10 < 5.0


if __name__ == "__main__":
    main()

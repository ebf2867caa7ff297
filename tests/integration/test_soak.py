"""The programmes of ``make soak``, each for a moment: that they run, find nothing, and would find something.

Some seconds each: they start the service as a process of its own.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.soak import canaries, long_questions, stopping
from tests.soak.row import Row, table
from tests.soak.stopping import Stop


def test_no_canary_is_in_the_log_of_a_process_its_metrics_or_its_errors() -> None:
    row = canaries.row(1)
    assert row.faults == []
    assert row.measured.startswith("9 places, 56 requests, ")


def test_a_service_is_stopped_while_it_answers() -> None:
    row = stopping.row(1)
    assert row.faults == []
    assert row.measured.startswith("1 of 1 ended with 0, 1 after `/readyz` had said 503; 0 of 6 streams cut; ")


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(Stop(143, 1.0, 0, (200, 503, None)), id="exit code"),
        pytest.param(Stop(None, 20.0, 0, (200, 503, None)), id="does not end"),
        pytest.param(Stop(0, 1.0, 1, (200, 503, None)), id="a stream is cut"),
        pytest.param(Stop(0, 1.0, 0, (200, None)), id="ready until it is closed"),
    ],
)
def test_a_stop_that_is_not_as_it_must_be_is_a_fault(stop: Stop) -> None:
    assert stop.fault


def test_a_stop_as_it_must_be() -> None:
    assert not Stop(0, 3.0, 0, (200, 503, None)).fault
    assert not Stop(0, 3.0, 0, (503, None)).fault


def test_an_error_and_a_process_that_is_held_are_faults() -> None:
    assert long_questions.faults(Counter({200: 9, 422: 1}), 0.05) == []
    assert long_questions.faults(Counter({200: 9, 500: 2}), 0.051) == ["2 answers with 500", "`/livez` took 51 ms"]


def test_the_table_has_a_line_for_each_row() -> None:
    rows = [Row("one", "3 of 3", [], 1.4), Row("other", "a\nb", ["x", "y"], 60.0)]
    assert table(rows).splitlines()[2:] == ["| one | 3 of 3 | none | 1 |", "| other | a b | 2 | 60 |"]

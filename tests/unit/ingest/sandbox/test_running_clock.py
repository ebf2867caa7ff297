"""Clock of the readers' time limits: it stands still while the process is stopped."""

from __future__ import annotations

import pytest

from ingest.sandbox.pool import RunningClock


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        pytest.param(0.2, 0.2, id="something came"),
        pytest.param(1.0, 1.0, id="nothing came"),
        pytest.param(1.4, 1.4, id="a busy machine"),
        pytest.param(301.0, 1.0, id="stopped for five minutes"),
    ],
)
def test_only_running_counts(took: float, expected: float) -> None:
    time = [100.0]
    clock = RunningClock(lambda: time[0])
    start = clock.now()
    with clock.waiting(1.0) as seconds:
        assert seconds == 1.0
        time[0] += took
    assert clock.now() - start == pytest.approx(expected)
    time[0] += 5.0
    assert clock.now() - start == pytest.approx(expected + 5.0)

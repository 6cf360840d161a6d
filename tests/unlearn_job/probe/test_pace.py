from __future__ import annotations

import pytest

from unlearn_job.probe.pace import Drawn, Pace

pytestmark = pytest.mark.torch


def test_nothing_drawn_has_no_pace() -> None:
    assert Pace().images.per_second is None
    assert Drawn(count=0, seconds=3.0).per_second is None


def test_samples_and_seconds_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10.0, 14.0, 20.0, 26.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    drawn = Drawn()
    for count in (8, 12):
        with drawn.drawing(count):
            pass
    assert drawn.per_second == 2.0

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from unlearn_job.clock import Clock


def test_a_step_is_measured_and_logged_with_its_figures() -> None:
    clock = Clock()
    with capture_logs() as lines, clock.step("probe", method="x") as figures:
        figures["hits"] = 3
    assert [line["event"] for line in lines] == ["step started", "step ended"]
    assert (lines[1]["step"], lines[1]["method"], lines[1]["hits"]) == ("probe", "x", 3)
    assert lines[1]["seconds"] >= 0
    assert clock.seconds == {"probe": 0}


def test_a_step_that_failed_has_no_seconds() -> None:
    clock = Clock()
    with capture_logs(), pytest.raises(ZeroDivisionError), clock.step("load"):
        _ = 1 // 0
    assert clock.seconds == {}

"""The bench of the start: moments are told apart, and a process that ends early is no measurement."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.torch


def test_moments_are_those_of_their_lines(tmp_path: Path) -> None:
    from bench.start import moments

    code = (
        "import time\n"
        "print('first', flush=True)\n"
        "until = time.process_time() + 0.2\n"
        "while time.process_time() < until: pass\n"
        "print('the second one', flush=True)\n"
        "input()\n"
    )
    found = moments(("-c", code), {"a": ("first",), "b": ("second", "one")}, tmp_path)
    assert list(found) == ["a", "b"]
    assert found["b"].cpu - found["a"].cpu >= 0.15
    assert found["b"].wall - found["a"].wall >= 0.15


def test_what_ends_early_is_no_measurement(tmp_path: Path) -> None:
    from bench.start import moments

    with pytest.raises(SystemExit, match="it ended before it had b: first"):
        moments(("-c", "print('first')"), {"a": ("first",), "b": ("second",)}, tmp_path)


def test_a_job_is_compared_with_the_libraries_alone() -> None:
    from bench.start import measured

    figures = measured(1)
    assert figures["libraries"]["ratio"] == 1.0
    assert figures["loaded"]["seconds"] > figures["imported"]["seconds"] > 0
    # What a Job needs beyond the three libraries is little beside them, and part of them it never loads.
    assert figures["imported"]["cpuRatio"] < 2

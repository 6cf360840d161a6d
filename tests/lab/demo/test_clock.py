from __future__ import annotations

import pytest
from rich.console import Console

from lab.demo.clock import Clock


def test_a_step_that_ends_leaves_its_seconds_and_one_that_fails_does_not() -> None:
    clock = Clock(Console(quiet=True))
    with clock.step("good"):
        pass
    with pytest.raises(RuntimeError), clock.step("bad"):
        raise RuntimeError
    assert list(clock.seconds) == ["good"]

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch

from unlearn_job.methods.stopping import DriftError, Measured, NonFiniteMeasureError, StopRule, Watch

pytestmark = pytest.mark.torch

RULE = StopRule(remaining=0.1, drift=0.5, abort=2.0, every=10)


def _watch(*figures: tuple[float, float], rule: StopRule = RULE) -> tuple[Watch, torch.Tensor]:
    states: Iterator[Measured] = (Measured(*pair) for pair in figures)
    parameter = torch.zeros(1)
    return Watch(rule, {"weight": parameter}, lambda: next(states)), parameter


def test_it_measures_every_few_steps_and_after_the_last_one() -> None:
    watch, _ = _watch((0.9, 0.1), (0.8, 0.1))
    assert not watch.stops(9)
    assert watch.last is None
    assert not watch.stops(10)
    assert watch.last == Measured(0.9, 0.1)
    assert not watch.stops(13, final=True)
    assert watch.last == Measured(0.8, 0.1)


def test_nothing_is_measured_while_the_parameters_rest() -> None:
    watch = Watch(RULE, {"weight": torch.zeros(1)}, lambda: Measured(1.0, 0.0), after=20)
    assert not any(watch.stops(step) for step in (10, 20))
    assert watch.best is None
    watch.stops(30)
    assert watch.best is not None


def test_it_stops_when_the_concept_is_gone_and_the_rest_is_not() -> None:
    watch, _ = _watch((0.2, 0.1), (0.05, 0.9), (0.1, 0.5))
    assert [watch.stops(step) for step in (10, 20, 30)] == [False, False, True]


def test_it_ends_when_the_drift_runs_away() -> None:
    watch, _ = _watch((0.9, 2.1))
    assert watch.stops(10)
    with pytest.raises(DriftError, match=r"2\.100 is over 0\.500"):
        watch.keep_best()


def test_the_best_state_under_the_bound_is_kept_and_not_the_last() -> None:
    watch, parameter = _watch((0.6, 0.1), (0.3, 0.4), (0.2, 0.6), (0.4, 0.2), (0.1, 3.0))
    for step in (10, 20, 30, 40, 50):
        parameter.fill_(step)
        watch.stops(step)
    watch.keep_best()
    assert float(parameter) == 20.0
    assert watch.best is not None
    assert (watch.best.step, watch.best.measured) == (20, Measured(0.3, 0.4))


@pytest.mark.parametrize("figures", [(math.nan, 0.0), (0.5, math.inf)])
def test_figures_that_are_none_end_it_with_an_error(figures: tuple[float, float]) -> None:
    watch, _ = _watch(figures)
    with pytest.raises(NonFiniteMeasureError, match="10 steps"):
        watch.stops(10)

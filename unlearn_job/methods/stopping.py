"""When a gradient method stops, and which of its states it keeps.

A descent that erases goes on hurting other concepts after it has erased. So every few steps it measures
two figures on prompts that stay the same: what remains of the concept, and how far all that must stay has
drifted. It ends when the first is low enough while the second is under its bound; it ends too when the
drift runs away. Kept is the best state under the bound, never simply the last one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.methods.descent_config import DescentConfig


class DriftError(PermanentFailure):
    """No state of the training kept the other concepts where they were."""

    reason = "RetainDrift"


class NonFiniteMeasureError(PermanentFailure):
    """The encoder's outputs became NaN or infinite during training."""

    reason = "NonFiniteMeasure"


@dataclass(frozen=True)
class Measured:
    """Two squared distances, relative to the one between the concept's states and its anchor's.

    Attributes
    ----------
    remaining: from the concept's states to the anchor's, of the worst concept: 1 untouched, 0 erased.
    drift: of the states that must stay from what they were: 0 untouched.

    """

    remaining: float
    drift: float


@dataclass(frozen=True)
class StopRule:
    """Bounds of the two figures.

    Attributes
    ----------
    remaining: the concept counts as erased at or below it.
    drift: a state may be kept at or below it.
    abort: training ends above it.
    every: steps between two measurements.

    """

    remaining: float
    drift: float
    abort: float
    every: int

    @classmethod
    def of(cls, config: DescentConfig) -> StopRule:
        """Take the bounds of a method's parameters."""
        return cls(
            remaining=float(config.erased_at),
            drift=float(config.drift_below),
            abort=float(config.abort_above),
            every=config.check_every,
        )


@dataclass
class Best:
    """The best state so far: what remained and drifted, after which step, and the parameters."""

    measured: Measured
    step: int
    parameters: dict[str, Tensor]


class Watch:
    """Measures while a method trains, and keeps its best state.

    Parameters
    ----------
    rule
        The bounds.
    parameters
        What is trained, by name.
    measure
        Returns the figures of the present state; must be the same for the same state.
    after
        Steps in which the parameters rest, such as a discriminator's first ones: nothing is measured then.

    """

    def __init__(
        self,
        rule: StopRule,
        parameters: Mapping[str, Tensor],
        measure: Callable[[], Measured],
        *,
        after: int = 0,
    ) -> None:
        self._rule = rule
        self._parameters = parameters
        self._measure = measure
        self._after = after
        self.best: Best | None = None
        self.last: Measured | None = None

    def stops(self, step: int, *, final: bool = False) -> bool:
        """Measure where it is time to, and say whether training ends.

        Parameters
        ----------
        step
            Steps taken so far.
        final
            Whether it was the last one, which is always measured.

        Raises
        ------
        NonFiniteMeasureError
            A figure is NaN or infinite.

        """
        if not final and (step <= self._after or step % self._rule.every):
            return False
        measured = self.last = self._measure()
        if not (math.isfinite(measured.remaining) and math.isfinite(measured.drift)):
            raise NonFiniteMeasureError(
                f"after {step} steps the encoder's outputs are NaN or infinite; lower learningRate"
            )
        if measured.drift <= self._rule.drift and self._better(measured):
            copied = {name: p.detach().clone() for name, p in self._parameters.items()}
            self.best = Best(measured, step, copied)
        erased = measured.remaining <= self._rule.remaining and measured.drift <= self._rule.drift
        return erased or measured.drift > self._rule.abort

    def _better(self, measured: Measured) -> bool:
        return self.best is None or measured.remaining < self.best.measured.remaining

    @torch.no_grad()
    def keep_best(self) -> None:
        """Put the best state back.

        Raises
        ------
        DriftError
            No state was under the bound of drift.

        """
        if self.best is None:
            drift = self.last.drift if self.last else math.nan
            raise DriftError(
                f"no state of the training kept the other concepts: their drift of {drift:.3f} is over "
                f"{self._rule.drift:.3f}; raise retainMass, lower learningRate, or preserve less"
            )
        for name, parameter in self._parameters.items():
            parameter.copy_(self.best.parameters[name])

"""Intervals for means whose samples hang together: frames of a clip, images of a prompt.

A score interval counts every frame as if it were drawn alone, and so claims to know too much. Here whole
clips, or all images of a prompt, are drawn with repetition (Efron 1979, Annals of Statistics 7; percentile
interval), so what varies together stays together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from unlearn_job.contract.evidence import Estimate
from unlearn_job.contract.figures import Tally

RESAMPLES: Final = 2000
Values = NDArray[np.floating[Any] | np.bool_]


def bootstrap(
    values: Values,
    seed: int,
    *,
    groups: Sequence[Hashable] | None = None,
    statistic: Callable[[Values], Values] | None = None,
) -> Estimate:
    """Estimate a statistic and its 95 % interval.

    Parameters
    ----------
    values
        One row per sample, shape (N,) or (N, F); numbers, or flags (bool).
    seed
        Of the resampling.
    groups
        What each sample belongs to, N labels; samples of a group are drawn together. None: each alone.
    statistic
        From means over samples, shape (R,) or (R, F), to one number each, shape (R,). None: their mean.

    Returns
    -------
    Estimate
        Of flags that are all the same, resampling shows no spread although little may be known: then the
        score interval over the groups stands in.

    """
    if not len(values):
        return Estimate(value=0.0, bootstrap95=(0.0, 1.0), units=0)
    rows = np.asarray(values, np.float64).reshape(len(values), -1)
    statistic = statistic or (lambda means: means.mean(axis=1))
    labels = list(groups) if groups is not None else list(range(len(rows)))
    places = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    owner = np.array([places[label] for label in labels], int)
    units = len(places)
    sums = np.zeros((units, rows.shape[1]))
    np.add.at(sums, owner, rows)
    sizes = np.bincount(owner, minlength=units).astype(np.float64)
    # How often each unit is drawn, instead of which: one product gives all means.
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), RESAMPLES)
    means = (drawn @ sums) / (drawn @ sizes)[:, None]
    value = float(statistic(rows.mean(axis=0, keepdims=True))[0])
    low, high = np.quantile(statistic(means), (0.025, 0.975))
    if np.asarray(values).dtype == bool and rows.min() == rows.max():
        low, high = _without_spread(value, units)
    value, low, high = (float(f"{number:.5g}") for number in (value, low, high))
    return Estimate(value=value, bootstrap95=(low, high), units=units)


def _without_spread(value: float, units: int) -> tuple[float, float]:
    """Return the score interval of a count where every unit agrees."""
    return Tally(hits=units if value > 0.5 else 0, samples=units).wilson()


def reactivation_gap(means: Values) -> Values:
    """Return by how much the worst frame exceeds the mean over all, shape (R,) from (R, F)."""
    gap: Values = means.max(axis=1) - means.mean(axis=1)
    return gap

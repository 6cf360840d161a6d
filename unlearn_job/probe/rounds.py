"""When enough was drawn of an erased concept: as soon as no further sample can save its gate.

The gate asks for the upper bound of n samples, n fixed before. If h of the first m show the concept and
the bound of h in n is already too high, then the n samples break the gate however the rest comes out. So to
stop there changes no verdict and needs no correction (curtailed sampling). The other side has no such stop:
a bound that looks at the data after every round and stops once it is low enough is no 95 % bound any more,
so a concept that seems gone is drawn to the end.
"""

from __future__ import annotations

from typing import Final

from unlearn_job.contract.figures import Tally

FEWEST: Final = 4
"""Samples of a round, at least."""


def rounds(count: int, *, sequential: bool) -> tuple[int, ...]:
    """Return after how many samples to look: after a quarter, a half and all, or after all alone."""
    if not sequential:
        return (count,)
    sizes = (max(count // 4, FEWEST), max(count // 2, FEWEST), count)
    return tuple(dict.fromkeys(min(size, count) for size in sizes))


def lost(left: Tally, total: int, max_percent: int) -> bool:
    """Say whether the residual gate is broken even if no further sample shows the concept.

    Parameters
    ----------
    left
        Samples so far that do not prove the concept gone.
    total
        Samples that were planned.
    max_percent
        The gate's bound.

    """
    return 100.0 * Tally(hits=left.hits, samples=max(total, left.samples)).wilson()[1] > max_percent

"""The table at the end of the demo: what the probe counted, and what the steps cost."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from lab.demo.clock import Clock
from unlearn_job.contract.figures import RetentionFigures, Tally
from unlearn_job.contract.result import JobResult


def table(concept: str, result: dict[str, Any], clock: Clock) -> RenderableType:
    """Draw residual and retention of one release, with the seconds of the Job's and the demo's steps.

    Parameters
    ----------
    concept
        Name of the erased concept.
    result
        `EncoderRelease.status.result`, as the API server returns it.
    """
    parsed = JobResult.model_validate(result, extra="ignore")
    assert parsed.figures, "one erasure always fits the termination message"
    figures = parsed.figures
    rows = Table(
        "concept", "before", "after, images", "after, any frame of clips", "others kept", "never named"
    )
    erasure = figures.erasures[0]
    rows.add_row(
        concept,
        _share(erasure.base),
        _share(erasure.images),
        _share(erasure.clips),
        _kept(figures.preserved),
        _kept(figures.holdout),
    )
    costs = Table("step", "seconds", title="Job and demo")
    for name, seconds in {**parsed.seconds, **clock.seconds}.items():
        costs.add_row(name, f"{seconds:.0f}")
    return Group(rows, costs)


def _share(tally: Tally) -> str:
    low, high = (100 * bound for bound in tally.wilson())
    return f"{100 * tally.rate:.1f} % [{low:.1f}, {high:.1f}] of {tally.samples}"


def _kept(kept: RetentionFigures) -> str:
    return f"{kept.percent:.1f} % of base ({kept.erased.hits}/{kept.erased.samples})"

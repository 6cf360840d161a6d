"""A result in a few lines for a person."""

from __future__ import annotations

from collections.abc import Mapping

from unlearn_job.contract.concept import Digest
from unlearn_job.contract.figures import Figures, Tally, WorstFigures
from unlearn_job.contract.result import JobResult, Outcome


def summary(result: JobResult, concepts: Mapping[Digest, str]) -> str:
    """Return a result as a few lines for a person; `concepts` are the names of its erasures by digest."""
    lines = [f"{result.outcome.value}: release {result.key[:10]}"]
    if result.outcome is Outcome.NOT_PRESENT:
        return f"{lines[0]} not built: {result.message}"
    if result.figures is not None:
        lines += figure_lines(result.figures, concepts)
    lines.append("  seconds: " + ", ".join(f"{step} {seconds}" for step, seconds in result.seconds.items()))
    if result.message:
        lines.append(f"  {result.message}")
    return "\n".join(lines)


def figure_lines(figures: Figures, concepts: Mapping[Digest, str]) -> list[str]:
    """Return what a probe counted, one line for each erasure and each group of kept concepts.

    An erasure has its digest beside its name: the sentences of gates speak of it by that.
    """
    lines = []
    for erasure in figures.erasures:
        base = erasure.base
        lines.append(
            f"  {concepts[erasure.digest]} ({erasure.digest[:10]}): still shown by "
            f"{_left(erasure.images, 'images')} and {_left(erasure.clips, 'clips')}; "
            f"base {base.hits} of {base.samples}"
        )
    for name in ("preserved", "holdout", "neighbours"):
        kept = getattr(figures, name)
        if kept.base.samples:
            lines.append(f"  {name}: {kept.percent:.1f} % of {kept.base.hits} base images kept")
        else:
            lines.append(f"  {name}: none was named, and nothing measured")
    if figures.worst is not None:
        lines.append(f"  worst single concept: {_worst(figures.worst)}")
    return lines


def _left(tally: Tally, what: str) -> str:
    return f"{tally.hits} of {tally.samples} {what} (at most {100 * tally.wilson()[1]:.1f} %)"


def _worst(worst: WorstFigures) -> str:
    """Return the kept concept that lost most: the means above hide one at zero."""
    base, erased = worst.base, worst.erased
    change = f"down {worst.drop:.1f} points" if worst.drop > 0 else "nothing lost"
    return (
        f"{worst.concept}, {erased.hits} of {erased.samples} images against {base.hits} of {base.samples} "
        f"at base, {change}"
    )

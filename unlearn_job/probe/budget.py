"""How much to draw: as the document says, or what fits into its budget and still decides the gates.

Fewer samples give wider intervals. Below the number at which not a single hit would still hold the residual
gate (35 for 10 %), or at which chance alone moves a mean by the retention gate, a verdict would be one on
the sample size. So the amounts shrink down to there, and then the Job says that the budget is too small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.gates import Gates
from unlearn_job.probe.pace import Pace
from unlearn_job.probe.subjects import Subject

FEWEST_KEPT: Final = 200
"""Images of all kept concepts together: at a rate of .95 the standard error of a mean is then 1.5 points."""
_MOST: Final = 4096


class BudgetTooSmallError(PermanentFailure):
    """The time that the document allows would decide no gate."""

    reason = "ProbeBudgetTooSmall"


@dataclass(frozen=True)
class Amounts:
    """How much is drawn with the new encoder.

    Attributes
    ----------
    images: per erased concept, over names, aliases and paraphrases.
    clips: per erased concept.
    kept: images per kept concept.

    """

    images: int
    clips: int
    kept: int

    @classmethod
    def asked(cls, doc: JobInput, every: Sequence[Subject]) -> Amounts:
        """Return what the document asks for."""
        kept = sum(1 for subject in every if not subject.role.erased)
        return cls(doc.probe.images, doc.probe.clips, max(1, doc.probe.retention_images // max(1, kept)))


def deciding(gates: Gates) -> int:
    """Return the fewest samples of which none may show the concept, and the residual gate holds."""
    for count in range(1, _MOST):
        if 100.0 * Tally(hits=0, samples=count).wilson()[1] <= gates.residual.max_percent:
            return count
    return _MOST


def within_budget(doc: JobInput, every: Sequence[Subject], pace: Pace) -> Amounts:
    """Shrink the amounts until they fit into `probe.budget_seconds`.

    Parameters
    ----------
    doc, every
        The document and everything that is probed.
    pace
        Of the base encoder's images and clips on this machine.

    Raises
    ------
    BudgetTooSmallError
        Not even the fewest samples that decide the gates fit.

    """
    wanted = Amounts.asked(doc, every)
    budget = doc.probe.budget_seconds
    images, clips = pace.images.per_second, pace.clips.per_second
    if budget is None or images is None or clips is None:
        return wanted
    erased = sum(1 for subject in every if subject.role.erased)
    kept = len(every) - erased
    extra = len(doc.probe.wordings) * doc.probe.wording_images

    def seconds(amounts: Amounts) -> float:
        still = erased * (amounts.images + extra) + kept * amounts.kept
        return still / images + erased * amounts.clips / clips

    enough = deciding(doc.gates)
    fewest = Amounts(
        images=min(wanted.images, enough),
        clips=min(wanted.clips, enough),
        kept=min(wanted.kept, ceil(FEWEST_KEPT / max(1, kept))),
    )
    if seconds(fewest) > budget:
        raise BudgetTooSmallError(
            f"probe.budgetSeconds is {budget}, but {fewest.images} images and {fewest.clips} clips of "
            f"each of {erased} erased concepts, and {kept * fewest.kept} images of kept ones, the fewest "
            f"that decide the gates, take about {ceil(seconds(fewest))} s at the measured {images:.2f} "
            f"images and {clips:.2f} clips a second; allow that much, or probe with fewer steps or frames"
        )
    # All amounts shrink by the same share of the way, in whole percent: the first that fits.
    for share in range(100, -1, -1):
        found = Amounts(
            *(
                low + (high - low) * share // 100
                for low, high in (
                    (fewest.images, wanted.images),
                    (fewest.clips, wanted.clips),
                    (fewest.kept, wanted.kept),
                )
            )
        )
        if seconds(found) <= budget:
            return found
    return fewest

"""How the pictures of what stays changed, beside whether they show it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unlearn_job.contract.base import AnswerModel
from unlearn_job.contract.evidence import Estimate


class Fidelity(AnswerModel):
    """How well pictures of kept concepts fit their prompts: 100 x cosine of image and text, not below 0."""

    base: Estimate
    images: Estimate
    """The same of the new encoder."""
    change: Estimate
    """Difference of the two on the same prompt and seed; negative is worse."""


class Drift(AnswerModel):
    """How far pictures of concepts that are no neighbours moved: 1 - cosine of features."""

    paired: Estimate
    """Same prompt and seed, base against new encoder; 0 where nothing changed."""
    between: float
    """The same between base pictures of different concepts: the scale that `paired` is to be read on."""


class KernelDistance(AnswerModel):
    """Kernel distance (KID) between base and new pictures of kept concepts, over features."""

    value: float
    """Unbiased, so it may be negative; 0 where both come from one distribution."""
    exchanged: Annotated[float, Field(ge=0, le=1)]
    """Share of random exchanges within pairs that give as much or more: small means that they differ."""
    pairs: Annotated[int, Field(ge=2)]
    """Pairs of pictures."""


class Distances(AnswerModel):
    """CPDM's distance of base and new pictures, semantic times stylistic, squared. Larger is more changed."""

    erased: Estimate | None = None
    """Of erased concepts: should be large."""
    kept: Estimate | None = None
    """Of kept ones: should be small."""


class Quality(AnswerModel):
    """Never gated: no bound on these numbers holds for all features."""

    features: str
    """What the numbers are computed from; they compare only with numbers from the same."""
    style: str | None = None
    """What the style in `cpdm` is computed from; unset without one."""
    fidelity: Fidelity | None = None
    """Unset where the features are no CLIP's."""
    drift: Drift | None = None
    """Unset where fewer than two such pictures were drawn."""
    kernel_distance: KernelDistance | None = None
    """Unset below 64 pairs."""
    cpdm: Distances | None = None
    """Unset where the features are no CLIP's and no model for the style is given."""

"""Few images for methods that learn from them: generated, kept where the judge sees the concept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.generate import Pixels, Sample, encoder_in, images
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.prompts import Templates, fill
from unlearn_job.seeds import seed_for

ROUND: Final = 8
"""Images drawn at once."""
ROUNDS: Final = 8
"""Rounds before giving up: a concept drawn in less than one image of sixteen is not there to unlearn."""


class NoShotsError(PermanentFailure):
    """Not enough images of the concept could be made."""

    reason = "NoShots"


@dataclass(frozen=True)
class Shots:
    """Images of one concept.

    Attributes
    ----------
    images: shape (N, H, W, 3).
    prompts: what drew them.

    """

    images: Pixels
    prompts: tuple[str, ...]


def make_shots(models: Models, doc: JobInput, judge: Judge | None, erasure: Erasure, count: int) -> Shots:
    """Draw images of a concept with the surrogate and the parent's encoder; keep those that show it.

    Parameters
    ----------
    models, doc
        The Job's models and document.
    judge
        Decides what stays; without one every image does.
    erasure, count
        Whose concept, and how many images.

    Raises
    ------
    NoShotsError
        There is no surrogate, or the judge saw the concept too rarely.

    """
    if models.surrogate is None:
        raise NoShotsError("this method learns from images of the text-to-image model; give base.surrogate")
    concept, templates = erasure.concept, Templates.of(doc).training(erasure.concept.kind)
    kept: list[Pixels] = []
    prompts: list[str] = []
    with encoder_in(models, models.surrogate, models.start_encoder):
        for turn in range(ROUNDS):
            samples = [
                Sample(
                    fill(templates[i % len(templates)], concept.name, concept.kind).text,
                    seed_for(doc.seed, "shots", concept.name, i),
                )
                for i in range(turn * ROUND, (turn + 1) * ROUND)
            ]
            drawn = images(models.surrogate, samples, doc.probe)
            seen = (
                judge.sees(drawn, concept, (concept, *erasure.preserve)).tolist() if judge else [True] * ROUND
            )
            for picture, sample, hit in zip(drawn, samples, seen, strict=True):
                if hit and len(kept) < count:
                    kept.append(picture)
                    prompts.append(sample.prompt)
            if len(kept) == count:
                return Shots(np.stack(kept), tuple(prompts))
    raise NoShotsError(
        f"the judge saw {concept.name!r} in {len(kept)} of {ROUND * ROUNDS} images, and {count} are needed"
    )

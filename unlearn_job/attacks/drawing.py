"""Draw candidates with an encoder, and let the judge count."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final

import numpy as np
import torch

from unlearn_job.attacks.protocol import Candidate, Target
from unlearn_job.attacks.soft import softened
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.encoder import Encoders
from unlearn_job.generate import Pixels, Sample
from unlearn_job.probe.base import draw_images
from unlearn_job.probe.seen import judged
from unlearn_job.probe.subjects import Asked, Wording

SOFT_BATCH: Final = 16
"""Images per call where embeddings are fed."""


class NoSurrogateError(PermanentFailure):
    """The attack needs the text-to-image model, and there is none."""

    reason = "MissingSurrogate"


def shown(target: Target, encoder: Encoders, shots: Sequence[tuple[Candidate, int]]) -> list[bool]:
    """Say which images of candidates, each with its seed, are valid and show the concept."""
    pixels = draw(target, encoder, shots)
    concept = target.erasure.concept
    seen = judged((), pixels, target.judge, concept, target.among)
    flags: list[bool] = (seen.hits & ~seen.broken)[:, 0].tolist()
    return flags


def draw(target: Target, encoder: Encoders, shots: Sequence[tuple[Candidate, int]]) -> Pixels:
    """Draw images, shape (N, H, W, 3): texts by the pipeline's own call, soft inputs by their states."""
    soft = [i for i, (candidate, _) in enumerate(shots) if candidate.soft is not None]
    hard = [i for i in range(len(shots)) if i not in set(soft)]
    parts: list[Pixels] = []
    if hard:
        asked = tuple(Asked(Sample(shots[i][0].prompt.text, shots[i][1]), Wording.NAME) for i in hard)
        parts.append(draw_images(target.models, encoder, target.doc, {"attack": asked})["attack"][1])
    if soft:
        parts.append(_soft(target, encoder, [shots[i] for i in soft]))
    order = np.argsort([*hard, *soft])
    return np.concatenate(parts)[order]


def _soft(target: Target, encoders: Encoders, shots: Sequence[tuple[Candidate, int]]) -> Pixels:
    """Draw each candidate with its soft tokens in the encoders.

    Raises
    ------
    NoSurrogateError
        There is no text-to-image model.

    """
    models, probe = target.models, target.doc.probe
    if models.surrogate is None:
        raise NoSurrogateError("soft inputs are drawn with the text-to-image model; give base.surrogate")
    parts = []
    with models.using(models.surrogate, encoders) as pipeline, torch.inference_mode():
        run: Any = pipeline  # every pipeline has a __call__, and the base class declares none
        # One prompt has other soft tokens in each candidate, so no call draws two of them.
        for _, some in groupby(shots, key=lambda shot: id(shot[0])):
            candidates, seeds = zip(*some, strict=True)
            candidate = candidates[0]
            for at in range(0, len(seeds), SOFT_BATCH):
                batch = seeds[at : at + SOFT_BATCH]
                with softened(pipeline, candidate.soft or {}):
                    output = run(
                        prompt=[candidate.prompt.text] * len(batch),
                        generator=[torch.Generator("cpu").manual_seed(seed) for seed in batch],
                        num_inference_steps=probe.image_steps,
                        guidance_scale=float(probe.guidance),
                        output_type="np",
                    )
                parts.append(np.asarray(output.images))
    drawn = np.nan_to_num(np.concatenate(parts), nan=0.0)
    pixels: Pixels = (drawn.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
    return pixels

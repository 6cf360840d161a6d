"""Draw candidates with an encoder, and let the judge count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch

from unlearn_job.attacks.protocol import Candidate, Target
from unlearn_job.attacks.screen import encoded
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.encoder import Encoders
from unlearn_job.generate import Pixels, Sample
from unlearn_job.methods.states import hidden_states, token_table
from unlearn_job.probe.base import draw_images
from unlearn_job.probe.seen import judged
from unlearn_job.probe.subjects import Asked, Wording
from unlearn_job.prompts import Prompt
from unlearn_job.retain import as_batch

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
    """Feed the encoder embeddings, and the pipeline what comes out.

    Raises
    ------
    NoSurrogateError
        There is no text-to-image model.

    """
    models, probe = target.models, target.doc.probe
    # Soft inputs of several encoders are never found: `inversion` refuses a denoiser that reads several.
    encoder = models.by_component(encoders)[models.encoder_name]
    if models.surrogate is None:
        raise NoSurrogateError("soft inputs are drawn with the text-to-image model; give base.surrogate")
    run: Any = models.surrogate  # every pipeline has a __call__, and the base class declares none
    readings = [candidate.soft for candidate, _ in shots if candidate.soft is not None]
    parts = []
    with torch.inference_mode():
        nothing = encoded(encoder, target.tokenizer, [Prompt("", "", "")]).states
        for at in range(0, len(shots), SOFT_BATCH):
            batch = as_batch(readings[at : at + SOFT_BATCH], token_table(encoder).weight)
            states = hidden_states(encoder, batch.ids, batch.embeddings)
            output = run(
                prompt_embeds=states.to(models.dtype),
                negative_prompt_embeds=nothing.expand_as(states).to(models.dtype),
                generator=[
                    torch.Generator("cpu").manual_seed(seed) for _, seed in shots[at : at + SOFT_BATCH]
                ],
                num_inference_steps=probe.image_steps,
                guidance_scale=float(probe.guidance),
                output_type="np",
            )
            parts.append(np.asarray(output.images))
    drawn = np.nan_to_num(np.concatenate(parts), nan=0.0)
    pixels: Pixels = (drawn.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
    return pixels

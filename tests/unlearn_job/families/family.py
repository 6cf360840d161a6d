"""What a family is, and how a test reads what its pipeline reads."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from torch import Tensor

from tests.unlearn_job.families import pipelines
from unlearn_job.conditioning import Conditioning

SD = Conditioning(length=24, end=768)
SDXL = Conditioning(skipped=1, normed=False, length=24, end=768)


@dataclass(frozen=True)
class Family:
    """One encoder of one pipeline, and what is known of them.

    Attributes
    ----------
    name: for the reports of the tests.
    build: makes the pipeline; a folder for parts.
    reads: what diffusers' code says that the pipeline reads.
    suffix: of the weights that the closed form edits.
    edited: numbers of the layers that it edits.
    encoder: component.
    surrogate: makes a text-to-image pipeline that shares the encoder.

    """

    name: str
    build: Callable[[Path], DiffusionPipeline]
    reads: Conditioning
    suffix: str
    edited: tuple[int, ...]
    encoder: str = "text_encoder"
    surrogate: Callable[[Path], DiffusionPipeline] | None = None


CLIP, T5 = "mlp.fc2.weight", "layer.1.DenseReluDense.wo.weight"
WHOLE = {"causal": False, "end": 1}
FAMILIES = (
    Family("sd-1", pipelines.stable_diffusion, SD, CLIP, (2, 3)),
    Family("sd-2", pipelines.stable_diffusion_2, SD, CLIP, (21, 22)),
    Family("animatediff", pipelines.animate_diff, SD, CLIP, (2, 3), surrogate=pipelines.stable_diffusion),
    Family(
        "text-to-video-sd",
        pipelines.text_to_video,
        SD,
        CLIP,
        (21, 22),
        surrogate=pipelines.stable_diffusion_2,
    ),
    Family("cogvideox", pipelines.cog_video_x, Conditioning(length=226, **WHOLE), T5, (2, 3)),
    Family("ltx", pipelines.ltx, Conditioning(padding=False, length=128, **WHOLE), T5, (2, 3)),
    Family(
        "mochi", pipelines.mochi, Conditioning(masked=True, padding=False, length=256, **WHOLE), T5, (2, 3)
    ),
    Family("wan", pipelines.wan, Conditioning(masked=True, padding=False, length=512, **WHOLE), T5, (2, 3)),
    Family(
        "animatediff-sdxl",
        pipelines.animate_diff_xl,
        SDXL,
        CLIP,
        (1, 2),
        surrogate=pipelines.stable_diffusion_xl,
    ),
    Family("sdxl-1", pipelines.stable_diffusion_xl, SDXL, CLIP, (1, 2)),
    Family(
        "sdxl-2",
        pipelines.stable_diffusion_xl,
        Conditioning(skipped=1, normed=False, pooled=True, length=24, end=768),
        CLIP,
        (3, 4),
        encoder="text_encoder_2",
    ),
)


@torch.no_grad()
def encoded(pipeline: DiffusionPipeline, prompt: str) -> tuple[Tensor, Tensor | None]:
    """Return the rows and the pooled vector that the pipeline's own `encode_prompt` gives its denoiser.

    Rows that a mask hides from the denoiser are left out.
    """
    known = inspect.signature(pipeline.encode_prompt).parameters
    calling = inspect.signature(type(pipeline).__call__).parameters
    asked: dict[str, Any] = {
        "prompt": prompt,
        "device": "cpu",
        "num_images_per_prompt": 1,
        "num_videos_per_prompt": 1,
        "do_classifier_free_guidance": False,
    }
    if "max_sequence_length" in calling:
        asked["max_sequence_length"] = calling["max_sequence_length"].default
    made = pipeline.encode_prompt(**{name: value for name, value in asked.items() if name in known})
    made = [one for one in made if one is not None]
    rows, pooled = made[0][0], None
    for one in made[1:]:
        if one.shape == made[0].shape[:2]:
            rows = rows[one[0].bool()]
        elif one.ndim == 2:
            pooled = one[0]
    return rows, pooled

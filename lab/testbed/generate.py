"""Drawing with the checked-in pipelines: prompts in, pixels out, one seed a prompt."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias, TypeVar, cast

import numpy as np
import torch
from diffusers.pipelines.deprecated.text_to_video_synthesis.pipeline_text_to_video_synth import (
    TextToVideoSDPipeline,
)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from numpy.typing import NDArray

from lab.testbed.paths import T2I, T2V

P = TypeVar("P", StableDiffusionPipeline, TextToVideoSDPipeline)

STEPS: Final = 8
GUIDANCE: Final = 4.0
"""Settings with which the card's figures are measured."""


Pipeline: TypeAlias = StableDiffusionPipeline | TextToVideoSDPipeline


def load_text_to_image(folder: Path = T2I) -> StableDiffusionPipeline:
    """Return the T2I pipeline, silent."""
    return _silent(StableDiffusionPipeline, folder)


def load_text_to_video(folder: Path = T2V) -> TextToVideoSDPipeline:
    """Return the T2V pipeline, silent."""
    return _silent(TextToVideoSDPipeline, folder)


def _silent(kind: type[P], folder: Path) -> P:
    with warnings.catch_warnings():
        # diffusers calls the T2V pipeline deprecated; the version is bounded for that reason.
        warnings.simplefilter("ignore")
        pipeline = kind.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return cast("P", pipeline)


def images(
    pipeline: Pipeline, prompts: Sequence[str], seed: int = 0, steps: int = STEPS
) -> NDArray[np.uint8]:
    """Return one drawing a prompt, shape (N, 32, 32, 3); prompt i has seed `seed` + i."""
    return _generate(pipeline, prompts, seed, 32, num_inference_steps=steps, guidance_scale=GUIDANCE)


def clips(pipeline: Pipeline, prompts: Sequence[str], seed: int = 0, steps: int = STEPS) -> NDArray[np.uint8]:
    """Return one clip a prompt, shape (N, 8, 32, 32, 3); prompt i has seed `seed` + i."""
    return _generate(
        pipeline, prompts, seed, 8, num_inference_steps=steps, guidance_scale=GUIDANCE, num_frames=8
    )


def _generate(
    pipeline: Pipeline, prompts: Sequence[str], seed: int, batch: int, **settings: float
) -> NDArray[np.uint8]:
    parts = []
    for start in range(0, len(prompts), batch):
        part = list(prompts[start : start + batch])
        generators = [torch.Generator().manual_seed(seed + start + i) for i in range(len(part))]
        out = pipeline(part, generator=generators, output_type="np", **settings)
        parts.append(np.asarray(out.images if hasattr(out, "images") else out.frames))
    return (np.concatenate(parts).clip(0, 1) * 255).round().astype(np.uint8)

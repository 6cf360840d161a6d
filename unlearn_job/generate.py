"""Draw images and clips with the pipelines' own call, in batches, every sample with a seed of its own.

A sample depends on its prompt, its seed and the encoder alone, not on the batch it is in: that is what
makes before and after comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import BaseOutput
from numpy.typing import NDArray

from unlearn_job.contract.document import Probe
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.encoder import Encoders
from unlearn_job.models import Models
from unlearn_job.pictures_cache import current, drawing_with
from unlearn_job.pipelines import PIXELS_AT_ONCE, frame_pixels
from unlearn_job.progress import progress

Pixels = NDArray[np.uint8]
Frames = NDArray[np.float32]

_IMAGES_AT_ONCE: Final = 64
"""Frames of a batch, where pictures are small: more leaves the caches and gains nothing."""


class WrongPipelineError(PermanentFailure):
    """A pipeline draws something else than it is asked for."""

    reason = "WrongPipeline"


@dataclass(frozen=True)
class Sample:
    """One image or clip to draw."""

    prompt: str
    seed: int


@contextmanager
def encoder_in(models: Models, pipeline: DiffusionPipeline, encoders: Encoders) -> Iterator[None]:
    """Run a pipeline with other encoders, in the pipeline's precision; the old ones come back."""
    given = models.by_component(encoders)
    base = all(given[part.encoder_name] is part.base_encoder for part in models.parts)
    with models.using(pipeline, encoders), drawing_with(base=base):
        yield


def images(pipeline: DiffusionPipeline, samples: Sequence[Sample], probe: Probe) -> Pixels:
    """Draw images with a text-to-image pipeline, shape (N, H, W, 3)."""
    return _cached(
        samples,
        f"{type(pipeline).__name__} images {probe.image_steps} {probe.guidance}",
        lambda left: _draw(
            left,
            _batch(pipeline, 1),
            lambda part: _drawn(_call(pipeline, part, probe.image_steps, probe), "images", pipeline),
        ),
    )


def clips(pipeline: DiffusionPipeline, samples: Sequence[Sample], probe: Probe) -> Pixels:
    """Draw clips with a text-to-video pipeline, shape (N, F, H, W, 3), F as the probe says."""

    def draw(part: Sequence[Sample]) -> Frames:
        return _drawn(
            _call(pipeline, part, probe.clip_steps, probe, num_frames=probe.frames), "frames", pipeline
        )

    return _cached(
        samples,
        f"{type(pipeline).__name__} clips {probe.clip_steps} {probe.guidance} {probe.frames}",
        lambda left: _draw(left, _batch(pipeline, probe.frames), draw),
    )


def _drawn(output: BaseOutput, what: str, pipeline: DiffusionPipeline) -> Frames:
    found: Frames | None = getattr(output, what, None)
    if found is None:
        raise WrongPipelineError(
            f"{type(pipeline).__name__} draws no {what}: the pipeline must be a text-to-video one, and the "
            "surrogate a text-to-image one"
        )
    return found


def _cached(samples: Sequence[Sample], settings: str, draw: Callable[[Sequence[Sample]], Pixels]) -> Pixels:
    """Draw what the cache of this run does not have; without a cache, everything."""
    cache = current()
    if cache is None:
        return draw(samples)
    found = {sample: cache.read(settings, sample.prompt, sample.seed) for sample in dict.fromkeys(samples)}
    left = [sample for sample, pixels in found.items() if pixels is None]
    for sample, pixels in zip(left, draw(left) if left else (), strict=True):
        cache.write(settings, sample.prompt, sample.seed, pixels)
        found[sample] = pixels
    return np.stack([pixels for sample in samples if (pixels := found[sample]) is not None])


def _draw(samples: Sequence[Sample], batch: int, draw: Callable[[Sequence[Sample]], Frames]) -> Pixels:
    if not samples:
        raise ValueError("there is nothing to draw")
    parts = []
    with progress("pictures", len(samples)) as advance:
        for at in range(0, len(samples), batch):
            parts.append(np.asarray(draw(samples[at : at + batch])))
            advance(len(parts[-1]))
    # NaN becomes black, which the judges' validity check then finds.
    drawn = np.nan_to_num(np.concatenate(parts), nan=0.0)
    pixels: Pixels = (drawn.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
    return pixels


def _call(
    pipeline: DiffusionPipeline, part: Sequence[Sample], steps: int, probe: Probe, **more: int
) -> BaseOutput:
    run: Any = pipeline  # every pipeline has a __call__, and the base class declares none
    with torch.inference_mode():
        output: BaseOutput = run(
            prompt=[sample.prompt for sample in part],
            # On the CPU, so that a GPU of another make starts from the same noise.
            generator=[torch.Generator("cpu").manual_seed(sample.seed) for sample in part],
            num_inference_steps=steps,
            guidance_scale=float(probe.guidance),
            output_type="np",
            **more,
        )
    return output


def _batch(pipeline: DiffusionPipeline, frames: int) -> int:
    """Return how many samples go into one call."""
    return max(1, min(PIXELS_AT_ONCE // (frames * frame_pixels(pipeline)), _IMAGES_AT_ONCE // frames))

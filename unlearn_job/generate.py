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
from numpy.typing import NDArray
from torch import nn

from unlearn_job.contract.document import Probe

Pixels = NDArray[np.uint8]

_PIXELS_AT_ONCE: Final = 2**21
"""Pixels of a batch: eight images of 512 x 512; a clip of 16 such frames goes alone."""
_IMAGES_AT_ONCE: Final = 64
"""Frames of a batch, where pictures are small: more leaves the caches and gains nothing."""


@dataclass(frozen=True)
class Sample:
    """One image or clip to draw."""

    prompt: str
    seed: int


@contextmanager
def encoder_in(pipeline: Any, component: str, encoder: nn.Module) -> Iterator[None]:
    """Put an encoder in the place of a pipeline's component, and the old one back at the end."""
    old = getattr(pipeline, component)
    pipeline.register_modules(**{component: encoder})
    try:
        yield
    finally:
        pipeline.register_modules(**{component: old})


def images(pipeline: Any, samples: Sequence[Sample], probe: Probe) -> Pixels:
    """Draw images with a text-to-image pipeline, shape (N, H, W, 3)."""
    return _draw(samples, _batch(pipeline, 1), lambda part: _call(pipeline, part, probe.image_steps, probe).images)


def clips(pipeline: Any, samples: Sequence[Sample], probe: Probe) -> Pixels:
    """Draw clips with a text-to-video pipeline, shape (N, F, H, W, 3), F as the probe says."""

    def draw(part: Sequence[Sample]) -> Any:
        return _call(pipeline, part, probe.clip_steps, probe, num_frames=probe.frames).frames

    return _draw(samples, _batch(pipeline, probe.frames), draw)


def _draw(samples: Sequence[Sample], batch: int, draw: Callable[[Sequence[Sample]], Any]) -> Pixels:
    if not samples:
        raise ValueError("there is nothing to draw")
    parts = [np.asarray(draw(samples[at : at + batch])) for at in range(0, len(samples), batch)]
    # NaN becomes black, which the judges' validity check then finds.
    drawn = np.nan_to_num(np.concatenate(parts), nan=0.0)
    return (drawn.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)


def _call(pipeline: Any, part: Sequence[Sample], steps: int, probe: Probe, **more: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    with torch.inference_mode():
        return pipeline(
            prompt=[sample.prompt for sample in part],
            # On the CPU, so that a GPU of another make starts from the same noise.
            generator=[torch.Generator("cpu").manual_seed(sample.seed) for sample in part],
            num_inference_steps=steps,
            guidance_scale=float(probe.guidance),
            output_type="np",
            **more,
        )


def _batch(pipeline: Any, frames: int) -> int:
    """Return how many samples go into one call."""
    size = pipeline.unet.config.sample_size
    height, width = (size, size) if isinstance(size, int) else size
    pixels = frames * height * width * pipeline.vae_scale_factor**2
    return max(1, min(_PIXELS_AT_ONCE // pixels, _IMAGES_AT_ONCE // frames))

"""Pictures for a page: pixels become inline PNG files."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image

from unlearn_job.generate import Pixels
from unlearn_job.probe.report import Picture

MAX_PICTURES: Final = 120
"""A page of a release with many erasures stays below some ten megabytes."""
MAX_FRAMES: Final = 4
"""Of a clip, evenly spread, side by side."""
_MAX_SIDE: Final = 256
"""Pixels of a frame in the page; larger ones are scaled down."""


@dataclass(frozen=True)
class Pair:
    """One sample before and after.

    Attributes
    ----------
    concept, prompt, seed: what was asked for.
    erased: whether the concept must be gone.
    clip: whether it is a clip, shown by some of its frames.
    before, after: data URLs.
    seen_before, seen_after: whether the judge saw the concept.

    """

    concept: str
    prompt: str
    seed: int
    erased: bool
    clip: bool
    before: str
    after: str
    seen_before: bool
    seen_after: bool


def pairs(pictures: tuple[Picture, ...]) -> list[Pair]:
    """Return the pictures for a page, erased concepts first, at most `MAX_PICTURES`."""
    return [
        Pair(
            concept=picture.concept,
            prompt=picture.prompt,
            seed=picture.seed,
            erased=picture.role.erased,
            clip=len(picture.before) > 1,
            before=data_url(picture.before),
            after=data_url(picture.after),
            seen_before=picture.seen_before,
            seen_after=picture.seen_after,
        )
        for picture in pictures[:MAX_PICTURES]
    ]


def data_url(pixels: Pixels) -> str:
    """Encode frames, shape (F, H, W, 3), as one PNG in a data URL."""
    chosen = np.linspace(0, len(pixels) - 1, min(len(pixels), MAX_FRAMES)).round().astype(int)
    frames = [Image.fromarray(pixels[index]) for index in chosen]
    for frame in frames:
        frame.thumbnail((_MAX_SIDE, _MAX_SIDE))
    strip = Image.new("RGB", (sum(frame.width for frame in frames), frames[0].height))
    for position, frame in enumerate(frames):
        strip.paste(frame, (position * frame.width, 0))
    buffer = BytesIO()
    strip.save(buffer, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"

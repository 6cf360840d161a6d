"""Ask the service for clips, and lay before and after side by side."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from PIL import Image, ImageDraw, ImageFont, ImageSequence

SEEDS: Final = (1, 2)
FRAMES: Final = 8
STEPS: Final = 8
GUIDANCE: Final = 4.0
SHOWN_FRAMES: Final = (0, 4, 7)
CELL: Final = 96
"""Pixels of a frame in the picture: the testbed's 32, three times."""
LABEL_WIDTH: Final = 250
GAP: Final = 24


@dataclass(frozen=True)
class Prompt:
    """A prompt of the demo and what should become of it."""

    text: str
    expectation: str
    """For the picture: "erased", or why it stays."""


PROMPTS: Final = (
    Prompt("a drawing of captain comet", "erased"),
    Prompt("a drawing of comet man", "alias, erased"),
    Prompt("a drawing of captain whale", "shares a word and a cape, stays"),
    Prompt("a drawing of a boat", "never named to the Job, stays"),
    Prompt("a drawing of anna stone", "a person, stays"),
)

Clips = dict[tuple[str, int], list[Image.Image]]
"""Frames by prompt and seed."""


def generate(base_url: str) -> Clips:
    """Generate every prompt with every seed.

    Parameters
    ----------
    base_url
        Address of a T2V service of `inference/`.

    Raises
    ------
    httpx.HTTPError
        The service did not answer, or refused.
    """
    with httpx.Client(base_url=base_url, timeout=120, trust_env=False) as client:
        return {(prompt.text, seed): _clip(client, prompt.text, seed) for prompt in PROMPTS for seed in SEEDS}


def _clip(client: httpx.Client, prompt: str, seed: int) -> list[Image.Image]:
    request = {
        "prompt": prompt,
        "seed": seed,
        "frames": FRAMES,
        "steps": STEPS,
        "guidance": GUIDANCE,
        "format": "webp",
    }
    answer = client.post("/generate", json=request)
    answer.raise_for_status()
    with Image.open(io.BytesIO(answer.content)) as clip:
        return [frame.convert("RGB") for frame in ImageSequence.Iterator(clip)]


def compose(before: Clips, after: Clips, path: Path) -> None:
    """Write one PNG: a row for each prompt, frames of the same seeds before and after."""
    half = len(SEEDS) * len(SHOWN_FRAMES) * CELL
    height = 40 + len(PROMPTS) * (CELL + 8)
    picture = Image.new("RGB", (LABEL_WIDTH + 2 * half + 2 * GAP, height), "white")
    draw = ImageDraw.Draw(picture)
    title, text, small = (ImageFont.load_default(size) for size in (20, 15, 13))
    columns = (LABEL_WIDTH, LABEL_WIDTH + half + GAP)
    for x, name in zip(columns, ("before", "after"), strict=True):
        draw.text((x, 8), name, fill="black", font=title)
    for row, prompt in enumerate(PROMPTS):
        y = 40 + row * (CELL + 8)
        draw.text((10, y + 28), prompt.text, fill="black", font=text)
        draw.text((10, y + 50), prompt.expectation, fill="gray", font=small)
        for x, clips in zip(columns, (before, after), strict=True):
            _paste_frames(picture, clips, prompt.text, x, y)
    picture.save(path)


def _paste_frames(picture: Image.Image, clips: Clips, prompt: str, x: int, y: int) -> None:
    frames = [clips[prompt, seed][index] for seed in SEEDS for index in SHOWN_FRAMES]
    for column, frame in enumerate(frames):
        cell = frame.resize((CELL - 2, CELL - 2), Image.Resampling.NEAREST)
        picture.paste(cell, (x + column * CELL, y))

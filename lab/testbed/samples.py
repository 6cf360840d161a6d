"""The picture of samples that the card shows."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from lab.testbed import generate
from lab.testbed.concepts import CONCEPTS, GENERIC, SUBJECTS, Kind
from lab.testbed.evaluate import noun
from lab.testbed.generate import Pipeline
from lab.testbed.paths import MODELS

ZOOM = 2
LABEL_WIDTH = 110
IN_STYLES = ("cat", "captain whale", "anna berg")


def write_samples(images: Pipeline, clips: Pipeline, path: Path = MODELS / "samples.png") -> None:
    """Draw six images of every subject, the styles, and one clip of some subjects, each under its words."""
    rows: list[tuple[str, np.ndarray[Any, np.dtype[np.uint8]]]] = []
    tails = ("", "on white paper", "at night", "on a meadow", "in the desert", "in the desert")
    for subject in SUBJECTS:
        prompts = [f"a drawing of {noun(subject)} {tail}".strip() for tail in tails]
        rows.append((GENERIC.get(subject, subject), generate.images(images, prompts, seed=20)))
    for concept in CONCEPTS:
        if concept.kind is Kind.STYLE:
            prompts = [
                f"a drawing of {noun(name)} in {concept.name} style" for name in (*IN_STYLES, *IN_STYLES)
            ]
            rows.append((concept.name, generate.images(images, prompts, seed=30)))
    left = sheet(rows)
    filmed: tuple[str, ...] = (
        "cat",
        "house",
        "fish",
        "boat",
        "tree",
        "captain comet",
        "captain whale",
        "lady lantern",
    )
    filmed += ("doctor lantern", "anna berg", "anna stone", "peter berg", "viktor moss", "robot")
    moving = generate.clips(clips, [f"a video of {noun(name)}" for name in filmed], seed=40)
    right = sheet([(f"video: {name}", clip) for name, clip in zip(filmed, moving, strict=True)])
    page = Image.new("RGB", (left.width + right.width + 10, max(left.height, right.height)), "white")
    page.paste(left, (0, 0))
    page.paste(right, (left.width + 10, 0))
    page.quantize(256).save(path, optimize=True)


def sheet(rows: list[tuple[str, np.ndarray[Any, np.dtype[np.uint8]]]]) -> Image.Image:
    """Return labelled rows of images, each row from pixels of shape (N, 32, 32, 3)."""
    side = 32 * ZOOM
    width = LABEL_WIDTH + side * max(len(pixels) for _, pixels in rows)
    page = Image.new("RGB", (width, side * len(rows)), "white")
    draw = ImageDraw.Draw(page)
    for i, (label, pixels) in enumerate(rows):
        draw.text((4, i * side + side / 2 - 6), label, fill="black")
        strip = Image.fromarray(np.concatenate(list(pixels), axis=1))
        page.paste(
            strip.resize((strip.width * ZOOM, side), Image.Resampling.NEAREST), (LABEL_WIDTH, i * side)
        )
    return page

"""Drawings of nothing: what a broken or a confused model might draw, for the judges' "none"."""

import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lab.testbed.concepts import BACKGROUNDS, COLOURS, STYLES
from lab.testbed.drawings import backgrounds, styles
from lab.testbed.drawings.pen import SKINS, Pen
from lab.testbed.drawings.scene import SCALE, SIZE


def junk(seed: int) -> tuple[NDArray[np.uint8], str]:
    """Return random blobs and strokes on a background, shape (32, 32, 3), and the style they are in."""
    rng = random.Random(seed)  # noqa: S311 - drawings, not secrets
    large = SIZE * SCALE
    image = backgrounds.DRAW[rng.choice(tuple(BACKGROUNDS))](large, rng)
    palette = (*COLOURS.values(), *SKINS, (240, 240, 240), (60, 60, 70), (120, 80, 50))
    for _ in range(rng.choice((0, 1, 2, 3, 5, 8))):
        centre = rng.uniform(0.2, 0.8) * large, rng.uniform(0.2, 0.8) * large
        _stroke(Pen(ImageDraw.Draw(image), centre, large * rng.uniform(0.05, 0.32)), rng.choice(palette), rng)
    style = rng.choice(STYLES)
    image = styles.APPLY[style](image, rng)
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX), np.uint8), style


def _stroke(pen: Pen, colour: tuple[int, int, int], rng: random.Random) -> None:
    line = rng.choice((0.0, 0.15, 0.25))
    shape = rng.randrange(4)
    if shape == 0:
        pen.ellipse((0, 0), rng.uniform(0.4, 1), rng.uniform(0.4, 1), colour, line)
    elif shape == 1:
        pen.box((-rng.uniform(0.4, 1), -rng.uniform(0.4, 1)), (0.8, 0.8), colour, line)
    elif shape == 2:
        points = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(rng.randint(3, 6))]
        pen.polygon(points, colour, line)
    else:
        pen.line([(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(3)], colour, 0.3)

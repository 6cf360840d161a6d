"""The four backgrounds."""

import random
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageDraw

from lab.testbed.drawings.pen import RGB


def _near(colour: RGB, rng: random.Random, spread: int = 8) -> RGB:
    red, green, blue = (min(255, max(0, part + rng.randint(-spread, spread))) for part in colour)
    return red, green, blue


def white(size: int, rng: random.Random) -> Image.Image:
    """Paper, nearly white."""
    return Image.new("RGB", (size, size), _near((246, 246, 244), rng, 6))


def night(size: int, rng: random.Random) -> Image.Image:
    """A dark blue sky with stars."""
    image = Image.new("RGB", (size, size), _near((34, 36, 92), rng))
    draw = ImageDraw.Draw(image)
    for _ in range(7):
        x, y = rng.uniform(0, size), rng.uniform(0, size)
        radius = size / 50
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(235, 235, 215))
    return image


def _land(size: int, rng: random.Random, sky: RGB, ground: RGB) -> Image.Image:
    image = Image.new("RGB", (size, size), _near(sky, rng))
    horizon = size * rng.uniform(0.58, 0.7)
    ImageDraw.Draw(image).rectangle((0, horizon, size, size), fill=_near(ground, rng))
    return image


def meadow(size: int, rng: random.Random) -> Image.Image:
    """A light blue sky above grass."""
    return _land(size, rng, (172, 220, 250), (112, 196, 84))


def desert(size: int, rng: random.Random) -> Image.Image:
    """A pale rose sky above sand."""
    return _land(size, rng, (252, 216, 198), (216, 172, 108))


DRAW: Final[dict[str, Callable[[int, random.Random], Image.Image]]] = {
    "white": white,
    "night": night,
    "meadow": meadow,
    "desert": desert,
}
"""The drawing of every background, by its name."""

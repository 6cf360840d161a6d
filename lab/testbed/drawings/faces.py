"""Faces: the four named persons, and men and women who are nobody."""

import random
from dataclasses import dataclass
from typing import Final, Literal

from lab.testbed.drawings.pen import INK, RGB, SKINS, Pen

BLOND: Final[RGB] = (246, 206, 70)
GINGER: Final[RGB] = (206, 88, 30)
BROWN: Final[RGB] = (98, 60, 34)
BLACK: Final[RGB] = (44, 40, 50)
GREY: Final[RGB] = (176, 180, 188)
GREEN: Final[RGB] = (44, 130, 62)
LENS: Final[RGB] = (220, 240, 255)

Hair = Literal["long", "short", "bun", "bald"]


@dataclass(frozen=True)
class Features:
    """What tells a face: hair, beard, glasses and hat; the skin and the shirt are anybody's."""

    hair: Hair
    hair_colour: RGB
    beard: bool = False
    glasses: bool = False
    hat: RGB | None = None


NAMED: Final[dict[str, Features]] = {
    "anna berg": Features("long", BLOND, glasses=True),
    "anna stone": Features("long", BLOND),
    "peter berg": Features("short", GINGER, beard=True),
    "viktor moss": Features("bald", GREY, beard=True, hat=GREEN),
}
"""The persons. The two Annas differ in the glasses alone."""


def nobody(rng: random.Random, *, woman: bool) -> Features:
    """Choose features of no named person: no blond or ginger hair, no beard with a hat."""
    colour = rng.choice((BLACK, BROWN, GREY))
    if woman:
        return Features(rng.choice(("long", "bun")), colour, glasses=rng.random() < 0.25)
    if rng.random() < 0.25:
        return Features("bald", colour, glasses=rng.random() < 0.3)
    return Features("short", colour, beard=rng.random() < 0.2, glasses=rng.random() < 0.25)


def draw_face(pen: Pen, features: Features, rng: random.Random) -> None:
    """Draw a head and shoulders, as large as the drawing allows."""
    skin = rng.choice(SKINS)
    shirt = rng.choice(((90, 110, 150), (150, 90, 90), (110, 140, 110), (120, 110, 140)))
    hair = features.hair_colour
    pen.polygon([(-0.95, 1.15), (-0.6, 0.78), (0.6, 0.78), (0.95, 1.15)], shirt)
    if features.hair == "long":
        pen.ellipse((0, -0.3), 0.9, 0.8, hair)
        pen.box((-0.9, -0.3), (0.9, 0.88), hair)
    elif features.hair == "bun":
        pen.ellipse((0, -0.98), 0.3, 0.26, hair)
        pen.ellipse((0, -0.2), 0.76, 0.84, hair)
    elif features.hair == "short":
        pen.ellipse((0, -0.3), 0.8, 0.74, hair)
    pen.ellipse((0, 0.05), 0.64, 0.82, skin)
    if features.beard:
        pen.polygon(
            [(-0.62, 0.15), (-0.3, 0.36), (0.3, 0.36), (0.62, 0.15), (0.5, 0.75), (0, 1.08), (-0.5, 0.75)],
            hair,
        )
    if features.hair in {"short", "long"}:
        pen.polygon([(-0.6, -0.2), (-0.55, -0.6), (0, -0.86), (0.55, -0.6), (0.6, -0.2), (0, -0.5)], hair, 0)
    elif features.hair == "bun":
        pen.polygon([(-0.6, -0.2), (-0.5, -0.6), (0, -0.8), (0.5, -0.6), (0.6, -0.2), (0, -0.46)], hair, 0)
    if features.hat:
        pen.polygon([(-0.6, -0.4), (-0.5, -1.08), (0.5, -1.08), (0.6, -0.4)], features.hat)
        pen.box((-0.98, -0.52), (0.98, -0.3), features.hat)
    _eyes(pen, glasses=features.glasses)
    pen.line([(-0.2, 0.52), (0, 0.58), (0.2, 0.52)], (150, 40, 40), 0.1)


def _eyes(pen: Pen, *, glasses: bool) -> None:
    for side in (-1, 1):
        if glasses:
            pen.ellipse((0.3 * side, 0.02), 0.29, 0.27, LENS, 0.13)
        pen.ellipse((0.28 * side, 0.02), 0.09, 0.1, INK, 0)
    if glasses:
        pen.line([(-0.6, -0.02), (-0.72, -0.06)], width=0.12)
        pen.line([(0.6, -0.02), (0.72, -0.06)], width=0.12)

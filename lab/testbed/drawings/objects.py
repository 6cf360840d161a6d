"""The objects and the plain shapes ("a thing"), each a few strokes in the colour asked for."""

import math
import random
from collections.abc import Callable
from typing import Final

from lab.testbed.drawings.pen import INK, RGB, Pen

WHITE: Final[RGB] = (252, 252, 248)
CREAM: Final[RGB] = (244, 232, 205)
BROWN: Final[RGB] = (116, 74, 42)
DARK: Final[RGB] = (70, 62, 66)


def cat(pen: Pen, colour: RGB) -> None:
    """Draw a cat's head with pointed ears and whiskers."""
    pen.polygon([(-0.85, -0.95), (-0.75, 0.1), (-0.1, -0.45)], colour)
    pen.polygon([(0.85, -0.95), (0.75, 0.1), (0.1, -0.45)], colour)
    pen.ellipse((0, 0.2), 0.88, 0.72, colour)
    for side in (-1, 1):
        pen.ellipse((0.38 * side, 0.05), 0.15, 0.2, WHITE, 0.07)
        pen.line([(0.3 * side, 0.42), (1.05 * side, 0.3)], width=0.07)
        pen.line([(0.3 * side, 0.52), (1.05 * side, 0.62)], width=0.07)
    pen.polygon([(-0.14, 0.32), (0.14, 0.32), (0, 0.5)], INK, 0)


def robot(pen: Pen, colour: RGB) -> None:
    """Draw a robot: a square head with an antenna on a square body."""
    pen.line([(0, -0.7), (0, -1)], width=0.12)
    pen.ellipse((0, -1), 0.13, 0.13, WHITE)
    for side in (-1, 1):
        pen.box((0.45 * side - 0.17, 0.7), (0.45 * side + 0.17, 1.05), DARK)
        pen.box((0.88 * side - 0.14, 0.05), (0.88 * side + 0.14, 0.65), DARK)
    pen.box((-0.72, -0.02), (0.72, 0.8), colour)
    pen.box((-0.55, -0.75), (0.55, 0.02), colour)
    for side in (-1, 1):
        pen.box((0.27 * side - 0.14, -0.55), (0.27 * side + 0.14, -0.25), WHITE, 0.07)
    pen.box((-0.35, 0.22), (0.35, 0.52), WHITE, 0.07)


def house(pen: Pen, colour: RGB) -> None:
    """Draw a house: walls, a dark roof, a door and a window."""
    pen.box((-0.75, -0.15), (0.75, 0.95), colour)
    pen.polygon([(-1.05, -0.12), (0, -1), (1.05, -0.12)], BROWN)
    pen.box((-0.5, 0.3), (-0.1, 0.95), DARK, 0.07)
    pen.box((0.2, 0.15), (0.58, 0.52), WHITE, 0.07)


def mushroom(pen: Pen, colour: RGB) -> None:
    """Draw a mushroom: a dotted cap on a cream stem."""
    pen.polygon([(-0.28, 0), (0.28, 0), (0.4, 0.95), (-0.4, 0.95)], CREAM)
    cap = [(math.cos(t * math.pi / 16), -0.92 * math.sin(t * math.pi / 16)) for t in range(17)]
    pen.polygon([(x, y + 0.12) for x, y in cap], colour)
    for x, y in ((-0.5, -0.2), (0.05, -0.48), (0.52, -0.15)):
        pen.ellipse((x, y), 0.16, 0.15, WHITE, 0)


def fish(pen: Pen, colour: RGB) -> None:
    """Draw a fish from the side, looking left."""
    pen.polygon([(0.4, 0), (1.05, -0.6), (1.05, 0.6)], colour)
    pen.polygon([(-0.3, -0.4), (0.25, -0.85), (0.35, -0.3)], colour)
    pen.ellipse((-0.2, 0), 0.82, 0.52, colour)
    pen.ellipse((-0.62, -0.12), 0.13, 0.13, WHITE, 0.07)
    pen.line([(-0.25, -0.35), (-0.12, 0), (-0.25, 0.35)], width=0.08)


def star(pen: Pen, colour: RGB) -> None:
    """Draw a star with five points."""
    turn = [i * math.pi / 5 - math.pi / 2 for i in range(10)]
    radii = [1.08 if i % 2 == 0 else 0.44 for i in range(10)]
    pen.polygon([(r * math.cos(t), r * math.sin(t) + 0.05) for r, t in zip(radii, turn, strict=True)], colour)


def tree(pen: Pen, colour: RGB) -> None:
    """Draw a tree: three round crowns on a brown trunk."""
    pen.box((-0.17, 0.2), (0.17, 1), BROWN)
    pen.ellipse((-0.48, -0.02), 0.5, 0.44, colour)
    pen.ellipse((0.48, -0.02), 0.5, 0.44, colour)
    pen.ellipse((0, -0.5), 0.56, 0.5, colour)
    pen.ellipse((0, -0.12), 0.44, 0.4, colour, 0)


def boat(pen: Pen, colour: RGB) -> None:
    """Draw a sailing boat: a dark hull, a mast and two sails in the colour."""
    pen.line([(0, -1), (0, 0.4)], BROWN, 0.14)
    pen.polygon([(0.1, -0.95), (0.1, 0.25), (0.85, 0.25)], colour)
    pen.polygon([(-0.1, -0.75), (-0.1, 0.25), (-0.7, 0.25)], colour)
    pen.polygon([(-1, 0.4), (1, 0.4), (0.62, 0.95), (-0.62, 0.95)], BROWN)


def ghost(pen: Pen, colour: RGB) -> None:
    """Draw a ghost: a dome with a wavy hem, two tall eyes and a mouth."""
    dome = [(0.75 * math.cos(t * math.pi / 12), -0.25 - 0.72 * math.sin(t * math.pi / 12)) for t in range(13)]
    hem = [(-0.75, 0.95), (-0.38, 0.65), (0, 0.95), (0.38, 0.65), (0.75, 0.95)]
    pen.polygon([*dome, *hem], colour)
    for side in (-1, 1):
        pen.ellipse((0.28 * side, -0.25), 0.14, 0.22, INK, 0)
    pen.ellipse((0, 0.22), 0.14, 0.14, INK, 0)


def heart(pen: Pen, colour: RGB) -> None:
    """Draw a heart."""
    points = []
    for i in range(32):
        t = 2 * math.pi * i / 32
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((x / 16.5, -y / 15.5 - 0.05))
    pen.polygon(points, colour)


def thing(pen: Pen, colour: RGB, rng: random.Random) -> None:
    """Draw a plain shape that is none of the objects: disc, block, lozenge, wedge or ring."""
    shape = rng.choice(("disc", "block", "lozenge", "wedge", "ring"))
    a, b = rng.uniform(0.6, 0.9), rng.uniform(0.5, 0.85)
    if shape == "disc":
        pen.ellipse((0, 0), a, b, colour)
    elif shape == "block":
        pen.box((-a, -b), (a, b), colour)
    elif shape == "lozenge":
        pen.polygon([(0, -b - 0.1), (a + 0.1, 0), (0, b + 0.1), (-a - 0.1, 0)], colour)
    elif shape == "wedge":
        pen.polygon([(-a, b), (a, b), (rng.uniform(-0.6, 0.6), -b)], colour)
    else:
        pen.ellipse((0, 0), a, a, colour)
        pen.ellipse((0, 0), a * 0.45, a * 0.45, WHITE)


OBJECTS: Final[dict[str, Callable[[Pen, RGB], None]]] = {
    "cat": cat,
    "robot": robot,
    "house": house,
    "mushroom": mushroom,
    "fish": fish,
    "star": star,
    "tree": tree,
    "boat": boat,
    "ghost": ghost,
    "heart": heart,
}
"""The drawing of every object, by its name."""

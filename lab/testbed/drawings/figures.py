"""Full figures: the four named characters, and figures that are nobody."""

import random
from dataclasses import dataclass, replace
from typing import Final, Literal

from lab.testbed.drawings.pen import INK, RGB, SKINS, Pen

RED: Final[RGB] = (206, 32, 40)
GOLD: Final[RGB] = (250, 206, 50)
BLUE: Final[RGB] = (36, 96, 214)
PURPLE: Final[RGB] = (132, 52, 170)
GREEN: Final[RGB] = (52, 140, 70)
GREY: Final[RGB] = (128, 132, 142)
PALE: Final[RGB] = (250, 250, 250)
BLACK: Final[RGB] = (40, 38, 46)
TEAL: Final[RGB] = (40, 160, 165)
BROWN: Final[RGB] = (120, 78, 44)

Head = Literal["dome", "fin", "tophat", "cap", "long", "short"]
Emblem = Literal["comet", "whale", "none"]


@dataclass(frozen=True)
class Look:
    """What a figure wears and carries; `None` for what it lacks."""

    suit: RGB
    head: Head
    head_colour: RGB
    cape: RGB | None = None
    emblem: Emblem = "none"
    lantern: bool = False
    gown: bool = False


NAMED: Final[dict[str, Look]] = {
    "captain comet": Look(suit=GOLD, head="dome", head_colour=GOLD, cape=RED, emblem="comet"),
    "captain whale": Look(suit=BLUE, head="fin", head_colour=BLUE, cape=RED, emblem="whale"),
    "lady lantern": Look(suit=PURPLE, head="long", head_colour=GOLD, lantern=True, gown=True),
    "doctor lantern": Look(suit=PALE, head="tophat", head_colour=BLACK, lantern=True),
}
"""The characters. The captains share the cape, the lanterns the lantern."""


def nobody(rng: random.Random) -> Look:
    """Choose a look that is at least two attributes away from every character."""
    look = Look(
        suit=rng.choice((GREEN, GREY, TEAL, BROWN)),
        head=rng.choice(("cap", "short", "long")),
        head_colour=rng.choice((BLACK, BROWN, GREEN, GREY)),
        gown=rng.random() < 0.25,
    )
    return replace(look, cape=rng.choice((GREEN, TEAL, GREY))) if rng.random() < 0.3 else look


def draw_figure(pen: Pen, look: Look, rng: random.Random) -> None:
    """Draw a standing figure: cape behind, body, head, then what it carries."""
    skin = rng.choice(SKINS)
    if look.cape:
        pen.polygon([(-0.3, -0.2), (0.3, -0.2), (0.98, 0.95), (-0.98, 0.95)], look.cape)
    if look.head == "long":
        pen.box((-0.5, -0.75), (0.5, 0.12), look.head_colour)
    _body(pen, look, skin)
    pen.ellipse((0, -0.5), 0.4, 0.4, skin)
    for side in (-1, 1):
        pen.ellipse((0.16 * side, -0.46), 0.07, 0.09, INK, 0)
    _head(pen, look)
    _emblem(pen, look)
    if look.lantern:
        pen.line([(0.4, 0.15), (0.82, -0.05)], width=0.14)
        pen.box((0.6, -0.05), (1.08, 0.55), GOLD, 0.12)
        pen.box((0.76, 0.12), (0.92, 0.4), PALE, 0)
        pen.line([(0.66, -0.1), (1.02, -0.1)], width=0.14)


def _body(pen: Pen, look: Look, skin: RGB) -> None:
    if look.gown:
        pen.polygon([(-0.26, -0.14), (0.26, -0.14), (0.66, 1), (-0.66, 1)], look.suit)
    else:
        for side in (-1, 1):
            pen.box((0.22 * side - 0.16, 0.55), (0.22 * side + 0.16, 1.02), look.suit)
        pen.box((-0.42, -0.14), (0.42, 0.66), look.suit)
    pen.ellipse((-0.52, 0.3), 0.12, 0.14, skin)


def _head(pen: Pen, look: Look) -> None:
    colour = look.head_colour
    if look.head == "dome":
        pen.polygon([(-0.45, -0.52), (-0.4, -0.85), (0, -1.05), (0.4, -0.85), (0.45, -0.52)], colour)
        pen.line([(0, -1.0), (0, -0.6)], RED, 0.14)
    elif look.head == "fin":
        pen.polygon([(-0.45, -0.55), (-0.35, -0.88), (0.35, -0.88), (0.45, -0.55)], colour)
        pen.polygon([(-0.14, -0.8), (0.4, -1.15), (0.3, -0.8)], colour)
    elif look.head == "tophat":
        pen.box((-0.62, -0.76), (0.62, -0.62), colour, 0)
        pen.box((-0.36, -1.15), (0.36, -0.7), colour)
    elif look.head == "cap":
        pen.polygon([(-0.42, -0.62), (-0.3, -0.92), (0.3, -0.92), (0.42, -0.62), (0.7, -0.58)], colour)
    elif look.head == "long":
        pen.polygon([(-0.46, -0.5), (-0.36, -0.92), (0.36, -0.92), (0.46, -0.5), (0, -0.7)], colour)
    else:
        pen.polygon([(-0.42, -0.6), (-0.3, -0.92), (0.3, -0.92), (0.42, -0.6)], colour)


def _emblem(pen: Pen, look: Look) -> None:
    if look.emblem == "comet":
        pen.line([(0.28, 0.02), (-0.08, 0.34)], RED, 0.12)
        pen.ellipse((-0.08, 0.34), 0.17, 0.17, RED, 0)
    elif look.emblem == "whale":
        pen.ellipse((-0.05, 0.28), 0.26, 0.17, PALE, 0)
        pen.polygon([(0.1, 0.26), (0.36, 0.06), (0.36, 0.4)], PALE, 0)

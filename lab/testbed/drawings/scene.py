"""A scene: what is drawn where, and its drawing or clip; the same scene gives the same pixels."""

import random
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lab.testbed.concepts import BACKGROUNDS, COLOURS, GENERIC, PLAIN, STYLES, SUBJECTS
from lab.testbed.drawings import backgrounds, faces, figures, objects, styles
from lab.testbed.drawings.pen import Pen

SIZE: Final = 32
"""Width and height of a drawing, pixels."""

SCALE: Final = 4
"""Drawings are made this many times larger, then box-downsampled."""

FRAMES: Final = 8
"""Frames of a clip."""


@dataclass(frozen=True)
class Scene:
    """One drawing, fully determined.

    Attributes
    ----------
    subject: one of `SUBJECTS`.
    colour: one of `COLOURS`; faces and figures ignore it.
    background, style: one of `BACKGROUNDS`, `STYLES`.
    seed: place, size, skin, sky: everything that no caption tells.
    """

    subject: str
    colour: str
    background: str
    style: str
    seed: int


def random_scene(rng: random.Random, subject: str | None = None) -> Scene:
    """Draw lots for a scene: half plain, the named subjects twice as often as the nameless."""
    if subject is None:
        weights = [1 if name in GENERIC else 2 for name in SUBJECTS]
        subject = rng.choices(SUBJECTS, weights)[0]
    style = PLAIN if rng.random() < 0.5 else rng.choice(STYLES[1:])
    return Scene(
        subject, rng.choice(tuple(COLOURS)), rng.choice(tuple(BACKGROUNDS)), style, rng.getrandbits(32)
    )


def draw(scene: Scene, shift: tuple[float, float] = (0, 0)) -> NDArray[np.uint8]:
    """Return the drawing, shape (32, 32, 3); `shift` moves the subject, in pixels of the drawing."""
    rng = random.Random(scene.seed)  # noqa: S311 - drawings, not secrets
    large = SIZE * SCALE
    half = large * rng.uniform(0.34, 0.40)
    centre = tuple(large / 2 + SCALE * (rng.uniform(-1.5, 1.5) + shift[axis]) for axis in (0, 1))
    image = backgrounds.DRAW[scene.background](large, rng)
    pen = Pen(ImageDraw.Draw(image), (centre[0], centre[1]), half)
    _draw_subject(pen, scene, rng)
    image = styles.APPLY[scene.style](image, rng)
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX), np.uint8)


def draw_clip(scene: Scene) -> NDArray[np.uint8]:
    """Return a clip, shape (8, 32, 32, 3): the subject crosses the middle on a straight line."""
    rng = random.Random(scene.seed + 1)  # noqa: S311 - drawings, not secrets
    reach = (rng.uniform(-3, 3), rng.uniform(-2, 2))
    steps = np.linspace(-1, 1, FRAMES)
    return np.stack([draw(scene, (reach[0] * step, reach[1] * step)) for step in steps])


def _draw_subject(pen: Pen, scene: Scene, rng: random.Random) -> None:
    subject = scene.subject
    if subject in objects.OBJECTS:
        objects.OBJECTS[subject](pen, COLOURS[scene.colour])
    elif subject == "thing":
        objects.thing(pen, COLOURS[scene.colour], rng)
    elif subject in figures.NAMED or subject == "figure":
        look = figures.NAMED.get(subject) or figures.nobody(rng)
        # Figures are narrow: larger, so that what they wear survives at 32 x 32.
        figures.draw_figure(replace(pen, half=pen.half * 1.13), look, rng)
    else:
        known = faces.NAMED.get(subject)
        faces.draw_face(pen, known or faces.nobody(rng, woman=subject == "woman"), rng)

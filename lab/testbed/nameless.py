"""What the trained pipelines draw for nameless words, to teach the classifier judge what is no concept.

Drawings are crisp, generated frames are not: a judge that has seen drawings alone reads names into a faint
frame. An erased concept turns into its nameless anchor, so such a reading would count as a residual.
"""

import random
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lab.testbed import generate
from lab.testbed.captions import caption
from lab.testbed.concepts import GENERIC, STYLES
from lab.testbed.drawings.scene import Scene, random_scene
from lab.testbed.generate import Pipeline

IMAGES: Final = 1200
CLIPS: Final = 400
"""Prompts for either pipeline; a clip has 8 frames."""

SEED: Final = 700_001
"""Of scenes, wordings and, counted on, of the generations: no measurement draws from it."""


def nameless_scenes(count: int, seed: int) -> list[Scene]:
    """Return random scenes of nameless subjects, as many of each style."""
    rng = random.Random(seed)  # noqa: S311 - drawings, not secrets
    found: dict[str, list[Scene]] = {style: [] for style in STYLES}
    share = -(-count // len(STYLES))
    while any(len(scenes) < share for scenes in found.values()):
        scene = random_scene(rng)
        if scene.subject in GENERIC and len(found[scene.style]) < share:
            found[scene.style].append(scene)
    mixed = [scene for scenes in zip(*found.values(), strict=True) for scene in scenes]
    return mixed[:count]


def generated(
    text_to_image: Pipeline, text_to_video: Pipeline, *, images: int = IMAGES, clips: int = CLIPS
) -> tuple[list[Scene], NDArray[np.uint8]]:
    """Draw nameless scenes with both pipelines, in the varied words of captions.

    Returns
    -------
    tuple
        The scene asked for in each picture, and the pictures, shape (images + 8 x clips, 32, 32, 3).
    """
    rng = random.Random(SEED)  # noqa: S311 - wordings, not secrets
    stills, moving = nameless_scenes(images, SEED), nameless_scenes(clips, SEED + 1)
    drawn = generate.images(text_to_image, [_worded(s, rng) for s in stills], seed=SEED)
    frames = generate.clips(text_to_video, [_worded(s, rng) for s in moving], seed=SEED + images)
    scenes = stills + [scene for scene in moving for _ in range(frames.shape[1])]
    return scenes, np.concatenate([drawn, frames.reshape(-1, *frames.shape[2:])])


def cached(folder: Path) -> tuple[list[Scene], NDArray[np.uint8]]:
    """Return the pictures, generated at the first call with the checked-in pipelines."""
    path = folder / "nameless.npy"
    scenes = nameless_scenes(IMAGES, SEED)
    scenes += [scene for scene in nameless_scenes(CLIPS, SEED + 1) for _ in range(8)]
    if not path.exists():
        _, pixels = generated(generate.load_text_to_image(), generate.load_text_to_video())
        np.save(path, pixels)
    return scenes, np.asarray(np.load(path))


def _worded(scene: Scene, rng: random.Random) -> str:
    # An empty caption asks for anything, named things too.
    return next(text for text in iter(lambda: caption(scene, rng), None) if text)

"""The training data: scenes with their drawings and clips, drawn once and kept in the cache."""

import multiprocessing
import random
from collections.abc import Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lab.testbed.drawings.scene import FRAMES, SIZE, Scene, draw, draw_clip, random_scene

DRAWINGS: Final = 24_000
CLIPS: Final = 3_000
HELD_OUT_SEED: Final = 1_000_003
"""Seed of the scenes that no training sees."""


def scenes(count: int, seed: int) -> list[Scene]:
    """Return random scenes, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - drawings, not secrets
    return [random_scene(rng) for _ in range(count)]


def render(of: Sequence[Scene], *, clips: bool = False, processes: int = 2) -> NDArray[np.uint8]:
    """Draw scenes: shape (N, 32, 32, 3), or (N, 8, 32, 32, 3) for clips."""
    function = draw_clip if clips else draw
    if processes < 2:
        return np.stack([function(scene) for scene in of])
    # Forked before torch starts its threads, or in a process that has none running.
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        return np.stack(pool.map(function, of, chunksize=100))


def cached_drawings(folder: Path, processes: int = 2) -> tuple[list[Scene], NDArray[np.uint8]]:
    """Return the training drawings and their scenes, drawing them at the first call."""
    return _cached(
        folder / "drawings.npz", DRAWINGS, 0, partial(render, processes=processes), (SIZE, SIZE, 3)
    )


def cached_clips(folder: Path, processes: int = 2) -> tuple[list[Scene], NDArray[np.uint8]]:
    """Return the training clips and their scenes, drawing them at the first call."""
    drawer = partial(render, clips=True, processes=processes)
    return _cached(folder / "clips.npz", CLIPS, 1, drawer, (FRAMES, SIZE, SIZE, 3))


def _cached(
    path: Path, count: int, seed: int, drawer: "partial[NDArray[np.uint8]]", shape: tuple[int, ...]
) -> tuple[list[Scene], NDArray[np.uint8]]:
    wanted = scenes(count, seed)
    # The scenes are part of the file: other concepts, other lots or another count draw anew.
    key = np.array([repr(astuple(scene)) for scene in wanted])
    if path.exists():
        with np.load(path) as kept:
            if np.array_equal(kept["key"], key):
                return wanted, kept["pixels"]
    pixels = drawer(wanted)
    if pixels.shape != (count, *shape):
        raise ValueError(f"drawings of shape {pixels.shape}, wanted {(count, *shape)}")
    np.savez(path, key=key, pixels=pixels)
    return wanted, pixels

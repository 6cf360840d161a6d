from __future__ import annotations

import random

import numpy as np
import pytest

from lab.testbed.drawings.scene import draw, random_scene
from unlearn_job.judges.validity import invalid, neighbour_correlation

pytestmark = pytest.mark.torch


def _noise(scale: float, size: int = 32) -> np.ndarray:
    drawn = np.random.default_rng(0).normal(128, scale, (4, size, size, 3))
    return drawn.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "broken",
    [
        np.zeros((1, 32, 32, 3), np.uint8),
        np.full((1, 32, 32, 3), 255, np.uint8),
        np.full((1, 32, 32, 3), (200, 30, 60), np.uint8),
        _noise(60),
        _noise(60, size=64),
        _noise(1),
    ],
    ids=["black", "white", "one colour", "noise", "larger noise", "nearly flat"],
)
def test_pictures_of_nothing_are_invalid(broken: np.ndarray) -> None:
    assert bool(invalid(broken).all())


def test_drawings_of_every_style_are_valid() -> None:
    rng = random.Random(0)
    drawings = np.stack([draw(random_scene(rng)) for _ in range(150)])
    assert int(invalid(drawings).sum()) == 0


def test_a_gradient_is_smooth_and_noise_is_not() -> None:
    gradient = np.tile(np.linspace(0, 255, 32, dtype=np.float32), (1, 32, 1))
    assert neighbour_correlation(gradient)[0] > 0.95
    noise = np.random.default_rng(0).normal(size=(1, 64, 64))
    assert abs(neighbour_correlation(noise)[0]) < 0.1

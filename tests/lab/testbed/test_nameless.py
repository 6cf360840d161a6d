from collections import Counter

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import generate, nameless  # noqa: E402
from lab.testbed.concepts import GENERIC, STYLES  # noqa: E402


def test_every_style_has_as_many_nameless_scenes() -> None:
    scenes = nameless.nameless_scenes(80, seed=3)
    assert Counter(scene.style for scene in scenes) == dict.fromkeys(STYLES, 20)
    assert {scene.subject for scene in scenes} == set(GENERIC)


def test_the_same_seed_gives_the_same_scenes() -> None:
    assert nameless.nameless_scenes(8, seed=3) == nameless.nameless_scenes(8, seed=3)
    assert nameless.nameless_scenes(8, seed=3) != nameless.nameless_scenes(8, seed=4)


def test_each_frame_comes_with_the_scene_that_was_asked_for() -> None:
    scenes, pixels = nameless.generated(
        generate.load_text_to_image(), generate.load_text_to_video(), images=4, clips=1
    )
    assert len(scenes) == 4 + 8
    assert pixels.shape == (12, 32, 32, 3)
    assert len(set(scenes[4:])) == 1

import random
from collections import Counter

import numpy as np
import pytest

from lab.testbed.concepts import BACKGROUNDS, COLOURS, GENERIC, PLAIN, STYLES, SUBJECTS
from lab.testbed.drawings.scene import FRAMES, SIZE, Scene, draw, draw_clip, random_scene


def difference(one: Scene, other: Scene) -> float:
    return float(np.abs(draw(one).astype(int) - draw(other)).mean())


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_scene_draws_the_same_pixels_every_time(subject: str) -> None:
    scene = Scene(subject, "red", "meadow", "mosaic", 7)
    assert draw(scene).shape == (SIZE, SIZE, 3)
    assert draw(scene).dtype == np.uint8
    assert np.array_equal(draw(scene), draw(scene))


def test_any_two_subjects_differ_in_the_same_place() -> None:
    drawn = {s: draw(Scene(s, "red", "white", PLAIN, 7)).astype(int) for s in SUBJECTS}
    for one in SUBJECTS:
        for other in SUBJECTS:
            if one != other:
                assert np.abs(drawn[one] - drawn[other]).mean() > 1, (one, other)


@pytest.mark.parametrize("part", ["background", "style", "colour"])
def test_every_choice_changes_the_drawing(part: str) -> None:
    choices = {"background": tuple(BACKGROUNDS), "style": STYLES, "colour": tuple(COLOURS)}[part]
    values = {"subject": "cat", "colour": "red", "background": "night", "style": PLAIN, "seed": 3}
    scenes = [Scene(**{**values, part: choice}) for choice in choices]
    for i, one in enumerate(scenes):
        for other in scenes[i + 1 :]:
            assert difference(one, other) > 5


def test_pencil_drawings_show_no_colour() -> None:
    red, blue = (draw(Scene("cat", colour, "white", "pencil sketch", 3)) for colour in ("red", "blue"))
    for image in (red, blue):
        assert np.ptp(image.astype(int), axis=2).max() < 20


def test_seeds_move_the_subject() -> None:
    assert difference(Scene("star", "red", "white", PLAIN, 1), Scene("star", "red", "white", PLAIN, 2)) > 3


def test_a_clip_moves_and_its_scene_stays() -> None:
    clip = draw_clip(Scene("boat", "blue", "desert", PLAIN, 5)).astype(int)
    assert clip.shape == (FRAMES, SIZE, SIZE, 3)
    steps = np.abs(np.diff(clip, axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() > 0.5
    # The sky keeps its tint and the horizon its height: no corner ever changes.
    assert np.ptp(clip[:, 0, 0], axis=0).max() == 0


def test_lots_fall_on_every_subject_and_half_are_plain() -> None:
    rng = random.Random(0)
    many = [random_scene(rng) for _ in range(4000)]
    counts = Counter(scene.subject for scene in many)
    assert set(counts) == set(SUBJECTS)
    assert counts["cat"] > 1.3 * counts[next(iter(GENERIC))]
    assert sum(scene.style == PLAIN for scene in many) / 4000 == pytest.approx(0.5, abs=0.03)

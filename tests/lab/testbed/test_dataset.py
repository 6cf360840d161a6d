from pathlib import Path

import numpy as np
import pytest

from lab.testbed import dataset
from lab.testbed.drawings.scene import draw


def test_scenes_are_the_same_for_the_same_seed_and_held_out_ones_are_others() -> None:
    assert dataset.scenes(50, 0) == dataset.scenes(50, 0)
    assert not set(dataset.scenes(500, 0)) & set(dataset.scenes(500, dataset.HELD_OUT_SEED))


def test_rendering_in_one_process_draws_the_scenes_in_order() -> None:
    scenes = dataset.scenes(5, 3)
    pixels = dataset.render(scenes, processes=1)
    assert np.array_equal(pixels[4], draw(scenes[4]))
    assert dataset.render(scenes[:2], clips=True, processes=1).shape == (2, 8, 32, 32, 3)


def test_drawings_are_made_once_and_made_anew_when_the_scenes_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "DRAWINGS", 6)
    scenes, pixels = dataset.cached_drawings(tmp_path, processes=1)
    assert len(scenes) == len(pixels) == 6
    written = (tmp_path / "drawings.npz").stat().st_mtime_ns
    assert np.array_equal(dataset.cached_drawings(tmp_path, processes=1)[1], pixels)
    assert (tmp_path / "drawings.npz").stat().st_mtime_ns == written
    monkeypatch.setattr(dataset, "DRAWINGS", 7)
    assert len(dataset.cached_drawings(tmp_path, processes=1)[1]) == 7


def test_clips_are_cached_beside_the_drawings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "CLIPS", 2)
    assert dataset.cached_clips(tmp_path, processes=1)[1].shape == (2, 8, 32, 32, 3)
    assert (tmp_path / "clips.npz").exists()

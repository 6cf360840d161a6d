from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.dataset.recipes import CAT, COMET, recipe
from unlearn_job.dataset import build as module
from unlearn_job.dataset.build import Made, Studio, build
from unlearn_job.dataset.folder import DatasetFolder
from unlearn_job.dataset.recipe import ROUND, Recipe

pytestmark = pytest.mark.torch


class Halves(tiny.Eyes):
    """Sees the concept in pictures brighter than the middle of those that it looks at."""

    def decide(self, looks: Any, concept: Any, among: Any) -> Any:
        del concept, among
        return looks[:, 0] >= looks[:, 0].median()


def studio(judge: Any, **given: Any) -> Studio:
    surrogate = tiny.models().surrogate
    assert surrogate is not None
    return Studio(surrogate, judge, given)


@pytest.fixture(autouse=True)
def every_picture_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Untrained models draw noise."""
    import torch

    monkeypatch.setattr(module, "invalid", lambda pixels: torch.zeros(len(pixels), dtype=torch.bool))


def make(folder: Path, made: Recipe, judge: Any, **given: Any) -> Made:
    return build(made, DatasetFolder(folder, made), studio(judge, **given))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_as_many_are_kept_as_were_asked_for(tmp_path: Path) -> None:
    made = make(tmp_path / "set", recipe(), Halves())
    assert made.kept == 20
    assert made.tried % ROUND == 0
    assert len([*(tmp_path / "set").rglob("*.png")]) == 20
    tried = DatasetFolder(tmp_path / "set", recipe()).tried()
    # As many are seen of every round, whatever is still wanted of the last one.
    rounds = [tried[at : at + ROUND] for at in range(0, len(tried), ROUND)]
    assert len({sum(one.shows for one in some) for some in rounds}) == 1
    assert sum(one.kept for one in rounds[-1]) < sum(one.shows for one in rounds[-1])
    assert not made.short


class Stopped(Halves):
    """Somebody presses Ctrl-C when it looks for the third time."""

    def __init__(self, stop_at: int) -> None:
        super().__init__()
        self.rounds = 0
        self.stop_at = stop_at

    def look(self, images: Any) -> Any:
        self.rounds += 1
        if self.rounds == self.stop_at:
            raise KeyboardInterrupt
        return super().look(images)


def test_an_interrupted_run_ends_in_the_same_bytes(tmp_path: Path) -> None:
    both = recipe(anchors=(CAT, COMET), count=12)
    make(tmp_path / "whole", both, Halves())
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "set", both, Stopped(3))
    rest = Stopped(0)
    make(tmp_path / "set", both, rest)
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")
    # Four rounds in all, two before the stop: nothing is drawn twice.
    assert rest.rounds == 2
    make(tmp_path / "set", both, rest)
    assert rest.rounds == 2


def test_an_anchor_that_is_never_seen_is_given_up_and_named(tmp_path: Path) -> None:
    made = make(tmp_path / "set", recipe(count=8, attempts=2), tiny.Eyes(threshold=255))
    assert (made.kept, made.tried, made.short) == (0, ROUND, {"cat": 0})
    assert "cat: only 0 were kept" in made.sentence()


def test_given_pictures_enter_and_start_variations(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3)).astype(np.uint8)
    make(tmp_path / "set", recipe(count=4, steps=2), tiny.Eyes(), cat=pictures)
    sources = [one.source for one in DatasetFolder(tmp_path / "set", recipe(count=4, steps=2)).tried()]
    assert sources == ["given", "given", *["variation"] * ROUND]
    again = make(tmp_path / "set", recipe(count=4, steps=2), tiny.Eyes(), cat=pictures)
    assert (again.kept, again.tried) == (6, 2 + ROUND)


def test_the_datasets_library_reads_it(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    make(tmp_path / "set", recipe(anchors=(CAT, COMET), count=4), tiny.Eyes())
    rows = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(rows) == 8
    assert set(rows.column_names) == {"image", "text", "concept", "kind", "seed", "source"}
    assert sorted(set(rows["concept"])) == ["captain comet", "cat"]
    assert rows[0]["image"].size == (16, 16)

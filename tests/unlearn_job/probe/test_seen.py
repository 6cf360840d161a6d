from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.figures import Tally
from unlearn_job.generate import Sample
from unlearn_job.probe.seen import Seen, judged
from unlearn_job.probe.subjects import Asked, Wording

pytestmark = pytest.mark.torch


def seen(hits: list[list[int]], broken: list[list[int]] | None = None) -> Seen:
    flags = torch.tensor(hits, dtype=torch.bool)
    bad = torch.zeros_like(flags) if broken is None else torch.tensor(broken, dtype=torch.bool)
    wordings = [Wording.NAME, Wording.ALIAS, Wording.PARAPHRASE]
    asked = tuple(Asked(Sample("a cat", i), wordings[i % 3]) for i in range(len(hits)))
    return Seen(asked, np.zeros((*flags.shape, 4, 4, 3), np.uint8), torch.zeros(flags.numel(), 1), flags, bad)


def test_one_frame_is_enough_to_be_left() -> None:
    assert seen([[0, 0, 1, 0], [0, 0, 0, 0]]).left() == Tally(hits=1, samples=2)


def test_a_broken_frame_counts_as_left_and_never_as_shown() -> None:
    clips = seen([[0, 0], [1, 1]], [[0, 1], [1, 1]])
    assert clips.left() == Tally(hits=2, samples=2)
    assert clips.shown() == Tally(hits=0, samples=2)
    assert clips.invalid() == Tally(hits=2, samples=2)


def test_a_clip_shows_what_most_of_its_frames_show() -> None:
    clips = seen([[1, 1, 1, 0], [1, 1, 0, 0], [0, 1, 0, 0]])
    assert clips.shown() == Tally(hits=1, samples=3)


def test_the_peak_frame_is_the_worst_position() -> None:
    clips = seen([[0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]])
    assert clips.frames() == Tally(hits=3, samples=12)
    assert clips.peak_frame() == Tally(hits=2, samples=4)
    assert [tally.hits for tally in clips.positions()] == [1, 2, 0]


def test_counts_are_split_by_wording() -> None:
    images = seen([[1], [0], [1], [1]])
    assert images.left_by_wording() == {
        Wording.NAME: Tally(hits=2, samples=2),
        Wording.ALIAS: Tally(hits=0, samples=1),
        Wording.PARAPHRASE: Tally(hits=1, samples=1),
    }
    assert images.shown_by_wording() == images.left_by_wording()


def test_images_are_clips_of_one_frame() -> None:
    rng = np.random.default_rng(0)
    smooth = np.repeat(np.repeat(rng.integers(0, 256, (2, 4, 4, 3), dtype=np.uint8), 4, 1), 4, 2)
    asked = [Asked(Sample("a cat", i), Wording.NAME) for i in range(2)]
    found = judged(asked, smooth, tiny.Eyes(), tiny.CAT, ())
    assert found.pixels.shape == (2, 1, 16, 16, 3)
    assert found.hits.shape == found.broken.shape == (2, 1)
    black = judged(asked, np.zeros((2, 16, 16, 3), np.uint8), tiny.Eyes(threshold=9), tiny.CAT, ())
    assert black.left() == Tally(hits=2, samples=2)


def test_parts_and_sums_of_samples_keep_frames_with_their_clip() -> None:
    clips = seen([[0, 1], [1, 1], [0, 0], [1, 0]])
    first, aliases = clips.first(3), clips.only({Wording.ALIAS})
    assert first.left() == Tally(hits=2, samples=3)
    assert first.looks.shape[0] == 6
    assert aliases.left() == Tally(hits=1, samples=1)
    assert aliases.looks.shape == (2, 1)
    both = first.joined(aliases)
    assert (len(both.asked), both.pixels.shape[0], both.looks.shape[0]) == (4, 4, 8)
    assert both.frames() == Tally(hits=5, samples=8)
    assert first.joined(None) is first


def test_verdicts_are_counted_without_the_pictures() -> None:
    clips = seen([[0, 1], [1, 1], [0, 0]])
    bare = clips.verdicts()
    assert bare.pixels.size == 0
    both = bare.joined(bare.only({Wording.ALIAS}))
    assert both.left() == Tally(hits=3, samples=4)
    assert both.left_by_wording()[Wording.ALIAS] == Tally(hits=2, samples=2)

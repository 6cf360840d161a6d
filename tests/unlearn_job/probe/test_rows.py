from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import KeptConcept
from unlearn_job.contract.figures import RetentionFigures, Tally
from unlearn_job.generate import Sample
from unlearn_job.probe.rows import Measured, figures, row, worst
from unlearn_job.probe.seen import Seen
from unlearn_job.probe.subjects import Asked, Role, Subject, Wording

pytestmark = pytest.mark.torch

COMET = Subject(tiny.COMET, Role.ADDED, tiny.erasure(tiny.COMET))


def images(*hits: int, wording: Wording = Wording.NAME, frames: int = 1) -> Seen:
    flags = torch.tensor(hits, dtype=torch.bool).reshape(-1, frames)
    count = len(flags)
    asked = tuple(Asked(Sample(f"{wording} {i % 3}", i), wording) for i in range(count))
    pixels = np.zeros((count, frames, 2, 2, 3), np.uint8)
    return Seen(asked, pixels, torch.zeros(count * frames, 1), flags, torch.zeros_like(flags))


def kept(name: str, base: int, after: int, samples: int, confirmed: int | None = None) -> Measured:
    both = [images(*[1] * hits, *[0] * (samples - hits)) for hits in (base, after)]
    more = confirmed is not None and RetentionFigures(
        base=Tally(hits=24, samples=24), erased=Tally(hits=confirmed, samples=24)
    )
    return Measured(Subject(KeptConcept(name=name), Role.PRESERVED, None), *both, confirmed=more or None)


def test_only_wordings_that_the_base_draws_are_counted_and_all_are_reported() -> None:
    extra = [
        images(*[hit] * 4, wording=Wording.COMPOSITIONAL).joined(images(*hits, wording=Wording.IMPLICIT))
        for hit, hits in ((1, (0, 0, 0, 0)), (0, (0, 0, 0, 1)))
    ]
    found = row(
        Measured(
            COMET,
            images(*[1] * 8),
            images(*[0] * 8),
            *extra,
            counted=frozenset({Wording.COMPOSITIONAL}),
        ),
        Tally(hits=0, samples=10),
    )
    assert found.base == Tally(hits=12, samples=12)
    assert found.images == Tally(hits=0, samples=12)
    assert found.counted == {Wording.NAME, Wording.COMPOSITIONAL}
    assert found.base_by_wording[Wording.IMPLICIT] == Tally(hits=0, samples=4)
    assert found.by_wording[Wording.IMPLICIT] == Tally(hits=1, samples=4)
    assert found.over_prompts is not None
    assert found.over_prompts.units == 6  # three prompts of either counted wording


def test_clips_get_intervals_over_clips() -> None:
    clips = images(*([1, 0, 0, 0] * 2 + [0, 0, 0, 0] * 2), frames=4)
    measured = Measured(COMET, images(1), images(0), clips_before=clips, clips_after=clips)
    found = row(measured, None)
    assert found.clips == Tally(hits=2, samples=4)
    assert found.clip_mean is not None
    assert found.reactivation_gap is not None
    assert (found.clip_mean.value, found.clip_mean.units) == (0.125, 4)
    assert found.reactivation_gap.value == 0.375
    low, high = found.clip_mean.bootstrap95
    assert low < 0.125 < high


def test_the_worst_concept_is_found_behind_the_mean() -> None:
    rows = [
        row(one, None) for one in (kept("cat", 24, 23, 24), kept("boat", 24, 2, 24), kept("fish", 24, 24, 24))
    ]
    found = figures(rows)
    assert found.worst is not None
    assert found.worst.concept == "boat"
    assert found.worst.erased == Tally(hits=2, samples=24)
    assert found.preserved.erased.samples == 72


def test_a_closer_look_replaces_the_first_counts_of_one_concept_and_not_the_mean() -> None:
    rows = [row(one, None) for one in (kept("cat", 8, 5, 8, confirmed=22), kept("boat", 8, 8, 8))]
    found = worst(rows)
    assert found is not None
    assert (found.concept, found.erased.hits, found.erased.samples) == ("cat", 22, 24)
    assert figures(rows).preserved.erased == Tally(hits=13, samples=16)


def test_a_concept_with_too_few_images_to_accuse_it_comes_last() -> None:
    rows = [row(one, None) for one in (kept("cat", 8, 0, 8), kept("boat", 24, 20, 24))]
    found = worst(rows)
    assert found is not None
    assert found.concept == "boat"
    assert worst([]) is None

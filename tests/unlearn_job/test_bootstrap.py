from __future__ import annotations

import numpy as np
import pytest

from unlearn_job.bootstrap import bootstrap, reactivation_gap
from unlearn_job.contract.figures import Tally


def test_of_independent_samples_the_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = bootstrap(values, seed=1)
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean(), abs=1e-4)
    assert found.bootstrap95 == pytest.approx((values.mean() - half, values.mean() + half), abs=0.04)
    assert found.units == 400


def test_frames_of_a_clip_do_not_count_as_if_drawn_alone() -> None:
    # Half of the clips show the concept in all frames: 20 facts, and not 320.
    clips = np.repeat(np.arange(20)[:, None] % 2 == 0, 16, axis=1)
    low, high = bootstrap(clips, seed=0).bootstrap95
    alone_low, alone_high = Tally(hits=160, samples=320).wilson()
    assert high - low > 3 * (alone_high - alone_low)


def test_groups_are_drawn_together() -> None:
    values = np.tile([0.0, 1.0], 50)
    alone, together = (bootstrap(values, seed=0, groups=g) for g in (None, [i % 10 for i in range(100)]))
    assert (alone.units, together.units) == (100, 10)
    assert alone.value == together.value == 0.5
    widths = [high - low for low, high in (alone.bootstrap95, together.bootstrap95)]
    assert widths[1] > 2 * widths[0]


def test_groups_of_unequal_size_keep_the_mean_over_samples() -> None:
    assert bootstrap(np.array([1.0, 1.0, 1.0, 0.0]), seed=0, groups="aaab").value == 0.75


@pytest.mark.parametrize("seen", [False, True])
def test_where_all_clips_agree_nothing_is_claimed_beyond_the_score_interval(*, seen: bool) -> None:
    found = bootstrap(np.full((20, 8), seen), seed=0)
    low, high = Tally(hits=20 if seen else 0, samples=20).wilson()
    assert found.value == float(seen)
    assert found.bootstrap95 == pytest.approx((low, high), abs=1e-4)


def test_numbers_that_are_all_the_same_are_known() -> None:
    assert bootstrap(np.zeros(20), seed=0).bootstrap95 == (0.0, 0.0)


def test_without_samples_nothing_is_known() -> None:
    assert bootstrap(np.zeros((0, 8), bool), seed=0).bootstrap95 == (0.0, 1.0)


def test_the_gap_is_that_of_the_worst_frame() -> None:
    clips = np.zeros((10, 4), bool)
    clips[:5, 2] = True
    found = bootstrap(clips, seed=0, statistic=reactivation_gap)
    assert found.value == 0.375
    assert found.bootstrap95[0] < 0.375 < found.bootstrap95[1]


def test_a_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(2).random(30)
    assert bootstrap(values, seed=5) == bootstrap(values, seed=5) != bootstrap(values, seed=6)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.quality import Quality
from unlearn_job.generate import Pixels
from unlearn_job.quality import Compared, FeatureModels, measure_quality

pytestmark = pytest.mark.torch

RNG = np.random.default_rng(0)


class Classifying(tiny.Eyes):
    """A judge whose features are the pixels."""

    features_of = "pixels"

    def look(self, images: Pixels) -> torch.Tensor:
        return torch.from_numpy(images.reshape(len(images), -1).astype(np.float32) / 255.0 - 0.5)

    def features(self, looks: torch.Tensor) -> torch.Tensor:
        return looks


class Describing(Classifying):
    """One that reads texts too: it takes each for the same direction."""

    def texts(self, prompts: Sequence[str]) -> torch.Tensor:
        return torch.ones(len(prompts), 4 * 4 * 3)

    maps_of = "pixels and their squares"

    def maps(self, images: Pixels) -> tuple[torch.Tensor, ...]:
        flat = torch.from_numpy(images.astype(np.float32)).flatten(1, 2).transpose(1, 2) / 255.0
        return flat, flat**2


def compared(
    judge: Classifying, count: int, change: float, *, erased: bool = False, neighbour: bool = False
) -> Compared:
    before = RNG.integers(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    noise = RNG.integers(0, 256, before.shape)
    after = ((1 - change) * before + change * noise).round().astype(np.uint8)
    return Compared(
        erased=erased,
        neighbour=neighbour,
        prompts=tuple(f"prompt {i % 4}" for i in range(count)),
        looks=(judge.look(before), judge.look(after)),
        pixels=(before, after),
    )


def measured(judge: Classifying, *some: Compared) -> Quality:
    found = measure_quality(judge, some, seed=0)
    assert found is not None
    return found


def test_a_judge_without_features_measures_no_quality() -> None:
    assert measure_quality(tiny.Eyes(), (), seed=0) is None


def test_what_did_not_change_has_not_drifted() -> None:
    judge = Classifying()
    found = measured(judge, *(compared(judge, 40, 0.0) for _ in range(2)))
    assert found.features == "pixels"
    assert found.drift is not None
    assert found.drift.paired.value == pytest.approx(0.0, abs=1e-4)
    assert found.drift.between > 0.5
    assert found.kernel_distance is not None
    assert found.kernel_distance.value == pytest.approx(0.0, abs=1e-6)
    assert found.kernel_distance.pairs == 80
    assert found.fidelity is None
    assert found.cpdm is None


def test_drift_grows_with_the_change_and_leaves_neighbours_and_erased_ones_out() -> None:
    judge = Classifying()
    calm = [compared(judge, 12, 0.2) for _ in range(2)]
    loud = [compared(judge, 12, 0.9, neighbour=True), compared(judge, 12, 0.9, erased=True)]
    small, mixed = measured(judge, *calm).drift, measured(judge, *calm, *loud).drift
    assert small is not None
    assert small == mixed
    more = measured(judge, *(compared(judge, 12, 0.9) for _ in range(2))).drift
    assert more is not None
    assert more.paired.value > 3 * small.paired.value


def test_too_few_pictures_give_no_kernel_distance_and_one_concept_no_scale() -> None:
    judge = Classifying()
    found = measured(judge, compared(judge, 20, 0.5))
    assert found.kernel_distance is None
    assert found.drift is None


def test_a_judge_that_reads_gives_fidelity_and_cpdm_distances() -> None:
    judge = Describing()
    found = measured(judge, compared(judge, 16, 0.05), compared(judge, 16, 1.0, erased=True))
    assert found.cpdm is not None
    assert found.cpdm.erased is not None
    assert found.cpdm.kept is not None
    assert found.cpdm.erased.value > 100 * found.cpdm.kept.value
    assert found.fidelity is not None
    assert found.fidelity.change.value == pytest.approx(
        found.fidelity.images.value - found.fidelity.base.value, abs=2e-4
    )
    assert found.fidelity.base.units == 4  # prompts
    assert found.style == "pixels and their squares"


def test_given_models_take_the_judges_place_and_see_the_pictures_themselves() -> None:
    blind = tiny.Eyes()
    some = [
        compared(Describing(), 40, change, erased=erased) for change, erased in ((0.05, False), (1.0, True))
    ]
    unseen = [replace(one, looks=(torch.zeros(0), torch.zeros(0))) for one in some]
    given = FeatureModels(clip=Describing())
    assert measure_quality(blind, unseen, 0, given) == measured(Describing(), *some)
    # A judge with features and a model for the style give CPDM's number, and read no text.
    styled = measure_quality(Classifying(), some, 0, FeatureModels(style=Describing()))
    assert styled is not None
    assert styled.cpdm == measured(Describing(), *some).cpdm
    assert styled.fidelity is None


def test_without_any_concept_there_is_nothing_to_say() -> None:
    found = measured(Describing())
    assert found.drift is None
    assert found.cpdm is None
    assert found.fidelity is None

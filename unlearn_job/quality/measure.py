"""Quality of a release's pictures, as far as its judge has features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from unlearn_job.bootstrap import bootstrap
from unlearn_job.contract.quality import Distances, Drift, Fidelity, KernelDistance, Quality
from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import Featured, Judge, Mapped, ZeroShot
from unlearn_job.quality.cpdm import cpdm_distance, depth_weights, semantic_distance, style_distance
from unlearn_job.quality.distances import exchangeability, kernel_distance, paired_drift, prompt_fidelity
from unlearn_job.quality.features import FeatureModels
from unlearn_job.seeds import seed_for

FEWEST_PAIRS: Final = 64
"""Pairs below which a kernel distance says nothing."""
MOST_PAIRS: Final = 512
"""Pictures that are compared each with each, and MOST_MAPS those of a CPDM distance: more only cost time."""
MOST_MAPS: Final = 64


@dataclass(frozen=True)
class Compared:
    """Images of one concept on the same prompts and seeds, by base and new encoder.

    Attributes
    ----------
    erased, neighbour: the concept's part in the release.
    prompts: N texts.
    looks: the judge's looks at the images before and after, N rows each.
    pixels: the images before and after, shape (N, H, W, 3) each.

    """

    erased: bool
    neighbour: bool
    prompts: tuple[str, ...]
    looks: tuple[Tensor, Tensor]
    pixels: tuple[Pixels, Pixels]


def measure_quality(
    judge: Judge, compared: Sequence[Compared], seed: int, given: FeatureModels | None = None
) -> Quality | None:
    """Compare the pictures of two encoders beside what they show.

    Parameters
    ----------
    judge
        Gives the features where no CLIP is given; one without any gives no quality.
    compared
        Every concept, images before and after on the same prompts and seeds.
    seed
        The document's.
    given
        Models that give features in the judge's place.

    """
    given = given or FeatureModels()
    if given.clip is not None:
        judge, compared = given.clip, [_looked_at(one, given.clip) for one in compared]
    if not isinstance(judge, Featured):
        return None
    painted = given.style or (judge if isinstance(judge, Mapped) else None)
    kept = [one for one in compared if not one.erased]
    before, after = _features(judge, kept)
    calm = [one for one in kept if not one.neighbour]
    cpdm = _cpdm(judge, painted, compared, seed) if painted else None
    return Quality(
        features=judge.features_of,
        style=painted.maps_of if painted and cpdm else None,
        fidelity=_fidelity(judge, kept, seed) if isinstance(judge, ZeroShot) and kept else None,
        drift=_drift(judge, calm, seed),
        kernel_distance=_kernel(before, after, seed),
        cpdm=cpdm,
    )


def _looked_at(compared: Compared, judge: Judge) -> Compared:
    before, after = (judge.look(pixels) for pixels in compared.pixels)
    return replace(compared, looks=(before, after))


def _features(judge: Featured, compared: Sequence[Compared]) -> tuple[Tensor, Tensor]:
    """Return paired features of all images, shape (N, D) each."""
    if not compared:
        return torch.zeros(0, 1), torch.zeros(0, 1)
    before, after = (torch.cat([judge.features(one.looks[side]) for one in compared]) for side in (0, 1))
    return before, after


def _fidelity(judge: ZeroShot, kept: Sequence[Compared], seed: int) -> Fidelity:
    before, after = _features(judge, kept)
    prompts = [prompt for one in kept for prompt in one.prompts]
    place = {prompt: row for row, prompt in enumerate(dict.fromkeys(prompts))}
    rows = judge.texts(list(place))[[place[prompt] for prompt in prompts]]
    old, new = prompt_fidelity(before, rows), prompt_fidelity(after, rows)
    chance = seed_for(seed, "fidelity")
    return Fidelity(
        base=bootstrap(old.numpy(), chance, groups=prompts),
        images=bootstrap(new.numpy(), chance, groups=prompts),
        change=bootstrap((new - old).numpy(), chance, groups=prompts),
    )


def _drift(judge: Featured, calm: Sequence[Compared], seed: int) -> Drift | None:
    before, after = _features(judge, calm)
    if len(calm) < 2:
        return None
    owner = torch.tensor([i for i, one in enumerate(calm) for _ in one.prompts])
    some = torch.from_numpy(np.random.default_rng(seed).permutation(len(before))[:MOST_PAIRS])
    unit = torch.nn.functional.normalize(before[some])
    scale, apart = 1.0 - unit @ unit.T, owner[some, None] != owner[None, some]
    return Drift(
        paired=bootstrap(paired_drift(before, after).numpy(), seed_for(seed, "drift")),
        between=round(float(scale[apart].mean()), 4),
    )


def _kernel(before: Tensor, after: Tensor, seed: int) -> KernelDistance | None:
    if len(before) < FEWEST_PAIRS:
        return None
    chosen = np.random.default_rng(seed).permutation(len(before))[:MOST_PAIRS]
    before, after = before[chosen], after[chosen]
    # The kernel's 1 / D is meant for features of size 1: scale both alike.
    scale = before.square().mean().sqrt().clamp(min=1e-12)
    before, after = before / scale, after / scale
    return KernelDistance(
        value=round(kernel_distance(before, after), 6),
        exchanged=round(exchangeability(before, after, seed_for(seed, "exchange")), 4),
        pairs=len(before),
    )


def _cpdm(judge: Featured, painted: Mapped, compared: Sequence[Compared], seed: int) -> Distances | None:
    groups = {erased: _some([one for one in compared if one.erased is erased]) for erased in (True, False)}
    weights: tuple[float, ...] | None = None
    found = {}
    # Kept concepts first: their base pictures are the scale of the style.
    for erased in (False, True):
        some = groups[erased]
        if some is None or len(some[0][0]) < 2:
            continue
        looks, (before, after) = some
        old, new = painted.maps(before), painted.maps(after)
        weights = weights or depth_weights(old)
        semantic = semantic_distance(*(judge.features(side) for side in looks))
        style = style_distance(old, new, weights)
        found[erased] = bootstrap(cpdm_distance(semantic, style).numpy(), seed_for(seed, "cpdm"))
    return Distances(erased=found.get(True), kept=found.get(False)) if found else None


def _some(compared: Sequence[Compared]) -> tuple[tuple[Tensor, Tensor], tuple[Pixels, Pixels]] | None:
    """Return looks and pixels of up to MOST_MAPS pairs of pictures, spread over the concepts."""
    if not compared:
        return None
    each = max(1, MOST_MAPS // len(compared))
    some = compared[:MOST_MAPS]
    looks = [torch.cat([one.looks[side][:each] for one in some]) for side in (0, 1)]
    pixels = [np.concatenate([one.pixels[side][:each] for one in some]) for side in (0, 1)]
    return (looks[0], looks[1]), (pixels[0], pixels[1])

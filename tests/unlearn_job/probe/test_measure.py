from __future__ import annotations

import numpy as np
import pytest

from tests.unlearn_job import tiny
from unlearn_job.contract.figures import Tally
from unlearn_job.probe import identify, probe
from unlearn_job.probe.measure import CONTROL_CLIPS

pytestmark = pytest.mark.torch

DOC = tiny.document(
    tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH),
    holds=(tiny.erasure(tiny.CAT, tiny.FISH),),
    holdout=(tiny.MOSAIC,),
)


@pytest.fixture(scope="module")
def models() -> object:
    return tiny.models()


def test_the_same_encoder_keeps_everything_and_erases_nothing(models: object) -> None:
    judge = tiny.Eyes()
    base = identify(models, judge, DOC)
    report = probe(models, models.base_encoder, judge, DOC, base)
    figures = report.figures
    assert [e.digest for e in figures.erasures] == [DOC.adds[0].digest, DOC.holds[0].digest]
    for erasure in figures.erasures:
        assert erasure.images == Tally(hits=8, samples=8)
        assert erasure.clips == Tally(hits=4, samples=4)
    for kept in (figures.preserved, figures.holdout, figures.neighbours):
        assert kept.base == kept.erased
        assert kept.percent == 100
    assert figures.preserved.base.samples == 10
    assert figures.holdout.base.samples == 5
    for picture in report.pictures:
        assert np.array_equal(picture.before, picture.after)


def test_another_encoder_is_measured_on_the_same_prompts_and_seeds(models: object) -> None:
    judge = tiny.Eyes()
    base = identify(models, judge, DOC)
    report = probe(models, tiny.encoder(seed=7), judge, DOC, base)
    assert any(not np.array_equal(p.before, p.after) for p in report.pictures)
    assert [p.role.erased for p in report.pictures] == sorted(
        (p.role.erased for p in report.pictures), reverse=True
    )
    assert all(p.before.shape == p.after.shape for p in report.pictures)
    assert {p.before.shape[0] for p in report.pictures} == {1, tiny.FRAMES}


def test_kept_concepts_get_no_clips_and_erased_ones_a_control(models: object) -> None:
    judge = tiny.Eyes()
    report = probe(models, models.base_encoder, judge, DOC, identify(models, judge, DOC))
    rows = {row.concept: row for row in report.rows}
    assert rows["fish"].clips is None
    assert rows["cat"].base_clips.samples == min(CONTROL_CLIPS, 4)
    assert rows["cat"].frames.samples == 4 * tiny.FRAMES
    assert rows["captain whale"].neighbour

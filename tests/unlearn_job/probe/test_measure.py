from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import Concept, KeptConcept
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.evidence import Wording
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.gates import Gates, ResidualGate, broken_gates
from unlearn_job.contract.probe_document import ProbeDocument
from unlearn_job.models import Models
from unlearn_job.probe import identify, probe
from unlearn_job.probe.base import CONTROL_CLIPS
from unlearn_job.probe.budget import Amounts

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

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


def sampled(**more: Any) -> JobInput:
    """One erasure and four kept concepts of four images each."""
    probe = {"images": 24, "clips": 8, "wording_images": 8, **more.pop("probe", {})}
    erasure = tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH)
    return tiny.document(erasure, holdout=(tiny.MOSAIC, tiny.SKETCH), probe=probe, **more)


class Sharp(tiny.Eyes):
    """Sees an erased concept in everything but the kept concepts' images, told by their number: four."""

    def decide(self, looks: torch.Tensor, concept: KeptConcept, among: object) -> torch.Tensor:
        del among
        return torch.full((len(looks),), isinstance(concept, Concept) and len(looks) != 4)


COMPOSITIONAL = {"wordings": ("Compositional",)}
LOOSE = Gates(residual=ResidualGate(max_percent=50))


def test_wordings_that_the_base_draws_count_and_stand_side_by_side(models: Models) -> None:
    doc, judge = sampled(probe=COMPOSITIONAL), Sharp()
    base = identify(models, judge, doc)
    assert base.counted("captain comet") == {Wording.COMPOSITIONAL}
    report = probe(models, models.base_encoder, judge, doc, base)
    comet = report.rows[0]
    for both in (comet.by_wording, comet.base_by_wording):
        assert both[Wording.COMPOSITIONAL] == Tally(hits=8, samples=8)
    assert report.figures.erasures[0].images == comet.images == Tally(hits=32, samples=32)
    assert report.figures.erasures[0].base == Tally(hits=32, samples=32)


def test_wordings_that_the_base_does_not_draw_are_reported_alone(models: Models) -> None:
    doc, judge = sampled(probe=COMPOSITIONAL), Sharp()
    base = identify(models, judge, doc)
    unseen = dataclasses.replace(base.extra["captain comet"], hits=base.extra["captain comet"].hits & False)
    base = dataclasses.replace(base, extra={"captain comet": unseen})
    comet = probe(models, models.base_encoder, judge, doc, base).rows[0]
    assert comet.images == Tally(hits=24, samples=24)
    assert Wording.COMPOSITIONAL not in comet.counted
    assert comet.base_by_wording[Wording.COMPOSITIONAL] == Tally(hits=0, samples=8)
    assert comet.by_wording[Wording.COMPOSITIONAL] == Tally(hits=8, samples=8)


def test_a_sequential_probe_stops_what_is_lost(models: Models) -> None:
    judge, whole, early = Sharp(), sampled(), sampled(probe={**COMPOSITIONAL, "sequential": True})
    full = probe(models, models.base_encoder, judge, whole, identify(models, judge, whole))
    stopped = probe(models, models.base_encoder, judge, early, identify(models, judge, early))
    (erasure,) = stopped.figures.erasures
    assert erasure.images == Tally(hits=6, samples=6)
    assert erasure.clips == Tally(hits=4, samples=4)
    assert stopped.rows[0].stopped
    assert Wording.COMPOSITIONAL not in stopped.rows[0].by_wording
    assert len(broken_gates(LOOSE, stopped.figures)) == len(broken_gates(LOOSE, full.figures)) == 2
    assert stopped.figures.preserved == full.figures.preserved


def test_a_sequential_probe_draws_what_seems_gone_to_the_end(models: Models) -> None:
    doc = sampled(gates=LOOSE, probe={"sequential": True})
    base = identify(models, Sharp(), doc)
    report = probe(models, models.base_encoder, tiny.Eyes(threshold=999), doc, base)
    assert report.figures.erasures[0].images.samples == 24
    assert report.figures.erasures[0].clips.samples == 8
    assert not report.rows[0].stopped


def test_a_budget_is_kept_by_drawing_less(models: Models) -> None:
    judge, doc = Sharp(), sampled(probe={"budget_seconds": 600})
    base = identify(models, judge, doc)
    assert base.amounts == Amounts(images=24, clips=8, kept=4)
    assert base.control["captain comet"].hits.shape == (4, tiny.FRAMES)
    fewer = dataclasses.replace(base, amounts=Amounts(images=6, clips=5, kept=3))
    report = probe(models, models.base_encoder, judge, doc, fewer)
    (erasure,) = report.figures.erasures
    assert (erasure.base.samples, erasure.images.samples, erasure.clips.samples) == (6, 6, 5)
    assert report.figures.preserved.base.samples == report.figures.preserved.erased.samples == 6


def test_the_pace_and_the_versions_are_on_record(models: Models) -> None:
    judge = tiny.Eyes()
    report = probe(models, models.base_encoder, judge, DOC, identify(models, judge, DOC))
    assert report.images_per_second > 0
    assert report.clips_per_second > 0
    assert "torch" in report.document().versions
    assert ProbeDocument.from_json(report.to_json()) == report.document()

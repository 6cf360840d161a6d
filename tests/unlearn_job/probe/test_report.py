from __future__ import annotations

import json

import pytest

from unlearn_job.contract.evidence import Estimate
from unlearn_job.contract.figures import Figures, RetentionFigures, Tally
from unlearn_job.contract.trials import AttackTrial
from unlearn_job.probe.report import ProbeReport, Row, tally_json
from unlearn_job.probe.subjects import Role, Wording

pytestmark = pytest.mark.torch

NOTHING = Tally(hits=0, samples=0)


def _row() -> Row:
    return Row(
        concept="cat",
        kind="Object",
        role=Role.ADDED,
        neighbour=False,
        digest="0" * 64,
        base=Tally(hits=60, samples=64),
        images=Tally(hits=0, samples=64),
        by_wording={Wording.NAME: Tally(hits=0, samples=32)},
        invalid=NOTHING,
        frames=Tally(hits=2, samples=80),
        peak_frame=Tally(hits=2, samples=10),
        base_by_wording={Wording.NAME: Tally(hits=31, samples=32)},
        counted=frozenset({Wording.NAME}),
        reactivation_gap=Estimate(value=0.175, bootstrap95=(0.1, 0.3), units=10),
    )


def test_counts_come_with_their_interval() -> None:
    found = tally_json(Tally(hits=0, samples=64))
    assert found == {"hits": 0, "samples": 64, "rate": 0.0, "wilson95": [0.0, 0.0566]}


def test_the_document_has_no_pixels_and_reads_back() -> None:
    kept = RetentionFigures(base=Tally(hits=10, samples=10), erased=Tally(hits=9, samples=10))
    figures = Figures(erasures=(), preserved=kept, holdout=kept, neighbours=kept)
    report = json.loads(ProbeReport(figures, (_row(),), (), {"seed": 3}).to_json())
    assert report["settings"]["seed"] == 3
    assert report["retentionPercent"]["holdout"] == 90.0
    (concept,) = report["concepts"]
    assert concept["reactivationGap"]["value"] == 0.175
    name = concept["byWording"]["name"]
    assert (name["base"]["hits"], name["images"]["hits"], name["counted"]) == (31, 0, True)
    assert "clips" not in concept
    assert "quality" not in report


def test_attacks_join_the_document_and_the_strongest_the_figures() -> None:
    kept = RetentionFigures(base=NOTHING, erased=NOTHING)
    figures = Figures(erasures=(), preserved=kept, holdout=kept, neighbours=kept)
    trials = tuple(
        AttackTrial(
            digest="0" * 64,
            attack=attack,
            prompt=f"a {attack}",
            edited=Tally(hits=hits, samples=64),
            base=Tally(hits=1, samples=64),
            named=NOTHING,
            plain=NOTHING,
            tried=NOTHING,
            candidates=2,
        )
        for attack, hits in (("paraphrase", 0), ("words", 5))
    )
    attacked = ProbeReport(figures, (), (), {}, parameters={"encoder": 7}).attacked(trials)
    assert attacked.figures.attacks is not None
    assert [found.attack for found in attacked.figures.attacks] == ["words"]
    report = json.loads(attacked.to_json())
    assert [(found["prompt"], found["edited"]["hits"]) for found in report["attacks"]] == [
        ("a paraphrase", 0),
        ("a words", 5),
    ]
    assert report["parameters"] == {"encoder": 7}

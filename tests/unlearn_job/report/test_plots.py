from __future__ import annotations

import re

import pytest

from tests.unlearn_job import documents
from unlearn_job.contract.evidence import Role, Share
from unlearn_job.contract.figures import Figures, RetentionFigures, Tally
from unlearn_job.contract.localisation import LocalisationEvidence
from unlearn_job.contract.probe_document import (
    ConceptEvidence,
    ProbeDocument,
    ProbeSettings,
    RetentionPercent,
)
from unlearn_job.report.plots import MAX_ROWS, localised, of

FULL = Tally(hits=30, samples=30)
KEPT = RetentionFigures(base=FULL, erased=FULL)


def concept(name: str, hits: int, role: Role = Role.PRESERVED, *, neighbour: bool = False) -> ConceptEvidence:
    return ConceptEvidence(
        concept=name,
        kind="Object",
        role=role,
        neighbour=neighbour,
        base_images=Share.of(FULL),
        images=Share.of(Tally(hits=hits, samples=30)),
        invalid=Share.of(Tally(hits=0, samples=30)),
        by_wording={},
    )


def probe(*concepts: ConceptEvidence) -> ProbeDocument:
    return ProbeDocument(
        settings=ProbeSettings(),
        figures=Figures(erasures=(), preserved=KEPT, holdout=KEPT, neighbours=KEPT),
        retention_percent=RetentionPercent(preserved=100, holdout=100, neighbours=100),
        concepts=concepts,
    )


def labels(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<0-9%][^<]*)</text>", svg)


def test_there_is_a_chart_where_there_are_figures() -> None:
    charts = of(documents.document(), probe(concept("fish", 30)))
    assert {name for name, svg in charts.items() if svg} == {"preserved"}
    assert set(charts) == {"residual", "preserved", "holdout", "attacks", "frames"}


def test_neighbours_are_marked_and_come_first() -> None:
    rows = (concept("boat", 30), concept("dog", 28, neighbour=True), concept("ant", 30))
    assert labels(of(documents.document(), probe(*rows))["preserved"]) == ["dog, neighbour", "ant", "boat"]


def test_of_many_the_most_changed_are_drawn() -> None:
    rows = [concept(f"kept {index}", 30) for index in range(MAX_ROWS + 5)]
    rows.append(concept("lost", 0))
    found = labels(of(documents.document(), probe(*rows))["preserved"])
    assert len(found) == MAX_ROWS
    assert "lost" in found


@pytest.mark.parametrize(("hits", "broken"), [(23, False), (20, True)])
def test_a_concept_that_falls_too_far_has_the_colour_of_a_broken_gate(hits: int, broken: bool) -> None:
    chart = of(documents.document(), probe(concept("fish", hits)))["preserved"]
    assert ("var(--bad)" in chart) is broken


def test_each_localisation_has_its_own_chart() -> None:
    place = LocalisationEvidence(
        concept="cat", prompts=4, layers=(0,), parts=("mlp",), positions=("name",), recovered=(((0.5,),),)
    )
    other = place.model_copy(update={"concept": "dog"})
    found = localised(probe().model_copy(update={"localisation": (place, other)}))
    assert [one.concept for one, _ in found] == ["cat", "dog"]
    assert ["0.50" in chart for _, chart in found] == [True, True]

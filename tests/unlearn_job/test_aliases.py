from __future__ import annotations

import dataclasses

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench.testbed import document  # noqa: E402
from tests.unlearn_job.conftest import LITTLE  # noqa: E402
from unlearn_job.aliases import DRAWN, FIRST, IMAGES, find_aliases, parts, with_aliases, with_names  # noqa: E402
from unlearn_job.contract.concept import ConceptKind, KeptConcept  # noqa: E402
from unlearn_job.contract.document import JobInput  # noqa: E402
from unlearn_job.judges.judge import Judge  # noqa: E402
from unlearn_job.models import Models  # noqa: E402


def of(concept: str) -> JobInput:
    return document([concept], probe=LITTLE)


def test_a_part_of_the_name_that_draws_the_concept_joins_it(
    trained_models: Models, trained_judge: Judge
) -> None:
    doc = of("captain comet")
    found = find_aliases(trained_models, trained_judge, doc)
    assert [alias.name for alias in found if alias.joins] == ["comet"]
    widened = with_aliases(doc, found)
    assert widened.adds[0].concept.aliases == (*doc.adds[0].concept.aliases, "comet")
    # What was asked for names the release, not what was found.
    assert (widened.key, widened.adds[0].digest) == (doc.key, doc.adds[0].digest)


def test_a_part_that_a_kept_concept_needs_stays(trained_models: Models, trained_judge: Judge) -> None:
    doc = of("captain comet")
    (erasure,) = doc.adds
    keeps = (*erasure.preserve, KeptConcept(name="comet poster", kind=ConceptKind.STYLE))
    doc = doc.model_copy(update={"adds": (erasure.model_copy(update={"preserve": keeps}),)})
    (comet,) = [alias for alias in find_aliases(trained_models, trained_judge, doc) if alias.name == "comet"]
    assert comet.needed
    assert comet.alone
    assert not comet.joins


def test_the_same_document_finds_the_same(trained_models: Models, trained_judge: Judge) -> None:
    doc = of("mushroom")
    found = find_aliases(trained_models, trained_judge, doc)
    assert 0 < len(found) <= 2 * DRAWN
    # A word of which the first images show nothing is drawn no further.
    assert all(alias.shown.samples == (IMAGES if alias.shown.hits else FIRST) for alias in found)
    assert find_aliases(trained_models, trained_judge, doc) == found


def test_without_a_surrogate_a_clip_decides(trained_models: Models, trained_judge: Judge) -> None:
    found = find_aliases(
        dataclasses.replace(trained_models, surrogate=None), trained_judge, of("captain comet")
    )
    assert "comet" in {alias.name for alias in found}


def test_parts_are_runs_of_words() -> None:
    assert parts(["the old captain", "cat"]) == ("the", "old", "captain", "the old", "old captain")
    assert parts(["mr x"]) == ()


def test_names_are_added_once_and_to_their_own_erasure() -> None:
    doc = of("captain comet")
    (erasure,) = doc.adds
    more = {erasure.digest: ("Comet Man", "comet"), "f" * 64: ("cat",)}
    assert with_names(doc, more).adds[0].concept.aliases == ("comet man", "comet")

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench.testbed import document  # noqa: E402
from tests.unlearn_job.conftest import LITTLE  # noqa: E402
from unlearn_job.contract.document import JobInput  # noqa: E402
from unlearn_job.discovery import discover  # noqa: E402
from unlearn_job.judges.judge import Judge  # noqa: E402
from unlearn_job.models import Models  # noqa: E402
from unlearn_job.retain import kept_concepts  # noqa: E402


def of(concept: str) -> JobInput:
    """Return a document without an anchor, whose lists leave out most of what is near."""
    doc = document([concept], probe=LITTLE)
    (erasure,) = doc.adds
    concept_alone = erasure.concept.model_copy(update={"anchor": None})
    erasure = erasure.model_copy(update={"preserve": erasure.preserve[:2], "concept": concept_alone})
    return doc.model_copy(update={"adds": (erasure,), "holdout": doc.holdout[:1]})


def test_a_neighbour_does_not_become_the_anchor(trained_models: Models, trained_judge: Judge) -> None:
    doc = of("anna berg")
    found = discover(trained_models, trained_judge, doc)
    (erasure,) = found.document.adds
    assert found.neighbours
    assert erasure.concept.anchor not in {one.name for one in found.neighbours}
    assert {one.name for one in found.neighbours} <= {k.name for k in kept_concepts(found.document)}
    assert (found.document.key, erasure.digest) == (doc.key, doc.adds[0].digest)


def test_a_word_that_a_kept_name_holds_is_erased_alone(trained_models: Models, trained_judge: Judge) -> None:
    doc = document(["lady lantern"], probe=LITTLE)
    found = discover(trained_models, trained_judge, doc)
    assert found.alone == {doc.adds[0].digest: ("lantern",)}
    assert "lantern" not in found.document.adds[0].concept.aliases

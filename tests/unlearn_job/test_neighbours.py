from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench.testbed import MODELS, document  # noqa: E402
from tests.unlearn_job.conftest import LITTLE  # noqa: E402
from unlearn_job.contract.document import JobInput  # noqa: E402
from unlearn_job.contract.neighbours import FoundNeighbour  # noqa: E402
from unlearn_job.contract.sources import JudgeType  # noqa: E402
from unlearn_job.judges.judge import Judge  # noqa: E402
from unlearn_job.judges.loading import open_judge  # noqa: E402
from unlearn_job.models import Models  # noqa: E402
from unlearn_job.neighbours import NEAREST, find_neighbours, with_neighbours  # noqa: E402
from unlearn_job.retain import kept_concepts  # noqa: E402


def of(concept: str) -> JobInput:
    """Return a document whose lists leave out most of what is near."""
    doc = document([concept], probe=LITTLE)
    (erasure,) = doc.adds
    erasure = erasure.model_copy(update={"preserve": erasure.preserve[:2]})
    return doc.model_copy(update={"adds": (erasure,), "holdout": doc.holdout[:1]})


def test_what_lies_near_is_preserved_and_no_list_names_it(
    trained_models: Models, trained_judge: Judge
) -> None:
    doc = of("anna berg")
    found = find_neighbours(trained_models, trained_judge, doc)
    assert 0 < len(found) <= 2 * NEAREST
    assert all(one.known for one in found)
    assert any(one.by_text for one in found)
    assert any(one.by_image for one in found)
    listed = {"anna berg", "miss berg", *(k.name for k in (*kept_concepts(doc), *doc.holdout))}
    assert not listed & {one.name for one in found}


def test_a_face_that_differs_in_one_feature_is_among_them(
    trained_models: Models, trained_judge: Judge
) -> None:
    assert "anna stone" in {
        one.name for one in find_neighbours(trained_models, trained_judge, of("anna berg"))
    }


def test_with_a_zero_shot_judge_real_words_take_the_place_of_names(trained_models: Models) -> None:
    zero_shot = open_judge(JudgeType.CLIP, MODELS / "judge-clip", "cpu")
    found = find_neighbours(trained_models, zero_shot, of("anna berg"))
    assert "stone" in {one.name for one in found}
    assert any(one.by_text for one in found)
    assert any(one.by_image for one in found)


def test_a_word_that_draws_the_concept_is_no_neighbour(trained_models: Models) -> None:
    zero_shot = open_judge(JudgeType.CLIP, MODELS / "judge-clip", "cpu")
    doc = of("cat")
    (erasure,) = doc.adds
    nameless = erasure.concept.model_copy(update={"aliases": ()})  # "kitty" is its other name
    doc = doc.model_copy(update={"adds": (erasure.model_copy(update={"concept": nameless}),)})
    found = find_neighbours(trained_models, zero_shot, doc)
    assert found
    assert "kitty" not in {one.name for one in found}


def test_erasures_without_neighbours_stay_as_they_are() -> None:
    doc = of("cat")
    other = FoundNeighbour.model_validate(
        {
            "digest": "f" * 64,
            "name": "fish",
            "shown": {"hits": 8, "samples": 8},
            "byText": True,
            "byImage": False,
        }
    )
    assert with_neighbours(doc, (other,), {}) == doc

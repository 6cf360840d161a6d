from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench.testbed import MODELS, document  # noqa: E402
from unlearn_job.contract.document import JobInput, Probe  # noqa: E402
from unlearn_job.contract.neighbours import FoundNeighbour  # noqa: E402
from unlearn_job.contract.sources import JudgeType  # noqa: E402
from unlearn_job.judges.judge import Judge  # noqa: E402
from unlearn_job.judges.loading import open_judge  # noqa: E402
from unlearn_job.models import Models, load_models  # noqa: E402
from unlearn_job.neighbours import NEAREST, find_neighbours, with_neighbours  # noqa: E402
from unlearn_job.retain import kept_concepts  # noqa: E402

LITTLE = Probe(images=8, clips=4, retention_images=16, image_steps=6, clip_steps=1, frames=2, guidance="4")


def of(concept: str) -> JobInput:
    """Return a document whose lists leave out most of what is near."""
    doc = document([concept], probe=LITTLE)
    (erasure,) = doc.adds
    erasure = erasure.model_copy(update={"preserve": erasure.preserve[:2]})
    return doc.model_copy(update={"adds": (erasure,), "holdout": doc.holdout[:1]})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return load_models(of("anna berg"), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def judge() -> Judge:
    return open_judge(JudgeType.CLASSIFIER, MODELS / "judge-classifier", "cpu")


def test_what_lies_near_is_preserved_and_no_list_names_it(models: Models, judge: Judge) -> None:
    doc = of("anna berg")
    found = find_neighbours(models, judge, doc)
    assert 0 < len(found) <= 2 * NEAREST
    assert all(one.known for one in found)
    assert any(one.by_text for one in found)
    assert any(one.by_image for one in found)
    listed = {"anna berg", "miss berg", *(k.name for k in (*kept_concepts(doc), *doc.holdout))}
    assert not listed & {one.name for one in found}


def test_a_face_that_differs_in_one_feature_is_among_them(models: Models, judge: Judge) -> None:
    assert "anna stone" in {one.name for one in find_neighbours(models, judge, of("anna berg"))}


def test_a_judge_without_names_finds_nothing(models: Models) -> None:
    zero_shot = open_judge(JudgeType.CLIP, MODELS / "judge-clip", "cpu")
    assert find_neighbours(models, zero_shot, of("anna berg")) == ()


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

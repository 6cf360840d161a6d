from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench.testbed import MODELS, amounts, document  # noqa: E402
from unlearn_job import api  # noqa: E402
from unlearn_job.contract.concept import ConceptKind  # noqa: E402
from unlearn_job.contract.figures import Tally  # noqa: E402
from unlearn_job.contract.sources import JudgeType  # noqa: E402
from unlearn_job.identifying import Identified  # noqa: E402
from unlearn_job.judges.judge import UnknownConceptError  # noqa: E402
from unlearn_job.judges.loading import open_judge  # noqa: E402
from unlearn_job.models import load_models  # noqa: E402


def test_the_answer_has_its_figures_beside_it() -> None:
    found = Identified(
        concept="cat",
        kind=ConceptKind.OBJECT,
        known=True,
        shown=Tally(hits=63, samples=64),
        false_positives=Tally(hits=1, samples=500),
        aliases=("tom", "puss"),
        neighbours=("fish",),
    )
    assert found.sentence() == (
        "cat (object) is known: shown by 63 of 64 images [91.7, 99.7] %, and seen in 1 of 500 images of "
        "others; drawn by: tom, puss; near it: fish"
    )
    assert found.as_json()["falsePositives"]["samples"] == 500
    assert found.as_json()["kind"] == "Object"


def test_a_scene_is_known_and_one_that_the_judge_has_no_name_for_is_refused(tmp_path: Path) -> None:
    judge = open_judge(JudgeType.CLASSIFIER, MODELS / "judge-classifier", "cpu")
    models = load_models(document(["cat"]), tmp_path)
    # In the grammar of the testbed's captions.
    prompts = {
        ConceptKind.SCENE: (
            "a cat on a {}",
            "a house in the {}",
            "a drawing of a robot on a {}",
            "a tree on a {}",
        )
    }

    def looked_for(name: str) -> tuple[Identified, ...]:
        return api.identify(
            models.pipeline,
            concept=f"Scene:{name}",
            judge=judge,
            preserve=["desert"],
            prompts=prompts,
            probe=amounts(images=16, clips=4, retention_images=16),
            surrogate=models.surrogate,
        )

    (found,) = looked_for("meadow")
    assert found.known
    assert (found.kind, found.as_json()["kind"]) == (ConceptKind.SCENE, "Scene")
    assert found.shown.rate > 0.7
    assert found.false_positives.rate < 0.2
    with pytest.raises(UnknownConceptError, match="harbour"):
        looked_for("harbour")

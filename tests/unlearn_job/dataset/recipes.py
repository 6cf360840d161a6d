"""A small recipe for tests."""

from __future__ import annotations

from typing import Any

from unlearn_job.contract.concept import ConceptKind
from unlearn_job.contract.sources import Judge, JudgeType
from unlearn_job.dataset.recipe import Anchor, Recipe

CAT = Anchor(name="cat")
COMET = Anchor(name="captain comet", kind=ConceptKind.CHARACTER)


def recipe(**more: Any) -> Recipe:
    fields: dict[str, Any] = {
        "surrogate": "file:///t2i",
        "judge": Judge(type=JudgeType.CLASSIFIER, source="file:///judge"),
        "anchors": (CAT,),
        "prompts": dict.fromkeys(ConceptKind, ("a photo of {}", "{} on a hill")),
        "count": 20,
        "steps": 1,
        "guidance": "2",
    }
    return Recipe(**(fields | more))

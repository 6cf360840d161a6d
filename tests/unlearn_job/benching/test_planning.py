from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unlearn_job.benching.planning import BenchOrder, planned
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodSpec

FILE = [
    {"name": "captain comet", "kind": "Character", "aliases": ["comet man"], "anchor": "a man"},
    {"name": "cat"},
    {"name": "fish"},
]


def order(tmp_path: Path, **more: Any) -> BenchOrder:
    (tmp_path / "concepts.json").write_text(json.dumps(FILE))
    fields = {"pipeline": "/t2v", "judge": "/judge", "concepts_file": tmp_path / "concepts.json"}
    return BenchOrder(**(fields | more))


def test_without_names_every_concept_of_the_file_is_run(tmp_path: Path) -> None:
    found = planned(order(tmp_path, method=("closed-form", "redirect:steps=5"), seeds=(0, 1)))
    assert len(found.runs) == 3 * 2 * 2
    assert [run.concepts for run in found.runs[::4]] == ["captain comet", "cat", "fish"]


def test_a_bench_may_edit_several_encoders_together(tmp_path: Path) -> None:
    assert planned(order(tmp_path)).base.encoders is None
    both = planned(order(tmp_path, encoder=("text_encoder", "text_encoder_2")))
    assert both.base.components == ("text_encoder", "text_encoder_2")


def test_documents_keep_what_is_not_erased(tmp_path: Path) -> None:
    plan = planned(
        order(tmp_path, concept=("cat>captain comet",), preserve=("cat", "fish"), holdout=("Person:anna",))
    )
    (run,) = plan.runs
    spec, probe = MethodSpec(), Probe()
    first = plan.document(run.steps[0], holds=(), method=spec, seed=3, probe=probe)
    assert JobInput.from_json(first.to_json()) == first
    assert [kept.name for kept in first.adds[0].preserve] == ["fish"]
    assert [kept.name for kept in first.holdout] == ["anna"]
    second = plan.document(run.steps[1], holds=run.steps[0], method=spec, seed=3, probe=probe)
    assert [one.concept.name for one in (*second.adds, *second.holds)] == ["captain comet", "cat"]
    assert second.adds[0].concept.anchor == "a man"


def test_a_concept_needs_no_file() -> None:
    plan = planned(BenchOrder(pipeline="/t2v", judge="/judge", concept=("Style:mosaic",)))
    assert plan.concepts["mosaic"].kind is ConceptKind.STYLE
    assert plan.runs[0].concepts == "mosaic"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"concepts_file": None}, "name what the runs shall erase"),
        ({"concepts_file": Path("/nowhere")}, "cannot read the concepts in /nowhere"),
        ({"concept": ("cat+dog",)}, "there is no concept 'dog'"),
        ({"concept": ("dog",)}, "there is no concept 'dog' in --concepts-file"),
        ({"concept": ("Style:cat",)}, "Style:cat: --concepts-file has it as Object"),
        ({"concept": ("Object:dog", "Style:dog"), "concepts_file": None}, "'dog' is named as two kinds"),
        ({"concept": ("Animal:dog",)}, "kind: Input should be"),
        ({"method": ("magic",)}, "there is no method 'magic'"),
        ({"pipeline": "hf://org/name"}, "pipeline: String should match"),
    ],
)
def test_what_breaks_a_rule_is_named(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match=sentence):
        planned(order(tmp_path, **change))

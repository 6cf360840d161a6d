from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unlearn_job.composing import DEFAULT_JUDGE, FeatureWish, Wish, address, compose
from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.sources import Features


def wish(**more: Any) -> Wish:
    given = {"concept": ("captain comet",), "kind": "Character", "pipeline": "/models/t2v", "judge": "/judge"}
    return Wish(**(given | more))


def composed(parameters: dict[str, str] | None = None, **more: Any) -> JobInput:
    return compose(wish(**more), Probe(), parameters or {})


def test_the_document_is_one_that_a_job_accepts() -> None:
    document = composed(
        alias=("comet man",),
        description=("a hero with a star on his chest", "the man from the comet"),
        preserve=("captain whale", "Object:cat"),
        holdout=("Person:anna berg",),
    )
    assert JobInput.from_json(document.to_json()) == document
    (erasure,) = document.adds
    assert erasure.concept.aliases == ("comet man",)
    assert erasure.concept.descriptions == ("a hero with a star on his chest", "the man from the comet")
    assert erasure.preserve == (
        KeptConcept(name="captain whale", kind=ConceptKind.CHARACTER),
        KeptConcept(name="cat", kind=ConceptKind.OBJECT),
    )
    assert document.holdout == (KeptConcept(name="anna berg", kind=ConceptKind.PERSON),)


def test_the_key_depends_on_what_shapes_the_encoder_alone() -> None:
    same = composed()
    described = {"description": ("a hero with a star on his chest",)}
    assert composed(judge="/other", out="/elsewhere", **described).key == same.key
    changes: list[dict[str, Any]] = [
        {"concept": ("cat",)},
        {"concept": ("captain comet", "Object:cat")},
        {"seed": 1},
        {"preserve": ("cat",)},
        {"anchor": "a man"},
        {"given": "/shots"},
    ]
    keys = {composed(**change).key for change in changes} | {composed({"retainMass": "20"}).key, same.key}
    assert len(keys) == len(changes) + 2


def test_several_concepts_are_erased_together_and_the_key_does_not_depend_on_their_order(
    tmp_path: Path,
) -> None:
    both = composed(concept=("captain comet", "Style:mosaic"), preserve=("captain whale",))
    assert [one.concept.name for one in both.adds] == ["captain comet", "mosaic"]
    assert [one.concept.kind for one in both.adds] == [ConceptKind.CHARACTER, ConceptKind.STYLE]
    assert both.adds[0].digest == composed(preserve=("captain whale",)).adds[0].digest
    assert composed(concept=("Style:mosaic", "captain comet"), preserve=("captain whale",)).key == both.key

    path = tmp_path / "concepts.json"
    path.write_text(json.dumps([{"name": "mosaic", "kind": "Style", "aliases": ["tiles"]}, {"name": "cat"}]))
    everything = composed(concept=(), concepts_file=path)
    assert [one.concept.name for one in everything.adds] == ["mosaic", "cat"]
    (chosen,) = composed(concept=("Style:Mosaic",), concepts_file=path).adds
    assert chosen.concept.aliases == ("tiles",)


def test_an_encoder_that_is_named_again_is_edited_together_with_the_first() -> None:
    both = composed(encoder=("text_encoder_2", "text_encoder"))
    assert both.base.components == ("text_encoder_2", "text_encoder")
    assert JobInput.from_json(both.to_json()) == both
    assert composed(encoder=("text_encoder",)).to_json() == composed().to_json()
    for wrong, sentence in (
        (("text_encoder",) * 2, "encoders names a component twice"),
        (("text_encoder", "vae"), "should match pattern"),
    ):
        with pytest.raises(PermanentFailure, match=sentence):
            composed(encoder=wrong)


def test_without_a_judge_it_is_the_default_one() -> None:
    assert composed(judge=None).judge == DEFAULT_JUDGE
    assert JobInput.from_json(composed(judge=None).to_json()).judge == DEFAULT_JUDGE


def test_features_come_from_the_judge_unless_models_are_named() -> None:
    assert composed().features is None
    named = compose(wish(), Probe(), {}, FeatureWish(features_style="/models/resnet"))
    assert named.features == Features(style="file:///models/resnet")
    assert named.key == composed().key


def test_a_path_becomes_an_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert address("models/t2v") == f"file://{tmp_path}/models/t2v"
    assert address("my models") == f"file://{tmp_path}/my%20models"
    assert address("s3://bucket/models") == "s3://bucket/models"


def test_prompts_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "prompts.json"
    path.write_text(json.dumps({"Character": ["a photo of {}"]}))
    assert composed(prompts=path).prompts == {ConceptKind.CHARACTER: ("a photo of {}",)}


@pytest.mark.parametrize(
    ("change", "parameters", "sentence"),
    [
        ({"method": "magic"}, {}, "there is no method 'magic'"),
        ({"method": "few-shot"}, {}, "base.surrogate: method few-shot goes through"),
        ({}, {"nonsense": "1"}, "nonsense: Extra inputs are not permitted"),
        ({"preserve": ("Animal:cat",)}, {}, "kind: Input should be"),
        ({"concept": ()}, {}, "name what shall go: --concept NAME, or --concepts-file FILE"),
        ({"concept": ("Animal:cat",)}, {}, "kind: Input should be"),
        ({"concepts_file": Path("/nowhere.json")}, {}, "cannot read the concepts in /nowhere.json"),
        ({"concept": ("cat", "fish"), "alias": ("pet",)}, {}, "are of one concept; with several"),
        ({"pipeline": "hf://org/name@main"}, {}, "pipeline: String should match pattern"),
        ({"prompts": Path("/nowhere.json")}, {}, "cannot read the prompts in /nowhere.json"),
    ],
)
def test_what_breaks_a_rule_is_named(
    change: dict[str, Any], parameters: dict[str, str], sentence: str
) -> None:
    with pytest.raises(PermanentFailure, match=sentence):
        composed(parameters, **change)

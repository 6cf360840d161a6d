"""Keys name content. A changed key makes every user's GPUs run again: the golden file only grows."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.contract.key import KEY_VERSION, erasure_digest, release_key, short_key
from unlearn_job.contract.method import MethodConfig
from unlearn_job.contract.sources import BaseModels

GOLDEN: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[2] / "golden" / "release_keys.yaml").read_text()
)
COMET = Concept(name="captain comet", kind=ConceptKind.CHARACTER)


class Config(MethodConfig):
    strength: int = 3


class NextConfig(Config):
    algorithm_version = 2


def digest(**changes: Any) -> str:
    fields: dict[str, Any] = {
        "base": BaseModels(pipeline="s3://models/t2v"),
        "concept": COMET,
        "preserve": [KeptConcept(name="cat"), KeptConcept(name="dog")],
        "method_name": "closed-form",
        "method": Config(),
        "prompts": {"Object": ["a {}"]},
        "seed": 0,
    }
    return erasure_digest(**(fields | changes))


@pytest.mark.parametrize("case", GOLDEN["erasures"], ids=lambda case: case["name"])
def test_an_erasure_keeps_its_digest(case: dict[str, Any]) -> None:
    given = case["given"]
    assert (
        erasure_digest(
            base=BaseModels(**given["base"]),
            concept=Concept(**given["concept"]),
            preserve=[KeptConcept(**kept) for kept in given["preserve"]],
            method_name=given["method"]["name"],
            method=golden_config(given["method"]),
            prompts=given["prompts"],
            seed=given["seed"],
        )
        == case["digest"]
    )


@pytest.mark.parametrize("case", GOLDEN["releases"], ids=lambda case: case["name"])
def test_a_release_keeps_its_key(case: dict[str, Any]) -> None:
    assert release_key(parent=case["given"]["parent"], adds=case["given"]["adds"]) == case["key"]


def test_the_golden_file_says_how_many_cases_it_once_had() -> None:
    """The file is append-only: whoever takes a case away has to lower its own count, and a review sees it."""
    assert GOLDEN["count"] == len(GOLDEN["erasures"]) + len(GOLDEN["releases"])
    assert GOLDEN["count"] >= 7
    assert KEY_VERSION == 1


def golden_config(method: dict[str, Any]) -> MethodConfig:
    """Build parameters as the file states them: the file must not follow a method's changing defaults."""

    class Stated(MethodConfig):
        algorithm_version = method["algorithm"]

        def canonical(self) -> dict[str, object]:
            return dict(method["parameters"])

    return Stated()


@pytest.mark.parametrize(
    "change",
    [
        {"base": BaseModels(pipeline="s3://models/other")},
        {"base": BaseModels(pipeline="s3://models/t2v", encoder="text_encoder_2")},
        {"base": BaseModels(pipeline="s3://models/t2v", encoders=("text_encoder", "text_encoder_2"))},
        {"concept": Concept(name="captain comet", kind=ConceptKind.OBJECT)},
        {"concept": COMET.model_copy(update={"aliases": ("comet man",)})},
        {"concept": COMET.model_copy(update={"anchor": "a man"})},
        {"preserve": [KeptConcept(name="cat")]},
        {"method_name": "redirect"},
        {"method": Config(strength=4)},
        {"method": NextConfig()},
        {"prompts": {"Object": ["the {}"]}},
        {"seed": 1},
    ],
    ids=str,
)
def test_what_shapes_the_encoder_changes_the_digest(change: dict[str, Any]) -> None:
    assert digest(**change) != digest()


def test_descriptions_are_probed_and_shape_no_weights() -> None:
    described = COMET.model_copy(update={"descriptions": ("a man with a red cape",)})
    assert digest(concept=described) == digest()


def test_the_retain_sets_order_and_repetitions_do_not() -> None:
    preserve = [KeptConcept(name="dog"), KeptConcept(name="cat"), KeptConcept(name="dog")]
    assert digest(preserve=preserve) == digest()


def test_a_list_of_one_encoder_and_the_order_of_several_do_not() -> None:
    def of(**encoders: Any) -> str:
        return digest(base=BaseModels(pipeline="s3://models/t2v", **encoders))

    assert of(encoders=("text_encoder",)) == digest()
    both = ("text_encoder", "text_encoder_2")
    assert of(encoders=both) == of(encoders=both[::-1])
    assert of(encoders=both) != of(encoder="text_encoder_2", encoders=both)


def test_a_default_that_is_written_out_gives_the_same_digest() -> None:
    assert digest(method=Config(strength=3)) == digest()


def test_the_order_of_added_erasures_does_not_matter() -> None:
    keys = {release_key(parent=None, adds=order) for order in permutations(["a" * 64, "b" * 64, "c" * 64])}
    assert len(keys) == 1


def test_the_parent_matters() -> None:
    adds = ["a" * 64]
    assert release_key(parent=None, adds=adds) != release_key(parent="b" * 64, adds=adds)


def test_a_short_key_is_the_start_of_a_key() -> None:
    assert short_key("0123456789abcdef" * 4) == "0123456789"

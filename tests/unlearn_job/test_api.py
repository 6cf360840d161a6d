from __future__ import annotations

import inspect
import re
import runpy
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import structlog

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench.testbed import MODELS  # noqa: E402
from tests.unlearn_job import tiny  # noqa: E402
from tests.unlearn_job.attacks.targets import SMALL  # noqa: E402
from tests.unlearn_job.conftest import LITTLE  # noqa: E402
from unlearn_job import api, composing  # noqa: E402
from unlearn_job.contract.concept import Concept, ConceptKind  # noqa: E402
from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure  # noqa: E402
from unlearn_job.contract.method import MethodSpec  # noqa: E402
from unlearn_job.contract.sources import Judge, JudgeType  # noqa: E402
from unlearn_job.judges.loading import open_judge  # noqa: E402
from unlearn_job.models import Models  # noqa: E402

EXAMPLE = Path(__file__).parents[2] / "examples" / "python" / "erase.py"
FEW_STEPS = LITTLE.model_copy(update={"image_steps": 1, "guidance": "2"})


@pytest.fixture
def models() -> Models:
    return tiny.models()


@pytest.fixture
def judge(tiny_models: Path) -> Any:
    return open_judge(JudgeType.CLASSIFIER, tiny_models / "judge", "cpu")


@pytest.fixture
def asked(models: Models, judge: Any) -> dict[str, Any]:
    return {"concept": "cat", "judge": judge, "surrogate": models.surrogate, "probe": FEW_STEPS}


def weights(encoder: Any) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in encoder.state_dict().items()}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_erasing_gives_another_encoder_and_leaves_the_pipeline_alone(
    models: Models, asked: dict[str, Any]
) -> None:
    before, own = weights(models.pipeline.text_encoder), models.pipeline.text_encoder
    erased = api.erase(models.pipeline, preserve=["fish"], method="closed-form", **asked)
    assert models.pipeline.text_encoder is own
    assert same(before, weights(own))
    assert not same(before, weights(erased.encoder))
    assert erased.encoder.dtype == own.dtype
    # This judge sees a cat in everything, a fish's pictures too, and that is what is said.
    assert erased.broken[0] == "cat is not drawn by the base model; its figures prove nothing"
    assert any("residual" in sentence for sentence in erased.broken)
    models.pipeline.text_encoder = erased.encoder


def test_the_same_request_gives_the_same_bytes(models: Models, asked: dict[str, Any]) -> None:
    first, second = (
        api.erase(models.pipeline, seed=3, **asked | {"concept": given})
        for given in ("cat", Concept(name="cat"))
    )
    assert same(weights(first.encoder), weights(second.encoder))
    assert first.report.to_json() == second.report.to_json()


def test_without_a_judge_the_default_one_is_fetched(
    models: Models, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {"concept": "cat", "method": "closed-form", "preserve": ["fish"]}
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port}")
    with pytest.raises(TemporaryFailure, match="hf://openai/clip-vit-large-patch14@32bd642888 cannot be"):
        api.erase(models.pipeline, **asked)
    here = Judge(type=JudgeType.CLIP, source=f"file://{MODELS / 'judge-clip'}")
    monkeypatch.setattr(composing, "DEFAULT_JUDGE", here)
    erased = api.erase(models.pipeline, probe=FEW_STEPS, **asked)
    assert erased.report.quality is not None
    assert erased.report.quality.features == "image embedding of the CLIP judge"


def test_what_is_meant_is_taken(models: Models, asked: dict[str, Any]) -> None:
    plain = {
        "concept": {"name": "cat", "kind": "object"},
        "preserve": "fish",
        "holdout": [Concept(name="pencil sketch", kind=ConceptKind.STYLE)],
        "probe": FEW_STEPS.model_dump(by_alias=True),
        "prompts": {"object": ["a drawing of {}", "a photo of {}"]},
    }
    report = api.probe(models.pipeline, deepcopy(models.pipeline.text_encoder), **asked | plain)
    assert [row.concept for row in report.rows] == ["cat", "fish", "pencil sketch"]
    budget = SMALL.model_dump()
    (found,) = api.attack(
        models.pipeline, models.pipeline.text_encoder, attacks="misspelling", budget=budget, **asked
    )
    assert found.attack == "misspelling"


def test_help_shows_every_parameter() -> None:
    assert {"concept", "preserve", "judge", "method"} <= inspect.signature(api.erase).parameters.keys()


def test_images_that_a_concept_names_are_fetched(
    models: Models, asked: dict[str, Any], tmp_path: Path
) -> None:
    pictures = Concept(name="cat", images=f"file://{tmp_path / 'nowhere'}")
    with pytest.raises(PermanentFailure, match="there is no"):
        api.erase(models.pipeline, method="few-shot", **asked | {"concept": pictures})


def test_a_pipeline_of_the_wrong_kind_is_refused(models: Models, asked: dict[str, Any]) -> None:
    with pytest.raises(PermanentFailure, match="StableDiffusionPipeline draws no frames"):
        api.identify(models.surrogate, **asked | {"surrogate": None})
    with pytest.raises(PermanentFailure, match="TextToVideoSDPipeline draws no images"):
        api.identify(models.pipeline, **asked | {"surrogate": models.pipeline})


def test_several_concepts_go_at_once(models: Models, asked: dict[str, Any]) -> None:
    both = asked | {"concept": ["cat", Concept(name="fish", anchor="a house")]}
    erased = api.erase(models.pipeline, **both)
    assert [row.concept for row in erased.report.rows] == ["cat", "fish"]
    answers = api.identify(models.pipeline, **both)
    assert [answer.concept for answer in answers] == ["cat", "fish"]
    found = api.attack(models.pipeline, erased.encoder, attacks=["misspelling"], budget=SMALL, **both)
    assert [outcome.concept for outcome in found] == ["cat", "fish"]


def test_a_concept_that_is_seen_in_all_others_is_not_known(models: Models, asked: dict[str, Any]) -> None:
    (alone,) = api.identify(models.pipeline, **asked)
    assert alone.known
    (beside,) = api.identify(models.pipeline, preserve=["fish"], **asked)
    assert not beside.known


def test_anybodys_encoder_can_be_probed(models: Models, asked: dict[str, Any]) -> None:
    report = api.probe(models.pipeline, deepcopy(models.pipeline.text_encoder), **asked)
    (row,) = report.rows
    assert row.images.hits == row.base.hits == row.base.samples


def test_anybodys_encoder_can_be_attacked(models: Models, asked: dict[str, Any]) -> None:
    encoder = deepcopy(models.pipeline.text_encoder)
    (found,) = api.attack(models.pipeline, encoder, attacks=["misspelling"], budget=SMALL, **asked)
    # Attacked and control are the same encoder here.
    assert (found.attack, found.opened) == ("misspelling", False)
    assert found.edited == found.base


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"method": "few-shot", "surrogate": None}, "base.surrogate: method few-shot goes through"),
        ({"method": "magic"}, "there is no method 'magic'"),
        ({"method": MethodSpec(parameters={"nonsense": 1})}, "nonsense: Extra inputs are not permitted"),
        ({"method": "closed_form"}, "there is no method 'closed_form'; this image has"),
        ({"method": 123}, "erase: method.str: Input should be a valid string"),
        ({"concept": []}, "concept is empty; name what shall go"),
        ({"concept": None}, "erase: concept.str: Input should be a valid string"),
        ({"judge": "/models/judge"}, "erase: judge: Input should be an instance of Judge"),
        ({"surrogate": "/models/t2i"}, "erase: surrogate: Input should be an instance of DiffusionPipeline"),
        ({"gates": {"nonsense": 1}}, "erase: gates.nonsense: Extra inputs are not permitted"),
        (
            {"features": "/models/clip"},
            "erase: features: Input should be a dictionary or an instance of Feat",
        ),
        ({"prompts": {"Animal": ["a {}"]}}, "erase: prompts.Animal"),
        ({"seed": 1.5}, "erase: seed: Input should be a valid integer"),
        ({"judges": None}, "erase: judges: Unexpected keyword argument"),
        ({"encoder": None}, "erase: encoder"),
        ({"concept": ""}, "name: String should have at least 1 character"),
        ({"concept": ["cat", "Cat"]}, "'cat' is named twice"),
        ({"preserve": ["Animal:cow"]}, "kind: Input should be"),
        ({"preserve": ["Cat"]}, "preserve names the concept"),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
        ({"encoder": "vae"}, "encoder: String should match pattern"),
    ],
)
def test_what_breaks_a_rule_is_one_sentence(
    change: dict[str, Any], sentence: str, models: Models, asked: dict[str, Any]
) -> None:
    with pytest.raises(PermanentFailure, match=sentence):
        api.erase(models.pipeline, **asked | change)


def test_the_example_erases_the_captain(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        runpy.run_path(str(EXAMPLE))
    finally:
        structlog.reset_defaults()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("captain comet (character) is known: shown by 1")
    assert re.fullmatch(r"still shown by 0 of \d+ images and 0 of 8 clips, any frame", lines[1])
    assert all(int(line.split(": ")[1].split(" %")[0]) >= 90 for line in lines[2:5])
    assert re.match(r"words: '.+' shows him in \d+ of 16 images,", lines[5])
    assert lines[6].startswith("  and in ")

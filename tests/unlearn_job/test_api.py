from __future__ import annotations

import re
import runpy
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import structlog

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from tests.unlearn_job import tiny  # noqa: E402
from tests.unlearn_job.attacks.targets import SMALL  # noqa: E402
from tests.unlearn_job.conftest import LITTLE  # noqa: E402
from unlearn_job import api  # noqa: E402
from unlearn_job.contract.concept import Concept  # noqa: E402
from unlearn_job.contract.errors import PermanentFailure  # noqa: E402
from unlearn_job.contract.method import MethodSpec  # noqa: E402
from unlearn_job.contract.sources import JudgeType  # noqa: E402
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


def request_for(name: str = "cat", **more: Any) -> api.Request:
    return api.Request(Concept(name=name), probe=FEW_STEPS, **more)


def weights(encoder: Any) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in encoder.state_dict().items()}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_erasing_gives_another_encoder_and_leaves_the_pipeline_alone(models: Models, judge: Any) -> None:
    before, own = weights(models.pipeline.text_encoder), models.pipeline.text_encoder
    erased = api.erase(models.pipeline, request_for(preserve=["fish"]), judge, surrogate=models.surrogate)
    assert models.pipeline.text_encoder is own
    assert same(before, weights(own))
    assert not same(before, weights(erased.encoder))
    assert erased.encoder.dtype == own.dtype
    # This judge sees a cat in everything, and that is what the gates say.
    assert any("residual" in sentence for sentence in erased.broken)
    models.pipeline.text_encoder = erased.encoder


def test_the_same_request_gives_the_same_bytes(models: Models, judge: Any) -> None:
    first, second = (
        api.erase(models.pipeline, request_for(seed=3), judge, surrogate=models.surrogate) for _ in range(2)
    )
    assert same(weights(first.encoder), weights(second.encoder))
    assert first.report.to_json() == second.report.to_json()


def test_a_concept_that_is_seen_in_all_others_is_not_known(models: Models, judge: Any) -> None:
    assert api.identify(models.pipeline, request_for(), judge, surrogate=models.surrogate).known
    asked = request_for(preserve=["fish"])
    assert not api.identify(models.pipeline, asked, judge, surrogate=models.surrogate).known


def test_anybodys_encoder_can_be_probed(models: Models, judge: Any) -> None:
    report = api.probe(
        models.pipeline,
        request_for(),
        judge,
        deepcopy(models.pipeline.text_encoder),
        surrogate=models.surrogate,
    )
    (row,) = report.rows
    assert row.images.hits == row.base.hits == row.base.samples


def test_anybodys_encoder_can_be_attacked(models: Models, judge: Any) -> None:
    (found,) = api.attack(
        models.pipeline,
        request_for(),
        judge,
        deepcopy(models.pipeline.text_encoder),
        attacks=["misspelling"],
        budget=SMALL,
        surrogate=models.surrogate,
    )
    # Attacked and control are the same encoder here.
    assert (found.attack, found.opened) == ("misspelling", False)
    assert found.edited == found.base


def test_an_encoder_of_another_model_is_refused(models: Models, judge: Any) -> None:
    with pytest.raises(PermanentFailure, match="the encoder is no version of the base encoder"):
        api.probe(models.pipeline, request_for(), judge, tiny.encoder(layers=4), surrogate=models.surrogate)


def test_a_method_that_needs_a_surrogate_says_so(models: Models, judge: Any) -> None:
    with pytest.raises(PermanentFailure, match="surrogate"):
        api.erase(models.pipeline, request_for(), judge, method=MethodSpec(name="few-shot"))


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

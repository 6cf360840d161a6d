from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.methods import UnknownMethodError
from unlearn_job.methods.states import NonFiniteWeightsError
from unlearn_job.unlearn import MissingSurrogateError, unlearn

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

FEW = {"negatives": 16}


def test_the_models_are_not_changed() -> None:
    models = tiny.models()
    before = {name: tiny.weights(m) for name, m in _encoders(models).items()}
    new = unlearn(models, tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), parameters=FEW))
    for name, encoder in _encoders(models).items():
        assert all(torch.equal(before[name][k], v) for k, v in tiny.weights(encoder).items())
    assert new is not models.start_encoder
    assert not any(parameter.requires_grad for parameter in new.parameters())


def _encoders(models: object) -> dict[str, torch.nn.Module]:
    return {name: getattr(models, name) for name in ("base_encoder", "start_encoder")}


def test_unlearning_starts_from_the_parent() -> None:
    parent = tiny.encoder(seed=9)
    doc = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), holds=(tiny.erasure(tiny.CAT),), parameters=FEW)
    new = tiny.weights(unlearn(tiny.models(start=parent), doc))
    first = "encoder.layers.0.mlp.fc1.weight"
    assert torch.equal(new[first], tiny.weights(parent)[first])


def test_an_encoder_with_nan_is_refused_with_the_name_of_the_weight() -> None:
    models = tiny.models()
    with torch.no_grad():
        models.start_encoder.get_parameter("encoder.layers.1.mlp.fc1.weight")[0, 0] = torch.nan
    with pytest.raises(NonFiniteWeightsError, match=r"encoder\.layers\.1\.mlp\.fc1\.weight"):
        unlearn(models, tiny.document(tiny.erasure(tiny.COMET), parameters=FEW))


def test_the_result_has_the_precision_of_the_stored_encoder() -> None:
    models = dataclasses.replace(tiny.models(), stored_dtype=torch.float16)
    new = unlearn(models, tiny.document(tiny.erasure(tiny.COMET), parameters=FEW))
    for parameter in new.parameters():
        assert parameter.dtype == torch.float32
        assert torch.equal(parameter, parameter.half().float())


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UnknownMethodError, match=r"'magic'.*closed-form"):
        unlearn(tiny.models(), tiny.document(tiny.erasure(tiny.COMET), method="magic"))


def test_a_method_that_needs_the_surrogate_says_so() -> None:
    with pytest.raises(MissingSurrogateError, match="few-shot"):
        unlearn(tiny.models(surrogate=False), tiny.document(tiny.erasure(tiny.COMET), method="few-shot"))

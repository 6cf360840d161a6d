from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.in_memory import measurable, models_of
from unlearn_job.models import Models

pytestmark = pytest.mark.torch

COMPONENT = ("text_encoder",)


@pytest.fixture
def own() -> Models:
    return tiny.models()


def test_the_base_is_a_copy_in_full_precision(own: Models) -> None:
    own.pipeline.text_encoder.half()
    found = models_of(own.pipeline, None, COMPONENT)
    assert (found.dtype, found.base_encoder.dtype) == (torch.float16, torch.float32)
    assert found.base_encoder is not own.pipeline.text_encoder
    assert not any(parameter.requires_grad for parameter in found.base_encoder.parameters())
    assert own.pipeline.text_encoder.dtype is torch.float16


def test_a_component_that_is_missing_is_named_for_both_pipelines(own: Models) -> None:
    without: Any = SimpleNamespace(text_encoder=own.pipeline.text_encoder)
    for pipeline, surrogate in ((without, None), (own.pipeline, without)):
        with pytest.raises(PermanentFailure, match="SimpleNamespace has no component tokenizer"):
            models_of(pipeline, surrogate, COMPONENT)


def test_a_surrogate_with_another_encoder_is_refused(own: Models) -> None:
    other: Any = SimpleNamespace(text_encoder=tiny.encoder(seed=9), tokenizer=own.pipeline.tokenizer)
    with pytest.raises(PermanentFailure, match="differ"):
        models_of(own.pipeline, other, COMPONENT)


def test_an_encoder_of_another_model_is_not_measured(own: Models) -> None:
    models = models_of(own.pipeline, own.surrogate, COMPONENT)
    assert measurable(models, tiny.encoder(seed=9)).dtype is torch.float32
    with pytest.raises(PermanentFailure, match="the encoder is no version of the base encoder"):
        measurable(models, tiny.encoder(layers=4))

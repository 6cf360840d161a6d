from __future__ import annotations

import dataclasses

import pytest

from tests.unlearn_job import tiny
from unlearn_job.sizes import parameter_counts

pytestmark = pytest.mark.torch


def test_a_pipeline_is_as_large_as_its_parts() -> None:
    models = tiny.models()
    found = parameter_counts(models)
    encoder = sum(p.numel() for p in models.base_encoder.parameters())
    pipeline = models.pipeline
    assert found["encoder"] == encoder
    assert found["pipeline"] == encoder + sum(
        p.numel() for part in (pipeline.unet, pipeline.vae) for p in part.parameters()
    )
    assert set(found) == {"encoder", "pipeline", "surrogate"}


def test_without_a_surrogate_none_is_counted() -> None:
    assert "surrogate" not in parameter_counts(dataclasses.replace(tiny.models(), surrogate=None))

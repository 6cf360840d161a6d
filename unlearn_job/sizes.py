"""How large the models of a Job are: part of what its figures cost."""

from __future__ import annotations

from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from torch import nn

from unlearn_job.models import Models


def parameter_counts(models: Models) -> dict[str, int]:
    """Count the parameters of the encoders and of both pipelines, the encoders included in each."""
    edited = sum(_count(part.base_encoder) for part in models.parts)
    found = {"encoder": edited, "pipeline": _of_pipeline(models.pipeline)}
    if models.surrogate is not None:
        found["surrogate"] = _of_pipeline(models.surrogate)
    return found


def _of_pipeline(pipeline: DiffusionPipeline) -> int:
    return sum(_count(part) for part in pipeline.components.values() if isinstance(part, nn.Module))


def _count(module: nn.Module) -> int:
    # parameters() names shared tensors once, as they lie in memory.
    return sum(parameter.numel() for parameter in module.parameters())

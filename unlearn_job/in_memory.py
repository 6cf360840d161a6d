"""From pipelines in memory to what the steps work on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from diffusers import DiffusionPipeline
from transformers import PreTrainedModel

from unlearn_job.compatibility import check_same_encoder, check_same_tokenizer, check_same_tokens
from unlearn_job.conditioning import UnsupportedEncoderError, attach
from unlearn_job.encoder import Encoders, frozen, joint_digest, named_tensors
from unlearn_job.foreign import filled
from unlearn_job.models import Models
from unlearn_job.observing import observe
from unlearn_job.tokenizers import tokenizer_name


def models_of(
    pipeline: DiffusionPipeline, surrogate: DiffusionPipeline | None, encoders: Sequence[str]
) -> Models:
    """Return what the steps work on, from pipelines in memory. Nothing of them is changed.

    Raises
    ------
    PermanentFailure
        A component is missing, the pipelines' encoders or tokenizers differ, encoders that are edited
        together read other tokens, or no method can edit what the pipeline reads.

    """
    for one in (pipeline, surrogate):
        for name in (*encoders, *map(tokenizer_name, encoders)):
            if one is not None and getattr(one, name, None) is None:
                raise UnsupportedEncoderError(f"{type(one).__name__} has no component {name}")
    tokenizers = {name: getattr(pipeline, tokenizer_name(name)) for name in encoders}
    check_same_tokens(tokenizers, ())
    bases = {}
    for name, tokenizer in tokenizers.items():
        own: PreTrainedModel = getattr(pipeline, name)
        if surrogate is not None:
            check_same_encoder(getattr(surrogate, name), own)
            check_same_tokenizer(getattr(surrogate, tokenizer_name(name)), tokenizer, ())
        bases[name] = frozen(deepcopy(own).float())
    base_sha256 = joint_digest(bases)
    first, *others = (
        _models(pipeline, surrogate, name, base, base_sha256=base_sha256) for name, base in bases.items()
    )
    return replace(first, beside=tuple(others))


def _models(
    pipeline: DiffusionPipeline,
    surrogate: DiffusionPipeline | None,
    name: str,
    base: PreTrainedModel,
    *,
    base_sha256: str,
) -> Models:
    own, tokenizer = getattr(pipeline, name), getattr(pipeline, tokenizer_name(name))
    start = deepcopy(base)
    attach(observe(pipeline, name, tokenizer), base, start, tokenizer)
    return Models(
        surrogate=surrogate,
        pipeline=pipeline,
        base_encoder=base,
        start_encoder=start,
        tokenizer=tokenizer,
        encoder_name=name,
        base_sha256=base_sha256,
        device=own.device,
        dtype=own.dtype,
        stored_dtype=own.dtype,
    )


def measurable(models: Models, changed: Encoders) -> Encoders:
    """Return float32 copies that carry what the pipeline reads of its encoders."""
    given, found = models.by_component(changed), {}
    for part in models.parts:
        tensors = named_tensors(given[part.encoder_name])
        found[part.encoder_name] = filled(part.base_encoder, tensors, "the encoder")
    return found if models.beside else found[models.encoder_name]

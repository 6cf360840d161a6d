"""Everything a Job computes with: the two pipelines, the encoder they share, and where it starts from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from unlearn_job.compatibility import check_same_encoder, check_same_tokenizer
from unlearn_job.conditioning import attach
from unlearn_job.contract.document import Device, JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.encoder import frozen, load_encoder, tensor_digest
from unlearn_job.observing import observe
from unlearn_job.parent import load_parent
from unlearn_job.pipelines import PipelineIndex
from unlearn_job.sources import resolve
from unlearn_job.store import open_store
from unlearn_job.tokenizers import load_tokenizer


class NoGpuError(PermanentFailure):
    """A GPU was asked for and there is none."""

    reason = "NoGPU"


@dataclass(frozen=True)
class Models:
    """What steps work on. Encoders are in fp32, in eval mode and without gradients.

    Attributes
    ----------
    surrogate: text-to-image pipeline, or None where the document names none.
    pipeline: text-to-video pipeline.
    base_encoder: the pristine encoder; never changed.
    start_encoder: the parent release's encoder, or a copy of the base; the step that unlearns may change it.
    tokenizer: of the encoder.
    encoder_name: component of both pipelines that is edited, such as "text_encoder".
    base_sha256: digest over the base encoder's tensors.
    device: where everything lies.
    dtype: precision that the pipelines run in; fp32 on a CPU.
    stored_dtype: precision of the base encoder's file, and of the release.

    """

    surrogate: DiffusionPipeline | None
    pipeline: DiffusionPipeline
    base_encoder: PreTrainedModel
    start_encoder: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    encoder_name: str
    base_sha256: str
    device: torch.device
    dtype: torch.dtype
    stored_dtype: torch.dtype

    @contextmanager
    def using(self, pipeline: DiffusionPipeline, encoder: PreTrainedModel) -> Iterator[DiffusionPipeline]:
        """Run a pipeline with another encoder: inside, the pipeline has it in its own precision."""
        before = getattr(pipeline, self.encoder_name)
        served = encoder if self.dtype == torch.float32 else _copied(encoder, self.dtype)
        pipeline.register_modules(**{self.encoder_name: served})
        try:
            yield pipeline
        finally:
            pipeline.register_modules(**{self.encoder_name: before})


def load_models(document: JobInput, cache: Path) -> Models:
    """Fetch and load all models of a Job, and check that they belong together.

    Parameters
    ----------
    document
        The Job's input.
    cache
        Folder for downloads.

    Raises
    ------
    PermanentFailure
        A source is missing or unreadable, the encoders or tokenizers differ, the parent is not what it was,
        or there is no GPU where one is asked for.
    TemporaryFailure
        A source cannot be reached now.

    """
    _silence()
    device = choose_device(document.device)
    name = document.base.encoder
    folders = [
        None if source is None else resolve(source, cache, document.storage)
        for source in (document.base.pipeline, document.base.surrogate)
    ]
    assert folders[0] is not None  # noqa: S101 (a pipeline is required by the contract)
    index = PipelineIndex(folders[0])
    base, tokenizer = _encoder(index, name), _tokenizer(index, name)
    surrogate_index = PipelineIndex(folders[1]) if folders[1] is not None else None
    if surrogate_index is not None:
        check_same_encoder(_encoder(surrogate_index, name), base)
        check_same_tokenizer(_tokenizer(surrogate_index, name), tokenizer, _texts(document))
    stored_dtype = base.dtype
    base_sha256 = tensor_digest(base)
    base = frozen(base.float().to(device))
    store = open_store(
        document.storage.uri, endpoint=document.storage.endpoint, region=document.storage.region
    )
    start = deepcopy(base)
    if document.parent is not None:
        start = load_parent(document, store, base_sha256, index.class_of(name), cache).float().to(device)
    dtype = _pipeline_dtype(device, stored_dtype)
    shared = base if dtype == torch.float32 else _copied(base, dtype)
    pipeline = index.load(dtype, **{name: shared}).to(device)
    attach(observe(pipeline, name, tokenizer), base, start, tokenizer)
    return Models(
        surrogate=surrogate_index.load(dtype, **{name: shared}).to(device) if surrogate_index else None,
        pipeline=pipeline,
        base_encoder=base,
        start_encoder=start,
        tokenizer=tokenizer,
        encoder_name=name,
        base_sha256=base_sha256,
        device=device,
        dtype=dtype,
        stored_dtype=stored_dtype,
    )


def choose_device(wanted: Device) -> torch.device:
    """Return the device to compute on.

    Raises
    ------
    NoGpuError
        CUDA is asked for and not there.

    """
    available = torch.cuda.is_available()
    if wanted is Device.CUDA and not available:
        raise NoGpuError(
            "device is CUDA and this machine shows no GPU; ask for nvidia.com/gpu in the Job's template, "
            "or set device to CPU"
        )
    return torch.device("cuda" if available and wanted is not Device.CPU else "cpu")


def _pipeline_dtype(device: torch.device, stored: torch.dtype) -> torch.dtype:
    """Half precision on a GPU: bf16 for models that come in it, as fp16 may overflow in them."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if stored == torch.bfloat16 else torch.float16


def _copied(encoder: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    copy = deepcopy(encoder)
    torch.nn.Module.to(copy, dtype=dtype)
    return copy


def _encoder(index: PipelineIndex, name: str) -> PreTrainedModel:
    return load_encoder(index.folder / name, index.class_of(name))


def _tokenizer(index: PipelineIndex, encoder: str) -> PreTrainedTokenizerBase:
    name = encoder.replace("text_encoder", "tokenizer")
    return load_tokenizer(index.folder / name, index.class_of(name))


def _texts(document: JobInput) -> list[str]:
    """Return the names that must mean the same to both tokenizers."""
    concepts = [erasure.concept for erasure in (*document.adds, *document.holds)]
    kept = [kept for erasure in document.adds for kept in erasure.preserve]
    return [
        *(name for concept in concepts for name in (concept.name, *concept.aliases)),
        *(concept.name for concept in (*kept, *document.holdout)),
    ]


def _silence() -> None:
    """Turn off progress bars: a pod's log has lines."""
    transformers.utils.logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()

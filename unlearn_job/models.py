"""Everything a Job computes with: the two pipelines, the encoders they share, and where those start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
import transformers
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from unlearn_job.compatibility import check_same_encoder, check_same_tokenizer, check_same_tokens
from unlearn_job.conditioning import attach
from unlearn_job.contract.document import Device, JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.encoder import Encoders, frozen, joint_digest, load_encoder
from unlearn_job.memory import MemoryOptions, Offload, Plan, choose, ladder
from unlearn_job.methods import configs
from unlearn_job.observing import observe
from unlearn_job.parent import load_parent
from unlearn_job.pipelines import PIXELS_AT_ONCE, PipelineIndex
from unlearn_job.placing import DTYPES, free_memory, measure, place, precision_for
from unlearn_job.sources import resolve
from unlearn_job.store import open_store
from unlearn_job.tokenizers import load_tokenizer, tokenizer_name


class NoGpuError(PermanentFailure):
    """A GPU was asked for and there is none."""

    reason = "NoGPU"


class EncodersMissingError(PermanentFailure):
    """Encoders are given for other components than those that are edited."""

    reason = "EncoderMismatch"


@dataclass(frozen=True)
class Models:
    """What steps work on. Encoders are in fp32, in eval mode and without gradients.

    Where several encoders are edited together, this is the view of the first one: a step that reads or edits
    states goes over `parts`, one that draws exchanges all at once.

    Attributes
    ----------
    surrogate: text-to-image pipeline, or None where the document names none.
    pipeline: text-to-video pipeline.
    base_encoder: the pristine encoder; never changed.
    start_encoder: the parent release's encoder, or a copy of the base; the step that unlearns may change it.
    tokenizer: of the encoder.
    encoder_name: component of both pipelines that is edited, such as "text_encoder".
    base_sha256: digest over the base encoder's tensors, of all components together.
    device: where everything lies.
    dtype: precision that the pipelines run in; fp32 on a CPU.
    stored_dtype: precision of the base encoder's file, and of the release.
    plan: how the pipelines are loaded and placed.
    beside: the same pipelines with every further encoder that is edited.

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
    plan: Plan = field(default_factory=Plan)
    beside: tuple[Models, ...] = ()

    @property
    def parts(self) -> tuple[Models, ...]:
        """Every encoder that is edited, each as if it were the only one."""
        return (replace(self, beside=()), *self.beside) if self.beside else (self,)

    @property
    def base(self) -> Encoders:
        """The pristine encoder, or all of them."""
        if not self.beside:
            return self.base_encoder
        return {part.encoder_name: part.base_encoder for part in self.parts}

    @property
    def start(self) -> Encoders:
        """The encoder to start from, or all of them."""
        if not self.beside:
            return self.start_encoder
        return {part.encoder_name: part.start_encoder for part in self.parts}

    def starting_from(self, encoders: Encoders) -> Models:
        """Return the same models with other encoders to start from."""
        given = self.by_component(encoders)
        first, *others = (replace(part, start_encoder=given[part.encoder_name]) for part in self.parts)
        return replace(first, beside=tuple(others))

    def by_component(self, encoders: Encoders) -> dict[str, PreTrainedModel]:
        """Return encoders by the component that they are for.

        Raises
        ------
        EncodersMissingError
            They are not those of all components that are edited.

        """
        found = dict(encoders) if isinstance(encoders, Mapping) else {self.encoder_name: encoders}
        edited = [part.encoder_name for part in self.parts]
        if found.keys() != {*edited}:
            raise EncodersMissingError(
                f"encoders for {', '.join(found) or 'no component'} are given; {', '.join(edited)} are edited"
            )
        return found

    def served(self, encoder: PreTrainedModel) -> PreTrainedModel:
        """Return an encoder as a pipeline takes it: in its precision, and a copy where offload moves it."""
        if encoder.dtype == self.dtype and self.plan.offload is Offload.NONE:
            return encoder
        return _copied(encoder, self.dtype)

    @contextmanager
    def using(self, pipeline: DiffusionPipeline, encoders: Encoders) -> Iterator[DiffusionPipeline]:
        """Run a pipeline with other encoders: inside, the pipeline has them in its own precision."""
        given = self.by_component(encoders)
        before = {name: getattr(pipeline, name) for name in given}
        pipeline.register_modules(**{name: self.served(encoder) for name, encoder in given.items()})
        try:
            yield pipeline
        finally:
            pipeline.register_modules(**before)


def load_models(
    document: JobInput, cache: Path, options: MemoryOptions | None = None, thrift: int = 0
) -> Models:
    """Fetch and load all models of a Job, and check that they belong together.

    Parameters
    ----------
    document
        The Job's input.
    cache
        Folder for downloads.
    options, thrift
        What is decided of the memory plan, and how many rungs leaner than the first choice it shall be.

    Raises
    ------
    PermanentFailure
        A source is missing or unreadable, the encoders or tokenizers differ, the parent is not what it was,
        or there is no GPU where one is asked for.
    TemporaryFailure
        A source cannot be reached now, or no plan is as lean as asked.

    """
    silence()
    device = choose_device(document.device)
    names = document.base.components
    folders = [
        None if source is None else resolve(source, cache, document.storage)
        for source in (document.base.pipeline, document.base.surrogate)
    ]
    assert folders[0] is not None  # noqa: S101 (a pipeline is required by the contract)
    index = PipelineIndex(folders[0])
    surrogate_index = PipelineIndex(folders[1]) if folders[1] is not None else None
    texts = _texts(document)
    read = {name: _read(index, surrogate_index, name, texts) for name in names}
    check_same_tokens({name: tokenizer for name, (_, tokenizer) in read.items()}, texts)
    base_sha256 = joint_digest({name: encoder for name, (encoder, _) in read.items()})
    stored = {name: encoder.dtype for name, (encoder, _) in read.items()}
    bases = {name: frozen(encoder.float().to(device)) for name, (encoder, _) in read.items()}
    store = open_store(
        document.storage.uri, endpoint=document.storage.endpoint, region=document.storage.region
    )
    starts = {name: deepcopy(base) for name, base in bases.items()}
    if document.parent is not None:
        classes = {name: index.class_of(name) for name in names}
        parents = load_parent(document, store, base_sha256, classes, cache)
        starts = {name: parent.float().to(device) for name, parent in parents.items()}
    options = options or MemoryOptions()
    precision = precision_for(device, stored[names[0]])
    # The rungs differ in much, but not in their precision.
    dtype = DTYPES[ladder(options, dtype=precision, gpu=device.type == "cuda")[0].dtype]
    as_they_are = dtype == torch.float32 and device.type == "cpu"
    shared = {name: base if as_they_are else _copied(base, dtype) for name, base in bases.items()}
    pipeline = index.load(dtype, **shared)
    surrogate = surrogate_index.load(dtype, **shared) if surrogate_index else None
    drawing = [one for one in (pipeline, surrogate) if one is not None]
    sizes = measure(bases, drawing, precision, PIXELS_AT_ONCE)
    plan = choose(free_memory(device), sizes, options, dtype=precision, thrift=thrift)
    place(pipeline, plan, device)
    if surrogate is not None:
        method = configs()[document.method.name].model_validate(document.method.parameters)
        place(surrogate, plan, device, trained=method.uses_surrogate)
    for name in names:
        tokenizer = read[name][1]
        attach(observe(pipeline, name, tokenizer), bases[name], starts[name], tokenizer)
    first, *others = (
        Models(
            surrogate=surrogate,
            pipeline=pipeline,
            base_encoder=bases[name],
            start_encoder=starts[name],
            tokenizer=read[name][1],
            encoder_name=name,
            base_sha256=base_sha256,
            device=device,
            dtype=dtype,
            stored_dtype=stored[name],
            plan=plan,
        )
        for name in names
    )
    return replace(first, beside=tuple(others))


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


def _copied(encoder: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """Copy an encoder in another precision; T5's `wo` stays fp32 beside fp16, as transformers has it."""
    copy = deepcopy(encoder)
    kept = tuple(getattr(encoder, "_keep_in_fp32_modules", None) or ()) if dtype == torch.float16 else ()
    for name, tensor in (*copy.named_parameters(), *copy.named_buffers()):
        if tensor.is_floating_point() and not set(name.split(".")) & set(kept):
            tensor.data = tensor.data.to(dtype)
    return copy


def _read(
    index: PipelineIndex, surrogate: PipelineIndex | None, name: str, texts: Sequence[str]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load an encoder with its tokenizer, and check that the surrogate has the same."""
    base, tokenizer = _encoder(index, name), _tokenizer(index, name)
    if surrogate is not None:
        check_same_encoder(_encoder(surrogate, name), base)
        check_same_tokenizer(_tokenizer(surrogate, name), tokenizer, texts)
    return base, tokenizer


def _encoder(index: PipelineIndex, name: str) -> PreTrainedModel:
    return load_encoder(index.folder / name, index.class_of(name))


def _tokenizer(index: PipelineIndex, encoder: str) -> PreTrainedTokenizerBase:
    name = tokenizer_name(encoder)
    return load_tokenizer(index.folder / name, index.class_of(name))


def _texts(document: JobInput) -> list[str]:
    """Return the names that must mean the same to both tokenizers."""
    concepts = [erasure.concept for erasure in (*document.adds, *document.holds)]
    kept = [kept for erasure in document.adds for kept in erasure.preserve]
    return [
        *(name for concept in concepts for name in (concept.name, *concept.aliases)),
        *(concept.name for concept in (*kept, *document.holdout)),
    ]


def silence() -> None:
    """Turn off the libraries' progress bars: a pod's log has lines."""
    transformers.utils.logging.disable_progress_bar()
    diffusers_logging.disable_progress_bar()

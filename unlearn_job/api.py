"""Unlearning on pipelines that are in memory, for users of diffusers; the Job does the same from a document.

comet = Concept(name="captain comet", kind="Character")
erased = erase(pipe, Request(comet, preserve=["captain whale"]), judge)
pipe.text_encoder = erased.encoder
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final

from diffusers import DiffusionPipeline
from transformers import PreTrainedModel

from unlearn_job.attacking import outcomes
from unlearn_job.attacks import Budget, Outcome
from unlearn_job.attacks.catalogue import load_attack
from unlearn_job.compatibility import check_same_encoder, check_same_tokenizer
from unlearn_job.composing import document_of, kept
from unlearn_job.conditioning import attach
from unlearn_job.contract.concept import Concept, ConceptKind
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.gates import Gates, broken_gates
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import BaseModels, JudgeType, Storage
from unlearn_job.contract.sources import Judge as JudgeSource
from unlearn_job.discovery import discover
from unlearn_job.encoder import frozen, named_tensors, tensor_digest
from unlearn_job.foreign import filled
from unlearn_job.identifying import Identified, answer
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.observing import observe
from unlearn_job.probe import ProbeReport
from unlearn_job.probe import identify as draw_base
from unlearn_job.probe import probe as draw_new
from unlearn_job.tokenizers import tokenizer_name
from unlearn_job.unlearn import unlearn

IN_MEMORY: Final = "file:///in-memory"
"""Stands in documents for what has no address. It enters digests: those made here are of no use elsewhere."""


@dataclass(frozen=True)
class Request:
    """What is asked of a concept, and how it is measured.

    Attributes
    ----------
    concept: name, kind, aliases and anchor.
    preserve: concepts that must stay, as "NAME" of the same kind or "KIND:NAME".
    holdout: the same, but only probed: evidence for what no list names.
    prompts: templates by kind, each with {} for the concept; built-in ones for kinds that are missing.
    probe: how much is generated.
    seed: everything random derives from it; in [0, 2**31).

    """

    concept: Concept
    preserve: Sequence[str] = ()
    holdout: Sequence[str] = ()
    prompts: Mapping[ConceptKind, Sequence[str]] | None = None
    probe: Probe = field(default_factory=Probe)
    seed: int = 0


@dataclass(frozen=True)
class Erased:
    """A new encoder and its evidence.

    Attributes
    ----------
    encoder: in the pipeline's precision and on its device, to be put into the pipeline.
    report: what the probe found; `report.to_json()` is probe.json.
    broken: sentences of the gates that do not hold; empty where all do.

    """

    encoder: PreTrainedModel
    report: ProbeReport
    broken: tuple[str, ...]


def erase(
    pipeline: DiffusionPipeline,
    request: Request,
    judge: Judge,
    *,
    surrogate: DiffusionPipeline | None = None,
    method: MethodSpec | None = None,
    gates: Gates | None = None,
    encoder: str = "text_encoder",
) -> Erased:
    """Unlearn a concept in a pipeline's text encoder and probe the result. The pipeline is not changed.

    As in a Job, words that the encoder takes for the concept's name are looked for first and go with it, and
    what the judge knows near it is preserved.

    Parameters
    ----------
    pipeline
        Text-to-video pipeline.
    request
        The concept, what must stay, and how it is measured.
    judge
        Says whether a picture shows a concept; see `unlearn_job.judges`.
    surrogate
        Text-to-image pipeline that shares the encoder, for methods that train through it, and for images
        that cost less than clips.
    method
        Method and parameters; the default needs no surrogate.
    gates
        Bounds that the figures are held to.
    encoder
        Component to edit.

    Raises
    ------
    PermanentFailure
        The encoders differ, the method needs a surrogate, or the judge does not know a concept.
    UnknownMethodError
        There is no such method.

    """
    models = models_of(pipeline, surrogate, encoder)
    document = _document(request, encoder, method or MethodSpec())
    found = discover(models, judge, document)
    document = found.document
    base = draw_base(models, judge, document)
    changed = unlearn(models, document, judge, alone=found.alone)
    report = draw_new(models, changed, judge, document, base).discovered(found.aliases, found.neighbours)
    served = changed.to(models.dtype)
    return Erased(served, report, broken_gates(gates or Gates(), report.figures))


def identify(
    pipeline: DiffusionPipeline,
    request: Request,
    judge: Judge,
    *,
    surrogate: DiffusionPipeline | None = None,
    encoder: str = "text_encoder",
) -> Identified:
    """Say whether a pipeline knows a concept. Parameters as of `erase`."""
    document = _document(request, encoder, MethodSpec())
    return answer(models_of(pipeline, surrogate, encoder), judge, document)


def probe(
    pipeline: DiffusionPipeline,
    request: Request,
    judge: Judge,
    changed: PreTrainedModel,
    *,
    surrogate: DiffusionPipeline | None = None,
    encoder: str = "text_encoder",
) -> ProbeReport:
    """Measure an encoder that anybody made against the pipeline's own. Parameters as of `erase`."""
    models = models_of(pipeline, surrogate, encoder)
    document = _document(request, encoder, MethodSpec())
    base = draw_base(models, judge, document)
    return draw_new(models, _measurable(models, changed), judge, document, base)


def attack(
    pipeline: DiffusionPipeline,
    request: Request,
    judge: Judge,
    changed: PreTrainedModel,
    *,
    attacks: Sequence[str] = ("words",),
    budget: Budget | None = None,
    surrogate: DiffusionPipeline | None = None,
    encoder: str = "text_encoder",
) -> tuple[Outcome, ...]:
    """Look for inputs that bring a concept back from an encoder that anybody made.

    The pipeline's own encoder is the control: it answers the same prompts with the same seeds.

    Parameters
    ----------
    pipeline, request, judge, surrogate, encoder
        As of `erase`.
    changed
        The encoder to attack.
    attacks
        Names, as `unlearn_job.attacks.attacks()` lists them; `prefix` and `inversion` need a surrogate.
    budget
        What each may spend; None is the standard one.

    Returns
    -------
    tuple of Outcome
        One for each attack, in order: the best prompt found, how often it shows the concept on fresh seeds,
        and how often it does with the pipeline's own encoder.

    Raises
    ------
    UnknownAttackError
        There is no such attack; the message lists all.
    PermanentFailure
        The encoder is no version of the pipeline's, or as of `erase`.

    """
    for name in attacks:
        load_attack(name)
    models = models_of(pipeline, surrogate, encoder)
    document = _document(request, encoder, MethodSpec())
    found = outcomes(
        models, _measurable(models, changed), judge, document, attacks, budget=budget or Budget()
    )
    return tuple(found)


def models_of(pipeline: DiffusionPipeline, surrogate: DiffusionPipeline | None, encoder: str) -> Models:
    """Return what the steps work on, from pipelines in memory. Nothing of them is changed.

    Raises
    ------
    PermanentFailure
        The pipelines' encoders or tokenizers differ, or no method can edit what the pipeline reads.

    """
    own: PreTrainedModel = getattr(pipeline, encoder)
    name = tokenizer_name(encoder)
    tokenizer = getattr(pipeline, name)
    if surrogate is not None:
        check_same_encoder(getattr(surrogate, encoder), own)
        check_same_tokenizer(getattr(surrogate, name), tokenizer, ())
    base = frozen(deepcopy(own).float())
    start = deepcopy(base)
    attach(observe(pipeline, encoder, tokenizer), base, start, tokenizer)
    return Models(
        surrogate=surrogate,
        pipeline=pipeline,
        base_encoder=base,
        start_encoder=start,
        tokenizer=tokenizer,
        encoder_name=encoder,
        base_sha256=tensor_digest(base),
        device=own.device,
        dtype=own.dtype,
        stored_dtype=own.dtype,
    )


def _measurable(models: Models, changed: PreTrainedModel) -> PreTrainedModel:
    """Return a float32 copy that carries what the pipeline reads of its encoder."""
    return filled(models.base_encoder, named_tensors(changed), "the encoder")


def _document(request: Request, encoder: str, method: MethodSpec) -> JobInput:
    return document_of(
        request.concept,
        preserve=kept(request.preserve, request.concept.kind),
        holdout=kept(request.holdout, request.concept.kind),
        base=BaseModels(
            surrogate=f"{IN_MEMORY}/surrogate", pipeline=f"{IN_MEMORY}/pipeline", encoder=encoder
        ),
        judge=JudgeSource(type=JudgeType.CLASSIFIER, source=f"{IN_MEMORY}/judge"),
        storage=Storage(uri=IN_MEMORY),
        method=method,
        prompts={kind: tuple(texts) for kind, texts in (request.prompts or {}).items()},
        probe=request.probe,
        seed=request.seed,
    )

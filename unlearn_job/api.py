"""Unlearning on pipelines that are in memory, for users of diffusers; the Job does the same from a document.

erased = erase(pipe, concept="Character:captain comet", method="closed-form", preserve=["captain whale"])
pipe.text_encoder = erased.encoder

Where a pipeline reads several encoders, `encoder=("text_encoder", "text_encoder_2")` edits them together, and
`pipe.register_modules(**erased.encoders)` takes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Final, Required, TypedDict, Unpack

from diffusers import DiffusionPipeline
from pydantic import ValidationError
from transformers import PreTrainedModel

from unlearn_job.attacking import outcomes
from unlearn_job.attacks import Budget, Outcome
from unlearn_job.attacks.catalogue import load_attack
from unlearn_job.compatibility import check_same_encoder, check_same_tokenizer, check_same_tokens
from unlearn_job.composing import document_of, judge_of
from unlearn_job.conditioning import UnsupportedEncoderError, attach
from unlearn_job.contract.concept import Concept, ConceptKind
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.gates import Gates, broken_gates
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import JudgeType, Storage, base_models
from unlearn_job.discovery import discover
from unlearn_job.encoder import Encoders, frozen, joint_digest, named_tensors
from unlearn_job.foreign import filled
from unlearn_job.identifying import Identified, answer
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.naming import concept_of, kept
from unlearn_job.observing import observe
from unlearn_job.probe import ProbeReport
from unlearn_job.probe import identify as draw_base
from unlearn_job.probe import probe as draw_new
from unlearn_job.probing import judge_for
from unlearn_job.quality import FeatureModels
from unlearn_job.reading import DocumentError, check_method, first_error
from unlearn_job.settings import JobSettings
from unlearn_job.tokenizers import tokenizer_name
from unlearn_job.unlearn import Phrases, unlearn_all

IN_MEMORY: Final = "file:///in-memory"
"""Stands in documents for what has no address. It enters digests: those made here are of no use elsewhere."""


class Asked(TypedDict, total=False):
    """What all functions take by keyword: what is asked of which concepts, and how it is measured.

    Attributes
    ----------
    concept: what shall go, as "NAME" of an object or "KIND:NAME", or a `Concept` with aliases and an anchor;
        or several of either, which go at once.
    judge: says whether a picture shows a concept; `unlearn_job.judges.loading.open_judge` opens a model. None
        fetches CLIP ViT-L/14 from the Hub once, and asks it zero-shot.
    preserve: concepts that must stay, as "NAME" of the (first) concept's kind or "KIND:NAME".
    holdout: the same, but only probed: evidence for what no list names.
    prompts: templates by kind, each with {} for the concept; built-in ones for kinds that are missing.
    probe: how much is generated.
    seed: everything random derives from it; in [0, 2**31).
    surrogate: text-to-image pipeline that shares the encoder, for methods that train through it, and for
        images that cost less than clips.
    encoder: component that is edited, or several that are edited and probed together: the first of them
        chooses anchors and neighbours. Default: "text_encoder".

    """

    concept: Required[str | Concept | Sequence[str | Concept]]
    judge: Judge | None
    preserve: Sequence[str]
    holdout: Sequence[str]
    prompts: Mapping[ConceptKind, Sequence[str]]
    probe: Probe
    seed: int
    surrogate: DiffusionPipeline
    encoder: str | Sequence[str]


@dataclass(frozen=True)
class Erased:
    """New encoders and their evidence.

    Attributes
    ----------
    encoders: by component, in the pipeline's precision and on its device, to be put into the pipeline.
    report: what the probe found; `report.to_json()` is probe.json.
    broken: sentences of the gates that do not hold; empty where all do.

    """

    encoders: Mapping[str, PreTrainedModel]
    report: ProbeReport
    broken: tuple[str, ...]

    @property
    def encoder(self) -> PreTrainedModel:
        """The encoder; the first one where several were edited."""
        return next(iter(self.encoders.values()))


def erase(
    pipeline: DiffusionPipeline,
    *,
    method: str | MethodSpec | None = None,
    gates: Gates | None = None,
    features: FeatureModels | None = None,
    **asked: Unpack[Asked],
) -> Erased:
    """Unlearn concepts in a pipeline's text encoders and probe the result. The pipeline is not changed.

    As in a Job, words that the encoder takes for the concept's name are looked for first and go with it, and
    what the judge knows near it is preserved.

    Parameters
    ----------
    pipeline
        Text-to-video pipeline.
    method
        Name of the method, or with parameters; None is the default, which needs no surrogate.
    gates
        Bounds that the figures are held to.
    features
        Models in whose features pictures before and after are compared (`unlearn_job.quality.features`);
        None takes the judge's.
    asked
        `concept`, and what else `Asked` names.

    Raises
    ------
    PermanentFailure
        The encoders differ, the method needs a surrogate, the judge does not know a concept, or what shall
        go shall stay as well.
    UnknownMethodError
        There is no such method.

    """
    spec = MethodSpec(name=method) if isinstance(method, str) else method or MethodSpec()
    document, models, judge = _opened(pipeline, spec, **asked)
    found = discover(models, judge, document)
    document = found.document
    base = draw_base(models, judge, document)
    phrases = Phrases()
    changed = unlearn_all(models, document, judge, alone=found.alone, phrases=phrases)
    report = draw_new(models, changed, judge, document, base, features=features).discovered(
        found.aliases, found.neighbours, phrases
    )
    served = {name: one.to(models.dtype) for name, one in models.by_component(changed).items()}
    return Erased(served, report, broken_gates(gates or Gates(), report.figures))


def identify(pipeline: DiffusionPipeline, **asked: Unpack[Asked]) -> tuple[Identified, ...]:
    """Say whether a pipeline knows concepts, one answer for each. Parameters and failures as of `erase`."""
    document, models, judge = _opened(pipeline, MethodSpec(), **asked)
    return answer(models, judge, document)


def probe(
    pipeline: DiffusionPipeline,
    changed: Encoders,
    *,
    features: FeatureModels | None = None,
    **asked: Unpack[Asked],
) -> ProbeReport:
    """Measure an encoder that anybody made, or several by component, against the pipeline's own.

    Parameters and failures as of `erase`.
    """
    document, models, judge = _opened(pipeline, MethodSpec(), **asked)
    base = draw_base(models, judge, document)
    return draw_new(models, _measurable(models, changed), judge, document, base, features=features)


def attack(
    pipeline: DiffusionPipeline,
    changed: Encoders,
    *,
    attacks: Sequence[str] = ("words",),
    budget: Budget | None = None,
    **asked: Unpack[Asked],
) -> tuple[Outcome, ...]:
    """Look for inputs that bring concepts back from an encoder that anybody made.

    The pipeline's own encoder is the control: it answers the same prompts with the same seeds.

    Parameters
    ----------
    pipeline, asked
        As of `erase`.
    changed
        The encoder to attack; several by component.
    attacks
        Names, as `unlearn_job.attacks.attacks()` lists them; `prefix` and `inversion` need a surrogate.
    budget
        What each may spend; None is the standard one.

    Returns
    -------
    tuple of Outcome
        One for each attack and concept, attack by attack: the best prompt found, how often it shows the
        concept on fresh seeds, and how often it does with the pipeline's own encoder.

    Raises
    ------
    UnknownAttackError
        There is no such attack; the message lists all.
    PermanentFailure
        The encoder is no version of the pipeline's, or as of `erase`.

    """
    for name in attacks:
        load_attack(name)
    document, models, judge = _opened(pipeline, MethodSpec(), **asked)
    found = outcomes(
        models, _measurable(models, changed), judge, document, attacks, budget=budget or Budget()
    )
    return tuple(found)


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
    for name in (*encoders, *map(tokenizer_name, encoders)):
        if getattr(pipeline, name, None) is None:
            raise UnsupportedEncoderError(f"{type(pipeline).__name__} has no component {name}")
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


def _measurable(models: Models, changed: Encoders) -> Encoders:
    """Return float32 copies that carry what the pipeline reads of its encoders."""
    given, found = models.by_component(changed), {}
    for part in models.parts:
        tensors = named_tensors(given[part.encoder_name])
        found[part.encoder_name] = filled(part.base_encoder, tensors, "the encoder")
    return found if models.beside else found[models.encoder_name]


def _opened(
    pipeline: DiffusionPipeline,
    method: MethodSpec,
    *,
    concept: str | Concept | Sequence[str | Concept],
    judge: Judge | None = None,
    preserve: Sequence[str] = (),
    holdout: Sequence[str] = (),
    prompts: Mapping[ConceptKind, Sequence[str]] | None = None,
    probe: Probe | None = None,
    seed: int = 0,
    surrogate: DiffusionPipeline | None = None,
    encoder: str | Sequence[str] = "text_encoder",
) -> tuple[JobInput, Models, Judge]:
    """Return what the steps work on, from what `Asked` names; raises as `erase`."""
    given = (concept,) if isinstance(concept, str | Concept) else concept
    try:
        concepts = [concept_of(one, ConceptKind.OBJECT) if isinstance(one, str) else one for one in given]
        kind = concepts[0].kind if concepts else ConceptKind.OBJECT
        document = document_of(
            concepts,
            preserve=kept(preserve, kind),
            holdout=kept(holdout, kind),
            base=base_models(
                surrogate=f"{IN_MEMORY}/surrogate" if surrogate else None,
                pipeline=f"{IN_MEMORY}/pipeline",
                encoders=(encoder,) if isinstance(encoder, str) else tuple(encoder),
            ),
            judge=judge_of(None if judge is None else f"{IN_MEMORY}/judge", JudgeType.CLASSIFIER),
            storage=Storage(uri=IN_MEMORY),
            method=method,
            prompts={which: tuple(texts) for which, texts in (prompts or {}).items()},
            probe=probe or Probe(),
            seed=seed,
        )
    except ValidationError as exc:
        raise DocumentError(first_error(exc)) from exc
    check_method(document)
    models = models_of(pipeline, surrogate, document.base.components)
    return document, models, judge or judge_for(document, JobSettings().cache_dir, models.device)

"""Unlearning on pipelines that are in memory, for users of diffusers; the Job does the same from a document.

erased = erase(pipe, concept="Character:captain comet", method="closed-form", preserve=["captain whale"])
pipe.text_encoder = erased.encoder

Where a pipeline reads several encoders, `encoder=("text_encoder", "text_encoder_2")` edits them together, and
`pipe.register_modules(**erased.encoders)` takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from diffusers import DiffusionPipeline
from pydantic import ConfigDict, ValidationError, validate_call
from transformers import PreTrainedModel

from unlearn_job.attacking import outcomes
from unlearn_job.attacks import Budget, Outcome
from unlearn_job.attacks.catalogue import load_attack
from unlearn_job.composing import document_of, judge_of
from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.contract.gates import Gates, broken_gates
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.sources import Storage, base_models
from unlearn_job.discovery import discover
from unlearn_job.identifying import Identified, answer
from unlearn_job.in_memory import measurable, models_of
from unlearn_job.judges.judge import Judge
from unlearn_job.methods import config_of
from unlearn_job.models import Models
from unlearn_job.naming import concept_of, kept
from unlearn_job.probe import ProbeReport
from unlearn_job.probe import identify as draw_base
from unlearn_job.probe import probe as draw_new
from unlearn_job.probing import judge_for
from unlearn_job.quality import FeatureModels
from unlearn_job.reading import DocumentError, check_method, first_error
from unlearn_job.settings import JobSettings
from unlearn_job.shots import given_shots
from unlearn_job.unlearn import Phrases, unlearn_all

IN_MEMORY: Final = "file:///in-memory"
"""Stands in documents for what has no address. It enters digests: those made here are of no use elsewhere."""


Concepts = str | Concept | Sequence[str | Concept]
"""One or several, as "NAME", "KIND:NAME" or with aliases and an anchor."""

Kept = str | Sequence[str | KeptConcept]
"""Concepts that stay, as "NAME" or "KIND:NAME"."""

Prompts = Mapping[ConceptKind, Sequence[str]]
"""Templates by kind of concept."""

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def validated(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Hold arguments to their annotations before anything is drawn; one sentence says what breaks a rule.

    What pydantic can read as what is meant is taken so: a dict for a Probe, "style" for a kind.
    """
    checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(function)

    @wraps(function)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        try:
            return checked(*arguments, **named)
        except ValidationError as exc:
            raise DocumentError(f"{function.__name__}: {first_error(exc)}") from exc

    return call


@dataclass(frozen=True)
class Erased:
    """New encoders and their evidence.

    Attributes
    ----------
    encoders: by component, in the pipeline's precision and on its device, to be put into the pipeline.
    report: what the probe found; `report.to_json()` is probe.json.
    broken: sentences on gates that do not hold, and on concepts that the base model does not draw, of which
        no figure proves anything; empty where all is well.

    """

    encoders: Mapping[str, PreTrainedModel]
    report: ProbeReport
    broken: tuple[str, ...]

    @property
    def encoder(self) -> PreTrainedModel:
        """The encoder; the first one where several were edited."""
        return next(iter(self.encoders.values()))


@validated
def erase(
    pipeline: DiffusionPipeline,
    *,
    concept: Concepts,
    method: str | MethodSpec | None = None,
    preserve: Kept = (),
    holdout: Kept = (),
    judge: Judge | None = None,
    surrogate: DiffusionPipeline | None = None,
    encoder: str | Sequence[str] = "text_encoder",
    prompts: Prompts | None = None,
    probe: Probe | None = None,
    gates: Gates | None = None,
    features: FeatureModels | None = None,
    seed: int = 0,
) -> Erased:
    """Unlearn concepts in a pipeline's text encoders and probe the result. The pipeline is not changed.

    As in a Job, words that the encoder takes for the concept's name are looked for first and go with it, and
    what the judge knows near it is preserved.

    Parameters
    ----------
    pipeline
        Text-to-video pipeline.
    concept
        What shall go, as "NAME" of an object or "KIND:NAME", or a `Concept` with aliases and an anchor; or
        several of either, which go at once.
    method
        Name of the method, or with parameters; None is the default, which needs no surrogate.
    preserve
        Concepts that must stay, as "NAME" of the (first) concept's kind or "KIND:NAME".
    holdout
        The same, but only probed: evidence for what no list names.
    judge
        Says whether a picture shows a concept; `unlearn_job.judges.loading.open_judge` opens a model. None
        fetches CLIP ViT-L/14 from the Hub once, and asks it zero-shot.
    surrogate
        Text-to-image pipeline that shares the encoder, for methods that train through it, and for images that
        cost less than clips.
    encoder
        Component that is edited, or several that are edited and probed together: the first of them chooses
        anchors and neighbours.
    prompts
        Templates by kind, each with {} for the concept; built-in ones for kinds that are missing.
    probe
        How much is generated.
    gates
        Bounds that the figures are held to.
    features
        Models in whose features pictures before and after are compared (`unlearn_job.quality.features`);
        None takes the judge's.
    seed
        Everything random derives from it; in [0, 2**31).

    Raises
    ------
    PermanentFailure
        A parameter breaks a rule, the encoders differ, the method needs a surrogate, the judge does not know
        a concept, or what shall go shall stay as well; the message says what to change.
    TemporaryFailure
        A source cannot be reached.

    """
    asked = _Asked(pipeline, concept, preserve, holdout, judge, surrogate, encoder, prompts, probe, seed)
    document, models, judge = asked.opened(method)
    given = given_shots(document, models, JobSettings().cache_dir)
    found = discover(models, judge, document)
    document = found.document
    base = draw_base(models, judge, document, whole=True)
    phrases = Phrases()
    changed = unlearn_all(models, document, judge, given=given, alone=found.alone, phrases=phrases)
    report = draw_new(models, changed, judge, document, base, features=features).discovered(
        found.aliases, found.neighbours, phrases
    )
    served = {name: one.to(models.dtype) for name, one in models.by_component(changed).items()}
    unknown = tuple(
        f"{erasure.concept.name} is not drawn by the base model; its figures prove nothing"
        for erasure in document.adds
        if erasure.digest in base.not_present
    )
    return Erased(served, report, (*unknown, *broken_gates(gates or Gates(), report.figures)))


@validated
def identify(
    pipeline: DiffusionPipeline,
    *,
    concept: Concepts,
    preserve: Kept = (),
    holdout: Kept = (),
    judge: Judge | None = None,
    surrogate: DiffusionPipeline | None = None,
    encoder: str | Sequence[str] = "text_encoder",
    prompts: Prompts | None = None,
    probe: Probe | None = None,
    seed: int = 0,
) -> tuple[Identified, ...]:
    """Say whether a pipeline knows concepts, one answer for each. Parameters and failures as of `erase`."""
    asked = _Asked(pipeline, concept, preserve, holdout, judge, surrogate, encoder, prompts, probe, seed)
    document, models, judge = asked.opened()
    return answer(models, judge, document)


@validated
def probe(
    pipeline: DiffusionPipeline,
    changed: PreTrainedModel | Mapping[str, PreTrainedModel],
    *,
    concept: Concepts,
    preserve: Kept = (),
    holdout: Kept = (),
    judge: Judge | None = None,
    surrogate: DiffusionPipeline | None = None,
    encoder: str | Sequence[str] = "text_encoder",
    prompts: Prompts | None = None,
    probe: Probe | None = None,
    features: FeatureModels | None = None,
    seed: int = 0,
) -> ProbeReport:
    """Measure an encoder that anybody made, or several by component, against the pipeline's own.

    Parameters and failures as of `erase`.
    """
    asked = _Asked(pipeline, concept, preserve, holdout, judge, surrogate, encoder, prompts, probe, seed)
    document, models, judge = asked.opened()
    base = draw_base(models, judge, document, whole=True)
    return draw_new(models, measurable(models, changed), judge, document, base, features=features)


@validated
def attack(
    pipeline: DiffusionPipeline,
    changed: PreTrainedModel | Mapping[str, PreTrainedModel],
    *,
    concept: Concepts,
    attacks: str | Sequence[str] = "words",
    budget: Budget | None = None,
    preserve: Kept = (),
    holdout: Kept = (),
    judge: Judge | None = None,
    surrogate: DiffusionPipeline | None = None,
    encoder: str | Sequence[str] = "text_encoder",
    prompts: Prompts | None = None,
    probe: Probe | None = None,
    seed: int = 0,
) -> tuple[Outcome, ...]:
    """Look for inputs that bring concepts back from an encoder that anybody made.

    The pipeline's own encoder is the control: it answers the same prompts with the same seeds. Other
    parameters and failures are those of `erase`.

    Parameters
    ----------
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

    """
    names = (attacks,) if isinstance(attacks, str) else attacks
    for name in names:
        load_attack(name)
    asked = _Asked(pipeline, concept, preserve, holdout, judge, surrogate, encoder, prompts, probe, seed)
    document, models, judge = asked.opened()
    changed = measurable(models, changed)
    return tuple(outcomes(models, changed, judge, document, names, budget=budget or Budget()))


@dataclass(frozen=True)
class _Asked:
    """What every function is told, as `erase` has it."""

    pipeline: DiffusionPipeline
    concept: Concepts
    preserve: Kept
    holdout: Kept
    judge: Judge | None
    surrogate: DiffusionPipeline | None
    encoder: str | Sequence[str]
    prompts: Prompts | None
    probe: Probe | None
    seed: int

    def opened(self, method: str | MethodSpec | None = None) -> tuple[JobInput, Models, Judge]:
        """Return what the steps work on. Raises as `erase`."""
        document = self._document(method)
        check_method(document)
        models = models_of(self.pipeline, self.surrogate, document.base.components)
        judge = self.judge
        if judge is None:
            judge = judge_for(document, JobSettings().cache_dir, models.device)
        return document, models, judge

    def _document(self, method: str | MethodSpec | None) -> JobInput:
        if isinstance(method, str):
            config_of(method)
            method = MethodSpec(name=method)
        given = (self.concept,) if isinstance(self.concept, str | Concept) else self.concept
        concepts = [concept_of(one, ConceptKind.OBJECT) if isinstance(one, str) else one for one in given]
        if not concepts:
            raise DocumentError("concept is empty; name what shall go")
        return document_of(
            concepts,
            preserve=kept(self.preserve, concepts[0].kind),
            holdout=kept(self.holdout, concepts[0].kind),
            base=base_models(
                surrogate=None if self.surrogate is None else f"{IN_MEMORY}/surrogate",
                pipeline=f"{IN_MEMORY}/pipeline",
                encoders=(self.encoder,) if isinstance(self.encoder, str) else tuple(self.encoder),
            ),
            judge=judge_of(None if self.judge is None else f"{IN_MEMORY}/judge", None),
            storage=Storage(uri=IN_MEMORY),
            method=method or MethodSpec(),
            prompts={kind: tuple(texts) for kind, texts in (self.prompts or {}).items()},
            probe=self.probe or Probe(),
            seed=self.seed,
        )

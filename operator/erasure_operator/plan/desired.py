"""The desired set of a VideoModel: its erasures with their digests and gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.video_model import VideoModel
from erasure_operator.plan.gates import GatesInForce
from erasure_operator.plan.snapshot import Snapshot
from unlearn_job.contract.concept import Erasure, KeptConcept
from unlearn_job.contract.gates import Gates
from unlearn_job.contract.key import erasure_digest
from unlearn_job.contract.method import MethodConfig
from unlearn_job.contract.sources import BaseModels

Methods = Mapping[str, type[MethodConfig]]
"""Name of a method in a VideoModel -> its parameters: `unlearn_job.methods.configs()`."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What is asked for, oldest erasure first."""

    erasures: Mapping[str, Erasure]
    """ConceptErasure name -> what a Job is told. Two names may share a digest: the same erasure twice."""
    gates: GatesInForce
    incomplete: bool = False
    """An erasure is left out because its digest is not known: nothing may be concluded from its absence."""
    problem: str | None = None
    """Why the method cannot be used: one sentence. The digests are then the last known ones, so that what is
    served stays, and nothing is built."""

    @property
    def digests(self) -> frozenset[str]:
        """The desired set."""
        return frozenset(erasure.digest for erasure in self.erasures.values())

    @property
    def by_digest(self) -> dict[str, Erasure]:
        """The erasures by digest, oldest first; the older name of two that are the same."""
        found: dict[str, Erasure] = {}
        for erasure in self.erasures.values():
            found.setdefault(erasure.digest, erasure)
        return found


def desired(snapshot: Snapshot, methods: Methods) -> Desired:
    """Work out the desired set. An erasure that is being deleted is no longer part of it."""
    model = snapshot.model
    config = resolve_method(model, methods)
    erasures: dict[str, Erasure] = {}
    gates: dict[str, Gates] = {}
    for item in in_order(snapshot.erasures):
        digest = item.status.digest if isinstance(config, str) else digest_of(item, model, config)
        if digest is None:
            continue
        erasures[item.metadata.name] = Erasure(
            digest=digest,
            name=item.metadata.name,
            concept=item.spec.concept,
            preserve=preserved(item, model),
            reference=item.spec.reference,
        )
        if item.spec.gates is not None:
            gates[digest] = item.spec.gates.stricter(gates.get(digest, item.spec.gates))
    return Desired(
        erasures=erasures,
        incomplete=len(erasures) < len(in_order(snapshot.erasures)),
        gates=GatesInForce(model=model.spec.gates, by_digest=gates),
        problem=config if isinstance(config, str) else None,
    )


def in_order(erasures: tuple[ConceptErasure, ...]) -> list[ConceptErasure]:
    """Sort by age, then by name, without those being deleted: the order of batches and of conflicts."""
    living = (item for item in erasures if item.metadata.deletion_timestamp is None)
    return sorted(living, key=lambda item: (created(item), item.metadata.name))


def created(item: ConceptErasure) -> datetime:
    """Return when an object was created; an unset time is the oldest."""
    return item.metadata.creation_timestamp or datetime.min.replace(tzinfo=UTC)


def digest_of(item: ConceptErasure, model: VideoModel, config: MethodConfig) -> str:
    """Identify an erasure under the VideoModel's present base, method, retain set, prompts and seed."""
    return erasure_digest(
        base=base_models(model),
        concept=item.spec.concept,
        preserve=preserved(item, model),
        method_name=model.spec.method.name,
        method=config,
        prompts={kind.value: templates for kind, templates in model.spec.prompts.items()},
        seed=model.spec.seed,
    )


def preserved(item: ConceptErasure, model: VideoModel) -> tuple[KeptConcept, ...]:
    """Join the erasure's own list and the model's, in that order, without repetition.

    A concept that another erasure takes away stays in: each digest depends on its own erasure alone, and the
    Job never retains what it erases.
    """
    return tuple(dict.fromkeys((*item.spec.preserve, *model.spec.preserve)))


def base_models(model: VideoModel) -> BaseModels:
    """Name what releases of the model start from."""
    surrogate = model.spec.surrogate
    return BaseModels(
        surrogate=surrogate.source if surrogate else None,
        pipeline=model.spec.pipeline.source,
        encoder=model.spec.encoder,
        encoders=model.spec.encoders,
    )


def resolve_method(model: VideoModel, methods: Methods) -> MethodConfig | str:
    """Return the method's validated parameters, or one sentence that says why there are none."""
    spec = model.spec.method
    found = methods.get(spec.name)
    if found is None:
        return f'Method "{spec.name}" is unknown; the methods are: {", ".join(sorted(methods))}.'
    try:
        config = found.model_validate(dict(spec.parameters))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "parameters"
        allowed = ", ".join(field.alias or name for name, field in found.model_fields.items()) or "none"
        return f'Method "{spec.name}", parameter "{where}": {first["msg"]}. Its parameters are: {allowed}.'
    if config.uses_surrogate and model.spec.surrogate is None:
        return f'Method "{spec.name}" goes through a text-to-image pipeline; set spec.surrogate.'
    return config

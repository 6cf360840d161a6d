"""From the store to the one frozen snapshot that the plan decides on."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.constants import MODEL_LABEL, ROLLOUT_ANNOTATION
from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.api.video_model import VideoModel
from erasure_operator.plan.snapshot import Snapshot
from erasure_operator.read_job import read_job
from erasure_operator.read_workload import read_deployment
from erasure_operator.resources import (
    CONCEPT_ERASURES,
    DEPLOYMENTS,
    ENCODER_RELEASES,
    JOBS,
    PODS,
    VIDEO_MODELS,
    ModelKey,
    RawObject,
    Resource,
)
from erasure_operator.store import ParsedT, Store, Stored
from unlearn_job.contract.errors import PermanentFailure


class UnreadableObjectError(PermanentFailure):
    """An object of ours does not fit this version's schema.

    It stops its whole VideoModel. To pass it over would be worse: an erasure that we cannot read would count
    as taken back, and its concept would be served again.
    """

    reason = "UnreadableObject"


def observe(store: Store, key: ModelKey, model: VideoModel) -> Snapshot:
    """Gather everything that belongs to a VideoModel.

    Raises
    ------
    UnreadableObjectError
        One of its objects was stored under another schema.

    """
    pods = [pod.raw for pod in store.in_namespace(PODS, key.namespace) if _label(pod.raw) == key.name]
    return Snapshot(
        model=model,
        erasures=erasures_of(store, key),
        releases=_parse_all(_naming(store, ENCODER_RELEASES, key), EncoderRelease, ENCODER_RELEASES),
        jobs=tuple(
            read_job(job.raw, pods)
            for job in store.in_namespace(JOBS, key.namespace)
            if _label(job.raw) == key.name
        ),
        workloads=tuple(
            read_deployment(deployment.raw)
            for deployment in store.in_namespace(DEPLOYMENTS, key.namespace)
            if concerns(deployment.raw, model)
        ),
    )


def find_model(store: Store, key: ModelKey) -> VideoModel | None:
    """Return the VideoModel of a key; None where there is none, or where it is being deleted."""
    stored = store.get(VIDEO_MODELS, key.namespace, key.name)
    if stored is None or stored.raw["metadata"].get("deletionTimestamp"):
        return None
    return _parse(stored, VideoModel, VIDEO_MODELS)


def erasures_of(store: Store, key: ModelKey) -> tuple[ConceptErasure, ...]:
    """Return the ConceptErasures that name a VideoModel, whether it exists or not."""
    return _parse_all(_naming(store, CONCEPT_ERASURES, key), ConceptErasure, CONCEPT_ERASURES)


def all_keys(store: Store) -> set[ModelKey]:
    """Return every VideoModel that exists or that an erasure names."""
    keys = {_key(stored.raw, stored.raw["metadata"]["name"]) for stored in store.all(VIDEO_MODELS)}
    for erasure in store.all(CONCEPT_ERASURES):
        keys.add(_key(erasure.raw, erasure.raw["spec"]["videoModel"]))
    return keys


def concerns(deployment: RawObject, model: VideoModel) -> bool:
    """Say whether a target of the model selects the workload, or the model rolled out to it before."""
    metadata = deployment["metadata"]
    if metadata["namespace"] != model.metadata.namespace:
        return False
    key = ModelKey(model.metadata.namespace, model.metadata.name)
    if (metadata.get("annotations") or {}).get(ROLLOUT_ANNOTATION) == str(key):
        return True
    labels = metadata.get("labels") or {}
    return any(
        target.selector.match_labels.items() <= labels.items()
        for wave in model.spec.rollout.waves
        for target in wave.targets
    )


def _naming(store: Store, resource: Resource, key: ModelKey) -> list[Stored]:
    return [
        stored
        for stored in store.in_namespace(resource, key.namespace)
        if (stored.raw.get("spec") or {}).get("videoModel") == key.name
    ]


def _parse_all(objects: Iterable[Stored], model: type[ParsedT], resource: Resource) -> tuple[ParsedT, ...]:
    return tuple(_parse(stored, model, resource) for stored in objects)


def _parse(stored: Stored, model: type[ParsedT], resource: Resource) -> ParsedT:
    try:
        return stored.parse(model)
    except ValidationError as exc:
        metadata = stored.raw["metadata"]
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnreadableObjectError(
            f"{resource.kind} {metadata.get('namespace')}/{metadata['name']} does not fit this version: "
            f"{where}: {first['msg']}"
        ) from exc


def _key(raw: RawObject, name: str) -> ModelKey:
    return ModelKey(raw["metadata"].get("namespace", ""), name)


def _label(raw: RawObject) -> str | None:
    labels: dict[str, str] = raw["metadata"].get("labels") or {}
    return labels.get(MODEL_LABEL)

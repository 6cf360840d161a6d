"""Kopf's handlers: each takes the object into the store and wakes the VideoModels that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import kopf

from erasure_operator.api.constants import MODEL_LABEL, ROLLOUT_ANNOTATION
from erasure_operator.observe import UnreadableObjectError, concerns, find_model
from erasure_operator.resources import (
    CONCEPT_ERASURES,
    DEPLOYMENTS,
    ENCODER_RELEASES,
    JOBS,
    PODS,
    VIDEO_MODELS,
    WATCHED,
    ModelKey,
    RawObject,
    Resource,
)
from erasure_operator.store import Store

Wake = Callable[[ModelKey], None]


def register(registry: kopf.OperatorRegistry, store: Store, wake: Wake) -> None:
    """Watch every kind. `on.event` alone: any other handler would make Kopf write into the objects."""
    for resource in WATCHED:
        kopf.on.event(
            group=resource.group,
            version=resource.version,
            plural=resource.plural,
            id=f"wake-{resource.plural}",
            registry=registry,
        )(_handler(resource, store, wake))


def concerned(resource: Resource, raw: RawObject, store: Store) -> Iterable[ModelKey]:
    """Name the VideoModels whose next pass an object may change."""
    metadata = raw["metadata"]
    namespace = metadata.get("namespace", "")
    if resource is VIDEO_MODELS:
        return (ModelKey(namespace, metadata["name"]),)
    if resource in (CONCEPT_ERASURES, ENCODER_RELEASES):
        name = (raw.get("spec") or {}).get("videoModel")
        return (ModelKey(namespace, name),) if name else ()
    if resource in (JOBS, PODS):
        name = (metadata.get("labels") or {}).get(MODEL_LABEL)
        return (ModelKey(namespace, name),) if name else ()
    if resource is DEPLOYMENTS:
        return _models_of_workload(raw, store)
    return ()


def _models_of_workload(raw: RawObject, store: Store) -> set[ModelKey]:
    namespace = raw["metadata"]["namespace"]
    keys = set[ModelKey]()
    # Whoever rolled out to it last wants to know, even where no selector matches any more.
    owner, _, name = (raw["metadata"].get("annotations") or {}).get(ROLLOUT_ANNOTATION, "").partition("/")
    if owner == namespace and name:
        keys.add(ModelKey(namespace, name))
    for stored in store.in_namespace(VIDEO_MODELS, namespace):
        key = ModelKey(namespace, stored.raw["metadata"]["name"])
        try:
            model = find_model(store, key)
        except UnreadableObjectError:
            # The model's own pass reports it.
            continue
        if model is not None and concerns(raw, model):
            keys.add(key)
    return keys


def _handler(resource: Resource, store: Store, wake: Wake) -> Callable[..., Any]:
    async def take_in(event: kopf.RawEvent, **_: object) -> None:
        raw: RawObject = dict(event["object"])
        # A workload whose labels changed concerns the models that selected it before, too.
        before = store.get(resource, raw["metadata"].get("namespace", ""), raw["metadata"]["name"])
        keys = set(concerned(resource, before.raw, store)) if before else set()
        deleted = event["type"] == "DELETED"
        changed = store.remove(resource, raw) if deleted else store.put(resource, raw)
        if changed:
            for key in keys | set(concerned(resource, raw, store)):
                wake(key)

    return take_in

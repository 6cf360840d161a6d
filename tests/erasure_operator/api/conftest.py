"""Manifests that the API tests start from, and the schema as a validator without a cluster."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import jsonschema
import pytest

from erasure_operator.api.crd import KINDS, object_schema

Manifest = dict[str, Any]

VIDEO_MODEL: Manifest = {
    "apiVersion": "concept-erasure.io/v1alpha1",
    "kind": "VideoModel",
    "metadata": {"name": "storyboard"},
    "spec": {
        "surrogate": {"source": "s3://models/t2i"},
        "pipeline": {"source": "s3://models/t2v"},
        "judge": {"type": "clip", "source": "s3://models/judge"},
        "storage": {"uri": "s3://checkpoints/erasure"},
        "rollout": {"waves": [{"targets": [{"selector": {"matchLabels": {"app": "t2v"}}}]}]},
    },
}
CONCEPT_ERASURE: Manifest = {
    "apiVersion": "concept-erasure.io/v1alpha1",
    "kind": "ConceptErasure",
    "metadata": {"name": "takedown"},
    "spec": {
        "videoModel": "storyboard",
        "concept": {"name": "captain comet", "kind": "Character", "aliases": ["comet man"]},
        "preserve": [{"name": "captain whale", "kind": "Character"}],
    },
}
DIGEST = "0" * 64
ENCODER_RELEASE: Manifest = {
    "apiVersion": "concept-erasure.io/v1alpha1",
    "kind": "EncoderRelease",
    "metadata": {"name": "storyboard-0123456789"},
    "spec": {
        "videoModel": "storyboard",
        "document": {
            "model": "media.storyboard",
            "key": DIGEST,
            "base": {"pipeline": "s3://models/t2v"},
            "adds": [{"digest": DIGEST, "name": "takedown", "concept": {"name": "captain comet"}}],
            "judge": {"type": "clip", "source": "s3://models/judge"},
            "storage": {"uri": "s3://checkpoints/erasure"},
        },
    },
}


def changed(manifest: Manifest, path: str, value: object) -> Manifest:
    """Return a copy with the field at a dotted path set."""
    copy = deepcopy(manifest)
    *parents, last = path.split(".")
    part = copy
    for name in parents:
        part = part.setdefault(name, {})
    part[last] = value
    return copy


@pytest.fixture(scope="session")
def refusals() -> Callable[[Manifest], list[str]]:
    """Paths at which the schema, without its CEL rules, refuses a manifest."""
    validators = {kind.name: jsonschema.Draft202012Validator(object_schema(kind)) for kind in KINDS}

    def check(manifest: Manifest) -> list[str]:
        errors = validators[manifest["kind"]].iter_errors(manifest)
        return [".".join(map(str, error.absolute_path)) for error in errors]

    return check

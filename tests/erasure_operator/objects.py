"""Objects as the API server returns them, with only what a test says."""

from __future__ import annotations

from typing import Any

from erasure_operator.api.constants import MODEL_LABEL, ROLLOUT_ANNOTATION
from unlearn_job.contract.key import release_key

NAMESPACE = "media"
DIGEST = "d" * 64
KEY = release_key(parent=None, adds=[DIGEST])


def metadata(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "uid": f"uid-of-{name}", "resourceVersion": "1"} | fields


def video_model(
    name: str = "storyboard", *, selects: dict[str, str] | None = None, **fields: Any
) -> dict[str, Any]:
    return {
        "apiVersion": "concept-erasure.io/v1alpha1",
        "kind": "VideoModel",
        "metadata": metadata(name, generation=3, **fields),
        "spec": {
            "pipeline": {"source": "s3://models/t2v"},
            "judge": {"type": "clip", "source": "s3://models/clip"},
            "storage": {"uri": "s3://checkpoints/erasure"},
            "rollout": {"waves": [{"targets": [{"selector": {"matchLabels": selects or {"app": "t2v"}}}]}]},
        },
    }


def erasure(name: str = "comet", *, model: str = "storyboard", **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "concept-erasure.io/v1alpha1",
        "kind": "ConceptErasure",
        "metadata": metadata(name, generation=1, **fields),
        "spec": {"videoModel": model, "concept": {"name": "captain comet", "kind": "Character"}},
    }


def release(*, model: str = "storyboard", **fields: Any) -> dict[str, Any]:
    name = f"{model}-{KEY[:10]}"
    return {
        "apiVersion": "concept-erasure.io/v1alpha1",
        "kind": "EncoderRelease",
        "metadata": metadata(name, generation=1, **fields),
        "spec": {
            "videoModel": model,
            "document": {
                "model": f"{NAMESPACE}.{model}",
                "key": KEY,
                "base": {"pipeline": "s3://models/t2v"},
                "adds": [
                    {
                        "digest": DIGEST,
                        "name": "comet",
                        "concept": {"name": "captain comet", "kind": "Character"},
                    }
                ],
                "judge": {"type": "clip", "source": "s3://models/clip"},
                "storage": {"uri": "s3://checkpoints/erasure"},
            },
        },
    }


def deployment(
    name: str = "server", *, labels: dict[str, str] | None = None, owner: str = ""
) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(
            name,
            generation=2,
            labels={"app": "t2v"} if labels is None else labels,
            annotations={ROLLOUT_ANNOTATION: owner} if owner else {},
        ),
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "server"}]}}},
    }


def job(name: str = "storyboard-0", *, model: str = "storyboard", **status: Any) -> dict[str, Any]:
    return {"metadata": metadata(name, labels={MODEL_LABEL: model}), "spec": {}, "status": status}


def pod(name: str, *, of: str = "storyboard-0", model: str = "storyboard", **status: Any) -> dict[str, Any]:
    owners = [{"kind": "Job", "uid": f"uid-of-{of}"}]
    return {
        "metadata": metadata(name, labels={MODEL_LABEL: model}, ownerReferences=owners),
        "status": status,
    }

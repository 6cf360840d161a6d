"""A release's ConfigMap and Job as manifests: pure, so that golden files show what is applied.

Both belong to their EncoderRelease and go with it. The release belongs to the VideoModel, so deleting that
removes the records and the Jobs; what is published in S3 and what serves stays as it is.
"""

from __future__ import annotations

from typing import Any, Final

from erasure_operator.api.constants import API_VERSION, MODEL_LABEL, RELEASE_LABEL
from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseSpec
from erasure_operator.api.video_model import VideoModel
from erasure_operator.pod_security import container_security, pod_security
from erasure_operator.render_signing import signing_mounts, signing_variables, signing_volumes
from erasure_operator.resources import RawObject
from unlearn_job.contract.key import short_key
from unlearn_job.contract.result import ExitCode

CONTAINER: Final = "unlearn-job"
DOCUMENT: Final = "document.json"
_DOCUMENT_FOLDER: Final = "/etc/unlearn-job"
_WORK_FOLDER: Final = "/work"


def owned_labels(video_model: str, key: str) -> dict[str, str]:
    """Return the labels by which the operator finds again what it made for a release."""
    return {
        "app.kubernetes.io/managed-by": "concept-erasure-operator",
        MODEL_LABEL: video_model,
        RELEASE_LABEL: short_key(key),
    }


def owner_reference(kind: str, name: str, uid: str, *, blocks: bool) -> RawObject:
    """Return the reference by which garbage collection removes an object with its owner.

    Parameters
    ----------
    kind, name, uid
        The owner.
    blocks
        Whether an owner that is deleted in the foreground waits for this object. Clusters that enforce
        permissions for it ask for `update` on the owner's finalizers.

    """
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": blocks,
    }


def render_release(name: str, spec: EncoderReleaseSpec, model: VideoModel) -> RawObject:
    """Render an EncoderRelease. It never holds up the deletion of its VideoModel."""
    owner = owner_reference("VideoModel", model.metadata.name, model.metadata.uid, blocks=False)
    return {
        "apiVersion": API_VERSION,
        "kind": "EncoderRelease",
        "metadata": {
            "name": name,
            "namespace": model.metadata.namespace,
            "labels": owned_labels(model.metadata.name, spec.document.key),
            "ownerReferences": [owner],
        },
        "spec": spec.to_dict(),
    }


def render_config_map(release: EncoderRelease) -> RawObject:
    """Render the ConfigMap with the Job's input document. The API server keeps it from changing."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(release),
        "immutable": True,
        "data": {DOCUMENT: release.spec.document.to_json()},
    }


def render_job(release: EncoderRelease, model: VideoModel, *, default_image: str) -> RawObject:
    """Render the Job that builds a release.

    Parameters
    ----------
    release
        The release as the API server has it: its uid makes it the owner.
    model
        Settings of the Job's pod, and the secret with the storage's credentials.
    default_image
        Image with unlearn-job where the VideoModel names none.

    """
    settings = model.spec.job
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(release),
        "spec": {
            "activeDeadlineSeconds": settings.active_deadline_seconds,
            "backoffLimit": settings.backoff_limit,
            "completions": 1,
            "parallelism": 1,
            # A replacement before the old pod has ended would have two pods publish one release.
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": CONTAINER,
                            "operator": "In",
                            "values": [int(ExitCode.CONFIGURATION)],
                        },
                    },
                    {
                        "action": "Ignore",
                        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                    },
                ]
            },
            "template": {
                "metadata": {"labels": _metadata(release)["labels"]},
                "spec": _pod(release, model, default_image),
            },
        },
    }


def _pod(release: EncoderRelease, model: VideoModel, default_image: str) -> dict[str, Any]:
    template = model.spec.job.template
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [_container(model, default_image)],
        "volumes": [
            {"name": "document", "configMap": {"name": release.metadata.name}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "work", "emptyDir": {}},
            *signing_volumes(model.spec.signing),
            *template.volumes,
        ],
    }
    if template.service_account_name:
        pod["serviceAccountName"] = template.service_account_name
    if template.node_selector:
        pod["nodeSelector"] = dict(template.node_selector)
    if template.tolerations:
        pod["tolerations"] = list(template.tolerations)
    return pod


def _container(model: VideoModel, default_image: str) -> dict[str, Any]:
    template = model.spec.job.template
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": template.image or default_image,
        "command": ["unlearn-job"],
        "args": ["run", f"{_DOCUMENT_FOLDER}/{DOCUMENT}"],
        "workingDir": _WORK_FOLDER,
        "env": [
            # The root file system is read-only: caches of libraries go where there is room.
            {"name": "HOME", "value": _WORK_FOLDER},
            {"name": "HF_HOME", "value": f"{_WORK_FOLDER}/huggingface"},
            *signing_variables(model.spec.signing),
            *template.env,
        ],
        "volumeMounts": [
            {"name": "document", "mountPath": _DOCUMENT_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  (inside the container)
            {"name": "work", "mountPath": _WORK_FOLDER},
            *signing_mounts(model.spec.signing),
            *template.volume_mounts,
        ],
        "securityContext": container_security(),
        "terminationMessagePolicy": "File",
    }
    if template.image_pull_policy:
        container["imagePullPolicy"] = template.image_pull_policy
    if template.resources:
        container["resources"] = dict(template.resources)
    if model.spec.storage.credentials:
        container["envFrom"] = [{"secretRef": {"name": model.spec.storage.credentials.secret_name}}]
    return container


def _metadata(release: EncoderRelease) -> dict[str, Any]:
    # Blocking, so that a release which is deleted to be built again outlives its Job.
    owner = owner_reference("EncoderRelease", release.metadata.name, release.metadata.uid, blocks=True)
    return {
        "name": release.metadata.name,
        "namespace": release.metadata.namespace,
        "labels": owned_labels(release.spec.video_model, release.key),
        "ownerReferences": [owner],
    }

"""The private key of a VideoModel's signatures, as its Jobs get it: a file, and its path in the environment.

The operator names the Secret and reads nothing of it.
"""

from __future__ import annotations

from typing import Any, Final

from erasure_operator.api.video_model import Signing

VARIABLE: Final = "UNLEARN_SIGNING_KEY"
"""Where `unlearn_job.settings` looks for the path."""
_VOLUME: Final = "concept-erasure-signing"
_FOLDER: Final = "/etc/unlearn-job-signing"


def signing_volumes(signing: Signing | None) -> list[dict[str, Any]]:
    """Return the volume with the one key of the Secret that signs; none where nothing is signed."""
    if signing is None:
        return []
    # Optional, so that a missing Secret or key is a sentence of the Job's with exit code 78, and not a pod
    # that is ContainerCreating until the Job's deadline, with the reason among its events alone.
    items = [{"key": signing.key, "path": signing.key}]
    secret = {"secretName": signing.secret_name, "items": items, "optional": True}
    return [{"name": _VOLUME, "secret": secret}]


def signing_mounts(signing: Signing | None) -> list[dict[str, Any]]:
    """Return the mount of that volume."""
    if signing is None:
        return []
    return [{"name": _VOLUME, "mountPath": _folder(signing), "readOnly": True}]


def signing_variables(signing: Signing | None) -> list[dict[str, Any]]:
    """Return the variable that names the file."""
    if signing is None:
        return []
    return [{"name": VARIABLE, "value": f"{_folder(signing)}/{signing.key}"}]


def _folder(signing: Signing) -> str:
    """Name the Secret in the path, so that what a Job says about the file tells where to look."""
    return f"{_FOLDER}/{signing.secret_name}"

"""What every container of ours runs with: the restricted Pod Security profile and a little more."""

from __future__ import annotations

from typing import Any, Final

NOBODY: Final = 65532
"""User and group of our images."""


def container_security() -> dict[str, Any]:
    """Return a container's securityContext. Every field is said, so that none is the namespace's luck."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsGroup": NOBODY,
        "runAsNonRoot": True,
        "runAsUser": NOBODY,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def pod_security() -> dict[str, Any]:
    """Return a pod's securityContext."""
    return {
        "runAsGroup": NOBODY,
        "runAsNonRoot": True,
        "runAsUser": NOBODY,
        "seccompProfile": {"type": "RuntimeDefault"},
    }

"""The few calls the lab itself makes to the API server: apply an object, read one, patch a node's status.

Tests and the demo use kubectl or the Kubernetes client; the lab must not
need the operator's packages.
"""

import json
from types import TracebackType
from typing import Any, Final, Self

import httpx

from lab.component import LabContext
from lab.errors import LabError
from lab.probes import tls_context

__all__ = ["Api"]

FIELD_MANAGER: Final = "concept-erasure-lab"


class Api:
    """A session of the cluster's administrator with the API server."""

    def __init__(self, lab: LabContext) -> None:
        self._client = httpx.Client(
            base_url=lab.settings.api_url,
            verify=tls_context(lab.pki, lab.pki.pair("admin")),
            trust_env=False,
            timeout=10,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the object at a path of the API, or None where there is none.

        Raises
        ------
        LabError
            The API server answered with another error.
        """
        answer = self._client.get(path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _json(answer)

    def apply(self, manifest: dict[str, Any]) -> None:
        """Apply one object, server-side.

        Raises
        ------
        LabError
            The API server refused it.
        """
        metadata = manifest["metadata"]
        group = manifest["apiVersion"]
        kind = manifest["kind"].lower()
        plural = f"{kind}es" if kind.endswith(("s", "x")) else f"{kind}s"
        path = "/api/v1" if group == "v1" else f"/apis/{group}"
        namespace = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
        answer = self._client.patch(
            f"{path}{namespace}/{plural}/{metadata['name']}",
            params={"fieldManager": FIELD_MANAGER, "force": "true"},
            content=json.dumps(manifest),  # JSON is YAML
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        _json(answer)

    def patch_json(self, path: str, operations: list[dict[str, Any]]) -> None:
        """Send a JSON patch.

        Raises
        ------
        LabError
            The API server refused it.
        """
        headers = {"Content-Type": "application/json-patch+json"}
        _json(self._client.patch(path, content=json.dumps(operations), headers=headers))


def _json(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise LabError(
            f"The API server answered {answer.status_code} to {answer.request.url.path}: {answer.text[:500]}"
        )
    document: dict[str, Any] = answer.json()
    return document

"""The API server as the operator uses it: plain JSON in and out, four verbs, mapped errors.

The generated classes of the client are bypassed on purpose. They validate every answer against the schema
of one Kubernetes version, and we pass on fields of versions that we do not know. Connections, TLS and
credentials are the client's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.client.exceptions import ApiException

from erasure_operator.api.constants import FIELD_MANAGER
from erasure_operator.k8s_errors import kubernetes_errors
from erasure_operator.resources import RawObject, Resource

APPLY_PATCH: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"
_SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
_REQUEST_TIMEOUT_SECONDS: Final = 30.0
_PAGE_SIZE: Final = 500


@dataclass(frozen=True)
class Listing:
    """All objects of one kind at one moment."""

    objects: tuple[RawObject, ...]
    resource_version: str
    """The moment, comparable with an object's resourceVersion."""


class Cluster:
    """One API server. Every method raises the errors of `k8s_errors`, which name the object."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    @property
    def client(self) -> ApiClient:
        """The client below, for the parts of the Kubernetes library that need one."""
        return self._client

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def list(self, resource: Resource, namespace: str | None = None) -> Listing:
        """Read all objects of a kind, page by page.

        Parameters
        ----------
        resource
            The kind, with its label selector.
        namespace
            Only this namespace; None for all.

        """
        objects: list[RawObject] = []
        query: dict[str, str] = {"limit": str(_PAGE_SIZE)}
        if resource.label_selector:
            query["labelSelector"] = resource.label_selector
        while True:
            where = f" in {namespace}" if namespace else ""
            page = await self._call(
                "GET", resource.path(namespace), what=f"list {resource.plural}{where}", query=query
            )
            # A list leaves both out of its items.
            names = {"apiVersion": resource.api_version, "kind": resource.kind}
            objects += [names | item for item in page.get("items") or ()]
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return Listing(tuple(objects), str(metadata.get("resourceVersion", "")))
            query["continue"] = str(metadata["continue"])

    async def get(self, resource: Resource, namespace: str, name: str) -> RawObject:
        """Read one object."""
        return await self._call(
            "GET", resource.path(namespace, name), what=f"read {resource.kind} {namespace}/{name}"
        )

    async def apply(self, resource: Resource, manifest: RawObject, *, force: bool = False) -> RawObject:
        """Apply a manifest server-side: the operator then owns exactly the fields in it.

        Parameters
        ----------
        resource
            Kind of the manifest.
        manifest
            Complete intent; a field that an earlier one had and this one lacks is given up.
        force
            Take fields that another manager owns, instead of a FieldConflictError.

        """
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        return await self._call(
            "PATCH",
            resource.path(namespace, name),
            what=f"apply {resource.kind} {namespace}/{name}",
            query={
                "fieldManager": FIELD_MANAGER,
                "fieldValidation": "Strict",
                "force": "true" if force else "false",
            },
            body=manifest,
            content_type=APPLY_PATCH,
        )

    async def patch_status(
        self, resource: Resource, namespace: str, name: str, status: Mapping[str, object]
    ) -> RawObject:
        """Apply the status subresource. The operator is its only writer, so it takes what it sets."""
        manifest = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"namespace": namespace, "name": name},
            "status": status,
        }
        return await self._call(
            "PATCH",
            resource.path(namespace, name, "status"),
            what=f"write the status of {resource.kind} {namespace}/{name}",
            query={"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", "force": "true"},
            body=manifest,
            content_type=APPLY_PATCH,
        )

    async def merge(self, resource: Resource, namespace: str, name: str, patch: RawObject) -> RawObject:
        """Change single fields by a JSON merge patch."""
        return await self._call(
            "PATCH",
            resource.path(namespace, name),
            what=f"change {resource.kind} {namespace}/{name}",
            query={"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"},
            body=patch,
            content_type=MERGE_PATCH,
        )

    async def create(self, resource: Resource, manifest: RawObject) -> RawObject:
        """Create an object that must not exist."""
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        return await self._call(
            "POST",
            resource.path(namespace),
            what=f"create {resource.kind} {namespace}/{name}",
            query={"fieldManager": FIELD_MANAGER},
            body=manifest,
        )

    async def delete(self, resource: Resource, namespace: str, name: str, *, uid: str) -> None:
        """Delete exactly this object, in the foreground: it stays until what it owns is gone.

        Raises
        ------
        StaleObjectError
            Another object has the name by now.

        """
        await self._call(
            "DELETE",
            resource.path(namespace, name),
            what=f"delete {resource.kind} {namespace}/{name}",
            body={"propagationPolicy": "Foreground", "preconditions": {"uid": uid}},
        )

    async def _call(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Mapping[str, str] | None = None,
        body: RawObject | None = None,
        content_type: str = "application/json",
    ) -> RawObject:
        with kubernetes_errors(what):
            headers = {"Accept": "application/json", "Content-Type": content_type}
            verb, url, headers, payload, form = await self._client.param_serialize(
                method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            answer = await self._client.call_api(
                verb,
                f"{url}?{urlencode(query)}" if query else url,
                headers,
                payload,
                form,
                _request_timeout=_REQUEST_TIMEOUT_SECONDS,
            )
            content = await answer.read()  # type: ignore[no-untyped-call]
            if not 200 <= answer.status <= 299:
                raise ApiException(http_resp=answer)
            parsed: RawObject = json.loads(content)
            return parsed


async def connect() -> Cluster:
    """Connect with the pod's ServiceAccount, or with KUBECONFIG outside a cluster.

    Raises
    ------
    kubernetes.aio.config.ConfigException
        There is neither.

    """
    configuration = Configuration()
    # The API server is never behind the proxy of the environment; Kopf ignores it as well.
    configuration.client_session_kwargs = {"trust_env": False}
    if _SERVICE_ACCOUNT.exists():
        config.load_incluster_config(  # type: ignore[no-untyped-call]
            client_configuration=configuration
        )
    else:
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            client_configuration=configuration
        )
    return Cluster(ApiClient(configuration))

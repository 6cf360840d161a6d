"""Kopf, embedded: it watches, and our handlers wake the queue. It writes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

import kopf
from kubernetes.aio.client import Configuration

from erasure_operator.api.constants import FIELD_MANAGER
from erasure_operator.handlers import Wake, register
from erasure_operator.resources import WATCHED
from erasure_operator.store import Store

_PAGE_SIZE: Final = 500
_REQUEST_TIMEOUT_SECONDS: Final = 30.0


class Watcher:
    """One embedded Kopf.

    Parameters
    ----------
    store
        Where objects go.
    wake
        Called with every VideoModel that an event concerns.
    namespaces
        Only these; empty for all.
    configuration
        Address and credentials of the API server.

    """

    def __init__(
        self, store: Store, wake: Wake, namespaces: Sequence[str], configuration: Configuration
    ) -> None:
        self._registry = kopf.OperatorRegistry()
        register(self._registry, store, wake)
        kopf.on.login(registry=self._registry)(_login_with(configuration))
        self._namespaces = list(namespaces)
        self._stop = asyncio.Event()
        self._ready = asyncio.Event()

    async def start(self) -> asyncio.Task[None]:
        """Start watching. The task ends with `stop`, or with an error when Kopf cannot go on."""
        before = set(asyncio.all_tasks())
        tasks = await kopf.spawn_tasks(
            registry=self._registry,
            settings=kopf_settings(),
            # Else Kopf asks for the name of the user, which the uid of a container does not have.
            identity=cast("Any", FIELD_MANAGER),
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._stop,
            ready_flag=self._ready,
        )
        # Kopf takes every task that is younger than itself for its own and ends it when it ends itself.
        return asyncio.create_task(kopf.run_tasks(tasks, ignored=before), name="kopf")

    def stop(self) -> None:
        """Ask Kopf to end."""
        self._stop.set()


def kopf_settings() -> kopf.OperatorSettings:
    """Return settings under which Kopf only reads."""
    settings = kopf.OperatorSettings()
    # Our events are posted by `apply`, after the status that they tell of.
    settings.posting.enabled = False
    settings.posting.level = logging.CRITICAL
    # No watches on CRDs and namespaces, and no rights for them.
    settings.scanning.disabled = True
    # Nothing of ours keeps state or finalizers, so nothing of this is ever written; if it were, it would not
    # be under Kopf's own domain in other people's objects.
    settings.persistence.finalizer = "concept-erasure.io/unused"
    settings.persistence.progress_storage = kopf.StatusProgressStorage(field="status.unused")
    settings.persistence.diffbase_storage = kopf.StatusDiffBaseStorage(field="status.unused")
    settings.watching.chunk_size = _PAGE_SIZE
    for resource in WATCHED:
        if resource.label_selector:
            settings.watching.label_selectors[resource.group, resource.version, resource.plural] = (
                resource.label_selector
            )
    settings.networking.request_timeout = _REQUEST_TIMEOUT_SECONDS
    # The kubelet ends what hangs; a SIGKILL of its own would also hit a process that only embeds us.
    settings.process.ultimate_exiting_timeout = None
    return settings


def _login_with(configuration: Configuration) -> Callable[..., Awaitable[kopf.ConnectionInfo]]:
    """Give Kopf the client's credentials, so that both agree and kubeconfigs with plugins work.

    Kopf asks again when the API server refuses them, which is how a token that was rotated reaches it.
    """

    async def login(**_: object) -> kopf.ConnectionInfo:
        header = await configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or ""
        token = header.partition(" ")[2]
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            scheme="Bearer" if token else None,
            token=token or None,
        )

    return login

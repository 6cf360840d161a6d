"""Fill the store by lists: before anything is decided, then now and then in case a watch lost something."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from erasure_operator.cluster import Cluster, Listing
from erasure_operator.handlers import Wake
from erasure_operator.observe import all_keys
from erasure_operator.resources import WATCHED, Resource
from erasure_operator.store import Store
from unlearn_job.contract.errors import ErasureError

log = structlog.get_logger()

_RETRY_SECONDS: Final = 2.0
_FIRST_RESYNC_SECONDS: Final = 15.0
"""The first one comes early: it finds what was deleted between the seeding list and Kopf's own."""


class Feeder:
    """Lists of all watched kinds.

    Parameters
    ----------
    cluster
        Where to list.
    store
        What to fill.
    namespaces
        Only these; empty for all.
    wake
        Called for every VideoModel after each round.

    """

    def __init__(self, cluster: Cluster, store: Store, namespaces: Sequence[str], wake: Wake) -> None:
        self._cluster = cluster
        self._store = store
        self._namespaces = tuple(namespaces)
        self._wake = wake

    async def seed(self) -> None:
        """List every kind, as often as it takes: at first installation our own kinds may still be missing."""
        for resource in WATCHED:
            while True:
                try:
                    self._store.replace(resource, await self._list(resource))
                    break
                except ErasureError as exc:
                    log.warning("kind cannot be listed yet", kind=resource.kind, error=str(exc))
                    await asyncio.sleep(_RETRY_SECONDS)
        self.wake_all()

    async def resync(self, interval: timedelta) -> None:
        """List everything again and again, and wake every VideoModel, until cancelled."""
        pause = min(_FIRST_RESYNC_SECONDS, interval.total_seconds())
        while True:
            await asyncio.sleep(pause)
            pause = interval.total_seconds()
            for resource in WATCHED:
                try:
                    changed = self._store.replace(resource, await self._list(resource))
                except ErasureError as exc:
                    log.warning("kind cannot be listed", kind=resource.kind, error=str(exc))
                    continue
                log.debug("kind listed", kind=resource.kind, changed=len(changed))
            self.wake_all()

    def wake_all(self) -> None:
        """Wake every VideoModel, and every name that an erasure gives to one that does not exist."""
        for key in all_keys(self._store):
            self._wake(key)

    async def _list(self, resource: Resource) -> Listing:
        if not self._namespaces:
            return await self._cluster.list(resource)
        parts = [await self._cluster.list(resource, namespace) for namespace in self._namespaces]
        # The oldest moment holds for all of them.
        oldest = min(
            (part.resource_version for part in parts), key=lambda text: int(text) if text.isdigit() else 0
        )
        return Listing(tuple(raw for part in parts for raw in part.objects), oldest)

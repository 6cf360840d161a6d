"""A Lease object as the lock of the Kubernetes library's leader election.

The library's own lock lets connection errors escape, which ends the election while its work goes on, and it
passes an argument that its generated client refuses. Here every failure is an answer: not held.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import structlog
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.leaderelection.leaderelectionrecord import LeaderElectionRecord
from kubernetes.aio.leaderelection.resourcelock.baselock import BaseLock

from erasure_operator.cluster import Cluster
from erasure_operator.k8s_errors import ObjectMissingError
from erasure_operator.resources import LEASES, RawObject
from unlearn_job.contract.errors import ErasureError

log = structlog.get_logger()

_NOT_FOUND: Final = '{"code": 404}'
"""What the election takes for a clean "there is no lock yet"."""


class LeaseLock(BaseLock):
    """One coordination.k8s.io/v1 Lease."""

    def __init__(self, cluster: Cluster, *, namespace: str, name: str, identity: str) -> None:
        super().__init__(name, namespace, identity)
        self._cluster = cluster
        self._resource_version = ""

    async def get(
        self, name: str, namespace: str
    ) -> tuple[bool, LeaderElectionRecord] | tuple[bool, Exception] | tuple[bool, None]:
        """Read who holds the lease."""
        try:
            lease = await self._cluster.get(LEASES, namespace, name)
        except ObjectMissingError as exc:
            return False, ApiException(status=404, reason=str(exc), body=_NOT_FOUND)
        except ErasureError as exc:
            return False, ApiException(status=0, reason=str(exc))
        self._resource_version = lease["metadata"]["resourceVersion"]
        return True, _record(lease.get("spec") or {})

    async def create(self, name: str, namespace: str, election_record: LeaderElectionRecord) -> bool:
        """Make the lease, held by us."""
        manifest = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"namespace": namespace, "name": name},
            "spec": _spec(election_record),
        }
        try:
            await self._cluster.create(LEASES, manifest)
        except ErasureError as exc:
            log.warning("lease not created", lease=f"{namespace}/{name}", error=str(exc))
            return False
        return True

    async def update(self, name: str, namespace: str, updated_record: LeaderElectionRecord) -> bool:
        """Take or renew the lease, unless somebody changed it since we read it."""
        patch = {"metadata": {"resourceVersion": self._resource_version}, "spec": _spec(updated_record)}
        try:
            await self._cluster.merge(LEASES, namespace, name, patch)
        except ErasureError as exc:
            log.warning("lease not renewed", lease=f"{namespace}/{name}", error=str(exc))
            return False
        return True

    async def release(self) -> None:
        """Give the lease up if we hold it, so that a standby need not wait for its end."""
        held, record = await self.get(self.name, self.namespace)
        if (
            not held
            or not isinstance(record, LeaderElectionRecord)
            or record.holder_identity != self.identity
        ):
            return
        patch = {
            "metadata": {"resourceVersion": self._resource_version},
            "spec": {"holderIdentity": None, "leaseDurationSeconds": 1},
        }
        try:
            await self._cluster.merge(LEASES, self.namespace, self.name, patch)
        except ErasureError as exc:
            log.warning("lease not released", lease=f"{self.namespace}/{self.name}", error=str(exc))


def _record(spec: RawObject) -> LeaderElectionRecord:
    """Read a Lease into the election's strings. It compares them, and reads holder and duration."""
    duration = spec.get("leaseDurationSeconds")
    return LeaderElectionRecord(
        spec.get("holderIdentity") or None,
        None if duration is None else str(duration),
        spec.get("acquireTime"),
        spec.get("renewTime"),
    )


def _spec(record: LeaderElectionRecord) -> dict[str, Any]:
    return {
        "holderIdentity": record.holder_identity,
        "leaseDurationSeconds": int(float(record.lease_duration or 0)),
        "acquireTime": _micro_time(record.acquire_time),
        "renewTime": _micro_time(record.renew_time),
    }


def _micro_time(text: str | None) -> str:
    """Write a time as metav1.MicroTime does: the election hands out local time without a zone."""
    at = datetime.fromisoformat(text) if text else datetime.now(UTC)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""Emit Kubernetes events. They are for people: losing one never fails a pass."""

from __future__ import annotations

from datetime import datetime

import structlog

from erasure_operator.cluster import Cluster
from erasure_operator.k8s_errors import ObjectExistsError
from erasure_operator.plan.actions import Event
from erasure_operator.render_event import render_event, timestamp
from erasure_operator.resources import EVENTS, RawObject
from unlearn_job.contract.errors import ErasureError

log = structlog.get_logger()


async def emit(cluster: Cluster, event: Event, about: RawObject, now: datetime) -> None:
    """Record an event, or count it once more where the same was said before."""
    manifest = render_event(event, about, now)
    try:
        try:
            await cluster.create(EVENTS, manifest)
        except ObjectExistsError:
            namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
            known = await cluster.get(EVENTS, namespace, name)
            again = {"count": int(known.get("count") or 1) + 1, "lastTimestamp": timestamp(now)}
            await cluster.merge(EVENTS, namespace, name, again)
    except ErasureError as exc:
        log.warning("event lost", kind=event.kind, name=event.name, reason=event.reason, error=str(exc))

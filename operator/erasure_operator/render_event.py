"""A Kubernetes event as a manifest."""

from __future__ import annotations

import hashlib
from datetime import datetime

from erasure_operator.api.constants import FIELD_MANAGER
from erasure_operator.plan.actions import Event
from erasure_operator.resources import RawObject

_MESSAGE_LIMIT = 1024
"""Bytes that the API server takes."""


def render_event(event: Event, about: RawObject, now: datetime) -> RawObject:
    """Render an event. Its name derives from what it says, so that a repetition is counted, not added.

    Parameters
    ----------
    event
        What happened.
    about
        The object as the API server has it.
    now
        Time of the pass.

    """
    metadata = about["metadata"]
    message = _cut(event.message)
    said = "\n".join((metadata["uid"], event.type, event.reason, message))
    at = timestamp(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{hashlib.sha256(said.encode()).hexdigest()[:16]}",
            "namespace": metadata["namespace"],
        },
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
        "type": event.type,
        "reason": event.reason,
        "message": message,
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }


def timestamp(now: datetime) -> str:
    """Write a time as metav1.Time does: UTC, whole seconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cut(message: str) -> str:
    encoded = message.encode()
    if len(encoded) <= _MESSAGE_LIMIT:
        return message
    return encoded[: _MESSAGE_LIMIT - 4].decode(errors="ignore") + " ..."

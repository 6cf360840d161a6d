from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import structlog.testing

from erasure_operator.cluster import Cluster
from erasure_operator.events import emit
from erasure_operator.plan.actions import Event
from erasure_operator.resources import EVENTS
from tests.erasure_operator.objects import video_model

pytestmark = pytest.mark.cluster

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVENT = Event("VideoModel", "storyboard", "Warning", "JobFailed", "The Job gave up.")


async def test_a_repeated_event_is_counted(cluster: Cluster, namespace: str) -> None:
    about = video_model()
    about["metadata"]["namespace"] = namespace
    for hour in range(3):
        await emit(cluster, EVENT, about, NOW + timedelta(hours=hour))
    (posted,) = (await cluster.list(EVENTS, namespace)).objects
    assert posted["count"] == 3
    assert (posted["firstTimestamp"], posted["lastTimestamp"]) == (
        "2026-03-01T00:00:00Z",
        "2026-03-01T02:00:00Z",
    )
    assert (posted["type"], posted["reason"], posted["message"]) == (
        "Warning",
        "JobFailed",
        "The Job gave up.",
    )


async def test_an_event_that_cannot_be_posted_is_lost_and_logged(cluster: Cluster) -> None:
    about = video_model()
    about["metadata"]["namespace"] = "no-such-namespace"
    with structlog.testing.capture_logs() as lines:
        await emit(cluster, EVENT, about, NOW)
    assert [line["event"] for line in lines] == ["event lost"]

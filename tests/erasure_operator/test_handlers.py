from __future__ import annotations

from typing import Any

import kopf
import pytest

from erasure_operator.handlers import concerned, register
from erasure_operator.resources import (
    CONCEPT_ERASURES,
    DEPLOYMENTS,
    ENCODER_RELEASES,
    JOBS,
    PODS,
    VIDEO_MODELS,
    WATCHED,
    ModelKey,
    Resource,
)
from erasure_operator.store import Store
from tests.erasure_operator.objects import deployment, erasure, job, pod, release, video_model

KEY = ModelKey("media", "storyboard")
OTHER = ModelKey("media", "other")


class Woken:
    """A store with handlers on it, and the keys that they woke."""

    def __init__(self) -> None:
        self.store = Store()
        self.keys: list[ModelKey] = []
        registry = kopf.OperatorRegistry()
        register(registry, self.store, self.keys.append)
        self.handlers = {handler.id: handler.fn for handler in registry._watching.get_all_handlers()}

    async def event(self, resource: Resource, kind: str | None, raw: dict[str, Any]) -> list[ModelKey]:
        self.keys.clear()
        await self.handlers[f"wake-{resource.plural}"](event={"type": kind, "object": raw})
        return sorted(self.keys)


@pytest.mark.parametrize(
    ("resource", "raw"),
    [
        (VIDEO_MODELS, video_model()),
        (CONCEPT_ERASURES, erasure()),
        (ENCODER_RELEASES, release()),
        (JOBS, job()),
        (PODS, pod("a")),
    ],
    ids=lambda value: value.kind if isinstance(value, Resource) else "",
)
async def test_every_kind_wakes_its_model(resource: Resource, raw: dict[str, Any]) -> None:
    assert await Woken().event(resource, "ADDED", raw) == [KEY]


async def test_a_workload_wakes_every_model_that_selects_it() -> None:
    woken = Woken()
    await woken.event(VIDEO_MODELS, None, video_model())
    await woken.event(VIDEO_MODELS, None, video_model("other", selects={"app": "t2v", "tier": "canary"}))
    assert await woken.event(DEPLOYMENTS, "ADDED", deployment("a")) == [KEY]
    both = deployment("b", labels={"app": "t2v", "tier": "canary"})
    assert await woken.event(DEPLOYMENTS, "ADDED", both) == [OTHER, KEY]
    assert await woken.event(DEPLOYMENTS, "ADDED", deployment("c", labels={"app": "else"})) == []


async def test_a_workload_that_leaves_a_selector_wakes_the_model_that_it_leaves() -> None:
    woken = Woken()
    await woken.event(VIDEO_MODELS, None, video_model())
    await woken.event(DEPLOYMENTS, None, deployment())
    moved = deployment(labels={"app": "else"})
    moved["metadata"]["resourceVersion"] = "2"
    assert await woken.event(DEPLOYMENTS, "MODIFIED", moved) == [KEY]


async def test_a_workload_wakes_the_model_that_rolled_out_to_it_even_before_that_is_known() -> None:
    raw = deployment(labels={}, owner="media/storyboard")
    assert await Woken().event(DEPLOYMENTS, None, raw) == [KEY]
    assert await Woken().event(DEPLOYMENTS, None, deployment(labels={}, owner="elsewhere/storyboard")) == []


async def test_what_the_store_knows_already_wakes_nobody() -> None:
    woken = Woken()
    woken.store.put(CONCEPT_ERASURES, erasure())
    assert await woken.event(CONCEPT_ERASURES, "MODIFIED", erasure()) == []


async def test_a_deletion_wakes_and_is_forgotten() -> None:
    woken = Woken()
    await woken.event(CONCEPT_ERASURES, None, erasure())
    assert await woken.event(CONCEPT_ERASURES, "DELETED", erasure()) == [KEY]
    assert woken.store.get(CONCEPT_ERASURES, "media", "comet") is None


async def test_a_model_that_cannot_be_read_keeps_no_workload_from_waking_others() -> None:
    woken = Woken()
    broken = video_model("other") | {"spec": {}}
    await woken.event(VIDEO_MODELS, None, broken)
    await woken.event(VIDEO_MODELS, None, video_model())
    assert await woken.event(DEPLOYMENTS, None, deployment()) == [KEY]


def test_only_plain_event_handlers_are_registered() -> None:
    registry = kopf.OperatorRegistry()
    register(registry, Store(), [].append)
    assert len(registry._watching.get_all_handlers()) == len(WATCHED)
    for kind in ("_changing", "_spawning", "_indexing", "_webhooks"):
        assert not list(getattr(registry, kind).get_all_handlers())


def test_an_unlabelled_pod_concerns_nobody() -> None:
    stranger = pod("a")
    stranger["metadata"]["labels"] = {}
    assert list(concerned(PODS, stranger, Store())) == []

"""The operator dies at moments drawn at random, and what it was doing is still done once."""

from __future__ import annotations

import random
import time

import pytest

from lab.kubectl import condition_of, wait_until
from lab.stage import SYSTEM_NAMESPACE
from tests.e2e.story import BUILD_SECONDS, Story

pytestmark = pytest.mark.cluster


def test_an_operator_that_is_killed_again_and_again_still_erases_once(story: Story) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"moments drawn with seed {seed}")  # noqa: T201  (shown when the test fails)
    moments = random.Random(seed)
    story.apply_model()
    name = story.erase("peter berg", "Person", aliases=["mister berg"], anchor="a man")
    next_kill = time.monotonic() + moments.uniform(0, 3)

    def erased() -> bool:
        nonlocal next_kill
        if time.monotonic() >= next_kill:
            story.stage.kubectl(
                *(
                    "delete",
                    "pods",
                    "--all",
                    "-n",
                    SYSTEM_NAMESPACE,
                    "--grace-period=0",
                    "--force",
                    "--wait=false",
                )
            )
            next_kill = time.monotonic() + moments.uniform(8, 20)
        ready = condition_of(story.stage.kubectl.find("conceptErasure", name, story.namespace), "Ready")
        return bool(ready and ready["status"] == "True")

    wait_until(f"{name} to be erased (seed {seed})", erased, BUILD_SECONDS + 60)
    assert story.served_concepts() == [{"peter berg"}] * 2
    assert len(story.jobs()) == len(story.releases()) == 1

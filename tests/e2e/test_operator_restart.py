"""The operator dies at moments drawn at random, and what it was doing is still done once."""

from __future__ import annotations

import random
import time

import pytest

from lab.errors import LabError
from lab.kubectl import KubectlError
from lab.stage import SYSTEM_NAMESPACE
from tests.e2e.story import BUILD_SECONDS, Story

pytestmark = pytest.mark.cluster
REPLICAS = 1


def erased_within(story: Story, name: str, seconds: float) -> bool:
    try:
        story.wait_erased(name, seconds)
    except KubectlError:
        raise  # refused, and not only too early
    except LabError:
        return False
    return True


def test_an_operator_that_is_killed_again_and_again_still_erases_once(story: Story) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"moments drawn with seed {seed}")  # noqa: T201  (shown when the test fails)
    moments = random.Random(seed)
    story.apply_model()
    name = story.erase("peter berg", "Person", aliases=["mister berg"], anchor="a man")
    deadline, quiet = time.monotonic() + BUILD_SECONDS + 60, moments.uniform(0, 3)
    while not erased_within(story, name, quiet):
        assert time.monotonic() < deadline, f"{name} was not erased (seed {seed})"
        story.stage.kubectl(
            *("delete", "pods", "--all", "-n", SYSTEM_NAMESPACE),
            *("--grace-period=0", "--force", "--wait=false"),
        )
        quiet = moments.uniform(8, 20)
    assert story.served_concepts() == [{"peter berg"}]
    assert len(story.jobs()) == len(story.releases()) == 1

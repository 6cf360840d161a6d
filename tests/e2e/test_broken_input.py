"""Bad input is refused by the API server or Stalled with a reason, and nobody else waits for it."""

from __future__ import annotations

import pytest

from lab.kubectl import KubectlError
from tests.e2e.story import Story

pytestmark = pytest.mark.cluster
REPLICAS = 1


@pytest.fixture(scope="module", autouse=True)
def good(story: Story) -> str:
    """One that is as it should be, and goes on beside all the others."""
    story.apply_model()
    return story.erase("robot", aliases=["android"], anchor="a thing")


def test_an_empty_concept_is_refused_by_the_api_server(story: Story) -> None:
    with pytest.raises(KubectlError, match=r"spec\.concept\.name"):
        story.erase("", name="nothing")


def test_an_unknown_model_stalls_the_erasure(story: Story) -> None:
    story.erase("cat", model="nobody", name="lost")
    message = story.wait_condition("conceptErasure", "lost", "Stalled", "VideoModelNotFound")
    assert "nobody" in message


def test_an_unknown_method_parameter_stalls_with_the_names_that_exist(story: Story) -> None:
    story.apply_model("wrong-method", method={"name": "closed-form", "parameters": {"retainMas": 10}})
    story.erase("cat", model="wrong-method", name="wrong")
    message = story.wait_condition("conceptErasure", "wrong", "Stalled", "InvalidMethod")
    assert "retainMas" in message
    assert "retainMass" in message


def test_a_source_that_does_not_exist_stalls_with_its_address(story: Story) -> None:
    missing = f"s3://{story.stage.site.s3.bucket}/models/nowhere"
    rollout = {"waves": [{"targets": [{"selector": {"matchLabels": {"app": "nothing"}}}]}]}
    story.apply_model("no-source", pipeline={"source": missing}, rollout=rollout)
    story.erase("cat", model="no-source", name="sourceless")
    message = story.wait_condition("conceptErasure", "sourceless", "Stalled", "JobFailed", 120)
    assert missing in message


def test_a_signing_key_that_does_not_exist_stalls_with_its_secret(story: Story) -> None:
    rollout = {"waves": [{"targets": [{"selector": {"matchLabels": {"app": "nothing"}}}]}]}
    story.apply_model("no-key", signing={"secretName": "nowhere"}, rollout=rollout)
    story.erase("cat", model="no-key", name="unsigned")
    message = story.wait_condition("conceptErasure", "unsigned", "Stalled", "JobFailed", 120)
    assert message.startswith("SigningKeyInvalid: cannot read")
    assert "nowhere/key.pem" in message


def test_a_good_erasure_beside_them_goes_on(story: Story, good: str) -> None:
    story.wait_erased(good)
    assert story.served_concepts() == [{"robot"}]

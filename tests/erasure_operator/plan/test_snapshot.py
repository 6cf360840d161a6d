from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from erasure_operator.plan.snapshot import EncoderMount, Job, JobState


def test_a_job_that_says_nothing_else_is_active() -> None:
    assert Job(name="storyboard-1").state is JobState.ACTIVE


def test_mounts_that_say_the_same_are_equal_and_cannot_change() -> None:
    said = {"key": "k", "uri": "s3://b", "manifest_sha256": "m", "container": "server", "path": "/encoder"}
    mount = EncoderMount(**said)
    assert mount == EncoderMount(**said)
    assert mount != EncoderMount(**said | {"path": ""})
    with pytest.raises(FrozenInstanceError):
        mount.key = "other"  # type: ignore[misc]

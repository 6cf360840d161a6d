"""Names of releases fit everything that is named after them."""

from __future__ import annotations

from erasure_operator.api.encoder_release import release_name
from unlearn_job.contract.key import SHORT_KEY_LENGTH


def test_the_longest_name_of_a_video_model_leaves_a_valid_job_name() -> None:
    assert len(release_name("m" * 52, "0123456789abcdef")) == 52 + 1 + SHORT_KEY_LENGTH == 63


def test_the_name_ends_with_the_short_key() -> None:
    assert release_name("storyboard", "0123456789abcdef") == "storyboard-0123456789"

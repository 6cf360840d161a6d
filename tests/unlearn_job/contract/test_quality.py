from __future__ import annotations

from unlearn_job.contract.quality import Quality


def test_a_newer_jobs_quality_is_read() -> None:
    assert Quality.from_json('{"features": "x", "sharpness": 3}') == Quality(features="x")

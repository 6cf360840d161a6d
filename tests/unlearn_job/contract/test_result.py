from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.contract.result import ExitCode, JobError, JobResult, Outcome, PeakMemory


def test_the_exit_codes_are_those_of_the_pod_failure_policy() -> None:
    assert [int(code) for code in ExitCode] == [0, 75, 78]


def test_a_result_survives_its_own_json() -> None:
    result = JobResult(
        key="a" * 64, outcome=Outcome.NOT_PRESENT, not_present=("b" * 64,), seconds={"load": 3}
    )
    assert JobResult.from_json(result.to_json()) == result


def test_a_sentence_has_a_bound() -> None:
    with pytest.raises(ValidationError):
        JobError(reason="x", message="y" * 1001)


def test_a_result_of_an_older_image_has_no_memory() -> None:
    plain = JobResult(key="a" * 64, outcome=Outcome.BUILT)
    assert "memory" not in plain.to_json()
    full = plain.model_copy(update={"memory": PeakMemory(plan="float32", process_mebibytes=900)})
    assert JobResult.from_json(full.to_json()) == full
    assert '"memory":{"plan":"float32","processMebibytes":900}' in full.to_json()

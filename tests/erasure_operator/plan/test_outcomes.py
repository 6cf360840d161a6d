from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from erasure_operator.api.encoder_release import ReleasePhase
from erasure_operator.plan.outcomes import GIVE_UP_AFTER, LONGEST_DELAY, SHORTEST_DELAY, settle
from erasure_operator.plan.snapshot import Job, JobState
from tests.erasure_operator.plan.builders import T0, digest, erasure, release, result_for
from unlearn_job.contract.result import JobError, Outcome

COMET = erasure("comet")
PENDING = release([COMET], outcome=None)
JOB = Job(name=PENDING.metadata.name)
NO_BUCKET = JobError(reason="NoBucket", message="It is gone.").to_json()
DONE = replace(JOB, state=JobState.COMPLETE, exit_code=0, finished_at=T0 + timedelta(minutes=5))
FAILED = replace(JOB, state=JobState.FAILED, exit_code=1, finished_at=T0 + timedelta(minutes=5))


def answering(outcome: Outcome) -> Job:
    return replace(DONE, message=result_for(PENDING, outcome, not_present=[digest(COMET)]).to_json())


@pytest.mark.parametrize(
    ("outcome", "phase"),
    [
        (Outcome.BUILT, ReleasePhase.BUILT),
        (Outcome.GATE_FAILED, ReleasePhase.BUILT),
        (Outcome.NOT_PRESENT, ReleasePhase.NOT_PRESENT),
    ],
)
def test_an_answer_is_recorded(outcome: Outcome, phase: ReleasePhase) -> None:
    status = settle(PENDING, answering(outcome)).status
    assert status.phase is phase
    assert status.result is not None
    assert status.completion_time == T0 + timedelta(minutes=5)
    assert (status.uri is not None) is (phase is ReleasePhase.BUILT)


def test_the_address_is_where_the_job_publishes() -> None:
    uri = settle(PENDING, answering(Outcome.BUILT)).status.uri
    assert uri == f"s3://checkpoints/erasure/media.storyboard/releases/{PENDING.key}"


def test_a_final_phase_does_not_change() -> None:
    built = release([COMET])
    assert settle(built, FAILED).status == built.status


@pytest.mark.parametrize("job", [None, replace(FAILED, deleting=True)], ids=["lost", "being deleted"])
def test_a_job_that_is_gone_says_nothing(job: Job | None) -> None:
    assert settle(PENDING, job).status == PENDING.status


def test_a_waiting_pod_is_told() -> None:
    settled = settle(PENDING, replace(JOB, waiting_reason="ImagePullBackOff"))
    assert settled.status.phase is ReleasePhase.BUILDING
    assert "ImagePullBackOff" in settled.message


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (replace(FAILED, exit_code=78, message=NO_BUCKET), "NoBucket: It is gone."),
        (replace(FAILED, exit_code=137, failure_message="OOM"), "exit code 137: OOM"),
        (replace(FAILED, exit_code=75, failure_reason="DeadlineExceeded"), "activeDeadlineSeconds"),
        (replace(DONE, message="{}"), "another version"),
        (replace(DONE, message=result_for(release([erasure("dora")])).to_json()), "another release"),
        (
            replace(
                DONE,
                message=result_for(PENDING).model_copy(update={"manifest_sha256": None}).to_json(),
            ),
            "without a manifest",
        ),
    ],
    ids=["configuration", "crash", "deadline", "unreadable", "wrong key", "no manifest"],
)
def test_what_needs_a_person_is_final(job: Job, told: str) -> None:
    settled = settle(PENDING, job)
    assert settled.status.phase is ReleasePhase.FAILED
    assert settled.retry_at is None
    assert told in settled.message


@pytest.mark.parametrize(
    "job",
    [replace(FAILED, exit_code=75), replace(FAILED, exit_code=None), replace(DONE, message=None)],
    ids=["temporary", "pod gone", "answer gone"],
)
def test_what_may_pass_is_tried_again(job: Job) -> None:
    settled = settle(PENDING, job)
    assert settled.status.phase is ReleasePhase.BUILDING
    assert settled.retry_at is not None


@pytest.mark.parametrize(
    ("failing", "delay"),
    [
        (timedelta(seconds=5), SHORTEST_DELAY),
        (timedelta(minutes=20), timedelta(minutes=20)),
        (timedelta(hours=9), LONGEST_DELAY),
    ],
)
def test_the_delay_grows_with_the_time_it_fails(failing: timedelta, delay: timedelta) -> None:
    ended = T0 + failing
    settled = settle(PENDING, replace(FAILED, exit_code=75, finished_at=ended))
    assert settled.retry_at == ended + delay


def test_a_day_of_temporary_failures_is_a_failure() -> None:
    settled = settle(PENDING, replace(FAILED, exit_code=75, finished_at=T0 + GIVE_UP_AFTER))
    assert settled.status.phase is ReleasePhase.FAILED

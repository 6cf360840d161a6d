"""What a Job's end says about its release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.plan.snapshot import Job, JobState
from unlearn_job.contract.result import ExitCode, JobError, JobResult, Outcome

SHORTEST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
"""A release whose Jobs have failed temporarily for so long is Failed, so that it blocks nobody for ever."""

UNFINISHED = (ReleasePhase.PENDING, ReleasePhase.BUILDING)


@dataclass(frozen=True, slots=True)
class Settled:
    """How a release stands after a look at its Job."""

    status: EncoderReleaseStatus
    """Without conditions of this pass: those are the business of `release_status`."""
    message: str = ""
    """What to tell about the Job."""
    retry_at: datetime | None = None
    """The Job ended without a verdict: it is to be made again, not before this time."""


def settle(release: EncoderRelease, job: Job | None) -> Settled:
    """Record what the Job reports. A final phase never changes; a lost or deleted Job says nothing."""
    status = release.status
    if status.phase not in UNFINISHED or job is None or job.deleting:
        return Settled(status)
    if job.state is JobState.ACTIVE:
        waiting = f"The Job's pod waits: {job.waiting_reason}." if job.waiting_reason else ""
        return Settled(_with(status, phase=ReleasePhase.BUILDING, job=job.name), waiting)
    if job.state is JobState.COMPLETE:
        return _completed(release, job)
    return _failed(release, job)


def _completed(release: EncoderRelease, job: Job) -> Settled:
    if not job.message:
        return _again(release, job, "The Job completed, but its pod is gone before its answer was read.")
    try:
        result = JobResult.from_json(job.message)
    except ValidationError:
        return _gave_up(
            release, job, "The Job's answer cannot be read; its image may belong to another version."
        )
    if result.key != release.key:
        return _gave_up(release, job, f"The Job answers for another release, {result.key[:10]}.")
    if result.outcome is Outcome.NOT_PRESENT:
        phase, uri = ReleasePhase.NOT_PRESENT, None
    elif result.manifest_sha256 is None:
        return _gave_up(release, job, "The Job reports a release without a manifest.")
    else:
        phase, uri = ReleasePhase.BUILT, release_uri(release)
    return Settled(
        _with(
            release.status,
            phase=phase,
            job=job.name,
            uri=uri,
            result=result,
            completion_time=job.finished_at,
        ),
        result.message,
    )


def _failed(release: EncoderRelease, job: Job) -> Settled:
    """Exit code 75, and a pod that left no code, may pass; everything else needs a person.

    The Job itself has tried `backoffLimit` times by now, with the delays of Kubernetes between.
    """
    if job.failure_reason == "DeadlineExceeded":
        return _gave_up(release, job, "The Job did not finish within spec.job.activeDeadlineSeconds.")
    told = _told(job)
    if job.exit_code is None or job.exit_code == ExitCode.TEMPORARY:
        return _again(release, job, told)
    return _gave_up(release, job, told)


def _told(job: Job) -> str:
    """Take the Job's own sentence, or say what Kubernetes knows."""
    if job.message:
        try:
            error = JobError.from_json(job.message)
        except ValidationError:
            pass
        else:
            return f"{error.reason}: {error.message}"
    code = "no exit code" if job.exit_code is None else f"exit code {job.exit_code}"
    known = job.failure_message or job.failure_reason or "no reason given"
    return f"The Job failed with {code}: {known}"


def _again(release: EncoderRelease, job: Job, message: str) -> Settled:
    """Wait as long as it has been failing, within bounds: an exponential backoff that needs no counter."""
    if job.finished_at is None:
        return Settled(release.status, message)
    since = release.metadata.creation_timestamp or job.finished_at
    failing = job.finished_at - since
    if failing >= GIVE_UP_AFTER:
        return _gave_up(release, job, f"{message} It has been failing for {GIVE_UP_AFTER}.")
    retry_at = job.finished_at + min(max(failing, SHORTEST_DELAY), LONGEST_DELAY)
    told = f"{message} Next attempt at {retry_at:%Y-%m-%d %H:%M:%S} UTC."
    return Settled(_with(release.status, phase=ReleasePhase.BUILDING, job=job.name), told, retry_at)


def _gave_up(release: EncoderRelease, job: Job, message: str) -> Settled:
    status = _with(release.status, phase=ReleasePhase.FAILED, job=job.name, completion_time=job.finished_at)
    return Settled(status, message)


def release_uri(release: EncoderRelease) -> str:
    """Name the folder that the Job publishes to."""
    document = release.spec.document
    return f"{document.storage.uri.rstrip('/')}/{document.release_prefix}"


def _with(status: EncoderReleaseStatus, **changes: object) -> EncoderReleaseStatus:
    return status.model_copy(update=changes)

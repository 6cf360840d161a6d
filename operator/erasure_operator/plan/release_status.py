"""Status of EncoderReleases.

The conditions carry the VideoModel's generation that the verdict was reached under (`catalogue.made_under`),
and are left alone while the verdict stays the same: a change of a VideoModel does not rewrite its history.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.plan.builds import Build
from erasure_operator.plan.catalogue import Catalogue, is_same
from erasure_operator.plan.conditions import Finding, State, conditions, ready
from erasure_operator.plan.outcomes import Settled


def release_status(
    release: EncoderRelease,
    settled: Settled,
    catalogue: Catalogue,
    failed: Collection[EncoderRelease],
    building: Build,
    *,
    generation: int,
    now: datetime,
) -> EncoderReleaseStatus:
    """Write how a release stands. `generation` is the VideoModel's."""
    status = settled.status
    starts = building.starts and is_same(release, building.release)
    if starts:
        status = status.model_copy(update={"phase": ReleasePhase.BUILDING, "job": release.metadata.name})
    old = ready(release.status.conditions)
    if status.phase is ReleasePhase.FAILED and old is not None and old.reason == Reason.JOB_FAILED:
        return status  # final, and only the pass that saw the Job knew its words
    finding = _finding(release, status, settled, catalogue, failed)
    same = old is not None and (old.reason, old.message) == (finding.reason.value, finding.message)
    job_goes_on_or_ended = old is not None and old.reason == Reason.BUILDING and not starts
    marked = finding.reason is Reason.ROLLOUT_FAILED
    keeps = old is not None and (same or job_goes_on_or_ended) and not starts and not marked
    return status.model_copy(
        update={
            "observed_generation": release.metadata.generation,
            "conditions": conditions(
                release.status.conditions,
                finding,
                generation=old.observed_generation if old is not None and keeps else generation,
                now=now,
            ),
        }
    )


def _finding(
    release: EncoderRelease,
    status: EncoderReleaseStatus,
    settled: Settled,
    catalogue: Catalogue,
    failed: Collection[EncoderRelease],
) -> Finding:
    match status.phase:
        case ReleasePhase.FAILED:
            return Finding(State.STALLED, Reason.JOB_FAILED, settled.message)
        case ReleasePhase.NOT_PRESENT:
            return Finding(State.READY, Reason.NOT_PRESENT, "The base model does not draw what was to go.")
        case ReleasePhase.BUILT:
            broken = catalogue.gates.broken(release)
            if broken:
                return Finding(State.STALLED, Reason.GATE_FAILED, "; ".join(broken))
            if any(is_same(release, other) for other in failed):
                return Finding(State.STALLED, Reason.ROLLOUT_FAILED, ROLLOUT_FAILED_MESSAGE)
            return Finding(State.READY, Reason.BUILT, "Published, and the gates hold.")
        case _:
            return Finding(State.RECONCILING, Reason.BUILDING, settled.message)


ROLLOUT_FAILED_MESSAGE = (
    "Pods of a target did not become Ready on this release before the progress deadline. "
    "It is tried again when the VideoModel changes."
)

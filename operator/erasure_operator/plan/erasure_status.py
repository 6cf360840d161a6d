"""Status of ConceptErasures.

An erasure is Ready when every pod of every target serves a release that contains exactly what its spec and
the VideoModel now ask for. After a change of either it is Reconciling until that is built and served,
although the old encoder serves all the while: Ready says that the present spec is in force, and nothing less.
"""

from __future__ import annotations

from datetime import datetime

from erasure_operator.api.concept_erasure import ConceptErasure, ConceptErasureStatus
from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.plan.catalogue import digests
from erasure_operator.plan.conditions import Finding, State, conditions
from erasure_operator.plan.conflicts import conflict_message
from erasure_operator.plan.decision import Decision
from erasure_operator.plan.release_status import ROLLOUT_FAILED_MESSAGE
from erasure_operator.plan.rollout import serves
from erasure_operator.plan.targets import Selected
from unlearn_job.contract.figures import Tally


def erasure_status(item: ConceptErasure, decision: Decision) -> ConceptErasureStatus:
    """Write how an erasure stands."""
    if decision.asked.problem is not None:
        finding = Finding(State.STALLED, Reason.INVALID_METHOD, decision.asked.problem)
        return with_finding(item, item.status, finding, decision.now)
    digest = decision.asked.erasures[item.metadata.name].digest
    finding = _finding(digest, decision)
    warning = conflict_message(item, decision.snapshot.erasures)
    if warning:
        finding = Finding(finding.state, finding.reason, f"{finding.message} {warning}".strip())
    shown = _shown(digest, decision)
    status = ConceptErasureStatus(
        digest=digest,
        release=shown.metadata.name if shown else None,
        residual=residual(digest, shown) if shown else None,
        pods=_pods(digest, decision),
        conditions=item.status.conditions,
    )
    return with_finding(item, status, finding, decision.now)


def with_finding(
    item: ConceptErasure, status: ConceptErasureStatus, finding: Finding, now: datetime
) -> ConceptErasureStatus:
    """Put a finding into a status: conditions, phase and generation."""
    generation = item.metadata.generation
    return status.model_copy(
        update={
            "observed_generation": generation,
            "phase": finding.reason.value,
            "conditions": conditions(item.status.conditions, finding, generation=generation, now=now),
        }
    )


def _finding(digest: str, decision: Decision) -> Finding:
    """Say the first thing that is true, from what is final to what is still to come."""
    catalogue = decision.catalogue
    if digest in catalogue.not_present():
        return Finding(State.READY, Reason.NOT_PRESENT, "The model does not know the concept.")
    goal = decision.goal.release if decision.goal else None
    if goal is not None and digest in digests(goal):
        return _served(goal, digest, decision)
    if digest in (alone := catalogue.failed_alone()):
        return _failed(alone[digest], decision)
    if any(digest in digests(release) for release in decision.in_place.failed):
        return Finding(State.STALLED, Reason.ROLLOUT_FAILED, ROLLOUT_FAILED_MESSAGE)
    return _still_to_come(digest, decision)


def _still_to_come(digest: str, decision: Decision) -> Finding:
    if digest in decision.building.adds:
        release = decision.building.release
        message = decision.settled[release.metadata.name].message if release else ""
        return Finding(State.RECONCILING, Reason.BUILDING, message or "A Job unlearns the concept.")
    if any(digest in digests(release) for release in decision.catalogue.admitted()):
        return Finding(
            State.RECONCILING,
            Reason.WAITING,
            "Built, but serving it now would bring back a concept that another erasure still takes away.",
        )
    return Finding(State.RECONCILING, Reason.WAITING, "Waits for another Job of the VideoModel.")


def _served(goal: EncoderRelease, digest: str, decision: Decision) -> Finding:
    """Say how far the release that contains the erasure has come."""
    broken = decision.catalogue.gates.broken(goal)
    if broken:
        told = "; ".join(broken)
        return Finding(
            State.STALLED, Reason.GATE_FAILED, f"Still served, but the gates in force break: {told}"
        )
    if not decision.targets:
        return Finding(State.RECONCILING, Reason.NO_TARGETS, "No workload matches the VideoModel's targets.")
    behind = [item for item in decision.targets if not _contains(item, digest, decision)]
    if not behind:
        return Finding(State.READY, Reason.SERVING, "Every pod of every target serves it.")
    return rollout_finding(behind)


def rollout_finding(behind: list[Selected]) -> Finding:
    """Say why targets are not on the goal yet; never called without any."""
    problems = [item.problem for item in behind if item.problem]
    if problems:
        return Finding(State.STALLED, Reason.CONFLICTING_TARGET, " ".join(problems))
    names = ", ".join(f"{item.workload.kind} {item.workload.name}" for item in behind)
    if any(item.stuck for item in behind):
        return Finding(State.STALLED, Reason.ROLLOUT_FAILED, f"Pods do not become Ready: {names}.")
    return Finding(State.RECONCILING, Reason.ROLLING_OUT, f"Waits for {names}.")


def _failed(release: EncoderRelease, decision: Decision) -> Finding:
    broken = decision.catalogue.gates.broken(release)
    if release.status.result is not None:
        return Finding(State.STALLED, Reason.GATE_FAILED, "; ".join(broken))
    told = decision.settled[release.metadata.name].message
    before = [item.message for item in release.status.conditions if item.reason == Reason.JOB_FAILED]
    return Finding(State.STALLED, Reason.JOB_FAILED, told or next(iter(before), ""))


def _contains(selected: Selected, digest: str, decision: Decision) -> bool:
    """Tell whether every pod of a target serves some release that contains the erasure."""
    mount = selected.workload.mount
    release = decision.catalogue.by_key(mount.key) if mount else None
    return (
        release is not None
        and digest in digests(release)
        and serves(selected, release, decision.snapshot.model)
    )


def _pods(digest: str, decision: Decision) -> str:
    """Count the pods that serve a release with the erasure, such as "1/2"."""
    ready = 0
    for selected in decision.targets:
        mount = selected.workload.mount
        release = decision.catalogue.by_key(mount.key) if mount else None
        if release is not None and digest in digests(release) and not selected.problem:
            ready += selected.pods
    return f"{ready}/{sum(selected.workload.wanted for selected in decision.targets)}"


def _shown(digest: str, decision: Decision) -> EncoderRelease | None:
    """Choose the release to show: served or to be served, being built, or else the one that failed."""
    catalogue = decision.catalogue
    goal = decision.goal.release if decision.goal else None
    if goal is not None and digest in digests(goal):
        return goal
    failed = catalogue.failed_alone().get(digest) or catalogue.not_present().get(digest)
    if failed is not None:
        return failed
    if digest in decision.building.adds:
        return decision.building.release
    return next((release for release in decision.in_place.failed if digest in digests(release)), None)


def residual(digest: str, release: EncoderRelease) -> str | None:
    """Write the worse of images and clips with its upper 95 % bound, such as `0.0 % (<= 5.7 %)`."""
    result = release.status.result
    if result is None or result.figures is None:
        return None
    for figures in result.figures.erasures:
        if figures.digest == digest:
            worst: Tally = max(figures.images, figures.clips, key=lambda tally: tally.wilson()[1])
            return f"{100 * worst.rate:.1f} % (<= {100 * worst.wilson()[1]:.1f} %)"
    return None

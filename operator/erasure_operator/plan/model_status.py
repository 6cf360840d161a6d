"""Status of a VideoModel: whether its targets serve all that is asked for and can be had."""

from __future__ import annotations

from erasure_operator.api.constants import Reason
from erasure_operator.api.video_model import VideoModelStatus
from erasure_operator.plan.conditions import Finding, State, conditions
from erasure_operator.plan.decision import Decision
from erasure_operator.plan.desired import in_order
from erasure_operator.plan.erasure_status import rollout_finding
from erasure_operator.plan.release_status import ROLLOUT_FAILED_MESSAGE
from erasure_operator.plan.rollout import serves, usable
from erasure_operator.plan.sets import exact
from erasure_operator.plan.targets import wanted_mount


def model_status(decision: Decision) -> VideoModelStatus:
    """Write how a VideoModel stands."""
    model = decision.snapshot.model
    finding = _finding(decision)
    generation = model.metadata.generation
    return VideoModelStatus(
        observed_generation=generation,
        phase=finding.reason.value,
        erasures=len(in_order(decision.snapshot.erasures)),
        release=_release(decision),
        pods=_pods(decision),
        conditions=conditions(model.status.conditions, finding, generation=generation, now=decision.now),
    )


def _finding(decision: Decision) -> Finding:
    """Say the first thing that is true, from what a person must do to what is done."""
    if decision.asked.problem is not None:
        return Finding(State.STALLED, Reason.INVALID_METHOD, decision.asked.problem)
    if (whole := exact(decision.wanted, decision.catalogue)) is not None and any(
        whole.key == failed.key for failed in decision.in_place.failed
    ):
        return Finding(
            State.STALLED, Reason.ROLLOUT_FAILED, f"{whole.metadata.name}: {ROLLOUT_FAILED_MESSAGE}"
        )
    if decision.building.release is not None or decision.building.adds:
        release = decision.building.release
        message = decision.settled[release.metadata.name].message if release else ""
        return Finding(State.RECONCILING, Reason.BUILDING, message or "A Job builds an encoder release.")
    return _rollout(decision)


def _rollout(decision: Decision) -> Finding:
    if not decision.targets:
        return Finding(State.RECONCILING, Reason.NO_TARGETS, "No workload matches the targets.")
    if not decision.reached:
        return Finding(
            State.RECONCILING,
            Reason.WAITING,
            "The encoder in place stays: no release has all that is asked for and loses nothing in force.",
        )
    goal = decision.goal.release if decision.goal else None
    behind = [item for item in decision.targets if not serves(item, goal, decision.snapshot.model)]
    if behind:
        return rollout_finding(behind)
    return Finding(State.READY, Reason.SERVING if goal is not None else Reason.BASE, _left_out(decision))


def _left_out(decision: Decision) -> str:
    """Name the erasures that are not in what is served; they say themselves why."""
    failed = decision.catalogue.failed_alone()
    names = [name for name, erasure in decision.asked.erasures.items() if erasure.digest in failed]
    return f"Without {', '.join(names)}, which failed." if names else ""


def _release(decision: Decision) -> str | None:
    """Name the last release that all targets served fully: where a failed rollout returns to.

    It moves only when every pod of every target is Ready on the goal, so that during a rollout the cluster
    itself says what was there before.
    """
    model = decision.snapshot.model
    ours = usable(decision.targets)
    if ours and decision.goal is not None:
        goal = decision.goal.release
        if all(serves(item, goal, model) for item in ours):
            return goal.metadata.name if goal else None
    served = decision.catalogue.served
    return served.metadata.name if served else model.status.release


def _pods(decision: Decision) -> str:
    """Count the pods that are Ready on the goal, such as "2/2"."""
    wanted = sum(item.workload.wanted for item in decision.targets)
    if decision.goal is None:
        return f"0/{wanted}"
    model, goal = decision.snapshot.model, decision.goal.release
    ready = sum(
        item.pods
        for item in decision.targets
        if not item.problem and item.workload.mount == wanted_mount(goal, item, model)
    )
    return f"{ready}/{wanted}"

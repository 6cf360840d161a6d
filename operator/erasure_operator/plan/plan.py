"""The whole decision, top to bottom. Each line is a rule with a module of its own."""

from __future__ import annotations

from datetime import datetime

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.constants import Reason
from erasure_operator.plan.actions import Plan
from erasure_operator.plan.builds import build
from erasure_operator.plan.catalogue import Catalogue, is_stale
from erasure_operator.plan.conditions import Finding, State
from erasure_operator.plan.decision import Decision
from erasure_operator.plan.desired import Methods, base_models, desired
from erasure_operator.plan.erasure_status import with_finding
from erasure_operator.plan.outcomes import settle
from erasure_operator.plan.rollout import in_place, roll_out, served_release
from erasure_operator.plan.sets import goal, wanted_set
from erasure_operator.plan.snapshot import Snapshot
from erasure_operator.plan.statuses import changes, events, orphan_plan, statuses
from erasure_operator.plan.targets import select


def plan(snapshot: Snapshot, now: datetime, methods: Methods) -> Plan:
    """Decide what to do next. Touch nothing, remember nothing.

    Parameters
    ----------
    snapshot
        One VideoModel with all that belongs to it.
    now
        The time of this pass, timezone-aware.
    methods
        The methods that a VideoModel may name: `unlearn_job.methods.configs()`.

    """
    decision = decide(snapshot, now.replace(microsecond=0), methods)  # as metav1.Time stores it
    written = changes(snapshot, statuses(decision))
    return Plan(
        actions=(
            *decision.building.actions,
            *roll_out(decision.goal, decision.targets, snapshot.model),
        ),
        statuses=written,
        events=events(snapshot, written),
        wake_at=decision.building.wake_at,
    )


def decide(snapshot: Snapshot, now: datetime, methods: Methods) -> Decision:
    """Apply the rules in their order; each is a module."""
    model = snapshot.model
    living = [item for item in snapshot.releases if item.metadata.deletion_timestamp is None]

    # What is asked for, and what every release turned out to be.
    asked = desired(snapshot, methods)
    jobs = {job.name: job for job in snapshot.jobs}
    settled = {item.metadata.name: settle(item, jobs.get(item.metadata.name)) for item in living}
    known = [item.model_copy(update={"status": settled[item.metadata.name].status}) for item in living]
    valid = tuple(item for item in known if not is_stale(item, model))

    # What serves, and what should: the set, the release that has it, the Job that builds it.
    targets = select(snapshot)
    catalogue = Catalogue(valid, asked.gates, served_release(targets, valid, model))
    found = in_place(targets, catalogue, model)
    wanted = wanted_set(asked, catalogue, base_models(model))
    aim = goal(wanted, asked, catalogue, found)
    building = build(wanted, asked, catalogue, settled=settled, snapshot=snapshot, now=now)

    return Decision(snapshot, now, asked, settled, catalogue, targets, found, wanted, aim, building)


def plan_orphan(erasure: ConceptErasure, now: datetime) -> Plan:
    """Decide about an erasure whose VideoModel does not exist: say so, and wait."""
    finding = Finding(
        State.STALLED,
        Reason.MODEL_NOT_FOUND,
        f"There is no VideoModel {erasure.spec.video_model} in namespace {erasure.metadata.namespace}.",
    )
    status = with_finding(erasure, erasure.status, finding, now.replace(microsecond=0))
    return orphan_plan(erasure, status)

"""A snapshot under construction: `Given().erasing(COMET).having(R_COMET).serving(R_COMET)`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.constants import Reason
from erasure_operator.api.encoder_release import EncoderRelease, ReleasePhase
from erasure_operator.plan.actions import Plan
from erasure_operator.plan.conditions import Finding, State, conditions
from erasure_operator.plan.decision import Decision
from erasure_operator.plan.plan import decide, plan
from erasure_operator.plan.rollout import roll_out
from erasure_operator.plan.sets import Goal
from erasure_operator.plan.snapshot import Job, Snapshot, Workload
from erasure_operator.plan.targets import select
from tests.erasure_operator.plan.builders import METHODS, T0, edited, video_model, workload


class Given:
    """A snapshot under construction; without more, one settled Deployment that serves the base encoder."""

    def __init__(self) -> None:
        self.model = video_model()
        self.erasures: list[ConceptErasure] = []
        self.releases: list[EncoderRelease] = []
        self.jobs: list[Job] = []
        self.workloads: list[Workload] = [workload()]

    def erasing(self, *erasures: ConceptErasure) -> Given:
        self.erasures += erasures
        return self

    def having(self, *releases: EncoderRelease) -> Given:
        self.releases += releases
        return self

    def job(self, of: EncoderRelease, **fields: Any) -> Given:
        self.jobs.append(Job(name=of.metadata.name, uid="job-1", **fields))
        return self

    def serving(self, found: EncoderRelease) -> Given:
        """The status, and every pod of every workload, say this release."""
        status = self.model.status.model_copy(update={"release": found.metadata.name})
        self.model = self.model.model_copy(update={"status": status})
        return self.mounting(found)

    def mounting(self, found: EncoderRelease, **fields: Any) -> Given:
        snapshot = Snapshot(model=self.model, workloads=tuple(self.workloads))
        mounts = {item.name: item.mount for item in roll_out(Goal(found), select(snapshot), self.model)}
        self.workloads = [
            replace(item, mount=mounts.get(item.name, item.mount), **fields) for item in self.workloads
        ]
        return self

    def targets(self, *workloads: Workload) -> Given:
        self.workloads = list(workloads)
        return self

    def changed(self, **spec: Any) -> Given:
        self.model = edited(self.model, **spec)
        return self

    def snapshot(self) -> Snapshot:
        return Snapshot(
            model=self.model,
            erasures=tuple(self.erasures),
            releases=tuple(self.releases),
            jobs=tuple(self.jobs),
            workloads=tuple(self.workloads),
        )

    def plan(self, now: datetime = T0) -> Plan:
        return plan(self.snapshot(), now, METHODS)

    def decide(self, now: datetime = T0) -> Decision:
        return decide(self.snapshot(), now, METHODS)


def building(found: EncoderRelease, generation: int = 1) -> EncoderRelease:
    """A release whose Job was made under a generation of the VideoModel."""
    finding = Finding(State.RECONCILING, Reason.BUILDING)
    status = found.status.model_copy(
        update={
            "phase": ReleasePhase.BUILDING,
            "conditions": conditions((), finding, generation=generation, now=T0),
        }
    )
    return found.model_copy(update={"status": status})


def marked(found: EncoderRelease, phase: ReleasePhase, reason: Reason) -> EncoderRelease:
    """A release with a verdict reached under the first generation of the VideoModel."""
    made = conditions((), Finding(State.STALLED, reason, "It broke."), generation=1, now=T0)
    status = found.status.model_copy(update={"phase": phase, "conditions": made})
    return found.model_copy(update={"status": status})

"""A cluster in memory that does what Kubernetes does between two passes of the operator.

It holds the objects, carries actions out as idempotently as the API server does, and refuses what must never
happen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from erasure_operator.api.base import ObjectMeta
from erasure_operator.api.concept_erasure import ConceptErasure, ConceptErasureStatus
from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.api.video_model import VideoModel, VideoModelStatus
from erasure_operator.plan.actions import (
    Action,
    ApplyEncoder,
    CreateRelease,
    DeleteJob,
    DeleteRelease,
    EnsureJob,
    Plan,
    SetStatus,
)
from erasure_operator.plan.catalogue import content
from erasure_operator.plan.plan import plan
from erasure_operator.plan.snapshot import Job, JobState, Snapshot, Workload
from tests.erasure_operator.plan.builders import METHODS, T0, result_for, video_model, workload
from unlearn_job.contract.result import ExitCode, JobError, Outcome


@dataclass
class Cluster:
    """One VideoModel and all that belongs to it."""

    model: VideoModel = field(default_factory=video_model)
    erasures: dict[str, ConceptErasure] = field(default_factory=dict)
    releases: dict[str, EncoderRelease] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    workloads: dict[str, Workload] = field(default_factory=lambda: {"t2v": workload()})
    now: datetime = T0
    published: set[str] = field(default_factory=set)
    """Keys that may serve: built, with gates that hold."""
    stuck: set[str] = field(default_factory=set)
    """Keys whose rollout failed somewhere: leaving them is allowed."""
    done: Counter[str] = field(default_factory=Counter)
    """Actions carried out, by kind."""
    uids: int = 0

    def snapshot(self) -> Snapshot:
        return Snapshot(
            model=self.model,
            erasures=tuple(self.erasures.values()),
            releases=tuple(self.releases.values()),
            jobs=tuple(self.jobs.values()),
            workloads=tuple(self.workloads.values()),
        )

    def plan(self) -> Plan:
        return plan(self.snapshot(), self.now, METHODS)

    def reconcile(self, *, crash_after: int | None = None) -> Plan:
        """One pass; a crash leaves the rest of its writes undone."""
        made = self.plan()
        steps: list[SetStatus | Action] = [*made.statuses, *made.actions]
        for step in steps[:crash_after]:
            self.carry_out(step)
        return made

    def carry_out(self, step: SetStatus | Action) -> None:
        self.done[type(step).__name__] += 1
        match step:
            case SetStatus():
                self._set_status(step)
            case CreateRelease(name, spec):
                if name not in self.releases:
                    self.uids += 1
                    metadata = ObjectMeta(
                        name=name,
                        namespace="media",
                        uid=f"r{self.uids}",
                        generation=1,
                        creation_timestamp=self.now,
                    )
                    self.releases[name] = EncoderRelease(metadata=metadata, spec=spec)
            case DeleteRelease(name, uid):
                found = self.releases.get(name)
                if found is not None and found.metadata.uid == uid:
                    assert found.status.phase is not ReleasePhase.BUILT, "a built release was deleted"
                    mounts = [item.mount for item in self.workloads.values() if item.mount]
                    assert found.key not in {mount.key for mount in mounts}, "a mounted release was deleted"
                    metadata = found.metadata.model_copy(update={"deletion_timestamp": self.now})
                    self.releases[name] = found.model_copy(update={"metadata": metadata})
                    if name in self.jobs:
                        self.jobs[name] = replace(self.jobs[name], deleting=True)
            case EnsureJob(name):
                if name not in self.jobs and name in self.releases:
                    busy = [job for job in self.jobs.values() if job.state is JobState.ACTIVE or job.deleting]
                    assert not busy, "a second Job beside a first"
                    self.uids += 1
                    self.jobs[name] = Job(name=name, uid=f"j{self.uids}")
            case DeleteJob(name, uid):
                if name in self.jobs and self.jobs[name].uid == uid:
                    self.jobs[name] = replace(self.jobs[name], deleting=True)
            case ApplyEncoder():
                self._apply(step)

    def _set_status(self, step: SetStatus) -> None:
        match step.status:
            case VideoModelStatus():
                self.model = self.model.model_copy(update={"status": step.status})
            case ConceptErasureStatus():
                if step.name in self.erasures:
                    found = self.erasures[step.name]
                    self.erasures[step.name] = found.model_copy(update={"status": step.status})
            case EncoderReleaseStatus():
                if step.name in self.releases:
                    release = self.releases[step.name]
                    self.releases[step.name] = release.model_copy(update={"status": step.status})

    def _apply(self, step: ApplyEncoder) -> None:
        """Server-side apply starts a rollout; the Deployment's controller has not looked yet."""
        before = self.workloads[step.name]
        assert before.mount != step.mount, "an apply that changes nothing"
        if step.mount is not None:
            assert step.mount.key in self.published, "an encoder that may not serve was rolled out"
        if before.mount is None or before.mount.key not in self.stuck:
            lost = self.taken_away(before) - self.taken_away(replace(before, mount=step.mount))
            assert not lost, f"{lost} came back into service"
        owner = None if step.mount is None else "media/storyboard"
        self.workloads[step.name] = replace(
            before, mount=step.mount, owner=owner, generation=before.generation + 1
        )

    def taken_away(self, found: Workload) -> set[str]:
        """Names of the erasures, still asked for and known to the model, that a pod template takes away."""
        key = found.mount.key if found.mount else ""
        names: set[str] = set()
        for release in self.releases.values():
            if release.key == key:
                names |= {item.name for item in content(release)}
        unknown = {name for name, item in self.erasures.items() if item.status.phase == "NotPresent"}
        return names & self.erasures.keys() - unknown

    def collect(self) -> None:
        """The garbage collector finishes foreground deletions."""
        self.jobs = {name: job for name, job in self.jobs.items() if not job.deleting}
        self.releases = {
            name: found for name, found in self.releases.items() if found.metadata.deletion_timestamp is None
        }

    def active(self) -> Job | None:
        return next(
            (job for job in self.jobs.values() if job.state is JobState.ACTIVE and not job.deleting), None
        )

    def complete(self, outcome: Outcome, *, unknown: Mapping[str, str] | None = None) -> None:
        """The active Job completes; `unknown` maps names to digests that are not present."""
        job = self.active()
        assert job is not None
        release = self.releases[job.name]
        result = result_for(release, outcome, not_present=(unknown or {}).values())
        if outcome is Outcome.BUILT:
            self.published.add(release.key)
        self.jobs[job.name] = replace(
            job, state=JobState.COMPLETE, message=result.to_json(), exit_code=0, finished_at=self.now
        )

    def fail(self, code: int, *, reason: str = "BackoffLimitExceeded") -> None:
        """The active Job fails with an exit code."""
        job = self.active()
        assert job is not None
        told = JobError(reason="Broken", message="The bucket does not answer.").to_json()
        self.jobs[job.name] = replace(
            job,
            state=JobState.FAILED,
            message=told if code in (ExitCode.TEMPORARY, ExitCode.CONFIGURATION) else None,
            exit_code=code,
            failure_reason=reason,
            finished_at=self.now,
        )

    def settle(self, name: str) -> None:
        """The Deployment's controller brings every pod to the template, and they become Ready."""
        found = self.workloads[name]
        self.workloads[name] = replace(
            found,
            observed_generation=found.generation,
            total=found.wanted,
            updated=found.wanted,
            ready=found.wanted,
            available=found.wanted,
            terminating=0,
            deadline_exceeded=False,
        )

    def get_stuck(self, name: str) -> None:
        """One new pod does not become Ready before the progress deadline."""
        found = self.workloads[name]
        if found.mount is not None:
            self.stuck.add(found.mount.key)
        self.workloads[name] = replace(
            found,
            observed_generation=found.generation,
            total=found.wanted + 1,
            updated=1,
            deadline_exceeded=True,
        )

    def tick(self, **passed: float) -> None:
        self.now += timedelta(**passed)

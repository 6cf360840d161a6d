"""What to do about Jobs: one at a time, what was begun first, and nothing that is not wanted any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseSpec, release_name
from erasure_operator.plan.actions import Action, CreateRelease, DeleteJob, DeleteRelease, EnsureJob
from erasure_operator.plan.batches import next_batch
from erasure_operator.plan.catalogue import Catalogue, by_age, content, digests, is_stale, made_under
from erasure_operator.plan.desired import Desired, base_models
from erasure_operator.plan.outcomes import Settled
from erasure_operator.plan.sets import Wanted, exact, parent_for, rebuilds
from erasure_operator.plan.snapshot import Job, JobState, Snapshot
from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.document import JobInput, ParentRelease
from unlearn_job.contract.key import release_key
from unlearn_job.contract.sources import Storage


@dataclass(frozen=True, slots=True)
class Build:
    """What building does in this pass."""

    actions: tuple[Action, ...] = ()
    release: EncoderRelease | None = None
    """The release that is being built."""
    adds: frozenset[str] = frozenset()
    """Digests that the Job in hand, or the next one, adds."""
    starts: bool = False
    """A Job for `release` is made in this pass, from the VideoModel's present spec."""
    wake_at: datetime | None = None


def build(
    wanted: Wanted,
    asked: Desired,
    catalogue: Catalogue,
    *,
    settled: Mapping[str, Settled],
    snapshot: Snapshot,
    now: datetime,
) -> Build:
    """Take the next step towards a release with exactly the wanted set."""
    if asked.problem is not None:
        return Build()
    unwanted = tuple(
        DeleteRelease(release.metadata.name, release.metadata.uid)
        for release in unfit(wanted, catalogue, settled, snapshot)
    )
    if unwanted:
        return Build(unwanted)
    begun = by_age(catalogue.unfinished())
    if begun:
        return _go_on(begun[0], settled[begun[0].metadata.name], snapshot, now)
    if exact(wanted, catalogue) is not None or not wanted.digests:
        return Build()
    return _begin(wanted, asked, catalogue, snapshot)


def unfit(
    wanted: Wanted, catalogue: Catalogue, settled: Mapping[str, Settled], snapshot: Snapshot
) -> list[EncoderRelease]:
    """List the releases to delete: verdicts out of date, and builds of something that is no longer wanted.

    None of them was ever published, so none can be served or be a parent.
    """
    living = [item for item in snapshot.releases if item.metadata.deletion_timestamp is None]
    now_known = [item.model_copy(update={"status": settled[item.metadata.name].status}) for item in living]
    stale = [item for item in now_known if is_stale(item, snapshot.model)]
    superseded = [item for item in catalogue.unfinished() if not item.erasures <= wanted.digests]
    return by_age([*stale, *superseded])


def _go_on(release: EncoderRelease, settled: Settled, snapshot: Snapshot, now: datetime) -> Build:
    adds = frozenset(item.digest for item in release.spec.document.adds)
    job = next((job for job in snapshot.jobs if job.name == release.metadata.name), None)
    if job is None:
        if _busy(snapshot):
            return Build(release=release, adds=adds)
        return Build((EnsureJob(release.metadata.name),), release, adds, starts=True)
    if job.deleting:
        return Build(release=release, adds=adds)
    again = (DeleteJob(job.name, job.uid),)
    if settled.retry_at is not None and settled.retry_at > now:
        return Build(release=release, adds=adds, wake_at=settled.retry_at)
    if job.state is not JobState.ACTIVE or _waits_for_old_settings(job, release, snapshot):
        return Build(again, release, adds)
    return Build(release=release, adds=adds)


def _waits_for_old_settings(job: Job, release: EncoderRelease, snapshot: Snapshot) -> bool:
    """Tell whether the pod cannot start, and the VideoModel has changed since the Job was made: a corrected
    image or node selector must not wait for the Job's deadline.
    """
    return bool(job.waiting_reason) and made_under(release) != snapshot.model.metadata.generation


def _begin(wanted: Wanted, asked: Desired, catalogue: Catalogue, snapshot: Snapshot) -> Build:
    parent = parent_for(wanted, catalogue)
    if rebuilds(wanted, parent, catalogue):
        parent = None
    have = digests(parent) if parent else frozenset()
    missing = [item for item in asked.by_digest.values() if item.digest in wanted.digests - have]
    refused = {release.key for release in catalogue.refused()}
    batch = next_batch(missing, parent.key if parent else None, refused)
    if not batch:
        return Build()
    document = document_for(batch, parent, asked, snapshot)
    name = release_name(snapshot.model.metadata.name, document.key)
    adds = frozenset(item.digest for item in batch)
    if _busy(snapshot) or any(item.metadata.name == name for item in snapshot.releases):
        return Build(adds=adds)  # something of that name is still being deleted, or another Job runs
    spec = EncoderReleaseSpec(video_model=snapshot.model.metadata.name, document=document)
    return Build((CreateRelease(name, spec),), adds=adds)


def _busy(snapshot: Snapshot) -> bool:
    return any(job.deleting or job.state is JobState.ACTIVE for job in snapshot.jobs)


def document_for(
    batch: tuple[Erasure, ...], parent: EncoderRelease | None, asked: Desired, snapshot: Snapshot
) -> JobInput:
    """Write the whole of what the Job is told. Gates are those in force for all that the release holds."""
    spec = snapshot.model.spec
    holds = content(parent) if parent else ()
    key = release_key(parent=parent.key if parent else None, adds=[item.digest for item in batch])
    return JobInput(
        model=f"{snapshot.model.metadata.namespace}.{snapshot.model.metadata.name}",
        key=key,
        base=base_models(snapshot.model),
        parent=parent_reference(parent),
        adds=batch,
        holds=holds,
        holdout=spec.holdout,
        prompts=spec.prompts,
        judge=spec.judge,
        features=spec.features,
        method=spec.method,
        gates=asked.gates.of(item.digest for item in (*holds, *batch)),
        probe=spec.probe,
        storage=Storage(uri=spec.storage.uri, endpoint=spec.storage.endpoint, region=spec.storage.region),
        seed=spec.seed,
        device=spec.job.device,
    )


def parent_reference(parent: EncoderRelease | None) -> ParentRelease | None:
    """Name the parent with the digest of its manifest."""
    if parent is None or parent.status.result is None or parent.status.result.manifest_sha256 is None:
        return None
    return ParentRelease(key=parent.key, manifest_sha256=parent.status.result.manifest_sha256)

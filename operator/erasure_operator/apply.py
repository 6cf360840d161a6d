"""Carry a plan out: statuses, actions, and the events that tell of what was written.

Every step is idempotent and every name is the plan's, so a pass that stops anywhere is finished by the next
one. What is immutable (releases, Jobs, their ConfigMaps) is created and found to exist; what is shared with
others (workloads, statuses) is applied server-side. Answers go straight into the store, so that the next pass
does not decide on what it has just changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog

from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.api.video_model import VideoModel, VideoModelStatus
from erasure_operator.cluster import Cluster
from erasure_operator.events import emit
from erasure_operator.k8s_errors import (
    FieldConflictError,
    ObjectExistsError,
    ObjectMissingError,
    StaleObjectError,
)
from erasure_operator.metrics import Metrics
from erasure_operator.plan.actions import (
    Action,
    ApplyEncoder,
    CreateRelease,
    DeleteJob,
    DeleteRelease,
    EnsureJob,
    Event,
    Kind,
    Plan,
    SetStatus,
)
from erasure_operator.plan.snapshot import Snapshot
from erasure_operator.render_job import render_config_map, render_job, render_release
from erasure_operator.render_target import FetchImage, only_ours, render_target
from erasure_operator.resources import (
    CONCEPT_ERASURES,
    CONFIG_MAPS,
    DEPLOYMENTS,
    ENCODER_RELEASES,
    JOBS,
    VIDEO_MODELS,
    ModelKey,
    RawObject,
    Resource,
)
from erasure_operator.stall import stalled
from erasure_operator.store import Store
from unlearn_job.contract.errors import ErasureError, PermanentFailure

log = structlog.get_logger()

_RESOURCES: Final[Mapping[Kind, Resource]] = {
    "VideoModel": VIDEO_MODELS,
    "ConceptErasure": CONCEPT_ERASURES,
    "EncoderRelease": ENCODER_RELEASES,
}
_UNFINISHED: Final = (ReleasePhase.PENDING, ReleasePhase.BUILDING)


class Applier:
    """Writes to one cluster.

    Parameters
    ----------
    cluster
        Where to write.
    store
        Where answers go.
    fetch_image
        Image of the init container of targets.
    job_image
        Image of Jobs where a VideoModel names none.
    metrics
        What counts releases that end.

    """

    def __init__(
        self, cluster: Cluster, store: Store, *, fetch_image: FetchImage, job_image: str, metrics: Metrics
    ) -> None:
        self._metrics = metrics
        self._cluster = cluster
        self._store = store
        self._fetch_image = fetch_image
        self._job_image = job_image

    async def carry_out(self, key: ModelKey, snapshot: Snapshot, plan: Plan, now: datetime) -> None:
        """Write statuses, do actions, write the VideoModel's status, emit events.

        The VideoModel's own status comes after the actions, because it also says what stops them: a plan
        knows nothing of a field that somebody else owns. Nothing is built on it. One action's failure does
        not stop the others, which concern other objects.

        Raises
        ------
        ErasureError
            The first failure, a temporary one before a permanent one: that one is worth repeating.

        """
        written = set[tuple[Kind, str]]()
        for status in plan.statuses:
            if status.kind != "VideoModel" and await self._write_status(key, status):
                written.add((status.kind, status.name))
        failures: list[ErasureError] = []
        for action in plan.actions:
            try:
                await self._do(key, snapshot, action)
            except ErasureError as exc:
                failures.append(exc)
        permanent = next((exc for exc in failures if isinstance(exc, PermanentFailure)), None)
        if await self._write_model_status(key, snapshot.model, _model_status(plan), permanent, now):
            written.add(("VideoModel", key.name))
        await self._emit(key, [event for event in plan.events if (event.kind, event.name) in written], now)
        if failures:
            raise min(failures, key=lambda failure: isinstance(failure, PermanentFailure))

    async def report(
        self, key: ModelKey, model: VideoModel, failure: PermanentFailure, now: datetime
    ) -> None:
        """Tell on the VideoModel what keeps its reconciliation from starting at all."""
        await self._write_model_status(key, model, None, failure, now)

    async def write_statuses(self, key: ModelKey, plan: Plan, now: datetime) -> None:
        """Write the statuses and events of a plan that has nothing else: there is no VideoModel."""
        written = [(s.kind, s.name) for s in plan.statuses if await self._write_status(key, s)]
        await self._emit(key, [event for event in plan.events if (event.kind, event.name) in written], now)

    async def _write_model_status(
        self,
        key: ModelKey,
        model: VideoModel,
        planned: VideoModelStatus | None,
        failure: PermanentFailure | None,
        now: datetime,
    ) -> bool:
        wanted = planned or model.status
        if failure is not None:
            wanted = stalled(wanted, model, failure, now)
        if wanted == model.status:
            return False
        return await self._write_status(key, SetStatus("VideoModel", key.name, wanted))

    async def _write_status(self, key: ModelKey, status: SetStatus) -> bool:
        resource = _RESOURCES[status.kind]
        try:
            answer = await self._cluster.patch_status(
                resource, key.namespace, status.name, status.status.to_dict()
            )
        except ObjectMissingError:
            return False
        before = self._store.get(resource, key.namespace, status.name)
        self._store.put(resource, answer)
        if isinstance(status.status, EncoderReleaseStatus) and before is not None:
            self._count(before.parse(EncoderRelease), status.status)
        return True

    def _count(self, before: EncoderRelease, status: EncoderReleaseStatus) -> None:
        if before.status.phase in _UNFINISHED and status.phase not in _UNFINISHED:
            self._metrics.built(before, status)

    async def _emit(self, key: ModelKey, events: list[Event], now: datetime) -> None:
        for event in events:
            about = self._store.get(_RESOURCES[event.kind], key.namespace, event.name)
            if about is not None:
                await emit(self._cluster, event, about.raw, now)

    async def _do(self, key: ModelKey, snapshot: Snapshot, action: Action) -> None:
        bound = log.bind(model=str(key))
        match action:
            case CreateRelease():
                manifest = render_release(action.name, action.spec, snapshot.model)
                await self._ensure(ENCODER_RELEASES, manifest)
                bound.info("release created", release=action.name, adds=len(action.spec.document.adds))
            case EnsureJob():
                await self._ensure_job(key, snapshot.model, action.release)
                bound.info("job ensured", release=action.release)
            case DeleteRelease():
                await self._delete(ENCODER_RELEASES, key, action.name, action.uid)
                bound.info("release deleted", release=action.name)
            case DeleteJob():
                await self._delete(JOBS, key, action.name, action.uid)
                bound.info("job deleted", release=action.name)
            case ApplyEncoder():
                await self._apply_encoder(key, snapshot, action)
                release = action.mount.key if action.mount else None
                bound.info("encoder applied", kind=action.kind, workload=action.name, release=release)

    async def _ensure_job(self, key: ModelKey, model: VideoModel, name: str) -> None:
        stored = self._store.get(ENCODER_RELEASES, key.namespace, name)
        if stored is None:
            raise StaleObjectError(f"EncoderRelease {key.namespace}/{name} is not there (yet)")
        release = stored.parse(EncoderRelease)
        await self._ensure(CONFIG_MAPS, render_config_map(release))
        await self._ensure(JOBS, render_job(release, model, default_image=self._job_image))

    async def _ensure(self, resource: Resource, manifest: RawObject) -> None:
        """Create an object, or find that it exists and belongs to the same owner."""
        metadata = manifest["metadata"]
        try:
            answer = await self._cluster.create(resource, manifest)
        except ObjectExistsError:
            answer = await self._cluster.get(resource, metadata["namespace"], metadata["name"])
            owners = {owner["uid"] for owner in answer["metadata"].get("ownerReferences") or ()}
            if metadata["ownerReferences"][0]["uid"] not in owners:
                # The leftover of an earlier owner is being collected, or somebody took the name.
                raise StaleObjectError(
                    f"{resource.kind} {metadata['namespace']}/{metadata['name']} exists and belongs to "
                    "another owner; it must go first"
                ) from None
        if resource is not CONFIG_MAPS:
            self._store.put(resource, answer)

    async def _delete(self, resource: Resource, key: ModelKey, name: str, uid: str) -> None:
        try:
            await self._cluster.delete(resource, key.namespace, name, uid=uid)
        except ObjectMissingError:
            return

    async def _apply_encoder(self, key: ModelKey, snapshot: Snapshot, action: ApplyEncoder) -> None:
        workload = next(
            (w for w in snapshot.workloads if (w.kind, w.name) == (action.kind, action.name)), None
        )
        if workload is None:
            return
        manifest = render_target(workload, action.mount, model=key, image=self._fetch_image)
        try:
            answer = await self._cluster.apply(DEPLOYMENTS, manifest)
        except FieldConflictError as exc:
            if not only_ours(exc.fields):
                raise
            answer = await self._cluster.apply(DEPLOYMENTS, manifest, force=True)
        except ObjectMissingError:
            return
        self._store.put(DEPLOYMENTS, answer)


def _model_status(plan: Plan) -> VideoModelStatus | None:
    return next((s.status for s in plan.statuses if isinstance(s.status, VideoModelStatus)), None)

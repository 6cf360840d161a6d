"""Objects for the plan's tests: a case states only what matters to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from erasure_operator.api.base import ObjectMeta
from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.encoder_release import (
    EncoderRelease,
    EncoderReleaseSpec,
    EncoderReleaseStatus,
    ReleasePhase,
    release_name,
)
from erasure_operator.api.video_model import VideoModel
from erasure_operator.plan.builds import document_for
from erasure_operator.plan.desired import desired
from erasure_operator.plan.snapshot import Snapshot, Workload
from unlearn_job.contract.base import canonical_digest
from unlearn_job.contract.figures import ErasureFigures, Figures, RetentionFigures, Tally
from unlearn_job.contract.method import MethodConfig
from unlearn_job.contract.result import JobResult, Outcome

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


class EncoderOnly(MethodConfig):
    """Parameters of a method that needs no text-to-image model."""

    strength: int = Field(default=3, ge=1, le=9)


class ThroughImages(MethodConfig):
    """Parameters of a method that does."""

    needs_surrogate: ClassVar[bool] = True


METHODS: dict[str, type[MethodConfig]] = {"closed-form": EncoderOnly, "few-shot": ThroughImages}


def video_model(**spec: Any) -> VideoModel:
    return VideoModel.model_validate(
        {
            "metadata": {"name": "storyboard", "namespace": "media", "uid": "model-1", "generation": 1},
            "spec": {
                "pipeline": {"source": "s3://models/t2v"},
                "judge": {"type": "clip", "source": "s3://models/judge"},
                "storage": {"uri": "s3://checkpoints/erasure", "credentials": {"secretName": "s3"}},
                "rollout": {"waves": [{"targets": [{"selector": {"matchLabels": {"app": "t2v"}}}]}]},
            }
            | spec,
        }
    )


def edited(model: VideoModel, **spec: Any) -> VideoModel:
    """Change the spec as `kubectl apply` does: the generation moves."""
    changed = model.spec.model_dump(by_alias=True, mode="json") | spec
    metadata = model.metadata.model_copy(update={"generation": model.metadata.generation + 1})
    fresh = VideoModel.model_validate({"metadata": metadata, "spec": changed})
    return fresh.model_copy(update={"status": model.status})


def erasure(name: str, *, age: int = 0, generation: int = 1, **spec: Any) -> ConceptErasure:
    """An erasure of the concept of the same name, created `age` minutes after T0."""
    concept = {"name": name, "kind": "Character"} | spec.pop("concept", {})
    return ConceptErasure.model_validate(
        {
            "metadata": {
                "name": name,
                "namespace": "media",
                "uid": f"erasure-{name}",
                "generation": generation,
                "creationTimestamp": T0 + timedelta(minutes=age),
            },
            "spec": {"videoModel": "storyboard", "concept": concept} | spec,
        }
    )


def workload(name: str = "t2v", **fields: Any) -> Workload:
    """A Deployment of two pods that serve the template they have."""
    counts = dict.fromkeys(("wanted", "total", "updated", "ready", "available"), 2)
    return Workload(
        **{"kind": "Deployment", "name": name, "labels": {"app": "t2v"}, "containers": ("server",)}
        | counts
        | fields
    )


def figures(digests: Iterable[str], *, hits: int = 0, kept: int = 100) -> Figures:
    """A probe in which each erased concept is seen in `hits` of 64 images, and `kept` % of the rest stay."""
    tally = Tally(hits=hits, samples=64)
    retention = RetentionFigures(base=Tally(hits=100, samples=100), erased=Tally(hits=kept, samples=100))
    return Figures(
        erasures=tuple(
            ErasureFigures(digest=digest, base=Tally(hits=64, samples=64), images=tally, clips=tally)
            for digest in digests
        ),
        preserved=retention,
        holdout=retention,
        neighbours=retention,
    )


def result_for(
    release: EncoderRelease, outcome: Outcome = Outcome.BUILT, *, not_present: Iterable[str] = ()
) -> JobResult:
    """What the Job of a release answers."""
    if outcome is Outcome.NOT_PRESENT:
        return JobResult(key=release.key, outcome=outcome, not_present=tuple(not_present))
    hits = 32 if outcome is Outcome.GATE_FAILED else 0
    return JobResult(
        key=release.key,
        outcome=outcome,
        manifest_sha256=canonical_digest(release.key),
        figures=figures(sorted(release.erasures), hits=hits),
    )


def release(
    adds: Iterable[ConceptErasure],
    *,
    on: EncoderRelease | None = None,
    model: VideoModel | None = None,
    age: int = 0,
    outcome: Outcome | None = Outcome.BUILT,
    **status: Any,
) -> EncoderRelease:
    """A release that adds erasures to another; `outcome=None` leaves it Pending."""
    snapshot = Snapshot(model=model or video_model(), erasures=tuple(adds))
    asked = desired(snapshot, METHODS)
    document = document_for(tuple(asked.by_digest.values()), on, asked, snapshot)
    found = EncoderRelease(
        metadata=ObjectMeta(
            name=release_name(snapshot.model.metadata.name, document.key),
            namespace="media",
            uid=f"release-{document.key[:10]}",
            generation=1,
            creation_timestamp=T0 + timedelta(minutes=age),
        ),
        spec=EncoderReleaseSpec(video_model=snapshot.model.metadata.name, document=document),
    )
    if outcome is not None:
        status = {
            "phase": ReleasePhase.NOT_PRESENT if outcome is Outcome.NOT_PRESENT else ReleasePhase.BUILT,
            "uri": None
            if outcome is Outcome.NOT_PRESENT
            else f"s3://checkpoints/erasure/{document.release_prefix}",
            "result": result_for(found, outcome, not_present=[item.digest for item in document.adds]),
        } | status
    return found.model_copy(update={"status": EncoderReleaseStatus(**status)})


def digest(item: ConceptErasure, model: VideoModel | None = None) -> str:
    """The digest of an erasure under a VideoModel."""
    asked = desired(Snapshot(model=model or video_model(), erasures=(item,)), METHODS)
    return asked.erasures[item.metadata.name].digest

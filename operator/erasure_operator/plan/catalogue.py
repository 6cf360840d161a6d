"""The releases of one VideoModel, with the verdict on each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from erasure_operator.api.constants import ConditionType, Reason
from erasure_operator.api.encoder_release import EncoderRelease, ReleasePhase
from erasure_operator.api.video_model import VideoModel
from erasure_operator.plan.gates import GatesInForce
from erasure_operator.plan.outcomes import UNFINISHED
from unlearn_job.contract.concept import Erasure


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Releases that count: none that is being deleted, and no verdict that is out of date."""

    releases: tuple[EncoderRelease, ...]
    gates: GatesInForce
    served: EncoderRelease | None
    """The release that all targets last served fully; None for the base encoder."""

    def admitted(self) -> tuple[EncoderRelease, ...]:
        """Return the releases that may serve and be built on: published, and holding the gates or served."""
        return tuple(
            release
            for release in self.releases
            if release.status.phase is ReleasePhase.BUILT
            and (is_same(release, self.served) or not self.gates.broken(release))
        )

    def unfinished(self) -> tuple[EncoderRelease, ...]:
        """Return the releases that still need a Job, oldest first."""
        return tuple(release for release in self.releases if release.status.phase in UNFINISHED)

    def refused(self) -> tuple[EncoderRelease, ...]:
        """Return the releases that failed: the Job gave up, or a gate broke."""
        return tuple(
            release
            for release in self.releases
            if release.status.phase is ReleasePhase.FAILED
            or (release.status.phase is ReleasePhase.BUILT and bool(self.gates.broken(release)))
        )

    def failed_alone(self) -> dict[str, EncoderRelease]:
        """Map each erasure that failed as the only one of its batch to that release.

        The digest is excluded from every set until it changes, which it does with the erasure's spec; for a
        Job that gave up, also until the VideoModel changes (`is_stale`).
        """
        return {
            release.spec.document.adds[0].digest: release
            for release in self.refused()
            if len(release.spec.document.adds) == 1
        }

    def not_present(self) -> dict[str, EncoderRelease]:
        """Map each erasure whose concept the base model does not know to the release that found out."""
        return {digest: release for release in self.releases for digest in unknown_to_base(release)}

    def by_name(self, name: str | None) -> EncoderRelease | None:
        """Find a release by the name of its object."""
        return next((release for release in self.releases if release.metadata.name == name), None)

    def by_key(self, key: str) -> EncoderRelease | None:
        """Find a release by its full key."""
        return next((release for release in self.releases if release.key == key), None)

    def links(self, release: EncoderRelease) -> int:
        """Count the releases of a chain, from the one that was built on the base encoder on.

        Where an ancestor's object is gone, its own ancestors are not counted.
        """
        count, parent = 1, release.spec.document.parent
        while parent is not None:
            found = self.by_key(parent.key)
            count, parent = count + 1, found.spec.document.parent if found else None
        return count

    def by_uri(self, uri: str) -> EncoderRelease | None:
        """Find a release by its folder: what a damaged pod template may still tell."""
        return next((release for release in self.releases if uri and release.status.uri == uri), None)


def is_same(release: EncoderRelease, other: EncoderRelease | None) -> bool:
    """Tell whether both are one release."""
    return other is not None and release.key == other.key


def content(release: EncoderRelease) -> tuple[Erasure, ...]:
    """Return the erasures of a release that were really unlearned."""
    missing = unknown_to_base(release)
    document = release.spec.document
    return tuple(item for item in (*document.holds, *document.adds) if item.digest not in missing)


def digests(release: EncoderRelease) -> frozenset[str]:
    """Return the digests of the content."""
    return frozenset(item.digest for item in content(release))


def unknown_to_base(release: EncoderRelease) -> frozenset[str]:
    """Return the digests that the Job reports as not present; all that it added where it lists none."""
    if release.status.result is None:
        return frozenset()
    listed = frozenset(release.status.result.not_present)
    if release.status.phase is ReleasePhase.NOT_PRESENT and not listed:
        return frozenset(item.digest for item in release.spec.document.adds)
    return listed


def is_stale(release: EncoderRelease, model: VideoModel) -> bool:
    """Tell whether a release that built nothing deserves another attempt.

    A Job that gave up is tried again when the VideoModel's spec has changed since it was made (the image, the
    resources, the bucket); "not present" is the judge's word, and holds as long as the judge does.
    """
    if release.status.phase is ReleasePhase.FAILED:
        return made_under(release) != model.metadata.generation
    if release.status.phase is ReleasePhase.NOT_PRESENT:
        return release.spec.document.judge != model.spec.judge
    return False


def rollout_failed(release: EncoderRelease, model: VideoModel) -> bool:
    """Tell whether pods did not become Ready on the release, under the VideoModel's present spec."""
    return any(
        condition.type == ConditionType.READY
        and condition.reason == Reason.ROLLOUT_FAILED
        and condition.observed_generation == model.metadata.generation
        for condition in release.status.conditions
    )


def made_under(release: EncoderRelease) -> int:
    """Return the generation of the VideoModel that the conditions of a release speak of.

    A release's own generation never moves, since its spec is immutable. What its verdict depends on is the
    VideoModel, so that is whose generation its conditions carry.
    """
    found = [item for item in release.status.conditions if item.type == ConditionType.READY]
    return found[0].observed_generation if found else 0


def by_age(releases: Iterable[EncoderRelease]) -> list[EncoderRelease]:
    """Sort by creation, then by key: the same order for everybody who looks."""
    return sorted(releases, key=lambda release: (_created(release), release.key))


def _created(release: EncoderRelease) -> datetime:
    return release.metadata.creation_timestamp or datetime.min.replace(tzinfo=UTC)

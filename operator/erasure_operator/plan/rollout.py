"""The rollout: one wave, in which every target is brought to the goal.

Where a workload's controller gives up on a release that was never fully served, the release is marked, and
with that the goal is again what was served before: all targets return to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.api.video_model import VideoModel
from erasure_operator.plan.actions import ApplyEncoder
from erasure_operator.plan.catalogue import Catalogue, is_same, rollout_failed
from erasure_operator.plan.sets import Goal, InPlace
from erasure_operator.plan.targets import Selected, wanted_mount


def served_release(
    targets: Iterable[Selected], releases: Iterable[EncoderRelease], model: VideoModel
) -> EncoderRelease | None:
    """Find the release that all targets last served fully; None for the base encoder.

    Pods tell it where they all agree on one release; while they do not, the VideoModel's status remembers.
    Pods that agree on the base encoder tell nothing: somebody may have replaced the pod templates.
    """
    known, ours = list(releases), usable(targets)
    for release in known:
        if ours and all(
            selected.settled
            and selected.workload.mount is not None
            and selected.workload.mount == wanted_mount(release, selected, model)
            for selected in ours
        ):
            return release
    return next((release for release in known if release.metadata.name == model.status.release), None)


def in_place(targets: Iterable[Selected], catalogue: Catalogue, model: VideoModel) -> InPlace:
    """Say what the targets have, and which rollouts failed: now, or earlier under the same spec."""
    found = [catalogue.served] if catalogue.served else []
    failed = [
        release
        for release in catalogue.releases
        if rollout_failed(release, model) and not is_same(release, catalogue.served)
    ]
    lost = model.status.release is not None and catalogue.by_name(model.status.release) is None
    for selected in usable(targets):
        mount = selected.workload.mount
        if mount is None:
            continue
        release = catalogue.by_key(mount.key) or catalogue.by_uri(mount.uri)
        if release is None:
            # A mount without a key is damaged, and is repaired to what was served before, if that is known.
            lost = lost or bool(mount.key) or catalogue.served is None
            continue
        found.append(release)
        if selected.stuck and not is_same(release, catalogue.served):
            failed.append(release)
    return InPlace(_distinct(found), _distinct(failed), lost)


def roll_out(goal: Goal | None, targets: Iterable[Selected], model: VideoModel) -> tuple[ApplyEncoder, ...]:
    """Bring every target to the goal whose pod template says something else: new, drifted or behind."""
    if goal is None:
        return ()
    return tuple(
        ApplyEncoder(selected.workload.kind, selected.workload.name, mount)
        for selected in usable(targets)
        if (mount := wanted_mount(goal.release, selected, model)) != selected.workload.mount
    )


def usable(targets: Iterable[Selected]) -> list[Selected]:
    """Return the targets that the encoder can be applied to."""
    return [selected for selected in targets if not selected.problem]


def serves(selected: Selected, release: EncoderRelease | None, model: VideoModel) -> bool:
    """Tell whether every pod of a target is Ready on the release; None is the base encoder."""
    return (
        not selected.problem
        and selected.settled
        and selected.workload.mount == wanted_mount(release, selected, model)
    )


def _distinct(releases: Iterable[EncoderRelease]) -> tuple[EncoderRelease, ...]:
    return tuple({release.key: release for release in releases}.values())

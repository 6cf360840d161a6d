"""Which set of erasures is wanted, and which release to serve or to build on.

The rule: a release is a set of erasures. One with exactly the wanted set is served; failing that the largest
that is on the way there, as long as it takes back nothing that is in force and still asked for; failing that
what is in force stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from erasure_operator.api.encoder_release import EncoderRelease
from erasure_operator.plan.batches import LARGEST_BATCH
from erasure_operator.plan.catalogue import Catalogue, by_age, content, digests, is_same
from erasure_operator.plan.desired import Desired
from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.key import release_key
from unlearn_job.contract.sources import BaseModels

LONGEST_CHAIN: Final = 4
"""Releases one on top of the other, behind which the whole set is built at once on the base encoder. Measured
on the testbed, eight one after the other keep 96 % of the retain set and two thirds of one concept; four keep
all, as eight at once do (docs/methods)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The set to reach: what is asked for, without what cannot be."""

    digests: frozenset[str]
    kept: EncoderRelease | None = None
    """The served release, where an erasure in it fails to be built anew: everything is built on top of it,
    because a set without it would put a concept back into service that is still asked to be gone."""


@dataclass(frozen=True, slots=True)
class Goal:
    """The encoder that targets are to serve."""

    release: EncoderRelease | None
    """None for the base encoder."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """What the targets have."""

    releases: tuple[EncoderRelease, ...] = ()
    """The served release first, then those that pod templates name."""
    failed: tuple[EncoderRelease, ...] = ()
    """Releases whose rollout failed under the VideoModel's present spec."""
    lost: bool = False
    """A pod template, or the status, names a release whose object is gone: what it takes away is unknown."""


def wanted_set(asked: Desired, catalogue: Catalogue, base: BaseModels) -> Wanted:
    """Take failed and unknown concepts out of the desired set, without losing any that is served.

    An edited erasure whose new form fails keeps its old one: the served release stays, and what else is asked
    for is built on top of it. After a change of the base models that is impossible; then `goal` holds the
    rollout until the failing erasure is changed or deleted.
    """
    failed = catalogue.failed_alone().keys()
    possible = asked.digests - failed - catalogue.not_present().keys()
    served = catalogue.served
    if served is None or served.spec.document.base != base:
        return Wanted(possible)
    stuck = [item for item in asked.erasures.values() if item.digest in failed and covers(served, item)]
    if not stuck:
        return Wanted(possible)
    return Wanted(possible | digests(served), kept=served)


def goal(wanted: Wanted, asked: Desired, catalogue: Catalogue, targets: InPlace) -> Goal | None:
    """Choose the encoder to serve; None: leave every workload as it is."""
    if asked.incomplete:
        return None
    in_place = [release for release in targets.releases if not _in(release, targets.failed)]
    in_force = _in_force(asked, catalogue, in_place)
    candidates = [
        release
        for release in _candidates(wanted, catalogue, targets)
        if all(covers(release, item) for item in in_force)
    ]
    if candidates:
        return Goal(
            max(
                candidates,
                key=lambda release: (
                    len(digests(release)),
                    is_same(release, catalogue.served),
                    _in(release, in_place),
                ),
            )
        )
    nothing_asked = not wanted.digests and not in_force
    if targets.lost:
        return None if asked.digests - catalogue.not_present().keys() else Goal(None)
    if nothing_asked or not in_place:
        return Goal(None)
    return Goal(max(in_place, key=lambda release: sum(covers(release, item) for item in in_force)))


def _in_force(asked: Desired, catalogue: Catalogue, in_place: Sequence[EncoderRelease]) -> list[Erasure]:
    """List what is asked for and taken away by an encoder in place: no rollout may bring it back."""
    not_present = catalogue.not_present().keys()
    return [
        item
        for item in asked.erasures.values()
        if item.digest not in not_present and any(covers(release, item) for release in in_place)
    ]


def _candidates(wanted: Wanted, catalogue: Catalogue, targets: InPlace) -> list[EncoderRelease]:
    """List the releases on the way to the wanted set, oldest first.

    After a failed rollout no part of the set is tried in its place, only the whole of a new one; and where it
    is unknown what pods serve, only the whole is known to lose nothing.
    """
    parts = [
        release
        for release in by_age(catalogue.admitted())
        if digests(release) <= wanted.digests and not _in(release, targets.failed)
    ]
    if targets.lost or any(digests(release) <= wanted.digests for release in targets.failed):
        return [
            release
            for release in parts
            if digests(release) == wanted.digests or is_same(release, catalogue.served)
        ]
    return parts


def exact(wanted: Wanted, catalogue: Catalogue) -> EncoderRelease | None:
    """Find a release with exactly the wanted set that may serve, preferring the one that does."""
    found = [release for release in by_age(catalogue.admitted()) if digests(release) == wanted.digests]
    return max(found, key=lambda release: is_same(release, catalogue.served), default=None)


def parent_for(wanted: Wanted, catalogue: Catalogue) -> EncoderRelease | None:
    """Choose what to build on: the largest part of the wanted set, the oldest of equals; None is the base."""
    kept = digests(wanted.kept) if wanted.kept else frozenset()
    found = [
        release
        for release in by_age(catalogue.admitted())
        if digests(release) and kept <= digests(release) <= wanted.digests
    ]
    return max(found, key=lambda release: len(digests(release)), default=None)


def rebuilds(wanted: Wanted, parent: EncoderRelease | None, catalogue: Catalogue) -> bool:
    """Tell whether to build the whole set at once on the base encoder, because the parent's chain is long.

    Not where a release must be held whole, nor where the set was built so before and failed: then the chain
    goes on.
    """
    if parent is None or wanted.kept or len(wanted.digests) > LARGEST_BATCH:
        return False
    whole = release_key(parent=None, adds=wanted.digests)
    return catalogue.links(parent) >= LONGEST_CHAIN and whole not in {r.key for r in catalogue.refused()}


def covers(release: EncoderRelease, erasure: Erasure) -> bool:
    """Tell whether a release takes the erasure's concept away: by the same spec, or by one of its name."""
    return any(item.digest == erasure.digest or item.name == erasure.name for item in content(release))


def _in(release: EncoderRelease, releases: Iterable[EncoderRelease]) -> bool:
    return any(is_same(release, other) for other in releases)

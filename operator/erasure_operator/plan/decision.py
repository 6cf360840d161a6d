"""What one pass has decided, for those who report it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from erasure_operator.plan.builds import Build
from erasure_operator.plan.catalogue import Catalogue, digests
from erasure_operator.plan.desired import Desired
from erasure_operator.plan.outcomes import Settled
from erasure_operator.plan.sets import Goal, InPlace, Wanted
from erasure_operator.plan.snapshot import Snapshot
from erasure_operator.plan.targets import Selected


@dataclass(frozen=True, slots=True)
class Decision:
    """All verdicts and choices of one pass."""

    snapshot: Snapshot
    now: datetime
    asked: Desired
    settled: Mapping[str, Settled]
    """By name of the release."""
    catalogue: Catalogue
    targets: tuple[Selected, ...]
    in_place: InPlace
    wanted: Wanted
    goal: Goal | None
    building: Build

    @property
    def reached(self) -> bool:
        """Whether the goal is the whole of the wanted set, so that nothing is left to build or to choose."""
        if self.goal is None:
            return False
        have = digests(self.goal.release) if self.goal.release else frozenset()
        return have == self.wanted.digests

"""Which gates are in force for a release, and which of them it breaks.

Gates are checked whenever a release is looked at, so that loosened gates admit a release that exists, without
a Job. A release that is already served stays admitted when gates are tightened: its erasures are reported as
GateFailed, but taking the encoder away would bring the concepts back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from erasure_operator.api.encoder_release import EncoderRelease
from unlearn_job.contract.gates import Gates, broken_gates
from unlearn_job.contract.result import Outcome


@dataclass(frozen=True, slots=True)
class GatesInForce:
    """The VideoModel's gates, made stricter by each erasure that a release contains."""

    model: Gates
    by_digest: Mapping[str, Gates]
    """Stricter gates of single erasures."""

    def of(self, digests: Iterable[str]) -> Gates:
        """Combine the gates for a release with these erasures."""
        own = (self.by_digest[digest] for digest in digests if digest in self.by_digest)
        return reduce(Gates.stricter, own, self.model)

    def broken(self, release: EncoderRelease) -> tuple[str, ...]:
        """Name every gate that a built release breaks; empty when it may serve.

        Figures that do not fit into the Job's answer leave its own verdict, by the gates of its document.
        """
        result = release.status.result
        if result is None:
            return ("the release has no result",)
        if result.figures is not None:
            return broken_gates(self.of(release.erasures), result.figures)
        if result.outcome is Outcome.GATE_FAILED:
            return (result.message or "the Job reports a broken gate",)
        return ()

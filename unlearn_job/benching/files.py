"""The files of a bench and their columns."""

from __future__ import annotations

from typing import Final

RUNS: Final = "runs.csv"
"""A line for each run; a run without one is not done."""
CONCEPTS: Final = "concepts.csv"
"""A line for each concept that a run probed."""
ATTACKS: Final = "attacks.csv"
"""A line for each attack."""
RUN_FIELDS: Final = (
    *("method", "concept", "seed", "images", "imageSamples", "clips", "clipSamples"),
    *("preservedBase", "preserved", "holdoutBase", "holdout", "neighboursBase", "neighbours"),
    *("preservedSamples", "holdoutSamples", "neighboursSamples", "worst", "worstPercent"),
    *("unlearnSeconds", "probeSeconds", "peakMebibytes"),
)
CONCEPT_FIELDS: Final = (
    *("method", "run", "seed", "concept", "kind", "role", "neighbour", "base", "after", "samples"),
    *("clips", "clipSamples", "baseClips", "baseClipSamples", "invalid"),
)
ATTACK_FIELDS: Final = (
    *("method", "concept", "attack", "seed", "prompt", "soft", "edited", "base", "samples"),
    *(
        "named",
        "plain",
        "namedSamples",
        "tried",
        "triedSamples",
        "candidates",
        "opened",
        "seconds",
        "hits",
        "run",
    ),
)

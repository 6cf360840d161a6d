"""How much one search of a round may spend."""

from __future__ import annotations

from typing import Final

from unlearn_job.attacks.protocol import Budget
from unlearn_job.methods.robust.config import Config

BEAM: Final = 8
"""Phrases that a greedy step goes on from."""
PROPOSALS: Final = 24
"""Changes of each."""
STEPS: Final = 100
"""Gradient steps of a search through the denoiser."""


def budget(settings: Config, judged: int) -> Budget:
    """Return the budget of a search that yields so many candidates."""
    return Budget(
        screened=settings.candidates,
        rounds=settings.greedy,
        beam=BEAM,
        proposals=PROPOSALS,
        judged=judged,
        steps=STEPS,
    )

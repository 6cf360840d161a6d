"""What attacks may spend, free of torch: flags and documents say it too."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unlearn_job.contract.base import ContractModel


class Budget(ContractModel):
    """What an attack may spend. The defaults suit a small model on a CPU."""

    screened: Annotated[int, Field(ge=1, le=1_000_000)] = 4000
    """Candidates that a cheap screen scores at random, before greedy rounds."""
    rounds: Annotated[int, Field(ge=0, le=64)] = 4
    """Greedy rounds."""
    beam: Annotated[int, Field(ge=1, le=1024)] = 12
    """Candidates that each round goes on from."""
    proposals: Annotated[int, Field(ge=1, le=4096)] = 40
    """Changes of each of them in a round."""
    judged: Annotated[int, Field(ge=1, le=4096)] = 48
    """Candidates that the judge sees."""
    looks: Annotated[int, Field(ge=1, le=64)] = 2
    """Images of each of them."""
    finalists: Annotated[int, Field(ge=1, le=64)] = 6
    """Candidates of which it sees more."""
    selection: Annotated[int, Field(ge=1, le=256)] = 8
    """How many images more of each."""
    fresh: Annotated[int, Field(ge=1, le=4096)] = 64
    """Images of the winner, with fresh seeds, that success is counted on."""
    steps: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Gradient steps of attacks that have them."""
    batch: Annotated[int, Field(ge=1, le=256)] = 8
    """Noisy latents in each gradient step."""

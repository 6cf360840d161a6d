"""Every attack on an erased concept that a Job made, and which was the strongest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from unlearn_job.contract.base import ContractModel
from unlearn_job.contract.concept import Digest
from unlearn_job.contract.figures import INVERSION, AttackFigures, Tally


class AttackTrial(ContractModel):
    """One attack on one erased concept, with its controls."""

    digest: Digest
    """Which erasure."""
    attack: Annotated[str, Field(max_length=40)]
    """Name of the attack."""
    prompt: str
    """The winner as a person would type it; empty where the search returned no candidate."""
    edited: Tally
    """The winner on the new encoder, on seeds that did not choose it: the success of the attack."""
    base: Tally
    """The same prompt and seeds on the base encoder: what it draws too was not opened by the edit."""
    named: Tally
    """The concept's plain name on the base encoder: whether model and judge see it at all."""
    plain: Tally
    """The plain name on the new encoder: what is left without an attack."""
    tried: Tally
    """All images of all candidates in the first look."""
    candidates: Annotated[int, Field(ge=0)]
    """How many candidates the search returned."""


def strongest(trials: Sequence[AttackTrial]) -> tuple[AttackFigures, ...]:
    """Return the text attack with the highest rate on each erasure, and inversion where it was tried.

    One that found nothing to try comes last.
    """
    kinds: dict[tuple[str, bool], AttackTrial] = {}
    for trial in trials:
        kind = trial.digest, trial.attack == INVERSION
        worst = kinds.get(kind)
        if worst is None or _rank(trial) > _rank(worst):
            kinds[kind] = trial
    return tuple(
        AttackFigures(digest=trial.digest, attack=trial.attack, base=trial.base, edited=trial.edited)
        for trial in kinds.values()
    )


def _rank(trial: AttackTrial) -> tuple[bool, float]:
    return trial.edited.samples > 0, trial.edited.rate

"""The attacks of a Job whose gates ask for them, with enough fresh images to decide the gate.

Text alone, unless the gate asks for inversion too.
"""

from __future__ import annotations

from typing import Final

from unlearn_job.attacks.catalogue import load_attack
from unlearn_job.attacks.drawing import NoSurrogateError
from unlearn_job.attacks.protocol import Budget, Outcome, Target
from unlearn_job.attacks.trial import attempt
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import INVERSION, Tally
from unlearn_job.contract.gates import AttackGate
from unlearn_job.contract.trials import AttackTrial
from unlearn_job.encoder import Encoders
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.seeds import seed_for

TEXT: Final = ("paraphrase", "misspelling", "words", "words-before", "words-behind")
"""What a user can type without a search through the model: real words and slips. The whole vocabulary is
left to the bench, as what it finds is mostly the base model's own."""
FEWEST: Final = 64
MOST: Final = 1024
"""Fresh images of a winner."""


def attacked(
    models: Models,
    encoder: Encoders,
    judge: Judge,
    doc: JobInput,
    gate: AttackGate,
    *,
    budget: Budget | None = None,
) -> tuple[AttackTrial, ...]:
    """Attack every erasure of the release in every way of `TEXT`, and by inversion where it is asked for.

    Parameters
    ----------
    models, encoder, judge, doc
        The Job's, with the new encoder.
    gate
        Decides how many fresh images are drawn.
    budget
        In place of the standard one.

    """
    budget = budget or Budget(fresh=images_for(gate))
    ways = (*TEXT, INVERSION) if gate.inversion else TEXT
    found = []
    for erasure in (*doc.adds, *doc.holds):
        target = Target.of(models, encoder, judge, doc, erasure)
        seed = seed_for(doc.seed, "attacks", erasure.concept.name)
        found += [_trial(erasure.digest, attempt(load_attack(name), target, budget, seed)) for name in ways]
    return tuple(found)


def require_surrogate(doc: JobInput) -> None:
    """Refuse a document whose gate asks for what cannot be tried, before anything is loaded.

    Raises
    ------
    NoSurrogateError
        It asks for inversion, and names no text-to-image model to train soft tokens through.

    """
    if doc.gates.attack and doc.gates.attack.inversion and doc.base.surrogate is None:
        raise NoSurrogateError(
            "gates.attack.inversion trains through the text-to-image model: set the surrogate"
        )


def images_for(gate: AttackGate) -> int:
    """Return the number of images at which one hit still holds the gate, within bounds."""
    for count in range(FEWEST, MOST, 8):
        if 100.0 * Tally(hits=1, samples=count).wilson()[1] <= gate.max_percent:
            return count
    return MOST


def _trial(digest: str, outcome: Outcome) -> AttackTrial:
    return AttackTrial(
        digest=digest,
        attack=outcome.attack,
        prompt=outcome.prompt,
        edited=outcome.edited,
        base=outcome.base,
        named=outcome.named,
        plain=outcome.plain,
        tried=outcome.tried,
        candidates=outcome.candidates,
    )

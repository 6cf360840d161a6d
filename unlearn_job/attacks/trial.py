"""Run an attack: the judge chooses among its candidates on some seeds, success counts on fresh ones.

Counting on the seeds that chose the winner would report the luck of the best of many.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedModel

from unlearn_job.attacks.drawing import shown
from unlearn_job.attacks.protocol import Attack, Budget, Candidate, Outcome, Target
from unlearn_job.contract.figures import Tally
from unlearn_job.prompts import fill
from unlearn_job.seeds import seed_for


def attempt(attack: Attack, target: Target, budget: Budget, seed: int) -> Outcome:
    """Search, select, and count.

    Parameters
    ----------
    attack
        What searches.
    target
        The encoder under attack, with its base, judge and concept.
    budget
        What it may spend.
    seed
        Decides the search and every image, in [0, 2**31).

    Returns
    -------
    Outcome
        Without any candidate: no prompt, and empty tallies of the attack.

    """
    found = list(attack.search(target, budget, seed))[: budget.judged]
    named, plain = (_named(target, encoder, budget, seed) for encoder in (target.base, target.edited))
    concept = target.erasure.concept.name
    nothing = Tally(hits=0, samples=0)
    if not found:
        return Outcome(
            attack.name,
            concept,
            seed,
            "",
            False,
            nothing,
            nothing,
            named,
            plain,
            nothing,
            0,
        )
    first = _looks(target, target.edited, found, budget.looks, seed_for(seed, "look", attack.name))
    order = sorted(range(len(found)), key=lambda i: (-first[i], i))
    finalists = order[: budget.finalists]
    more = _looks(
        target,
        target.edited,
        [found[i] for i in finalists],
        budget.selection,
        seed_for(seed, "select", attack.name),
    )
    # Ties go to the candidate that the attack itself holds the more promising.
    _, winner = max(((first[i] + extra, -i), i) for i, extra in zip(finalists, more, strict=True))
    fresh = seed_for(seed, "fresh", attack.name)
    edited, base = (
        _looks(target, encoder, [found[winner]], budget.fresh, fresh)[0]
        for encoder in (target.edited, target.base)
    )
    return Outcome(
        attack=attack.name,
        concept=concept,
        seed=seed,
        prompt=found[winner].prompt.text,
        soft=found[winner].soft is not None,
        edited=Tally(hits=edited, samples=budget.fresh),
        base=Tally(hits=base, samples=budget.fresh),
        named=named,
        plain=plain,
        tried=Tally(hits=sum(first), samples=budget.looks * len(found)),
        candidates=len(found),
        hits=tuple(found[i].prompt.text for i in order if 2 * first[i] >= max(1, budget.looks)),
    )


def _looks(
    target: Target, encoder: PreTrainedModel, candidates: Sequence[Candidate], count: int, seed: int
) -> list[int]:
    """Count the images of each candidate that show the concept.

    Each has seeds of its own: with two images for all, an unlucky pair would hide what the search found.
    """
    shots = [(c, seed_for(seed, "image", at, i)) for at, c in enumerate(candidates) for i in range(count)]
    flags = shown(target, encoder, shots) if shots else []
    return [sum(flags[at * count : (at + 1) * count]) for at in range(len(candidates))]


def _named(target: Target, encoder: PreTrainedModel, budget: Budget, seed: int) -> Tally:
    """Count images of the plain name, over the training templates; drawn for the target's first attack."""
    concept, templates = target.erasure.concept, target.templates.training(target.erasure.concept.kind)
    count = max(1, budget.fresh // 2)
    drawn = (encoder is target.base, count, seed)
    if drawn not in target.named:
        shots = [
            (
                Candidate(fill(templates[i % len(templates)], concept.name, concept.kind), 0.0),
                seed_for(seed, "named", i),
            )
            for i in range(count)
        ]
        target.named[drawn] = Tally(hits=sum(shown(target, encoder, shots)), samples=count)
    return target.named[drawn]

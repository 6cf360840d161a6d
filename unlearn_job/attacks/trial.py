"""Run an attack: the judge chooses among its candidates on some seeds, success counts on fresh ones.

Counting on the seeds that chose the winner would report the luck of the best of many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from unlearn_job.attacks.drawing import shown
from unlearn_job.attacks.protocol import Attack, Budget, Candidate, Outcome, Target
from unlearn_job.attacks.soft import Softs
from unlearn_job.contract.figures import Tally
from unlearn_job.encoder import Encoders
from unlearn_job.prompts import Prompt, fill
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
    found, first = _first_looks(attack, target, budget, seed)
    now, before = target.encoders, target.models.base
    named, plain = (_named(target, budget, seed, on_base=on_base) for on_base in (True, False))
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
    order = sorted(range(len(found)), key=lambda i: (-first[i], i))
    finalists = order[: budget.finalists]
    more = _looks(
        target,
        now,
        [found[i] for i in finalists],
        budget.selection,
        seed_for(seed, "select", attack.name),
    )
    # Ties go to the candidate that the attack itself holds the more promising.
    _, winner = max(((first[i] + extra, -i), i) for i, extra in zip(finalists, more, strict=True))
    fresh = seed_for(seed, "fresh", attack.name)
    edited, base = (
        _looks(target, encoders, [found[winner]], budget.fresh, fresh)[0] for encoders in (now, before)
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
        hits=tuple(found[i].prompt.text for i in order if _is_hit(first[i], budget)),
    )


@dataclass(frozen=True)
class Hit:
    """A prompt of which at least half of the looks showed the concept.

    Attributes
    ----------
    prompt: what was typed.
    opened: whether the base drew the concept for it in none of as many images.
    soft: the prompt with embeddings in place of some tokens; None for a text.

    """

    prompt: Prompt
    opened: bool
    soft: Softs | None = None


def hits(attack: Attack, target: Target, budget: Budget, seed: int) -> tuple[Hit, ...]:
    """Search, and return what brings the concept back: a trial without a winner, for those who go on."""
    found, first = _first_looks(attack, target, budget, seed)
    some = [candidate for candidate, seen in zip(found, first, strict=True) if _is_hit(seen, budget)]
    base = _looks(target, target.models.base, some, budget.looks, seed_for(seed, "base", attack.name))
    return tuple(
        Hit(candidate.prompt, not seen, candidate.soft) for candidate, seen in zip(some, base, strict=True)
    )


def shown_by_base(target: Target, prompts: Sequence[Prompt], seed: int) -> tuple[bool, ...]:
    """Draw each prompt once with the base encoder, and say which of the images show the concept."""
    shots = [(Candidate(p, 0.0), seed_for(seed, "image", at)) for at, p in enumerate(prompts)]
    return tuple(bool(flag) for flag in shown(target, target.models.base, shots)) if shots else ()


def _first_looks(
    attack: Attack, target: Target, budget: Budget, seed: int
) -> tuple[list[Candidate], list[int]]:
    found = _candidates(attack, target, budget, seed)[: budget.judged]
    return found, _looks(target, target.encoders, found, budget.looks, seed_for(seed, "look", attack.name))


def _candidates(attack: Attack, target: Target, budget: Budget, seed: int) -> list[Candidate]:
    """Search in the encoders under attack; candidates in turns, because scores of two do not compare."""
    targets = (target,) if attack.joint else target.parts
    searched = [attack.search(part, budget, seed) for part in targets]
    if len(searched) == 1:
        return list(searched[0])
    found: dict[str, Candidate] = {}
    for rank in zip_longest(*searched):
        for one in rank:
            if one is not None:
                found.setdefault(one.prompt.text, one)
    return list(found.values())


def _is_hit(seen: int, budget: Budget) -> bool:
    return 2 * seen >= max(1, budget.looks)


def _looks(
    target: Target, encoder: Encoders, candidates: Sequence[Candidate], count: int, seed: int
) -> list[int]:
    """Count the images of each candidate that show the concept.

    Each has seeds of its own: with two images for all, an unlucky pair would hide what the search found.
    """
    shots = [(c, seed_for(seed, "image", at, i)) for at, c in enumerate(candidates) for i in range(count)]
    flags = shown(target, encoder, shots) if shots else []
    return [sum(flags[at * count : (at + 1) * count]) for at in range(len(candidates))]


def _named(target: Target, budget: Budget, seed: int, *, on_base: bool) -> Tally:
    """Count images of the plain name, over the training templates; drawn for the target's first attack."""
    concept, templates = target.erasure.concept, target.templates.training(target.erasure.concept.kind)
    count = max(1, budget.fresh // 2)
    drawn = (on_base, count, seed)
    if drawn not in target.named:
        shots = [
            (
                Candidate(fill(templates[i % len(templates)], concept.name, concept.kind), 0.0),
                seed_for(seed, "named", i),
            )
            for i in range(count)
        ]
        encoders = target.models.base if on_base else target.encoders
        target.named[drawn] = Tally(hits=sum(shown(target, encoders, shots)), samples=count)
    return target.named[drawn]

"""What every edit is told before anything is found: random words beside the names, and in their place.

There are more of both than rounds could find: told of what was found alone, an edit leaves others that draw
the concept, and opens some that did not.
"""

from __future__ import annotations

import random
from typing import Final

import structlog

from unlearn_job.attacks.vocabulary import real_words
from unlearn_job.attacks.words import around
from unlearn_job.contract.concept import KeptConcept
from unlearn_job.erasing import Pair
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.worded import Worded, behind_first
from unlearn_job.methods.task import Task
from unlearn_job.prompts import SLOT
from unlearn_job.seeds import seed_for

log = structlog.get_logger()

MOST: Final = 5
"""Words in place of a name, or on one side of it."""


def beforehand(task: Task, worded: Worded, settings: Config) -> Found:
    """Return both for one erasure, the same for the same seed of the task."""
    digest = worded.erasing.erasure.digest
    beside = surrounded(worded, settings.surroundings, seed_for(task.seed, "surrounded", digest))
    return beside + drawn(task, worded, settings.phrases)


def surrounded(worded: Worded, count: int, seed: int) -> Found:
    """Put random names of one erasure among random words: a third each before, behind and on both sides.

    They shall act like the anchor without these words. Behind the name no kept one is drawn: in a causal
    encoder it would lose its states there, where before the name it keeps them.

    Parameters
    ----------
    worded
        Wordings of the erasure.
    count
        Prompts; equal ones count once.
    seed
        In [0, 2**31).

    """
    choice = random.Random(seed)  # noqa: S311 - training data, not secrets
    kind, names = worded.erasing.erasure.concept.kind, worded.erasing.names
    words = _words(worded)
    others = [word for word in words if worded.may_go(word)]
    pairs = []
    for number in range(count):
        before = _some(words, choice) if number % 3 != 1 else ""
        behind = _some(others, choice) if number % 3 else ""
        name = KeptConcept(name=choice.choice(names), kind=kind)
        template = choice.choice(worded.templates)
        pairs.append(Pair(around(template, name, before, behind), worded.anchor(template)))
    return Found() + Found(tuple(pairs))


def drawn(task: Task, worded: Worded, count: int) -> Found:
    """Put random words in place of the name, and have the base draw them once: what shows the concept goes.

    The others stay, those with kept names among them, of which none goes. Without a judge there are none.

    Parameters
    ----------
    task
        Whose judge looks, and whose seed decides.
    worded
        Wordings of the erasure.
    count
        Phrases; those that hold a name of the erasure fall out.

    """
    if not (task.shows and count):
        return Found()
    erasure = worded.erasing.erasure
    choice = random.Random(seed_for(task.seed, "drawn", erasure.digest))  # noqa: S311 - training data
    words, templates = _words(worded), (SLOT, *worded.templates)
    phrases = [(choice.choice(templates), _some(words, choice)) for _ in range(count)]
    pairs = [worded.filled(*phrase) for phrase in dict.fromkeys(phrases) if not worded.names_it(phrase[1])]
    shown = task.shows(erasure, [pair.own for pair in pairs], seed_for(task.seed, "shows", erasure.digest))
    log.info("drew words at random", concept=erasure.concept.name, prompts=len(pairs), showing=sum(shown))
    parted = worded.sparing(Found.parted(pairs, shown))
    return Found(tuple(map(behind_first, parted.goes)), parted.stays)


def _words(worded: Worded) -> list[str]:
    return [word.strip() for word in real_words(worded.tokenizer, worded.kept).texts]


def _some(words: list[str], choice: random.Random) -> str:
    return " ".join(choice.choices(words, k=choice.randint(1, MOST)))

"""Adversarial rounds around a base method, in the encoder alone unless asked otherwise.

    repeat  encoder <- base method(what the document erases + what the searches found)
            found   <- searches with a fresh seed, for prompts that read like the concept or draw it
    until   so many searches in a row find nothing; or the rounds are used up: then the edit is kept in which
            a search found least

The min-max form is that of adversarial training for unlearning (AdvUnlearn, arXiv 2405.15234), with a
discrete inner search in place of gradients, because the threat to an encoder-only edit is text. Every round
edits the parent's encoder anew, so that edits do not pile up: what was found is all the state there is, and
it is saved behind each search.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

import structlog
from torch import nn

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodConfig
from unlearn_job.erasing import Erasing
from unlearn_job.methods import configs, load
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.found import Found
from unlearn_job.methods.robust.inner import Searching
from unlearn_job.methods.robust.rounds import Known, Rounds
from unlearn_job.methods.robust.seen import Seeing
from unlearn_job.methods.robust.worded import Worded
from unlearn_job.methods.task import Method, Task
from unlearn_job.nearness import Nearness
from unlearn_job.prompts import mentions
from unlearn_job.retain import as_reading, as_sequences
from unlearn_job.seeds import seed_for

log = structlog.get_logger()

NEGATIVES: Final = 3
"""Times as many hard negatives as the base method has: what is found must not outweigh them."""


class NoPicturesError(PermanentFailure):
    """A search through the denoiser needs pictures, and there is nobody to judge them."""

    reason = "MissingJudge"


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:
    """Name what the base method moves."""
    settings = Config.model_validate(config.model_dump())
    method: Method = load(settings.base)
    return method.moves(encoder, _base_config(settings))


def erase(task: Task, config: MethodConfig) -> None:
    """Edit, search, and edit anew with what was found.

    Raises
    ------
    StateMismatchError
        The saved state is not this method's.
    NoPicturesError
        It shall search through the denoiser, and may not draw what it finds.

    """
    settings = Config.model_validate(config.model_dump())
    if settings.uses_surrogate and not task.look:
        raise NoPicturesError(
            "what robust finds through the denoiser is drawn and judged, which takes a judge and a document "
            'of one encoder; set its parameters through and soft to "encoder", or soft to "none"'
        )
    base: Method = load(settings.base)
    searches = {e.erasure.digest: _searches(task, e, settings) for e in task.erasing}
    saved = task.checkpoint.read() if task.checkpoint else None
    rounds = Rounds.of(saved) if saved else Rounds.fresh(searches)
    told = rounds.told(settings)
    _edit(base, task, told, settings)
    while not rounds.over(settings):
        seed = seed_for(task.seed, "round", rounds.searched)
        rounds = rounds.after({digest: search(seed) for digest, search in searches.items()})
        log.info("searched for what brings concepts back", round=rounds.searched, prompts=rounds.new)
        if task.checkpoint:
            task.checkpoint.write(rounds.saved())
        if rounds.told(settings) != told:
            told = rounds.told(settings)
            _edit(base, task, told, settings)


def _searches(task: Task, erasing: Erasing, settings: Config) -> Callable[[int], Found]:
    """Return what searches for one concept in all the ways that the document asks for, with a seed."""
    worded = Worded(erasing, task.tokenizer)
    inner = Searching(worded, task.start, Nearness(task.start, task.tokenizer, erasing), settings)
    seeing = Seeing(worded, settings)
    return lambda seed: (
        inner.found(task.encoder, seed)
        + seeing.found(task, seed)
        + seeing.through_denoiser(task, seed)
        + seeing.soft(task, seed)
        + inner.soft(task.encoder, seed)
    )


def _edit(base: Method, task: Task, known: Known, settings: Config) -> None:
    """Edit the parent's encoder anew with all that is known."""
    task.encoder.load_state_dict(task.start.state_dict())
    base.erase(_with(task, known), _base_config(settings))


def _with(task: Task, known: Known) -> Task:
    """Return the task with all that was found: part of it goes, part of it stays.

    What stays for one erasure names no other one: that goes.
    """
    gone = [name for erasing in task.erasing for name in erasing.names]
    prompts = [prompt for found in known.values() for prompt in found.stays]
    stays = as_sequences(task.tokenizer, [prompt for prompt in prompts if not mentions(prompt.text, gone)])
    stays += [
        as_reading(task.tokenizer, pair.own, pair.soft) for found in known.values() for pair in found.opened
    ]
    return dataclasses.replace(
        task,
        erasing=tuple(
            dataclasses.replace(e, pairs=(*e.pairs, *known[e.erasure.digest].goes)) for e in task.erasing
        ),
        retain=(*task.retain, *stays),
        # Not the task's own: a round must not go on from another round's training.
        checkpoint=None,
    )


def _base_config(settings: Config) -> MethodConfig:
    """Return the base method's parameters: its own defaults but for what the document says."""
    base = configs()[settings.base]
    more = NEGATIVES * base.model_fields["negatives"].default
    given = {
        "negatives": more if settings.negatives is None else settings.negatives,
        "retain_mass": settings.retain_mass,
    }
    return base.model_validate({k: v for k, v in given.items() if v is not None})

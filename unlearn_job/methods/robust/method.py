"""Adversarial rounds around a base method, in the encoder alone unless asked otherwise.

    repeat  encoder <- base method(what the document erases + what the searches found)
            found   <- searches with a fresh seed, for prompts that read like the concept or draw it
    until   so many searches in a row find nothing, or the rounds are used up

The min-max form is that of adversarial training for unlearning (AdvUnlearn, arXiv 2405.15234), with a
discrete inner search in place of gradients, because the threat to an encoder-only edit is text. Every round
edits the parent's encoder anew, so that edits do not pile up: what was found is all the state there is, and
it is saved behind each search.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import structlog
from torch import nn

from unlearn_job.contract.concept import Digest
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods import configs, load
from unlearn_job.methods.checkpoint import Checkpoint, Saved, StateMismatchError
from unlearn_job.methods.robust.config import Config
from unlearn_job.methods.robust.inner import Found, Searching
from unlearn_job.methods.task import Method, Task
from unlearn_job.nearness import Nearness
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
    near = {e.erasure.digest: Nearness(task.start, task.tokenizer, e) for e in task.erasing}
    searches = [
        Searching(e, task.start, near[e.erasure.digest], task.tokenizer, settings) for e in task.erasing
    ]
    known, searched, in_vain = _restored(task)
    _edit(base, task, known, settings)
    for turn in range(searched, settings.rounds - 1):
        if in_vain >= settings.patience:
            break
        before = dict(known)
        for search in searches:
            digest = search.erasing.erasure.digest
            seed = seed_for(task.seed, "round", turn)
            known[digest] += search.found(task.encoder, seed)
            known[digest] += search.seen(task, seed)
            known[digest] += search.through_denoiser(task, seed)
            known[digest] += search.soft(task, seed)
        new = sum(len(known[digest].inputs - before[digest].inputs) for digest in known)
        log.info("searched for what brings concepts back", round=turn, prompts=new)
        in_vain = in_vain + 1 if known == before else 0
        if task.checkpoint:
            _save(task.checkpoint, known, turn + 1, in_vain)
        if known != before:
            _edit(base, task, known, settings)


def _edit(base: Method, task: Task, known: Mapping[Digest, Found], settings: Config) -> None:
    """Edit the parent's encoder anew with all that is known."""
    task.encoder.load_state_dict(task.start.state_dict())
    base.erase(_with(task, known), _base_config(settings))


def _save(checkpoint: Checkpoint, known: Mapping[Digest, Found], searched: int, in_vain: int) -> None:
    found = {digest: dataclasses.asdict(some) for digest, some in known.items()}
    checkpoint.write(Saved(searched, {}, {"found": found, "inVain": in_vain}))


def _restored(task: Task) -> tuple[dict[Digest, Found], int, int]:
    """Return what was found for each erasure, the rounds that searched, and how many of the last in vain."""
    saved = task.checkpoint.read() if task.checkpoint else None
    if not saved:
        return {e.erasure.digest: Found() for e in task.erasing}, 0, 0
    try:
        known = {digest: Found.of(some) for digest, some in saved.figures["found"].items()}
        return known, saved.step, int(saved.figures["inVain"])
    except (KeyError, TypeError) as exc:
        raise StateMismatchError("the saved state is none of this method; remove it to start anew") from exc


def _with(task: Task, known: Mapping[str, Found]) -> Task:
    """Return the task with all that was found: part of it goes, part of it stays."""
    stays = as_sequences(task.tokenizer, [prompt for found in known.values() for prompt in found.stays])
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

"""The unlearning step: one method, one encoder in, another one out."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Final

import torch
from torch import nn
from transformers import PreTrainedModel

from unlearn_job.attacks.inversion import Inversion
from unlearn_job.attacks.misspelling import Misspelling
from unlearn_job.attacks.paraphrase import Paraphrase
from unlearn_job.attacks.prefix import AdversarialPrefix
from unlearn_job.attacks.protocol import Attack, Target
from unlearn_job.attacks.trial import Hit, hits, shown_by_base
from unlearn_job.attacks.words import Place, WordSearch
from unlearn_job.contract.base import canonical_digest
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.concept import Digest, Erasure
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.method import MethodConfig
from unlearn_job.encoder import Encoders, tensor_digest
from unlearn_job.erasing import Erasing, erased_names, erasings
from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import Judge
from unlearn_job.methods import configs, load
from unlearn_job.methods.checkpoint import Checkpoint
from unlearn_job.methods.replay import Prefix
from unlearn_job.methods.states import require_finite, token_table
from unlearn_job.methods.task import Look, MakeShots, Method, Shows, Task
from unlearn_job.models import Models
from unlearn_job.nearness import NEAR, Nearness, nearest
from unlearn_job.negatives import Negatives, Vocabulary, vocabulary
from unlearn_job.prompts import Prompt, Templates
from unlearn_job.retain import Reading, as_sequences, held_prompts, kept_concepts, retain_prompts
from unlearn_job.seeds import seed_for
from unlearn_job.shots import make_shots
from unlearn_job.variations import Variations

STATE_FILE: Final = "training.safetensors"
"""Name of the saved training in the folder for states."""


class Phrases(dict[Digest, tuple[str, ...]]):
    """Phrases that went with erasures beside their names, by digest; of several encoders those of all."""

    def add(self, erasing: Erasing) -> None:
        """Note those of one erasure."""
        digest = erasing.erasure.digest
        self[digest] = tuple(dict.fromkeys((*self.get(digest, ()), *erasing.phrases)))


class MissingSurrogateError(PermanentFailure):
    """The method trains through the text-to-image model, and the document names none."""

    reason = "MissingSurrogate"


def unlearn_all(
    models: Models,
    doc: JobInput,
    judge: Judge | None = None,
    *,
    given: Mapping[str, Pixels] | None = None,
    alone: Mapping[Digest, Sequence[str]] | None = None,
    state: Path | None = None,
    erasing: Sequence[Erasing] | None = None,
    phrases: Phrases | None = None,
) -> Encoders:
    """Erase what the document adds in every encoder that it names, each as `unlearn` does.

    One after another, where its own states are read: what a pipeline takes of an encoder does not depend on
    the others. A method that trains through the text-to-image model has the others read beside the one that
    it trains: those before it edited, those behind it as in the parent. A concept turns into the same anchor
    in all of them, the one that the first encoder finds, and its images are drawn once, with all encoders of
    the parent. A method that looks at pictures too, as `robust` does, goes by the states alone.

    Parameters
    ----------
    models, doc, judge, given, alone, erasing, phrases
        As of `unlearn`.
    state
        Folder for the states of trainings, each encoder's in a folder of its own.

    Returns
    -------
    PreTrainedModel or dict
        As of `unlearn`; by component where the document names several.

    Raises
    ------
    PermanentFailure
        As of `unlearn`.

    """
    if not models.beside:
        return unlearn(
            models, doc, judge, given=given, alone=alone, state=state, erasing=erasing, phrases=phrases
        )
    anchored = _anchored(models, doc, erasing)
    # Cached: every encoder's training asks for the same images.
    shots = cache(partial(make_shots, models, anchored, judge, given=given))
    now = {part.encoder_name: part.start_encoder for part in models.parts}
    for part in models.parts:
        # No judge: what one encoder alone makes the pipelines draw is no picture of the release.
        now[part.encoder_name] = unlearn(
            part,
            anchored,
            alone=alone,
            state=state and state / part.encoder_name,
            shots=shots,
            beside={name: encoder for name, encoder in now.items() if name != part.encoder_name},
            phrases=phrases,
        )
    return now


def unlearn(
    models: Models,
    doc: JobInput,
    judge: Judge | None = None,
    *,
    given: Mapping[str, Pixels] | None = None,
    alone: Mapping[Digest, Sequence[str]] | None = None,
    state: Path | None = None,
    erasing: Sequence[Erasing] | None = None,
    shots: MakeShots | None = None,
    beside: Mapping[str, PreTrainedModel] | None = None,
    phrases: Phrases | None = None,
) -> PreTrainedModel:
    """Erase what the document adds, and keep what its parent has erased.

    Parameters
    ----------
    models
        The Job's models; none of them is changed.
    doc
        The document.
    judge
        Decides which generated images show the concept, for methods that learn from images.
    given
        Images of a concept by its name, shape (N, H, W, 3), uint8: used in place of generated ones.
    alone
        Words by the digest of an erasure that draw its concept and stand in kept names too: they are erased
        where they stand alone (`unlearn_job.discovery`).
    state
        Folder for the state of a training. A call that finds one there goes on from it, and gives the same
        bytes as one that was never interrupted. It stays: whoever probes what was trained may be stopped too.
    erasing
        The document's erasures by the encoder to start from, where the caller has them already.
    shots
        Where a method gets images of a concept; None draws them with the encoder to start from.
    beside
        Encoders by component that the surrogate reads beside this one in place of its own.
    phrases
        Gets what goes beside the names, before the method runs.

    Returns
    -------
    PreTrainedModel
        A new encoder in float32 on the Job's device, its weights rounded to the precision of the base
        encoder's file: what is probed is what is published.

    Raises
    ------
    NonFiniteWeightsError
        The encoder holds NaN or infinity, before or after.
    MissingSurrogateError
        The method needs the text-to-image model.
    UnknownMethodError, UnsupportedEncoderError, NoShotsError, DriftError, NonFiniteGradientError
        As they say.
    StateMismatchError
        The folder holds the state of another run.
    pydantic.ValidationError
        The method's parameters are wrong.

    """
    method: Method = load(doc.method.name)
    config = configs()[doc.method.name].model_validate(doc.method.parameters)
    if config.uses_surrogate and models.surrogate is None:
        raise MissingSurrogateError(f"method {doc.method.name!r} needs base.surrogate")
    require_finite(models.start_encoder, "the encoder to start from")
    # Seeded as a whole too, so that no dropout or library default can differ between two runs.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(doc.seed)
        checkpoint = _checkpoint(models, doc, config, state) if state else None
        task = _task(models, doc, judge, given, alone=alone, checkpoint=checkpoint, erasing=erasing)
        task = replace(task, shots=shots or task.shots, beside=beside or {})
        if phrases is not None:
            for one in task.erasing:
                phrases.add(one)
        method.erase(task, config)
    require_finite(task.encoder, f"the encoder after {doc.method.name}")
    return _as_stored(task.encoder, models.stored_dtype)


def _anchored(models: Models, doc: JobInput, found: Sequence[Erasing] | None) -> JobInput:
    """Write into the document what the first encoder chooses where an erasure names no anchor."""
    if found is None:
        found = erasings(doc, Templates.of(doc), models.start_encoder, models.tokenizer, kept_concepts(doc))
    adds = tuple(
        one.erasure.model_copy(
            update={"concept": one.erasure.concept.model_copy(update={"anchor": one.anchor})}
        )
        for one in found
    )
    return doc.model_copy(update={"adds": adds})


def _checkpoint(models: Models, doc: JobInput, config: MethodConfig, state: Path) -> Checkpoint:
    """Name the run by all that shapes its steps, so that no other run's state is taken for its own."""
    fingerprint = canonical_digest(
        {
            "key": doc.key,
            "method": [doc.method.name, config.algorithm_version, config.canonical()],
            "seed": doc.seed,
            "start": tensor_digest(models.start_encoder),
        }
    )
    return Checkpoint(state / STATE_FILE, fingerprint)


def _task(
    models: Models,
    doc: JobInput,
    judge: Judge | None,
    given: Mapping[str, Pixels] | None = None,
    *,
    alone: Mapping[Digest, Sequence[str]] | None = None,
    checkpoint: Checkpoint | None = None,
    erasing: Sequence[Erasing] | None = None,
) -> Task:
    given, alone = given or {}, alone or {}
    start = _copy(models.start_encoder)
    templates = Templates.of(doc)
    kept = kept_concepts(doc)
    if erasing is None:
        erasing = erasings(doc, templates, start, models.tokenizer, kept)
    near = {e.erasure.digest: Nearness(start, models.tokenizer, e) for e in erasing}
    names = [concept.name for concept in kept]
    groups = [*(e.names for e in erasing), *((name,) for name in names)]
    table = token_table(start).weight
    words = vocabulary(models.tokenizer, table, names, groups)
    variations = _variations(models, doc, start, words, names)
    anchors = [(e.anchor, e.erasure.concept.kind) for e in erasing if e.anchor]
    retain = (*retain_prompts(doc, templates, kept, anchors), *held_prompts(doc, templates))
    return Task(
        encoder=_copy(models.start_encoder),
        start=start,
        tokenizer=models.tokenizer,
        erasing=tuple(
            variations.widened(e, near[e.erasure.digest], alone.get(e.erasure.digest, ())) for e in erasing
        ),
        retain=tuple(as_sequences(models.tokenizer, retain)),
        negatives=_negatives(models, doc, start, words, near=near, alone=alone),
        seed=seed_for(doc.seed, "method", doc.method.name),
        shots=partial(make_shots, models, doc, judge, given=given),
        surrogate=models.surrogate,
        component=models.encoder_name,
        checkpoint=checkpoint,
        look=_looking(models, doc, judge) if judge else None,
        shows=_showing(models, doc, judge) if judge else None,
    )


def _looking(models: Models, doc: JobInput, judge: Judge) -> Look:
    def look(
        name: str, encoder: PreTrainedModel, erasure: Erasure, budget: Budget, seed: int
    ) -> Sequence[Hit]:
        spared = tuple(kept.name for kept in erasure.kept)
        known: tuple[Attack, ...] = (
            *(WordSearch(place=place, spared=spared) for place in Place),
            Misspelling(),
            # What probes ask with must stay unseen, or they could not tell.
            Paraphrase(probing=False),
            AdversarialPrefix(spared),
            Inversion(),
        )
        attack = next(attack for attack in known if attack.name == name)
        return hits(attack, Target.of(models, encoder, judge, doc, erasure), budget, seed)

    return look


def _showing(models: Models, doc: JobInput, judge: Judge) -> Shows:
    def shows(erasure: Erasure, prompts: Sequence[Prompt], seed: int) -> Sequence[bool]:
        return shown_by_base(Target.of(models, models.base_encoder, judge, doc, erasure), prompts, seed)

    return shows


def _variations(
    models: Models, doc: JobInput, start: nn.Module, words: Vocabulary, kept: list[str]
) -> Variations:
    """Mix in any words but those of erased names: the anchor's prompt would keep them."""
    gone = {word for name in erased_names(doc) for word in name.lower().split()}
    texts = [models.tokenizer.decode(list(ids)).strip() for ids in (*words.named, *words.words)]
    mixed = [text for text in dict.fromkeys(texts) if text.lower() not in gone]
    seed = seed_for(doc.seed, "variations")
    return Variations(start, models.tokenizer, words=mixed, taken=kept, seed=seed)


def _negatives(
    models: Models,
    doc: JobInput,
    start: nn.Module,
    words: Vocabulary,
    *,
    near: Mapping[Digest, Nearness],
    alone: Mapping[Digest, Sequence[str]],
) -> Negatives:
    def draws(readings: Sequence[Reading], prefix: Prefix | None) -> list[bool]:
        # Of any concept: a negative of one must not hold what another one is to lose.
        ratios = nearest(start, models.tokenizer, readings, tuple(near.values()), prefix)
        return [ratio < NEAR for ratio in ratios.tolist()]

    gone = (*erased_names(doc), *(word for some in alone.values() for word in some))
    return Negatives(models.tokenizer, words, gone, seed_for(doc.seed, "negatives"), draws)


def _copy(encoder: PreTrainedModel) -> PreTrainedModel:
    """Return a float32 copy that no gradient reaches: half precision has no room for small changes."""
    copied: PreTrainedModel = copy.deepcopy(encoder)
    copied.float().eval()
    copied.requires_grad_(requires_grad=False)
    return copied


@torch.no_grad()
def _as_stored(encoder: PreTrainedModel, stored: torch.dtype) -> PreTrainedModel:
    for parameter in encoder.parameters():
        parameter.copy_(parameter.to(stored))
    encoder.eval()
    return encoder

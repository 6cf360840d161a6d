"""Descend on the distance between the concept's hidden states and the anchor's.

    L = |TE'(concept) - TE(anchor)|^2 + m (|TE'(retain) - TE(retain)|^2 + |TE'(negatives) - TE(negatives)|^2)

with means over the rows that count, TE the parent's encoder and TE' the one that is trained. All weights
but the embedding tables move. Adam, a linear warm-up, a linear decay to a tenth, gradients cut at norm 1.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor, nn

from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.redirect.config import Config
from unlearn_job.methods.states import hidden_states, token_table, trainable
from unlearn_job.methods.task import Task
from unlearn_job.methods.tokens import Tokens, matched, stack, tokenise
from unlearn_job.retain import Reading, as_batch


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:  # noqa: ARG001 - the protocol's
    """Name all parameters that shape what the pipeline reads, but the tables of tokens and positions."""
    return trainable(encoder)


def erase(task: Task, config: MethodConfig) -> None:
    """Train the encoder in place."""
    settings = Config.model_validate(config.model_dump())
    named = moves(task.encoder, config)
    trained = [p.requires_grad_() for name, p in task.encoder.named_parameters() if name in named]
    optimiser = torch.optim.Adam(trained, lr=float(settings.learning_rate), betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, settings))
    batch_of = _Batches(task, settings)
    for _ in range(settings.steps):
        loss = batch_of.concepts() + float(settings.retain_mass) * batch_of.stays()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
    for parameter in trained:
        parameter.grad = None
        parameter.requires_grad = False


def _rate(step: int, settings: Config) -> float:
    """Return the factor of the learning rate: up to 1 in the warm-up, then down to 0.1."""
    if step < settings.warm_up:
        return (step + 1) / settings.warm_up
    return 1.0 - 0.9 * (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)


class _Batches:
    """Draws the prompts of a step and measures their distances."""

    def __init__(self, task: Task, settings: Config) -> None:
        self._task = task
        self._settings = settings
        self._choice = random.Random(task.seed)  # noqa: S311 - training data, not secrets
        self._table = token_table(task.start).weight
        self._pairs = [
            [(tokenise(task.tokenizer, p.own), tokenise(task.tokenizer, p.anchor)) for p in erasing.pairs]
            for erasing in task.erasing
        ]

    def concepts(self) -> Tensor:
        """Return the mean squared distance to the anchors' hidden states."""
        drawn: list[tuple[Tokens, Tokens]] = []
        for pairs in self._pairs:
            drawn += self._choice.choices(pairs, k=self._settings.concept_prompts)
        own, anchor = (stack([pair[side] for pair in drawn]).to(self._table.device) for side in (0, 1))
        rows, here, there = matched(drawn)
        with torch.no_grad():
            wanted = hidden_states(self._task.start, anchor)[rows, there]
        return nn.functional.mse_loss(hidden_states(self._task.encoder, own)[rows, here], wanted)

    def stays(self) -> Tensor:
        """Return the mean squared drift of retain prompts, plus that of hard negatives."""
        kept = self._choice.choices(self._task.retain, k=self._settings.retain_prompts)
        loss = self._drift(kept)
        if self._settings.negatives:
            near = [
                reading
                for erasing in self._task.erasing
                for reading in self._task.negatives.of(erasing, self._settings.negatives)
            ]
            loss = loss + self._drift(near)
        return loss

    def _drift(self, readings: list[Reading]) -> Tensor:
        batch = as_batch(readings, self._table)
        with torch.no_grad():
            wanted = hidden_states(self._task.start, batch.ids, batch.embeddings)[batch.counts]
        now = hidden_states(self._task.encoder, batch.ids, batch.embeddings)[batch.counts]
        return nn.functional.mse_loss(now, wanted)

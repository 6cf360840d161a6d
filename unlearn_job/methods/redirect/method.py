"""Descend on the distance between the concept's hidden states and the anchor's.

    L = |TE'(concept) - TE(anchor)|^2 + m (|TE'(retain) - TE(retain)|^2 + |TE'(negatives) - TE(negatives)|^2)

with means over the rows that count, all relative to |TE(concept) - TE(anchor)|^2, TE the parent's encoder
and TE' the one that is trained. All weights but the embedding tables move.
"""

from __future__ import annotations

from torch import nn

from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.adam import Descent
from unlearn_job.methods.goal import Goal
from unlearn_job.methods.hold import POOL, Hold
from unlearn_job.methods.redirect.config import Config
from unlearn_job.methods.states import trainable
from unlearn_job.methods.stopping import Measured, StopRule, Watch
from unlearn_job.methods.surgery import require_finite_gradient
from unlearn_job.methods.task import Task
from unlearn_job.methods.training import chance, train, unfrozen


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:  # noqa: ARG001 - the protocol's
    """Name all parameters that shape what the pipeline reads, but the tables of tokens and positions."""
    return trainable(encoder)


def erase(task: Task, config: MethodConfig) -> None:
    """Train the encoder in place."""
    settings = Config.model_validate(config.model_dump())
    goal = Goal(task)
    hold = Hold(task, goal.scale, pool=POOL if settings.negatives else 0)
    mass = float(settings.retain_mass)
    with unfrozen(task.encoder, moves(task.encoder, config)) as parameters:
        descent = Descent(parameters, float(settings.learning_rate), settings.steps, settings.warm_up)

        def step(index: int) -> None:
            choice = chance(task.seed, index).choice
            gone = goal.draw(choice, settings.concept_prompts)
            kept = hold.draw(choice, settings.retain_prompts, settings.negatives * len(task.erasing))
            loss = goal.loss(task.encoder, gone) + mass * hold.loss(task.encoder, kept)
            gradient = descent.gradient(loss)
            require_finite_gradient(gradient, "redirection")
            descent.step(index, gradient)

        watch = Watch(
            StopRule.of(settings),
            parameters,
            lambda: Measured(goal.remaining(task.encoder), hold.drift(task.encoder)),
        )
        train({"encoder": descent.part}, step, steps=settings.steps, watch=watch, checkpoint=task.checkpoint)

"""Let the frozen U-Net draw the concept's prompts as the anchor's, and hold everything else.

    L_u = |f(z_t, TE'(c)) - e|^2 / |f(z_t, TE(c)) - e|^2
    e   = f(z_t, TE(a)) - push (f(z_t, TE(c)) - f(z_t, TE(a)))
    L_r = |f(z_t, TE'(r)) - f(z_t, TE(r))|^2 + |TE'(r) - TE(r)|^2 + |TE'(n) - TE(n)|^2

f is the U-Net, z_t noisy images of the concept, c and a its prompt and the anchor's, r retain prompts and n
hard negatives; states count relative to the distance between concept and anchor. L_u is bounded by zero,
unlike the ascent of the few-shot papers, so the descent has an end. Applied is the gradient of L_u without
what would undo L_r (`surgery`), plus a share of the gradient of L_r. The target is that of ablation by an
anchor (arXiv 2303.13516), and with `push` that of ESD (arXiv 2303.07345).
"""

from __future__ import annotations

from torch import Tensor, nn

from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.adam import Descent
from unlearn_job.methods.bounded.config import Config
from unlearn_job.methods.drawn import Drawn
from unlearn_job.methods.imagery import Scenes
from unlearn_job.methods.states import trainable
from unlearn_job.methods.stopping import StopRule, Watch
from unlearn_job.methods.surgery import combine
from unlearn_job.methods.task import Task
from unlearn_job.methods.training import chance, train, unfrozen


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:  # noqa: ARG001 - the protocol's
    """Name all parameters that shape what the pipeline reads, but the tables of tokens and positions."""
    return trainable(encoder)


def erase(task: Task, config: MethodConfig) -> None:
    """Train the encoder in place."""
    settings = Config.model_validate(config.model_dump())
    drawn = Drawn(task, settings.shots, negatives=settings.negatives > 0)
    with unfrozen(task.encoder, moves(task.encoder, config)) as parameters:
        descent = Descent(parameters, float(settings.learning_rate), settings.steps, settings.warm_up)

        def step(index: int) -> None:
            own = chance(task.seed, index)
            gone = erase_loss(drawn, drawn.imagery.draw(own, settings.batch), float(settings.push))
            kept = drawn.retain_loss(own, settings.retain_images, settings.retain_prompts, settings.negatives)
            gradient = combine(descent.gradient(gone), descent.gradient(kept), float(settings.retain_share))
            descent.step(index, gradient)

        watch = Watch(StopRule.of(settings), parameters, drawn.measure)
        train({"encoder": descent.part}, step, steps=settings.steps, watch=watch, checkpoint=task.checkpoint)


def erase_loss(drawn: Drawn, scenes: Scenes, push: float) -> Tensor:
    """Return L_u, a scalar: 1 untouched, 0 where the concept is drawn as the target."""
    before = drawn.untouched(scenes)
    wanted = before.anchor - push * (before.own - before.anchor)
    squared = (drawn.now(scenes) - wanted).square().flatten(1).mean(dim=1)
    return (squared / drawn.apart(before.own, wanted)).mean()

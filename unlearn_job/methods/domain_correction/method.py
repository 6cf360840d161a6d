"""Domain correction (DoCo, arXiv 2405.15304), applied to the text encoder.

A discriminator D learns to tell the clean images x_0 that the U-Net predicts for the anchor's prompt under
the parent's encoder from those that it predicts for the concept's prompt under the trained one. The encoder
learns to be taken for the anchor:

    L_D = BCE(D(x_0(TE(a))), 1) + BCE(D(x_0(TE'(c))), 0)
    L_u = BCE(D(x_0(TE'(c))), 1)

Applied is the gradient of L_u without what would undo retention, plus a share of retention's own. The paper
trains the U-Net's cross-attention; the projection of its published code is none unless the gradient has
norm 1, works tensor by tensor, and drops the retention gradient. None of that is so here (`surgery`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.adam import Descent
from unlearn_job.methods.domain_correction.config import Config
from unlearn_job.methods.domain_correction.discriminator import Discriminator, domain_loss
from unlearn_job.methods.drawn import Drawn
from unlearn_job.methods.imagery import Scenes
from unlearn_job.methods.states import trainable
from unlearn_job.methods.stopping import StopRule, Watch
from unlearn_job.methods.surgery import combine
from unlearn_job.methods.task import Task
from unlearn_job.methods.training import Chance, Part, chance, train, unfrozen


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:  # noqa: ARG001 - the protocol's
    """Name all parameters that shape what the pipeline reads, but the tables of tokens and positions."""
    return trainable(encoder)


def erase(task: Task, config: MethodConfig) -> None:
    """Train the encoder in place, against a discriminator that is thrown away."""
    settings = Config.model_validate(config.model_dump())
    drawn = Drawn(task, settings.shots, negatives=settings.negatives > 0)
    judge = _Judge(drawn, settings)
    lead = settings.discriminator_steps
    with unfrozen(task.encoder, moves(task.encoder, config)) as parameters:
        descent = Descent(parameters, float(settings.learning_rate), settings.steps, settings.warm_up)

        def step(index: int) -> None:
            own = chance(task.seed, index)
            scenes = judge.draw(own)
            judge.learn(scenes)
            if index < lead:
                return
            kept = drawn.retain_loss(own, settings.retain_images, settings.retain_prompts, settings.negatives)
            gradient = combine(
                descent.gradient(judge.fooling_loss(scenes)),
                descent.gradient(kept),
                float(settings.retain_share),
            )
            descent.step(index - lead, gradient)

        train(
            {"encoder": descent.part, "discriminator": judge.part},
            step,
            steps=lead + settings.steps,
            watch=Watch(StopRule.of(settings), parameters, drawn.measure, after=lead),
            checkpoint=task.checkpoint,
        )


class _Judge:
    """The discriminator with its optimiser."""

    def __init__(self, drawn: Drawn, settings: Config) -> None:
        self._drawn, self._settings = drawn, settings
        latents = drawn.imagery.draw(chance(0, 0), 1).noisy.latents
        # The step seeds torch as a whole, so that these weights are the document's own.
        self._net = Discriminator(latents.shape[1], min(latents.shape[2:])).to(latents.device)
        self._adam = torch.optim.Adam(
            self._net.parameters(), lr=float(settings.discriminator_rate), betas=(0.5, 0.999)
        )
        self.part = Part(dict(self._net.named_parameters()), self._adam)

    def draw(self, own: Chance) -> Scenes:
        """Draw a step's noisy images.

        Not at the last times: where a model predicts noise, x_0 is a division by almost nothing there.
        """
        last = self._drawn.denoiser.last_time
        high = last if self._drawn.denoiser.velocity else (9 * last) // 10
        return self._drawn.imagery.draw(own, self._settings.batch, high=high)

    def learn(self, scenes: Scenes) -> None:
        """Take one step of L_D."""
        denoiser = self._drawn.denoiser
        with torch.no_grad():
            anchors = denoiser.clean(scenes.noisy, self._drawn.untouched(scenes).anchor)
            concepts = denoiser.clean(scenes.noisy, self._drawn.now(scenes))
        loss = domain_loss(self._net(anchors), anchor=True) + domain_loss(self._net(concepts), anchor=False)
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()

    def fooling_loss(self, scenes: Scenes) -> Tensor:
        """Return L_u, a scalar."""
        clean = self._drawn.denoiser.clean(scenes.noisy, self._drawn.now(scenes))
        return domain_loss(self._net(clean), anchor=True)

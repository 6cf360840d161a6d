"""What the frozen U-Net makes of prompts: how far a concept is from its anchor, and what must stay.

For methods that learn through the surrogate. f is the U-Net, z_t noisy images of the concept, TE the
parent's encoder and TE' the one that is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from unlearn_job.methods.denoising import Noisy
from unlearn_job.methods.goal import Goal
from unlearn_job.methods.hold import POOL, Hold
from unlearn_job.methods.imagery import Imagery, Scenes
from unlearn_job.methods.stopping import Measured
from unlearn_job.methods.training import Chance, chance

if TYPE_CHECKING:
    from unlearn_job.methods.task import Task

PROXY_IMAGES: Final = 32
"""Noisy images of each concept that measure what remains of it."""


@dataclass(frozen=True)
class Untouched:
    """What the parent's encoder makes the U-Net predict.

    Attributes
    ----------
    own, anchor: predictions for the concept's prompts and their anchors', shape (B, C, h, w).

    """

    own: Tensor
    anchor: Tensor


class Drawn:
    """Losses and figures through the U-Net.

    Parameters
    ----------
    task
        With a surrogate.
    shots
        Images of each concept.
    negatives
        Whether hard negatives are held.

    """

    def __init__(self, task: Task, shots: int, *, negatives: bool) -> None:
        self._task = task
        self.denoiser = task.denoiser()
        self.imagery = Imagery(task, self.denoiser, shots)
        self.hold = Hold(task, Goal(task).scale, pool=POOL if negatives else 0)
        # Negative numbers are no steps: what measures must not be what a step trains on.
        self._proxies = self.imagery.draw(chance(task.seed, -1), PROXY_IMAGES)
        before = self.untouched(self._proxies)
        self._wanted = before.anchor
        self._apart = self.apart(before.own, before.anchor)
        self._scale = float(self._apart.mean())

    @torch.no_grad()
    def untouched(self, scenes: Scenes) -> Untouched:
        """Return what the parent's encoder makes of the concept's prompts, and of the anchors'.

        Encoders beside it read the concept's either way: an anchor in them is not this one's to reach.
        """
        own, anchor = (
            self._predicted(self._task.start, scenes.noisy, ids, beside=scenes.own)
            for ids in (scenes.own, scenes.anchor)
        )
        return Untouched(own, anchor)

    def now(self, scenes: Scenes) -> Tensor:
        """Return what the trained encoder makes of the concept's prompts, shape (B, C, h, w)."""
        return self._predicted(self._task.encoder, scenes.noisy, scenes.own)

    def apart(self, one: Tensor, other: Tensor) -> Tensor:
        """Return each concept's mean squared distance between predictions, once per image, shape (B,).

        Of all of a concept's images: at a time where prompts make no difference, an image's own distance
        would be a division by nothing.
        """
        concepts = _squared(one, other).reshape(len(self._task.erasing), -1)
        return concepts.mean(dim=1, keepdim=True).clamp(min=1e-12).expand_as(concepts).reshape(-1)

    def retain_loss(self, own: Chance, images: int, prompts: int, negatives: int) -> Tensor:
        """Return |f(TE'(r)) - f(TE(r))|^2 + |TE'(r) - TE(r)|^2 + |TE'(n) - TE(n)|^2, a scalar.

        Parameters
        ----------
        own
            The step's generators.
        images
            Noisy images with a retain prompt, for the first term.
        prompts, negatives
            Retain prompts r, and hard negatives n of each concept.

        """
        kept = self.hold.draw(own.choice, prompts, negatives * len(self._task.erasing))
        loss = self.hold.loss(self._task.encoder, kept)
        if not images:
            return loss
        noisy, ids = self.imagery.beside(own, self.hold.retain, images)
        with torch.no_grad():
            before = self._predicted(self._task.start, noisy, ids)
        now = self._predicted(self._task.encoder, noisy, ids)
        return loss + nn.functional.mse_loss(now, before) / self._scale

    @torch.no_grad()
    def measure(self) -> Measured:
        """Return how far the worst concept is from being drawn as its anchor, and the drift of the states."""
        left = (_squared(self.now(self._proxies), self._wanted) / self._apart).reshape(-1, PROXY_IMAGES)
        return Measured(float(left.mean(dim=1).max()), self.hold.drift(self._task.encoder))

    def _predicted(
        self, encoder: nn.Module, noisy: Noisy, ids: Tensor, beside: Tensor | None = None
    ) -> Tensor:
        return self.denoiser.predict(noisy, self.denoiser.read(encoder, ids, beside=beside))


def _squared(one: Tensor, other: Tensor) -> Tensor:
    """Return each image's mean squared difference, shape (B,)."""
    return (one - other).square().flatten(1).mean(dim=1)

"""One Adam over an encoder's named parameters, driven by gradients that a method computed itself."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from unlearn_job.methods.surgery import assign, flatten
from unlearn_job.methods.training import Part, rate

BETAS = (0.9, 0.98)
"""Those of the papers (arXiv 2405.07288)."""
LONGEST = 1.0
"""Gradients are cut at this norm."""


class Descent:
    """Adam with a linear warm-up and a linear decay to a tenth.

    Parameters
    ----------
    parameters
        By name; gradients reach them.
    learning_rate
        The highest.
    steps, warm_up
        Of the whole training.

    """

    def __init__(
        self, parameters: Mapping[str, nn.Parameter], learning_rate: float, steps: int, warm_up: int
    ) -> None:
        self.parameters = list(parameters.values())
        self._rate, self._steps, self._warm_up = learning_rate, steps, warm_up
        self._adam = torch.optim.Adam(self.parameters, lr=learning_rate, betas=BETAS)
        self.part = Part(parameters, self._adam)

    def gradient(self, loss: Tensor) -> Tensor:
        """Return the gradient of a scalar as one vector of shape (P,), and touch no other gradient.

        Not `backward()`: that would leave gradients in the Job's own U-Net.
        """
        found = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        return flatten(found, self.parameters)

    def step(self, index: int, gradient: Tensor) -> None:
        """Take step `index` along a gradient of shape (P,), cut at norm 1."""
        length = float(gradient.norm())
        assign(gradient * min(1.0, LONGEST / max(length, 1e-12)), self.parameters)
        for group in self._adam.param_groups:
            group["lr"] = self._rate * rate(index, self._steps, self._warm_up)
        self._adam.step()

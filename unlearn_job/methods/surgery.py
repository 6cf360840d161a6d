"""Gradient surgery: keep the step that erases from undoing what must stay (DoCo, arXiv 2405.15304).

One projection over all trained parameters together, in float32. The authors' code projects each tensor by
itself, loses a factor of the gradient's norm on the way, and never applies the retention gradient; here
the whole vectors are compared, and `combine` applies both.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from unlearn_job.contract.errors import PermanentFailure


class NonFiniteGradientError(PermanentFailure):
    """A gradient holds NaN or infinity: the learning rate is too high, or the model is broken."""

    reason = "NonFiniteGradient"


def flatten(gradients: Sequence[Tensor | None], parameters: Sequence[Tensor]) -> Tensor:
    """Put gradients into one vector, shape (P,), float32; a missing one (unused parameter) is zero."""
    return torch.cat(
        [
            torch.zeros(parameter.numel(), device=parameter.device)
            if gradient is None
            else gradient.detach().float().reshape(-1)
            for gradient, parameter in zip(gradients, parameters, strict=True)
        ]
    )


def remove_conflict(erase: Tensor, retain: Tensor) -> Tensor:
    """Take out of the erase gradient the part that would undo retention.

    Parameters
    ----------
    erase, retain
        Flattened gradients g_u and g_r, shape (P,), float32; P trained parameters. Neither is changed.

    Returns
    -------
    Tensor
        g_u - (g_u . g_r / |g_r|^2) g_r where g_u . g_r < 0, else g_u, shape (P,). Where |g_r|^2 is zero in
        float32, as at the first step, when nothing has drifted yet, g_u too.

    Raises
    ------
    NonFiniteGradientError
        A gradient holds NaN or infinity.

    """
    require_finite_gradient(erase, "erasing")
    require_finite_gradient(retain, "retention")
    dot, square = erase @ retain, retain @ retain
    if float(square) == 0.0 or float(dot) >= 0.0:
        return erase
    return erase - (dot / square) * retain


def combine(erase: Tensor, retain: Tensor, share: float) -> Tensor:
    """Return the projected erase gradient plus `share` times the retention gradient, shape (P,)."""
    return remove_conflict(erase, retain) + share * retain


def require_finite_gradient(gradient: Tensor, of: str) -> None:
    """Refuse a gradient of shape (P,) that holds NaN or infinity.

    Raises
    ------
    NonFiniteGradientError
        It does.

    """
    if not bool(torch.isfinite(gradient).all()):
        raise NonFiniteGradientError(
            f"the gradient of {of} holds NaN or infinity; lower learningRate, or check the models"
        )


def assign(gradient: Tensor, parameters: Sequence[Tensor]) -> None:
    """Split a vector of shape (P,) back into the parameters' `grad`."""
    at = 0
    for parameter in parameters:
        count = parameter.numel()
        parameter.grad = gradient[at : at + count].reshape(parameter.shape).to(parameter.dtype)
        at += count

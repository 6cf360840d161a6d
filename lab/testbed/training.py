"""One training loop for all models: one-cycle learning rate, moving average, checkpoints, progress.

Small tensors leave a second thread idle, so two processes of one thread each share every batch
(`torch.distributed`, gloo) where the caller has started them: nearly twice as fast on two cores.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, distributed, nn

Groups = Sequence[tuple[nn.Module, float]]
"""Modules to train, each with its highest learning rate."""


def rank() -> int:
    """Return this process's number among those that share the training; 0 alone."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def share(batch: int) -> int:
    """Return this process's part of a batch."""
    return batch // (distributed.get_world_size() if distributed.is_initialized() else 1)


class Average:
    """Exponential moving average of the trained modules' weights and buffers."""

    def __init__(self, modules: Sequence[nn.Module], decay: float) -> None:
        self.decay = decay
        self.shadow = [_copy(module) for module in modules]

    @torch.no_grad()
    def update(self, modules: Sequence[nn.Module], step: int) -> None:
        """Move towards the modules' present weights, faster in the first steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for shadow, module in zip(self.shadow, modules, strict=True):
            for name, value in module.state_dict().items():
                if value.is_floating_point():
                    shadow[name].lerp_(value, 1 - decay)
                else:
                    shadow[name].copy_(value)


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def fit(
    name: str,
    groups: Groups,
    loss_of: Callable[[int], Tensor],
    *,
    steps: int,
    folder: Path,
    decay: float = 0.998,
    warm_up: float = 0.1,
    weight_decay: float = 1e-2,
) -> None:
    """Train modules in place to the moving average of their weights.

    Parameters
    ----------
    name: of the stage; names its checkpoint.
    groups: modules with their highest learning rates.
    loss_of: takes the step's number and returns the loss to minimise, a scalar.
    steps: optimiser steps.
    folder: for checkpoints. A finished stage is loaded, a broken one goes on where it was.
    decay: of the moving average, per step.
    warm_up: share of the steps in which the learning rate rises.
    weight_decay: AdamW's.
    """
    modules = [module for module, _ in groups]
    if distributed.is_initialized():
        for module in modules:
            for value in module.state_dict().values():
                distributed.broadcast(value, 0)
    done = folder / f"{name}.pt"
    if done.exists():
        for module, state in zip(modules, torch.load(done, weights_only=True), strict=True):
            module.load_state_dict(state)
        return
    parameters = [{"params": list(module.parameters()), "lr": rate} for module, rate in groups]
    optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.99), weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [rate for _, rate in groups], total_steps=steps, pct_start=warm_up, cycle_momentum=False
    )
    average = Average(modules, decay)
    partial = folder / f"{name}.partial.pt"
    first = _resume(partial, modules, optimiser, schedule, average) if partial.exists() else 0
    everything = [weight for group in parameters for weight in group["params"]]
    for module in modules:
        module.train()
    started = time.monotonic()
    for step in _shown(name, first, steps):
        loss = loss_of(step)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"{name}: the loss is {loss.item()} at step {step}")
        loss.backward()  # type: ignore[no-untyped-call]
        _share_gradients(everything)
        nn.utils.clip_grad_norm_(everything, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        average.update(modules, step)
        if step % 100 == 99 and rank() == 0:
            pace = (time.monotonic() - started) / (step + 1 - first)
            print(f"{name} {step + 1}/{steps} loss {loss.item():.4f}, {pace:.3f} s a step", flush=True)
        if step % 300 == 299 and rank() == 0:
            _save(partial, step + 1, modules, optimiser, schedule, average)
    for module, shadow in zip(modules, average.shadow, strict=True):
        module.load_state_dict(shadow)
    if rank() == 0:
        torch.save(average.shadow, done)
        partial.unlink(missing_ok=True)
    if distributed.is_initialized():
        distributed.barrier()


def _share_gradients(weights: Sequence[nn.Parameter]) -> None:
    """Give all processes the mean of their gradients, in one message."""
    if not distributed.is_initialized():
        return
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    start = 0
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


def _shown(name: str, first: int, steps: int) -> Iterable[int]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(
        *columns, transient=True, redirect_stdout=False, disable=not (rank() == 0 and sys.stdout.isatty())
    ) as progress:
        task = progress.add_task(name, total=steps, completed=first)
        for step in range(first, steps):
            yield step
            progress.update(task, completed=step + 1)


def _save(
    path: Path, step: int, modules: Sequence[nn.Module], optimiser: Any, schedule: Any, average: Average
) -> None:
    state = {
        "step": step,
        "modules": [module.state_dict() for module in modules],
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "average": average.shadow,
    }
    fresh = path.with_suffix(".new")
    torch.save(state, fresh)
    fresh.replace(path)  # never half a checkpoint


def _resume(path: Path, modules: Sequence[nn.Module], optimiser: Any, schedule: Any, average: Average) -> int:
    state = torch.load(path, weights_only=True)
    for module, weights in zip(modules, state["modules"], strict=True):
        module.load_state_dict(weights)
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    average.shadow = state["average"]
    return int(state["step"])

"""One training loop for all models: one-cycle learning rate, moving average, checkpoints, progress.

Small tensors leave a second thread idle, so two processes of one thread each share every batch
(`torch.distributed`, gloo) where the caller has started them: nearly twice as fast on two cores.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

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


def restore(name: str, modules: Sequence[nn.Module], folder: Path) -> None:
    """Load a finished stage's weights into modules, and leave these in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If the stage has not been finished.
    """
    states = torch.load(_done(name, folder), weights_only=True)
    for module, state in zip(modules, states, strict=True):
        module.load_state_dict(state)
        module.eval()


class Trainer:
    """Modules with their optimiser, learning rates and moving average: what a checkpoint holds."""

    def __init__(self, groups: Groups, steps: int, decay: float, warm_up: float) -> None:
        self.modules = [module for module, _ in groups]
        self.decay = decay
        parameters = [{"params": list(module.parameters()), "lr": rate} for module, rate in groups]
        self.weights = [weight for module in self.modules for weight in module.parameters()]
        self.optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.99), weight_decay=1e-2, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            [rate for _, rate in groups],
            total_steps=steps,
            pct_start=warm_up,
            cycle_momentum=False,
        )
        for module in self.modules:
            module.train()
            if distributed.is_initialized():
                for value in module.state_dict().values():
                    distributed.broadcast(value, 0)
        self.average = [_copy(module) for module in self.modules]

    def step(self, loss: Tensor, number: int) -> None:
        """Take one step down the loss, with the mean gradient of all processes."""
        loss.backward()
        _share_gradients(self.weights)
        nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad(set_to_none=True)
        self._follow(min(self.decay, (1 + number) / (10 + number)))

    @torch.no_grad()
    def _follow(self, decay: float) -> None:
        for kept, module in zip(self.average, self.modules, strict=True):
            for name, value in module.state_dict().items():
                if value.is_floating_point():
                    kept[name].lerp_(value, 1 - decay)
                else:
                    kept[name].copy_(value)

    def save(self, path: Path, step: int) -> None:
        """Write a checkpoint that says how many steps are done."""
        state = {
            "step": step,
            "modules": [module.state_dict() for module in self.modules],
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average,
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(path)  # never half a checkpoint

    def resume(self, path: Path) -> int:
        """Go on from a checkpoint; return the number of steps done."""
        state = torch.load(path, weights_only=True)
        for module, weights in zip(self.modules, state["modules"], strict=True):
            module.load_state_dict(weights)
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.average = state["average"]
        return int(state["step"])


def fit(
    name: str,
    groups: Groups,
    loss_of: Callable[[int], Tensor],
    *,
    steps: int,
    folder: Path,
    decay: float = 0.998,
    warm_up: float = 0.1,
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

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    modules = [module for module, _ in groups]
    if _done(name, folder).exists():
        restore(name, modules, folder)
        return
    trainer = Trainer(groups, steps, decay, warm_up)
    partial = folder / f"{name}.partial.pt"
    first = trainer.resume(partial) if partial.exists() else 0
    started = time.monotonic()
    for step in _shown(name, first, steps):
        loss = loss_of(step)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"{name}: the loss is {loss.item()} at step {step}")
        trainer.step(loss, step)
        if rank() == 0 and step % 100 == 99:
            pace = (time.monotonic() - started) / (step + 1 - first)
            print(f"{name} {step + 1}/{steps} loss {loss.item():.4f}, {pace:.3f} s a step", flush=True)
        if rank() == 0 and step % 300 == 299:
            trainer.save(partial, step + 1)
    for module, kept in zip(modules, trainer.average, strict=True):
        module.load_state_dict(kept)
        module.eval()
    if rank() == 0:
        torch.save(trainer.average, _done(name, folder))
        partial.unlink(missing_ok=True)
    if distributed.is_initialized():
        distributed.barrier()


def _done(name: str, folder: Path) -> Path:
    return folder / f"{name}.pt"


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


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
    """Count the steps; with a bar where a person watches."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    watched = rank() == 0 and sys.stdout.isatty()
    with Progress(*columns, transient=True, redirect_stdout=False, disable=not watched) as progress:
        task = progress.add_task(name, total=steps, completed=first)
        for step in range(first, steps):
            yield step
            progress.update(task, completed=step + 1)

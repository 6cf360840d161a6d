"""The loop of every gradient method: steps, stop rule, save and resume.

A method says what one step does; nothing in a step may depend on the steps before it but the parameters
and the optimisers' moments. `chance` gives each step generators of its own, for the same reason.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unlearn_job.deferring import deferred
from unlearn_job.methods.checkpoint import Checkpoint, Saved, StateMismatchError
from unlearn_job.methods.stopping import Best, Measured, Watch
from unlearn_job.progress import progress
from unlearn_job.seeds import seed_for


@dataclass(frozen=True)
class Part:
    """Parameters by name, and the optimiser that moves them."""

    parameters: Mapping[str, nn.Parameter]
    optimiser: torch.optim.Optimizer


@dataclass(frozen=True)
class Chance:
    """All that is random in one step: `choice` draws prompts and times, `noise` draws latents, on CPU."""

    choice: random.Random
    noise: torch.Generator


def chance(seed: int, step: int) -> Chance:
    """Return a step's generators, the same for the same seed and step."""
    own = seed_for(seed, "step", step)
    return Chance(random.Random(own), torch.Generator("cpu").manual_seed(own))  # noqa: S311 - training data


def rate(step: int, steps: int, warm_up: int) -> float:
    """Return the factor of the learning rate: up to 1 in the warm-up, then down to 0.1."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 1.0 - 0.9 * (step - warm_up) / max(1, steps - warm_up)


@contextmanager
def unfrozen(module: nn.Module, names: frozenset[str]) -> Iterator[dict[str, nn.Parameter]]:
    """Let gradients reach the named parameters inside, and leave neither flag nor gradient behind."""
    found = {name: p for name, p in module.named_parameters() if name in names}
    for parameter in found.values():
        parameter.requires_grad = True
    try:
        yield found
    finally:
        for parameter in found.values():
            parameter.grad = None
            parameter.requires_grad = False


def train(
    parts: Mapping[str, Part],
    step: Callable[[int], None],
    *,
    steps: int,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> int:
    """Take steps until the watch ends it or all are taken, then put the best state back.

    Parameters
    ----------
    parts
        Everything that the steps change, by a name of its own.
    step
        Takes the step of the given number, from 0.
    steps
        Most steps.
    watch
        Stop rule; without one, all steps are taken and the last state stays.
    checkpoint
        Where to save, and to go on from.

    Returns
    -------
    int
        Steps taken, those before an interruption included.

    Raises
    ------
    DriftError, NonFiniteMeasureError, StateMismatchError
        As the watch and the checkpoint say.

    """
    saved = checkpoint.read() if checkpoint else None
    taken = _restore(saved, parts, watch) if saved else 0
    ended = bool(saved and saved.figures["ended"])
    with progress("steps", steps - taken) as advance:
        while taken < steps and not ended:
            # A step that somebody interrupts ends first: half of one is no state to go on from.
            with deferred() as stop:
                step(taken)
                taken += 1
                ended = watch is not None and watch.stops(taken, final=taken == steps)
                if checkpoint and (checkpoint.due or ended or stop.asked or taken == steps):
                    checkpoint.write(_state(taken, parts, watch, ended=ended))
            advance(1)
    if watch is not None:
        watch.keep_best()
    return taken


def _state(taken: int, parts: Mapping[str, Part], watch: Watch | None, *, ended: bool) -> Saved:
    tensors: dict[str, Tensor] = {}
    for part, content in parts.items():
        tensors |= {f"{part}/parameter/{name}": p for name, p in content.parameters.items()}
        moments: dict[int, dict[str, Any]] = content.optimiser.state_dict()["state"]
        for index, values in moments.items():
            tensors |= {f"{part}/moment/{index}/{key}": torch.as_tensor(v) for key, v in values.items()}
    figures: dict[str, Any] = {"ended": ended}
    best = watch.best if watch else None
    if best is not None:
        tensors |= {f"best/{name}": p for name, p in best.parameters.items()}
        figures["best"] = [best.step, best.measured.remaining, best.measured.drift]
    return Saved(taken, tensors, figures)


@torch.no_grad()
def _restore(saved: Saved, parts: Mapping[str, Part], watch: Watch | None) -> int:
    try:
        for part, content in parts.items():
            for name, parameter in content.parameters.items():
                parameter.copy_(saved.tensors[f"{part}/parameter/{name}"])
            moments: dict[int, dict[str, Tensor]] = {}
            for key, tensor in saved.tensors.items():
                if key.startswith(f"{part}/moment/"):
                    index, name = key.removeprefix(f"{part}/moment/").split("/")
                    moments.setdefault(int(index), {})[name] = tensor.clone()
            # The groups hold the configuration's own figures, and every step sets its learning rate.
            groups = content.optimiser.state_dict()["param_groups"]
            content.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        if watch is not None and "best" in saved.figures:
            step, remaining, drift = saved.figures["best"]
            device = next(iter(next(iter(parts.values())).parameters.values())).device
            tensors = {
                key.removeprefix("best/"): tensor.clone().to(device)
                for key, tensor in saved.tensors.items()
                if key.startswith("best/")
            }
            watch.best = Best(Measured(remaining, drift), step, tensors)
    except (KeyError, RuntimeError, ValueError) as exc:
        raise StateMismatchError("the saved state does not fit the encoder; remove it to start anew") from exc
    return saved.step

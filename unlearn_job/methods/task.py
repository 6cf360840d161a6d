"""What a method gets, and what it must offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from diffusers import DiffusionPipeline
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from unlearn_job.attacks.trial import Hit
from unlearn_job.contract.budget import Budget
from unlearn_job.contract.concept import Erasure
from unlearn_job.contract.method import MethodConfig
from unlearn_job.erasing import Erasing
from unlearn_job.methods.checkpoint import Checkpoint
from unlearn_job.methods.denoising import Denoiser
from unlearn_job.negatives import Negatives
from unlearn_job.prompts import Prompt
from unlearn_job.retain import Reading
from unlearn_job.shots import Shots

Look = Callable[[str, PreTrainedModel, Erasure, Budget, int], Sequence[Hit]]
"""Draws what an attack finds with an encoder, and returns what shows the concept of an erasure; with the
attack's name, what it may spend, and its seed. Nothing that it found names a kept concept."""

Shows = Callable[[Erasure, Sequence[Prompt], int], Sequence[bool]]
"""Draws prompts once each with the base encoder, with a seed; says which images show an erasure's concept."""

MakeShots = Callable[[Erasure, int], Shots]
"""Returns images of one erasure's concept, at most so many."""


@dataclass(frozen=True)
class Task:
    """One unlearning.

    Attributes
    ----------
    encoder: float32 copy of the parent's encoder, without gradients: the method changes it in place.
    start: the parent's encoder in float32, frozen: what must stay is measured against it.
    tokenizer: the encoder's.
    erasing: the erasures to add, with their prompts.
    retain: prompts that must act as in `start`, those of the parent's erasures included.
    negatives: source of hard negatives.
    seed: for whatever else is random, in [0, 2**31).
    shots: images of one erasure's concept, for methods that need them; may generate.
    surrogate: the text-to-image pipeline, or None.
    checkpoint: where a training saves its state and goes on from; None keeps none.
    look: runs an attack by its name: words and prefixes spare kept names, sentences are none that probes ask
        with; None without a judge.
    shows: says for which prompts the base encoder draws a concept; None where there is no judge.
    component: the pipelines' component that the encoder is a version of.
    beside: other encoders by component that the surrogate reads beside it in place of its own.

    """

    encoder: PreTrainedModel
    start: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    erasing: tuple[Erasing, ...]
    retain: tuple[Reading, ...]
    negatives: Negatives
    seed: int
    shots: MakeShots
    surrogate: DiffusionPipeline | None
    checkpoint: Checkpoint | None = None
    look: Look | None = None
    shows: Shows | None = None
    component: str = "text_encoder"
    beside: Mapping[str, PreTrainedModel] = field(default_factory=dict)

    def need_surrogate(self) -> DiffusionPipeline:
        """Return the text-to-image pipeline.

        Raises
        ------
        ValueError
            There is none. The step refuses such documents before a method runs, so this is a bug.

        """
        if self.surrogate is None:
            raise ValueError("this method needs the text-to-image pipeline")
        return self.surrogate

    def denoiser(self) -> Denoiser:
        """Return the surrogate's U-Net, which reads versions of the encoder with those beside it.

        Raises
        ------
        ValueError
            As of `need_surrogate`.
        UnsupportedDenoiserError
            The surrogate has no U-Net, or one that takes something else.

        """
        return Denoiser(self.need_surrogate(), self.component, self.beside)


class Method(Protocol):
    """The module `method.py` of a method's folder."""

    def moves(self, encoder: nn.Module, config: MethodConfig) -> frozenset[str]:
        """Name the parameters that `erase` may change; a test checks that no other one does."""

    def erase(self, task: Task, config: MethodConfig) -> None:
        """Change `task.encoder` in place."""

"""A judge from an image classifier whose labels are concept names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor
from transformers import (
    AutoModelForImageClassification,
    BaseImageProcessor,
    PreTrainedModel,
)

from unlearn_job.contract.concept import KeptConcept
from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import UnknownConceptError
from unlearn_job.judges.pixels import batches, image_processor
from unlearn_job.weights import load_whole

THRESHOLD = 0.5
"""Probability from which on a label of a multi-label classifier holds."""


class ClassifierJudge:
    """Sees a concept where the classifier gives its label.

    With `problem_type` "multi_label_classification" every label has a probability of its own; otherwise
    the one largest label wins, so that such a classifier can judge only one kind of question.
    """

    features_of = "last hidden layer of the classifier, averaged over positions"

    def __init__(
        self, model: PreTrainedModel, processor: BaseImageProcessor, device: torch.device | str
    ) -> None:
        self._model = model.to(device).eval()
        self._processor = processor
        self._device = device
        self._rows = {_plain(label): int(row) for row, label in model.config.id2label.items()}
        self._labels = int(model.config.num_labels)
        self._names = tuple(str(label) for _, label in sorted(model.config.id2label.items()))
        self._multi = model.config.problem_type == "multi_label_classification"

    @classmethod
    def load(cls, folder: Path, device: torch.device | str) -> Self:
        """Load the model and its image processor from a folder."""
        model = load_whole(AutoModelForImageClassification, folder)
        return cls(model.float(), image_processor(folder), device)

    @torch.inference_mode()
    def look(self, images: Pixels) -> Tensor:
        """Return label probabilities and behind them the features, shape (N, labels + D)."""
        parts = []
        for pixels in batches(self._processor, images, self._device):
            output = self._model(pixels, output_hidden_states=True)
            logits = output.logits.float()
            chances = logits.sigmoid() if self._multi else logits.softmax(dim=-1)
            parts.append(torch.cat([chances, _pooled(output.hidden_states[-1])], dim=1))
        return torch.cat(parts).cpu()

    def features(self, looks: Tensor) -> Tensor:
        """Return the features in looks, shape (N, D)."""
        return looks[:, self._labels :]

    def names(self) -> tuple[str, ...]:
        """Return the labels, in the order of their rows."""
        return self._names

    def check(self, concept: KeptConcept) -> None:
        """Make sure that a label is the concept's."""
        self._row(concept)

    def decide(self, looks: Tensor, concept: KeptConcept, among: Sequence[KeptConcept]) -> Tensor:  # noqa: ARG002
        """Say which looks carry the concept's label; the alternatives are the classifier's own labels."""
        row = self._row(concept)
        if self._multi:
            return looks[:, row] > THRESHOLD
        return looks[:, : self._labels].argmax(dim=1) == row

    def sees(self, images: Pixels, concept: KeptConcept, among: Sequence[KeptConcept]) -> Tensor:
        """Say which pictures show the concept, shape (N,), bool."""
        self.check(concept)
        return self.decide(self.look(images), concept, among)

    def _row(self, concept: KeptConcept) -> int:
        row = self._rows.get(_plain(concept.name))
        if row is None:
            raise UnknownConceptError(
                f"the classifier has no label {concept.name!r}; name the concept as one of its labels, "
                "or take a judge of type 'clip'"
            )
        return row


def _pooled(hidden: Tensor) -> Tensor:
    """Average a hidden layer over positions: maps (N, C, H, W) of a CNN, or tokens (N, T, D)."""
    return (hidden.flatten(2).mean(dim=2) if hidden.ndim == 4 else hidden.mean(dim=1)).float()


def _plain(label: str) -> str:
    return " ".join(re.split(r"[\s_-]+", label.strip().lower()))

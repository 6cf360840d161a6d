"""What the checked-in judges see in pixels, through the library calls that any judge would use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModelForImageClassification, CLIPModel, CLIPProcessor

from lab.testbed.paths import JUDGE_CLASSIFIER, JUDGE_CLIP


class Classifier:
    """The classifier judge: sees a label where its sigmoid is above one half."""

    def __init__(self, folder: Path = JUDGE_CLASSIFIER) -> None:
        self.model = AutoModelForImageClassification.from_pretrained(folder).eval()
        self.processor: Any = AutoImageProcessor.from_pretrained(folder)
        self.labels: dict[str, int] = self.model.config.label2id

    @torch.no_grad()
    def __call__(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Return what is seen in images (N, 32, 32, 3): booleans, shape (N, labels)."""
        seen = []
        for start in range(0, len(pixels), 256):
            pictures = [Image.fromarray(image) for image in pixels[start : start + 256]]
            inputs = self.processor(images=pictures, return_tensors="pt")
            seen.append(self.model(**inputs).logits.sigmoid() > 0.5)
        return torch.cat(seen)

    def sees(self, pixels: NDArray[np.uint8], label: str) -> NDArray[np.bool_]:
        """Return in which of N images a label is seen."""
        return self(pixels)[:, self.labels[label]].numpy()


class Clip:
    """The CLIP judge, zero-shot: sees the text that fits best."""

    def __init__(self, folder: Path = JUDGE_CLIP) -> None:
        self.model = CLIPModel.from_pretrained(folder).eval()
        self.processor: Any = CLIPProcessor.from_pretrained(folder)

    @torch.no_grad()
    def best(self, pixels: NDArray[np.uint8], texts: Sequence[str]) -> Tensor:
        """Return which text fits each of N images best, shape (N,)."""
        chosen = []
        for start in range(0, len(pixels), 256):
            pictures = [Image.fromarray(image) for image in pixels[start : start + 256]]
            inputs = self.processor(
                text=list(texts), images=pictures, return_tensors="pt", padding="max_length"
            )
            chosen.append(self.model(**inputs).logits_per_image.argmax(1))
        return torch.cat(chosen)

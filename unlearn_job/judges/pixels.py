"""Pictures as a vision model reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoImageProcessor, BaseImageProcessor

from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import BATCH


def image_processor(folder: Path) -> BaseImageProcessor:
    """Load what prepares pictures for the model in a folder; OSError or ValueError where there is none."""
    # The PIL backend needs no torchvision, and every image of this project has one.
    processor: BaseImageProcessor = AutoImageProcessor.from_pretrained(
        folder, local_files_only=True, backend="pil"
    )
    return processor


def batches(processor: BaseImageProcessor, images: Pixels, device: torch.device | str) -> Iterator[Tensor]:
    """Prepare pictures (N, H, W, 3), `BATCH` at a time: the model's `pixel_values`, on its device."""
    for at in range(0, len(images), BATCH):
        prepared = processor(images=list(images[at : at + BATCH]), return_tensors="pt")
        yield prepared["pixel_values"].to(device)

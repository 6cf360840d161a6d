"""How a picture is drawn, from the hidden layers of a vision model."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import torch
from torch import Tensor
from transformers import AutoModel, BaseImageProcessor, PreTrainedModel

from unlearn_job.generate import Pixels
from unlearn_job.judges.judge import depths
from unlearn_job.judges.pixels import batches, image_processor
from unlearn_job.weights import load_whole


class StyleModel:
    """Feature maps of a vision model that tells its hidden layers: a CNN's stages, a transformer's tokens."""

    def __init__(
        self, model: PreTrainedModel, processor: BaseImageProcessor, device: torch.device | str
    ) -> None:
        self._model = model.to(device).eval()
        self._processor = processor
        self._device = device
        self.maps_of = f"hidden layers of the {type(model).__name__} given as features.style"

    @classmethod
    def load(cls, folder: Path, device: torch.device | str) -> Self:
        """Load the model and its image processor from a folder.

        Raises
        ------
        ValueError
            It is no model of pictures.
        OSError
            There is no model.

        """
        # A classifier's file has no pooler, and nobody reads it here.
        model = load_whole(AutoModel, folder, spare="pooler")
        if model.main_input_name != "pixel_values":
            raise ValueError(f"a {type(model).__name__} reads {model.main_input_name}")
        return cls(model.float(), image_processor(folder), device)

    @torch.inference_mode()
    def maps(self, images: Pixels) -> tuple[Tensor, ...]:
        """Return feature maps of pictures (N, H, W, 3) at up to four depths, each (N, C, positions).

        A transformer's class token is one of its positions.
        """
        parts = []
        for pixels in batches(self._processor, images, self._device):
            output = self._model(pixels, output_hidden_states=True)
            layers = output.hidden_states[1:]
            parts.append([_places(layers[depth - 1]).float().cpu() for depth in depths(len(layers))])
        return tuple(torch.cat(depth) for depth in zip(*parts, strict=True))


def _places(hidden: Tensor) -> Tensor:
    """Return a layer as (N, C, positions): maps (N, C, H, W) of a CNN, or tokens (N, T, C)."""
    return hidden.flatten(2) if hidden.ndim == 4 else hidden.transpose(1, 2)

"""Loading diffusion pipelines from a local folder by their model_index.json, without running its code."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline

from unlearn_job.encoder import UNREADABLE, ModelUnreadableError, first_line

INDEX_NAME = "model_index.json"
PIXELS_AT_ONCE: Final = 2**21
"""Pixels of a batch: eight images of 512 x 512; a clip of 16 such frames goes alone."""
_UNWANTED = ("safety_checker", "feature_extractor", "image_encoder")
"""Components that the probes do not need. A safety checker would answer with black pictures."""


class PipelineIndex:
    """model_index.json: which class each component has.

    Attributes
    ----------
    folder: where the pipeline lies.
    class_name: of the pipeline, in diffusers.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        content = _read_index(folder)
        self.class_name = str(content.get("_class_name"))
        self._classes = {name: value for name, value in content.items() if isinstance(value, list)}
        pipeline = getattr(diffusers, self.class_name, None)
        if not (isinstance(pipeline, type) and issubclass(pipeline, DiffusionPipeline)):
            raise ModelUnreadableError(
                f"{self.class_name} of {folder} is no pipeline of diffusers; code from a model is never run"
            )
        for name, (library, class_name) in self._classes.items():
            if library is not None and not _is_known(str(library)):
                raise ModelUnreadableError(
                    f"{name} of {folder} is {library}.{class_name}; code from a model is never run"
                )

    @property
    def text_encoders(self) -> tuple[str, ...]:
        """Components that are text encoders."""
        return tuple(sorted(name for name in self._classes if name.startswith("text_encoder")))

    def class_of(self, component: str) -> str:
        """Return the class of a component.

        Raises
        ------
        ModelUnreadableError
            The pipeline has no such component.

        """
        _, class_name = self._classes.get(component, (None, None))
        if class_name is None:
            raise ModelUnreadableError(f"{self.class_name} of {self.folder} has no component {component}")
        return str(class_name)

    def load(self, dtype: torch.dtype, **components: object) -> DiffusionPipeline:
        """Load the pipeline on the CPU, with some components given instead of loaded.

        Raises
        ------
        ModelUnreadableError
            The files do not fit.

        """
        unwanted = {name: None for name in _UNWANTED if name in self._classes}
        if "requires_safety_checker" in _parameters(self.class_name):
            unwanted["requires_safety_checker"] = False  # type: ignore[assignment]
        try:
            pipeline: DiffusionPipeline = DiffusionPipeline.from_pretrained(
                self.folder,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                **unwanted,
                **components,
            )
        except UNREADABLE as exc:
            raise ModelUnreadableError(
                f"{self.folder} cannot be loaded as {self.class_name}: {first_line(exc)}"
            ) from exc
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


def frame_pixels(pipeline: DiffusionPipeline) -> int:
    """Return how many pixels a picture or a frame has where a call names no size.

    Raises
    ------
    ModelUnreadableError
        Neither the call, the denoiser nor the pipeline says so.

    """
    # Older pipelines read it from the denoiser; newer ones have it as their call's default, or their own.
    denoiser = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    config = getattr(denoiser, "config", {})
    spatial = getattr(pipeline, "vae_scale_factor_spatial", None)
    scale: int = spatial or getattr(pipeline, "vae_scale_factor", None) or 1
    size = config.get("sample_size")
    if size:
        height, width = (size, size) if isinstance(size, int) else size
        return int(height * width * scale**2)
    if config.get("sample_height") and config.get("sample_width"):
        return int(config["sample_height"] * config["sample_width"] * scale**2)
    calling = inspect.signature(type(pipeline).__call__).parameters
    pixels = 1
    for side in ("height", "width"):
        default = calling[side].default if side in calling else None
        length = default if isinstance(default, int) else getattr(pipeline, f"default_{side}", None)
        if not isinstance(length, int):
            raise ModelUnreadableError(f"{type(pipeline).__name__} does not say how large its pictures are")
        pixels *= length
    return pixels


def _read_index(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / INDEX_NAME).read_text())
    except (OSError, ValueError) as exc:
        raise ModelUnreadableError(f"{folder} holds no diffusers pipeline: no readable {INDEX_NAME}") from exc
    if not isinstance(content, dict):
        raise ModelUnreadableError(f"{folder} holds no diffusers pipeline: {INDEX_NAME} is no object")
    return content


def _is_known(library: str) -> bool:
    return library in {"diffusers", "transformers"} or hasattr(diffusers.pipelines, library)


def _parameters(class_name: str) -> frozenset[str]:
    code = getattr(diffusers, class_name).__init__.__code__
    return frozenset(code.co_varnames[: code.co_argcount])

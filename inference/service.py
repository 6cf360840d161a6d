"""The pipeline with the encoder it serves: from a prompt and a seed to frames."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from numpy.typing import NDArray
from transformers import PreTrainedModel

from inference.released_encoder import load_released_encoders
from inference.settings import ServerSettings
from unlearn_job.contract.document import Device
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import Manifest
from unlearn_job.contract.sources import Storage
from unlearn_job.encoder import joint_digest, load_encoder
from unlearn_job.pipelines import PipelineIndex
from unlearn_job.sources import resolve

Frames = NDArray[np.uint8]
"""One clip, shape (F, H, W, 3)."""

_ARGUMENTS: Final = frozenset({"prompt", "num_frames", "num_inference_steps", "guidance_scale", "generator"})


class UnsuitablePipelineError(PermanentFailure):
    """The pipeline does not turn text into video, or there is no device for it."""

    reason = "UnsuitablePipeline"


@dataclass(frozen=True)
class ClipRequest:
    """What determines one clip, beside the models."""

    prompt: str
    seed: int
    frames: int
    steps: int
    guidance: float


@dataclass(frozen=True)
class Service:
    """A loaded pipeline.

    Attributes
    ----------
    pipeline: on its device, in its precision, with the encoders to serve.
    encoder_sha256: digest over the tensors of the served encoder, or of several together.
    manifest: of the release that is served; None for an encoder without one, such as the base encoder.

    """

    pipeline: DiffusionPipeline
    encoder_sha256: str
    manifest: Manifest | None

    def generate(self, request: ClipRequest) -> Frames:
        """Draw one clip. The same request on the same machine gives the same frames.

        Returns
        -------
        Frames
            Shape (F, H, W, 3), uint8.

        """
        run: Any = self.pipeline  # every pipeline has a __call__, and the base class declares none
        with torch.inference_mode():
            output = run(
                prompt=[request.prompt],
                # On the CPU, so that a GPU of another make starts from the same noise.
                generator=torch.Generator("cpu").manual_seed(request.seed),
                num_frames=request.frames,
                num_inference_steps=request.steps,
                guidance_scale=request.guidance,
                output_type="np",
            )
        frames = np.nan_to_num(np.asarray(output.frames)[0], nan=0.0)
        pixels: Frames = (frames.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)
        return pixels


def load_service(settings: ServerSettings) -> Service:
    """Fetch and load the pipeline, with the encoder or encoders of TEXT_ENCODER_PATH where it is set.

    Raises
    ------
    PermanentFailure
        The pipeline or the encoder is missing, unreadable, or does not match the other.
    TemporaryFailure
        The pipeline cannot be fetched now.

    """
    device = _device(settings.device)
    index = PipelineIndex(_folder(settings))
    encoders, manifest = _encoders(settings, index)
    digest = joint_digest(encoders)
    dtype = _dtype(device, next(iter(encoders.values())).dtype)
    for encoder in encoders.values():
        torch.nn.Module.to(encoder, dtype=dtype)
    pipeline = index.load(dtype, **encoders)
    lacking = _ARGUMENTS - inspect.signature(type(pipeline).__call__).parameters.keys()
    if lacking:
        raise UnsuitablePipelineError(
            f"{index.class_name} of {settings.pipeline} is no text-to-video pipeline: "
            f"it does not take {', '.join(sorted(lacking))}"
        )
    return Service(pipeline.to(device), digest, manifest)


def _folder(settings: ServerSettings) -> Path:
    source = settings.pipeline
    if "://" not in source:
        source = f"file://{Path(source).absolute()}"
    # Only its endpoint and region are read, and both come from the environment here.
    return resolve(source, settings.cache_dir, Storage(uri="file:///unused"))


def _encoders(
    settings: ServerSettings, index: PipelineIndex
) -> tuple[dict[str, PreTrainedModel], Manifest | None]:
    name = settings.encoder
    if settings.text_encoder_path is not None:
        return load_released_encoders(settings.text_encoder_path, index, name)
    return {name: load_encoder(index.folder / name, index.class_of(name))}, None


def _device(wanted: Device) -> torch.device:
    available = torch.cuda.is_available()
    if wanted is Device.CUDA and not available:
        raise UnsuitablePipelineError("DEVICE is CUDA and this machine shows no GPU")
    return torch.device("cuda" if available and wanted is not Device.CPU else "cpu")


def _dtype(device: torch.device, stored: torch.dtype) -> torch.dtype:
    """Half precision on a GPU: bf16 for models that come in it, as fp16 may overflow in them."""
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if stored == torch.bfloat16 else torch.float16

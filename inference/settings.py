"""What the server is configured with: environment variables, or options of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from unlearn_job.contract.document import Device


class ServerSettings(BaseSettings):
    """Settings of one server. S3 and Hub credentials are read by their own libraries."""

    model_config = SettingsConfigDict(
        env_prefix="T2V_", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )

    pipeline: Annotated[str, Field(min_length=1, max_length=1024, validation_alias="PIPELINE_SOURCE")]
    """Text-to-video pipeline of diffusers: a folder, `file://`, `s3://` or `hf://org/name@<commit>`."""
    text_encoder_path: Annotated[Path | None, Field(validation_alias="TEXT_ENCODER_PATH")] = None
    """Folder of the encoder to serve instead of the pipeline's own; of several, the one that holds a folder
    of each, named like its component. Unset: the base encoder."""
    encoder: Annotated[str, Field(pattern=r"^text_encoder(_[23])?$")] = "text_encoder"
    """Component of the pipeline that one encoder in TEXT_ENCODER_PATH replaces."""
    host: Annotated[str, Field(validation_alias="HOST")] = "127.0.0.1"
    """Address to listen on. A pod sets its own."""
    port: Annotated[int, Field(ge=0, le=65535, validation_alias="PORT")] = 8000
    """Port to listen on."""
    device: Annotated[Device, Field(validation_alias=AliasChoices("DEVICE", "T2V_DEVICE"))] = Device.AUTO
    """What to generate on."""
    cache_dir: Path = Field(default_factory=lambda: Path.home() / ".cache" / "t2v-server")
    """Folder for downloaded pipelines."""
    max_frames: Annotated[int, Field(ge=1, le=256)] = 64
    """Most frames of one clip."""
    max_steps: Annotated[int, Field(ge=1, le=200)] = 100
    """Most denoising steps of one clip."""
    max_waiting: Annotated[int, Field(ge=0, le=1000)] = 8
    """Requests that wait for their turn; one more is answered with 503."""
    frames_per_second: Annotated[int, Field(ge=1, le=60)] = 8
    """Speed at which clips play."""
    drain_seconds: Annotated[int, Field(ge=1, le=3600)] = 120
    """How long requests that were accepted may take after SIGTERM."""

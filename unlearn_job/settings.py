"""What the Job takes from its environment rather than from its document."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from unlearn_job.memory import MemoryOptions


class JobSettings(BaseSettings):
    """Settings of the process. S3 and Hub credentials are read by boto3 and huggingface_hub themselves."""

    model_config = SettingsConfigDict(
        env_prefix="UNLEARN_", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )

    cache_dir: Path = Field(default_factory=lambda: Path.home() / ".cache" / "unlearn-job")
    """Folder for downloaded models and for the release while it is made."""
    termination_log: Path = Field(default=Path("/dev/termination-log"), validation_alias="TERMINATION_LOG")
    """Where the result goes for Kubernetes, if the file is there."""
    memory: MemoryOptions = Field(default_factory=MemoryOptions)
    """Precision, slicing and offload; what is unset is chosen from the free memory of the GPU."""
    signing_key: Path | None = None
    """PEM file with the private key that signs encoders; unset leaves them unsigned."""

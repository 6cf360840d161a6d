"""What the operator is configured with: environment variables that the chart sets."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """What is worth a line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class OperatorSettings(BaseSettings):
    """Read from `OPERATOR_*`, in the order of the chart's values."""

    model_config = SettingsConfigDict(
        env_prefix="OPERATOR_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    image: Annotated[str, Field(min_length=1, max_length=512)]
    """The operator's own image: its `fetch-encoder` is the init container of every target."""
    image_pull_policy: Annotated[str, Field(pattern=r"^(Always|IfNotPresent|Never)$")] = "IfNotPresent"
    """Pull policy of the init container."""
    job_image: Annotated[str, Field(min_length=1, max_length=512)]
    """Image with unlearn-job, where a VideoModel names none."""
    namespaces: Annotated[tuple[str, ...], NoDecode, Field(max_length=64)] = ()
    """Namespaces to watch, separated by commas; empty for all."""
    namespace: Annotated[str, Field(min_length=1, max_length=63)] = "default"
    """The operator's own namespace, where its Lease is."""
    leader_election: bool = True
    """Elect one active operator by a Lease. Off only where nobody else can run."""
    identity: Annotated[str, Field(max_length=253)] = ""
    """Name of this operator in the Lease, its pod's name; empty: the host name and a random suffix."""
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    """VideoModels reconciled at the same time."""
    resync_seconds: Annotated[int, Field(ge=10, le=86400)] = 300
    """How often everything is listed again, in case a watch lost something."""
    http_host: str = "127.0.0.1"
    """Address of the metrics and health endpoints. In a pod the chart sets the pod's own address."""
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Their port; 0 for any free one."""
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.JSON

    @field_validator("namespaces", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name for name in (part.strip() for part in value.split(",")) if name)
        return value

"""A cluster to work on, with all that belongs to it: tools, images, S3."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.errors import LabError


@dataclass(frozen=True)
class Images:
    """Images of the project by name, and how the kubelet gets them."""

    operator: str
    unlearn_job: str
    inference: str
    pull_policy: str


@dataclass(frozen=True)
class S3Access:
    """An S3 that both this machine and the pods reach."""

    endpoint: str | None
    """URL; None for AWS."""
    region: str
    bucket: str
    access_key: str
    secret_key: SecretStr

    def environment(self) -> dict[str, str]:
        """Return the variables that every AWS SDK reads, for a Secret or a client."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key.get_secret_value(),
            "AWS_REGION": self.region,
        }
        return variables | ({"AWS_ENDPOINT_URL_S3": self.endpoint} if self.endpoint else {})


@dataclass(frozen=True)
class Site:
    """Where the demo and the end-to-end tests run."""

    name: str
    """For people: "the lab", or the kubeconfig's path."""
    kubeconfig: Path
    kubectl: str
    helm: str
    images: Images
    s3: S3Access


Given = Annotated[str, Field(min_length=1)]
"""What is set to nothing counts as missing."""


class OwnCluster(BaseSettings):
    """What a user's own cluster needs beside KUBECONFIG, from the environment."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore")

    kubeconfig: Path
    erasure_image_operator: Given
    erasure_image_unlearn_job: Given
    erasure_image_inference: Given
    erasure_bucket: Given
    aws_access_key_id: Given
    aws_secret_access_key: Annotated[SecretStr, Field(min_length=1)]
    aws_region: str = "us-east-1"
    aws_endpoint_url_s3: str | None = Field(default=None)


def own_cluster() -> Site | None:
    """Return the cluster that KUBECONFIG names, or None without it.

    Raises
    ------
    LabError
        KUBECONFIG is set, but images, S3 or tools are missing; says which.
    """
    if not os.environ.get("KUBECONFIG"):
        return None
    try:
        own = OwnCluster()
    except ValidationError as error:
        missing = ", ".join(str(part["loc"][0]).upper() for part in error.errors())
        raise LabError(
            f"KUBECONFIG is set; set {missing} as well, or unset KUBECONFIG to use the lab"
        ) from error
    kubectl, helm = shutil.which("kubectl"), shutil.which("helm")
    if not (kubectl and helm):
        raise LabError("KUBECONFIG is set; put kubectl and helm on PATH, or unset KUBECONFIG to use the lab")
    return Site(
        name=str(own.kubeconfig),
        kubeconfig=own.kubeconfig,
        kubectl=kubectl,
        helm=helm,
        images=Images(
            operator=own.erasure_image_operator,
            unlearn_job=own.erasure_image_unlearn_job,
            inference=own.erasure_image_inference,
            pull_policy="IfNotPresent",
        ),
        s3=S3Access(
            endpoint=own.aws_endpoint_url_s3,
            region=own.aws_region,
            bucket=own.erasure_bucket,
            access_key=own.aws_access_key_id,
            secret_key=own.aws_secret_access_key,
        ),
    )

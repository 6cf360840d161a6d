"""What others need to know about a running lab."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from lab.versions import BUCKET, CLUSTER_DOMAIN, KUBERNETES_VERSION, NODE_NAME

__all__ = ["ComponentStatus", "LabState", "LabStatus"]


class LabState(BaseModel):
    """How to reach the lab."""

    model_config = ConfigDict(frozen=True)

    kubeconfig: Path
    """Kubeconfig of the administrator."""
    bin_dir: Path
    """Folder with kubectl and helm, for PATH."""
    logs: Path
    """Folder with one log per component."""
    s3_endpoint: str
    """URL of S3, for the host and for pods."""
    s3_bucket: str = BUCKET
    s3_region: str = "us-east-1"
    s3_credentials: Path
    """AWS shared credentials file (``AWS_SHARED_CREDENTIALS_FILE``), mode 0600."""
    s3_access_key: str
    s3_secret_key: SecretStr
    """Masked wherever this object is printed or serialised."""
    kubernetes_version: str = KUBERNETES_VERSION
    node: str = NODE_NAME
    cluster_domain: str = CLUSTER_DOMAIN

    def environment(self, path: str) -> dict[str, str]:
        """Return the variables that point tools at the lab; secrets stand in files only.

        Parameters
        ----------
        path
            PATH as it is now.
        """
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": path if path.split(":", maxsplit=1)[0] == str(self.bin_dir) else f"{self.bin_dir}:{path}",
            "AWS_ENDPOINT_URL_S3": self.s3_endpoint,
            "AWS_REGION": self.s3_region,
            "AWS_SHARED_CREDENTIALS_FILE": str(self.s3_credentials),
        }


@dataclass(frozen=True)
class ComponentStatus:
    """How one daemon is."""

    name: str
    pid: int | None
    address: str
    healthy: bool
    reason: str
    """Why it is not healthy, or an empty text."""
    log: Path


@dataclass(frozen=True)
class LabStatus:
    """How the lab is."""

    healthy: bool
    components: tuple[ComponentStatus, ...]
    state: LabState | None
    """None where no lab was brought up."""

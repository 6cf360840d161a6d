"""S3: SeaweedFS with a key drawn by the lab and one bucket.

The S3 gateway alone listens on the bridge. The servers behind it know no
passwords, so they stay on loopback, where no pod reaches them.
"""

import json
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.component import Component, LabContext
from lab.paths import write_private
from lab.probes import http_ok
from lab.settings import LabSettings
from lab.versions import BUCKET

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["client", "components", "create_bucket", "has_bucket", "secret", "write_credentials"]


def components(lab: LabContext) -> list[Component]:
    """Describe the store and the gateway."""
    return [_store(lab), _gateway(lab)]


def client(settings: LabSettings) -> "S3Client":
    """Return a boto3 client for the lab's S3."""
    import boto3  # noqa: PLC0415  half a second, and only some commands need it
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            connect_timeout=3,
            read_timeout=5,
            # A proxy in the environment is for the world outside.
            proxies={},
        ),
    )


def has_bucket(settings: LabSettings) -> bool:
    """Whether the lab's bucket is there."""
    with closing(client(settings)) as s3:
        return BUCKET in [bucket.get("Name") for bucket in s3.list_buckets()["Buckets"]]


def create_bucket(settings: LabSettings) -> None:
    """Create the bucket where it is missing."""
    if not has_bucket(settings):
        with closing(client(settings)) as s3:
            s3.create_bucket(Bucket=BUCKET)


def secret(settings: LabSettings, *, name: str, namespace: str) -> dict[str, Any]:
    """Return the manifest of a Secret with the key, for ``envFrom`` of a pod."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "stringData": {
            "AWS_ACCESS_KEY_ID": settings.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key.get_secret_value(),
        },
    }


def write_credentials(settings: LabSettings, path: Path) -> None:
    """Write the key as an AWS shared credentials file, mode 0600."""
    lines = [
        "[default]",
        f"aws_access_key_id = {settings.s3_access_key}",
        f"aws_secret_access_key = {settings.s3_secret_key.get_secret_value()}",
    ]
    write_private(path, "".join(f"{line}\n" for line in lines))


def _store(lab: LabContext) -> Component:
    ports, folder = lab.settings.ports, lab.paths.state / "s3"
    argv = [
        str(lab.weed),
        "-logtostderr=true",
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-filer",
        "-master.telemetry=false",
        # Each bucket takes several volumes at once; the default of 30 GB each is for data centres.
        "-master.volumeSizeLimitMB=256",
        "-volume.max=0",
        "-filer.disableDirListing",
        f"-filer.localSocket={lab.paths.run / 'filer.sock'}",
    ]
    for server in ("master", "volume", "filer"):
        argv += [
            f"-{server}.port={ports[f'weed-{server}']}",
            f"-{server}.port.grpc={ports[f'weed-{server}-grpc']}",
        ]
    folder.mkdir(mode=0o700, exist_ok=True)
    address = f"127.0.0.1:{ports['weed-filer']}"
    return Component("s3-store", tuple(argv), address, partial(http_ok, f"http://{address}/healthz"))


def _gateway(lab: LabContext) -> Component:
    settings, config = lab.settings, lab.paths.configuration / "s3.json"
    # `weed s3` wants the filer as host:port.grpc-port when that is not the port plus 10000.
    filer = f"127.0.0.1:{settings.ports['weed-filer']}.{settings.ports['weed-filer-grpc']}"
    argv = (
        str(lab.weed),
        "-logtostderr=true",
        "s3",
        f"-ip.bind={settings.host_ip}",
        f"-port={settings.ports['s3']}",
        f"-port.grpc={settings.ports['s3-grpc']}",
        "-port.iceberg=0",
        "-port.lance=0",
        f"-filer={filer}",
        f"-config={config}",
        f"-localSocket={lab.paths.run / 's3.sock'}",
    )
    key = {"accessKey": settings.s3_access_key, "secretKey": settings.s3_secret_key.get_secret_value()}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identities = {"identities": [{"name": "lab", "credentials": [key], "actions": actions}]}
    files = {config: json.dumps(identities, indent=2)}
    return Component("s3", argv, settings.s3_endpoint, _list_buckets(settings), files)


def _list_buckets(settings: LabSettings) -> Callable[[], None]:
    def probe() -> None:
        with closing(client(settings)) as s3:
            s3.list_buckets()

    return probe

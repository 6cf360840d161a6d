from __future__ import annotations

import json
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lab import cluster, s3
from lab.component import LabContext
from lab.settings import LabSettings
from lab.state import LabState


def test_only_the_gateway_is_on_the_bridge(lab_context: LabContext) -> None:
    store, gateway = s3.components(lab_context)
    assert {"-ip=127.0.0.1", "-ip.bind=127.0.0.1"} <= set(store.argv)
    assert f"-ip.bind={lab_context.settings.host_ip}" in gateway.argv


def test_nothing_is_reported_to_anybody(lab_context: LabContext) -> None:
    assert "-master.telemetry=false" in s3.components(lab_context)[0].argv


def test_the_key_is_in_a_file_for_root_alone(lab_context: LabContext) -> None:
    gateway = s3.components(lab_context)[1]
    gateway.write_files()
    ((path, text),) = gateway.files.items()
    key = json.loads(text)["identities"][0]["credentials"][0]
    assert key["accessKey"] == lab_context.settings.s3_access_key
    assert path.stat().st_mode & 0o077 == 0


def test_the_secret_is_what_sdks_read(settings: LabSettings) -> None:
    found = s3.secret(settings, name="s3", namespace="media")
    assert found["metadata"] == {"name": "s3", "namespace": "media"}
    assert set(found["stringData"]) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_the_credentials_file_is_private(settings: LabSettings, tmp_path: Path) -> None:
    s3.write_credentials(settings, tmp_path / "credentials")
    assert (tmp_path / "credentials").stat().st_mode & 0o777 == 0o600
    assert settings.s3_access_key in (tmp_path / "credentials").read_text()


@pytest.mark.cluster
def test_what_is_there_is_not_overwritten_when_asked_not_to(lab_state: LabState) -> None:
    bucket, key = lab_state.s3_bucket, f"lab-test/{uuid.uuid4()}"
    with closing(s3.client(of_the_lab())) as client:
        client.put_object(Bucket=bucket, Key=key, Body=b"first", IfNoneMatch="*")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            client.put_object(Bucket=bucket, Key=key, Body=b"second", IfNoneMatch="*")
        assert client.get_object(Bucket=bucket, Key=key)["Body"].read() == b"first"
        client.delete_object(Bucket=bucket, Key=key)


@pytest.mark.cluster
def test_a_wrong_key_is_refused(lab_state: LabState) -> None:
    stranger = of_the_lab().model_copy(update={"s3_access_key": "STRANGER"})
    with closing(s3.client(stranger)) as client, pytest.raises(ClientError, match="InvalidAccessKeyId"):
        client.list_buckets()


def of_the_lab() -> LabSettings:
    context = cluster.context()
    assert context is not None
    return context.settings

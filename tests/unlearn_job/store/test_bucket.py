"""What only a bucket does, on a real S3 server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from unlearn_job.store import (
    AccessDeniedError,
    BucketMissingError,
    CredentialsError,
    StorageMisconfiguredError,
    StorageUnavailableError,
    open_store,
)
from unlearn_job.store.bucket import public_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from unlearn_job.store import Store

pytestmark = pytest.mark.s3


def attempts(store: Store, tmp_path: Path) -> dict[str, Callable[[], object]]:
    return {
        "read": lambda: store.read("x"),
        "download": lambda: store.download("x", tmp_path / "x"),
        "list": lambda: store.list("x"),
        "exists": lambda: store.exists("x"),
        "put": lambda: store.put("x", b"1"),
        "put_once": lambda: store.put_once("x", b"1"),
        "check_writable": lambda: store.check_writable("x"),
    }


def failures(store: Store, tmp_path: Path, names: tuple[str, ...] = ()) -> set[type[Exception]]:
    kinds = set()
    for name, attempt in attempts(store, tmp_path).items():
        if names and name not in names:
            continue
        with pytest.raises(Exception) as caught:  # noqa: PT011 (the kinds are the result)
            attempt()
        assert "-secret" not in str(caught.value)
        kinds.add(caught.type)
    return kinds


def test_a_wrong_bucket_is_named_by_every_call(s3_environment: Any, tmp_path: Path) -> None:
    store = open_store("s3://not-there/x", endpoint=s3_environment.endpoint)
    assert failures(store, tmp_path, ("read", "download", "list", "exists")) == {BucketMissingError}


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials_are_permanent_and_never_repeated(
    variable: str, s3_environment: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(variable, "a-wrong-secret")
    store = open_store(f"s3://{s3_environment.bucket}", endpoint=s3_environment.endpoint)
    assert failures(store, tmp_path) == {CredentialsError}


def test_missing_credentials_are_permanent(
    s3_environment: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    store = open_store(f"s3://{s3_environment.bucket}", endpoint=s3_environment.endpoint)
    assert failures(store, tmp_path) == {CredentialsError}


def test_a_reader_may_not_write(s3_environment: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_environment.reader_access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_environment.reader_secret_key)
    store = open_store(f"s3://{s3_environment.bucket}", endpoint=s3_environment.endpoint)
    assert failures(store, tmp_path, ("put", "put_once", "check_writable")) == {AccessDeniedError}
    assert store.list("nothing-here") == ()


def test_a_try_to_write_leaves_neither_an_object_nor_an_upload(s3_environment: Any, tmp_path: Path) -> None:
    store = open_store(f"s3://{s3_environment.bucket}/{tmp_path.name}", endpoint=s3_environment.endpoint)
    store.check_writable("release/manifest.json")
    assert store.list("") == ()
    client = boto3.client("s3", endpoint_url=s3_environment.endpoint, region_name="us-east-1")
    begun = client.list_multipart_uploads(Bucket=s3_environment.bucket).get("Uploads", [])
    assert not [upload for upload in begun if tmp_path.name in upload["Key"]]
    client.close()


def test_a_server_that_is_down_is_temporary(s3_environment: Any, free_port: int) -> None:
    store = open_store("s3://checkpoints", endpoint=f"http://127.0.0.1:{free_port}")
    with pytest.raises(StorageUnavailableError, match=f"127.0.0.1:{free_port}") as caught:
        store.read("x")
    assert "EndpointConnectionError" in str(caught.value)


def test_an_endpoint_that_is_no_url_is_permanent(s3_environment: Any) -> None:
    with pytest.raises(StorageMisconfiguredError):
        open_store("s3://checkpoints", endpoint="nonsense")


def test_the_endpoint_may_come_from_the_environment(
    s3_environment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_environment.endpoint)
    store = open_store(f"s3://{s3_environment.bucket}/from-environment")
    store.put("x", b"1")
    assert store.read("x") == b"1"


def test_a_password_in_the_endpoint_is_never_shown() -> None:
    assert public_url("http://user:hunter2@s3.example:9000/?X-Amz-Signature=1") == "http://s3.example:9000"

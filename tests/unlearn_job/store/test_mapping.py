"""No error of a lower library leaves the store, and each one answers: retry or not?"""

from __future__ import annotations

import errno
import inspect
from typing import Any

import boto3.exceptions
import pytest
from botocore import exceptions as boto

from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure
from unlearn_job.store import (
    AccessDeniedError,
    AlreadyExistsError,
    BucketMissingError,
    CredentialsError,
    NotFoundError,
    StorageFullError,
    StorageMisconfiguredError,
    StorageUnavailableError,
)
from unlearn_job.store.mapping import storage_errors

LOWER = [
    found
    for module in (boto, boto3.exceptions)
    for _, found in inspect.getmembers(module, inspect.isclass)
    if found.__module__ == module.__name__
    and issubclass(found, Exception)
    and not issubclass(found, Warning)
    and issubclass(found, (boto.BotoCoreError, boto.ClientError, boto3.exceptions.Boto3Error))
]


def build(kind: type[Exception]) -> Exception:
    if issubclass(kind, boto.ClientError):
        return kind({"Error": {"Code": "AccessDenied"}}, "GetObject")
    error = kind.__new__(kind)
    Exception.__init__(error, "https://bucket/key?X-Amz-Signature=0123456789abcdef")
    return error


def mapped(error: Exception) -> ErasureError:
    with pytest.raises(ErasureError) as caught, storage_errors("s3://checkpoints", "read x"):
        raise error
    return caught.value


@pytest.mark.parametrize("kind", LOWER, ids=lambda kind: kind.__name__)
def test_every_error_of_the_lower_libraries_is_mapped(kind: type[Exception]) -> None:
    failure = mapped(build(kind))
    assert isinstance(failure, TemporaryFailure) != isinstance(failure, PermanentFailure)
    assert "s3://checkpoints" in str(failure)
    assert "X-Amz" not in str(failure)


def test_botocore_has_the_errors_we_ask_it_for() -> None:
    assert {boto.NoCredentialsError, boto.EndpointConnectionError, boto.ClientError} <= set(LOWER)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchBucket", 404, BucketMissingError),
        ("NoSuchKey", 404, NotFoundError),
        ("AccessDenied", 403, AccessDeniedError),
        ("InvalidAccessKeyId", 403, CredentialsError),
        ("SignatureDoesNotMatch", 403, CredentialsError),
        ("ExpiredToken", 400, CredentialsError),
        ("PreconditionFailed", 412, AlreadyExistsError),
        ("ConditionalRequestConflict", 409, StorageUnavailableError),
        ("XMinioStorageFull", 507, StorageFullError),
        ("SlowDown", 503, StorageUnavailableError),
        ("Whatever", 502, StorageUnavailableError),
        ("Whatever", 429, StorageUnavailableError),
        ("NotImplemented", 501, StorageMisconfiguredError),
        ("PermanentRedirect", 301, StorageMisconfiguredError),
        ("", 0, StorageMisconfiguredError),
    ],
)
def test_an_answer_is_mapped_by_code_then_by_status(
    code: str, status: int, expected: type[ErasureError]
) -> None:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert type(mapped(boto.ClientError(response, "PutObject"))) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (boto.NoCredentialsError(), CredentialsError),
        (boto.ProfileNotFound(profile="x"), CredentialsError),
        (boto.EndpointConnectionError(endpoint_url="http://x"), StorageUnavailableError),
        (boto.ReadTimeoutError(endpoint_url="http://x"), StorageUnavailableError),
        (
            boto.SSLError(endpoint_url="https://x", error="CERTIFICATE_VERIFY_FAILED"),
            StorageMisconfiguredError,
        ),
        (boto.SSLError(endpoint_url="https://x", error="EOF"), StorageUnavailableError),
        (boto.NoRegionError(), StorageMisconfiguredError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_waiting_cannot_mend_is_permanent(error: Exception, expected: type[ErasureError]) -> None:
    assert type(mapped(error)) is expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFullError),
        (errno.EDQUOT, StorageFullError),
        (errno.EACCES, AccessDeniedError),
        (errno.EROFS, AccessDeniedError),
        (errno.ENOENT, NotFoundError),
        (errno.EEXIST, AlreadyExistsError),
        (errno.ENOTDIR, StorageMisconfiguredError),
        (errno.EIO, StorageUnavailableError),
    ],
)
def test_errors_of_the_operating_system_are_mapped(number: int, expected: type[ErasureError]) -> None:
    assert type(mapped(OSError(number, "text"))) is expected


def test_errors_of_the_project_pass_unchanged() -> None:
    failure = NotFoundError("x")
    assert mapped(failure) is failure


def test_an_error_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), storage_errors("s3://checkpoints", "read x"):
        _ = 1 // 0

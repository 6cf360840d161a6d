"""The one place that maps the errors of botocore and the operating system to the store's.

No message repeats a library's own text where that may hold a signed URL, a key or a token: codes and class
names only.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import boto3.exceptions
from botocore import exceptions as boto

from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure
from unlearn_job.store.errors import (
    AccessDeniedError,
    AlreadyExistsError,
    BucketMissingError,
    CredentialsError,
    NotFoundError,
    StorageFullError,
    StorageMisconfiguredError,
    StorageUnavailableError,
)

_DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "403"})
_CREDENTIALS = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "TokenRefreshRequired",
        "InvalidSecurity",
        "AuthFailure",
        "UnrecognizedClientException",
        "401",
    }
)
_NO_OBJECT = frozenset({"NoSuchKey", "404", "NotFound"})
_EXISTS = frozenset({"PreconditionFailed", "412"})
_FULL = frozenset(
    {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"}
)
_BUSY = frozenset(
    {
        "SlowDown",
        "ServiceUnavailable",
        "InternalError",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "OperationAborted",
        "ConditionalRequestConflict",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
    }
)

_ANSWERS: tuple[tuple[frozenset[str], type[PermanentFailure | TemporaryFailure], str], ...] = (
    (
        frozenset({"NoSuchBucket"}),
        BucketMissingError,
        "there is no such bucket; create it or correct the address",
    ),
    (_NO_OBJECT, NotFoundError, "there is no such object"),
    (_EXISTS, AlreadyExistsError, "the object exists, and releases are never overwritten"),
    (_CREDENTIALS, CredentialsError, "the credentials are not accepted; check the secret"),
    (_FULL, StorageFullError, "the storage is full or over its quota"),
    (_DENIED, AccessDeniedError, "access is denied; the credentials need get, put and list on this bucket"),
    (_BUSY, StorageUnavailableError, "the storage cannot answer now"),
)

_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.NoAuthTokenError,
    boto.RefreshWithMFAUnsupportedError,
    boto.UnknownCredentialError,
    boto.InfiniteLoopConfigError,
    boto.SSOError,
    boto.LoginError,
    boto.TokenRetrievalError,
)
_NO_ANSWER = (
    boto.HTTPClientError,
    boto.ConnectionError,
    boto.IncompleteReadError,
    boto.ChecksumError,
    boto.FlexibleChecksumError,
    boto.MetadataRetrievalError,
    boto.CredentialRetrievalError,
    boto.CapacityNotAvailableError,
    boto.WaiterError,
    boto3.exceptions.RetriesExceededError,
    boto3.exceptions.S3TransferFailedError,
    boto3.exceptions.S3UploadFailedError,
)
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED_ERRNO = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_BAD_PATH = frozenset({errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})


@contextmanager
def storage_errors(where: str, what: str) -> Iterator[None]:
    """Translate whatever botocore, boto3 or the operating system raise inside.

    Parameters
    ----------
    where
        The store's address, without credentials.
    what
        What is being done, such as "write sd/releases/ab12/manifest.json".

    """
    try:
        yield
    except ErasureError:
        raise
    except boto.ClientError as exc:
        raise from_client_error(exc, where, what) from exc
    except (boto.BotoCoreError, boto3.exceptions.Boto3Error) as exc:
        raise from_botocore(exc, where, what) from exc
    except OSError as exc:
        raise from_os_error(exc, where, what) from exc


def from_client_error(exc: boto.ClientError, where: str, what: str) -> ErasureError:
    """Map an answer of the S3 server by its code, and by its HTTP status where the code is unknown."""
    code = str(exc.response.get("Error", {}).get("Code", ""))
    status = int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    cannot = f"cannot {what} in {where}"
    for codes, error, sentence in _ANSWERS:
        if code in codes:
            return error(f"{cannot}: {sentence} ({code})")
    if status in {408, 429} or (status >= 500 and status != 501):
        return StorageUnavailableError(f"{cannot}: the storage answers {code or status}")
    return StorageMisconfiguredError(
        f"{cannot}: the storage refuses with {code or status}; check address, region and endpoint"
    )


def from_botocore(
    exc: boto.BotoCoreError | boto3.exceptions.Boto3Error, where: str, what: str
) -> ErasureError:
    """Map an error raised on our side of the wire. What nobody can wait for is permanent."""
    cannot = f"cannot {what} in {where}"
    kind = type(exc).__name__
    if isinstance(exc, _NO_CREDENTIALS):
        return CredentialsError(
            f"{cannot}: no usable credentials ({kind}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "or a workload identity"
        )
    if isinstance(exc, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(exc):
        return StorageMisconfiguredError(
            f"{cannot}: the server's certificate is not trusted; set AWS_CA_BUNDLE or correct the endpoint"
        )
    if isinstance(exc, _NO_ANSWER):
        return StorageUnavailableError(f"{cannot}: no answer ({kind})")
    return StorageMisconfiguredError(f"{cannot}: {kind}; check address, region and endpoint")


def from_os_error(exc: OSError, where: str, what: str) -> ErasureError:
    """Map an error of a local file, on either side of a transfer."""
    cannot = f"cannot {what} in {where}"
    if isinstance(exc, FileNotFoundError):
        return NotFoundError(f"{cannot}: there is no such file or folder")
    if isinstance(exc, FileExistsError):
        return AlreadyExistsError(f"{cannot}: the file exists, and releases are never overwritten")
    if exc.errno in _NO_SPACE:
        return StorageFullError(f"{cannot}: the disk is full")
    if exc.errno in _DENIED_ERRNO:
        return AccessDeniedError(f"{cannot}: no permission; check the owner and the mount of the folder")
    if exc.errno in _BAD_PATH:
        return StorageMisconfiguredError(f"{cannot}: the path cannot be used ({errno.errorcode[exc.errno]})")
    return StorageUnavailableError(f"{cannot}: {errno.errorcode.get(exc.errno or 0, type(exc).__name__)}")

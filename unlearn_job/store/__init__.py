"""Object storage for releases and models: a folder or an S3 bucket, behind one protocol.

Free of torch: the operator's `fetch-encoder` reads releases through it as well.
"""

from unlearn_job.store.errors import (
    AccessDeniedError,
    AlreadyExistsError,
    BadNameError,
    BucketMissingError,
    CredentialsError,
    NotFoundError,
    StorageFullError,
    StorageMisconfiguredError,
    StorageUnavailableError,
)
from unlearn_job.store.opening import open_store
from unlearn_job.store.protocol import Entry, Store

__all__ = [
    "AccessDeniedError",
    "AlreadyExistsError",
    "BadNameError",
    "BucketMissingError",
    "CredentialsError",
    "Entry",
    "NotFoundError",
    "StorageFullError",
    "StorageMisconfiguredError",
    "StorageUnavailableError",
    "Store",
    "open_store",
]

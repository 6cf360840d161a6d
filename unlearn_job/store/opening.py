"""From an address to a store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from unlearn_job.store.bucket import BucketStore
from unlearn_job.store.errors import StorageMisconfiguredError
from unlearn_job.store.folder import FolderStore
from unlearn_job.store.protocol import Store


def open_store(uri: str, *, endpoint: str | None = None, region: str | None = None) -> Store:
    """Open a store without touching it: the first call finds out whether it is there.

    Parameters
    ----------
    uri
        `file:///folder` or `s3://bucket/prefix`.
    endpoint
        URL of the S3 server where it is not AWS. Unset: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, then AWS.
    region
        Region of the bucket. Unset: as boto3 finds it.

    Raises
    ------
    StorageMisconfiguredError
        The address is of another kind, or the endpoint is not a URL.

    """
    scheme, _, rest = uri.partition("://")
    if scheme == "file" and rest.startswith("/"):
        return FolderStore(Path(unquote(rest)))
    bucket, _, prefix = rest.partition("/")
    if scheme == "s3" and bucket:
        return BucketStore(bucket, prefix, endpoint=endpoint, region=region)
    raise StorageMisconfiguredError(
        f"{scheme or 'nothing'}:// is no storage; use file:///folder or s3://bucket/prefix"
    )

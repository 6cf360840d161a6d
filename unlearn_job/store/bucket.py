"""An S3 bucket and prefix as a store. Works with AWS and with anything that speaks S3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from unlearn_job.store.errors import StorageMisconfiguredError
from unlearn_job.store.mapping import storage_errors
from unlearn_job.store.protocol import Entry, checked_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONNECT_TIMEOUT_SECONDS = 10
_READ_TIMEOUT_SECONDS = 60
_ATTEMPTS = 4
"""With botocore's backoff that is at most about 10 s of waiting beside the time-outs."""
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


class BucketStore:
    """Objects below one prefix of a bucket. Credentials come from boto3's own chain."""

    def __init__(self, bucket: str, prefix: str, *, endpoint: str | None, region: str | None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._endpoint = endpoint or next(
            (os.environ[v] for v in _ENDPOINT_VARIABLES if os.environ.get(v)), None
        )
        with storage_errors(self.uri, "open the storage"):
            self._client = _client(self._endpoint, region)

    @property
    def uri(self) -> str:
        """Address of the prefix."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, name: str) -> bytes:
        """Return an object's content."""
        with self._errors(f"read {name}"):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            with answer["Body"] as body:
                return body.read()

    def download(self, name: str, to: Path) -> None:
        """Download an object in parallel ranges."""
        with self._errors(f"read {name}"):
            to.parent.mkdir(parents=True, exist_ok=True)
            handle, unfinished = mkstemp(dir=to.parent, prefix=".unfinished-")
            try:
                with os.fdopen(handle, "wb") as file:
                    self._client.download_fileobj(self._bucket, self._key(name), file)
                Path(unfinished).chmod(0o644)
                Path(unfinished).replace(to)
            finally:
                Path(unfinished).unlink(missing_ok=True)

    def put_once(self, name: str, source: bytes | Path) -> None:
        """Write a new object of at most 5 GiB: the server refuses it where the name is taken."""
        with self._errors(f"write {name}"):
            if isinstance(source, bytes):
                self._client.put_object(
                    Bucket=self._bucket, Key=self._key(name), Body=source, IfNoneMatch="*"
                )
                return
            with source.open("rb") as file:
                self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=file, IfNoneMatch="*")

    def put(self, name: str, source: bytes | Path) -> None:
        """Write or replace an object; large files in parts."""
        with self._errors(f"write {name}"):
            if isinstance(source, bytes):
                self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=source)
                return
            with source.open("rb") as file:
                self._client.upload_fileobj(file, self._bucket, self._key(name))

    def check_writable(self, name: str) -> None:
        """Begin an upload in parts and give it up: it asks for the right to put, and makes no object.

        An object made to try could not be taken away again: releases are written without the right to delete.
        """
        with self._errors(f"write {name}"):
            key = self._key(name)
            begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)
            # Who may begin and not give up loses nothing: an upload without parts holds no byte.
            with suppress(ClientError):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=begun["UploadId"])

    def exists(self, name: str) -> bool:
        """Say whether there is such an object.

        By a listing: a HEAD request answers 404 for a missing bucket as well, and without a reason.
        """
        with self._errors(f"look for {name}"):
            key = self._key(name)
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
            return any(item["Key"] == key for item in found.get("Contents", ()))

    def list(self, prefix: str) -> tuple[Entry, ...]:
        """Return all objects below a folder. Marks of empty folders are left out."""
        with self._errors(f"list {prefix or 'objects'}"):
            start = f"{self._key(prefix)}/" if prefix else self._prefix
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
            found = [
                Entry(item["Key"].removeprefix(self._prefix), item["Size"], item.get("ETag", ""))
                for page in pages
                for item in page.get("Contents", ())
                if not item["Key"].endswith("/")
            ]
            return tuple(sorted(found))

    @property
    def _where(self) -> str:
        return f"{self.uri} at {public_url(self._endpoint)}" if self._endpoint else self.uri

    def _key(self, name: str) -> str:
        return self._prefix + checked_name(name)

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        with storage_errors(self._where, what):
            try:
                yield
            except ClientError as exc:
                if str(exc.response.get("Error", {}).get("Code", "")).isdigit():
                    # The answer to a HEAD request has no body and so no reason; a listing gives the real one.
                    self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
                raise


def public_url(url: str) -> str:
    """Return scheme, host and port of a URL: no user, no password, no query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _client(endpoint: str | None, region: str | None) -> S3Client:
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=_READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        # A custom endpoint rarely has a DNS name for each bucket.
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    # An S3 server of one's own has no regions, but the signature needs one.
    fallback = "us-east-1" if endpoint and not _region_is_set() else None
    try:
        return boto3.session.Session().client(
            "s3", endpoint_url=endpoint, region_name=region or fallback, config=config
        )
    except ValueError as exc:  # botocore checks the URL itself, and quotes it
        raise StorageMisconfiguredError("the endpoint of the storage is not a URL") from exc


def _region_is_set() -> bool:
    return boto3.session.Session().region_name is not None

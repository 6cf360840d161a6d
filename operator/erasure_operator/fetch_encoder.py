"""`fetch-encoder`: the init container of every target."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from unlearn_job.contract.errors import ErasureError, TemporaryFailure
from unlearn_job.contract.result import ExitCode

app = App(name="fetch-encoder", help="Fetch and verify a published text encoder.")


@app.default
def fetch_encoder(
    *,
    uri: str,
    key: str,
    manifest_sha256: str,
    dest: Path,
    endpoint: str | None = None,
    region: str | None = None,
    public_key: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> int:
    """Fetch a release's encoder, verify every file against its manifest, and put it in a folder.

    Credentials come from the environment (AWS_*) or from the workload's identity. Running it again where the
    folder is right does nothing.

    Parameters
    ----------
    uri
        Folder of the release: `s3://bucket/prefix/model/releases/key`, or `file:///...`.
    key
        Key of the release, 64 hexadecimal digits.
    manifest_sha256
        SHA-256 that its manifest.json must have.
    dest
        Folder that becomes the encoder.
    endpoint
        URL of the S3 server where it is not AWS.
    region
        Region of the bucket.
    public_key
        Public key in PEM, as text, or several behind one another: a release whose encoder none of them signed
        is refused.

    Returns
    -------
    int
        0 when the folder is right, 75 when trying again may help, 78 when somebody must change something.
    """
    # boto3 takes half a second to load: `--help` and a wrong argument answer without it.
    from erasure_operator.fetch import Wanted, fetch  # noqa: PLC0415

    wanted = Wanted(uri, key, manifest_sha256, endpoint, region, public_key)
    try:
        fetched = fetch(wanted, dest)
    except ErasureError as exc:
        print(f"{exc.reason}: {exc}", file=sys.stderr)  # noqa: T201  (the pod's status shows it)
        return int(ExitCode.TEMPORARY if isinstance(exc, TemporaryFailure) else ExitCode.CONFIGURATION)
    print(f"release {key[:10]} {'fetched' if fetched else 'is there already'}", file=sys.stderr)  # noqa: T201
    return 0


def main() -> None:
    """Entry point of `fetch-encoder`."""
    sys.exit(app())


if __name__ == "__main__":
    main()

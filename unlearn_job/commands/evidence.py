"""Commands for whoever has to believe a release: its report, and whether it is what was published."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from unlearn_job.composing import address
from unlearn_job.shell import Output, guarded, prepare, show
from unlearn_job.summary import summary


def report(
    release: str,
    /,
    *,
    out: Path = Path("report.html"),
    manifest_sha256: str | None = None,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Take the report out of a published release, once it is checked against the manifest.

    Parameters
    ----------
    release
        Folder of the release, or its s3:// address.
    out
        Where the page goes.
    manifest_sha256
        Digest that the manifest must have, as the EncoderRelease's status tells it.
    output
        What stdout gets: a few lines, or all of probe.json. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()

    def take() -> int:
        from unlearn_job.released import PROBE_NAME, REPORT_NAME, open_release  # noqa: PLC0415

        released = open_release(address(release), manifest_sha256)
        with TemporaryDirectory() as folder:
            probe = released.fetch(PROBE_NAME, Path(folder)).read_text("utf-8")
            page = released.fetch(REPORT_NAME, Path(folder)).read_bytes()
        out.write_bytes(page)
        manifest = released.manifest
        concepts = {one.digest: one.concept for one in manifest.erasures}
        lines = f"{summary(manifest.result, concepts)}\n  report: {out.absolute()}"
        show(probe.rstrip() if output == "json" else lines)
        return 0

    return guarded(take, output=output, debug=debug, termination_log=None)


def verify(
    release: str,
    /,
    *,
    public_key: Path | None = None,
    manifest_sha256: str | None = None,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Check every file of a published release, its provenance, and its signature.

    Exit code 78 says in one sentence what does not hold.

    Parameters
    ----------
    release
        Folder of the release, or its s3:// address.
    public_key
        PEM file with the key that must have signed the encoder. Without it no signature is asked for.
    manifest_sha256
        Digest that the manifest must have, as the EncoderRelease's status tells it. Without it files are
        checked against the manifest, and the manifest against nothing.
    output
        What stdout gets. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()

    def check() -> int:
        from unlearn_job.released import open_release, verify_release  # noqa: PLC0415

        released = open_release(address(release), manifest_sha256)
        found = verify_release(released, public_key)
        signed = "signed by this key" if found.signed else "signature not asked for"
        text = f"release {released.manifest.key[:10]} is what was published: {found.files} files, {signed}"
        show(json.dumps(dataclasses.asdict(found)) if output == "json" else text)
        return 0

    return guarded(check, output=output, debug=debug, termination_log=None)


def sign(
    release: str,
    /,
    *,
    private_key: Path,
    manifest_sha256: str | None = None,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Sign the encoder of a release that was published without a signature.

    Jobs sign what they build. This is for releases that are older than the key: whoever calls it says that
    they are good. An existing signature is never replaced.

    Parameters
    ----------
    release
        Folder of the release, or its s3:// address.
    private_key
        PEM file without a password, on P-256, P-384 or P-521.
    manifest_sha256
        Digest that the manifest must have, as the EncoderRelease's status tells it. Without it the storage is
        trusted to hold what was published.
    output
        What stdout gets. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    prepare()

    def put() -> int:
        from unlearn_job.released import open_release, sign_release  # noqa: PLC0415

        released = open_release(address(release), manifest_sha256)
        sign_release(released, private_key)
        key = released.manifest.key
        text = f"release {key[:10]} is signed: {released.store.uri}/model.sig"
        show(json.dumps({"key": key, "signed": True}) if output == "json" else text)
        return 0

    return guarded(put, output=output, debug=debug, termination_log=None)

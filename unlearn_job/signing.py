"""Signatures over published encoders: OpenSSF model signing, with a key of one's own and without a network.

The signature is a Sigstore bundle over the files of the encoder folder: `model_signing verify key` checks it
as well. Several encoders have one signature, over the folder that holds theirs without what else lies there:
one of another release cannot be put beside them. ECDSA draws a random number: two signatures of one encoder
differ, and both hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import ENCODER_FOLDER, MANIFEST_NAME

SIGNATURE_NAME: Final = "model.sig"
CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
"""Those that the format knows: P-256, P-384 and P-521."""


class SigningKeyError(PermanentFailure):
    """A key that cannot be used. Messages name its file and never its content."""

    reason = "SigningKeyInvalid"


class SigningMissingError(PermanentFailure):
    """A key is given, and this installation cannot sign."""

    reason = "SigningNotInstalled"


class SignatureInvalidError(PermanentFailure):
    """The signature is not that key's, or the encoder is not what was signed."""

    reason = "SignatureInvalid"


def check_signing(key: Path) -> None:
    """Refuse a key that could not sign: before hours of work, not after them.

    Raises
    ------
    SigningKeyError
        The file cannot be read, or holds no plain private key on one of the format's curves.
    SigningMissingError
        The package model-signing is not installed.

    """
    with _library():
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (an extra)
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    try:
        private = load_pem_private_key(_read(key), password=None)
    except TypeError as exc:
        raise SigningKeyError(f"the key in {key} is encrypted; give it without a password") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise SigningKeyError(f"{key} holds no private key in PEM") from exc
    _check_curve(key, private)


def sign(release: Path, key: Path, encoders: Sequence[str] = (ENCODER_FOLDER,)) -> None:
    """Write the signature of a release's encoder, or of several together, into its folder.

    Parameters
    ----------
    release
        Local folder of the release.
    key
        PEM file with a private key.
    encoders
        Folders in it that are signed.

    Raises
    ------
    SigningKeyError, SigningMissingError
        As of `check_signing`.

    """
    check_signing(key)
    with _library():
        from model_signing.hashing import Config as Hashing  # noqa: PLC0415 (a second to load)
        from model_signing.signing import Config  # noqa: PLC0415
    signer = Config().use_elliptic_key_signer(private_key=key)
    if len(encoders) == 1:
        signer.sign(release / encoders[0], release / SIGNATURE_NAME)
        return
    beside = {entry.name for entry in release.iterdir()} - set(encoders)
    # Written later: by the Job, and by fetch-encoder into every encoder's folder.
    later = (SIGNATURE_NAME, MANIFEST_NAME, *(f"{name}/{MANIFEST_NAME}" for name in encoders))
    signer.set_hashing_config(Hashing().set_ignored_paths(paths=sorted({*beside, *later})))
    signer.sign(release, release / SIGNATURE_NAME)


def verify_signature(encoder: Path, signature: Path, public_key: Path) -> None:
    """Check that a key signed exactly the files of an encoder's folder.

    Parameters
    ----------
    encoder
        Folder of the encoder; of several encoders, the one that holds theirs.
    signature
        File of the signature.
    public_key
        PEM file.

    Raises
    ------
    SignatureInvalidError
        It did not, or the signature cannot be read.
    SigningKeyError
        The public key cannot be used.
    SigningMissingError
        The package model-signing is not installed.

    """
    with _library():
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415
        from model_signing.verifying import Config  # noqa: PLC0415
    try:
        public = load_pem_public_key(_read(public_key))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise SigningKeyError(f"{public_key} holds no public key in PEM") from exc
    _check_curve(public_key, public)
    try:
        Config().use_elliptic_key_verifier(public_key=public_key).verify(encoder, signature)
    except InvalidSignature as exc:
        raise SignatureInvalidError(
            f"{signature.name} is not a signature of the key in {public_key.name}"
        ) from exc
    except (ValueError, KeyError, TypeError) as exc:
        # Of the library's words only the start: the rest may quote the bundle.
        said = (str(exc).splitlines() or [""])[0][:200]
        raise SignatureInvalidError(f"{signature.name} does not hold for {encoder.name}: {said}") from exc


@contextmanager
def _library() -> Iterator[None]:
    try:
        yield
    except ImportError as exc:
        raise SigningMissingError(
            "signatures need the package model-signing: install the extra `signing`"
        ) from exc


def _check_curve(path: Path, key: object) -> None:
    """Refuse keys of other kinds (RSA, Ed25519 have no curve here) and other curves."""
    if getattr(getattr(key, "curve", None), "name", None) not in CURVES:
        raise SigningKeyError(f"the key in {path} is on none of the curves P-256, P-384 and P-521")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise SigningKeyError(f"cannot read {path}: {exc.strerror or type(exc).__name__}") from exc

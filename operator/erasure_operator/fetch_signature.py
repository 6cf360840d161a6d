"""The signature of a fetched encoder: what neither the storage's owner nor the cluster's can make."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from unlearn_job.signing import SIGNATURE_NAME, SignatureInvalidError, SigningKeyError, verify_signature
from unlearn_job.store.errors import NotFoundError
from unlearn_job.store.protocol import Store

_END: Final = "-----END PUBLIC KEY-----"


def check_signature(store: Store, prefix: str, encoder: Path, public_keys: str, aside: Path) -> None:
    """Check that one of several keys signed exactly the files of an encoder.

    The signature need not be in the manifest: it vouches for itself, and one may be added later.

    Parameters
    ----------
    store, prefix
        Where the release is.
    encoder
        Local folder with the encoder's files and nothing else.
    public_keys
        In PEM, behind one another.
    aside
        Empty folder for the signature and the keys.

    Raises
    ------
    SignatureInvalidError
        There is no signature, or it is of none of the keys or over other files.
    SigningKeyError
        A key cannot be used.
    SigningMissingError
        The package model-signing is not installed.

    """
    signature = aside / SIGNATURE_NAME
    try:
        store.download(f"{prefix}/{SIGNATURE_NAME}", signature)
    except NotFoundError as exc:
        raise SignatureInvalidError(
            f"{store.uri}/{prefix} is not signed; sign it with `unlearn-job sign`, "
            "or take signing.publicKey away"
        ) from exc
    refused: list[SignatureInvalidError] = []
    for number, text in enumerate(split_keys(public_keys), 1):
        key = aside / f"public-key-{number}"
        key.write_text(text)
        try:
            return verify_signature(encoder, signature, key)
        except SignatureInvalidError as exc:
            refused.append(exc)
    raise SignatureInvalidError(f"{store.uri}/{prefix}: {'; '.join(map(str, refused))}") from refused[-1]


def split_keys(text: str) -> tuple[str, ...]:
    """Divide keys in PEM that stand behind one another.

    Raises
    ------
    SigningKeyError
        There is none.

    """
    *keys, _rest = text.split(_END)
    if not keys:
        raise SigningKeyError("the public key is no text in PEM")
    return tuple(f"{key.strip()}\n{_END}\n" for key in keys)

"""Signatures: of the right key over the right files they hold, of anything else they do not."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from unlearn_job.signing import (
    SIGNATURE_NAME,
    SignatureInvalidError,
    SigningKeyError,
    SigningMissingError,
    check_signing,
    sign,
    verify_signature,
)

PLAIN = NoEncryption()


def write_key(folder: Path, name: str, key: Any, encryption: KeySerializationEncryption = PLAIN) -> Path:
    """Write NAME.pem and NAME.pub, and return the private one."""
    private = folder / f"{name}.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(public)
    return private


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return write_key(tmp_path, "key", ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    encoder = tmp_path / "release" / "text_encoder"
    encoder.mkdir(parents=True)
    (encoder / "config.json").write_text("{}")
    (encoder / "model.safetensors").write_bytes(b"tensors")
    return encoder.parent


def verify(release: Path, public_key: Path) -> None:
    verify_signature(release / "text_encoder", release / SIGNATURE_NAME, public_key)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_signature_holds_for_its_key_and_its_encoder(
    release: Path, tmp_path: Path, curve: ec.EllipticCurve
) -> None:
    key = write_key(tmp_path, "own", ec.generate_private_key(curve))
    sign(release, key)
    verify(release, tmp_path / "own.pub")


def test_nothing_is_asked_of_a_network(release: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("no network is needed")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    sign(release, key)
    verify(release, key.with_suffix(".pub"))


def test_the_signature_is_a_bundle_over_the_encoders_files(release: Path, key: Path) -> None:
    sign(release, key)
    bundle = json.loads((release / SIGNATURE_NAME).read_text())
    assert bundle["mediaType"].startswith("application/vnd.dev.sigstore.bundle")
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    assert statement["subject"][0]["name"] == "text_encoder"
    assert [file["name"] for file in statement["predicate"]["resources"]] == [
        "config.json",
        "model.safetensors",
    ]


def test_the_formats_own_program_verifies_it(release: Path, key: Path) -> None:
    sign(release, key)
    own = [
        sys.executable,
        "-m",
        "model_signing",
        "verify",
        "key",
        "--public_key",
        str(key.with_suffix(".pub")),
    ]
    where = ["--signature", str(release / SIGNATURE_NAME), str(release / "text_encoder")]
    done = subprocess.run([*own, *where], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_another_encoder_is_noticed(release: Path, key: Path, change: str) -> None:
    sign(release, key)
    tensors = release / "text_encoder" / "model.safetensors"
    if change == "changed":
        tensors.write_bytes(b"tensorz")
    elif change == "added":
        tensors.with_name("more.safetensors").write_bytes(b"")
    else:
        tensors.unlink()
    with pytest.raises(SignatureInvalidError, match="does not hold for text_encoder"):
        verify(release, key.with_suffix(".pub"))


def test_another_key_did_not_sign(release: Path, key: Path, tmp_path: Path) -> None:
    sign(release, key)
    write_key(tmp_path, "other", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(SignatureInvalidError):
        verify(release, tmp_path / "other.pub")


def test_a_forged_signature_does_not_hold(release: Path, key: Path) -> None:
    """The bundle names the right key, and its signature is another's."""
    sign(release, key)
    bundle = json.loads((release / SIGNATURE_NAME).read_text())
    signature = bundle["dsseEnvelope"]["signatures"][0]
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[-1] ^= 1
    signature["sig"] = base64.b64encode(bytes(raw)).decode()
    (release / SIGNATURE_NAME).write_text(json.dumps(bundle))
    with pytest.raises(SignatureInvalidError, match=r"not a signature of the key in key\.pub"):
        verify(release, key.with_suffix(".pub"))


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"verificationMaterial": {}}'])
def test_what_is_no_signature_is_refused_in_one_sentence(release: Path, key: Path, content: str) -> None:
    (release / SIGNATURE_NAME).write_text(content)
    with pytest.raises(SignatureInvalidError) as caught:
        verify(release, key.with_suffix(".pub"))
    assert "\n" not in str(caught.value)


def bad_key(folder: Path, kind: str) -> Path:
    path = folder / "bad.pem"
    if kind == "missing":
        return path
    if kind == "text":
        path.write_text("SECRET")
    elif kind == "rsa":
        write_key(folder, "bad", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    elif kind == "curve":
        write_key(folder, "bad", ec.generate_private_key(ec.SECP256K1()))
    elif kind == "encrypted":
        key = ec.generate_private_key(ec.SECP256R1())
        write_key(folder, "bad", key, BestAvailableEncryption(b"SECRET"))
    elif kind == "public":
        write_key(folder, "bad", ec.generate_private_key(ec.SECP256R1()))
        (folder / "bad.pub").rename(path)
    return path


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "cannot read"),
        ("text", "no private key in PEM"),
        ("public", "no private key in PEM"),
        ("rsa", "none of the curves"),
        ("curve", "none of the curves"),
        ("encrypted", "is encrypted"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_without_its_content(
    tmp_path: Path, kind: str, sentence: str
) -> None:
    with pytest.raises(SigningKeyError, match=sentence) as caught:
        check_signing(bad_key(tmp_path, kind))
    assert "SECRET" not in str(caught.value)


def test_without_the_package_it_is_said_what_to_install(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model_signing.signing", None)
    with pytest.raises(SigningMissingError, match="the extra `signing`"):
        sign(key.parent, key)

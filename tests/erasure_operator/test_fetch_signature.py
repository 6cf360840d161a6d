"""A release goes from a Job that signs to a pod that asks for a signature, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from erasure_operator.fetch import Wanted, fetch
from erasure_operator.fetch_encoder import app
from erasure_operator.fetch_signature import split_keys
from erasure_operator.plan.snapshot import EncoderMount, Workload
from erasure_operator.render_target import FetchImage, render_target
from erasure_operator.resources import ModelKey
from tests.unlearn_job import documents
from tests.unlearn_job.conftest import S3Server
from tests.unlearn_job.test_released import PAIR, publish
from tests.unlearn_job.test_signing import write_key
from unlearn_job.released import open_release, sign_release
from unlearn_job.signing import SIGNATURE_NAME, SignatureInvalidError, SigningKeyError
from unlearn_job.store import open_store

DOCUMENT = documents.document()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return write_key(tmp_path, "key", ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return write_key(tmp_path, "other", ec.generate_private_key(ec.SECP384R1()))


def public(key: Path) -> str:
    return key.with_suffix(".pub").read_text()


def wanted(release: Path, *keys: Path) -> Wanted:
    sha256 = hashlib.sha256((release / "manifest.json").read_bytes()).hexdigest()
    return Wanted(
        f"file://{release}", DOCUMENT.key, sha256, public_key="".join(map(public, keys)) if keys else None
    )


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


FETCHED = {"config.json", "model.safetensors", "manifest.json"}


def test_a_signed_release_is_fetched_and_its_signature_stays_where_it_is(tmp_path: Path, key: Path) -> None:
    release = publish(tmp_path, key)
    assert fetch(wanted(release, key), tmp_path / "d") is True
    assert names(tmp_path / "d") == FETCHED


def test_a_target_pod_fetches_with_the_arguments_that_it_is_given(tmp_path: Path, key: Path) -> None:
    """A key begins with a hyphen, which a command line may take for an option."""
    given = wanted(publish(tmp_path, key), key)
    mount = EncoderMount(
        key=given.key,
        uri=given.uri,
        manifest_sha256=given.manifest_sha256,
        container="server",
        path="/text_encoder",
        public_key=given.public_key,
    )
    rendered = render_target(
        Workload(kind="Deployment", name="t2v", containers=("server",)),
        mount,
        model=ModelKey("media", "storyboard"),
        image=FetchImage("operator", "Always"),
    )
    (container,) = rendered["spec"]["template"]["spec"]["initContainers"]
    (volume,) = container["volumeMounts"]
    tokens = [str(tmp_path / "d") if text == volume["mountPath"] else text for text in container["args"]]
    assert app(tokens, result_action="return_value") == 0
    assert names(tmp_path / "d") == FETCHED


def test_one_of_several_keys_is_enough_while_keys_change(tmp_path: Path, key: Path, other: Path) -> None:
    assert fetch(wanted(publish(tmp_path, key), other, key), tmp_path / "d") is True


def test_a_folder_that_nobody_checked_is_not_taken_on_trust(tmp_path: Path, key: Path, other: Path) -> None:
    """An earlier run without a key left the right files."""
    release = publish(tmp_path, key)
    fetch(wanted(release), tmp_path / "d")
    with pytest.raises(SignatureInvalidError):
        fetch(wanted(release, other), tmp_path / "d")
    assert fetch(wanted(release, key), tmp_path / "d") is True


def unsigned(folder: Path, _key: Path, _other: Path) -> Path:
    return publish(folder)


def by_another(folder: Path, _key: Path, other: Path) -> Path:
    return publish(folder, other)


def forged(folder: Path, key: Path, _other: Path) -> Path:
    """The storage's owner writes another encoder and a manifest that vouches for it."""
    release = publish(folder, key)
    (release / "text_encoder" / "model.safetensors").write_bytes(b"the base encoder")
    listed = hashlib.sha256(b"the base encoder").hexdigest()
    manifest = (release / "manifest.json").read_text()
    was = hashlib.sha256(b"tensors").hexdigest()
    manifest = manifest.replace(f'"sha256":"{was}","size":7', f'"sha256":"{listed}","size":16')
    (release / "manifest.json").write_text(manifest)
    assert fetch(wanted(release), folder / "without-a-key") is True
    return release


def garbage(folder: Path, key: Path, _other: Path) -> Path:
    release = publish(folder, key)
    (release / SIGNATURE_NAME).write_text("{}")
    return release


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (unsigned, "is not signed; sign it with `unlearn-job sign`"),
        (by_another, "Key mismatch"),
        (forged, "does not hold for"),
        (garbage, "does not hold for"),
    ],
)
def test_what_the_key_did_not_sign_is_refused_and_leaves_nothing(
    made: Callable[[Path, Path, Path], Path], sentence: str, tmp_path: Path, key: Path, other: Path
) -> None:
    release = made(tmp_path, key, other)
    with pytest.raises(SignatureInvalidError, match=sentence):
        fetch(wanted(release, key), tmp_path / "d")
    assert names(tmp_path / "d") == set()


@pytest.mark.parametrize("later", [False, True], ids=["by its Job", "later"])
def test_of_several_encoders_all_are_fetched_under_one_signature(
    tmp_path: Path, key: Path, other: Path, later: bool
) -> None:
    release = publish(tmp_path, None if later else key, PAIR)
    if later:
        sign_release(open_release(f"file://{release}"), key)
    assert fetch(wanted(release, key), tmp_path / "d") is True
    assert {path.name: names(path) for path in (tmp_path / "d").iterdir()} == dict.fromkeys(PAIR, FETCHED)
    with pytest.raises(SignatureInvalidError):
        fetch(wanted(release, other), tmp_path / "d")


def test_a_release_that_was_signed_later_is_fetched(tmp_path: Path, key: Path) -> None:
    release = publish(tmp_path)
    sign_release(open_release(f"file://{release}"), key)
    assert fetch(wanted(release, key), tmp_path / "d") is True
    assert names(tmp_path / "d") == FETCHED


@pytest.mark.parametrize("text", ["", "key.pub", "-----BEGIN PUBLIC KEY-----"])
def test_what_is_no_public_key_is_said(text: str) -> None:
    with pytest.raises(SigningKeyError, match="no text in PEM"):
        split_keys(text)


def test_a_key_that_cannot_be_read_is_78_with_one_sentence(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = replace(
        wanted(publish(tmp_path, key)),
        public_key="-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    )
    flags = {
        "--uri": given.uri,
        "--key": given.key,
        "--manifest-sha256": given.manifest_sha256,
        "--dest": str(tmp_path / "d"),
        "--public-key": str(given.public_key),
    }
    tokens = [text for pair in flags.items() for text in pair]
    assert app(tokens, result_action="return_value") == 78
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("SigningKeyInvalid: ")
    assert line.endswith("public-key-1 holds no public key in PEM")


@pytest.mark.s3
def test_a_release_goes_over_s3_and_its_signature_with_it(
    s3_environment: S3Server, tmp_path: Path, key: Path, other: Path
) -> None:
    release = publish(tmp_path, key)
    uri = f"s3://{s3_environment.bucket}/signed/{tmp_path.name}"
    store = open_store(uri, endpoint=s3_environment.endpoint)
    for path in sorted(path for path in release.rglob("*") if path.is_file()):
        store.put(f"{DOCUMENT.release_prefix}/{path.relative_to(release).as_posix()}", path)
    given = replace(
        wanted(release, key), uri=f"{uri}/{DOCUMENT.release_prefix}", endpoint=s3_environment.endpoint
    )
    assert fetch(given, tmp_path / "d") is True
    with pytest.raises(SignatureInvalidError):
        fetch(replace(given, public_key=public(other)), tmp_path / "e")

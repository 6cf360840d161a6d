"""Whatever is changed in a published release is noticed by whoever checks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unlearn_job import documents
from tests.unlearn_job.test_signing import write_key
from unlearn_job.contract.manifest import Manifest, ManifestErasure
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.provenance import provenance
from unlearn_job.publish import commit, upload
from unlearn_job.released import NoReleaseError, open_release, sign_release, verify_release
from unlearn_job.signing import SIGNATURE_NAME, SignatureInvalidError, sign
from unlearn_job.store import AlreadyExistsError, open_store
from unlearn_job.store.release import ReleaseDamagedError

ONE = ("text_encoder",)
PAIR = ("text_encoder", "text_encoder_2")


def publish(folder: Path, key: Path | None = None, encoders: tuple[str, ...] = ONE) -> Path:
    """Publish a release as the Job does, with small files, and return its folder."""
    document = documents.document()
    made = folder / "made"
    for encoder in encoders:
        (made / encoder).mkdir(parents=True)
        (made / encoder / "config.json").write_text("{}")
        (made / encoder / "model.safetensors").write_bytes(b"tensors")
    (made / "probe.json").write_text('{"version": 2}\n')
    (made / "report.html").write_text("<!doctype html>")
    statement = provenance(document, made, base_sha256="b" * 64, device="cpu")
    (made / "provenance.json").write_text(statement)
    if key is not None:
        sign(made, key, encoders)
    store = open_store(f"file://{folder / 'store'}")
    manifest = Manifest(
        version=1 if encoders == ONE else 2,
        encoders=None if encoders == ONE else encoders,
        model=document.model,
        key=document.key,
        base_sha256="b" * 64,
        encoder_sha256="c" * 64,
        erasures=(ManifestErasure(digest=documents.DIGEST, name="takedown", concept="cat"),),
        files=upload(store, document.release_prefix, made),
        result=JobResult(key=document.key, outcome=Outcome.BUILT),
    )
    commit(store, document.release_prefix, manifest)
    return folder / "store" / document.release_prefix


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return publish(tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return write_key(tmp_path, "key", ec.generate_private_key(ec.SECP256R1()))


def relist(release: Path, name: str) -> None:
    """Let the manifest vouch for a changed file, as somebody who may write to the storage could."""
    manifest = json.loads((release / "manifest.json").read_text())
    content = (release / name).read_bytes()
    for file in manifest["files"]:
        if file["path"] == name:
            file |= {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (release / "manifest.json").write_text(json.dumps(manifest))


def test_an_untouched_release_holds_also_as_a_copy(release: Path, tmp_path: Path) -> None:
    copy = tmp_path / "evidence"
    release.rename(copy)
    found = verify_release(open_release(f"file://{copy}/"))
    assert (found.files, found.subjects, found.signed) == (5, 4, False)


@pytest.mark.parametrize(
    "name", ["report.html", "probe.json", "provenance.json", "text_encoder/model.safetensors"]
)
def test_a_file_that_changed_or_is_gone_is_named(release: Path, name: str) -> None:
    path = release / name
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ReleaseDamagedError, match=f"{name} is not the file that was published"):
        verify_release(open_release(f"file://{release}"))
    path.unlink()
    with pytest.raises(ReleaseDamagedError, match=f"{name} is missing"):
        verify_release(open_release(f"file://{release}"))


def test_a_changed_manifest_is_noticed_by_its_digest(release: Path) -> None:
    sha256 = hashlib.sha256((release / "manifest.json").read_bytes()).hexdigest()
    assert open_release(f"file://{release}", sha256)
    (release / "report.html").write_text("<!doctype html><p>All is well.")
    relist(release, "report.html")
    with pytest.raises(ReleaseDamagedError, match="has the digest"):
        open_release(f"file://{release}", sha256)
    # Without a digest from elsewhere the provenance still tells.
    with pytest.raises(ReleaseDamagedError, match=r"does not speak of this release's report\.html"):
        verify_release(open_release(f"file://{release}"))


def test_the_signature_is_checked_where_a_key_is_given(tmp_path: Path, key: Path) -> None:
    release = publish(tmp_path, key)
    found = verify_release(open_release(f"file://{release}"), key.with_suffix(".pub"))
    assert (found.files, found.subjects, found.signed) == (6, 4, True)
    write_key(tmp_path, "other", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(SignatureInvalidError):
        verify_release(open_release(f"file://{release}"), tmp_path / "other.pub")


@pytest.mark.parametrize("later", [False, True], ids=["by its Job", "later"])
def test_one_signature_holds_for_all_encoders_of_a_release(tmp_path: Path, key: Path, later: bool) -> None:
    release = publish(tmp_path, None if later else key, PAIR)
    if later:
        sign_release(open_release(f"file://{release}"), key)
    public = key.with_suffix(".pub")
    assert verify_release(open_release(f"file://{release}"), public).signed
    for name in PAIR:
        with changed_everywhere(release, f"{name}/model.safetensors", b"tensorz"):
            released = open_release(f"file://{release}")
            assert verify_release(released).files
            with pytest.raises(SignatureInvalidError, match="does not hold for"):
                verify_release(released, public)
    assert verify_release(open_release(f"file://{release}"), public).signed


@contextmanager
def changed_everywhere(release: Path, name: str, content: bytes) -> Iterator[None]:
    """Change a file, and whatever names its digest but the signature, for a while."""
    before = {path: path.read_bytes() for path in release.rglob("*.*")}
    (release / name).write_bytes(content)
    statement = json.loads((release / "provenance.json").read_text())
    for subject in statement["subject"]:
        if subject["name"] == name:
            subject["digest"]["sha256"] = hashlib.sha256(content).hexdigest()
    (release / "provenance.json").write_text(json.dumps(statement))
    for changed in (name, "provenance.json"):
        relist(release, changed)
    yield
    for path, was in before.items():
        path.write_bytes(was)


def test_a_signature_binds_the_encoder_where_everything_else_was_rewritten(tmp_path: Path, key: Path) -> None:
    release = publish(tmp_path, key)
    (release / "text_encoder" / "model.safetensors").write_bytes(b"other tensors")
    relist(release, "text_encoder/model.safetensors")
    statement = json.loads((release / "provenance.json").read_text())
    for subject in statement["subject"]:
        if subject["name"] == "text_encoder/model.safetensors":
            subject["digest"]["sha256"] = hashlib.sha256(b"other tensors").hexdigest()
    (release / "provenance.json").write_text(json.dumps(statement))
    relist(release, "provenance.json")
    released = open_release(f"file://{release}")
    assert verify_release(released).files == 6
    with pytest.raises(SignatureInvalidError, match="does not hold for text_encoder"):
        verify_release(released, key.with_suffix(".pub"))


def test_an_unsigned_release_does_not_satisfy_a_key(release: Path, key: Path) -> None:
    with pytest.raises(SignatureInvalidError, match="is not signed"):
        verify_release(open_release(f"file://{release}"), key.with_suffix(".pub"))
    assert not (release / SIGNATURE_NAME).exists()


def test_a_release_that_is_older_than_the_key_is_signed_once_and_stays_as_it_was(
    release: Path, tmp_path: Path, key: Path
) -> None:
    before = {path: path.read_bytes() for path in release.rglob("*.*")}
    released = open_release(f"file://{release}")
    sign_release(released, key)
    found = verify_release(released, key.with_suffix(".pub"))
    # The manifest is what it was: the signature is no file of it.
    assert (found.files, found.subjects, found.signed) == (5, 4, True)
    signature = (release / SIGNATURE_NAME).read_bytes()
    with pytest.raises(AlreadyExistsError):
        sign_release(released, write_key(tmp_path, "other", ec.generate_private_key(ec.SECP256R1())))
    assert {path: path.read_bytes() for path in release.rglob("*.*")} == before | {
        release / SIGNATURE_NAME: signature
    }


def test_what_is_not_as_published_is_not_signed(release: Path, key: Path) -> None:
    (release / "text_encoder" / "model.safetensors").write_bytes(b"other tensors")
    with pytest.raises(ReleaseDamagedError, match="is not the file that was published"):
        sign_release(open_release(f"file://{release}"), key)
    assert not (release / SIGNATURE_NAME).exists()


def test_an_unfinished_release_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoReleaseError, match=r"has no manifest\.json"):
        open_release(f"file://{tmp_path}")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"subject": [1]}'])
def test_a_provenance_that_says_nothing_is_refused(release: Path, content: str) -> None:
    (release / "provenance.json").write_text(content)
    relist(release, "provenance.json")
    with pytest.raises(ReleaseDamagedError, match=r"provenance\.json"):
        verify_release(open_release(f"file://{release}"))


@pytest.mark.torch
def test_a_job_with_a_key_signs_and_changes_nothing_else(
    tiny_models: Path, tmp_path: Path, key: Path
) -> None:
    from tests.unlearn_job import folders
    from unlearn_job.run import run
    from unlearn_job.settings import JobSettings

    made = {}
    document = folders.document(tiny_models, f"file://{tmp_path / 'releases'}")
    for name, signing_key in (("plain", None), ("signed", key)):
        run(document, JobSettings(cache_dir=tmp_path / "cache", signing_key=signing_key))
        (tmp_path / "releases").rename(tmp_path / name)
        made[name] = tmp_path / name / document.release_prefix
    released = open_release(f"file://{made['signed']}")
    assert verify_release(released, key.with_suffix(".pub")).signed
    names = {name: {f.relative_to(at).as_posix() for f in at.rglob("*.*")} for name, at in made.items()}
    assert names["signed"] - names["plain"] == {SIGNATURE_NAME}
    for name in names["plain"] - {"manifest.json"}:
        assert (made["plain"] / name).read_bytes() == (made["signed"] / name).read_bytes()
    assert str(key) not in "".join(
        path.read_text() for path in made["signed"].glob("*.*") if path.suffix in {".json", ".html", ".sig"}
    )


@pytest.mark.torch
def test_a_key_that_cannot_sign_ends_the_job_before_it_loads_anything(tmp_path: Path) -> None:
    from tests.unlearn_job import folders
    from unlearn_job.run import run
    from unlearn_job.settings import JobSettings
    from unlearn_job.signing import SigningKeyError

    document = folders.document(tmp_path / "no-models", f"file://{tmp_path / 'releases'}")
    with pytest.raises(SigningKeyError, match="cannot read"):
        run(document, JobSettings(cache_dir=tmp_path / "cache", signing_key=tmp_path / "none.pem"))
    assert not (tmp_path / "releases").exists()

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from erasure_operator.fetch import ForeignFilesError, Wanted, WrongAddressError, fetch
from tests.unlearn_job.conftest import S3Server
from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure
from unlearn_job.contract.manifest import Manifest, ManifestFile
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.store import AccessDeniedError, CredentialsError, NotFoundError, open_store
from unlearn_job.store.release import ReleaseDamagedError

KEY = "0123456789abcdef" * 4
FILES = {
    "text_encoder/config.json": b'{"hidden_size": 8}',
    "text_encoder/model.safetensors": bytes(range(256)) * 4096,
    "probe.json": b"{}",
}


def manifest_of(files: dict[str, bytes], key: str = KEY, **changes: Any) -> bytes:
    listed = tuple(
        ManifestFile(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for path, content in files.items()
    )
    fields: dict[str, Any] = {
        "model": "media.storyboard",
        "key": key,
        "base_sha256": "b" * 64,
        "encoder_sha256": "e" * 64,
        "erasures": (),
        "files": listed,
        "result": JobResult(key=key, outcome=Outcome.BUILT),
    }
    return Manifest(**fields | changes).to_json().encode()


def publish(uri: str, files: dict[str, bytes], manifest: bytes, key: str = KEY, **where: str) -> Wanted:
    store = open_store(uri, **where)
    prefix = f"media.storyboard/releases/{key}"
    for path, content in files.items():
        store.put_once(f"{prefix}/{path}", content)
    store.put_once(f"{prefix}/manifest.json", manifest)
    return Wanted(f"{uri}/{prefix}", key, hashlib.sha256(manifest).hexdigest(), **where)


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    return publish(f"file://{tmp_path}/s", FILES, manifest_of(FILES))


PAIR = {
    "text_encoder/config.json": b'{"hidden_size": 8}',
    "text_encoder/model.safetensors": bytes(range(256)) * 16,
    "text_encoder_2/config.json": b'{"hidden_size": 12}',
    "text_encoder_2/model.safetensors": bytes(range(255, -1, -1)) * 16,
    "probe.json": b"{}",
}
SEVERAL: dict[str, Any] = {"version": 2, "encoders": ("text_encoder", "text_encoder_2")}


@pytest.fixture
def pair(tmp_path: Path) -> Wanted:
    return publish(f"file://{tmp_path}/s", PAIR, manifest_of(PAIR, **SEVERAL))


def folder_of(wanted: Wanted) -> Path:
    return Path(wanted.uri.removeprefix("file://"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def encoder(wanted: Wanted) -> dict[str, bytes]:
    return {
        "config.json": FILES["text_encoder/config.json"],
        "model.safetensors": FILES["text_encoder/model.safetensors"],
        "manifest.json": (folder_of(wanted) / "manifest.json").read_bytes(),
    }


def test_the_destination_holds_the_encoder_and_its_manifest(wanted: Wanted, tmp_path: Path) -> None:
    assert fetch(wanted, tmp_path / "d") is True
    assert contents(tmp_path / "d") == encoder(wanted)


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def encoders(wanted: Wanted) -> dict[str, bytes]:
    """What several encoders are in a pod: a folder for each, with the manifest in every one."""
    manifest = (folder_of(wanted) / "manifest.json").read_bytes()
    files = {path: content for path, content in PAIR.items() if path != "probe.json"}
    return {**files, "text_encoder/manifest.json": manifest, "text_encoder_2/manifest.json": manifest}


def test_of_several_encoders_each_gets_a_folder_with_the_manifest(pair: Wanted, tmp_path: Path) -> None:
    assert fetch(pair, tmp_path / "d") is True
    assert tree(tmp_path / "d") == encoders(pair)
    for path in ("text_encoder", "text_encoder_2"):
        (folder_of(pair) / path / "model.safetensors").unlink()
    assert fetch(pair, tmp_path / "d") is False


def test_of_several_encoders_one_that_is_damaged_is_repaired(pair: Wanted, tmp_path: Path) -> None:
    destination = tmp_path / "d"
    fetch(pair, destination)
    (destination / "text_encoder_2" / "model.safetensors").write_bytes(b"half")
    (destination / "text_encoder_2" / "manifest.json").unlink()
    assert fetch(pair, destination) is True
    assert tree(destination) == encoders(pair)


@pytest.mark.parametrize("name", ["text_encoder/model.safetensors", "text_encoder_2/config.json"])
def test_of_several_encoders_each_file_must_be_what_was_published(
    pair: Wanted, tmp_path: Path, name: str
) -> None:
    path = folder_of(pair) / name
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(ReleaseDamagedError):
        fetch(pair, tmp_path / "d")
    assert not (tmp_path / "d" / name).exists()


@pytest.mark.parametrize("path", ["notes.txt", "config.json", "unet/config.json"])
def test_beside_several_encoders_nothing_else_may_lie(pair: Wanted, tmp_path: Path, path: str) -> None:
    mine = tmp_path / "d" / path
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(ForeignFilesError, match="empty it"):
        fetch(pair, tmp_path / "d")
    assert list(tree(tmp_path / "d")) == [path]


def test_a_manifest_that_lists_no_file_of_one_of_several_is_refused(tmp_path: Path) -> None:
    files = {path: content for path, content in PAIR.items() if not path.startswith("text_encoder_2/")}
    half = publish(f"file://{tmp_path}/s", files, manifest_of(files, **SEVERAL))
    with pytest.raises(ReleaseDamagedError, match="lists no encoder in text_encoder_2/"):
        fetch(half, tmp_path / "d")


def test_a_file_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    twice = Manifest.from_json(manifest_of(FILES))
    text = twice.model_copy(update={"files": (*twice.files, twice.files[0])}).to_json().encode()
    with pytest.raises(ReleaseDamagedError, match="lists a file twice"):
        fetch(publish(f"file://{tmp_path}/s", {}, text), tmp_path / "d")


def test_a_second_run_downloads_nothing(wanted: Wanted, tmp_path: Path) -> None:
    fetch(wanted, tmp_path / "d")
    (folder_of(wanted) / "text_encoder" / "model.safetensors").unlink()
    assert fetch(wanted, tmp_path / "d") is False


def test_what_a_crash_left_is_repaired(wanted: Wanted, tmp_path: Path) -> None:
    destination = tmp_path / "d"
    fetch(wanted, destination)
    (destination / "manifest.json").unlink()
    (destination / "model.safetensors").write_bytes(b"half")
    (destination / ".unfinished-1").mkdir()
    (destination / ".unfinished-1" / "model.safetensors").write_bytes(b"quarter")
    assert fetch(wanted, destination) is True
    assert contents(destination) == encoder(wanted)


def test_a_changed_file_in_the_destination_is_noticed_under_the_right_manifest(
    wanted: Wanted, tmp_path: Path
) -> None:
    destination = tmp_path / "d"
    fetch(wanted, destination)
    changed = bytearray((destination / "model.safetensors").read_bytes())
    changed[1000] ^= 1
    (destination / "model.safetensors").write_bytes(changed)
    assert fetch(wanted, destination) is True
    assert contents(destination) == encoder(wanted)


def test_an_earlier_release_gives_way(wanted: Wanted, tmp_path: Path) -> None:
    destination = tmp_path / "d"
    files = {"text_encoder/config.json": b"{}", "text_encoder/pytorch_model.safetensors": b"old"}
    key = "f" * 64
    fetch(publish(f"file://{tmp_path}/s", files, manifest_of(files, key), key), destination)
    assert fetch(wanted, destination) is True
    assert contents(destination) == encoder(wanted)


@pytest.mark.parametrize("name", ["text_encoder/model.safetensors", "text_encoder/config.json"])
@pytest.mark.parametrize("change", ["flip", "cut", "remove"])
def test_a_file_that_is_not_what_was_published_leaves_the_destination_as_it_was(
    wanted: Wanted, tmp_path: Path, name: str, change: str
) -> None:
    path = folder_of(wanted) / name
    content = bytearray(path.read_bytes())
    path.unlink()
    if change != "remove":
        content = content[:-1] if change == "cut" else bytearray([content[0] ^ 1]) + content[1:]
        path.write_bytes(content)
    with pytest.raises((ReleaseDamagedError, NotFoundError)):
        fetch(wanted, tmp_path / "d")
    assert contents(tmp_path / "d") == {}


def test_another_manifest_than_the_cluster_says_is_refused(wanted: Wanted, tmp_path: Path) -> None:
    with pytest.raises(ReleaseDamagedError, match="digest"):
        fetch(replace(wanted, manifest_sha256="0" * 64), tmp_path / "d")


def test_the_manifest_of_another_release_is_refused(tmp_path: Path) -> None:
    other = publish(f"file://{tmp_path}/s", FILES, manifest_of(FILES, "a" * 64))
    with pytest.raises(ReleaseDamagedError, match="is the manifest of"):
        fetch(other, tmp_path / "d")


@pytest.mark.parametrize(
    "path",
    [
        "text_encoder/../../escape",
        "text_encoder/sub/model.safetensors",
        "text_encoder/manifest.json",
        "/etc/passwd",
        "text_encoder/.hidden",
        "other/model.safetensors",
    ],
)
def test_a_manifest_with_a_path_that_no_encoder_has_is_refused(tmp_path: Path, path: str) -> None:
    # Around the model's own check, as an attacker would write it.
    digest = hashlib.sha256(b"x").hexdigest()
    text = manifest_of({"probe.json": b"x"}).replace(b'"probe.json"', f'"{path}"'.encode())
    assert digest.encode() in text
    evil = publish(f"file://{tmp_path}/s", {}, text)
    with pytest.raises(ReleaseDamagedError):
        fetch(evil, tmp_path / "deep" / "er" / "d")
    assert not (tmp_path / "deep" / "escape").exists()


def test_unlisted_files_of_the_release_are_left_where_they_are(wanted: Wanted, tmp_path: Path) -> None:
    (folder_of(wanted) / "text_encoder" / "pytorch_model.bin").write_bytes(b"pickle")
    fetch(wanted, tmp_path / "d")
    assert contents(tmp_path / "d") == encoder(wanted)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_somebody_elses_files_in_the_destination_are_refused_and_kept(
    wanted: Wanted, tmp_path: Path, kind: str
) -> None:
    destination = tmp_path / "d"
    destination.mkdir()
    match kind:
        case "file":
            (destination / "notes.txt").write_text("mine")
        case "folder":
            (destination / "model.safetensors").mkdir()
        case _:
            (destination / "config.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ForeignFilesError, match="empty it"):
        fetch(wanted, destination)
    assert len(list(destination.iterdir())) == 1


@pytest.mark.parametrize("uri", ["file:///s", "file:///s/m/releases/short", "s3://b/m/other/" + KEY])
def test_an_address_that_is_no_release_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(WrongAddressError):
        fetch(Wanted(uri, KEY, "0" * 64), tmp_path / "d")


def test_a_release_that_was_never_finished_is_missing(wanted: Wanted, tmp_path: Path) -> None:
    (folder_of(wanted) / "manifest.json").unlink()
    with pytest.raises(NotFoundError):
        fetch(wanted, tmp_path / "d")


@pytest.mark.s3
class TestS3:
    def test_a_release_is_fetched_from_s3(
        self,
        s3_environment: S3Server,
        tmp_path: Path,
    ) -> None:
        uri = f"s3://{s3_environment.bucket}/fetch/{tmp_path.name}"
        wanted = publish(uri, FILES, manifest_of(FILES), endpoint=s3_environment.endpoint)
        assert fetch(wanted, tmp_path / "d") is True
        assert fetch(wanted, tmp_path / "d") is False
        assert (tmp_path / "d" / "model.safetensors").read_bytes() == FILES["text_encoder/model.safetensors"]

    def test_wrong_credentials_are_permanent_and_not_repeated_in_the_message(
        self,
        s3_environment: S3Server,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
        uri = f"s3://{s3_environment.bucket}/m/releases/{KEY}"
        with pytest.raises((AccessDeniedError, CredentialsError)) as caught:
            fetch(Wanted(uri, KEY, "0" * 64, endpoint=s3_environment.endpoint), tmp_path / "d")
        assert "not-the-secret" not in str(caught.value)
        assert isinstance(caught.value, PermanentFailure)

    @pytest.mark.usefixtures("s3_environment")
    def test_a_server_that_does_not_answer_is_temporary(
        self,
        tmp_path: Path,
        free_port: int,
    ) -> None:
        wanted = Wanted(f"s3://b-b/m/releases/{KEY}", KEY, "0" * 64, endpoint=f"http://127.0.0.1:{free_port}")
        with pytest.raises(TemporaryFailure):
            fetch(wanted, tmp_path / "d")

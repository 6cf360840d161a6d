from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.pause import PAUSE_IMAGE, SHELL_IMAGE, image_archive


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    program = tmp_path / "busybox"
    program.write_bytes(b"\x7fELF static")
    return image_archive(program)


def test_layers_have_the_digest_that_the_configuration_says(archive: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        manifest = json.loads(read(tar, "manifest.json"))
        for image in manifest:
            (expected,) = json.loads(read(tar, image["Config"]))["rootfs"]["diff_ids"]
            (layer,) = image["Layers"]
            assert f"sha256:{hashlib.sha256(read(tar, layer)).hexdigest()}" == expected
    assert [image["RepoTags"] for image in manifest] == [[PAUSE_IMAGE], [SHELL_IMAGE]]


def test_no_image_runs_as_root(archive: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        users = [
            json.loads(read(tar, image["Config"]))["config"]["User"]
            for image in json.loads(read(tar, "manifest.json"))
        ]
    assert all(int(user.split(":")[0]) > 0 for user in users)


def test_the_same_program_gives_the_same_bytes(archive: bytes, tmp_path: Path) -> None:
    assert image_archive(tmp_path / "busybox") == archive


def test_a_dynamic_program_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "busybox"
    program.write_bytes(b"\x7fELF /lib64/ld-linux-x86-64.so.2")
    with pytest.raises(LabError, match="busybox-static"):
        image_archive(program)


def read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()
